//! How large a message may be, and what of it counts.

use serde_json::Value;

use super::Core;
use super::rest::error;
use crate::testing::wire::{FakeRequest, FakeResponse};

/// The body as a JSON object within the size limit.
pub(super) fn object(core: &Core, request: &FakeRequest) -> Result<Value, FakeResponse> {
    let body = serde_json::from_slice::<Value>(&request.body).ok();
    if utf16_bytes(&request.body) > core.max_message
        && body.as_ref().is_none_or(|body| content_bytes(body) > core.max_message)
    {
        return Err(error(413, "MessageSizeTooBig", "Message size too large."));
    }
    body.filter(Value::is_object).ok_or_else(|| error(400, "BadSyntax", "Invalid JSON body."))
}

fn utf16_bytes(text: &[u8]) -> usize {
    String::from_utf8_lossy(text).encode_utf16().count() * 2
}

/// What is said counts, not who says it to whom and where.
fn content_bytes(body: &Value) -> usize {
    let mut content = body.clone();
    if let Some(members) = content.as_object_mut() {
        for name in ["from", "recipient", "conversation", "replyToId"] {
            members.shift_remove(name);
        }
    }
    utf16_bytes(content.to_string().as_bytes())
}
