//! How much a playbook may break at once: what about a run needs a person, and what is counted
//! against its budget.
//!
//! What is about to be sent is looked at each time anew, with what is known then. A [`Concern`] that
//! a person has agreed to does not stop the run again; every other one does.

mod budget;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::budget::{Budget, Held, Hold};
use crate::enrich::{Asset, Known};
use crate::playbook::{ActionKind, Blast, EffectClass, PlannedStep};

/// Effects of rollbacks in an hour where the playbook does not say how many effects it may have.
const UNDONE_PER_HOUR: u32 = 60;

/// What about a run needs a person's yes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The asset has this label, and the playbook may not touch such assets by itself.
    Label(String),
    /// It changes more things than it may by itself.
    Targets,
    /// The inventory does not know the asset, or did not say.
    UnknownAsset,
    /// The playbook has had its effects for this hour.
    PerHour,
    /// Too many assets of one class would be changed at once.
    Class,
}

/// A concern, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// What it is.
    pub concern: Concern,
    /// Why, in words for a card.
    pub why: String,
}

impl Raised {
    /// This concern for this reason.
    pub fn new(concern: Concern, why: impl Into<String>) -> Self {
        Self { concern, why: why.into() }
    }
}

/// The reasons of concerns in one sentence.
pub fn reasons(raised: &[Raised]) -> String {
    raised.iter().map(|it| it.why.as_str()).collect::<Vec<_>>().join("; ")
}

/// What stands about a plan on this asset, however much was done before.
pub fn standing<'a>(
    blast: &Blast,
    asset: &Known<Asset>,
    steps: impl IntoIterator<Item = &'a PlannedStep>,
) -> Vec<Raised> {
    let mut raised = Vec::new();
    match asset {
        Known::Known(asset) => raised.extend(labelled(blast, asset)),
        Known::Unknown => {
            let why = "the inventory does not know the asset";
            raised.push(Raised::new(Concern::UnknownAsset, why));
        }
        Known::Unavailable { source, .. } => {
            let why = format!("{source} does not say which asset it is");
            raised.push(Raised::new(Concern::UnknownAsset, why));
        }
    }
    raised.extend(too_wide(blast, steps));
    raised
}

/// Why an asset is not touched without a person.
pub fn labelled<'a>(blast: &'a Blast, asset: &'a Asset) -> impl Iterator<Item = Raised> + 'a {
    let denied =
        |tag: &&String| blast.deny_tags.iter().any(|denied| denied.eq_ignore_ascii_case(tag));
    asset.tags.iter().filter(denied).map(|tag| {
        Raised::new(Concern::Label(tag.to_lowercase()), format!("the asset is labelled {tag}"))
    })
}

/// Why a plan changes more things than its playbook may change by itself. One host that is isolated,
/// scanned and let back is one thing; what is only read, told or written down is none.
pub fn too_wide<'a>(
    blast: &Blast,
    steps: impl IntoIterator<Item = &'a PlannedStep>,
) -> Option<Raised> {
    let target =
        |step: &PlannedStep| (step.target.kind.to_string(), step.target.value.to_lowercase());
    let targets: BTreeSet<_> =
        steps.into_iter().filter(|step| step.action.high_impact()).map(target).collect();
    let most = blast.max_targets;
    (targets.len() > most as usize).then(|| {
        let why =
            format!("it would change {} things, and may change {most} by itself", targets.len());
        Raised::new(Concern::Targets, why)
    })
}

/// Whether a step counts against the hour: whatever is more than a look.
pub fn spends(step: &PlannedStep) -> bool {
    step.action != ActionKind::Wait && step.effect > EffectClass::Read
}

/// Whether a step's effect stands until it is undone, so that it holds its asset.
pub fn holds(step: &PlannedStep) -> bool {
    step.action.contains_threat() && step.action.inverse().is_some()
}

/// Why `more` effects are too many for this hour, in which `used` were sent.
pub fn over_hour(blast: &Blast, used: usize, more: usize) -> Option<Raised> {
    let most = blast.per_hour?;
    (used + more > most as usize).then(|| {
        let why = format!(
            "{used} effects of this playbook were sent within the hour, and it may have {most} by itself"
        );
        Raised::new(Concern::PerHour, why)
    })
}

/// How many effects of rollbacks a playbook may have in an hour: as many as it may do, so that each can be
/// undone, and a storm of them stops.
pub fn reserve(blast: Option<&Blast>) -> u32 {
    blast.and_then(|it| it.per_hour).unwrap_or(UNDONE_PER_HOUR)
}

/// Assets of one class have the same labels; where there are none, the same criticality.
///
/// ```
/// use argus_soc::blast::class_of;
/// use argus_soc::enrich::Asset;
///
/// let asset = |tags: &[&str]| Asset {
///     criticality: 3,
///     tags: tags.iter().map(ToString::to_string).collect(),
///     ..Asset::default()
/// };
/// assert_eq!(class_of(&asset(&["Kiosk", "berlin"])), "berlin+kiosk");
/// assert_eq!(class_of(&asset(&[])), "criticality 3");
/// ```
pub fn class_of(asset: &Asset) -> String {
    if asset.tags.is_empty() {
        return format!("criticality {}", asset.criticality);
    }
    let tags: BTreeSet<String> = asset.tags.iter().map(|tag| tag.to_lowercase()).collect();
    tags.into_iter().collect::<Vec<_>>().join("+")
}

/// Why `held` assets of a class are too many of `total`. Where nobody can say how many there are, a
/// person decides.
pub fn over_share(percent: u32, class: &str, held: usize, total: Option<u64>) -> Option<Raised> {
    let why = match total.filter(|total| *total >= held as u64) {
        None => format!("no inventory says how many assets are of the class {class}"),
        Some(total) if (held as u64).saturating_mul(100) > total.saturating_mul(percent.into()) => {
            format!(
                "it would hold {held} of {total} assets of the class {class}, and may hold {percent} % by itself"
            )
        }
        Some(_) => return None,
    };
    Some(Raised::new(Concern::Class, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_room_for_what_the_playbook_says() {
        fn check(most: Option<u32>, used: usize, more: usize, over: bool) {
            let blast = Blast { per_hour: most, ..Blast::default() };
            assert_eq!(over_hour(&blast, used, more).is_some(), over, "{most:?} {used}+{more}");
        }
        check(Some(5), 4, 1, false);
        check(Some(5), 5, 1, true);
        check(Some(5), 0, 6, true);
        check(Some(5), 9, 0, true);
        check(None, 1_000, 1_000, false);
    }

    #[test]
    fn a_share_is_of_what_the_inventory_counts() {
        fn check(percent: u32, held: usize, total: Option<u64>, over: bool) {
            assert_eq!(
                over_share(percent, "kiosk", held, total).is_some(),
                over,
                "{held}/{total:?}"
            );
        }
        check(2, 2, Some(100), false);
        check(2, 3, Some(100), true);
        check(2, 1, Some(20), true);
        check(100, 20, Some(20), false);
        check(100, 1, None, true);
        check(100, 1, Some(0), true);
        check(100, 5, Some(4), true);
    }

    #[test]
    fn each_forbidden_label_is_a_concern_of_its_own() {
        let blast = Blast { deny_tags: vec!["tier0".into(), "vip".into()], ..Blast::default() };
        let asset = Asset { tags: vec!["VIP".into(), "berlin".into()], ..Asset::default() };
        let raised = standing(&blast, &Known::Known(asset), []);
        assert_eq!(
            raised,
            [Raised::new(Concern::Label("vip".into()), "the asset is labelled VIP")]
        );
        let unknown = standing(&blast, &Known::Unknown, []);
        assert_eq!(unknown[0].concern, Concern::UnknownAsset);
    }
}
