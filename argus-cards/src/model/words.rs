//! The words of the schema (its enumerations).

use super::object::words;

words! {
    /// How large a text is.
    TextSize {
        /// Smaller than usual.
        SMALL = "small",
        /// The usual size.
        DEFAULT = "default",
        /// A little larger.
        MEDIUM = "medium",
        /// Larger.
        LARGE = "large",
        /// The largest.
        EXTRA_LARGE = "extraLarge",
    }
}

words! {
    /// How heavy a text is.
    Weight {
        /// Light.
        LIGHTER = "lighter",
        /// The usual weight.
        DEFAULT = "default",
        /// Bold.
        BOLDER = "bolder",
    }
}

words! {
    /// What a text's colour says.
    Color {
        /// The usual colour.
        DEFAULT = "default",
        /// For dark surfaces.
        DARK = "dark",
        /// For light surfaces.
        LIGHT = "light",
        /// The product's colour.
        ACCENT = "accent",
        /// All is well.
        GOOD = "good",
        /// Careful.
        WARNING = "warning",
        /// Look here now.
        ATTENTION = "attention",
    }
}

words! {
    /// The typeface of a text.
    FontType {
        /// The usual one.
        DEFAULT = "default",
        /// Every letter as wide as the next.
        MONOSPACE = "monospace",
    }
}

words! {
    /// Where something stands from left to right.
    HorizontalAlignment {
        /// Left.
        LEFT = "left",
        /// In the middle.
        CENTER = "center",
        /// Right.
        RIGHT = "right",
    }
}

words! {
    /// Where something stands from top to bottom.
    VerticalAlignment {
        /// Top.
        TOP = "top",
        /// In the middle.
        CENTER = "center",
        /// Bottom.
        BOTTOM = "bottom",
    }
}

words! {
    /// How much room there is above an element.
    Spacing {
        /// None.
        NONE = "none",
        /// Very little.
        EXTRA_SMALL = "extraSmall",
        /// Little.
        SMALL = "small",
        /// The usual.
        DEFAULT = "default",
        /// More.
        MEDIUM = "medium",
        /// Much.
        LARGE = "large",
        /// The most.
        EXTRA_LARGE = "extraLarge",
        /// As much as around the card.
        PADDING = "padding",
    }
}

words! {
    /// What a container's background says.
    ContainerStyle {
        /// Nothing.
        DEFAULT = "default",
        /// It stands out.
        EMPHASIS = "emphasis",
        /// All is well.
        GOOD = "good",
        /// Look here now.
        ATTENTION = "attention",
        /// Careful.
        WARNING = "warning",
        /// The product's colour.
        ACCENT = "accent",
    }
}

words! {
    /// How large an image is.
    ImageSize {
        /// As large as it is.
        AUTO = "auto",
        /// As wide as its place.
        STRETCH = "stretch",
        /// Small.
        SMALL = "small",
        /// Medium.
        MEDIUM = "medium",
        /// Large.
        LARGE = "large",
    }
}

words! {
    /// What a button's look says.
    ActionStyle {
        /// Nothing.
        DEFAULT = "default",
        /// It is the good way on.
        POSITIVE = "positive",
        /// It breaks something.
        DESTRUCTIVE = "destructive",
    }
}

words! {
    /// Whether a button is on the card or behind the three dots.
    ActionMode {
        /// On the card.
        PRIMARY = "primary",
        /// Behind the three dots.
        SECONDARY = "secondary",
    }
}

words! {
    /// How choices are offered.
    ChoiceStyle {
        /// A list to unfold.
        COMPACT = "compact",
        /// All at once.
        EXPANDED = "expanded",
        /// A list to type into.
        FILTERED = "filtered",
    }
}
