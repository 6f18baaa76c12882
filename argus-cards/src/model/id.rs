//! Names of elements, as types: what refers to an element takes no other text.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::catalog::ValueKind;
use super::object::{Part, Property, Read};

macro_rules! id {
    ($(#[doc = $about:literal])* $name:ident) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// A name that is known when the program is built.
            pub const fn literal(name: &'static str) -> Self {
                Self(Cow::Borrowed(name))
            }

            /// A name.
            pub fn new(name: impl Into<String>) -> Self {
                Self(Cow::Owned(name.into()))
            }

            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self::new(name)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Property for $name {
            const KIND: ValueKind = ValueKind::Id;

            fn read(value: Value) -> Read<Self> {
                String::read(value).map(Self::new)
            }

            fn part(&self) -> Part<'_> {
                Part::Text(&self.0)
            }

            fn accepts(value: &Value) -> bool {
                value.is_string()
            }
        }
    };
}

id! {
    /// The name of an element.
    ///
    /// What shows, hides or resets elements takes such a name and no text, so that the name is
    /// written once:
    ///
    /// ```
    /// use argus_cards::model::{Card, Container, ElementId, TextBlock, ToggleVisibility};
    ///
    /// const DETAILS: ElementId = ElementId::literal("details");
    /// let card = Card::new()
    ///     .push(Container::new().id(DETAILS).hidden().push(TextBlock::new("More.")))
    ///     .action(ToggleVisibility::new("Details").target(&DETAILS));
    /// # assert!(serde_json::to_string(&card)?.contains(r#""targetElements":["details"]"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// ```compile_fail
    /// use argus_cards::model::ToggleVisibility;
    ///
    /// let mistyped = ToggleVisibility::new("Details").target("detials");
    /// ```
    ElementId
}

id! {
    /// The name of an input, under which its value comes back.
    InputId
}

impl From<InputId> for ElementId {
    fn from(id: InputId) -> Self {
        Self(id.0)
    }
}

impl From<&InputId> for ElementId {
    fn from(id: &InputId) -> Self {
        Self(id.0.clone())
    }
}
