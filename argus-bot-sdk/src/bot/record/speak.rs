//! A connector that writes down each call and what came of it.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Value, json};

use super::Recorder;
use crate::Activity;
use crate::connector::{
    Call, Connector, ConversationRef, CreatedConversation, Governor, NewConversation, Reply,
    SendError, Sent,
};

struct Recorded {
    recorder: Arc<Recorder>,
    request: u64,
    inner: Arc<dyn Connector>,
}

/// The connector of one turn.
pub(super) fn recorded(
    recorder: Arc<Recorder>,
    request: u64,
    inner: Arc<dyn Connector>,
) -> Arc<dyn Connector> {
    Arc::new(Recorded { recorder, request, inner })
}

/// What a call gives, as a line of the recording has it.
trait Noted: Sized {
    fn note(&self) -> Value;

    /// The same out of a line.
    #[cfg(feature = "testing")]
    fn of(note: &Value) -> Self;
}

#[cfg(feature = "testing")]
fn text(note: &Value, name: &str) -> Option<String> {
    note.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(feature = "testing")]
fn status(note: &Value) -> Option<u16> {
    note.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok())
}

impl Noted for Sent {
    fn note(&self) -> Value {
        json!({ "status": self.status, "id": self.activity_id })
    }

    #[cfg(feature = "testing")]
    fn of(note: &Value) -> Self {
        Self::new(text(note, "id"), status(note).unwrap_or_default())
    }
}

impl Noted for CreatedConversation {
    fn note(&self) -> Value {
        json!({ "conversationId": self.id, "id": self.activity_id, "serviceUrl": self.service_url })
    }

    #[cfg(feature = "testing")]
    fn of(note: &Value) -> Self {
        let mut created =
            Self::new(text(note, "conversationId").unwrap_or_default(), text(note, "id"));
        created.service_url = text(note, "serviceUrl");
        created
    }
}

impl Noted for Reply {
    fn note(&self) -> Value {
        json!({ "status": self.status, "body": serde_json::from_slice::<Value>(&self.body).ok() })
    }

    #[cfg(feature = "testing")]
    fn of(note: &Value) -> Self {
        let body = note.get("body").filter(|body| !body.is_null());
        let body = body.map(Value::to_string).unwrap_or_default();
        Self::new(status(note).unwrap_or_default(), body)
    }
}

fn failure(error: &SendError) -> Value {
    let wait = error.retry_after().map(|wait| wait.as_secs());
    let kind = format!("{:?}", error.kind());
    json!({ "failed": kind, "code": error.code(), "status": error.status(), "retryAfter": wait })
}

/// A failure out of a line; nobody waits in a replay.
#[cfg(feature = "testing")]
fn failed(note: &Value) -> Option<SendError> {
    use crate::connector::SendErrorKind::{
        Ambiguous, Auth, Conflict, Dormant, Forbidden, NotSent, Refused, Throttled, TooBig,
    };
    let kinds =
        [NotSent, Ambiguous, Throttled, Conflict, Dormant, TooBig, Refused, Forbidden, Auth];
    let name = text(note, "failed")?;
    let kind = kinds.into_iter().find(|kind| format!("{kind:?}") == name).unwrap_or(Refused);
    let mut error = SendError::new(kind).after(std::time::Duration::ZERO);
    if let Some(code) = text(note, "code") {
        error = error.with_code(code);
    }
    Some(match status(note) {
        Some(status) => error.with_status(status),
        None => error,
    })
}

impl Recorded {
    /// Makes the call, or takes its result from what is replayed, and writes both down.
    async fn note<T: Noted>(
        &self,
        call: &str,
        to: &Value,
        what: &(impl Serialize + Sync),
        made: impl Future<Output = Result<T, SendError>> + Send,
    ) -> Result<T, SendError> {
        let (result, noted) = if let Some(played) = self.played() {
            played
        } else {
            let result = made.await;
            let noted = result.as_ref().map_or_else(failure, Noted::note);
            (result, noted)
        };
        let to = value(to);
        self.recorder.with(|state| {
            let (to, what) = (state.scrub.value(to), state.scrub.activity(what));
            let result = state.scrub.value(noted);
            let line = json!({
                "request": self.request, "call": call, "to": to, "with": what, "result": result,
            });
            state.write(&line);
        });
        result
    }

    #[cfg(feature = "testing")]
    fn played<T: Noted>(&self) -> Option<(Result<T, SendError>, Value)> {
        let note = self.recorder.played.as_ref()?.next(self.request);
        let result = failed(&note).map_or_else(|| Ok(T::of(&note)), Err);
        Some((result, note))
    }

    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, reason = "only a replay has something to play")]
    fn played<T: Noted>(&self) -> Option<(Result<T, SendError>, Value)> {
        None
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Where a call goes: enough to tell one from another.
fn place(to: &ConversationRef, id: Option<&str>) -> Value {
    json!({ "serviceUrl": to.service_url, "conversationId": to.conversation_id, "id": id })
}

#[async_trait]
impl Connector for Recorded {
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        self.note("send", &place(to, None), activity, self.inner.send(to, activity)).await
    }

    async fn reply(
        &self,
        to: &ConversationRef,
        reply_to_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let made = self.inner.reply(to, reply_to_id, activity);
        self.note("reply", &place(to, Some(reply_to_id)), activity, made).await
    }

    async fn update(
        &self,
        to: &ConversationRef,
        activity_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let made = self.inner.update(to, activity_id, activity);
        self.note("update", &place(to, Some(activity_id)), activity, made).await
    }

    async fn delete(&self, to: &ConversationRef, activity_id: &str) -> Result<Sent, SendError> {
        let made = self.inner.delete(to, activity_id);
        self.note("delete", &place(to, Some(activity_id)), &Value::Null, made).await
    }

    async fn create_conversation(
        &self,
        service_url: &str,
        new: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        let made = self.inner.create_conversation(service_url, new);
        self.note("create", &json!({ "serviceUrl": service_url }), new, made).await
    }

    async fn perform(&self, call: Call) -> Result<Reply, SendError> {
        let to = json!({ "serviceUrl": call.service_url(), "action": call.path() });
        let name = call.method().to_string();
        let what: Value =
            call.body().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        self.note(&name, &to, &what, self.inner.perform(call)).await
    }

    fn governor(&self) -> Option<&Governor> {
        self.inner.governor()
    }
}
