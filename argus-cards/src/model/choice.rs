//! What people choose from.

use super::macros::object;
use super::{AssociatedInputs, ChoiceSetInputStyle, ElementHeight, InputId, Number, Pixels};

object! {
    /// A choice of one or several.
    InputChoiceSet = "Input.ChoiceSet" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// What is chosen already; several are separated by commas.
        value: String = "value",
        /// What can be chosen.
        choices: [Choice] = "choices" required,
        /// Where more choices come from while somebody types.
        choices_data: DataQuery = "choices.data" since "1.6",
        /// How the choices are offered.
        style: ChoiceSetInputStyle = "style",
        /// Allows several.
        is_multi_select: bool = "isMultiSelect" as multi_select,
        /// What stands in it while it is empty.
        placeholder: String = "placeholder",
        /// Lets choices go on in the next line.
        wrap: bool = "wrap" since "1.2",
        /// Puts the choices into several columns.
        use_multiple_columns: bool = "useMultipleColumns" teams,
        /// How wide such a column is at least.
        min_column_width: Pixels = "minColumnWidth" teams,
    }
}

impl InputChoiceSet {
    /// Adds a choice: what it says and what comes back.
    #[must_use]
    pub fn choice(mut self, title: impl Into<String>, value: impl Into<String>) -> Self {
        self.choices.push(Choice::new(title, value));
        self
    }
}

object! {
    /// Something that can be chosen.
    Choice since "1.0" with [keyed] (
        /// What it says.
        title: String = "title" required,
        /// What comes back; several are joined by commas, so it must have none.
        value: String = "value" required,
    ) {}
}

object! {
    /// Choices that the bot is asked for while somebody types.
    DataQuery = "Data.Query" since "1.6" with [keyed] (
        /// Which choices the bot is asked for.
        dataset: String = "dataset" required,
    ) {
        /// Whether the inputs of the card are sent with the question.
        associated_inputs: AssociatedInputs = "associatedInputs" teams,
        /// How many the client asks for; only the client sets it.
        count: Number = "count",
        /// How many the client has already; only the client sets it.
        skip: Number = "skip",
    }
}
