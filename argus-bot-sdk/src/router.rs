//! Which function answers.

use std::collections::BTreeMap;

use crate::ActivityKind;
use crate::handler::{BoxHandler, Handler};
use crate::layer::Next;
use crate::reply::{ActionKind, InvokeKind, MessageKind};

#[cfg(feature = "cards")]
#[doc(hidden)]
pub mod cards;
mod command;
mod events;
mod find;
mod invokes;
mod pattern;
mod typed;

pub use crate::router::command::{Command, Help};
use crate::router::events::EventRoute;
pub use crate::router::events::Hears;
pub(crate) use crate::router::find::{Answerer, Heard};
pub(crate) use crate::router::invokes::InvokeRoute;
use crate::router::pattern::PatternRoute;
pub use crate::router::pattern::{Captures, Pattern};
pub use crate::router::typed::{CardActionData, Commands, Obeys, Parsed, Presses, Words};
#[cfg(feature = "derive")]
pub use argus_bot_sdk_derive::{CardAction, Commands};

type Table<K, S> = BTreeMap<String, BoxHandler<K, S>>;

/// The bot on one page: every route and the function that answers it.
///
/// A route that is given twice is answered by the later function.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::{Args, State};
///
/// #[derive(Clone)]
/// struct App {
///     name: &'static str,
/// }
///
/// async fn list(State(app): State<App>, Args(filter): Args) -> String {
///     format!("{}: nothing matches '{filter}'", app.name)
/// }
/// async fn help() -> &'static str {
///     "Say list."
/// }
///
/// let router = Router::new().message(help).command("list", list).with_state(App { name: "soc" });
/// assert_eq!(router.commands().collect::<Vec<_>>(), ["list"]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a router does nothing until a bot has it"]
pub struct Router<S = ()> {
    message: Option<BoxHandler<MessageKind, S>>,
    /// By word, in lower case.
    commands: Table<MessageKind, S>,
    /// What the commands are for, by their first word.
    known: BTreeMap<String, Command>,
    patterns: Vec<PatternRoute<S>>,
    actions: Table<ActionKind, S>,
    /// By name.
    invokes: BTreeMap<String, InvokeRoute<S>>,
    /// By name, then by the dialog or command that the value names.
    named: BTreeMap<&'static str, BTreeMap<String, InvokeRoute<S>>>,
    events: Vec<EventRoute<S>>,
    /// By the activity's type.
    kinds: Table<MessageKind, S>,
    conversation_update: Option<BoxHandler<MessageKind, S>>,
    installation_update: Option<BoxHandler<MessageKind, S>>,
    fallback: Option<BoxHandler<MessageKind, S>>,
    /// The outermost of the layers around all handlers.
    pub(crate) layers: Option<Next>,
}

impl<S> Default for Router<S> {
    fn default() -> Self {
        Self {
            message: None,
            commands: Table::new(),
            known: BTreeMap::new(),
            patterns: Vec::new(),
            actions: Table::new(),
            invokes: BTreeMap::new(),
            named: BTreeMap::new(),
            events: Vec::new(),
            kinds: Table::new(),
            conversation_update: None,
            installation_update: None,
            fallback: None,
            layers: None,
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// A router without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every message that no command and no pattern answers.
    pub fn message<T: 'static>(mut self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.message = Some(BoxHandler::new(handler));
        self
    }

    /// Answers buttons (`Action.Execute`) with this verb; the data is
    /// [`Input`](crate::extract::Input).
    pub fn action<T: 'static>(
        mut self,
        verb: impl Into<String>,
        handler: impl Handler<ActionKind, T, S>,
    ) -> Self {
        self.actions.insert(verb.into(), BoxHandler::new(handler));
        self
    }

    /// Answers invokes of a name that this crate does not know. Those of Teams are answered by
    /// [`on`](Self::on), which knows what they carry and what answers them.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Turn;
    /// use argus_bot_sdk::reply::InvokeReply;
    ///
    /// async fn ring(turn: Turn) -> InvokeReply {
    ///     InvokeReply::json(&serde_json::json!({ "heard": turn.activity().value }))
    /// }
    /// let router: Router = Router::new().invoke("bell/ring", ring);
    /// assert_eq!(router.invokes().collect::<Vec<_>>(), ["bell/ring"]);
    /// ```
    pub fn invoke<T: 'static>(
        mut self,
        name: impl Into<String>,
        handler: impl Handler<InvokeKind, T, S>,
    ) -> Self {
        self.invokes.insert(name.into(), InvokeRoute::raw(BoxHandler::new(handler)));
        self
    }

    /// Hears who joins and leaves, and what becomes of channels and teams.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Turn;
    ///
    /// async fn changed(turn: Turn) {
    ///     println!("{:?}", turn.activity().channel().event_type());
    /// }
    /// async fn installed() -> &'static str {
    ///     "Hello, everybody."
    /// }
    /// async fn rest() {}
    ///
    /// let router: Router = Router::new()
    ///     .conversation_update(changed)
    ///     .installation_update(installed)
    ///     .fallback(rest);
    /// # drop(router);
    /// ```
    pub fn conversation_update<T: 'static>(
        mut self,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        self.conversation_update = Some(BoxHandler::new(handler));
        self
    }

    /// Hears that the bot was installed or removed.
    pub fn installation_update<T: 'static>(
        mut self,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        self.installation_update = Some(BoxHandler::new(handler));
        self
    }

    /// Hears activities of this type, such as [`ActivityKind::Typing`], of which no other route but
    /// the fallback hears.
    ///
    /// ```
    /// use argus_bot_sdk::{ActivityKind, Router};
    ///
    /// async fn writing() {}
    /// let router: Router = Router::new().kind(&ActivityKind::Typing, writing);
    /// # drop(router);
    /// ```
    pub fn kind<T: 'static>(
        mut self,
        kind: &ActivityKind,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        self.kinds.insert(kind.as_str().to_owned(), BoxHandler::new(handler));
        self
    }

    /// Hears everything else that is not an invoke: reactions, edits, events, and messages that
    /// no other route takes. Without it they are
    /// acknowledged and forgotten. An invoke that nobody answers gets status 501, always.
    pub fn fallback<T: 'static>(mut self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.fallback = Some(BoxHandler::new(handler));
        self
    }

    /// Gives the handlers their state; the result is what a bot takes.
    pub fn with_state(self, state: S) -> Router {
        fn bound<K: crate::reply::ReplyKind, S: Clone + Send + Sync + 'static>(
            table: Table<K, S>,
            state: &S,
        ) -> Table<K, ()> {
            table.into_iter().map(|(name, handler)| (name, handler.bind(state.clone()))).collect()
        }
        let one = |handler: Option<BoxHandler<MessageKind, S>>| {
            handler.map(|handler| handler.bind(state.clone()))
        };
        Router {
            message: one(self.message),
            conversation_update: one(self.conversation_update),
            installation_update: one(self.installation_update),
            fallback: one(self.fallback),
            layers: self.layers,
            commands: bound(self.commands, &state),
            known: self.known,
            patterns: self.patterns.into_iter().map(|route| route.bind(state.clone())).collect(),
            actions: bound(self.actions, &state),
            kinds: bound(self.kinds, &state),
            invokes: invokes::bound(self.invokes, &state),
            named: self
                .named
                .into_iter()
                .map(|(name, routes)| (name, invokes::bound(routes, &state)))
                .collect(),
            events: self.events.into_iter().map(|route| route.bind(state.clone())).collect(),
        }
    }

    /// The verbs of the buttons, for a test that every button of every card is answered.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// The names of the other invokes.
    pub fn invokes(&self) -> impl Iterator<Item = &str> {
        let named = self.named.keys().copied();
        self.invokes
            .keys()
            .map(String::as_str)
            .chain(named.filter(|name| !self.invokes.contains_key(*name)))
    }
}
