//! Adaptive Cards as types, for code that builds, reads or changes one.
//!
//! Reading loses nothing: an unknown type is kept whole, an unknown property and a value that does
//! not fit its property stay in `rest`, and a word keeps its case while it compares without it.

mod action;
mod container;
mod input;
mod object;
mod text;
mod words;

use serde_json::Value;

pub use action::{Execute, OpenUrl, ShowCard, Submit, ToggleVisibility};
pub use container::{
    ActionSet, Column, ColumnSet, Container, Table, TableCell, TableColumn, TableRow,
};
pub use input::{
    Choice, InputChoiceSet, InputDate, InputNumber, InputText, InputTime, InputToggle,
};
pub use text::{Fact, FactSet, Image, Inline, RichTextBlock, TextBlock, TextRun};
pub use words::{
    ActionMode, ActionStyle, ChoiceStyle, Color, ContainerStyle, FontType, HorizontalAlignment,
    ImageSize, Spacing, TextSize, VerticalAlignment, Weight,
};

use object::{object, union};

/// The newest version of the schema that Teams shows.
const TEAMS_VERSION: &str = "1.5";

object! {
    /// A card.
    ///
    /// ```
    /// use argus_cards::model::{Card, Execute, FactSet, TextBlock};
    ///
    /// let card = Card::new()
    ///     .push(TextBlock::new("**web1** is isolated.").wrap())
    ///     .push(FactSet::new().fact("By", "Ada"))
    ///     .action(Execute::new("Release", "release_host"));
    /// assert_eq!(card.version.as_deref(), Some("1.5"));
    ///
    /// // What is not known is kept.
    /// let text = r#"{"type":"AdaptiveCard","body":[{"type":"Badge","text":"new"}],"wrap":"odd"}"#;
    /// let read: Card = serde_json::from_str(text)?;
    /// assert_eq!(serde_json::to_value(&read)?, serde_json::from_str::<serde_json::Value>(text)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    AdaptiveCard = "AdaptiveCard" {
        /// Where the schema is.
        schema: Option<String> = "$schema",
        /// The version of the schema that a client must know.
        version: Option<String> = "version",
        /// The elements, from top to bottom.
        body: Vec<Element> = "body",
        /// The buttons at the bottom.
        actions: Vec<Action> = "actions",
        /// What a client shows that does not know the version.
        fallback_text: Option<String> = "fallbackText",
        /// What is read aloud.
        speak: Option<String> = "speak",
        /// The language, like `en`.
        lang: Option<String> = "lang",
        /// What happens when the card is pressed.
        select_action: Option<Box<Action>> = "selectAction",
        /// How the card is brought up to date for some people.
        refresh: Option<Refresh> = "refresh",
        /// What only Teams knows.
        msteams: Option<MsTeams> = "msteams",
        /// How high it is at least, like `80px`.
        min_height: Option<String> = "minHeight",
        /// Whether it reads from right to left.
        rtl: Option<bool> = "rtl",
    }
}

/// The short name of [`AdaptiveCard`].
pub type Card = AdaptiveCard;

impl AdaptiveCard {
    /// An empty card of the version that Teams shows.
    #[must_use]
    pub fn new() -> Self {
        Self { version: Some(TEAMS_VERSION.to_owned()), ..Self::default() }
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

    /// Makes it as wide as the channel (Teams).
    #[must_use]
    pub fn full_width(mut self) -> Self {
        let mut msteams = self.msteams.unwrap_or_default();
        msteams.width = Some("Full".to_owned());
        self.msteams = Some(msteams);
        self
    }
}

object! {
    /// How a card is brought up to date when somebody looks at it.
    Refresh {
        /// What is asked for the new card; an [`Execute`].
        action: Option<Box<Action>> = "action",
        /// For whom it happens by itself, at most 60.
        user_ids: Vec<String> = "userIds",
        /// Until when the card is new enough.
        expires: Option<String> = "expires",
    }
}

object! {
    /// What only Teams knows about a card.
    MsTeams {
        /// `Full` makes the card as wide as the channel.
        width: Option<String> = "width",
        /// Who is mentioned in the texts of the card.
        entities: Vec<Value> = "entities",
    }
}

union! {
    /// An element of a card's body.
    Element {
        /// A text.
        TextBlock = "TextBlock",
        /// A text whose parts may look different.
        RichTextBlock = "RichTextBlock",
        /// A picture.
        Image = "Image",
        /// Elements that belong together.
        Container = "Container",
        /// Columns side by side.
        ColumnSet = "ColumnSet",
        /// Names and values.
        FactSet = "FactSet",
        /// Buttons.
        ActionSet = "ActionSet",
        /// Rows and columns.
        Table = "Table",
        /// A field for a text.
        InputText = "Input.Text",
        /// A field for a number.
        InputNumber = "Input.Number",
        /// A field for a day.
        InputDate = "Input.Date",
        /// A field for a time of day.
        InputTime = "Input.Time",
        /// A switch.
        InputToggle = "Input.Toggle",
        /// A choice.
        InputChoiceSet = "Input.ChoiceSet",
    }
}

union! {
    /// A button, or what happens when something is pressed.
    Action {
        /// Comes back to the bot, which may answer with a card.
        Execute = "Action.Execute",
        /// Comes back to the bot.
        Submit = "Action.Submit",
        /// Opens an address.
        OpenUrl = "Action.OpenUrl",
        /// Unfolds another card.
        ShowCard = "Action.ShowCard",
        /// Shows and hides elements.
        ToggleVisibility = "Action.ToggleVisibility",
    }
}
