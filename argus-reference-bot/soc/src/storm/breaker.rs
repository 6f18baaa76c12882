//! What pauses automation: one breaker for each scope, folded from its records.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ledger::fact::{Actor, Fact, What};

/// What a breaker watches over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Scope {
    /// All automation.
    Global,
    /// What alerts of one source start.
    Source(String),
    /// One playbook.
    Playbook(String),
    /// One kind of effect, `isolate_host` for example.
    Action(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Source(name) => write!(f, "source/{name}"),
            Self::Playbook(name) => write!(f, "playbook/{name}"),
            Self::Action(name) => write!(f, "action/{name}"),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// A text that names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; there are `global`, `source/NAME`, `playbook/ID` and `action/NAME`")]
pub struct UnknownScope(String);

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, UnknownScope> {
        text.parse()
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    /// ```
    /// use argus_soc::storm::breaker::Scope;
    ///
    /// assert_eq!("playbook/isolate-host".parse(), Ok(Scope::Playbook("isolate-host".into())));
    /// assert!("isolate-host".parse::<Scope>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let unknown = || UnknownScope(text.chars().take(80).collect());
        match text.split_once('/') {
            None if text == "global" => Ok(Self::Global),
            Some((_, "")) | None => Err(unknown()),
            Some(("source", name)) => Ok(Self::Source(name.into())),
            Some(("playbook", name)) => Ok(Self::Playbook(name.into())),
            Some(("action", name)) => Ok(Self::Action(name.into())),
            Some(_) => Err(unknown()),
        }
    }
}

/// Whether automation may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It may.
    #[default]
    Closed,
    /// It may not.
    Open,
    /// It may not yet: the next run is only weighed, to see whether the storm is over.
    HalfOpen,
    /// The storm is over, but effects had been sent when it began: it may not before a person has
    /// said so.
    AwaitsPerson,
}

/// What changes a breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Change {
    /// It opens.
    Open {
        /// What was seen, in words.
        why: String,
        /// Effects that automation had sent in the minute before, or a person who opened it: it
        /// does not close without a person then.
        needs_person: bool,
    },
    /// The cool-down is over.
    HalfOpen,
    /// The storm is over and a person has to say that automation may go on.
    AwaitPerson,
    /// Automation may go on.
    Close {
        /// Why.
        why: String,
    },
}

/// A breaker, folded from its records. One that no record is about is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Whether automation may act.
    pub state: State,
    /// What it was that changed the state last.
    pub why: String,
    /// Since when, by the wall clock; for people only.
    pub since: Option<Timestamp>,
    /// Whether only a person can close it.
    pub needs_person: bool,
    /// Who changed it last.
    pub by: Option<Actor>,
    /// How often it has opened.
    pub opened: u64,
    /// Whether a person opened it: then it takes two to close it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub halted: bool,
    /// Who wants it closed, and since when; another one has to agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_asked: Option<(Actor, Timestamp)>,
}

/// For how long a second person can agree to let automation go on.
const AGREED: SignedDuration = SignedDuration::from_hours(1);

impl Breaker {
    /// Whether `who` may let automation go on now: nobody opened it by hand, or somebody else has
    /// asked for it within the last hour.
    pub fn is_second(&self, who: &Actor, now: Timestamp) -> bool {
        let Some((first, at)) = &self.resume_asked else { return !self.halted };
        let since = now.duration_since(*at);
        !self.halted || (!first.is(who) && since >= SignedDuration::ZERO && since < AGREED)
    }

    /// Whether automation of this scope may act.
    pub fn lets_through(&self) -> bool {
        self.state == State::Closed
    }

    /// Takes one of its records into account. What does not follow from the state changes nothing:
    /// an open breaker that opens again stays as it is, and none closes itself if a person must.
    pub fn apply(&mut self, change: &Change, by: &Actor, at: Timestamp) {
        let next = match change {
            Change::Open { .. } if self.state == State::Open => return self.also(change, by),
            Change::Open { .. } => State::Open,
            Change::HalfOpen if self.state == State::Open => State::HalfOpen,
            Change::AwaitPerson if self.state == State::HalfOpen => State::AwaitsPerson,
            Change::Close { .. } if self.may_close(by) => State::Closed,
            Change::HalfOpen | Change::AwaitPerson | Change::Close { .. } => return,
        };
        self.opened += u64::from(next == State::Open);
        self.state = next;
        self.since = Some(at);
        self.by = Some(by.clone());
        self.also(change, by);
        if next == State::Closed {
            self.needs_person = false;
            self.halted = false;
            self.resume_asked = None;
        }
    }

    /// Whether `by` may close it as it stands.
    pub fn may_close(&self, by: &Actor) -> bool {
        match by {
            Actor::Person { .. } => self.state != State::Closed,
            Actor::Service { .. } => self.state == State::HalfOpen && !self.needs_person,
        }
    }

    fn also(&mut self, change: &Change, by: &Actor) {
        match change {
            Change::Open { why, needs_person } => {
                if matches!(by, Actor::Person { .. }) {
                    self.halted = true;
                    // Whoever halts again has not agreed to what was asked before.
                    self.resume_asked = None;
                }
                self.why.clone_from(why);
                self.needs_person |= *needs_person;
            }
            Change::Close { why } => self.why.clone_from(why),
            Change::HalfOpen | Change::AwaitPerson => {}
        }
    }

    /// The breaker as it is after `fact`, if that is about one.
    pub fn after(before: Option<Self>, fact: &Fact) -> Option<Self> {
        if let What::ResumeAsked { .. } = &fact.what {
            let mut breaker = before?;
            if breaker.state != State::Closed {
                breaker.resume_asked = Some((fact.actor.clone(), fact.at));
            }
            return Some(breaker);
        }
        let What::BreakerChanged { change, .. } = &fact.what else { return before };
        let mut breaker = before.unwrap_or_default();
        breaker.apply(change, &fact.actor, fact.at);
        Some(breaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Actor {
        Actor::Person { tenant: "home".into(), object_id: "ann".into(), shown_as: None }
    }

    fn open(needs_person: bool) -> Change {
        Change::Open { why: "21 runs in a minute".into(), needs_person }
    }

    fn close() -> Change {
        Change::Close { why: "quiet".into() }
    }

    #[test]
    fn the_table_of_what_may_become_what() {
        use State::{AwaitsPerson, Closed, HalfOpen, Open};
        let argus = || Actor::service("breaker");
        let check = |changes: &[(Change, Actor)], wanted: State| {
            let mut breaker = Breaker::default();
            for (change, by) in changes {
                breaker.apply(change, by, Timestamp::UNIX_EPOCH);
            }
            assert_eq!(breaker.state, wanted, "{changes:?}");
        };
        let half = [(open(false), argus()), (Change::HalfOpen, argus())];
        check(&half, HalfOpen);
        check(&[&half[..], &[(close(), argus())]].concat(), Closed);
        check(&[&half[..], &[(open(false), argus())]].concat(), Open);
        check(&[(open(false), argus()), (close(), argus())], Open);
        check(&[(Change::HalfOpen, argus())], Closed);
        let sent = [(open(true), argus()), (Change::HalfOpen, argus())];
        check(&[&sent[..], &[(close(), argus())]].concat(), HalfOpen);
        let waits = [&sent[..], &[(Change::AwaitPerson, argus())]].concat();
        check(&waits, AwaitsPerson);
        check(&[&waits[..], &[(close(), argus())]].concat(), AwaitsPerson);
        check(&[&waits[..], &[(close(), person())]].concat(), Closed);
        check(&[(open(true), argus()), (close(), person())], Closed);
    }

    #[test]
    fn effects_that_were_sent_are_remembered_until_a_person_closes_it() {
        let mut breaker = Breaker::default();
        for change in [open(true), Change::HalfOpen, open(false), Change::HalfOpen] {
            breaker.apply(&change, &Actor::service("breaker"), Timestamp::UNIX_EPOCH);
        }
        assert!(breaker.needs_person, "opening again must not forget it");
        assert_eq!(breaker.opened, 2);
        breaker.apply(&close(), &person(), Timestamp::UNIX_EPOCH);
        assert!(breaker.lets_through() && !breaker.needs_person);
    }

    #[test]
    fn what_a_person_halted_two_let_go_on_within_an_hour() {
        let bob = Actor::Person { tenant: "home".into(), object_id: "bob".into(), shown_as: None };
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let halt = Change::Open { why: "test".into(), needs_person: true };
        let asks = |by: &Actor, minutes| {
            Fact::new(at(minutes), by.clone(), "c", What::ResumeAsked { scope: Scope::Global })
        };
        let mut alone = Breaker::default();
        alone.apply(&halt, &Actor::service("breaker"), at(0));
        assert!(alone.is_second(&bob, at(1)), "nobody halted it: one is enough");
        // Somebody halts what is open already.
        alone.apply(&halt, &person(), at(1));
        assert!(!alone.is_second(&bob, at(2)), "one is not enough");
        let asked = Breaker::after(Some(alone), &asks(&person(), 2)).expect("it is there");
        assert!(!asked.is_second(&person(), at(3)), "the same one twice is one");
        assert!(asked.is_second(&bob, at(61)) && !asked.is_second(&bob, at(62)));
        assert!(!asked.is_second(&bob, at(1)), "a clock that was set back proves nothing");
        let mut closed = asked.clone();
        closed.apply(&close(), &bob, at(3));
        assert!(closed.resume_asked.is_none() && !closed.halted);
        let mut again = asked;
        again.apply(&halt, &bob, at(3));
        assert!(!again.is_second(&bob, at(4)), "who halts again has not agreed");
    }
}
