//! What people can fill in.

use serde_json::{Number, Value};

use super::Action;
use super::object::object;
use super::words::{ChoiceStyle, Spacing};

macro_rules! input {
    ($(#[$about:meta])* $name:ident = $kind:literal { $($fields:tt)* }) => {
        object! {
            $(#[$about])*
            $name = $kind {
                /// Under what name the value comes back.
                id: Option<String> = "id",
                /// What is asked, above the field.
                label: Option<String> = "label",
                /// Whether it must be filled in.
                is_required: Option<bool> = "isRequired",
                /// What to say when it is not filled in as it should be.
                error_message: Option<String> = "errorMessage",
                $($fields)*
                /// The room above it.
                spacing: Option<Spacing> = "spacing",
                /// Whether there is a line above it.
                separator: Option<bool> = "separator",
                /// Whether it is shown.
                is_visible: Option<bool> = "isVisible",
            }
        }

        impl $name {
            /// A field: the name of its value, and what is asked.
            #[must_use]
            pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
                Self { id: Some(id.into()), label: Some(label.into()), ..Self::default() }
            }

            /// Insists on a value.
            #[must_use]
            pub fn required(mut self, message: impl Into<String>) -> Self {
                self.is_required = Some(true);
                self.error_message = Some(message.into());
                self
            }
        }
    };
}

input! {
    /// A field for a text.
    InputText = "Input.Text" {
        /// What is in it.
        value: Option<String> = "value",
        /// What it says while empty.
        placeholder: Option<String> = "placeholder",
        /// Whether it has several lines.
        is_multiline: Option<bool> = "isMultiline",
        /// How many characters it takes.
        max_length: Option<Number> = "maxLength",
        /// What it must match.
        regex: Option<String> = "regex",
        /// `email`, `url`, `tel`, `password`, `text`.
        style: Option<String> = "style",
        /// A button beside it.
        inline_action: Option<Box<Action>> = "inlineAction",
    }
}

input! {
    /// A field for a number.
    InputNumber = "Input.Number" {
        /// What is in it.
        value: Option<Number> = "value",
        /// What it says while empty.
        placeholder: Option<String> = "placeholder",
        /// The least it takes.
        min: Option<Number> = "min",
        /// The most it takes.
        max: Option<Number> = "max",
    }
}

input! {
    /// A field for a day.
    InputDate = "Input.Date" {
        /// The day, like `2026-01-15`.
        value: Option<String> = "value",
        /// What it says while empty.
        placeholder: Option<String> = "placeholder",
        /// The first day it takes.
        min: Option<String> = "min",
        /// The last day it takes.
        max: Option<String> = "max",
    }
}

input! {
    /// A field for a time of day.
    InputTime = "Input.Time" {
        /// The time, like `10:30`.
        value: Option<String> = "value",
        /// What it says while empty.
        placeholder: Option<String> = "placeholder",
        /// The first time it takes.
        min: Option<String> = "min",
        /// The last time it takes.
        max: Option<String> = "max",
    }
}

input! {
    /// A switch.
    InputToggle = "Input.Toggle" {
        /// What it says.
        title: Option<String> = "title",
        /// What it is now.
        value: Option<String> = "value",
        /// What it is when on.
        value_on: Option<String> = "valueOn",
        /// What it is when off.
        value_off: Option<String> = "valueOff",
        /// Whether its text goes on in the next line.
        wrap: Option<bool> = "wrap",
    }
}

input! {
    /// A choice.
    InputChoiceSet = "Input.ChoiceSet" {
        /// What there is to choose from.
        choices: Vec<Choice> = "choices",
        /// What is chosen; several values are separated by commas.
        value: Option<String> = "value",
        /// What it says while nothing is chosen.
        placeholder: Option<String> = "placeholder",
        /// How the choices are offered.
        style: Option<ChoiceStyle> = "style",
        /// Whether several can be chosen.
        is_multi_select: Option<bool> = "isMultiSelect",
        /// Whether its texts go on in the next line.
        wrap: Option<bool> = "wrap",
        /// Where more choices come from while somebody types.
        choices_data: Option<Value> = "choices.data",
    }
}

object! {
    /// One of the choices of an [`InputChoiceSet`].
    Choice {
        /// What it says.
        title: String = "title",
        /// What comes back.
        value: String = "value",
    }
}

impl InputChoiceSet {
    /// Adds a choice.
    #[must_use]
    pub fn choice(mut self, title: impl Into<String>, value: impl Into<String>) -> Self {
        self.choices.push(Choice { title: title.into(), value: value.into(), ..Choice::default() });
        self
    }
}
