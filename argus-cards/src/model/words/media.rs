//! The words of pictures, badges and bars.

use crate::model::macros::words;

words! {
    /// How large a picture is.
    Size {
        /// As large as it is.
        Auto = "Auto",
        /// As wide as its place.
        Stretch = "Stretch",
        /// Small.
        Small = "Small",
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
    }
}

words! {
    /// How large each picture of a set is.
    ImageSize {
        /// Small.
        Small = "Small",
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
    }
}

words! {
    /// The shape of a picture.
    ImageStyle {
        /// The usual.
        Default = "Default",
        /// Round, for a person.
        Person = "Person",
        /// With round corners.
        RoundedCorners = "RoundedCorners" teams,
    }
}

words! {
    /// How a picture fills width and height.
    ImageFitMode {
        /// It covers the place; what is more is cut.
        Cover = "Cover",
        /// All of it is seen.
        Contain = "Contain",
        /// It is stretched.
        Fill = "Fill",
    }
}

words! {
    /// How large an icon is.
    IconSize {
        /// The smallest.
        XxSmall = "xxSmall",
        /// Very small.
        XSmall = "xSmall",
        /// Small.
        Small = "Small",
        /// The usual.
        Standard = "Standard",
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
        /// Very large.
        XLarge = "xLarge",
        /// The largest.
        XxLarge = "xxLarge",
    }
}

words! {
    /// Whether an icon is filled.
    IconStyle {
        /// Lines.
        Regular = "Regular",
        /// Filled.
        Filled = "Filled",
    }
}

words! {
    /// Where the icon of a badge is.
    BadgeIconPosition {
        /// Before.
        Before = "Before",
        /// After.
        After = "After",
    }
}

words! {
    /// How strong the colour of a badge is.
    BadgeAppearance {
        /// Strong.
        Filled = "Filled",
        /// Pale.
        Tint = "Tint",
    }
}

words! {
    /// How large a badge is.
    BadgeSize {
        /// The usual.
        Medium = "Medium",
        /// Large.
        Large = "Large",
        /// The largest.
        ExtraLarge = "ExtraLarge",
    }
}

words! {
    /// The shape of a badge.
    BadgeShape {
        /// With corners.
        Square = "Square",
        /// With round corners.
        Rounded = "Rounded",
        /// Round.
        Circular = "Circular",
    }
}

words! {
    /// What the colour of a badge says.
    BadgeStyle {
        /// The usual.
        Default = "Default",
        /// It stays in the background.
        Subtle = "Subtle",
        /// To be known.
        Informative = "Informative",
        /// The product's colour.
        Accent = "Accent",
        /// All is well.
        Good = "Good",
        /// Look here now.
        Attention = "Attention",
        /// Careful.
        Warning = "Warning",
    }
}

words! {
    /// How large the stars are.
    RatingSize {
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
    }
}

words! {
    /// The colour of the stars.
    RatingColor {
        /// Grey.
        Neutral = "Neutral",
        /// Yellow.
        Marigold = "Marigold",
    }
}

words! {
    /// How stars are shown.
    RatingStyle {
        /// The usual.
        Default = "Default",
        /// In one line.
        Compact = "Compact",
    }
}

words! {
    /// Where the label of a ring is.
    ProgressRingLabelPosition {
        /// Before.
        Before = "Before",
        /// After.
        After = "After",
        /// Above.
        Above = "Above",
        /// Below.
        Below = "Below",
    }
}

words! {
    /// How large a ring is.
    ProgressRingSize {
        /// The smallest.
        Tiny = "Tiny",
        /// Small.
        Small = "Small",
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
    }
}

words! {
    /// What the colour of a bar says.
    ProgressBarColor {
        /// The product's colour.
        Accent = "Accent",
        /// All is well.
        Good = "Good",
        /// Careful.
        Warning = "Warning",
        /// Look here now.
        Attention = "Attention",
    }
}

words! {
    /// How the picture of a person is shown.
    PersonaIconStyle {
        /// Their picture.
        ProfilePicture = "profilePicture",
        /// A card that is shown when pointed at.
        ContactCard = "contactCard",
        /// None.
        None = "none",
    }
}

words! {
    /// What is shown of a person.
    PersonaDisplayStyle {
        /// Picture and name.
        IconAndName = "iconAndName",
        /// The picture.
        IconOnly = "iconOnly",
        /// The name.
        NameOnly = "nameOnly",
    }
}

words! {
    /// How the pictures of a set lie.
    ImageSetStyle {
        /// As the client likes.
        Default = "default",
        /// Over each other.
        Stacked = "stacked",
        /// In a grid.
        Grid = "grid",
    }
}
