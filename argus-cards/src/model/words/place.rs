//! The words of places and widths.

use crate::model::macros::words;

words! {
    /// How much room there is.
    Spacing {
        /// None.
        None = "None",
        /// Very little.
        ExtraSmall = "ExtraSmall" teams,
        /// Little.
        Small = "Small",
        /// The usual.
        Default = "Default",
        /// More.
        Medium = "Medium",
        /// Much.
        Large = "Large",
        /// The most.
        ExtraLarge = "ExtraLarge",
        /// As much as around the card.
        Padding = "Padding",
    }
}

words! {
    /// How high an element is.
    ElementHeight {
        /// As high as it needs.
        Auto = "auto",
        /// As high as there is room.
        Stretch = "stretch",
    }
}

words! {
    /// How wide the card must be.
    TargetWidth {
        /// As in a side panel.
        VeryNarrow = "VeryNarrow",
        /// As on a phone.
        Narrow = "Narrow",
        /// As in a chat.
        Standard = "Standard",
        /// As in a channel.
        Wide = "Wide",
        /// As wide as in a side panel or wider.
        AtLeastVeryNarrow = "atLeast:VeryNarrow",
        /// As wide as in a side panel or narrower.
        AtMostVeryNarrow = "atMost:VeryNarrow",
        /// As wide as in a phone or wider.
        AtLeastNarrow = "atLeast:Narrow",
        /// As wide as in a phone or narrower.
        AtMostNarrow = "atMost:Narrow",
        /// As wide as in a chat or wider.
        AtLeastStandard = "atLeast:Standard",
        /// As wide as in a chat or narrower.
        AtMostStandard = "atMost:Standard",
        /// As wide as in a channel or wider.
        AtLeastWide = "atLeast:Wide",
        /// As wide as in a channel or narrower.
        AtMostWide = "atMost:Wide",
    }
}

words! {
    /// What a container's background says.
    ContainerStyle {
        /// Nothing.
        Default = "default",
        /// It stands out.
        Emphasis = "emphasis",
        /// The product's colour.
        Accent = "accent" since "1.2",
        /// All is well.
        Good = "good" since "1.2",
        /// Look here now.
        Attention = "attention" since "1.2",
        /// Careful.
        Warning = "warning" since "1.2",
    }
}

words! {
    /// Whether elements fill their line.
    FlowLayoutItemFit {
        /// Each as wide as it needs.
        Fit = "Fit",
        /// They fill it.
        Fill = "Fill",
    }
}

words! {
    /// How a picture fills its place.
    FillMode {
        /// It covers the place; what is more is cut.
        Cover = "Cover",
        /// It is repeated to the right.
        RepeatHorizontally = "RepeatHorizontally",
        /// It is repeated downwards.
        RepeatVertically = "RepeatVertically",
        /// It is repeated in both directions.
        Repeat = "Repeat",
    }
}

words! {
    /// A theme of the client.
    ThemeName {
        /// Light.
        Light = "Light",
        /// Dark.
        Dark = "Dark",
    }
}

words! {
    /// How wide a card is in Teams.
    TeamsCardWidth {
        /// As wide as the channel.
        Full = "full",
    }
}

words! {
    /// What is mentioned.
    MentionType {
        /// A person.
        Person = "Person",
        /// A tag of the team.
        Tag = "Tag",
    }
}

words! {
    /// How one page gives way to the next.
    CarouselPageAnimation {
        /// It slides.
        Slide = "Slide",
        /// It fades.
        CrossFade = "CrossFade",
        /// None.
        None = "None",
    }
}
