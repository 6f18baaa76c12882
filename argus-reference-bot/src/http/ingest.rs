//! `POST /ingest` and `POST /ingest/{source}`: who is it, is there room, what is it, and 202 once it
//! is on disk.
//!
//! The order is the defence: a stranger costs a digest, a sender in a storm costs its header, and
//! only what may be written soon is read, unpacked and parsed.

mod answer;
mod complaints;
mod handshake;
mod payload;
mod proof;
mod settings;
#[cfg(test)]
mod tests;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::server::BodyError;
use argus_soc::event::{Delivery, DeliveryError};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use hyper::body::Incoming;
use tokio::time::Instant;

pub(super) use self::complaints::Complaints;
pub(super) use self::handshake::asks;
use self::payload::{Said, Unread};
pub(super) use self::proof::header_is;
use self::proof::{Proof, Shown};
pub use self::proof::{SourceDoor, SourceKey};
pub use self::settings::{Doors, sources};
pub(super) use self::writes::Writes;
use super::admission::{Pass, Shed};
use super::reply::Problem;
use super::{Answer, Inner};
use crate::flows::correlation_id;
use crate::flows::ingest::IngestError;
use crate::flows::sources::Reason;

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// A sender has its answer within a second, also when the disk or Entra does not answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// How late a sender hears that there is no room. Many do not heed `Retry-After`; those who ask again
/// at once would use up what the others need.
const RECONSIDER: Duration = Duration::from_millis(100);

/// Why a sender is turned away: for the metrics, and for the sender.
struct Refusal {
    source: Option<usize>,
    reason: Option<Reason>,
    problem: Box<Problem>,
}

impl Refusal {
    fn of(source: usize, reason: Reason, problem: Problem) -> Self {
        Self { source: Some(source), reason: Some(reason), problem: Box::new(problem) }
    }

    fn stranger() -> Self {
        Self { source: None, reason: None, problem: Box::new(stranger()) }
    }
}

/// Who comes.
enum Caller {
    /// This source, proven.
    Proven(usize),
    /// Somebody who shows a signature: one of these sources, if it is one over the body.
    Signs(Vec<usize>),
}

impl Inner {
    pub(super) async fn ingest(
        self: &Arc<Self>,
        name: Option<&str>,
        parts: &Parts,
        body: &mut Incoming,
    ) -> Answer {
        let correlation = correlation_id();
        let mut answer = match self.take(name, parts, body, &correlation).await {
            Ok(answer) => answer,
            Err(refusal) => {
                if matches!(refusal.reason, Some(Reason::Busy | Reason::Quota)) {
                    tokio::time::sleep(RECONSIDER).await;
                }
                self.refuse(refusal)
            }
        };
        if let Ok(value) = HeaderValue::from_str(&correlation) {
            answer.headers_mut().insert(CORRELATION, value);
        }
        answer
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        self.soc.metrics.refused();
        let source = refusal.source.and_then(|source| self.sources.get(source));
        if let (Some(source), Some(reason)) = (source, refusal.reason) {
            self.soc.sources.refused(&source.name, reason, self.soc.clock.now());
        }
        refusal.problem.answer()
    }

    async fn take(
        self: &Arc<Self>,
        name: Option<&str>,
        parts: &Parts,
        body: &mut Incoming,
        correlation: &str,
    ) -> Result<Answer, Refusal> {
        let shown = Shown::read(&parts.headers, &parts.extensions, self.soc.clock.now());
        let caller = self.caller(name, &shown).await?;
        let account = match caller {
            Caller::Proven(place) => place,
            Caller::Signs(_) => self.strangers(),
        };
        if self.soc.sources.backlog.is_full() {
            return Err(self.shed(account, Shed::Backlog));
        }
        let mut pass =
            self.admission.knock(account, Instant::now()).map_err(|it| self.shed(account, it))?;
        let said = Said::read(&parts.headers);
        let unreadable = |place| move |problem| Refusal::of(place, Reason::Unreadable, problem);
        let mut read =
            async |pass| payload::read(body, self.limits.most(), &parts.extensions, pass).await;
        let (place, said, raw) = match caller {
            Caller::Proven(place) => {
                let said = said.map_err(unreadable(place))?;
                let raw = read(&mut pass).await.map_err(|it| self.unread_event(place, it))?;
                (place, said, raw)
            }
            Caller::Signs(candidates) => {
                let raw = read(&mut pass).await.map_err(|it| self.unread_of_stranger(it))?;
                let place = self.signer(&candidates, &shown, &raw);
                let place = place.ok_or_else(Refusal::stranger)?;
                pass.belongs_to(place);
                (place, said.map_err(unreadable(place))?, raw)
            }
        };
        let raw = if said.packed {
            let unpacked =
                payload::unpack(&raw, self.limits.most(), &mut |bytes| pass.carry(bytes)).await;
            unpacked.map_err(|error| self.unread_event(place, error))?
        } else {
            raw
        };
        if handshake::is_validation(&parts.headers) {
            return handshake::validated(&raw)
                .map_err(|problem| Refusal::of(place, Reason::Unreadable, problem));
        }
        self.deliver(place, said, raw, pass, correlation).await
    }

    /// Who it is, as far as its headers tell. Whoever may not speak learns nothing, not even whether
    /// a source of that name exists: a signature is looked at in the same way for any name.
    async fn caller(&self, name: Option<&str>, shown: &Shown) -> Result<Caller, Refusal> {
        let (mut signers, mut unknown, mut signs) = (Vec::new(), None, false);
        let until = Instant::now() + PATIENCE;
        for (place, source) in self.sources.iter().enumerate() {
            signs |= shown.claims(&source.keys);
            if name.is_some_and(|name| source.name != name) {
                continue;
            }
            match shown.before_body(&source.keys, until).await {
                Proof::None => {}
                Proof::Unknown => unknown = Some(place),
                Proof::NeedsBody => signers.push(place),
                Proof::Whole => return Ok(Caller::Proven(place)),
            }
        }
        match unknown {
            Some(place) if signers.is_empty() => Err(keyless(place)),
            _ if signs => Ok(Caller::Signs(signers)),
            _ => Err(Refusal::stranger()),
        }
    }

    /// Which of the sources signed the body. For none of them a key is tried that nobody has, so
    /// that it takes as long as for one.
    fn signer(&self, candidates: &[usize], shown: &Shown, raw: &[u8]) -> Option<usize> {
        if candidates.is_empty() {
            shown.signed(&self.decoy, raw);
            return None;
        }
        let signed = |place: &usize| {
            self.sources.get(*place).is_some_and(|source| shown.signed(&source.keys, raw))
        };
        candidates.iter().copied().find(signed)
    }

    /// The account of those who have not proven yet who they are.
    fn strangers(&self) -> usize {
        self.sources.len()
    }

    /// `OPTIONS` of a sender of `CloudEvents` that asks whether it may come.
    pub(super) async fn greet(&self, name: &str, parts: &Parts) -> Answer {
        let headers = &parts.headers;
        let shown = Shown::read(headers, &parts.extensions, self.soc.clock.now());
        match self.caller(Some(name), &shown).await {
            Ok(Caller::Proven(_)) => handshake::greeted(headers),
            Ok(Caller::Signs(_)) => self.refuse(Refusal::stranger()),
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Hands an authenticated source's events over, and says what became of them.
    async fn deliver(
        self: &Arc<Self>,
        place: usize,
        said: Said,
        raw: Bytes,
        mut pass: Pass,
        correlation: &str,
    ) -> Result<Answer, Refusal> {
        let parts: Option<Vec<Bytes>> =
            match self.soc.sources.delivery(&raw, said.label, self.limits.batch_events) {
                Ok(Delivery::One(_)) => None,
                Ok(Delivery::Many(parts)) => {
                    Some(parts.into_iter().map(|part| raw.slice_ref(part)).collect())
                }
                Err(error) => {
                    return Err(Refusal::of(place, Reason::Unreadable, undivided(&error)));
                }
            };
        let events = parts.as_ref().map_or(1, Vec::len);
        pass.enter(events, Instant::now()).map_err(|shed| self.shed(place, shed))?;
        let (inner, correlated) = (Arc::clone(self), correlation.to_owned());
        // What the disk was given takes up room until it answers, whoever waits for that.
        let written = self.writes.begin(async move {
            let answer = match parts {
                None => inner.one(place, said.key, raw, &correlated).await,
                Some(parts) => inner.many(place, said.key, parts, &correlated).await,
            };
            pass.answered(Instant::now());
            answer
        });
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(answer)) => answer,
            // It may be on disk or not: the sender comes again, and is told then.
            Err(_) | Ok(Err(_)) => Err(self.too_slow(place, correlation)),
        }
    }

    async fn one(
        &self,
        place: usize,
        key: Option<String>,
        raw: Bytes,
        correlation: &str,
    ) -> Result<Answer, Refusal> {
        let source = self.sources.get(place).ok_or_else(Refusal::stranger)?;
        let taken =
            self.soc.receive(&source.name, source.shape, key, raw, correlation.to_owned()).await;
        let receipt = taken.map_err(|error| self.not_taken(place, &error, correlation))?;
        self.soc.metrics.ingested(receipt.duplicate);
        tracing::debug!(
            correlation_id = correlation,
            event.source = source.name,
            event.seq = receipt.seq,
            event.duplicate = receipt.duplicate,
            "an event was accepted"
        );
        Ok(answer::one(&receipt, correlation))
    }

    async fn many(
        &self,
        place: usize,
        key: Option<String>,
        parts: Vec<Bytes>,
        correlation: &str,
    ) -> Result<Answer, Refusal> {
        let source = self.sources.get(place).ok_or_else(Refusal::stranger)?;
        let taken =
            self.soc.receive_many(&source.name, source.shape, key, parts, correlation).await;
        let taken = taken.map_err(|error| self.not_taken(place, &error, correlation))?;
        for taken in &taken {
            match taken {
                Ok(receipt) => self.soc.metrics.ingested(receipt.duplicate),
                Err(error) => {
                    self.soc.metrics.refused();
                    let reason = answer::problem(error).0;
                    self.soc.sources.refused(&source.name, reason, self.soc.clock.now());
                }
            }
        }
        tracing::debug!(
            correlation_id = correlation,
            event.source = source.name,
            events = taken.len(),
            "events were answered"
        );
        Ok(answer::many(&taken, correlation))
    }

    fn not_taken(&self, place: usize, error: &IngestError, correlation: &str) -> Refusal {
        if let IngestError::TryAgain(error) = error
            && self.complaints.may("store", Instant::now())
        {
            tracing::error!(correlation_id = correlation, error = %error, "an event was not stored");
        }
        let (reason, problem) = answer::problem(error);
        Refusal::of(place, reason, problem)
    }

    fn too_slow(&self, place: usize, correlation: &str) -> Refusal {
        if self.complaints.may("disk", Instant::now()) {
            tracing::error!(correlation_id = correlation, "the disk did not answer in time");
        }
        let detail = "The disk did not answer in time. Send it again.";
        let problem = Problem::new(503, "store-unavailable", detail).retry_after(2);
        Refusal::of(place, Reason::Store, problem)
    }

    fn shed(&self, place: usize, shed: Shed) -> Refusal {
        let (about, reason, problem) = match shed {
            Shed::Quota(after) => {
                let seconds = u32::try_from(after.as_secs().saturating_add(1)).unwrap_or(u32::MAX);
                let detail = "This source has sent as much as it may in a minute.";
                ("quota", Reason::Quota, Problem::new(429, "quota", detail).retry_after(seconds))
            }
            Shed::Busy => {
                let detail = "More comes in than can be written now. Send it again.";
                ("busy", Reason::Busy, Problem::new(503, "busy", detail).retry_after(1))
            }
            Shed::Backlog => {
                let detail = "Too many events wait to be looked at. Send it again later.";
                ("backlog", Reason::Busy, Problem::new(503, "backlog", detail).retry_after(10))
            }
        };
        if self.complaints.may(about, Instant::now()) {
            let source = self.sources.get(place).map_or("", |source| source.name.as_str());
            tracing::warn!(event.source = source, ?shed, "senders are turned away");
        }
        Refusal::of(place, reason, problem)
    }

    /// Whoever has not proven who it is learns only whether there is room.
    fn unread_of_stranger(&self, error: Unread) -> Refusal {
        match error {
            Unread::Shed(shed) => self.shed(self.strangers(), shed),
            _ => Refusal::stranger(),
        }
    }

    fn unread_event(&self, place: usize, error: Unread) -> Refusal {
        let most = self.limits.most();
        let (reason, problem) = match error {
            Unread::Shed(shed) => return self.shed(place, shed),
            Unread::Body(error) => {
                let reason = match error {
                    BodyError::TooBig => Reason::TooBig,
                    _ => Reason::Unreadable,
                };
                (reason, unread(error, most))
            }
            Unread::NotGzip => {
                let detail = "The body says that it is gzip, and does not unpack.";
                (Reason::Unreadable, Problem::new(400, "bad-gzip", detail))
            }
            Unread::Bomb => {
                let detail = "The body unpacks to more than a hundred times its size.";
                (Reason::TooBig, Problem::new(413, "gzip-bomb", detail))
            }
        };
        Refusal::of(place, reason, problem)
    }
}

/// The problem that a body is which was not read; it may have `most` bytes.
pub(super) fn unread(error: BodyError, most: usize) -> Problem {
    let (name, detail) = match error {
        BodyError::TooBig => ("too-big", format!("A body has at most {most} bytes.")),
        BodyError::Slow => ("too-slow", "The body did not arrive in time.".to_owned()),
        _ => ("bad-body", "The body ended early or was not framed properly.".to_owned()),
    };
    Problem::new(error.status(), name, detail)
}

fn undivided(error: &DeliveryError) -> Problem {
    match error {
        DeliveryError::TooMany { .. } => Problem::new(413, "too-many", error.to_string()),
        _ => Problem::new(400, "bad-json", error.to_string()),
    }
}

/// A token of Entra that nobody can check now may be a good one.
fn keyless(place: usize) -> Refusal {
    let detail = "The keys of Entra cannot be had now. Send it again.";
    let problem = Problem::new(503, "keys-unavailable", detail).retry_after(5);
    Refusal::of(place, Reason::Keys, problem)
}

fn stranger() -> Problem {
    Problem::unauthorised(
        "Bearer, X-Api-Key, X-Hub-Signature-256, X-Argus-Signature",
        "Show the source's key in `X-Api-Key`, its signature over the raw body in \
         `X-Hub-Signature-256: sha256=HEX`, or what else was agreed. A signature over a body that \
         is too large, too slow or broken cannot be checked.",
    )
}
