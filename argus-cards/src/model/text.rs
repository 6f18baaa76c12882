//! Texts.

use super::macros::object;
use super::{
    CodeLanguage, ElementFallback, ElementHeight, ElementId, FontType, HorizontalAlignment,
    IconStyle, ImageStyle, Inline, InputId, Markdown, Number, SelectAction, TextBlockStyle,
    TextColor, TextSize, TextWeight, ThemedUrl, Url,
};

object! {
    /// A text, whose Markdown is shown.
    TextBlock = "TextBlock" since "1.0" has [element] with [named height aligned] (
        /// What it says, in Markdown.
        text: Markdown = "text" required,
    ) {
        /// How large it is.
        size: TextSize = "size",
        /// How heavy it is.
        weight: TextWeight = "weight",
        /// Its colour.
        color: TextColor = "color",
        /// Stays in the background.
        is_subtle: bool = "isSubtle" as subtle,
        /// Its typeface.
        font_type: FontType = "fontType" since "1.2",
        /// Goes on in the next line.
        wrap: bool = "wrap",
        /// How many lines it may have.
        max_lines: Number = "maxLines",
        /// What a screen reader takes it for.
        style: TextBlockStyle = "style" since "1.5",
        /// The input that it is the label of.
        label_for: InputId = "labelFor" teams,
    }
}

object! {
    /// A text without Markdown, whose parts may look different.
    RichTextBlock = "RichTextBlock" since "1.2" has [element] with [named height aligned] () {
        /// The input that it is the label of.
        label_for: InputId = "labelFor" teams,
        /// The parts.
        inlines: [Inline] = "inlines" required,
    }
}

impl RichTextBlock {
    /// Adds a part.
    #[must_use]
    pub fn push(mut self, part: impl Into<Inline>) -> Self {
        self.inlines.push(part.into());
        self
    }
}

object! {
    /// A text with a look of its own inside a `RichTextBlock`.
    TextRun = "TextRun" since "1.2" with [item named] (
        /// What it says.
        text: String = "text" required,
    ) {
        /// Is shown.
        is_visible: bool = "isVisible" teams unless hidden,
        /// How large it is.
        size: TextSize = "size",
        /// How heavy it is.
        weight: TextWeight = "weight",
        /// Its colour.
        color: TextColor = "color",
        /// Stays in the background.
        is_subtle: bool = "isSubtle" as subtle,
        /// Its typeface.
        font_type: FontType = "fontType",
        /// Leans.
        italic: bool = "italic",
        /// Is struck through.
        strikethrough: bool = "strikethrough",
        /// Is marked.
        highlight: bool = "highlight",
        /// Is underlined.
        underline: bool = "underline" since "1.3",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
    }
}

object! {
    /// An icon inside a `RichTextBlock`.
    IconRun = "IconRun" only "Teams" with [item named] (
        /// Its name in the Fluent set.
        name: String = "name",
    ) {
        /// Is shown.
        is_visible: bool = "isVisible" unless hidden,
        /// How large it is.
        size: TextSize = "size",
        /// Whether it is filled.
        style: IconStyle = "style",
        /// Its colour.
        color: TextColor = "color",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
    }
}

object! {
    /// A picture inside a `RichTextBlock`.
    ImageRun = "ImageRun" only "Teams" with [item named] (
        /// Where it is.
        url: Url = "url",
    ) {
        /// Is shown.
        is_visible: bool = "isVisible" unless hidden,
        /// How large it is.
        size: TextSize = "size",
        /// The shape of the picture.
        style: ImageStyle = "style",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
        /// The same picture for each theme.
        themed_urls: [ThemedUrl] = "themedUrls",
    }
}

object! {
    /// Names and values, one pair a line.
    FactSet = "FactSet" since "1.0" has [element] with [named height] () {
        /// The pairs.
        facts: [Fact] = "facts" required,
    }
}

impl FactSet {
    /// Adds a pair.
    #[must_use]
    pub fn fact(mut self, title: impl Into<Markdown>, value: impl Into<Markdown>) -> Self {
        self.facts.push(Fact::new(title, value));
        self
    }
}

object! {
    /// A name and a value, whose Markdown is shown.
    Fact since "1.0" with [keyed] (
        /// The name.
        title: Markdown = "title" required,
        /// The value.
        value: Markdown = "value" required,
    ) {}
}

object! {
    /// Code with its syntax in colours.
    CodeBlock = "CodeBlock" only "Teams" has [element] with [named height aligned] () {
        /// The code.
        code_snippet: String = "codeSnippet",
        /// The language of the code.
        language: CodeLanguage = "language",
        /// The number of its first line.
        start_line_number: Number = "startLineNumber",
    }
}
