//! What people do with a message of the bot: feedback, connector cards, handing over.

use crate::record::{open_enum, record};

open_enum! {
    /// Whether an answer was good.
    pub enum Reaction {
        /// It was.
        Like = "like",
        /// It was not.
        Dislike = "dislike",
    }
}

record! {
    /// Somebody said whether an answer was good; which one is the activity's `replyToId`.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{Feedback, Reaction};
    ///
    /// let said: Feedback = serde_json::from_str(
    ///     r#"{ "actionName": "feedback",
    ///          "actionValue": { "reaction": "like", "feedback": "{\"feedbackText\":\"Fast\"}" } }"#,
    /// )?;
    /// let value = said.action_value.unwrap();
    /// assert_eq!(value.reaction, Some(Reaction::Like));
    /// assert_eq!(value.text().as_deref(), Some("Fast"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Feedback {
        /// `feedback`.
        action_name: String = "actionName",
        /// What was said.
        action_value: FeedbackValue = "actionValue",
    }
}

record! {
    /// What was said about an answer.
    pub struct FeedbackValue {
        /// Whether it was good.
        reaction: Reaction = "reaction",
        /// JSON in a string: what the form was filled with.
        feedback: String = "feedback",
    }
}

impl FeedbackValue {
    /// What was written into the form that Teams shows.
    pub fn text(&self) -> Option<String> {
        let form: serde_json::Value = serde_json::from_str(self.feedback.as_deref()?).ok()?;
        form.get("feedbackText")?.as_str().map(str::to_owned)
    }
}

record! {
    /// Somebody is about to give feedback, and the bot has a form of its own for it.
    pub struct FeedbackDialog {
        /// What was pressed.
        data: Feedback = "data",
        /// How the client looks.
        context: crate::invoke::ClientContext = "context",
    }
}

record! {
    /// A button of a connector card.
    pub struct ConnectorCardAction {
        /// What the card says the button sends.
        body: String = "body",
        /// Which button it is.
        action_id: String = "actionId",
    }
}

record! {
    /// A conversation is handed over.
    pub struct HandoffRequest {
        /// Where to go on.
        continuation: String = "continuation",
    }
}
