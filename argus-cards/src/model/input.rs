//! What people fill in.

use super::macros::object;
use super::{
    Date, ElementHeight, InputId, InputTextStyle, Number, RatingColor, RatingSize, Regex,
    SelectAction, Time,
};

object! {
    /// A field for a text.
    InputText = "Input.Text" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// What stands in it.
        value: String = "value",
        /// How many characters it may have.
        max_length: Number = "maxLength",
        /// Has several lines.
        is_multiline: bool = "isMultiline" as multiline,
        /// What stands in it while it is empty.
        placeholder: String = "placeholder",
        /// What is typed.
        style: InputTextStyle = "style",
        /// What is pressed beside the field.
        inline_action: SelectAction = "inlineAction" since "1.2",
        /// The pattern that the text must have.
        regex: Regex = "regex" since "1.3",
    }
}

object! {
    /// A field for a number.
    InputNumber = "Input.Number" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// What stands in it.
        value: Number = "value",
        /// What stands in it while it is empty.
        placeholder: String = "placeholder",
        /// The smallest value.
        min: Number = "min",
        /// The largest value.
        max: Number = "max",
    }
}

object! {
    /// A field for a day.
    InputDate = "Input.Date" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// What stands in it, as `2026-01-31`.
        value: Date = "value",
        /// What stands in it while it is empty.
        placeholder: String = "placeholder",
        /// The first day.
        min: Date = "min",
        /// The last day.
        max: Date = "max",
    }
}

object! {
    /// A field for a time of day.
    InputTime = "Input.Time" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// What stands in it, as `14:30`.
        value: Time = "value",
        /// What stands in it while it is empty.
        placeholder: String = "placeholder",
        /// The earliest time.
        min: Time = "min",
        /// The latest time.
        max: Time = "max",
    }
}

object! {
    /// A switch.
    InputToggle = "Input.Toggle" since "1.0" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
        /// What the switch says.
        title: String = "title" required,
    ) {
        /// How it stands: as `value_on` or as `value_off`.
        value: String = "value",
        /// What comes back when it is on; `true` if nothing is said.
        value_on: String = "valueOn",
        /// What comes back when it is off; `false` if nothing is said.
        value_off: String = "valueOff",
        /// Lets the title go on in the next line.
        wrap: bool = "wrap" since "1.2",
        /// Shows the title.
        show_title: bool = "showTitle" teams,
    }
}

object! {
    /// Stars to give.
    InputRating = "Input.Rating" only "Teams" has [element input] with [height] (
        /// Its name for others.
        id: InputId = "id" required,
    ) {
        /// How many stars are given already.
        value: Number = "value",
        /// How many stars there can be.
        max: Number = "max",
        /// Can be half a star.
        allow_half_steps: bool = "allowHalfSteps",
        /// How large it is.
        size: RatingSize = "size",
        /// Its colour.
        color: RatingColor = "color",
    }
}
