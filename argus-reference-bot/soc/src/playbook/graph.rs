//! Which step comes after which: names are unique, needs exist, and nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use super::diagnostic::suggestion;
use super::read::Reading;
use super::yaml::At;

/// Reports what is wrong with the order of the steps.
pub(super) fn check(reading: &mut Reading<'_>, steps: &[Step], places: &[At]) {
    let mut known: BTreeMap<&str, At> = BTreeMap::new();
    let rollbacks = |step: &'_ Step| step.rollback.as_ref().map(|rollback| rollback.id.clone());
    let undo: BTreeSet<String> = steps.iter().filter_map(rollbacks).collect();
    for (step, at) in steps.iter().zip(places) {
        if let Some(first) = known.insert(&step.id, *at) {
            let message = format!("the step `{}` exists already in line {}", step.id, first.line);
            reading.error(*at, message, None);
        }
        if undo.contains(&step.id) {
            reading.error(*at, format!("`{}` is also the id of a rollback", step.id), None);
        }
    }
    for (step, at) in steps.iter().zip(places) {
        for need in &step.needs {
            if known.contains_key(need.as_str()) {
                continue;
            }
            let near = suggestion(need, known.keys().copied());
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` needs `{need}`, which is not a step", step.id);
            reading.error(*at, message, help);
        }
    }
    let (_, waiting) = order(steps);
    if let Some((step, at)) =
        steps.iter().zip(places).find(|(step, _)| waiting.contains(&step.id.as_str()))
    {
        // Steps that only wait for the circle are caught with it; naming all of them is true.
        let names = waiting.join("`, `");
        let message = format!("`{}` waits for itself: a circle among `{names}`", step.id);
        reading.error(*at, message, None);
    }
}

/// The steps in an order in which every need comes first, ties as written; and the ids of those
/// that can never start.
pub(super) fn order(steps: &[Step]) -> (Vec<&Step>, Vec<&str>) {
    let ids: BTreeSet<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(steps.len());
    let mut rest: Vec<&Step> = steps.iter().collect();
    loop {
        let ready = |step: &Step| {
            let met = |need: &String| done.contains(need.as_str()) || !ids.contains(need.as_str());
            step.needs.iter().all(met)
        };
        let Some(at) = rest.iter().position(|step| ready(step)) else { break };
        let step = rest.remove(at);
        done.insert(&step.id);
        ordered.push(step);
    }
    (ordered, rest.into_iter().map(|step| step.id.as_str()).collect())
}
