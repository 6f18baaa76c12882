//! A card as a whole.

use super::json;
use super::macros::object;
use super::{
    Action, Capabilities, ContainerStyle, Element, ElementFallback, ElementId, Execute, Mention,
    Resources, SelectAction, TeamsCard, TeamsCardWidth, Url, Version,
};

object! {
    /// A card.
    AdaptiveCard = "AdaptiveCard" since "1.0" has [surface] with [sorted keyed named] {
        /// What the client must be able to do, or the fallback is shown.
        requires: Capabilities = "requires" teams,
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction" since "1.1",
        /// What its background says.
        style: ContainerStyle = "style" teams,
        /// What is shown instead by a client that does not know it.
        fallback: ElementFallback = "fallback" teams,
        /// Its language, like `en`.
        lang: String = "lang",
        /// Where the schema is.
        schema: Url = "$schema",
        /// The version of the schema that a client must know.
        version: Version = "version",
        /// What a client shows that does not know the version.
        fallback_text: String = "fallbackText",
        /// What is read aloud.
        speak: String = "speak",
        /// How the card is brought up to date for some people.
        refresh: Refresh = "refresh" since "1.4",
        /// How somebody signs in first.
        authentication: Authentication = "authentication" since "1.4",
        /// What only Teams knows.
        msteams: TeamsCard = "msteams" teams,
        /// What a host may know beside the content.
        metadata: Metadata = "metadata" since "1.6",
        /// Texts in several languages.
        resources: Resources = "resources" teams,
        /// The elements, from top to bottom.
        body: [Element] = "body" required,
        /// The buttons at the bottom.
        actions: [Action] = "actions",
    }
}

/// The short name of [`AdaptiveCard`].
pub type Card = AdaptiveCard;

impl AdaptiveCard {
    /// An empty card of the version that Teams shows.
    ///
    /// ```
    /// use argus_cards::model::{Card, FactSet, TextBlock, Version};
    ///
    /// let card = Card::new()
    ///     .push(TextBlock::new("**web1** is isolated.").wrap())
    ///     .push(FactSet::new().fact("By", "Ada"));
    /// assert_eq!(card.version, Some(Version::TEAMS));
    ///
    /// // What is not known is kept.
    /// let text = r#"{"type":"AdaptiveCard","body":[{"type":"Sparkle","at":3}],"wrap":"odd"}"#;
    /// let read: Card = serde_json::from_str(text)?;
    /// assert_eq!(serde_json::to_value(&read)?, serde_json::from_str::<serde_json::Value>(text)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { version: Some(Version::TEAMS), ..Self::default() }
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.body.push(element.into());
        self
    }

    /// Adds a button.
    #[must_use]
    pub fn action(mut self, action: impl Into<Action>) -> Self {
        self.actions.push(action.into());
        self
    }

    /// The card as JSON, which is faster than through serde.
    ///
    /// ```
    /// use argus_cards::model::{Card, TextBlock};
    ///
    /// let card = Card::new().push(TextBlock::new("Hello."));
    /// assert_eq!(card.to_json(), serde_json::to_string(&card)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        json::text(self)
    }

    /// Makes it as wide as the channel (Teams).
    #[must_use]
    pub fn full_width(mut self) -> Self {
        self.msteams.get_or_insert_default().width = Some(TeamsCardWidth::Full);
        self
    }

    /// Says who is mentioned with this text (Teams); a text of the card must have it too.
    ///
    /// ```
    /// use argus_cards::model::{Card, Mention, TextBlock};
    ///
    /// let ada = Mention::new("Ada", "29:1a2b");
    /// let card = Card::new().push(TextBlock::new(format!("Thanks, {ada}."))).mention(ada);
    /// # assert!(serde_json::to_string(&card)?.contains("Thanks, <at>Ada</at>."));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn mention(mut self, mention: Mention) -> Self {
        self.msteams.get_or_insert_default().entities.push(mention);
        self
    }
}

object! {
    /// How a card is brought up to date when somebody looks at it.
    Refresh since "1.4" with [keyed] () {
        /// What is asked for the new card.
        action: (Box<Execute>) = "action",
        /// For whom it happens by itself, at most 60.
        user_ids: [String] = "userIds",
        /// Until when the card counts as fresh, as `2026-01-31T12:00:00Z`.
        expires: String = "expires" since "1.6" elsewhere,
    }
}

object! {
    /// How somebody signs in who must be known before the card can be used.
    Authentication since "1.4" with [keyed] () {
        /// What the person reads who is asked to sign in.
        text: String = "text",
        /// The name of the bot's connection for signing in.
        connection_name: String = "connectionName",
        /// The one button, of the kind `signin`.
        buttons: [AuthCardButton] = "buttons",
        /// What signs somebody in without asking.
        token_exchange_resource: TokenExchangeResource = "tokenExchangeResource",
    }
}

object! {
    /// A button that begins a sign-in.
    AuthCardButton since "1.4" with [keyed] (
        /// What kind it is: `signin`.
        kind: String = "type" required,
        /// Where the sign-in begins.
        value: String = "value" required,
    ) {
        /// What the button says.
        title: String = "title",
        /// A picture on it.
        image: Url = "image",
    }
}

object! {
    /// What a client needs to sign somebody in without asking.
    TokenExchangeResource since "1.4" with [keyed] (
        /// The name of this exchange.
        id: String = "id" required,
        /// For whom the token is.
        uri: String = "uri" required,
        /// Who gives the token.
        provider_id: String = "providerId" required,
    ) {}
}

object! {
    /// What a host may know about a card beside its content.
    Metadata since "1.6" with [keyed] (
        /// Where the same can be read in a browser.
        web_url: Url = "webUrl",
    ) {}
}
