//! How well the whole works, as figures that anybody can compute again: the same records give the
//! same figures.
//!
//! All of them are about a window of time. An incident, a run or a storm belongs to the window in
//! which it *began*; what is not over yet is in no figure. Times are differences of what records say,
//! never less than nothing, and come as a number, the median, the 95th percentile and, beside them,
//! the mean. A percentile is the smallest value that so many of a hundred do not exceed.
//!
//! | figure | from | to |
//! | --- | --- | --- |
//! | `detect` | when the first of its events was observed, if the source of the one that opened it says so | when the event that opened it was received |
//! | `deliver` | when a card of an incident was to be shown | when it was shown first |
//! | `acknowledge` | when the incident's card was shown first | when a person acknowledged it first |
//! | `contain` | when the event that opened it was received | when a containment was first seen to be done |
//! | `approve` | when people were asked about a run | when they had agreed, or one said no |
//!
//! An *effect* is a step of a run that changes something and was seen to be done by us; its undoing is
//! none. It is *automatic* if no person asked for its run or approved it, and *undone* if what undoes
//! it was done to the same target within 24 hours. A duplicate is an event of an incident that
//! repeats an earlier one within its window. It *storms* from the first cards that a digest covers, until
//! the digest ends, in at least one conversation.
//!
//! Left out are canaries, dry runs (they have no runs), and incidents that were ever snoozed: what
//! somebody put aside says nothing about how fast people are. There is no time to recover, since no
//! record says when a recovery begins.

mod case;
mod effects;
mod figures;

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use self::case::Case;
use self::effects::Effects;
pub use self::figures::{Figures, Rate, Report};
use crate::canary::is_canary;
use crate::ledger::fact::{Fact, What};
use crate::storm::bulletin::Change;

/// Incidents that are followed at most; the oldest are left out first, and counted.
const MOST: usize = 200_000;

/// What the records say of what began at a moment or later.
#[derive(Clone, Debug)]
pub struct Measures {
    from: Timestamp,
    cases: BTreeMap<String, Case>,
    /// The incidents in the order in which they were opened.
    order: VecDeque<String>,
    left_out: u64,
    effects: Effects,
    storms: BTreeMap<String, Storm>,
}

#[derive(Clone, Debug)]
struct Storm {
    began: Timestamp,
    ended: Option<Timestamp>,
}

impl Measures {
    /// Nothing yet, of what begins at `from` or later.
    pub fn new(from: Timestamp) -> Self {
        Self {
            from,
            cases: BTreeMap::new(),
            order: VecDeque::new(),
            left_out: 0,
            effects: Effects::default(),
            storms: BTreeMap::new(),
        }
    }

    /// Takes one more record into account. They come in the order of the chain.
    pub fn take(&mut self, fact: &Fact) {
        match &fact.what {
            What::Opened { event, .. } => {
                if let Some(key) = fact.stream.as_ref()
                    && fact.at >= self.from
                    && !is_canary(event)
                    && !self.cases.contains_key(key)
                {
                    self.cases.insert(key.clone(), Case::open(fact.at, event));
                    self.order.push_back(key.clone());
                    self.bound();
                }
            }
            What::NoticesDigested { digest, .. } if fact.at >= self.from => {
                let storm = Storm { began: fact.at, ended: None };
                self.storms.entry(digest.clone()).or_insert(storm);
            }
            What::BulletinChanged { bulletin, change: Change::End } => {
                if let Some(storm) = self.storms.get_mut(bulletin) {
                    storm.ended.get_or_insert(fact.at);
                }
            }
            What::NoticePlaced { incident, card, .. } => {
                if let Some(case) = self.cases.get_mut(incident) {
                    case.placed(card, fact.at);
                }
            }
            What::NoticeDelivered { incident, card, .. } => {
                if let Some(case) = self.cases.get_mut(incident) {
                    case.delivered(card, fact.at);
                }
            }
            what if what.run().is_some() => {
                let contained = self.effects.take(fact, self.from);
                let case = fact.stream.as_ref().and_then(|key| self.cases.get_mut(key));
                if let Some(case) = case.filter(|_| contained) {
                    case.contained(fact.at);
                }
            }
            _ => {
                let case = fact.stream.as_ref().and_then(|key| self.cases.get_mut(key));
                if let Some(case) = case {
                    case.take(fact);
                }
            }
        }
    }

    /// From now on the window begins later: what began before is forgotten.
    pub fn forget_before(&mut self, from: Timestamp) {
        self.from = self.from.max(from);
        self.cases.retain(|_, case| case.opened_at >= from);
        let cases = &self.cases;
        self.order.retain(|key| cases.contains_key(key));
        self.effects.forget_before(from);
        self.storms.retain(|_, storm| storm.ended.is_none_or(|ended| ended >= from));
    }

    /// The figures as of `until`.
    pub fn report(&self, until: Timestamp) -> Report {
        let counted = || self.cases.values().filter(|case| !case.snoozed);
        let figures =
            |of: fn(&Case) -> Option<SignedDuration>| Figures::of(counted().filter_map(of));
        let sum = |of: fn(&Case) -> u64| counted().map(of).sum();
        Report {
            from: self.from,
            until,
            incidents: counted().count() as u64,
            left_out: self.left_out,
            detect: figures(Case::to_detect),
            deliver: Figures::of(counted().flat_map(Case::to_deliver)),
            acknowledge: figures(Case::to_acknowledge),
            contain: figures(Case::to_contain),
            approve: Figures::of(self.effects.to_approve()),
            automatic: Rate { part: self.effects.automatic(), of: self.effects.all() },
            undone: Rate { part: self.effects.undone(), of: self.effects.automatic() },
            duplicates: Rate { part: sum(|case| case.duplicates), of: sum(|case| case.events) },
            storm_ms: self.storm_ms(until),
        }
    }

    fn bound(&mut self) {
        if self.cases.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.cases.remove(&oldest);
            self.left_out += 1;
        }
    }

    /// How long there was a storm somewhere: two at once are one.
    fn storm_ms(&self, until: Timestamp) -> u64 {
        let span = |it: &Storm| (it.began.max(self.from), it.ended.unwrap_or(until).min(until));
        let mut spans: Vec<_> = self.storms.values().map(span).collect();
        spans.sort_unstable();
        let (mut sum, mut reached) = (0, Timestamp::MIN);
        for (began, ended) in spans {
            let began = began.max(reached);
            if ended > began {
                sum += figures::milliseconds(ended.duration_since(began));
                reached = ended;
            }
        }
        sum
    }
}
