//! What can be pressed.

use serde_json::Value;

use super::AdaptiveCard;
use super::object::object;
use super::words::{ActionMode, ActionStyle};

macro_rules! action {
    ($(#[$about:meta])* $name:ident = $kind:literal { $($fields:tt)* }) => {
        object! {
            $(#[$about])*
            $name = $kind {
                /// What the button says.
                title: Option<String> = "title",
                $($fields)*
                /// What its look says.
                style: Option<ActionStyle> = "style",
                /// What it says when pointed at.
                tooltip: Option<String> = "tooltip",
                /// A picture on it.
                icon_url: Option<String> = "iconUrl",
                /// Whether it is on the card or behind the three dots.
                mode: Option<ActionMode> = "mode",
                /// Whether it can be pressed.
                is_enabled: Option<bool> = "isEnabled",
                /// Its name for others.
                id: Option<String> = "id",
            }
        }

        impl $name {
            /// Sets what its look says.
            #[must_use]
            pub fn style(mut self, style: ActionStyle) -> Self {
                self.style = Some(style);
                self
            }

            /// Sets what it says when pointed at.
            #[must_use]
            pub fn tooltip(mut self, tooltip: impl Into<String>) -> Self {
                self.tooltip = Some(tooltip.into());
                self
            }
        }
    };
}

action! {
    /// Comes back to the bot, which may answer with another card (Teams' universal action).
    Execute = "Action.Execute" {
        /// Which handler is meant.
        verb: Option<String> = "verb",
        /// What comes back with it.
        data: Option<Value> = "data",
        /// Whether the inputs of the card come back too: `auto` or `none`.
        associated_inputs: Option<String> = "associatedInputs",
        /// What old clients do instead.
        fallback: Option<Value> = "fallback",
    }
}

impl Execute {
    /// A button for a handler.
    #[must_use]
    pub fn new(title: impl Into<String>, verb: impl Into<String>) -> Self {
        Self { title: Some(title.into()), verb: Some(verb.into()), ..Self::default() }
    }

    /// Sets what comes back with it.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }
}

action! {
    /// Comes back to the bot.
    Submit = "Action.Submit" {
        /// What comes back with it.
        data: Option<Value> = "data",
        /// Whether the inputs of the card come back too: `auto` or `none`.
        associated_inputs: Option<String> = "associatedInputs",
    }
}

impl Submit {
    /// A button that sends back data and inputs.
    #[must_use]
    pub fn new(title: impl Into<String>, data: impl Into<Value>) -> Self {
        Self { title: Some(title.into()), data: Some(data.into()), ..Self::default() }
    }
}

action! {
    /// Opens an address.
    OpenUrl = "Action.OpenUrl" {
        /// The address.
        url: String = "url",
    }
}

impl OpenUrl {
    /// A button for an address.
    #[must_use]
    pub fn new(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self { title: Some(title.into()), url: url.into(), ..Self::default() }
    }
}

action! {
    /// Unfolds another card below.
    ShowCard = "Action.ShowCard" {
        /// The other card.
        card: Option<Box<AdaptiveCard>> = "card",
    }
}

impl ShowCard {
    /// A button for a card.
    #[must_use]
    pub fn new(title: impl Into<String>, card: AdaptiveCard) -> Self {
        Self { title: Some(title.into()), card: Some(Box::new(card)), ..Self::default() }
    }
}

action! {
    /// Shows and hides elements.
    ToggleVisibility = "Action.ToggleVisibility" {
        /// The elements, by their names or as objects that say what to do with them.
        target_elements: Vec<Value> = "targetElements",
    }
}

impl ToggleVisibility {
    /// A button that shows or hides the element of this name.
    #[must_use]
    pub fn new(title: impl Into<String>, target: impl Into<String>) -> Self {
        let target_elements = vec![Value::String(target.into())];
        Self { title: Some(title.into()), target_elements, ..Self::default() }
    }
}
