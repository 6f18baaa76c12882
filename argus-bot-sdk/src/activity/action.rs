//! The button that was pressed.

use std::fmt;

use serde_json::Value;

use crate::activity::Activity;

/// An `Action.Execute` that somebody pressed.
///
/// Everything in it is a stranger's input: a client can send any verb with any data.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CardAction {
    /// Which button it is.
    pub verb: Option<String>,
    /// The button's data with the card's inputs merged in; `null` if there is none.
    pub data: Value,
    /// What the button says.
    pub title: Option<String>,
    /// `manual` for a press, `automatic` for a refresh; the Playground sends none.
    pub trigger: Option<String>,
}

impl CardAction {
    /// The button behind `activity`, unless it is something else than a press.
    pub fn of(activity: &Activity) -> Option<Self> {
        if activity.invoke_name() != Some("adaptiveCard/action") {
            return None;
        }
        let value = activity.value.as_ref()?;
        let action = value.get("action")?.as_object()?;
        let text = |name: &str| action.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            verb: text("verb"),
            data: action.get("data").cloned().unwrap_or(Value::Null),
            title: text("title"),
            trigger: value.get("trigger").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

impl fmt::Debug for CardAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardAction")
            .field("verb", &self.verb)
            .field("trigger", &self.trigger)
            .finish_non_exhaustive()
    }
}
