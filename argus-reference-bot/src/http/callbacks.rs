//! `POST /callbacks/sharepoint`: Graph says that something in the templates' library has changed.
//!
//! A notification is a hint and nothing more: it has no data, and what it leads to is a look.

use argus_bot_sdk::server::{body_timeout, read_body};
use argus_cards::source::sharepoint::Notice;
use http::request::Parts;
use hyper::body::Incoming;

use super::ingest::unread;
use super::reply::{self, Problem};
use super::{Answer, Inner};

/// Longest body; Graph sends some kilobytes.
const LONGEST: usize = 256 * 1_024;

impl Inner {
    pub(super) async fn templates_changed(&self, parts: &Parts, body: &mut Incoming) -> Answer {
        let Some(push) = &self.push else {
            return Problem::new(404, "not-found", "There is nothing here.").answer();
        };
        let query = parts.uri.query().unwrap_or_default();
        let token = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "validationToken")
            .map(|(_, value)| value.into_owned());
        let raw = match read_body(body, LONGEST, body_timeout(&parts.extensions)).await {
            Ok(raw) => raw,
            Err(error) => return unread(error, LONGEST).answer(),
        };
        match push.receive(token.as_deref(), &raw) {
            Notice::Validate(token) => {
                let mut answer = reply::text(token);
                let sniff = http::HeaderValue::from_static("nosniff");
                answer.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, sniff);
                answer
            }
            Notice::Heard { foreign, .. } => {
                if foreign > 0 {
                    tracing::warn!(foreign, "notifications with another secret are not believed");
                }
                // Graph repeats what is not accepted, and a stranger learns nothing.
                reply::raw(202, "text/plain; charset=utf-8", "".into())
            }
            _ => Problem::new(400, "bad-json", "This is no notification of Microsoft Graph.")
                .answer(),
        }
    }
}
