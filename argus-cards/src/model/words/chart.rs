//! The words of charts.

use crate::model::macros::words;

words! {
    /// The colours of a chart.
    ChartColorSet {
        /// Colours that differ.
        Categorical = "categorical",
        /// One colour from light to dark.
        Sequential = "sequential",
        /// Red from light to dark.
        Sequentialred = "sequentialred",
        /// Green from light to dark.
        Sequentialgreen = "sequentialgreen",
        /// Yellow from light to dark.
        Sequentialyellow = "sequentialyellow",
        /// From one colour to its opposite.
        Diverging = "diverging",
    }
}

words! {
    /// A colour of a chart.
    ChartColor {
        /// All is well.
        Good = "good",
        /// Careful.
        Warning = "warning",
        /// Look here now.
        Attention = "attention",
        /// Nothing to say.
        Neutral = "neutral",
        /// Red.
        CategoricalRed = "categoricalRed",
        /// Purple.
        CategoricalPurple = "categoricalPurple",
        /// Lavender.
        CategoricalLavender = "categoricalLavender",
        /// Blue.
        CategoricalBlue = "categoricalBlue",
        /// Light blue.
        CategoricalLightBlue = "categoricalLightBlue",
        /// Teal.
        CategoricalTeal = "categoricalTeal",
        /// Green.
        CategoricalGreen = "categoricalGreen",
        /// Lime.
        CategoricalLime = "categoricalLime",
        /// Marigold.
        CategoricalMarigold = "categoricalMarigold",
        /// The first colour in 1 of 8 steps.
        Sequential1 = "sequential1",
        /// The first colour in 2 of 8 steps.
        Sequential2 = "sequential2",
        /// The first colour in 3 of 8 steps.
        Sequential3 = "sequential3",
        /// The first colour in 4 of 8 steps.
        Sequential4 = "sequential4",
        /// The first colour in 5 of 8 steps.
        Sequential5 = "sequential5",
        /// The first colour in 6 of 8 steps.
        Sequential6 = "sequential6",
        /// The first colour in 7 of 8 steps.
        Sequential7 = "sequential7",
        /// The first colour in 8 of 8 steps.
        Sequential8 = "sequential8",
        /// Blue, of two that diverge.
        DivergingBlue = "divergingBlue",
        /// Light blue, of two that diverge.
        DivergingLightBlue = "divergingLightBlue",
        /// Cyan, of two that diverge.
        DivergingCyan = "divergingCyan",
        /// Teal, of two that diverge.
        DivergingTeal = "divergingTeal",
        /// Yellow, of two that diverge.
        DivergingYellow = "divergingYellow",
        /// Peach, of two that diverge.
        DivergingPeach = "divergingPeach",
        /// Light red, of two that diverge.
        DivergingLightRed = "divergingLightRed",
        /// Red, of two that diverge.
        DivergingRed = "divergingRed",
        /// Maroon, of two that diverge.
        DivergingMaroon = "divergingMaroon",
        /// Gray, of two that diverge.
        DivergingGray = "divergingGray",
        /// Red in 1 of 8 steps.
        SequentialRed1 = "sequentialRed1",
        /// Red in 2 of 8 steps.
        SequentialRed2 = "sequentialRed2",
        /// Red in 3 of 8 steps.
        SequentialRed3 = "sequentialRed3",
        /// Red in 4 of 8 steps.
        SequentialRed4 = "sequentialRed4",
        /// Red in 5 of 8 steps.
        SequentialRed5 = "sequentialRed5",
        /// Red in 6 of 8 steps.
        SequentialRed6 = "sequentialRed6",
        /// Red in 7 of 8 steps.
        SequentialRed7 = "sequentialRed7",
        /// Red in 8 of 8 steps.
        SequentialRed8 = "sequentialRed8",
        /// Green in 1 of 8 steps.
        SequentialGreen1 = "sequentialGreen1",
        /// Green in 2 of 8 steps.
        SequentialGreen2 = "sequentialGreen2",
        /// Green in 3 of 8 steps.
        SequentialGreen3 = "sequentialGreen3",
        /// Green in 4 of 8 steps.
        SequentialGreen4 = "sequentialGreen4",
        /// Green in 5 of 8 steps.
        SequentialGreen5 = "sequentialGreen5",
        /// Green in 6 of 8 steps.
        SequentialGreen6 = "sequentialGreen6",
        /// Green in 7 of 8 steps.
        SequentialGreen7 = "sequentialGreen7",
        /// Green in 8 of 8 steps.
        SequentialGreen8 = "sequentialGreen8",
        /// Yellow in 1 of 8 steps.
        SequentialYellow1 = "sequentialYellow1",
        /// Yellow in 2 of 8 steps.
        SequentialYellow2 = "sequentialYellow2",
        /// Yellow in 3 of 8 steps.
        SequentialYellow3 = "sequentialYellow3",
        /// Yellow in 4 of 8 steps.
        SequentialYellow4 = "sequentialYellow4",
        /// Yellow in 5 of 8 steps.
        SequentialYellow5 = "sequentialYellow5",
        /// Yellow in 6 of 8 steps.
        SequentialYellow6 = "sequentialYellow6",
        /// Yellow in 7 of 8 steps.
        SequentialYellow7 = "sequentialYellow7",
        /// Yellow in 8 of 8 steps.
        SequentialYellow8 = "sequentialYellow8",
    }
}

words! {
    /// How thick a ring is.
    DonutThickness {
        /// Thin.
        Thin = "Thin",
        /// Thick.
        Thick = "Thick",
    }
}

words! {
    /// How bars and values are shown.
    HorizontalBarChartDisplayMode {
        /// By their size, with an axis.
        AbsoluteWithAxis = "AbsoluteWithAxis",
        /// By their size, without an axis.
        AbsoluteNoAxis = "AbsoluteNoAxis",
        /// As part of the whole.
        PartToWhole = "PartToWhole",
    }
}

words! {
    /// How the value of a gauge is written.
    GaugeChartValueFormat {
        /// As so many percent.
        Percentage = "Percentage",
        /// As so many of so many.
        Fraction = "Fraction",
    }
}
