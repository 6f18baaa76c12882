//! Events about different things that are one: found by rules, and merged.

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::correlate::{Cluster, Group, Joined, Member, Rule, belonging};
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::ledger::documents::{Document as _, stream};
use argus_soc::ledger::fact::What;
use argus_soc::suppress::Suppressed;
use jiff::{SignedDuration, Timestamp};

use super::{Draft, Remembered};
use crate::flows::Soc;
use crate::flows::ingest::Read;
use crate::ports::ledger::{LedgerError, documents};

/// Incidents that go on in others, one after the other, at most.
const HOPS: usize = 16;

/// How long what the store said about suppressions is good: so soon a new one counts everywhere.
const FRESH: SignedDuration = SignedDuration::from_secs(2);

/// What a batch adds to one group.
struct Extension<'a> {
    rule: &'a Rule,
    members: Vec<Member>,
    correlation: &'a str,
}

impl Soc {
    /// Finds what is one thing by the rules, and makes one incident of it.
    pub(super) async fn correlate(
        &self,
        events: &[Read],
        draft: &mut Draft,
        remembered: &Remembered,
    ) -> Result<(), LedgerError> {
        let mut groups: BTreeMap<String, Extension<'_>> = BTreeMap::new();
        for read in events {
            let Some(incident) = draft.placed.get(&read.event.event_id) else { continue };
            for rule in self.correlations.of(&read.event) {
                let Some(group) = rule.group(&read.event) else { continue };
                let extension = groups.entry(group).or_insert_with(|| Extension {
                    rule,
                    members: Vec::new(),
                    correlation: &read.correlation,
                });
                extension.members.push(member(&read.event, rule, incident));
            }
        }
        for (name, extension) in groups {
            self.extend(&name, extension, draft, remembered).await?;
        }
        Ok(())
    }

    async fn extend(
        &self,
        name: &str,
        extension: Extension<'_>,
        draft: &mut Draft,
        remembered: &Remembered,
    ) -> Result<(), LedgerError> {
        let Extension { rule, members, correlation } = extension;
        let (version, mut group) = match remembered.groups.get(name) {
            Some(known) => known.clone(),
            None => documents::find::<Group>(&*self.ledger, name).await?.unwrap_or_default(),
        };
        draft.batch.expect.insert(stream(Group::KIND, name), version);
        let horizon_ms = rule.horizon_ms();
        group.take(members.iter().cloned());
        let what = What::Correlated { group: name.to_owned(), members, horizon_ms };
        draft.batch.facts.push(self.triage_fact(correlation, what));
        for cluster in group.clusters(rule) {
            self.make_one(&cluster, rule, correlation, draft, remembered).await?;
        }
        group.forget(horizon_ms);
        draft.groups.insert(name.to_owned(), (version + 1, group));
        Ok(())
    }

    /// Makes one incident of those of a cluster: the oldest of them goes on.
    async fn make_one(
        &self,
        cluster: &Cluster,
        rule: &Rule,
        correlation: &str,
        draft: &mut Draft,
        remembered: &Remembered,
    ) -> Result<(), LedgerError> {
        let mut heads = BTreeSet::new();
        for incident in &cluster.incidents {
            heads.extend(self.head_of(incident, draft, remembered).await?);
        }
        let mut heads = heads.into_iter().map(|(_, key)| key);
        let Some(into) = heads.next() else { return Ok(()) };
        for other in heads {
            let (one, two) = (draft.touched.get(&into), draft.touched.get(&other));
            // What a person took apart, no rule makes one.
            if one.zip(two).is_none_or(|(one, two)| one.is_parted_from(two)) {
                continue;
            }
            self.merge_in(&other, &into, rule, correlation, draft);
        }
        Ok(())
    }

    /// The incident in which this one goes on, with its number; the draft has it then. `None` if it
    /// is resolved: what is over is not opened again.
    async fn head_of(
        &self,
        key: &str,
        draft: &mut Draft,
        remembered: &Remembered,
    ) -> Result<Option<(u64, String)>, LedgerError> {
        let known =
            |key: &str| draft.touched.get(key).or_else(|| remembered.open.get(key)).cloned();
        let Some(head) = self.line(key, known).await?.pop().filter(Incident::is_open) else {
            return Ok(None);
        };
        let key = head.key.clone();
        if !draft.touched.contains(&key) {
            draft.batch.expect.insert(key.clone(), head.version);
            draft.touched.insert(head);
        }
        Ok(Some((number(&key), key)))
    }

    fn merge_in(&self, other: &str, into: &str, rule: &Rule, correlation: &str, draft: &mut Draft) {
        let why = format!("rule {}", rule.name);
        let Some(incident) = draft.touched.get_mut(other) else { return };
        let [merged, absorbed] = merged(incident, into, &why);
        let merged = self.triage_fact(correlation, merged).of(other);
        let absorbed = self.triage_fact(correlation, absorbed).of(into);
        incident.apply(&merged);
        if let Some(head) = draft.touched.get_mut(into) {
            head.apply(&absorbed);
        }
        // One that is opened and merged at once has no card of its own: that of the head is its.
        if draft.batch.expect.get(other) == Some(&0) {
            draft.batch.facts.retain(|fact| {
                !matches!(&fact.what, What::NoticePlaced { incident, card, .. }
                    if incident == other && card == "card")
            });
        }
        draft.batch.facts.extend([merged, absorbed]);
    }

    /// The open incident in which events like this one go on, if theirs was merged.
    pub(super) async fn joined(
        &self,
        event: &SecurityEvent,
    ) -> Result<Option<Incident>, LedgerError> {
        let found = documents::find::<Joined>(&*self.ledger, &belonging(event)).await?;
        let Some((_, Joined { into, .. })) = found else { return Ok(None) };
        Ok(self.line(&into, |_| None).await?.pop().filter(Incident::is_open))
    }

    /// The incident, and those in which it goes on, one after the other; each from `known`, or else
    /// from the store.
    pub(in crate::flows) async fn line(
        &self,
        key: &str,
        known: impl Fn(&str) -> Option<Incident>,
    ) -> Result<Vec<Incident>, LedgerError> {
        let (mut line, mut next) = (Vec::new(), Some(key.to_owned()));
        while let Some(key) = next.take().filter(|_| line.len() < HOPS) {
            let found = match known(&key) {
                Some(incident) => Some(incident),
                None => self.ledger.incident(&key).await?,
            };
            let Some(incident) = found else { break };
            next.clone_from(&incident.union.merged_into);
            line.push(incident);
        }
        Ok(line)
    }
}

impl Soc {
    /// Asks the store what is suppressed, from time to time: another replica may have been told.
    pub(super) async fn look_at_suppressions(
        &self,
        remembered: &mut Remembered,
    ) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let fresh = |at: Timestamp| (SignedDuration::ZERO..FRESH).contains(&now.duration_since(at));
        if remembered.suppressions.as_ref().is_some_and(|(at, _)| fresh(*at)) {
            return Ok(());
        }
        let all = documents::all::<Suppressed>(&*self.ledger).await?;
        let all = all.into_iter().map(|(_, it)| it.suppression).collect();
        remembered.suppressions = Some((now, all));
        Ok(())
    }

    /// Writes down what suppressions kept back.
    pub(super) fn keep_back(&self, draft: &mut Draft) {
        for (suppression, events) in std::mem::take(&mut draft.suppressed) {
            let what = What::Suppressed { suppression, events };
            draft.batch.facts.push(self.triage_fact("suppressed", what));
        }
    }
}

/// What is written down when `incident` goes on in `into`: on its own history, and on the other's.
pub(crate) fn merged(incident: &Incident, into: &str, why: &str) -> [What; 2] {
    let merged = What::Merged {
        into: into.to_owned(),
        belongs: belonging(&incident.event),
        why: why.to_owned(),
    };
    let absorbed = What::Absorbed {
        incident: incident.key.clone(),
        events: incident.count,
        severity: incident.severity,
        why: why.to_owned(),
        parts: incident.parts(),
        parted: incident.union.parted.clone(),
    };
    [merged, absorbed]
}

fn member(event: &SecurityEvent, rule: &Rule, incident: &str) -> Member {
    // A clock that runs ahead must not make everything else look late.
    let observed = event.observed_at.unwrap_or(event.received_at).min(event.received_at);
    Member {
        at_ms: observed.as_millisecond(),
        event_id: event.event_id,
        incident: incident.to_owned(),
        counted: rule.counted(event),
    }
}

/// The `7` of `INC-7`.
fn number(key: &str) -> u64 {
    key.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}
