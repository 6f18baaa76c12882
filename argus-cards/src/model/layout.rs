//! How elements are laid out, and what is behind them.

use super::macros::object;
use super::{
    FillMode, FlowLayoutItemFit, GridColumn, HorizontalAlignment, Number, Pixels, Spacing,
    TargetWidth, ThemedUrl, Url, VerticalAlignment,
};

object! {
    /// Elements below each other, which is what happens without a layout too.
    StackLayout = "Layout.Stack" only "Teams" with [keyed] () {
        /// How wide the card must be for it to be shown.
        target_width: TargetWidth = "targetWidth",
    }
}

object! {
    /// Elements side by side that go on in the next line.
    FlowLayout = "Layout.Flow" only "Teams" with [keyed] () {
        /// How wide the card must be for it to be shown.
        target_width: TargetWidth = "targetWidth",
        /// Where the elements stand from left to right.
        horizontal_items_alignment: HorizontalAlignment = "horizontalItemsAlignment",
        /// Where the elements stand from top to bottom.
        vertical_items_alignment: VerticalAlignment = "verticalItemsAlignment",
        /// Whether the elements fill the line.
        item_fit: FlowLayoutItemFit = "itemFit",
        /// How wide an element is at least.
        min_item_width: Pixels = "minItemWidth",
        /// How wide an element may be.
        max_item_width: Pixels = "maxItemWidth",
        /// How wide each element is.
        item_width: Pixels = "itemWidth",
        /// The room between columns.
        column_spacing: Spacing = "columnSpacing",
        /// The room between rows.
        row_spacing: Spacing = "rowSpacing",
    }
}

object! {
    /// Elements in named areas of a grid.
    AreaGridLayout = "Layout.AreaGrid" only "Teams" with [keyed] () {
        /// How wide the card must be for it to be shown.
        target_width: TargetWidth = "targetWidth",
        /// The columns, by their width.
        columns: [GridColumn] = "columns",
        /// The areas.
        areas: [GridArea] = "areas",
        /// The room between columns.
        column_spacing: Spacing = "columnSpacing",
        /// The room between rows.
        row_spacing: Spacing = "rowSpacing",
    }
}

object! {
    /// A named area of an `AreaGridLayout`.
    GridArea only "Teams" with [keyed] (
        /// What elements call it in their `grid_area`.
        name: String = "name",
    ) {
        /// Its first column; the first of all is 1.
        column: Number = "column",
        /// Over how many columns it goes.
        column_span: Number = "columnSpan",
        /// Its first row; the first of all is 1.
        row: Number = "row",
        /// Over how many rows it goes.
        row_span: Number = "rowSpan",
    }
}

object! {
    /// A picture behind other elements.
    BackgroundImage since "1.2" with [keyed] (
        /// Where it is.
        url: Url = "url" required,
    ) {
        /// How it fills the place.
        fill_mode: FillMode = "fillMode",
        /// Where it stands from top to bottom.
        vertical_alignment: VerticalAlignment = "verticalAlignment",
        /// The same picture for each theme.
        themed_urls: [ThemedUrl] = "themedUrls" teams,
        /// Where it stands from left to right.
        horizontal_alignment: HorizontalAlignment = "horizontalAlignment",
    }
}
