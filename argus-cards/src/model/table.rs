//! Tables.

use super::macros::object;
use super::{
    ColumnWidth, ContainerStyle, Element, ElementHeight, ElementId, HorizontalAlignment, MinWidth,
    Pixels, SelectAction, VerticalAlignment,
};

object! {
    /// Rows and columns.
    Table = "Table" since "1.5" has [element] with [border named height aligned] () {
        /// What its background says.
        style: ContainerStyle = "style" teams,
        /// The columns, by their width.
        columns: [TableColumn] = "columns",
        /// How wide it is at least; what is more scrolls.
        min_width: MinWidth = "minWidth" teams,
        /// The first row names the columns.
        first_row_as_headers: bool = "firstRowAsHeaders" also "firstRowAsHeader"
            unless without_headers,
        /// Has lines between the cells.
        show_grid_lines: bool = "showGridLines" unless without_grid_lines,
        /// What the lines say.
        grid_style: ContainerStyle = "gridStyle",
        /// Where its cells' content stands from left to right.
        horizontal_cell_content_alignment: HorizontalAlignment = "horizontalCellContentAlignment",
        /// Where its cells' content stands from top to bottom.
        vertical_cell_content_alignment: VerticalAlignment = "verticalCellContentAlignment",
        /// The rows.
        rows: [TableRow] = "rows",
    }
}

impl Table {
    /// Adds a column; a number is its share of the width.
    #[must_use]
    pub fn column(mut self, width: impl Into<ColumnWidth>) -> Self {
        self.columns.push(TableColumn::new().width(width));
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
    /// A column of a `Table`.
    TableColumn since "1.5" with [keyed] () {
        /// Where its cells' content stands from left to right.
        horizontal_cell_content_alignment: HorizontalAlignment = "horizontalCellContentAlignment",
        /// Where its cells' content stands from top to bottom.
        vertical_cell_content_alignment: VerticalAlignment = "verticalCellContentAlignment",
        /// How wide it is.
        width: ColumnWidth = "width",
    }
}

object! {
    /// A row of a `Table`.
    TableRow = "TableRow" since "1.5" has [element] with [border named height aligned] () {
        /// What its background says.
        style: ContainerStyle = "style",
        /// Where its cells' content stands from left to right.
        horizontal_cell_content_alignment: HorizontalAlignment = "horizontalCellContentAlignment",
        /// Where its cells' content stands from top to bottom.
        vertical_cell_content_alignment: VerticalAlignment = "verticalCellContentAlignment",
        /// The cells.
        cells: [TableCell] = "cells",
    }
}

impl TableRow {
    /// Adds a cell with one element in it.
    #[must_use]
    pub fn cell(mut self, element: impl Into<Element>) -> Self {
        self.cells.push(TableCell::new().push(element));
        self
    }
}

object! {
    /// A cell of a `TableRow`.
    TableCell = "TableCell" since "1.5" has [element surface] with [named height] () {
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction",
        /// What its background says.
        style: ContainerStyle = "style",
        /// Reaches to the edge of what holds it.
        bleed: bool = "bleed",
        /// How high it may become; what is more scrolls.
        max_height: Pixels = "maxHeight" teams,
        /// The elements.
        items: [Element] = "items" required,
    }
}

impl TableCell {
    /// Adds an element at the bottom.
    #[must_use]
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }
}
