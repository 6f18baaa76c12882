//! Charts.

use super::macros::object;
use super::{
    ChartColor, DonutChartData, DonutThickness, ElementHeight, ElementId, GaugeChartLegend,
    GaugeChartValueFormat, GroupedVerticalBarChartData, HorizontalAlignment,
    HorizontalBarChartDataValue, HorizontalBarChartDisplayMode, LineChartData, Number,
    StackedHorizontalBarChartData, VerticalBarChartDataValue,
};

object! {
    /// A ring cut into parts.
    DonutChart = "Chart.Donut" only "Teams" has [element chart] with [named height aligned] () {
        /// What is drawn.
        data: [DonutChartData] = "data",
        /// What stands in the middle.
        value: String = "value",
        /// The colour of the value in the middle.
        value_color: ChartColor = "valueColor",
        /// How thick the ring is.
        thickness: DonutThickness = "thickness",
        /// Has lines between its parts.
        show_outlines: bool = "showOutlines" unless without_outlines,
    }
}

object! {
    /// A disc cut into parts.
    PieChart = "Chart.Pie" only "Teams" has [element chart] with [named height aligned] () {
        /// What is drawn.
        data: [DonutChartData] = "data",
        /// What stands in the middle.
        value: String = "value",
        /// The colour of the value in the middle.
        value_color: ChartColor = "valueColor",
        /// How thick the ring is.
        thickness: DonutThickness = "thickness",
        /// Has lines between its parts.
        show_outlines: bool = "showOutlines" unless without_outlines,
    }
}

object! {
    /// A half ring with a needle.
    GaugeChart = "Chart.Gauge" only "Teams" has [element chart] with [named height aligned] () {
        /// The smallest value.
        min: Number = "min",
        /// The largest value.
        max: Number = "max",
        /// What stands under the value.
        sub_label: String = "subLabel",
        /// Writes the smallest and the largest value.
        show_min_max: bool = "showMinMax" unless without_min_max,
        /// Has a needle.
        show_needle: bool = "showNeedle" unless without_needle,
        /// Has lines between its parts.
        show_outlines: bool = "showOutlines" unless without_outlines,
        /// The parts of the half ring.
        segments: [GaugeChartLegend] = "segments",
        /// Where the needle points.
        value: Number = "value",
        /// How the value is written.
        value_format: GaugeChartValueFormat = "valueFormat",
    }
}

object! {
    /// Lines over an axis.
    LineChart = "Chart.Line" only "Teams" has [element chart] with [axes named height aligned] () {
        /// The colour of every line that has none.
        color: ChartColor = "color",
        /// What is drawn.
        data: [LineChartData] = "data",
        /// Where the axis upwards begins.
        y_min: Number = "yMin",
        /// Where the axis upwards ends.
        y_max: Number = "yMax",
    }
}

object! {
    /// Upright bars.
    VerticalBarChart = "Chart.VerticalBar" only "Teams" has [element chart] with [axes named height aligned] () {
        /// What is drawn.
        data: [VerticalBarChartDataValue] = "data",
        /// The colour of every bar that has none.
        color: ChartColor = "color",
        /// Writes each value at its bar.
        show_bar_values: bool = "showBarValues",
        /// Where the axis upwards begins.
        y_min: Number = "yMin",
        /// Where the axis upwards ends.
        y_max: Number = "yMax",
    }
}

object! {
    /// Upright bars in groups, beside or on each other.
    GroupedVerticalBarChart = "Chart.VerticalBar.Grouped" only "Teams" has [element chart] with [axes named height aligned] () {
        /// The colour of every bar that has none.
        color: ChartColor = "color",
        /// Puts the bars of a group on each other.
        stacked: bool = "stacked",
        /// What is drawn.
        data: [GroupedVerticalBarChartData] = "data",
        /// Writes each value at its bar.
        show_bar_values: bool = "showBarValues",
        /// Where the axis upwards begins.
        y_min: Number = "yMin",
        /// Where the axis upwards ends.
        y_max: Number = "yMax",
    }
}

object! {
    /// Lying bars.
    HorizontalBarChart = "Chart.HorizontalBar" only "Teams" has [element chart] with [axes named height aligned] () {
        /// The colour of every bar that has none.
        color: ChartColor = "color",
        /// What is drawn.
        data: [HorizontalBarChartDataValue] = "data",
        /// How bars and values are shown.
        display_mode: HorizontalBarChartDisplayMode = "displayMode",
    }
}

object! {
    /// Lying bars cut into parts.
    StackedHorizontalBarChart = "Chart.HorizontalBar.Stacked" only "Teams" has [element chart] with [axes named height aligned] () {
        /// The colour of every part that has none.
        color: ChartColor = "color",
        /// What is drawn.
        data: [StackedHorizontalBarChartData] = "data",
    }
}
