//! The names of Teams, one type for each.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::Activity;
use crate::extract::{FromTurn, Rejected, Turn};
use crate::invoke::{
    Ack, CardActionRequest, ConfigResponse, ConnectorCardAction, ExtensionActionRequest,
    ExtensionActionResponse, ExtensionQuery, ExtensionResponse, Feedback, FeedbackDialog,
    FileConsentRequest, HandoffRequest, Invoke, Invoked, LinkQuery, MOST, SearchRequest,
    SearchResponse, SignInFailed, TabRequest, TabResponse, TaskRequest, TaskResponse,
    TokenExchangeRequest, TokenExchangeResponse, ToolCall, VerifyState, VerifyStateResponse,
    WidgetResponse,
};
use crate::reply::CardReply;

/// What each name carries and what answers it; a fifth column is a budget other than the usual.
macro_rules! invokes {
    ($(
        $(#[$meta:meta])*
        $Name:ident = $wire:literal: $Value:ty => $Response:ty $(, within $budget:expr)?;
    )*) => {
        $(
            $(#[$meta])*
            #[doc = concat!("\n\nOn the wire: `", $wire, "`.")]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            #[expect(clippy::exhaustive_structs, reason = "it is a name and is written in routes")]
            pub struct $Name;

            impl Invoke for $Name {
                const NAME: &'static str = $wire;
                type Value = $Value;
                type Response = $Response;
                const BUDGET: Duration = invokes!(@budget $($budget)?);
            }
        )*

        /// The names of all invokes of Teams, as they are on the wire.
        ///
        /// ```
        /// assert_eq!(argus_bot_sdk::invoke::NAMES.len(), 27);
        /// ```
        pub const NAMES: [&str; 27] = [$( $wire ),*];

        /// An invoke of any name, for code that looks at all of them.
        ///
        /// ```
        /// use argus_bot_sdk::Activity;
        /// use argus_bot_sdk::invoke::AnyInvoke;
        ///
        /// let activity: Activity = serde_json::from_str(
        ///     r#"{ "type": "invoke", "name": "task/fetch", "value": { "data": { "dialog": "a" } } }"#,
        /// )?;
        /// match AnyInvoke::of(&activity).unwrap().unwrap() {
        ///     AnyInvoke::TaskFetch(asked) => assert_eq!(asked.dialog(), Some("a")),
        ///     other => panic!("{other:?}"),
        /// }
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum AnyInvoke {
            $(
                $(#[$meta])*
                $Name($Value),
            )*
            /// A name that this crate does not know.
            Unknown {
                /// The name; empty if there is none.
                name: String,
                /// What it carries; `null` for nothing.
                value: Value,
            },
        }

        impl AnyInvoke {
            /// The invoke in `activity`; nothing for other activities.
            ///
            /// # Errors
            ///
            /// [`Rejected`] if the value is not what the name promises.
            pub fn of(activity: &Activity) -> Option<Result<Self, Rejected>> {
                if activity.kind != crate::ActivityKind::Invoke {
                    return None;
                }
                let name = activity.invoke_name().unwrap_or_default();
                Some(match name {
                    $( $wire => Invoked::<$Name>::of(activity).map(|it| Self::$Name(it.0)), )*
                    name => Ok(Self::Unknown {
                        name: name.to_owned(),
                        value: activity.value.clone().unwrap_or_default(),
                    }),
                })
            }

            /// The name on the wire.
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$Name(_) => $wire, )*
                    Self::Unknown { name, .. } => name,
                }
            }

            /// What it carries, as JSON again: what the crate does not know is still there.
            pub fn to_value(&self) -> Value {
                match self {
                    $( Self::$Name(value) => serde_json::to_value(value).unwrap_or_default(), )*
                    Self::Unknown { value, .. } => value.clone(),
                }
            }
        }
    };
    (@budget) => { MOST };
    (@budget $budget:expr) => { $budget };
}

invokes! {
    /// Somebody pressed an `Action.Execute`, whatever its verb. Buttons with a verb of their own
    /// are better answered by [`Router::action`](crate::Router::action).
    AdaptiveCardAction = "adaptiveCard/action": CardActionRequest => CardReply,
        within Duration::from_secs(10);
    /// Somebody types into a choice with a dynamic data set.
    ApplicationSearch = "application/search": SearchRequest => SearchResponse;
    /// A dialog is to be opened.
    TaskFetch = "task/fetch": TaskRequest => TaskResponse;
    /// A dialog was filled in.
    TaskSubmit = "task/submit": TaskRequest => TaskResponse;
    /// Somebody searches in a message extension.
    Query = "composeExtension/query": ExtensionQuery => ExtensionResponse;
    /// Somebody pastes a link into a message.
    QueryLink = "composeExtension/queryLink": LinkQuery => ExtensionResponse;
    /// The same, by somebody who has not installed the app.
    AnonymousQueryLink = "composeExtension/anonymousQueryLink": LinkQuery => ExtensionResponse;
    /// Somebody chose a search result; the value is what its `tap` action carries.
    SelectItem = "composeExtension/selectItem": Value => ExtensionResponse;
    /// The dialog of an action extension was filled in, or its preview was edited or sent.
    SubmitAction = "composeExtension/submitAction":
        ExtensionActionRequest => ExtensionActionResponse;
    /// The dialog of an action extension is to be opened.
    FetchTask = "composeExtension/fetchTask": ExtensionActionRequest => ExtensionActionResponse;
    /// Teams asks where the settings of a message extension are.
    QuerySettingUrl = "composeExtension/querySettingUrl": ExtensionQuery => ExtensionResponse;
    /// Somebody saved the settings of a message extension; they are in `state`.
    Setting = "composeExtension/setting": ExtensionQuery => Ack;
    /// Somebody pressed a button of a card that a message extension made; the value is the
    /// button's.
    OnCardButtonClicked = "composeExtension/onCardButtonClicked": Value => Ack;
    /// Somebody came back from a sign-in page with a code.
    SignInVerifyState = "signin/verifyState": VerifyState => VerifyStateResponse;
    /// A client offers a token for single sign-on. Several clients of one person do so at once; the
    /// request's `id` is the same.
    SignInTokenExchange = "signin/tokenExchange": TokenExchangeRequest => TokenExchangeResponse;
    /// Single sign-on failed in the client.
    SignInFailure = "signin/failure": SignInFailed => Ack;
    /// A tab made of cards is to be shown.
    TabFetch = "tab/fetch": TabRequest => TabResponse;
    /// A button in a tab made of cards was pressed.
    TabSubmit = "tab/submit": TabRequest => TabResponse;
    /// Somebody allowed or declined that the bot stores a file in their drive.
    FileConsent = "fileConsent/invoke": FileConsentRequest => Ack;
    /// The bot's settings are to be shown.
    ConfigFetch = "config/fetch": Value => ConfigResponse;
    /// The bot's settings were saved.
    ConfigSubmit = "config/submit": Value => ConfigResponse;
    /// Somebody said whether an answer was good.
    MessageSubmitAction = "message/submitAction": Feedback => Ack;
    /// Somebody is about to say so, and the bot has a form of its own for it.
    MessageFetchTask = "message/fetchTask": FeedbackDialog => TaskResponse;
    /// Somebody pressed a button of a connector card.
    ActionableMessageExecuteAction = "actionableMessage/executeAction": ConnectorCardAction => Ack;
    /// A conversation is handed over.
    HandoffAction = "handoff/action": HandoffRequest => Ack;
    /// Somebody pressed a suggested action; the value is the action's.
    SuggestedActionsSubmit = "suggestedActions/submit": Value => Ack;
    /// A widget in a message calls a tool of the bot.
    HtmlWidgetCallTool = "htmlwidget/calltool": ToolCall => WidgetResponse;
}

impl<S: Sync> FromTurn<S> for AnyInvoke {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let other = || Err(Rejected::new("OtherActivity", "This is not an invoke."));
        Self::of(turn.activity()).unwrap_or_else(other)
    }
}

impl fmt::Debug for AnyInvoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name is the whole of what may be shown: the value is what somebody wrote.
        f.debug_tuple("AnyInvoke").field(&self.name()).finish()
    }
}
