//! From records of events to incidents: read, placed, enriched, scored, decided.
//!
//! Events are placed in the order of the chain, many in one batch. Whatever was not deterministic
//! (what the sources answered) goes into the record, so that the same records give the same
//! decisions.

mod aside;
mod correlated;
mod facts;
mod remembered;

use std::collections::BTreeMap;

use argus_soc::canary::is_canary;
use argus_soc::correlate::{Group, belonging, belongs_alike, place};
use argus_soc::decide::{Decision, decide};
use argus_soc::event::{Phase, SecurityEvent};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Added, Fact, What};
use uuid::Uuid;

use self::aside::Unreadable;
pub(super) use self::correlated::merged;
pub use self::facts::{decision_name, facts_of};
use self::remembered::Incidents;
pub use self::remembered::Remembered;
use super::Soc;
use super::enrich::Asked;
use super::enrich::late::silent_in;
use super::execute::new_run;
use super::ingest::{Follows, Read};
use super::shares::Share;
use super::sources::Sources;
use crate::ports::ledger::{Batch, LedgerError, Waiting};

/// Events placed with one sync.
const BATCH: usize = 512;
/// Bytes of bodies that are read from the store at once, so that a night of large events is read in
/// bounded room.
const BATCH_BYTES: usize = 8 << 20;
/// Events that are read before their bytes are counted.
const CHUNK: usize = 64;

/// A batch in the making: the facts, and the incidents as they will be after them.
#[derive(Debug, Default)]
struct Draft {
    batch: Batch,
    touched: Incidents,
    /// The fact that takes further events of an incident, by its place in the batch.
    adding: BTreeMap<String, usize>,
    number: u64,
    /// The incident of each event, if there are rules that ask for it.
    placed: BTreeMap<Uuid, String>,
    /// The groups of rules as they will be, each with its version.
    groups: BTreeMap<String, (u64, Group)>,
    /// What each suppression keeps back.
    suppressed: BTreeMap<String, Vec<Uuid>>,
    /// What the sources said about the events of the batch.
    asked: Asked,
    /// Whether the breakers were read again for it.
    breakers_renewed: bool,
}

impl Soc {
    /// Places events until none waits. Returns how many were placed.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store fails; what was placed stays placed and the rest waits.
    pub async fn triage(&self) -> Result<usize, LedgerError> {
        let mut remembered = self.remembered.lock().await;
        let mut placed = 0;
        while let Some((last, events)) = self.next(&mut remembered).await? {
            let begins_runs = self.place_all(&events, &mut remembered).await?;
            remembered.placed = last;
            placed += events.len();
            let bytes = events.iter().map(|read| read.bytes).sum();
            self.sources.backlog.shrink(events.len(), bytes);
            self.metrics.placed(events.len());
            self.bells.notify.notify_one();
            if begins_runs {
                self.bells.execute.ring_for_new();
            }
        }
        Ok(placed)
    }

    /// Makes the next [`triage`](Self::triage) ask the store what waits. Nobody rings here for an
    /// event that another replica took.
    pub async fn look_again(&self) {
        let mut remembered = self.remembered.lock().await;
        remembered.placed = None;
        remembered.suppressions = None;
    }

    /// The next events that wait to be placed, and the place of the last one if the store is known to
    /// have nothing behind it but what came through the door.
    async fn next(
        &self,
        remembered: &mut Remembered,
    ) -> Result<Option<(Option<u64>, Vec<Read>)>, LedgerError> {
        match self.shares.placing.share(self.ledger.as_ref()).await? {
            Share::Ours => {}
            // Until now somebody else placed events: what is remembered is out of date.
            Share::OursNow => *remembered = Remembered::default(),
            Share::Others => return Ok(None),
        }
        if let Some(placed) = remembered.placed {
            match self.fresh.after(placed, BATCH) {
                Follows::Events(last, events) => return Ok(Some((Some(last), events))),
                Follows::Nothing => return Ok(None),
                Follows::Unknown => {}
            }
        }
        let waiting = self.ledger.waiting(u32::try_from(BATCH).unwrap_or(u32::MAX)).await?;
        if waiting.is_empty() {
            self.sources.backlog.set(0, 0);
            return Ok(None);
        }
        let (last, events) = self.read_some(&waiting).await?;
        let all = waiting.len() < BATCH && waiting.last() == last.as_ref();
        Ok(Some((last.filter(|_| all), events)))
    }

    /// Places events in one batch; when somebody changed one of their incidents in between, once
    /// more. Says whether a run begins.
    async fn place_together(
        &self,
        events: &[Read],
        remembered: &mut Remembered,
    ) -> Result<bool, LedgerError> {
        loop {
            match self.place_once(events, remembered).await {
                Ok(begins_runs) => return Ok(begins_runs),
                Err(error) => {
                    *remembered = Remembered::default();
                    let LedgerError::Conflict { stream } = error else { return Err(error) };
                    tracing::debug!(stream, "placed again after a conflict");
                }
            }
        }
    }

    async fn place_once(
        &self,
        events: &[Read],
        remembered: &mut Remembered,
    ) -> Result<bool, LedgerError> {
        let number = match remembered.number {
            Some(number) => number,
            None => self.ledger.last_number().await?,
        };
        self.look_at_suppressions(remembered).await?;
        let new = events.iter().map(|read| &read.event);
        let unknown =
            |it: &&SecurityEvent| remembered.open.open_for(it).is_none() && !is_canary(it);
        let asked = self.ask_about(new.filter(unknown)).await;
        let mut draft = Draft { number, asked, ..Draft::default() };
        for read in events {
            if let Some(id) = remembered.suppressed_by(&read.event, self.clock.now()) {
                draft.suppressed.entry(id.to_owned()).or_default().push(read.event.event_id);
                continue;
            }
            let key = match self.belongs_to(&read.event, &mut draft, remembered).await? {
                Some(key) => {
                    self.add(read, &key, &mut draft);
                    Some(key)
                }
                None => self.open(read, &mut draft).await?,
            };
            let correlates = !self.correlations.is_empty() && !is_canary(&read.event);
            if let Some(key) = key.filter(|_| correlates) {
                draft.placed.insert(read.event.event_id, key);
            }
        }
        self.correlate(events, &mut draft, remembered).await?;
        self.keep_back(&mut draft);
        let Draft { mut batch, touched, number, groups, .. } = draft;
        let mut changes = self.breaker_facts().await?;
        batch.facts.splice(0..0, std::mem::take(&mut changes.facts));
        let begins_runs =
            batch.facts.iter().any(|fact| matches!(fact.what, What::RunCreated { .. }));
        let silent = silent_in(&batch);
        self.ledger.append(batch).await?;
        self.breakers_written(changes).await;
        self.knowledge.late.ask_again(silent, self.clock.now());
        remembered.absorb(touched, number, groups);
        Ok(begins_runs)
    }

    /// The events at these places, in their order, as many as there is room for, and the place of
    /// the last one. One that cannot be read is set aside once those before it are placed.
    async fn read_some(&self, places: &[u64]) -> Result<(Option<u64>, Vec<Read>), LedgerError> {
        let (mut events, mut bytes, mut last) = (Vec::new(), 0, None);
        for places in places.chunks(CHUNK) {
            for (place, read) in self.read_all(places).await? {
                match read {
                    Ok(read) => {
                        bytes += read.bytes;
                        events.push(read);
                    }
                    Err(it) if events.is_empty() => {
                        self.set_aside(it.event_id, &it.correlation, &it.why).await?;
                    }
                    Err(_) => return Ok((last, events)),
                }
                last = Some(place);
            }
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        Ok((last, events))
    }

    /// The events at these places, in their order.
    async fn read_all(
        &self,
        places: &[u64],
    ) -> Result<BTreeMap<u64, Result<Read, Unreadable>>, LedgerError> {
        let mut events: BTreeMap<_, _> = places
            .iter()
            .filter_map(|&place| self.fresh.take(place).map(|read| (place, Ok(read))))
            .collect();
        let others: Vec<u64> =
            places.iter().copied().filter(|place| !events.contains_key(place)).collect();
        if !others.is_empty() {
            for waiting in self.ledger.arrived(others).await? {
                events.insert(waiting.seq, read(waiting, &self.sources));
            }
        }
        Ok(events)
    }

    /// The open incident that the event belongs to; the draft has it then.
    async fn belongs_to(
        &self,
        event: &SecurityEvent,
        draft: &mut Draft,
        remembered: &Remembered,
    ) -> Result<Option<String>, LedgerError> {
        if let Some(incident) = draft.touched.open_for(event) {
            return Ok(Some(incident.key.clone()));
        }
        let known = if let Some(incident) = remembered.open.open_for(event) {
            Some(incident.clone())
        } else {
            let key = event.incident_key.as_deref();
            match self.ledger.open_incident(key, &event.fingerprint).await? {
                Some(incident) => Some(incident),
                None => self.joined(event).await?,
            }
        };
        let Some(incident) = known else { return Ok(None) };
        let key = incident.key.clone();
        // One that the draft has and that is not open any more is closed by it.
        if let Some(drafted) = draft.touched.get(&key) {
            return Ok(drafted.is_open().then_some(key));
        }
        draft.batch.expect.insert(key.clone(), incident.version);
        draft.touched.insert(incident);
        Ok(Some(key))
    }

    /// Adds an event to an incident of the draft, which is then as its records will make it.
    fn add(&self, read: &Read, key: &str, draft: &mut Draft) {
        let event = &read.event;
        let Some(incident) = draft.touched.get_mut(key) else { return };
        let observed_at = event.observed_at.unwrap_or(event.received_at);
        let at = *draft.adding.entry(key.to_owned()).or_insert_with(|| {
            let what = What::EventsAdded { events: Vec::new() };
            let fact = self.triage_fact(&read.correlation, what).of(key);
            incident.apply(&fact);
            draft.batch.facts.push(fact);
            draft.batch.facts.len() - 1
        });
        // What is said of one alert of several is not said of the incident's own.
        let part = (!belongs_alike(event, &incident.event)).then(|| belonging(event));
        let phase = if part.is_some() { Phase::Update } else { event.phase };
        let Some(fact) = draft.batch.facts.get_mut(at) else { return };
        let What::EventsAdded { events } = &mut fact.what else { return };
        let added = Added {
            event_id: event.event_id,
            correlation: Some(read.correlation.clone()),
            observed_at,
            severity: event.severity,
            phase,
            placement: place(
                &self.window,
                Some(&incident.occurrence),
                observed_at.as_millisecond(),
            ),
        };
        incident.add(&added, fact.at);
        events.push(added);
        let what = part.and_then(|belongs| match event.phase {
            Phase::Resolved => Some(What::PartResolved { belongs }),
            Phase::Open => {
                let was_resolved = incident.union.parts.get(&belongs) == Some(&true);
                was_resolved.then_some(What::PartReopened { belongs })
            }
            Phase::Update => None,
        });
        if let Some(what) = what {
            let fact = self.triage_fact(&read.correlation, what).of(key);
            incident.apply(&fact);
            draft.batch.facts.push(fact);
            // What is added from now on comes after it, for whoever folds the records too.
            draft.adding.remove(key);
        }
    }

    /// Opens an incident, and gives its key; none for what is ignored.
    async fn open(&self, read: &Read, draft: &mut Draft) -> Result<Option<String>, LedgerError> {
        let Read { event, correlation, .. } = read;
        let enrichment = self.enrich(event, &draft.asked).await?;
        let score = self.model.score(event, &enrichment);
        let playbooks = self.playbooks.in_use();
        let decision = decide(event, &enrichment, &score, &playbooks, false);
        if matches!(decision, Decision::Run { .. }) && !draft.breakers_renewed {
            self.renew_breakers().await?;
            draft.breakers_renewed = true;
        }
        let held = self.held_at_once(event, &decision).await?;
        let decision = if held.is_empty() {
            decision
        } else {
            decide(event, &enrichment, &score, &playbooks, true).because(&held)
        };
        if let Decision::Ignore { reasons } = decision {
            let what = What::Ignored { event_id: event.event_id, reasons };
            draft.batch.facts.push(self.triage_fact(correlation, what));
            return Ok(None);
        }
        draft.number += 1;
        let key = format!("INC-{}", draft.number);
        let opened = What::Opened {
            event: Box::new(event.clone()),
            enrichment: Box::new(enrichment),
            score: Box::new(score),
            decision,
        };
        let fact = self.triage_fact(correlation, opened).of(&key);
        let Some(incident) = Incident::open(&fact) else { return Ok(None) };
        draft.batch.expect.insert(key.clone(), 0);
        draft.batch.facts.push(fact);
        if let Some(place) = self.routes.first(&facts_of(&incident)) {
            draft.batch.facts.push(self.triage_fact(
                correlation,
                What::NoticePlaced {
                    incident: key.clone(),
                    card: "card".into(),
                    conversation: place.conversation.clone(),
                },
            ));
        }
        let mut incident = self.start_playbook(incident, correlation, draft);
        draft.batch.facts.extend(self.rehearse(&mut incident, correlation));
        draft.touched.insert(incident);
        Ok(Some(key))
    }

    /// Starts the playbook that the decision names, or asks people about it.
    fn start_playbook(
        &self,
        mut incident: Incident,
        correlation: &str,
        draft: &mut Draft,
    ) -> Incident {
        let (id, ask) = match &incident.decision {
            Decision::Run { playbook, .. } => (playbook.clone(), None),
            Decision::AskHuman { playbook: Some(playbook), reasons } => {
                (playbook.clone(), Some(reasons.join("; ")))
            }
            _ => return incident,
        };
        let Some(playbook) = self.playbooks.find(&id) else { return incident };
        let actor = Actor::service("triage");
        match new_run(self, &incident, &playbook, &actor, correlation, ask) {
            Ok(facts) => {
                for fact in facts {
                    if fact.stream.is_some() {
                        incident.apply(&fact);
                    }
                    draft.batch.facts.push(fact);
                }
            }
            Err(error) => tracing::warn!(
                incident.key, playbook = id, error = %error,
                "the playbook does not fit this event and was not started"
            ),
        }
        incident
    }

    fn triage_fact(&self, correlation: &str, what: What) -> Fact {
        self.fact(Actor::service("triage"), correlation, what)
    }
}

fn read(waiting: Waiting, sources: &Sources) -> Result<Read, Unreadable> {
    let Waiting { event_id, raw, source, received_at, .. } = &waiting;
    let event = sources.read_again(*event_id, raw, source, *received_at).map_err(|error| {
        let why = format!("the event at record {} is unreadable: {error}", waiting.seq);
        Unreadable { event_id: *event_id, correlation: waiting.correlation.clone(), why }
    })?;
    Ok(Read::new(event, waiting.correlation, waiting.raw.len()))
}
