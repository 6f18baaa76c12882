//! The addresses that runs have blocked, out of their records, for a firewall that has no API.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::ledger::fact::Fact;
use crate::playbook::ActionKind;
use crate::run::{Run, State, Step};

/// The longest comment of an element that nftables takes is 128 bytes; ours stay well below.
const LONGEST: usize = 96;

/// What blocks an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The incident.
    pub incident: String,
    /// The run.
    pub run: String,
    /// Since when.
    pub at: Timestamp,
}

/// The addresses that are blocked after some records, each with what blocks it.
///
/// An address is blocked from where a step that blocks it was seen to be done until one that unblocks it
/// was, whichever run that is of. What somebody else had blocked before is not on the list.
#[derive(Clone, Debug, Default)]
pub struct BlockList {
    blocked: BTreeMap<IpAddr, Block>,
    /// Runs that can still change something, and which of their steps were counted.
    runs: BTreeMap<String, (Run, BTreeSet<String>)>,
}

impl BlockList {
    /// Takes the next record into account.
    pub fn take(&mut self, fact: &Fact) {
        if let Some(run) = Run::begin(fact) {
            if !run.terms.dry_run && run.steps.iter().any(concerns) {
                self.runs.entry(run.id.clone()).or_insert((run, BTreeSet::new()));
            }
            return;
        }
        let Some((run, counted)) = fact.what.run().and_then(|id| self.runs.get_mut(id)) else {
            return;
        };
        if !run.takes(fact) {
            return;
        }
        // A run that is over may still be undone, so none is forgotten.
        for step in run.steps.iter().filter(|step| step.state.is_done()) {
            if counted.insert(step.name.clone()) {
                did(&mut self.blocked, run, step, fact.at);
            }
        }
    }

    /// The addresses, those of IPv4 first, each group in order.
    pub fn blocked(&self) -> impl Iterator<Item = (IpAddr, &Block)> {
        self.blocked.iter().map(|(address, block)| (*address, block))
    }

    /// A script for `nft -f` that makes the sets `blocked4` and `blocked6` of the table `inet argus` what
    /// this list is, at once and as often as one likes. Rules that use the sets are somebody else's.
    ///
    /// ```
    /// let script = argus_soc::blocklist::BlockList::default().nftables();
    /// assert!(script.contains("flush set inet argus blocked4\n"));
    /// assert!(!script.contains("add element"));
    /// ```
    pub fn nftables(&self) -> String {
        let mut lines = vec!["add table inet argus".to_owned()];
        for (set, kind, v6) in [("blocked4", "ipv4_addr", false), ("blocked6", "ipv6_addr", true)] {
            lines.push(format!("add set inet argus {set} {{ type {kind}; }}"));
            lines.push(format!("flush set inet argus {set}"));
            let of_set = self.blocked().filter(|(address, _)| address.is_ipv6() == v6);
            let elements: Vec<String> = of_set
                .map(|(address, block)| format!("\t{address} comment \"{}\",", comment(block)))
                .collect();
            if !elements.is_empty() {
                lines.push(format!("add element inet argus {set} {{"));
                lines.extend(elements);
                lines.push("}".to_owned());
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn concerns(step: &Step) -> bool {
    let undo = step.plan.rollback.as_ref().map(|it| it.action);
    [Some(step.plan.action), undo]
        .into_iter()
        .flatten()
        .any(|it| matches!(it, ActionKind::BlockIp | ActionKind::UnblockIp))
}

fn did(blocked: &mut BTreeMap<IpAddr, Block>, run: &Run, step: &Step, at: Timestamp) {
    // Only what is an address gets on, so nothing else can stand in a script.
    let Ok(address) = step.plan.target.value.trim().parse::<IpAddr>() else { return };
    let address = address.to_canonical();
    match (step.plan.action, &step.state) {
        (ActionKind::BlockIp, State::Done { adopted_from: None, .. }) => {
            let incident =
                run.id.rsplit_once('.').map_or(run.id.as_str(), |(incident, _)| incident);
            let block = Block { incident: incident.to_owned(), run: run.id.clone(), at };
            blocked.insert(address, block);
        }
        (ActionKind::UnblockIp, _) => {
            blocked.remove(&address);
        }
        _ => {}
    }
}

/// Incident, run and day, with nothing in it that could end the text.
fn comment(block: &Block) -> String {
    let text = format!("{} {} {}", block.incident, block.run, block.at);
    let plain = |it: &char| it.is_ascii_alphanumeric() || " .:-_/".contains(*it);
    text.chars().filter(plain).take(LONGEST).collect()
}
