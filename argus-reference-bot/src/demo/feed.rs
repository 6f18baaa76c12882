//! What the page is shown of the bot: the audit trail as it grows; and alerts sent on request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argus_sim::{AlertError, Feed, SampleAlert};
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Fact, What};
use async_trait::async_trait;
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::samples::{ALERTS, Alert};
use crate::chain::chain;
use crate::config::ConfigError;
use crate::flows::Soc;
use crate::hex::hex;
use crate::ports::ledger::Recorded;

/// Records read at once.
const PAGE: u32 = 500;

/// Reads the audit trail of the bot and signs alerts for its door.
#[derive(Debug)]
pub(super) struct DemoFeed {
    soc: Arc<Soc>,
    client: reqwest::Client,
    ingest: String,
    key: hmac::Key,
    sent: AtomicU64,
    lines: Mutex<Vec<Value>>,
    runtime: tokio::runtime::Handle,
}

impl DemoFeed {
    pub(super) fn new(soc: Arc<Soc>, bot_url: &str, secret: &str) -> Result<Self, ConfigError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .map_err(|error| ConfigError::value("demo", error.to_string()))?;
        Ok(Self {
            soc,
            client,
            ingest: format!("{bot_url}/ingest/demo"),
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            sent: AtomicU64::new(0),
            lines: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// Sends an alert with its signature; says what came back.
    pub(super) async fn send(&self, alert: &Alert) -> String {
        match self.deliver(alert).await {
            Ok(receipt) => {
                let text =
                    |name: &str| receipt.get(name).map(ToString::to_string).unwrap_or_default();
                format!(
                    "{}: accepted as record {} (correlation {})",
                    alert.product,
                    text("seq"),
                    text("correlation_id")
                )
            }
            Err(error) => format!("{}: {error}", alert.product),
        }
    }

    async fn deliver(&self, alert: &Alert) -> Result<Value, AlertError> {
        let failed = |why: String| AlertError::NotSent(why);
        let count = self.sent.fetch_add(1, Ordering::Relaxed);
        let body = revised(alert, count).ok_or_else(|| failed("the sample is not JSON".into()))?;
        let tag = hmac::sign(&self.key, body.as_bytes());
        let hex = hex(tag.as_ref());
        let answer = self
            .client
            .post(&self.ingest)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(body)
            .send()
            .await
            .map_err(|error| failed(chain(&error)))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| failed(chain(&error)))?;
        if status.is_success() { Ok(body) } else { Err(failed(body.to_string())) }
    }
}

#[async_trait]
impl Feed for DemoFeed {
    fn audit_after(&self, seq: u64) -> Vec<Value> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            lines.last().and_then(|line| line.get("seq").and_then(Value::as_u64)).unwrap_or(0);
        // The page asks from its own task; reading takes a moment on a thread of the store's.
        let read = tokio::task::block_in_place(|| {
            self.runtime.block_on(self.soc.ledger.records_after(known, PAGE))
        });
        lines.extend(read.unwrap_or_default().iter().map(line));
        lines
            .iter()
            .filter(|line| line.get("seq").and_then(Value::as_u64) > Some(seq))
            .cloned()
            .collect()
    }

    fn alerts(&self) -> Vec<SampleAlert> {
        let shown = |alert: &Alert| SampleAlert {
            name: alert.name.into(),
            title: alert.title.into(),
            product: alert.product.into(),
        };
        ALERTS.iter().map(shown).collect()
    }

    async fn send_alert(&self, name: &str) -> Result<Value, AlertError> {
        let alert = ALERTS.iter().find(|it| it.name == name).ok_or(AlertError::Unknown)?;
        self.deliver(alert).await
    }
}

/// The alert as the product would send it again: the same thing with another revision. Sent
/// unchanged it would be a repeat, which is not what somebody at the page wants to see.
fn revised(alert: &Alert, count: u64) -> Option<String> {
    let mut body: Value = serde_json::from_str(alert.body).ok()?;
    if let Some(id) = body.pointer_mut(alert.id)
        && count >= ALERTS.len() as u64
    {
        let old = id.as_str()?;
        *id = match old.parse::<jiff::Timestamp>() {
            Ok(at) => at
                .checked_add(jiff::SignedDuration::from_secs(count.cast_signed()))
                .ok()?
                .to_string()
                .into(),
            Err(_) => format!("{old}-{count}").into(),
        };
    }
    serde_json::to_string(&body).ok()
}

fn line(record: &Recorded) -> Value {
    let Fact { at, actor, correlation, what, stream, .. } = &record.fact;
    let hash: String = record.hash.to_string().chars().take(12).collect();
    json!({
        "seq": record.seq,
        "at": at,
        "kind": what.kind(),
        "who": actor.shown(),
        "text": words(what, stream.as_deref()),
        "correlation": correlation,
        "hash": hash,
    })
}

/// The record in a few words.
fn words(what: &What, incident: Option<&str>) -> String {
    let key = incident.unwrap_or_default();
    match what {
        What::Started { version } => format!("Argus {version} started"),
        What::Received { source, .. } => format!("an event from {source} is on disk"),
        What::Opened { event, score, .. } => {
            format!("{key}: {} (score {})", event.title, score.points())
        }
        What::EventsAdded { events } if events.len() > 1 => {
            format!("{key}: {} more events", events.len())
        }
        What::EventAdded(..) | What::EventsAdded { .. } => format!("{key}: one more event"),
        What::Allowed { action, evidence, .. } => format!("may {action}: {evidence}"),
        What::Refused { action, why, .. } => format!("may not {action}: {why}"),
        What::NoticePlaced { incident, card, .. } => format!("{incident}: {card} shall be shown"),
        What::NoticeAttempted { incident, card, .. } => {
            format!("{incident}: {card} is being created")
        }
        What::NoticeDelivered { incident, card, version, template, .. } => {
            format!("{incident}: {card} shows version {version} ({template})")
        }
        What::NoticeRefused { incident, why, .. } | What::NoticeAbandoned { incident, why, .. } => {
            format!("{incident}: {why}")
        }
        What::TicketLinked { number, .. } => format!("{key}: ticket {number}"),
        What::PlaybookSubmitted { playbook, version, origin, .. } => {
            format!("{playbook} {version}: handed in, from {origin}")
        }
        What::PlaybookReviewed { playbook, approve, .. } => {
            format!("{playbook}: {}", if *approve { "said to be good" } else { "rejected" })
        }
        What::PlaybookPromoted { playbook, to, .. } => {
            format!("{playbook}: {}", to.word().replace('_', " "))
        }
        What::PlaybookRetired { playbook, why, .. } => format!("{playbook}: retired, {why}"),
        What::PlaybookRehearsed { playbook, incident, failed, .. } => match failed {
            Some(why) => format!("{playbook}: its dry run for {incident} failed, {why}"),
            None => format!("{playbook}: its dry run for {incident} went well"),
        },
        What::TemplatesActivated { templates, refused } if refused.is_empty() => {
            templates.join(", ")
        }
        What::TemplatesActivated { refused, .. } => format!("refused: {}", refused.join("; ")),
        what => run_words(what).unwrap_or_else(|| key.to_owned()),
    }
}

/// A record of a run in a few words.
fn run_words(what: &What) -> Option<String> {
    Some(match what {
        What::RunCreated { run, playbook, .. } => format!("{run}: {playbook}"),
        What::ApprovalRequested { run, reason, .. } => format!("{run}: asks people, {reason}"),
        What::ApprovalDecided { run, approve, .. } => {
            format!("{run}: {}", if *approve { "approved" } else { "denied" })
        }
        What::WouldAsk { run, quorum, reason, .. } => {
            format!("{run}: would ask {quorum}, {reason}")
        }
        What::ApprovalExpired { run } => format!("{run}: nobody decided in time"),
        What::RunRejected { run, why } => format!("{run}: not begun, {why}"),
        What::RunHeld { run, why, asks, .. } => {
            format!("{run}: {}, {why}", if *asks { "needs a person" } else { "waits" })
        }
        What::BudgetSpent { playbook, step, .. } => format!("{step}: counts for {playbook}"),
        What::BudgetFreed { step, hold, .. } => format!("{step}: frees {hold}"),
        What::CancelRequested { run, why } => format!("{run}: to be stopped, {why}"),
        What::UndoRequested { run, why } => format!("{run}: to be undone, {why}"),
        What::RunTimedOut { run } => format!("{run}: its time is over"),
        What::StepSkipped { step, why, .. } => format!("{step}: passed over, {why}"),
        What::StepResolved { step, happened, .. } => {
            format!(
                "{step}: a person says that it {}",
                if *happened { "happened" } else { "did not" }
            )
        }
        What::TimerSet { step, due, .. } => format!("{step}: waits until {due}"),
        What::TimerFired { step, .. } => format!("{step}: its time has come"),
        What::WouldSend { step, connector, .. } => format!("{step}: would be sent by {connector}"),
        What::Adopted { step, holder, .. } => format!("{step}: taken over from {holder}"),
        What::Released { step, lease, .. } => format!("{step}: gives {lease} back"),
        What::UserAnswered { run, step, answer } => format!("{run}: {step} {}", answer.says()),
        What::ResumeAsked { scope } => format!("{scope}: a second person has to agree"),
        What::ApprovalReminded { run } => format!("{run}: reminds those who are asked"),
        What::ApprovalEscalated { run, to, .. } => format!("{run}: asks {to} now"),
        What::Leased { step, lease, .. } => format!("{step}: has {lease} to itself"),
        What::Intended { step, attempt, .. } => format!("{step}: intent, attempt {attempt}"),
        What::Answered { step, outcome, .. } => match outcome {
            Outcome::AlreadyThere { by, .. } => format!("{step}: already done by {by}"),
            Outcome::Accepted { remote, .. } => format!("{step}: accepted as {remote}"),
            Outcome::Failed { why } => format!("{step}: failed, {why}"),
            Outcome::NotYet { why, .. } => format!("{step}: not yet, {why}"),
            Outcome::Unsettled { why } => format!("{step}: nobody knows, {why}"),
        },
        What::Probed { step, probe, .. } => match probe {
            Probe::Found { remote, .. } => format!("{step}: looked, it is there as {remote}"),
            Probe::FoundForeign { by, .. } => format!("{step}: looked, done by {by}"),
            Probe::NotFound | Probe::NotListed { .. } => format!("{step}: looked, it is not there"),
            Probe::Unknown { why } => format!("{step}: looked, {why}"),
        },
        What::Verified { step, progress, .. } => match progress {
            Progress::Pending => format!("{step}: under way"),
            Progress::Done => format!("{step}: seen to be done"),
            Progress::Failed { why } => format!("{step}: failed after all, {why}"),
        },
        What::RunFinished { run, result } => {
            let result = format!("{result:?}").to_lowercase();
            format!("{run}: {result}")
        }
        _ => return None,
    })
}
