//! Buttons under a message, in chats with one person.

use serde_json::{Value, json};

use crate::Activity;

/// Answers that a person can press instead of writing them. Teams shows them in chats with one
/// person only.
///
/// ```
/// use argus_bot_sdk::{Activity, connector::SuggestedActions};
///
/// let ask = SuggestedActions::new().say("Yes").say_as("No", "no, thanks");
/// let question = ask.under(Activity::message("Shall I isolate the host?"));
/// let wire = serde_json::to_value(&question)?;
/// assert_eq!(wire["suggestedActions"]["actions"][1]["value"], "no, thanks");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct SuggestedActions {
    to: Vec<String>,
    actions: Vec<Value>,
}

impl SuggestedActions {
    /// No buttons yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows them to this person; to whoever is in the chat, if nobody is named.
    pub fn to(mut self, user_id: impl Into<String>) -> Self {
        self.to.push(user_id.into());
        self
    }

    /// Adds a button that says its title in the person's name.
    pub fn say(self, title: &str) -> Self {
        self.say_as(title, title)
    }

    /// Adds a button that says something else than its title.
    pub fn say_as(mut self, title: &str, said: &str) -> Self {
        self.actions.push(json!({"type": "imBack", "title": title, "value": said}));
        self
    }

    /// Adds a button that sends data to the bot, which comes as the invoke
    /// `suggestedActions/submit`.
    ///
    /// ```
    /// use argus_bot_sdk::{Activity, connector::SuggestedActions};
    /// use serde_json::json;
    ///
    /// let ask = SuggestedActions::new().submit("Snooze", json!({"minutes": 30}));
    /// let wire = serde_json::to_value(ask.under(Activity::message("Still burning.")))?;
    /// assert_eq!(wire["suggestedActions"]["actions"][0]["value"]["minutes"], 30);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn submit(mut self, title: &str, data: Value) -> Self {
        let mut action = json!({"type": "Action.Submit", "title": title});
        if let Some(members) = action.as_object_mut() {
            members.insert("value".to_owned(), data);
        }
        self.actions.push(action);
        self
    }

    /// Puts them under a message.
    pub fn under(self, mut activity: Activity) -> Activity {
        let mut wire = json!({"actions": self.actions});
        if let (false, Some(members)) = (self.to.is_empty(), wire.as_object_mut()) {
            members.insert("to".to_owned(), json!(self.to));
        }
        activity.suggested_actions = Some(wire.into());
        activity
    }
}
