//! What `#[derive(CardAction)]` writes for the typed buttons of `argus-cards`.

pub use argus_cards::model::BotAction;
pub use serde::Serialize;
pub use serde_json::Value;

/// What comes back with the button: `action` as JSON, or nothing of what has no JSON, such as a map
/// whose keys are no text.
pub fn data<T: Serialize>(action: T) -> Value {
    serde_json::to_value(action).unwrap_or_else(|error| {
        tracing::error!(error = %error, "the data of a button cannot be written");
        Value::Null
    })
}
