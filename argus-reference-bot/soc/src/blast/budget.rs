//! What was counted against a playbook's budget, folded from its records.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ledger::documents::Document;
use crate::ledger::fact::{Fact, What};

/// The window.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Moments that are kept at most; no playbook may have more effects in an hour.
const MOST: usize = 10_000;

/// What the effects of one playbook have used up lately, over all incidents and replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// When its effects were sent.
    #[serde(default)]
    pub spent: Vec<Timestamp>,
    /// When effects of it were undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<Timestamp>,
}

impl Budget {
    /// Effects within the hour before `now`.
    pub fn used(&self, now: Timestamp) -> usize {
        within(&self.spent, now)
    }

    /// Effects of rollbacks within the hour before `now`.
    pub fn undone(&self, now: Timestamp) -> usize {
        within(&self.undone, now)
    }
}

/// A clock that was set back makes a moment lie ahead: that counts too, for as long.
fn counts(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < HOUR
}

fn within(moments: &[Timestamp], now: Timestamp) -> usize {
    moments.iter().filter(|at| counts(**at, now)).count()
}

impl Document for Budget {
    const KIND: &'static str = "budget";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::BudgetSpent { playbook, .. } => vec![playbook.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        let What::BudgetSpent { undo, .. } = &fact.what else { return before };
        let mut budget = before.unwrap_or_default();
        let moments = if *undo { &mut budget.undone } else { &mut budget.spent };
        moments.push(fact.at);
        for moments in [&mut budget.spent, &mut budget.undone] {
            moments.retain(|at| counts(*at, fact.at));
            let old = moments.len().saturating_sub(MOST);
            moments.drain(..old);
        }
        Some(budget)
    }
}

/// What an effect holds from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which effect on which thing; one that is held twice is held once.
    pub hold: String,
    /// The asset's class.
    pub class: String,
}

/// An asset that an effect of a playbook holds until it is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The playbook.
    pub playbook: String,
    /// The run.
    pub run: String,
    /// The asset's class.
    pub class: String,
}

impl Document for Hold {
    const KIND: &'static str = "hold";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::BudgetSpent { held: Some(held), .. } => vec![held.hold.clone()],
            What::BudgetFreed { hold, .. } => vec![hold.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        match &fact.what {
            What::BudgetSpent { playbook, run, held: Some(held), .. } => Some(Self {
                playbook: playbook.clone(),
                run: run.clone(),
                class: held.class.clone(),
            }),
            What::BudgetFreed { .. } => None,
            _ => before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fact::Actor;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn spent(minutes: i64, undo: bool) -> Fact {
        let what = What::BudgetSpent {
            playbook: "isolate".into(),
            run: "INC-1.r1".into(),
            step: "a".into(),
            key: "k".into(),
            undo,
            held: None,
        };
        Fact::new(at(minutes), Actor::service("run"), "c", what)
    }

    fn fold(facts: &[Fact]) -> Budget {
        let fold = |before, fact| Budget::after(before, "isolate", fact);
        facts.iter().fold(None, fold).expect("a budget")
    }

    #[test]
    fn an_hour_slides_and_rollbacks_are_counted_by_themselves() {
        fn check(minutes: &[(i64, bool)], now: i64, used: usize, undone: usize) {
            let facts: Vec<Fact> = minutes.iter().map(|(at, undo)| spent(*at, *undo)).collect();
            let budget = fold(&facts);
            assert_eq!((budget.used(at(now)), budget.undone(at(now))), (used, undone), "{now}");
        }
        check(&[(0, false)], 0, 1, 0);
        check(&[(0, false)], 59, 1, 0);
        check(&[(0, false)], 60, 0, 0);
        check(&[(0, false), (30, false), (59, true)], 61, 1, 1);
        check(&[(0, true), (1, true)], 2, 0, 2);
        // The clock was set back by ten minutes: what was spent stays spent.
        check(&[(10, false)], 0, 1, 0);
    }

    #[test]
    fn what_is_older_than_the_hour_is_not_kept() {
        let facts: Vec<Fact> = (0..200).map(|minute| spent(minute, false)).collect();
        assert_eq!(fold(&facts).spent.len(), 60);
    }

    #[test]
    fn a_hold_lasts_until_it_is_freed() {
        let mut fact = spent(0, false);
        if let What::BudgetSpent { held, .. } = &mut fact.what {
            *held = Some(Held { hold: "home/isolate_host/ws-1".into(), class: "kiosk".into() });
        }
        assert_eq!(Hold::keys(&fact), ["home/isolate_host/ws-1"]);
        let hold = Hold::after(None, "home/isolate_host/ws-1", &fact).expect("held");
        assert_eq!((hold.playbook.as_str(), hold.class.as_str()), ("isolate", "kiosk"));
        let what = What::BudgetFreed {
            run: "INC-1.r1".into(),
            step: "undo/a".into(),
            hold: "home/isolate_host/ws-1".into(),
        };
        let freed = Fact::new(at(1), Actor::service("run"), "c", what);
        assert_eq!(Hold::after(Some(hold), "home/isolate_host/ws-1", &freed), None);
    }
}
