//! What would change a decision: the same event, had one source said something else.

use serde::Serialize;

use super::{Model, Score};
use crate::decide::{Decision, decide};
use crate::enrich::{Asset, Enrichment, History, Intel, Known};
use crate::event::SecurityEvent;
use crate::playbook::Playbook;

/// One thing that could be otherwise, and what would come of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What, in words: `the asset were not known`.
    pub r#if: String,
    /// The score then.
    pub score: Score,
    /// The decision then.
    pub decision: Decision,
}

/// A criticality at which every case about assets has its say: little, middle, much.
const CRITICALITIES: [u8; 3] = [1, 5, 10];
/// Confidences of intelligence, in percent.
const CONFIDENCES: [u8; 3] = [50, 75, 100];
/// Earlier incidents.
const PREVIOUS: [u32; 3] = [0, 1, 10];

/// Everything that would lead to another decision, one answer changed at a time, nearest first.
///
/// Reasons are not compared, only what is done: a decision with other reasons is the same one.
pub fn what_if(
    model: &Model,
    event: &SecurityEvent,
    enrichment: &Enrichment,
    playbooks: &[Playbook],
) -> Vec<Change> {
    let score = model.score(event, enrichment);
    let now = decide(event, enrichment, &score, playbooks, false);
    let mut changes: Vec<Change> = Vec::new();
    for (r#if, otherwise) in otherwise(enrichment) {
        let then = model.score(event, &otherwise);
        let decision = decide(event, &otherwise, &then, playbooks, false);
        if !same(&now, &decision) {
            changes.push(Change { r#if, score: then, decision });
        }
    }
    changes.sort_by_key(|change| (change.score.milli - score.milli).abs());
    changes
}

/// Whether both decisions do the same.
pub fn same(one: &Decision, other: &Decision) -> bool {
    match (one, other) {
        (Decision::Ignore { .. }, Decision::Ignore { .. })
        | (Decision::Notify { .. }, Decision::Notify { .. }) => true,
        (Decision::AskHuman { playbook: a, .. }, Decision::AskHuman { playbook: b, .. }) => a == b,
        (Decision::Run { playbook: a, .. }, Decision::Run { playbook: b, .. }) => a == b,
        _ => false,
    }
}

/// The same answers, but for one.
fn otherwise(enrichment: &Enrichment) -> Vec<(String, Enrichment)> {
    let mut all = Vec::new();
    let mut intel = |r#if: String, intel: Known<Intel>| {
        if intel != enrichment.intel {
            all.push((r#if, enrichment.clone().supposing_intel(intel)));
        }
    };
    for confidence in CONFIDENCES {
        let known = Known::Known(Intel { malicious: true, confidence });
        intel(format!("threat intelligence called it malicious with {confidence} %"), known);
    }
    let benign = Known::Known(Intel { malicious: false, confidence: 100 });
    intel("threat intelligence did not call it malicious".into(), benign);
    if !enrichment.intel.is_unavailable() {
        intel("threat intelligence did not answer".into(), silent("threat intelligence"));
    }
    let mut asset = |r#if: String, asset: Known<Asset>| {
        if asset != enrichment.asset {
            all.push((r#if, enrichment.clone().supposing_asset(asset)));
        }
    };
    let known = enrichment.asset.known().cloned();
    for criticality in CRITICALITIES {
        let r#if = match known {
            Some(_) => format!("the asset's criticality were {criticality}"),
            None => format!("the asset were known, with criticality {criticality}"),
        };
        let base = known.clone().unwrap_or_default();
        asset(r#if, Known::Known(Asset { criticality, ..base }));
    }
    if let Some(base) = &known {
        let production_critical = !base.production_critical;
        let r#if = if production_critical {
            "production depended on the asset"
        } else {
            "production did not depend on the asset"
        };
        asset(r#if.into(), Known::Known(Asset { production_critical, ..base.clone() }));
        asset("the inventory did not know the asset".into(), Known::Unknown);
    }
    if !enrichment.asset.is_unavailable() {
        asset("the inventory did not answer".into(), silent("inventory"));
    }
    for previous_incidents in PREVIOUS {
        let history = Known::Known(History { previous_incidents, ..History::default() });
        if history != enrichment.history {
            let r#if = format!("it had {previous_incidents} earlier incidents");
            all.push((r#if, Enrichment { history, ..enrichment.clone() }));
        }
    }
    all
}

fn silent<T>(source: &str) -> Known<T> {
    Known::Unavailable { source: source.into(), why: "supposed".into() }
}
