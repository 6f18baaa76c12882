//! A Teams that always answers, and remembers what people saw.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

use crate::connector::{
    Call, Connector, CreatedConversation, NewConversation, Reply, SendError, SendErrorKind, Sent,
};
use crate::{Activity, ConversationRef};

#[derive(Default)]
pub(super) struct Scribe(Mutex<Vec<String>>);

impl Scribe {
    fn seen(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a message was seen, marked as a repeat or not.
    pub(super) fn times(&self, text: &str) -> usize {
        self.seen().iter().filter(|seen| first_line(seen) == text).count()
    }

    /// How many messages were seen again. A second showing without a mark stops the test.
    pub(super) fn repeats(&self) -> usize {
        let seen = self.seen();
        let mut repeats = 0;
        for (at, text) in seen.iter().enumerate() {
            let before = seen.iter().take(at).any(|it| first_line(it) == first_line(text));
            if before {
                assert!(text.contains('\n'), "{text} was repeated without a mark");
                repeats += 1;
            }
        }
        repeats
    }

    /// Whether the messages of a conversation were first seen in their order.
    pub(super) fn check_order(&self, conversation: &str, name: &str) {
        let seen = self.seen();
        let mut own: Vec<&str> = seen.iter().map(|text| first_line(text)).collect();
        own.retain(|text| text.starts_with(conversation));
        assert!(own.is_sorted(), "{name}: {own:?}");
    }

    /// What the card shows now.
    pub(super) fn card(&self) -> Option<String> {
        self.seen().iter().rev().find(|text| text.starts_with("card")).cloned()
    }
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

#[async_trait]
impl Connector for Scribe {
    async fn perform(&self, call: Call) -> Result<Reply, SendError> {
        let body: Value =
            call.body().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let text = body.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut seen = self.seen();
        // An update of what is there already is no repeat; the card's own texts tell it.
        if *call.method() == Method::PUT {
            seen.retain(|it| *it != text);
        }
        seen.push(text);
        Ok(Reply::new(201, json!({"id": seen.len().to_string()}).to_string()))
    }

    async fn send(&self, _: &ConversationRef, _: &Activity) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn reply(&self, _: &ConversationRef, _: &str, _: &Activity) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn update(&self, _: &ConversationRef, _: &str, _: &Activity) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn delete(&self, _: &ConversationRef, _: &str) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn create_conversation(
        &self,
        _: &str,
        _: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }
}
