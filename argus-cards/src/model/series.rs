//! What charts draw.

use super::macros::object;
use super::{ChartColor, Coordinate, Number};

object! {
    /// A part of a `DonutChart` or `PieChart`.
    DonutChartData only "Teams" with [keyed] (
        /// What it is called in the legend.
        legend: String = "legend",
        /// How large it is.
        value: Number = "value",
    ) {
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// A part of the half ring of a `GaugeChart`.
    GaugeChartLegend only "Teams" with [keyed] (
        /// What it is called in the legend.
        legend: String = "legend",
        /// How much of the half ring it takes.
        size: Number = "size",
    ) {
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// A line of a `LineChart`.
    LineChartData only "Teams" with [keyed] (
        /// What it is called in the legend.
        legend: String = "legend",
    ) {
        /// The points.
        values: [LineChartValue] = "values",
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// A point of a line.
    LineChartValue only "Teams" with [keyed] (
        /// Where it stands on the axis.
        x: Coordinate = "x",
        /// How high it is.
        y: Number = "y",
    ) {}
}

object! {
    /// A bar of a `VerticalBarChart`.
    VerticalBarChartDataValue only "Teams" with [keyed] (
        /// What the bar is called.
        x: Coordinate = "x",
        /// How high it is.
        y: Number = "y",
    ) {
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// The bars of one colour of a `GroupedVerticalBarChart`.
    GroupedVerticalBarChartData only "Teams" with [keyed] (
        /// What it is called in the legend.
        legend: String = "legend",
    ) {
        /// The bars.
        values: [BarChartDataValue] = "values",
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// A bar in a group.
    BarChartDataValue only "Teams" with [keyed] (
        /// Which group it belongs to.
        x: String = "x",
        /// How high it is.
        y: Number = "y",
    ) {}
}

object! {
    /// A bar of a `HorizontalBarChart`.
    HorizontalBarChartDataValue only "Teams" with [keyed] (
        /// What the bar is called.
        x: String = "x",
        /// How long it is.
        y: Number = "y",
    ) {
        /// Its colour.
        color: ChartColor = "color",
    }
}

object! {
    /// A bar of a `StackedHorizontalBarChart`.
    StackedHorizontalBarChartData only "Teams" with [keyed] (
        /// What the bar is called.
        title: String = "title",
    ) {
        /// Its parts.
        data: [StackedHorizontalBarChartDataPoint] = "data",
    }
}

object! {
    /// A part of a lying bar.
    StackedHorizontalBarChartDataPoint only "Teams" with [keyed] (
        /// What it is called in the legend.
        legend: String = "legend",
        /// How long it is.
        value: Number = "value",
    ) {
        /// Its colour.
        color: ChartColor = "color",
    }
}
