//! The words of the schema (its enumerations).

mod action;
mod chart;
mod media;
mod place;
mod text;

pub use action::{
    ActionMode, ActionStyle, AssociatedInputs, ChoiceSetInputStyle, ImageInsertPosition,
    InputLabelPosition, InputStyle, InputTextStyle, PopoverPosition,
};
pub use chart::{
    ChartColor, ChartColorSet, DonutThickness, GaugeChartValueFormat, HorizontalBarChartDisplayMode,
};
pub use media::{
    BadgeAppearance, BadgeIconPosition, BadgeShape, BadgeSize, BadgeStyle, IconSize, IconStyle,
    ImageFitMode, ImageSetStyle, ImageSize, ImageStyle, PersonaDisplayStyle, PersonaIconStyle,
    ProgressBarColor, ProgressRingLabelPosition, ProgressRingSize, RatingColor, RatingSize,
    RatingStyle, Size,
};
pub use place::{
    CarouselPageAnimation, ContainerStyle, ElementHeight, FillMode, FlowLayoutItemFit, MentionType,
    Spacing, TargetWidth, TeamsCardWidth, ThemeName,
};
pub use text::{
    CodeLanguage, FontType, HorizontalAlignment, TextBlockStyle, TextColor, TextSize, TextWeight,
    VerticalAlignment,
};
