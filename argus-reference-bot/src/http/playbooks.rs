//! `GET /playbooks` and `POST /playbooks`.

use argus_bot_sdk::server::{body_timeout, read_body};
use argus_soc::ledger::fact::Actor;
use argus_soc::playbook::Diagnostic;
use argus_soc::playbook::lifecycle::{Life, Text};
use http::request::Parts;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::ingest::unread;
use super::reply::{self, Problem};
use super::{Answer, Inner};
use crate::flows::correlation_id;
use crate::flows::playbooks::{Heard, SubmitError, Unknown};
use crate::ports::ledger::documents;
use crate::ports::playbooks::LONGEST;

impl Inner {
    pub(super) async fn playbooks(&self) -> Answer {
        let lives = match documents::all::<Life>(self.soc.ledger.as_ref()).await {
            Ok(lives) => lives,
            Err(error) => return reply::unavailable(&error),
        };
        let playbooks = &self.soc.playbooks;
        let unreviewed = playbooks.unreviewed().map(|(it, how)| {
            json!({"id": it.id, "name": it.name, "version": it.version, "sha256": it.sha256,
                   "state": if it.gates.dry_run { "dry_run" } else { "live" }, "origin": how})
        });
        let need = playbooks.rules.reviewers;
        let texts = lives.iter().flat_map(|(_, life)| {
            life.texts.iter().map(|it| text_json(&life.id, it, need)).collect::<Vec<_>>()
        });
        let all: Vec<Value> = unreviewed.chain(texts).collect();
        let heard = playbooks.sources.heard();
        let sources: Vec<Value> = heard.iter().map(|(name, it)| source_json(name, it)).collect();
        reply::json_with(200, &json!({"playbooks": all, "sources": sources}))
    }

    pub(super) async fn submit(&self, parts: &Parts, body: &mut Incoming) -> Answer {
        if !self.may_read(&parts.headers) {
            return reply::admins_only();
        }
        let raw = match read_body(body, LONGEST, body_timeout(&parts.extensions)).await {
            Ok(raw) => raw,
            Err(error) => return unread(error, LONGEST).answer(),
        };
        let Ok(text) = std::str::from_utf8(&raw) else {
            return Problem::new(400, "bad-playbook", "The playbook is not UTF-8.").answer();
        };
        let (text, actor) = (("playbook.yaml", text), Actor::service("api"));
        let taken = Unknown::OrRetired;
        match self.soc.submit_playbook(text, "api", &actor, taken, &correlation_id()).await {
            Ok(taken) => {
                let it = &taken.playbook;
                reply::json_with(
                    if taken.is_new { 201 } else { 200 },
                    &json!({
                        "id": it.id, "version": it.version, "sha256": it.sha256,
                        "state": taken.stage, "warnings": taken.warnings,
                    }),
                )
            }
            Err(SubmitError::Invalid(found)) => {
                let each: Vec<Value> = found.0.iter().map(diagnostic_json).collect();
                Problem::new(422, "bad-playbook", "The playbook does not load.")
                    .with("report", found.to_string())
                    .with("diagnostics", each)
                    .answer()
            }
            Err(SubmitError::TryAgain(error)) => reply::unavailable(&error),
        }
    }
}

fn text_json(id: &str, it: &Text, need: usize) -> Value {
    json!({
        "id": id, "version": it.version, "sha256": it.sha256, "state": it.stage, "since": it.since,
        "origin": it.origin,
        "reviews": {"approved": it.approvals(), "needed": need, "rejected": it.objection().is_some()},
        "dry_runs": {"ended": it.dry_runs, "failed": it.failed},
        "why": it.why,
    })
}

fn source_json(name: &str, heard: &Heard) -> Value {
    json!({
        "name": name, "at": heard.at, "ok": heard.unread.is_none(), "why": heard.unread,
        "refused": heard.refused,
    })
}

fn diagnostic_json(it: &Diagnostic) -> Value {
    json!({
        "line": it.line, "column": it.column, "level": it.level, "message": it.message,
        "help": it.help, "source_line": it.source_line, "report": it.to_string(),
    })
}
