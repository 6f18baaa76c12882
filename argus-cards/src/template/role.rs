//! What a property of a card is for, which decides what a value may do there.
//!
//! Source: the property tables of the official schemas 1.0 to 1.6 and of Teams' own model, and the
//! Teams documentation of which properties take Markdown (TextBlock.text, Fact.title, Fact.value).

/// What a property is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A text whose Markdown is shown.
    Markdown,
    /// Any other text that people read.
    Text,
    /// A text that comes back to the bot or names something, so that it must stay what it is.
    Value,
    /// An address that is fetched or opened.
    Url,
    /// Something that comes back to the bot and is shown to nobody.
    Opaque,
    /// Anything else: sizes, styles, flags, whole elements.
    Other,
}

/// Where in a card a property stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'t> {
    /// The `type` of the object that has the property.
    pub(super) element: &'t str,
    /// The property in which that object is.
    pub(super) under: &'t str,
    /// Whether everything here comes back to the bot untouched.
    pub(super) opaque: bool,
}

impl<'t> Spot<'t> {
    pub(super) const ROOT: Spot<'static> = Spot { element: "", under: "", opaque: false };

    /// The spot of the properties of an object inside property `key` of this one.
    pub(super) fn inside(self, key: &'t str) -> Self {
        let data = key == "data" && self.element.starts_with("Action.");
        Self { element: "", under: key, opaque: self.opaque || data }
    }

    pub(super) fn of(self, element: &'t str) -> Self {
        Self { element, ..self }
    }

    /// What property `key` is for.
    pub(super) fn role(self, key: &str) -> Role {
        if self.opaque || (key == "data" && self.element.starts_with("Action.")) {
            return Role::Opaque;
        }
        match key {
            "text" if self.element == "TextBlock" => Role::Markdown,
            "title" | "value" if self.under == "facts" => Role::Markdown,
            "url" | "iconUrl" | "poster" | "backgroundImage" | "webUrl" | "onlineMeetingUrl"
            | "contentUrl" | "websiteUrl" => Role::Url,
            "image" if self.under == "buttons" => Role::Url,
            "value" if self.element == "signin" => Role::Url,
            "value" if self.element == "Input.Number" => Role::Other,
            "value" if self.element.starts_with("Input.") || self.under == "choices" => Role::Value,
            "id" | "verb" | "valueOn" | "valueOff" | "lang" => Role::Value,
            "text" | "title" | "altText" | "label" | "placeholder" | "errorMessage" | "tooltip"
            | "speak" | "fallbackText" | "subtitle" => Role::Text,
            _ => Role::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalog::{self, PropertyInfo, ValueKind};

    /// The properties in which an object without a `type` stands.
    fn places(name: &str) -> Vec<&'static str> {
        let holds = |kind: ValueKind| match kind {
            ValueKind::Object(info) => info.rust_name() == name,
            ValueKind::List(ValueKind::Object(info)) => info.rust_name() == name,
            _ => false,
        };
        let properties = catalog::types().iter().flat_map(|info| info.properties());
        properties.filter(|it| holds(it.value())).map(PropertyInfo::key).collect()
    }

    #[test]
    fn addresses_and_markdown_are_what_the_catalogue_says() {
        let mut wrong = Vec::new();
        for info in catalog::types() {
            let under = if info.tag().is_none() { places(info.rust_name()) } else { vec![""] };
            for property in info.properties().filter(|property| property.key() != "$schema") {
                for under in &under {
                    let spot = Spot { under, ..Spot::ROOT }.of(info.tag().unwrap_or_default());
                    let role = spot.role(property.key());
                    let fits = match property.value() {
                        ValueKind::Url => role == Role::Url,
                        ValueKind::Markdown => role == Role::Markdown,
                        _ => role != Role::Markdown,
                    };
                    if !fits {
                        wrong.push(format!(
                            "{}.{} under `{under}`: {role:?}",
                            info.name(),
                            property.key()
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
