//! Places where objects of several types may stand.

use super::macros::union;
use super::{
    ActionSet, AreaGridLayout, Badge, Carousel, CodeBlock, CollabStage, ColumnSet, CompoundButton,
    Container, DonutChart, EventComponent, Execute, FactSet, FileComponent, FlowLayout, GaugeChart,
    GroupedVerticalBarChart, HorizontalBarChart, Icon, IconRun, ImBack, Image, ImageRun, ImageSet,
    InputChoiceSet, InputDate, InputNumber, InputRating, InputText, InputTime, InputToggle,
    InsertImage, Invoke, LineChart, Media, MessageBack, OpenUrl, OpenUrlDialog, PieChart, Popover,
    ProgressBar, ProgressRing, Rating, ResetInputs, ResourceComponent, RichTextBlock, ShowCard,
    Signin, StackLayout, StackedHorizontalBarChart, Submit, Table, TaskFetch, TextBlock, TextRun,
    ToggleVisibility, UserComponent, UsersComponent, VerticalBarChart,
};

union! {
    /// An element.
    Element {
        /// A text.
        TextBlock,
        /// A text whose parts may look different.
        RichTextBlock,
        /// Elements that belong together.
        Container,
        /// Columns side by side.
        ColumnSet,
        /// Names and values.
        FactSet,
        /// Rows and columns.
        Table,
        /// A picture.
        Image,
        /// Pictures side by side.
        ImageSet,
        /// A video or a sound.
        Media,
        /// Buttons.
        ActionSet,
        /// A field for a text.
        InputText,
        /// A field for a number.
        InputNumber,
        /// A field for a day.
        InputDate,
        /// A field for a time of day.
        InputTime,
        /// A switch.
        InputToggle,
        /// A choice.
        InputChoiceSet,
        /// Stars to give.
        InputRating,
        /// A short word in a coloured shape.
        Badge,
        /// An icon.
        Icon,
        /// A large button.
        CompoundButton,
        /// Code.
        CodeBlock,
        /// Stars that were given.
        Rating,
        /// How far something has come.
        ProgressBar,
        /// That something goes on.
        ProgressRing,
        /// Pages of which one is seen.
        Carousel,
        /// A ring cut into parts.
        DonutChart,
        /// A disc cut into parts.
        PieChart,
        /// A half ring with a needle.
        GaugeChart,
        /// Lines over an axis.
        LineChart,
        /// Upright bars.
        VerticalBarChart,
        /// Upright bars in groups.
        GroupedVerticalBarChart,
        /// Lying bars.
        HorizontalBarChart,
        /// Lying bars cut into parts.
        StackedHorizontalBarChart,
        /// A person of Microsoft Graph.
        UserComponent,
        /// People of Microsoft Graph.
        UsersComponent,
        /// A thing of Microsoft Graph.
        ResourceComponent,
        /// A file.
        FileComponent,
        /// An event in a calendar.
        EventComponent,
    }
}

union! {
    /// A button.
    Action {
        /// Comes back to the bot, which may answer with a card.
        Execute,
        /// Comes back to the bot.
        Submit,
        /// Opens an address.
        OpenUrl,
        /// Unfolds another card.
        ShowCard,
        /// Shows and hides elements.
        ToggleVisibility,
        /// Puts inputs back to what they were.
        ResetInputs,
        /// Shows an element over the card.
        Popover,
        /// Opens an address in a dialog.
        OpenUrlDialog,
        /// Puts a picture into the document.
        InsertImage,
    }
}

union! {
    /// What happens when something is pressed that is no button.
    ///
    /// A `ShowCard` cannot, as the documentation of every host says:
    ///
    /// ```compile_fail
    /// use argus_cards::model::{Card, Container, ShowCard};
    ///
    /// let wrong = Container::new().select_action(ShowCard::new("More", Card::new()));
    /// ```
    SelectAction {
        /// Comes back to the bot, which may answer with a card.
        Execute,
        /// Comes back to the bot.
        Submit,
        /// Opens an address.
        OpenUrl,
        /// Shows and hides elements.
        ToggleVisibility,
        /// Puts inputs back to what they were.
        ResetInputs,
        /// Shows an element over the card.
        Popover,
        /// Opens an address in a dialog.
        OpenUrlDialog,
        /// Puts a picture into the document.
        InsertImage,
    }
}

union! {
    /// A button in the menu beside another one.
    MenuAction {
        /// Comes back to the bot, which may answer with a card.
        Execute,
        /// Comes back to the bot.
        Submit,
        /// Opens an address.
        OpenUrl,
        /// Shows and hides elements.
        ToggleVisibility,
        /// Puts inputs back to what they were.
        ResetInputs,
        /// Opens an address in a dialog.
        OpenUrlDialog,
        /// Puts a picture into the document.
        InsertImage,
    }
}

union! {
    /// What happens when the value of an input changes.
    ValueChangedAction {
        /// Puts inputs back to what they were.
        ResetInputs,
        /// Shows an element over the card.
        Popover,
        /// Opens an address in a dialog.
        OpenUrlDialog,
    }
}

union! {
    /// How elements are laid out.
    Layout {
        /// Below each other.
        StackLayout,
        /// Side by side.
        FlowLayout,
        /// In a grid.
        AreaGridLayout,
    }
}

union! {
    /// What Teams does with a `Submit`.
    TeamsSubmitData {
        /// Sends a message that may look different in the chat.
        MessageBack,
        /// Sends a message as if the person had written it.
        ImBack,
        /// Sends an invoke.
        Invoke,
        /// Begins a sign-in.
        Signin,
        /// Asks the bot for a dialog.
        TaskFetch,
    }
}

union! {
    /// What the bot gets with an `Invoke`.
    InvokeValue {
        /// A tab in the stage of a meeting or chat.
        CollabStage,
    }
}

union! {
    /// A part of a `RichTextBlock`.
    Inline or Text {
        /// A text with a look of its own.
        TextRun,
        /// An icon.
        IconRun,
        /// A picture.
        ImageRun,
    }
}
