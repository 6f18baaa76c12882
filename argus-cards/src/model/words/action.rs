//! The words of buttons and inputs.

use crate::model::macros::words;

words! {
    /// What a button's look says.
    ActionStyle {
        /// Nothing.
        Default = "default",
        /// It is the good way on.
        Positive = "positive",
        /// It breaks something.
        Destructive = "destructive",
    }
}

words! {
    /// Whether a button is on the card or behind the three dots.
    ActionMode {
        /// On the card.
        Primary = "primary",
        /// Behind the three dots.
        Secondary = "secondary",
    }
}

words! {
    /// Whether the inputs of the card come back.
    AssociatedInputs {
        /// They do.
        Auto = "auto",
        /// They do not.
        None = "none",
    }
}

words! {
    /// Where a popover is.
    PopoverPosition {
        /// Above.
        Above = "Above",
        /// Below.
        Below = "Below",
        /// Before it.
        Before = "Before",
        /// After.
        After = "After",
    }
}

words! {
    /// Where a picture goes in the document.
    ImageInsertPosition {
        /// Where the selection is.
        Selection = "Selection",
        /// Top.
        Top = "Top",
        /// Bottom.
        Bottom = "Bottom",
    }
}

words! {
    /// What is typed into a field.
    InputTextStyle {
        /// A text.
        Text = "Text",
        /// A telephone number.
        Tel = "Tel",
        /// An address.
        Url = "Url",
        /// An e-mail address.
        Email = "Email",
        /// A password; what is typed is hidden on the screen only.
        Password = "Password" since "1.5",
    }
}

words! {
    /// How choices are offered.
    ChoiceSetInputStyle {
        /// A list to unfold.
        Compact = "compact",
        /// All at once.
        Expanded = "expanded",
        /// A list to type into.
        Filtered = "filtered" since "1.5",
    }
}

words! {
    /// Where the label of an input is.
    InputLabelPosition {
        /// Beside it.
        Inline = "inline",
        /// Above it.
        Above = "above",
    }
}

words! {
    /// When an input looks like one.
    InputStyle {
        /// When it is pointed at.
        RevealOnHover = "revealOnHover",
        /// Always.
        Default = "default",
    }
}
