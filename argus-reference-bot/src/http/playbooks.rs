//! `GET /playbooks` and `POST /playbooks`.

use argus_bot_sdk::server::{body_timeout, read_body};
use argus_soc::ledger::documents::Draft;
use argus_soc::ledger::fact::Actor;
use http::request::Parts;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::ingest::unread;
use super::reply::{self, Problem};
use super::{Answer, Inner};
use crate::flows::correlation_id;
use crate::flows::playbooks::SubmitError;
use crate::ports::ledger::documents;

/// Longest playbook, in bytes.
const LONGEST: usize = 256 * 1_024;

impl Inner {
    pub(super) async fn playbooks(&self) -> Answer {
        let drafts = match documents::all::<Draft>(self.soc.ledger.as_ref()).await {
            Ok(drafts) => drafts,
            Err(error) => return reply::unavailable(&error),
        };
        let in_use = self.soc.playbooks.in_use();
        let live = in_use.iter().map(|it| {
            json!({"id": it.id, "name": it.name, "version": it.version, "sha256": it.sha256,
                   "state": if it.gates.dry_run { "dry_run" } else { "live" }})
        });
        let drafts = drafts.into_iter().map(
            |(_, it)| json!({"id": it.id, "version": it.version, "sha256": it.sha256, "state": "draft"}),
        );
        reply::json_with(200, &json!({"playbooks": live.chain(drafts).collect::<Vec<Value>>()}))
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
        let actor = Actor::service("api");
        match self.soc.submit_playbook(text, actor, &correlation_id()).await {
            Ok(playbook) => {
                let warnings: Vec<String> =
                    playbook.warnings.iter().map(ToString::to_string).collect();
                reply::json_with(
                    201,
                    &json!({
                        "id": playbook.id, "version": playbook.version, "sha256": playbook.sha256,
                        "state": "draft", "warnings": warnings,
                    }),
                )
            }
            Err(SubmitError::Invalid(diagnostics)) => {
                Problem::new(422, "bad-playbook", "The playbook does not load.")
                    .with("report", diagnostics.to_string())
                    .answer()
            }
            Err(SubmitError::TryAgain(error)) => reply::unavailable(&error),
        }
    }
}
