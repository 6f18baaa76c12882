//! Badges, icons, stars and bars.

use super::macros::object;
use super::{
    BadgeAppearance, BadgeIconPosition, BadgeShape, BadgeSize, BadgeStyle, ElementHeight,
    ElementId, HorizontalAlignment, IconSize, IconStyle, Number, ProgressBarColor,
    ProgressRingLabelPosition, ProgressRingSize, RatingColor, RatingSize, RatingStyle,
    SelectAction, TextColor,
};

object! {
    /// A short word in a coloured shape.
    Badge = "Badge" only "Teams" has [element] with [named height aligned] () {
        /// What it says.
        text: String = "text",
        /// The name of its icon in the Fluent set.
        icon: String = "icon",
        /// Where the icon is.
        icon_position: BadgeIconPosition = "iconPosition",
        /// How strong its colour is.
        appearance: BadgeAppearance = "appearance",
        /// How large it is.
        size: BadgeSize = "size",
        /// Its shape.
        shape: BadgeShape = "shape",
        /// What its colour says.
        style: BadgeStyle = "style",
        /// What it says when pointed at.
        tooltip: String = "tooltip",
    }
}

object! {
    /// An icon of the Fluent set.
    Icon = "Icon" only "Teams" has [element] with [named aligned] (
        /// Its name in the Fluent set.
        name: String = "name" required,
    ) {
        /// How large it is.
        size: IconSize = "size",
        /// Whether it is filled.
        style: IconStyle = "style",
        /// Its colour.
        color: TextColor = "color",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
    }
}

object! {
    /// The icon of a `CompoundButton`.
    IconInfo only "Teams" with [keyed] (
        /// Its name in the Fluent set.
        name: String = "name",
    ) {
        /// How large it is.
        size: IconSize = "size",
        /// Whether it is filled.
        style: IconStyle = "style",
        /// Its colour.
        color: TextColor = "color",
    }
}

object! {
    /// A large button with an icon, a title and a description.
    CompoundButton = "CompoundButton" only "Teams" has [element] with [named height aligned] () {
        /// Its icon.
        icon: IconInfo = "icon",
        /// A word in a corner, like `New`.
        badge: String = "badge",
        /// What the button says.
        title: String = "title",
        /// What stands under the title.
        description: String = "description",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
    }
}

object! {
    /// Stars that were given.
    Rating = "Rating" only "Teams" has [element] with [named height aligned] () {
        /// How many stars were given.
        value: Number = "value",
        /// How many people gave them.
        count: Number = "count",
        /// How many stars there can be.
        max: Number = "max",
        /// How large it is.
        size: RatingSize = "size",
        /// Its colour.
        color: RatingColor = "color",
        /// Whether it is shown in one line.
        style: RatingStyle = "style",
    }
}

object! {
    /// How far something has come, as a bar.
    ProgressBar = "ProgressBar" only "Teams" has [element] with [named height aligned] () {
        /// How far it has come; without one it moves on and on.
        value: Number = "value",
        /// What `value` is out of.
        max: Number = "max",
        /// Its colour.
        color: ProgressBarColor = "color",
    }
}

object! {
    /// A ring that turns while something goes on.
    ProgressRing = "ProgressRing" only "Teams" has [element] with [named height aligned] () {
        /// What stands beside it.
        label: String = "label",
        /// Where the label is.
        label_position: ProgressRingLabelPosition = "labelPosition",
        /// How large it is.
        size: ProgressRingSize = "size",
    }
}
