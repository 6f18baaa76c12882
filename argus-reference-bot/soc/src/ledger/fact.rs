//! What can happen, as it is written down. Each kind of fact is one variant; nothing else is true.
//!
//! Long because it is one list: every kind of record, documented, and nothing else.

mod actor;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use self::actor::Actor;
pub use self::read::Newer;
use crate::blast::{Concern, Held};
use crate::correlate::{Member, Placement};
use crate::decide::Decision;
use crate::effect::{Outcome, Probe, Progress};
use crate::enrich::Enrichment;
use crate::event::{Phase, SecurityEvent, Severity};
use crate::playbook::{PlannedStep, lifecycle};
use crate::run::Terms;
use crate::score::Score;
use crate::storm::bulletin::Covered;
use crate::storm::{breaker, bulletin, place};
use crate::suppress::Suppression;

/// The version of the record layout; a reader refuses a newer one.
pub const LAYOUT: u8 = 1;

/// One record of the chain, before it has a place in it.
///
/// Reading one refuses a newer layout and keeps a kind that it does not know as
/// [`What::Unknown`]; fields that it does not know in a kind that it does are passed over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// Layout version, [`LAYOUT`].
    pub v: u8,
    /// When, by the wall clock; order comes from the chain, not from here.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Ties this record to an ingest answer, log lines and a card footer.
    pub correlation: String,
    /// The incident whose state this record changes; `None` for records about an incident that do
    /// not change it, and for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// What.
    #[serde(flatten, serialize_with = "read::write_what")]
    pub what: What,
}

impl Fact {
    /// A fact that changes no incident.
    pub fn new(at: Timestamp, actor: Actor, correlation: impl Into<String>, what: What) -> Self {
        Self { v: LAYOUT, at, actor, correlation: correlation.into(), stream: None, what }
    }

    /// Makes it part of the history of `incident`.
    #[must_use]
    pub fn of(mut self, incident: &str) -> Self {
        self.stream = Some(incident.into());
        self
    }
}

/// One event among those that were added to an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The event.
    pub event_id: Uuid,
    /// From the ingest answer; where it is missing, the record's own is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// When it was observed, or received if the source does not say.
    pub observed_at: Timestamp,
    /// Its severity.
    pub severity: Severity,
    /// Open, update or resolved at the source.
    pub phase: Phase,
    /// Where it fell in the deduplication window.
    pub placement: Placement,
}

/// What happened. No field of a kind is named as one of [`Fact`], beside which it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum What {
    /// Argus started on this store.
    #[serde(rename = "system.started")]
    Started {
        /// The program's version.
        version: String,
    },
    /// An event was accepted; its raw body stands beside this record.
    #[serde(rename = "event.received")]
    Received {
        /// `UUIDv5` of source and native id.
        event_id: Uuid,
        /// The configured source.
        source: String,
        /// Digest of source and idempotency key, if the sender gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<String>,
        /// SHA-256 of the raw body, hex.
        raw_sha256: String,
    },
    /// The bodies of old events were written to a file; beside their records they are empty now.
    #[serde(rename = "store.archived")]
    Archived {
        /// The file's name, in the folder of the archives.
        file: String,
        /// SHA-256 of the file, hex.
        file_sha256: String,
        /// How many bodies are in it.
        events: u64,
        /// The first and the last event of each run of events whose bodies are in it.
        bodies: Vec<(u64, u64)>,
    },
    /// The first event of an incident, with everything that was known when it was judged.
    #[serde(rename = "incident.opened")]
    Opened {
        /// The event.
        event: Box<SecurityEvent>,
        /// What the sources answered, outages included.
        enrichment: Box<Enrichment>,
        /// The score, term by term.
        score: Box<Score>,
        /// What was decided.
        decision: Decision,
    },
    /// A further event of an incident, as it was written down before events were placed together.
    #[serde(rename = "incident.event_added")]
    EventAdded(Added),
    /// Further events of an incident, placed together.
    #[serde(rename = "incident.events_added")]
    EventsAdded {
        /// The events, in the order of the chain.
        events: Vec<Added>,
    },
    /// An event that opens no incident: noise, a canary, or resolved before it was seen.
    #[serde(rename = "event.ignored")]
    Ignored {
        /// The event.
        event_id: Uuid,
        /// Why.
        reasons: Vec<String>,
    },
    /// Sources that were silent when the incident was opened have answered; what is known, the score
    /// and the decision are these from now on.
    #[serde(rename = "incident.enriched")]
    Enriched {
        /// What the sources answered, outages included.
        enrichment: Box<Enrichment>,
        /// The score, term by term.
        score: Box<Score>,
        /// What is decided; never bolder than before.
        decision: Decision,
    },
    /// Somebody has it in hand.
    #[serde(rename = "incident.acknowledged")]
    Acknowledged,
    /// A ticket stands in the ITSM for this incident.
    #[serde(rename = "ticket.linked")]
    TicketLinked {
        /// The ITSM's configured name.
        system: String,
        /// The number people use.
        number: String,
        /// The id its API uses.
        remote_id: String,
        /// Where people open it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Somebody was allowed to do something.
    #[serde(rename = "access.allowed")]
    Allowed {
        /// The incident, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<String>,
        /// The action's name.
        action: String,
        /// Which rule and which roles.
        evidence: String,
    },
    /// Somebody was refused.
    #[serde(rename = "access.refused")]
    Refused {
        /// The incident, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<String>,
        /// The action's name.
        action: String,
        /// Stable code of the reason.
        code: String,
        /// The sentence the person read.
        why: String,
    },
    /// The incident shall have a card in this conversation.
    #[serde(rename = "notice.placed")]
    NoticePlaced {
        /// The incident.
        incident: String,
        /// Which of its cards (`card`, or `approval/RUN`).
        card: String,
        /// The conversation.
        conversation: String,
    },
    /// A card is about to be created in Teams. Without the matching `notice.delivered`, the create
    /// may have happened, and the next one says so.
    #[serde(rename = "notice.attempted")]
    NoticeAttempted {
        /// The incident.
        incident: String,
        /// Which of its cards (`card`, or `approval/RUN`).
        card: String,
        /// The conversation.
        conversation: String,
    },
    /// A card stands in Teams in this version.
    #[serde(rename = "notice.delivered")]
    NoticeDelivered {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
        /// The conversation.
        conversation: String,
        /// Teams' id of the message.
        activity_id: String,
        /// The state version shown.
        version: u64,
        /// Template, its version and hash.
        template: String,
    },
    /// The create that was attempted certainly did not happen.
    #[serde(rename = "notice.refused")]
    NoticeRefused {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
        /// Why.
        why: String,
    },
    /// A card cannot be delivered and is given up, loudly.
    #[serde(rename = "notice.abandoned")]
    NoticeAbandoned {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
        /// Why.
        why: String,
    },
    /// Cards that came too fast are covered by one digest, until their severity rises.
    #[serde(rename = "notice.digested")]
    NoticesDigested {
        /// The digest.
        digest: String,
        /// The conversation.
        conversation: String,
        /// What it covers.
        cards: Vec<Covered>,
    },
    /// A card shall stand in another conversation, since it cannot stand where it should.
    #[serde(rename = "notice.moved")]
    NoticeMoved {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
        /// Where to.
        conversation: String,
        /// Why.
        why: String,
    },
    /// A card that was given up is tried again.
    #[serde(rename = "notice.revived")]
    NoticeRevived {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
    },
    /// Somebody saw a card that was given up and wants no more of it.
    #[serde(rename = "notice.dropped")]
    NoticeDropped {
        /// The incident.
        incident: String,
        /// Which of its cards.
        card: String,
    },
    /// How a conversation stands with Teams has changed.
    #[serde(rename = "place.changed")]
    PlaceChanged {
        /// The conversation.
        conversation: String,
        /// How.
        change: place::Change,
    },
    /// A card of Argus' own has changed.
    #[serde(rename = "bulletin.changed")]
    BulletinChanged {
        /// Its name, like `D-3`.
        bulletin: String,
        /// How.
        change: bulletin::Change,
    },
    /// What pauses automation has changed.
    #[serde(rename = "breaker.changed")]
    BreakerChanged {
        /// What it watches over.
        scope: breaker::Scope,
        /// How.
        change: breaker::Change,
    },
    /// A playbook run was asked for or started.
    #[serde(rename = "run.created")]
    RunCreated {
        /// The run's id.
        run: String,
        /// The playbook.
        playbook: String,
        /// SHA-256 of the playbook's text.
        playbook_sha256: String,
        /// What it will do, targets bound.
        steps: Vec<PlannedStep>,
        /// How many attempts a step has.
        max_attempts: u32,
        /// How many different people its playbook wants to agree, if people are asked.
        #[serde(default = "crate::run::one", skip_serializing_if = "crate::run::is_one")]
        quorum: u32,
        /// What else it takes over from its playbook.
        #[serde(default, skip_serializing_if = "Terms::is_default")]
        terms: Terms,
    },
    /// The run may not overlap with another one, and is not begun.
    #[serde(rename = "run.rejected")]
    RunRejected {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
    /// Something about the run needs a person, or it waits for something.
    #[serde(rename = "run.held")]
    RunHeld {
        /// The run.
        run: String,
        /// The step that is not sent; `None` if it is about the whole run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// What the person is asked to agree to.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        concerns: BTreeSet<Concern>,
        /// Why, for a reader.
        why: String,
        /// Whether people are asked; otherwise it waits.
        asks: bool,
    },
    /// An effect counts against its playbook's budget, from its intent on.
    #[serde(rename = "budget.spent")]
    BudgetSpent {
        /// The playbook.
        playbook: String,
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// The effect's key.
        key: String,
        /// Whether it undoes something: that has a budget of its own.
        #[serde(default, skip_serializing_if = "is_false")]
        undo: bool,
        /// What it holds until it is undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<Held>,
    },
    /// What an effect held is free again.
    #[serde(rename = "budget.freed")]
    BudgetFreed {
        /// The run that freed it.
        run: String,
        /// The step that did.
        step: String,
        /// What is free.
        hold: String,
    },
    /// Somebody wants the run to stop.
    #[serde(rename = "run.cancel_requested")]
    CancelRequested {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
    /// The run took too long.
    #[serde(rename = "run.timed_out")]
    RunTimedOut {
        /// The run.
        run: String,
    },
    /// A person wants what the run did undone.
    #[serde(rename = "run.undo_requested")]
    UndoRequested {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
    /// The step is passed over.
    #[serde(rename = "step.skipped")]
    StepSkipped {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Why: which condition does not hold.
        why: String,
    },
    /// A person says what became of a step of which nobody knew.
    #[serde(rename = "step.resolved")]
    StepResolved {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Whether it took effect.
        happened: bool,
    },
    /// The step lets time pass.
    #[serde(rename = "timer.set")]
    TimerSet {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Until when.
        due: Timestamp,
    },
    /// The time of a step has come.
    #[serde(rename = "timer.fired")]
    TimerFired {
        /// The run.
        run: String,
        /// The step.
        step: String,
    },
    /// What a step of a dry run would send.
    #[serde(rename = "effect.would_send")]
    WouldSend {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Which connector.
        connector: String,
        /// Why it might be done: the permit's evidence.
        permit: String,
        /// What would be sent, without what proves who we are.
        request: Value,
    },
    /// Whom a step asked has answered, or has not in time.
    #[serde(rename = "user.answered")]
    UserAnswered {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// What they say.
        answer: crate::run::UserAnswer,
    },
    /// A person wants automation to go on that a person has halted; a second one has to agree.
    #[serde(rename = "breaker.resume_asked")]
    ResumeAsked {
        /// Which breaker.
        scope: breaker::Scope,
    },
    /// The run waits for people.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The run.
        run: String,
        /// Digest of exactly what would be done.
        digest: String,
        /// How many different people must agree.
        quorum: u32,
        /// Why a human is asked.
        reason: String,
        /// After this it is too late.
        expires_at: Timestamp,
        /// When people are reminded once, if nobody has decided by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind_at: Option<Timestamp>,
    },
    /// Those who were asked were reminded.
    #[serde(rename = "approval.reminded")]
    ApprovalReminded {
        /// The run.
        run: String,
    },
    /// Nobody decided in time, so others are asked.
    #[serde(rename = "approval.escalated")]
    ApprovalEscalated {
        /// The run.
        run: String,
        /// The role or group that decides from now on.
        to: String,
        /// After this it is too late for them as well.
        expires_at: Timestamp,
    },
    /// Whom a dry run would ask, if it were none.
    #[serde(rename = "approval.would_ask")]
    WouldAsk {
        /// The run.
        run: String,
        /// How many different people would have to agree.
        quorum: u32,
        /// The group whose members could, if its playbook names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approvers: Option<String>,
        /// Why a human would be asked.
        reason: String,
    },
    /// One person decided.
    #[serde(rename = "approval.decided")]
    ApprovalDecided {
        /// The run.
        run: String,
        /// The digest that they saw.
        digest: String,
        /// Yes or no.
        approve: bool,
        /// Why, in their own words. Older records do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nobody decided in time.
    #[serde(rename = "approval.expired")]
    ApprovalExpired {
        /// The run.
        run: String,
    },
    /// The step has its target to itself.
    #[serde(rename = "effect.leased")]
    Leased {
        /// The run.
        run: String,
        /// The step (`undo/STEP` for its rollback).
        step: String,
        /// The lease's name.
        lease: String,
    },
    /// The step gives its target back: another run may act on it.
    #[serde(rename = "effect.released")]
    Released {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// The lease's name.
        lease: String,
    },
    /// Another run has done, or is doing, the same thing; this step takes its result over.
    #[serde(rename = "effect.adopted")]
    Adopted {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Who holds the lease.
        holder: String,
    },
    /// The step is about to be sent. Durable before the first byte leaves.
    #[serde(rename = "effect.intended")]
    Intended {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// The effect's key, the same on every attempt.
        key: String,
        /// Which connector.
        connector: String,
        /// Why it may be done: the permit's evidence.
        permit: String,
        /// Attempt, from 1.
        attempt: u32,
    },
    /// What the far side answered.
    #[serde(rename = "effect.outcome")]
    Answered {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// The answer.
        outcome: Outcome,
    },
    /// What a look at the far side found.
    #[serde(rename = "effect.probed")]
    Probed {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// What was found.
        probe: Probe,
    },
    /// How far the effect has come.
    #[serde(rename = "effect.verified")]
    Verified {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Pending, done, or failed after all.
        progress: Progress,
    },
    /// The run is over.
    #[serde(rename = "run.finished")]
    RunFinished {
        /// The run.
        run: String,
        /// How.
        result: crate::run::Status,
    },
    /// Somebody handed in a playbook, as it was written down before texts had a life.
    #[serde(rename = "playbook.loaded")]
    PlaybookLoaded {
        /// Its id.
        playbook: String,
        /// Its version.
        version: String,
        /// SHA-256 of its text.
        sha256: String,
        /// Its text.
        text: String,
    },
    /// A playbook in dry run fits; this is what it would do.
    #[serde(rename = "playbook.would_run")]
    WouldRun {
        /// Its id.
        playbook: String,
        /// Each step in words.
        steps: Vec<String>,
    },
    /// Somebody handed in a playbook's text; it is a draft and does not act.
    #[serde(rename = "playbook.submitted")]
    PlaybookSubmitted {
        /// Its id.
        playbook: String,
        /// Its version.
        version: String,
        /// SHA-256 of its text.
        sha256: String,
        /// Its text.
        text: String,
        /// Where it comes from: `api`, `folder:FILE`, `git:COMMIT:FILE`.
        origin: String,
    },
    /// A person read a text and said whether it is good.
    #[serde(rename = "playbook.reviewed")]
    PlaybookReviewed {
        /// The playbook's id.
        playbook: String,
        /// SHA-256 of the text that they read.
        sha256: String,
        /// Whether it is good.
        approve: bool,
        /// Why, if they said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A text goes on to dry run, or is live.
    #[serde(rename = "playbook.promoted")]
    PlaybookPromoted {
        /// The playbook's id.
        playbook: String,
        /// SHA-256 of the text.
        sha256: String,
        /// What it is from now on.
        to: lifecycle::Stage,
    },
    /// A text is used no more.
    #[serde(rename = "playbook.retired")]
    PlaybookRetired {
        /// The playbook's id.
        playbook: String,
        /// SHA-256 of the text.
        sha256: String,
        /// Why.
        why: String,
    },
    /// A run of a text that is in dry run is over.
    #[serde(rename = "playbook.rehearsed")]
    PlaybookRehearsed {
        /// The playbook's id.
        playbook: String,
        /// SHA-256 of the text.
        sha256: String,
        /// The incident that it was for.
        incident: String,
        /// What went wrong, if something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// A set of card templates was activated or refused.
    #[serde(rename = "templates.activated")]
    TemplatesActivated {
        /// `name@version` of each template in use.
        templates: Vec<String>,
        /// What was refused, with file, line and column.
        refused: Vec<String>,
    },
    /// Events are scored by this model from here on.
    #[serde(rename = "score.activated")]
    ScoreActivated {
        /// The model's name.
        model: String,
        /// Its version.
        version: String,
        /// SHA-256 of its text.
        sha256: String,
    },
    /// Events that a correlation rule looks at came into one of its groups.
    #[serde(rename = "correlation.extended")]
    Correlated {
        /// The group, `RULE/HASH`.
        group: String,
        /// The events.
        members: Vec<Member>,
        /// How long they matter, in milliseconds.
        horizon_ms: i64,
    },
    /// The incident goes on in another one.
    #[serde(rename = "incident.merged")]
    Merged {
        /// Which one.
        into: String,
        /// What its events share, by which further ones are found.
        belongs: String,
        /// Why: a rule's name, or what a person said.
        why: String,
    },
    /// Another incident goes on in this one.
    #[serde(rename = "incident.absorbed")]
    Absorbed {
        /// Which one.
        incident: String,
        /// How many events it had.
        events: u64,
        /// Its severity.
        severity: Severity,
        /// Why.
        why: String,
        /// The alerts that it consists of, by what their events share, and whether the source says
        /// that each is resolved. Older records do not say.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parts: BTreeMap<String, bool>,
        /// Alerts of which a person said that they are no part of it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        parted: BTreeSet<String>,
    },
    /// The incident stands for itself again.
    #[serde(rename = "incident.parted")]
    Parted {
        /// In which one it went on.
        from: String,
        /// What its events share.
        belongs: String,
        /// What the source said of its alerts meanwhile, as [`What::Absorbed`] has them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parts: BTreeMap<String, bool>,
    },
    /// Another incident, or some of the events, stand for themselves again.
    #[serde(rename = "incident.shed")]
    Shed {
        /// The incident that they are.
        incident: String,
        /// How many events.
        events: u64,
        /// Whether it had been another incident before.
        absorbed: bool,
        /// The events themselves, if it had not: they are placed anew.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        moved: Vec<Uuid>,
        /// The alerts that leave with it, if it had been another incident.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        parts: BTreeSet<String>,
    },
    /// The source says that what had been another incident is resolved.
    #[serde(rename = "incident.part_resolved")]
    PartResolved {
        /// What its events share.
        belongs: String,
    },
    /// What had been another incident is open at the source again.
    #[serde(rename = "incident.part_reopened")]
    PartReopened {
        /// What its events share.
        belongs: String,
    },
    /// The incident is quiet for a while: repeats do not change its card.
    #[serde(rename = "incident.snoozed")]
    Snoozed {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// The incident is no longer quiet.
    #[serde(rename = "incident.woken")]
    Woken {
        /// Why.
        why: String,
    },
    /// Events are not shown for a while.
    #[serde(rename = "suppression.added")]
    SuppressionAdded(Suppression),
    /// A suppression is over.
    #[serde(rename = "suppression.ended")]
    SuppressionEnded {
        /// Which one.
        id: String,
        /// Why.
        why: String,
    },
    /// Events that open no incident since a suppression covers them.
    #[serde(rename = "event.suppressed")]
    Suppressed {
        /// Which suppression.
        suppression: String,
        /// The events.
        events: Vec<Uuid>,
    },
    /// What a newer version wrote. A run that it is about waits for a person.
    #[serde(skip)]
    Unknown(Newer),
}

impl What {
    /// The stable name of the kind, as stored.
    pub fn kind(&self) -> &str {
        match self {
            Self::Started { .. } => "system.started",
            Self::Received { .. } => "event.received",
            Self::Archived { .. } => "store.archived",
            Self::Opened { .. } => "incident.opened",
            Self::EventAdded(..) => "incident.event_added",
            Self::EventsAdded { .. } => "incident.events_added",
            Self::Ignored { .. } => "event.ignored",
            Self::Enriched { .. } => "incident.enriched",
            Self::Acknowledged => "incident.acknowledged",
            Self::TicketLinked { .. } => "ticket.linked",
            Self::Allowed { .. } => "access.allowed",
            Self::Refused { .. } => "access.refused",
            Self::NoticePlaced { .. } => "notice.placed",
            Self::NoticeAttempted { .. } => "notice.attempted",
            Self::NoticeDelivered { .. } => "notice.delivered",
            Self::NoticeRefused { .. } => "notice.refused",
            Self::NoticeAbandoned { .. } => "notice.abandoned",
            Self::NoticesDigested { .. } => "notice.digested",
            Self::NoticeMoved { .. } => "notice.moved",
            Self::NoticeRevived { .. } => "notice.revived",
            Self::NoticeDropped { .. } => "notice.dropped",
            Self::PlaceChanged { .. } => "place.changed",
            Self::BulletinChanged { .. } => "bulletin.changed",
            Self::BreakerChanged { .. } => "breaker.changed",
            Self::RunCreated { .. } => "run.created",
            Self::RunRejected { .. } => "run.rejected",
            Self::RunHeld { .. } => "run.held",
            Self::BudgetSpent { .. } => "budget.spent",
            Self::BudgetFreed { .. } => "budget.freed",
            Self::CancelRequested { .. } => "run.cancel_requested",
            Self::RunTimedOut { .. } => "run.timed_out",
            Self::UndoRequested { .. } => "run.undo_requested",
            Self::StepSkipped { .. } => "step.skipped",
            Self::StepResolved { .. } => "step.resolved",
            Self::TimerSet { .. } => "timer.set",
            Self::TimerFired { .. } => "timer.fired",
            Self::WouldSend { .. } => "effect.would_send",
            Self::ApprovalRequested { .. } => "approval.requested",
            Self::WouldAsk { .. } => "approval.would_ask",
            Self::UserAnswered { .. } => "user.answered",
            Self::ResumeAsked { .. } => "breaker.resume_asked",
            Self::ApprovalReminded { .. } => "approval.reminded",
            Self::ApprovalEscalated { .. } => "approval.escalated",
            Self::ApprovalDecided { .. } => "approval.decided",
            Self::ApprovalExpired { .. } => "approval.expired",
            Self::Leased { .. } => "effect.leased",
            Self::Released { .. } => "effect.released",
            Self::Adopted { .. } => "effect.adopted",
            Self::Intended { .. } => "effect.intended",
            Self::Answered { .. } => "effect.outcome",
            Self::Probed { .. } => "effect.probed",
            Self::Verified { .. } => "effect.verified",
            Self::RunFinished { .. } => "run.finished",
            Self::PlaybookLoaded { .. } => "playbook.loaded",
            Self::WouldRun { .. } => "playbook.would_run",
            Self::PlaybookSubmitted { .. } => "playbook.submitted",
            Self::PlaybookReviewed { .. } => "playbook.reviewed",
            Self::PlaybookPromoted { .. } => "playbook.promoted",
            Self::PlaybookRetired { .. } => "playbook.retired",
            Self::PlaybookRehearsed { .. } => "playbook.rehearsed",
            Self::TemplatesActivated { .. } => "templates.activated",
            Self::ScoreActivated { .. } => "score.activated",
            Self::Correlated { .. } => "correlation.extended",
            Self::Merged { .. } => "incident.merged",
            Self::Absorbed { .. } => "incident.absorbed",
            Self::Parted { .. } => "incident.parted",
            Self::Shed { .. } => "incident.shed",
            Self::PartResolved { .. } => "incident.part_resolved",
            Self::PartReopened { .. } => "incident.part_reopened",
            Self::Snoozed { .. } => "incident.snoozed",
            Self::Woken { .. } => "incident.woken",
            Self::SuppressionAdded(..) => "suppression.added",
            Self::SuppressionEnded { .. } => "suppression.ended",
            Self::Suppressed { .. } => "event.suppressed",
            Self::Unknown(newer) => &newer.kind,
        }
    }

    /// The run it is about, if any.
    pub fn run(&self) -> Option<&str> {
        match self {
            Self::RunCreated { run, .. }
            | Self::ApprovalRequested { run, .. }
            | Self::WouldAsk { run, .. }
            | Self::UserAnswered { run, .. }
            | Self::ApprovalReminded { run }
            | Self::ApprovalEscalated { run, .. }
            | Self::ApprovalDecided { run, .. }
            | Self::ApprovalExpired { run }
            | Self::Leased { run, .. }
            | Self::Released { run, .. }
            | Self::Adopted { run, .. }
            | Self::Intended { run, .. }
            | Self::Answered { run, .. }
            | Self::Probed { run, .. }
            | Self::Verified { run, .. }
            | Self::RunRejected { run, .. }
            | Self::RunHeld { run, .. }
            | Self::BudgetSpent { run, .. }
            | Self::BudgetFreed { run, .. }
            | Self::CancelRequested { run, .. }
            | Self::RunTimedOut { run }
            | Self::UndoRequested { run, .. }
            | Self::StepSkipped { run, .. }
            | Self::StepResolved { run, .. }
            | Self::TimerSet { run, .. }
            | Self::TimerFired { run, .. }
            | Self::WouldSend { run, .. }
            | Self::RunFinished { run, .. } => Some(run),
            Self::Unknown(newer) => newer.fields.get("run").and_then(Value::as_str),
            _ => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(it: &bool) -> bool {
    !it
}
