//! What holds other elements.

use super::macros::object;
use super::{
    Action, Capabilities, CarouselPageAnimation, ColumnWidth, ContainerStyle, Element,
    ElementFallback, ElementHeight, ElementId, HorizontalAlignment, MinWidth, Pixels, SelectAction,
    TargetWidth,
};

object! {
    /// Elements that belong together.
    Container = "Container" since "1.0" has [element surface] with [border named height aligned] () {
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction" since "1.1",
        /// What its background says.
        style: ContainerStyle = "style",
        /// Reaches to the edge of what holds it.
        bleed: bool = "bleed" since "1.2",
        /// How high it may become; what is more scrolls.
        max_height: Pixels = "maxHeight" teams,
        /// The elements.
        items: [Element] = "items" required,
    }
}

impl Container {
    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }
}

object! {
    /// Columns side by side.
    ColumnSet = "ColumnSet" since "1.0" has [element] with [border named height aligned] () {
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction" since "1.1",
        /// What its background says.
        style: ContainerStyle = "style" since "1.2",
        /// Reaches to the edge of what holds it.
        bleed: bool = "bleed" since "1.2",
        /// How high it is at least.
        min_height: Pixels = "minHeight" since "1.2",
        /// How wide it is at least; what is more scrolls.
        min_width: MinWidth = "minWidth" teams,
        /// The columns.
        columns: [Column] = "columns",
    }
}

impl ColumnSet {
    /// Adds a column on the right.
    #[must_use]
    pub fn push(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }
}

object! {
    /// A column of a `ColumnSet`.
    Column = "Column" since "1.0" has [element surface] with [border named height aligned] () {
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction" since "1.1",
        /// What its background says.
        style: ContainerStyle = "style",
        /// Reaches to the edge of what holds it.
        bleed: bool = "bleed" since "1.2",
        /// How high it may become; what is more scrolls.
        max_height: Pixels = "maxHeight" teams,
        /// How wide it is.
        width: ColumnWidth = "width",
        /// The elements.
        items: [Element] = "items" required,
    }
}

impl Column {
    /// A column as wide as its content.
    #[must_use]
    pub fn auto() -> Self {
        Self::new().width(ColumnWidth::Auto)
    }

    /// A column that takes what room is left.
    #[must_use]
    pub fn stretch() -> Self {
        Self::new().width(ColumnWidth::Stretch)
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }
}

object! {
    /// Buttons among the elements.
    ActionSet = "ActionSet" since "1.2" has [element] with [named height aligned] () {
        /// The buttons.
        actions: [Action] = "actions" required,
    }
}

impl ActionSet {
    /// Adds a button.
    #[must_use]
    pub fn push(mut self, action: impl Into<Action>) -> Self {
        self.actions.push(action.into());
        self
    }
}

object! {
    /// Pages of which one is seen at a time.
    Carousel = "Carousel" only "Teams" has [element] with [named height] () {
        /// Reaches to the edge of what holds it.
        bleed: bool = "bleed",
        /// How high it is at least.
        min_height: Pixels = "minHeight",
        /// How one page gives way to the next.
        page_animation: CarouselPageAnimation = "pageAnimation",
        /// The pages.
        pages: [CarouselPage] = "pages",
    }
}

object! {
    /// A page of a `Carousel`.
    CarouselPage = "CarouselPage" only "Teams" has [surface] with [item border named height] () {
        /// What the client must be able to do, or the fallback is shown.
        requires: Capabilities = "requires",
        /// Is shown.
        is_visible: bool = "isVisible" unless hidden,
        /// How wide the card must be for it to be shown.
        target_width: TargetWidth = "targetWidth",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
        /// What its background says.
        style: ContainerStyle = "style",
        /// How high it may become; what is more scrolls.
        max_height: Pixels = "maxHeight",
        /// The elements.
        items: [Element] = "items" required,
    }
}

impl CarouselPage {
    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }
}
