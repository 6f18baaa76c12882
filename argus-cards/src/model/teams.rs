//! What only Teams knows about a card.

use std::fmt;

use super::macros::object;
use super::{MentionType, StringResources, Strings, TeamsCardWidth, ThemeName, Url};

object! {
    /// What only Teams knows about a card.
    TeamsCard only "Teams" with [keyed] () {
        /// Makes the card as wide as the channel.
        width: TeamsCardWidth = "width",
        /// Who is mentioned in the texts of the card.
        entities: [Mention] = "entities",
    }
}

object! {
    /// Somebody who is mentioned in a text of the card.
    Mention = "mention" only "Teams" with [keyed] {
        /// The text that mentions, as `<at>Ada</at>`.
        text: String = "text" required,
        /// Who is mentioned.
        mentioned: MentionedEntity = "mentioned",
    }
}

impl Mention {
    /// Mentions a person by name and id: the id of the channel's account, the object id in Entra,
    /// or the name with which the person signs in.
    #[must_use]
    pub fn new(name: impl Into<String>, id: impl Into<String>) -> Self {
        let name = name.into();
        let text = format!("<at>{name}</at>");
        Self { text, mentioned: Some(MentionedEntity::new(id, name)), ..Self::default() }
    }
}

impl fmt::Display for Mention {
    /// The text that mentions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

object! {
    /// Who is mentioned.
    MentionedEntity only "Teams" with [keyed] (
        /// The id of the person or tag.
        id: String = "id",
        /// What it is called.
        name: String = "name",
    ) {
        /// Whether it is a person or a tag.
        mention_type: MentionType = "mentionType",
    }
}

object! {
    /// Texts of the card in several languages.
    Resources only "Teams" with [keyed] () {
        /// The texts by their names.
        strings: StringResources = "strings",
    }
}

object! {
    /// A text in several languages, used as `${rs:name}`.
    StringResource only "Teams" with [keyed] (
        /// The text for every other language.
        default_value: String = "defaultValue",
    ) {
        /// The texts by language, like `de`.
        localized_values: Strings = "localizedValues",
    }
}

object! {
    /// A picture for one theme of the client.
    ThemedUrl only "Teams" with [keyed] {
        /// For which theme it is.
        theme: ThemeName = "theme",
        /// Where it is.
        url: Url = "url" required,
    }
}

impl ThemedUrl {
    /// A picture for a theme.
    #[must_use]
    pub fn new(theme: ThemeName, url: impl Into<Url>) -> Self {
        Self { theme: Some(theme), url: url.into(), ..Self::default() }
    }
}
