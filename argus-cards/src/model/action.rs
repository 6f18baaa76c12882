//! What can be pressed.

use serde_json::Value;

use super::macros::object;
use super::{
    ActionData, AdaptiveCard, AssociatedInputs, DialogSize, Element, ElementId,
    ImageInsertPosition, InputId, MenuAction, Pixels, PopoverPosition, Target, TeamsSubmit, Url,
};

object! {
    /// Comes back to the bot, which may answer with another card (Teams' universal action).
    Execute = "Action.Execute" since "1.4" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions" teams,
        /// What comes back with it.
        data: ActionData = "data",
        /// Whether the inputs of the card come back too.
        associated_inputs: AssociatedInputs = "associatedInputs",
        /// Can be pressed only when the required inputs are filled.
        conditionally_enabled: bool = "conditionallyEnabled" teams,
        /// Which handler is meant.
        verb: String = "verb",
    }
}

/// What a bot does when a button is pressed: the verb that its router knows, and the data that its
/// handler reads.
///
/// ```
/// use argus_cards::model::{BotAction, Execute};
/// use serde_json::{Value, json};
///
/// struct Release {
///     host: String,
/// }
/// impl BotAction for Release {
///     const VERB: &'static str = "release";
///
///     fn data(&self) -> Value {
///         json!({"host": self.host})
///     }
/// }
///
/// let button = Execute::new("Release", &Release { host: "web1".to_owned() });
/// let json = json!({
///     "type": "Action.Execute", "title": "Release", "verb": "release", "data": {"host": "web1"},
/// });
/// assert_eq!(serde_json::to_value(&button)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no action of the bot",
    note = "implement `BotAction` for it, or name the verb with `Execute::named`"
)]
pub trait BotAction {
    /// The verb.
    const VERB: &'static str;

    /// What comes back with the button.
    fn data(&self) -> Value;
}

impl Execute {
    /// A button for an action of the bot.
    #[must_use]
    pub fn new<A: BotAction>(title: impl Into<String>, action: &A) -> Self {
        Self::named(title, A::VERB).data(action.data())
    }

    /// A button for a verb that is only known as a text.
    #[must_use]
    pub fn named(title: impl Into<String>, verb: impl Into<String>) -> Self {
        Self { verb: Some(verb.into()), ..Self::default() }.title(title)
    }
}

object! {
    /// Comes back to the bot as a message or an invoke.
    Submit = "Action.Submit" since "1.0" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions" teams,
        /// What comes back with it.
        data: ActionData = "data",
        /// Whether the inputs of the card come back too.
        associated_inputs: AssociatedInputs = "associatedInputs" since "1.3",
        /// Can be pressed only when the required inputs are filled.
        conditionally_enabled: bool = "conditionallyEnabled" teams,
        /// What only Teams knows.
        msteams: TeamsSubmit = "msteams" teams,
    }
}

impl Submit {
    /// A button that sends back data and inputs.
    #[must_use]
    pub fn new(title: impl Into<String>, data: impl Into<ActionData>) -> Self {
        Self::default().title(title).data(data)
    }
}

object! {
    /// Opens an address.
    OpenUrl = "Action.OpenUrl" since "1.0" has [action] {
        /// The address.
        url: Url = "url" required,
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions" teams,
    }
}

impl OpenUrl {
    /// A button for an address.
    #[must_use]
    pub fn new(title: impl Into<String>, url: impl Into<Url>) -> Self {
        Self { url: url.into(), ..Self::default() }.title(title)
    }
}

object! {
    /// Opens an address in a dialog.
    OpenUrlDialog = "Action.OpenUrlDialog" only "Teams" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions",
        /// What stands above the dialog.
        dialog_title: String = "dialogTitle",
        /// How high the dialog is.
        dialog_height: DialogSize = "dialogHeight",
        /// How wide the dialog is.
        dialog_width: DialogSize = "dialogWidth",
        /// The address.
        url: Url = "url",
    }
}

impl OpenUrlDialog {
    /// A button for an address that opens in a dialog.
    #[must_use]
    pub fn new(title: impl Into<String>, url: impl Into<Url>) -> Self {
        Self::default().title(title).url(url)
    }
}

object! {
    /// Unfolds another card below.
    ShowCard = "Action.ShowCard" since "1.0" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions" teams,
        /// The other card.
        card: (Box<AdaptiveCard>) = "card",
    }
}

impl ShowCard {
    /// A button for a card.
    #[must_use]
    pub fn new(title: impl Into<String>, card: AdaptiveCard) -> Self {
        Self::default().title(title).card(card)
    }
}

object! {
    /// Shows an element over the card.
    Popover = "Action.Popover" only "Teams" has [action] {
        /// What is shown.
        content: Element = "content",
        /// Has an arrow that points at the button.
        display_arrow: bool = "displayArrow" unless without_arrow,
        /// Where it is.
        position: PopoverPosition = "position",
        /// How wide it may be.
        max_popover_width: Pixels = "maxPopoverWidth",
    }
}

impl Popover {
    /// A button for an element that is shown over the card.
    #[must_use]
    pub fn new(title: impl Into<String>, content: impl Into<Element>) -> Self {
        Self::default().title(title).content(content)
    }
}

object! {
    /// Shows and hides elements.
    ToggleVisibility = "Action.ToggleVisibility" since "1.2" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions" teams,
        /// The elements.
        target_elements: [Target] = "targetElements" required,
    }
}

impl ToggleVisibility {
    /// A button that shows and hides nothing yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self::default().title(title)
    }

    /// Adds an element: its [`ElementId`], or a [`TargetElement`] that says what becomes of it.
    #[must_use]
    pub fn target(mut self, target: impl Into<Target>) -> Self {
        self.target_elements.push(target.into());
        self
    }
}

object! {
    /// An element that is shown or hidden.
    TargetElement since "1.2" {
        /// The element.
        element_id: ElementId = "elementId" required,
        /// Shows it or hides it; without, it becomes the other.
        is_visible: bool = "isVisible" as shown unless hidden,
    }
}

impl TargetElement {
    /// Shows an element.
    #[must_use]
    pub fn show(element_id: impl Into<ElementId>) -> Self {
        Self { element_id: element_id.into(), is_visible: Some(true), ..Self::default() }
    }

    /// Hides an element.
    #[must_use]
    pub fn hide(element_id: impl Into<ElementId>) -> Self {
        Self { element_id: element_id.into(), is_visible: Some(false), ..Self::default() }
    }
}

object! {
    /// Puts inputs back to what they were.
    ResetInputs = "Action.ResetInputs" only "Teams" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions",
        /// The inputs; without any, all of the card.
        target_input_ids: [InputId] = "targetInputIds",
    }
}

impl ResetInputs {
    /// A button that puts back all inputs of the card.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self::default().title(title)
    }

    /// Puts back this input, and no other than those that are named.
    #[must_use]
    pub fn target(mut self, input: &InputId) -> Self {
        self.target_input_ids.push(input.clone());
        self
    }
}

object! {
    /// Puts a picture of the card into the document (a canvas that Copilot edits).
    InsertImage = "Action.InsertImage" only "Teams" has [action] {
        /// More buttons, in a menu beside it.
        menu_actions: [MenuAction] = "menuActions",
        /// The picture.
        url: Url = "url",
        /// What it shows, for those who cannot see it.
        alt_text: String = "altText",
        /// Where in the document it goes.
        insert_position: ImageInsertPosition = "insertPosition",
    }
}

impl InsertImage {
    /// A button that puts this picture into the document.
    #[must_use]
    pub fn new(title: impl Into<String>, url: impl Into<Url>) -> Self {
        Self::default().title(title).url(url)
    }
}
