//! Texts, facts and images.

use serde_json::{Map, Value};

use super::Action;
use super::object::{Scalar, object};
use super::words::{
    Color, FontType, HorizontalAlignment, ImageSize, Spacing, TextSize, VerticalAlignment, Weight,
};

object! {
    /// A text, whose Markdown is shown.
    ///
    /// ```
    /// use argus_cards::model::{TextBlock, TextSize};
    ///
    /// let text = TextBlock::new("**Queued**").wrap().size(TextSize::LARGE);
    /// let json = r#"{"type":"TextBlock","text":"**Queued**","wrap":true,"size":"large"}"#;
    /// assert_eq!(serde_json::to_string(&text)?, json);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    TextBlock = "TextBlock" {
        /// What it says.
        text: String = "text",
        /// Whether it goes on in the next line.
        wrap: Option<bool> = "wrap",
        /// How large it is.
        size: Option<TextSize> = "size",
        /// How heavy it is.
        weight: Option<Weight> = "weight",
        /// What its colour says.
        color: Option<Color> = "color",
        /// Whether it stays in the background.
        is_subtle: Option<bool> = "isSubtle",
        /// Its typeface.
        font_type: Option<FontType> = "fontType",
        /// Where it stands.
        horizontal_alignment: Option<HorizontalAlignment> = "horizontalAlignment",
        /// `heading` tells a screen reader that it is one.
        style: Option<String> = "style",
        /// How many lines it may have.
        max_lines: Option<serde_json::Number> = "maxLines",
        /// Its name for others.
        id: Option<String> = "id",
        /// The room above it.
        spacing: Option<Spacing> = "spacing",
        /// Whether there is a line above it.
        separator: Option<bool> = "separator",
        /// Whether it is shown.
        is_visible: Option<bool> = "isVisible",
    }
}

impl TextBlock {
    /// A text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Lets it go on in the next line.
    #[must_use]
    pub fn wrap(mut self) -> Self {
        self.wrap = Some(true);
        self
    }

    /// Sets how large it is.
    #[must_use]
    pub fn size(mut self, size: TextSize) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets how heavy it is.
    #[must_use]
    pub fn weight(mut self, weight: Weight) -> Self {
        self.weight = Some(weight);
        self
    }

    /// Sets what its colour says.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    /// Keeps it in the background.
    #[must_use]
    pub fn subtle(mut self) -> Self {
        self.is_subtle = Some(true);
        self
    }
}

object! {
    /// A text without Markdown, whose parts may look different.
    RichTextBlock = "RichTextBlock" {
        /// The parts.
        inlines: Vec<Inline> = "inlines",
        /// Where it stands.
        horizontal_alignment: Option<HorizontalAlignment> = "horizontalAlignment",
        /// Its name for others.
        id: Option<String> = "id",
        /// The room above it.
        spacing: Option<Spacing> = "spacing",
        /// Whether there is a line above it.
        separator: Option<bool> = "separator",
        /// Whether it is shown.
        is_visible: Option<bool> = "isVisible",
    }
}

impl RichTextBlock {
    /// A text without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part.
    #[must_use]
    pub fn push(mut self, part: impl Into<Inline>) -> Self {
        self.inlines.push(part.into());
        self
    }
}

/// A part of a [`RichTextBlock`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Inline {
    /// A text that looks like its surroundings.
    Text(String),
    /// A text with a look of its own.
    Run(Box<TextRun>),
    /// A type that this model does not know.
    Unknown(Map<String, Value>),
}

impl From<TextRun> for Inline {
    fn from(run: TextRun) -> Self {
        Self::Run(Box::new(run))
    }
}

impl From<&str> for Inline {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Scalar for Inline {
    fn read(value: Value) -> Result<Self, Value> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Object(map) if map.get("type").and_then(Value::as_str) == Some("TextRun") => {
                Ok(Self::Run(Box::new(TextRun::from_map(map))))
            }
            Value::Object(map) => Ok(Self::Unknown(map)),
            other => Err(other),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Run(run) => Value::Object(run.to_map()),
            Self::Unknown(map) => Value::Object(map.clone()),
        }
    }
}

object! {
    /// A text with a look of its own inside a [`RichTextBlock`].
    TextRun = "TextRun" {
        /// What it says; Markdown is not shown.
        text: String = "text",
        /// How large it is.
        size: Option<TextSize> = "size",
        /// How heavy it is.
        weight: Option<Weight> = "weight",
        /// What its colour says.
        color: Option<Color> = "color",
        /// Whether it stays in the background.
        is_subtle: Option<bool> = "isSubtle",
        /// Its typeface.
        font_type: Option<FontType> = "fontType",
        /// Whether it leans.
        italic: Option<bool> = "italic",
        /// Whether it is struck through.
        strikethrough: Option<bool> = "strikethrough",
        /// Whether it is underlined.
        underline: Option<bool> = "underline",
        /// Whether it is marked.
        highlight: Option<bool> = "highlight",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
    }
}

impl TextRun {
    /// A text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

object! {
    /// Names and values, one pair a line.
    FactSet = "FactSet" {
        /// The pairs.
        facts: Vec<Fact> = "facts",
        /// Its name for others.
        id: Option<String> = "id",
        /// The room above it.
        spacing: Option<Spacing> = "spacing",
        /// Whether there is a line above it.
        separator: Option<bool> = "separator",
        /// Whether it is shown.
        is_visible: Option<bool> = "isVisible",
    }
}

impl FactSet {
    /// No pairs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair.
    #[must_use]
    pub fn fact(mut self, title: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push(Fact { title: title.into(), value: value.into(), ..Fact::default() });
        self
    }
}

object! {
    /// A name and a value, whose Markdown is shown.
    Fact {
        /// The name.
        title: String = "title",
        /// The value.
        value: String = "value",
    }
}

object! {
    /// A picture.
    Image = "Image" {
        /// Where it is.
        url: String = "url",
        /// What it shows, for those who cannot see it.
        alt_text: Option<String> = "altText",
        /// How large it is.
        size: Option<ImageSize> = "size",
        /// `person` makes it round.
        style: Option<String> = "style",
        /// Its width, like `40px`.
        width: Option<String> = "width",
        /// Its height, like `40px`.
        height: Option<String> = "height",
        /// Where it stands.
        horizontal_alignment: Option<HorizontalAlignment> = "horizontalAlignment",
        /// The colour behind it.
        background_color: Option<String> = "backgroundColor",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
        /// Its name for others.
        id: Option<String> = "id",
        /// The room above it.
        spacing: Option<Spacing> = "spacing",
        /// Whether there is a line above it.
        separator: Option<bool> = "separator",
        /// Whether it is shown.
        is_visible: Option<bool> = "isVisible",
        /// Where it stands from top to bottom.
        vertical_alignment: Option<VerticalAlignment> = "verticalAlignment",
    }
}

impl Image {
    /// A picture and what it shows.
    #[must_use]
    pub fn new(url: impl Into<String>, alt_text: impl Into<String>) -> Self {
        Self { url: url.into(), alt_text: Some(alt_text.into()), ..Self::default() }
    }
}
