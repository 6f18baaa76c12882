//! What a run does next: whatever can be done now, and no more at once than its playbook allows.

use jiff::{SignedDuration, Timestamp};

use super::{Run, State, Status, Step};
use crate::playbook::Join;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Write that nobody decided in time, or ask others.
    Expire,
    /// Remind those who are asked.
    Remind,
    /// Get the run's turn among those that may not overlap.
    TakeTurn,
    /// Ask whether the step's condition holds; write that it is passed over if it does not, and its
    /// lease, timer or preview if it does.
    Lease(String),
    /// Write the intent, send, write the outcome.
    Send(String),
    /// Look whether the effect is there.
    Probe(String),
    /// Look how far the effect has come.
    Verify(String),
    /// Write that the time of a waiting step has come.
    Fire(String),
    /// Write that the run is over.
    Finish(Status),
    /// Nothing, ever.
    Stop,
}

impl Next {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Lease(step)
            | Self::Send(step)
            | Self::Probe(step)
            | Self::Verify(step)
            | Self::Fire(step) => Some(step),
            _ => None,
        }
    }
}

impl Run {
    /// The first thing to do, as of `now`.
    pub fn next(&self, now: Timestamp) -> Next {
        let ready = self.ready(now);
        let waits = |next: &&Next| matches!(next, Next::Wait(_));
        let first = ready.iter().find(|next| !waits(next));
        let soonest = || {
            let until = ready.iter().filter_map(|next| match next {
                Next::Wait(until) => Some(*until),
                _ => None,
            });
            until.min().map_or(Next::Stop, Next::Wait)
        };
        first.cloned().unwrap_or_else(soonest)
    }

    /// Everything that can be done as of `now`, in the order of the steps: each is about another
    /// step, so they can be done side by side. Never empty.
    pub fn ready(&self, now: Timestamp) -> Vec<Next> {
        let ready = match self.status {
            Status::AwaitingApproval => self.asking(now),
            Status::Running if self.is_stopping() => self
                .steps
                .iter()
                .filter(|step| self.is_awaited(step))
                .map(|it| it.next(now))
                .collect(),
            Status::Running if self.terms.turn.is_some() && self.turn.is_none() => {
                vec![Next::TakeTurn]
            }
            Status::Running => self.working(now),
            Status::Compensating => self.undoing(now),
            _ => Vec::new(),
        };
        if ready.is_empty() { vec![Next::Stop] } else { ready }
    }

    /// How long the run may take from when it began to work, if its playbook says so.
    pub fn deadline(&self) -> Option<(Timestamp, SignedDuration)> {
        let most = self.terms.max_duration_ms?;
        let works = self.status == Status::Running && !self.overdue;
        let from = self.agreed_at.unwrap_or(self.created_at);
        works.then_some((from, SignedDuration::from_millis(most)))
    }

    /// While people are asked. What is too late comes first: nobody is reminded of it.
    fn asking(&self, now: Timestamp) -> Vec<Next> {
        let Some(approval) = &self.approval else { return vec![Next::Expire] };
        let due = |at: Timestamp, next| if now < at { Next::Wait(at) } else { next };
        let expires = due(approval.expires_at, Next::Expire);
        let reminds = approval.remind_at.filter(|_| approval.is_to_be_reminded());
        let reminds = reminds.map(|at| due(at, Next::Remind));
        std::iter::once(expires).chain(reminds).collect()
    }

    fn working(&self, now: Timestamp) -> Vec<Next> {
        let passed = self.passed_over();
        let open = |step: &&Step| {
            step.undoes.is_none()
                && !step.state.is_settled()
                && !passed.contains(&step.name.as_str())
        };
        let mut open = self.steps.iter().filter(open).peekable();
        if open.peek().is_none() {
            return vec![Next::Finish(Status::Succeeded)];
        }
        self.side_by_side(open, now, |step| self.needs_are_met(step))
    }

    fn undoing(&self, now: Timestamp) -> Vec<Next> {
        let open = |step: &&Step| step.undoes.is_some() && !step.state.is_settled();
        let mut open = self.steps.iter().filter(open).peekable();
        if open.peek().is_none() {
            return vec![Next::Finish(self.verdict())];
        }
        let undone = |name: &String| self.step(name).is_none_or(|it| it.state.is_settled());
        self.side_by_side(open, now, |step| step.plan.needs.iter().all(undone))
    }

    fn side_by_side<'a>(
        &self,
        open: impl Iterator<Item = &'a Step> + Clone,
        now: Timestamp,
        may_begin: impl Fn(&Step) -> bool,
    ) -> Vec<Next> {
        let begun = |step: &&Step| step.state != State::Pending;
        let mut room = (self.terms.max_parallel.max(1) as usize)
            .saturating_sub(open.clone().filter(begun).count());
        let mut ready = Vec::new();
        for step in open {
            if step.state == State::Pending {
                if room == 0 || !may_begin(step) {
                    continue;
                }
                room -= 1;
            }
            ready.push(step.next(now));
        }
        ready
    }

    fn needs_are_met(&self, step: &Step) -> bool {
        let done = step
            .plan
            .needs
            .iter()
            .filter(|need| self.step(need).is_some_and(|it| it.state.is_done()));
        done.count() >= step.plan.join.wanted(step.plan.needs.len())
    }

    /// The steps that the run does without: those that failed and may, those whose condition does not
    /// hold, and those that wait for too many of them.
    fn passed_over(&self) -> Vec<&str> {
        let mut passed: Vec<&str> = Vec::new();
        for step in &self.steps {
            let needs = &step.plan.needs;
            let lost = needs.iter().filter(|need| passed.contains(&need.as_str())).count();
            let lacks = needs.len() - lost < step.plan.join.wanted(needs.len());
            if step.is_given_up() || (lacks && !step.state.is_done()) {
                passed.push(&step.name);
            }
        }
        passed
    }
}

impl Join {
    /// How many of so many needs have to be done.
    pub(crate) fn wanted(self, needs: usize) -> usize {
        match self {
            Self::All => needs,
            Self::Any => needs.min(1),
            Self::AtLeast(count) => needs.min(count as usize),
        }
    }
}
