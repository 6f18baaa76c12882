//! A pressed button of an Adaptive Card, with all that the request carries.

use serde_json::Value;

use crate::record::record;

record! {
    /// Somebody pressed an `Action.Execute`, or a card refreshes itself.
    pub struct CardActionRequest {
        @must {
            /// The button.
            action: PressedAction = "action",
        }
        /// `manual` for a press, `automatic` for a refresh; the Playground sends none.
        trigger: String = "trigger",
        /// What a sign-in page gave back.
        state: String = "state",
        /// A token that the client got for the card.
        authentication: Authentication = "authentication",
    }
}

record! {
    /// The button that was pressed.
    pub struct PressedAction {
        /// `Action.Execute`.
        kind: String = "type",
        /// The button's id in the card.
        id: String = "id",
        /// Which button it is.
        verb: String = "verb",
        /// What the button says.
        title: String = "title",
        /// The button's data with the card's inputs merged in.
        data: Value = "data",
    }
}

record! {
    /// A token that the client got for the card by single sign-on.
    pub struct Authentication {
        /// The id of the sign-in request that it answers.
        id: String = "id",
        /// The bot's OAuth connection.
        connection_name: String = "connectionName",
        /// The token. It is a secret.
        token: String = "token",
    }
}
