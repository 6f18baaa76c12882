//! What holds other elements.

use serde_json::Value;

use super::object::object;
use super::words::{ContainerStyle, HorizontalAlignment, Spacing, VerticalAlignment};
use super::{Action, Element};

object! {
    /// Elements that belong together.
    Container = "Container" {
        /// The elements.
        items: Vec<Element> = "items",
        /// What its background says.
        style: Option<ContainerStyle> = "style",
        /// Whether it reaches to the edge of the card.
        bleed: Option<bool> = "bleed",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
        /// Where its elements stand.
        vertical_content_alignment: Option<VerticalAlignment> = "verticalContentAlignment",
        /// How high it is at least, like `80px`.
        min_height: Option<String> = "minHeight",
        /// Whether it has a border (Teams).
        show_border: Option<bool> = "showBorder",
        /// Whether its corners are round (Teams).
        rounded_corners: Option<bool> = "roundedCorners",
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

impl Container {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }

    /// Sets what its background says.
    #[must_use]
    pub fn style(mut self, style: ContainerStyle) -> Self {
        self.style = Some(style);
        self
    }
}

object! {
    /// Columns side by side.
    ColumnSet = "ColumnSet" {
        /// The columns.
        columns: Vec<Column> = "columns",
        /// What its background says.
        style: Option<ContainerStyle> = "style",
        /// Whether it reaches to the edge of the card.
        bleed: Option<bool> = "bleed",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
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

impl ColumnSet {
    /// No columns yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column on the right.
    #[must_use]
    pub fn push(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }
}

object! {
    /// A column of a [`ColumnSet`].
    Column = "Column" {
        /// The elements.
        items: Vec<Element> = "items",
        /// `auto`, `stretch`, a weight or a width like `40px`.
        width: Option<Value> = "width",
        /// What its background says.
        style: Option<ContainerStyle> = "style",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
        /// Where its elements stand.
        vertical_content_alignment: Option<VerticalAlignment> = "verticalContentAlignment",
        /// Its name for others.
        id: Option<String> = "id",
        /// The room on its left.
        spacing: Option<Spacing> = "spacing",
        /// Whether there is a line on its left.
        separator: Option<bool> = "separator",
        /// Whether it is shown.
        is_visible: Option<bool> = "isVisible",
    }
}

impl Column {
    /// A column as wide as its content.
    #[must_use]
    pub fn auto() -> Self {
        Self { width: Some("auto".into()), ..Self::default() }
    }

    /// A column that takes what room is left.
    #[must_use]
    pub fn stretch() -> Self {
        Self { width: Some("stretch".into()), ..Self::default() }
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }
}

object! {
    /// Buttons.
    ActionSet = "ActionSet" {
        /// The buttons.
        actions: Vec<Action> = "actions",
        /// Where they stand.
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

impl ActionSet {
    /// No buttons yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a button.
    #[must_use]
    pub fn push(mut self, action: impl Into<Action>) -> Self {
        self.actions.push(action.into());
        self
    }
}

object! {
    /// Rows and columns.
    Table = "Table" {
        /// The columns, by their width.
        columns: Vec<TableColumn> = "columns",
        /// The rows.
        rows: Vec<TableRow> = "rows",
        /// Whether the first row names the columns.
        first_row_as_headers: Option<bool> = "firstRowAsHeaders",
        /// Whether there are lines.
        show_grid_lines: Option<bool> = "showGridLines",
        /// What the lines say.
        grid_style: Option<ContainerStyle> = "gridStyle",
        /// Where the cells' content stands from left to right.
        horizontal_cell_content_alignment: Option<HorizontalAlignment> =
            "horizontalCellContentAlignment",
        /// Where the cells' content stands from top to bottom.
        vertical_cell_content_alignment: Option<VerticalAlignment> =
            "verticalCellContentAlignment",
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

impl Table {
    /// A table without rows and columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column that is `width` times as wide as one of width 1.
    #[must_use]
    pub fn column(mut self, width: u32) -> Self {
        self.columns.push(TableColumn { width: Some(width.into()), ..TableColumn::default() });
        self
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, row: TableRow) -> Self {
        self.rows.push(row);
        self
    }
}

object! {
    /// A column of a [`Table`].
    TableColumn {
        /// A weight or a width like `40px`.
        width: Option<Value> = "width",
        /// Where its cells' content stands from left to right.
        horizontal_cell_content_alignment: Option<HorizontalAlignment> =
            "horizontalCellContentAlignment",
        /// Where its cells' content stands from top to bottom.
        vertical_cell_content_alignment: Option<VerticalAlignment> =
            "verticalCellContentAlignment",
    }
}

object! {
    /// A row of a [`Table`].
    TableRow = "TableRow" {
        /// The cells.
        cells: Vec<TableCell> = "cells",
        /// What its background says.
        style: Option<ContainerStyle> = "style",
    }
}

impl TableRow {
    /// A row without cells.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a cell with one element in it.
    #[must_use]
    pub fn cell(mut self, element: impl Into<Element>) -> Self {
        self.cells.push(TableCell { items: vec![element.into()], ..TableCell::default() });
        self
    }
}

object! {
    /// A cell of a [`TableRow`].
    TableCell = "TableCell" {
        /// The elements.
        items: Vec<Element> = "items",
        /// What its background says.
        style: Option<ContainerStyle> = "style",
        /// What happens when it is pressed.
        select_action: Option<Box<Action>> = "selectAction",
        /// Where its elements stand.
        vertical_content_alignment: Option<VerticalAlignment> = "verticalContentAlignment",
    }
}
