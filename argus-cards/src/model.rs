//! Adaptive Cards as types, for code that builds, reads or changes one.
//!
//! Every type, property and word of the official schema up to 1.6 and of Teams is here. Reading
//! loses nothing: what this model does not know, and values that do not fit their property, stay
//! in `rest`, and words keep their spelling. [`catalog`] has the same as tables.

mod action;
mod card;
pub mod catalog;
mod chart;
mod choice;
mod component;
mod container;
mod downgrade;
mod form;
#[cfg(feature = "icons")]
pub mod icons;
mod id;
mod input;
mod json;
mod layout;
mod macros;
mod media;
mod object;
mod rest;
mod series;
mod shared;
mod status;
mod submit;
mod table;
mod teams;
mod text;
mod union;
mod value;
mod words;

pub use action::{
    BotAction, Execute, InsertImage, OpenUrl, OpenUrlDialog, Popover, ResetInputs, ShowCard,
    Submit, TargetElement, ToggleVisibility,
};
pub use card::{
    AdaptiveCard, AuthCardButton, Authentication, Card, Metadata, Refresh, TokenExchangeResource,
};
pub use chart::{
    DonutChart, GaugeChart, GroupedVerticalBarChart, HorizontalBarChart, LineChart, PieChart,
    StackedHorizontalBarChart, VerticalBarChart,
};
pub use choice::{Choice, DataQuery, InputChoiceSet};
pub use component::{
    CalendarEvent, EventAttendee, EventComponent, FileComponent, FileProperties, Persona,
    PersonaSet, ResourceComponent, ResourceProperties, ResourceVisualization, UserComponent,
    UsersComponent,
};
pub use container::{ActionSet, Carousel, CarouselPage, Column, ColumnSet, Container};
pub use downgrade::{Change, Deed, Downgraded};
pub use form::{
    ActionData, ActionFallback, Background, Capabilities, ColumnWidth, Coordinate, DialogSize,
    ElementFallback, Fallback, GridColumn, ImageExtent, LabelWidth, MinWidth, Named,
    StringResources, Strings, Target,
};
pub use id::{ElementId, InputId};
pub use input::{InputDate, InputNumber, InputRating, InputText, InputTime, InputToggle};
pub use layout::{AreaGridLayout, BackgroundImage, FlowLayout, GridArea, StackLayout};
pub use media::{CaptionSource, Image, ImageSet, Media, MediaSource, TeamsImage};
pub use rest::Rest;
pub use series::{
    BarChartDataValue, DonutChartData, GaugeChartLegend, GroupedVerticalBarChartData,
    HorizontalBarChartDataValue, LineChartData, LineChartValue, StackedHorizontalBarChartData,
    StackedHorizontalBarChartDataPoint, VerticalBarChartDataValue,
};
pub use shared::{
    ActionProperties, ChartProperties, ElementProperties, InputProperties, Shared,
    SurfaceProperties,
};
pub use status::{Badge, CompoundButton, Icon, IconInfo, ProgressBar, ProgressRing, Rating};
pub use submit::{
    CollabStage, ImBack, Invoke, MessageBack, Signin, SubmitData, SubmitFeedback, TabInfo,
    TaskFetch, TeamsSubmit,
};
pub use table::{Table, TableCell, TableColumn, TableRow};
pub use teams::{Mention, MentionedEntity, Resources, StringResource, TeamsCard, ThemedUrl};
pub use text::{CodeBlock, Fact, FactSet, IconRun, ImageRun, RichTextBlock, TextBlock, TextRun};
pub use union::{
    Action, Element, Inline, InvokeValue, Layout, MenuAction, SelectAction, TeamsSubmitData,
    ValueChangedAction,
};
pub use value::{Date, Markdown, Number, Pixels, Regex, Time, Url, Version};
pub use words::*;
