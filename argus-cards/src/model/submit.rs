//! What a `Submit` or `Execute` brings to Teams and the bot.

use serde_json::Value;

use super::macros::object;
use super::{InvokeValue, TeamsSubmitData, Url};

object! {
    /// What a `Submit` or an `Execute` carries; its other properties are in `rest`.
    SubmitData since "1.0" () {
        /// What Teams does with it.
        msteams: TeamsSubmitData = "msteams" teams,
    }
}

object! {
    /// Sends a message to the bot that may look different in the chat.
    MessageBack = "messageBack" only "Teams" with [keyed] () {
        /// What the bot reads.
        text: String = "text",
        /// What the chat shows.
        display_text: String = "displayText",
        /// What comes with it.
        value: Value = "value",
    }
}

object! {
    /// Sends a message to the bot as if the person had written it.
    ImBack = "imBack" only "Teams" with [keyed] (
        /// What is written into the chat.
        value: String = "value" required,
    ) {}
}

object! {
    /// Sends an invoke to the bot.
    Invoke = "invoke" only "Teams" with [keyed] {
        /// What the bot gets.
        value: InvokeValue = "value",
    }
}

impl Invoke {
    /// Sends this to the bot.
    #[must_use]
    pub fn new(value: impl Into<InvokeValue>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }
}

object! {
    /// Opens a tab in the stage of a meeting or chat.
    CollabStage = "tab/tabInfoAction" only "Teams" () {
        /// Which tab.
        tab_info: TabInfo = "tabInfo",
    }
}

object! {
    /// Which tab is opened.
    TabInfo only "Teams" () {
        /// What stands above the tab.
        name: String = "name",
        /// What the tab shows.
        content_url: Url = "contentUrl",
        /// The name of the tab for the app.
        entity_id: String = "entityId",
        /// Where the same can be seen in a browser.
        website_url: Url = "websiteUrl",
    }
}

object! {
    /// Begins a sign-in.
    Signin = "signin" only "Teams" with [keyed] (
        /// Where the sign-in begins.
        value: Url = "value" required,
    ) {}
}

object! {
    /// Asks the bot for a dialog.
    TaskFetch = "task/fetch" only "Teams" with [keyed] () {}
}

object! {
    /// What only Teams knows about a `Submit`.
    TeamsSubmit only "Teams" with [keyed] () {
        /// What Teams says when the button was pressed.
        feedback: SubmitFeedback = "feedback",
    }
}

object! {
    /// What Teams says when the button was pressed.
    SubmitFeedback only "Teams" with [keyed] () {
        /// Says nothing.
        hide: bool = "hide",
    }
}
