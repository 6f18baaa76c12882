//! Routes that are types: a button by its data, commands by an enum.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Router;
use crate::extract::{Action, FromTurn, Input, Rejected, Turn};
use crate::handler::{BoxHandler, Handler};
use crate::reply::{ActionKind, MessageKind};
use crate::router::Command;

/// The data of a button: its type says which verb it has. The feature `derive` writes this.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Action;
/// use argus_bot_sdk::reply::CardReply;
/// use argus_bot_sdk::router::CardActionData;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct IsolateHost {
///     host: String,
/// }
/// impl CardActionData for IsolateHost {
///     const VERB: &'static str = "isolate";
/// }
///
/// async fn isolate(Action(data): Action<IsolateHost>) -> CardReply {
///     CardReply::message(format!("{} is isolated.", data.host))
/// }
///
/// let router: Router = Router::new().on_action(isolate);
/// assert_eq!(router.actions().collect::<Vec<_>>(), ["isolate"]);
///
/// let button = IsolateHost { host: "srv-1".to_owned() }.button("Isolate");
/// assert_eq!((&button["verb"], &button["data"]["host"]), (&"isolate".into(), &"srv-1".into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the data of a button",
    note = "implement `CardActionData` for it, or derive `CardAction` with the feature `derive`"
)]
pub trait CardActionData: DeserializeOwned + Send + Sync + 'static {
    /// The verb of the button.
    const VERB: &'static str;

    /// The button, an `Action.Execute`, with this data.
    fn button(&self, title: &str) -> Value
    where
        Self: Serialize,
    {
        json!({ "type": "Action.Execute", "title": title, "verb": Self::VERB, "data": self })
    }
}

impl<S: Sync, T: CardActionData> FromTurn<S> for Action<T> {
    async fn from_turn(turn: &Turn, state: &S) -> Result<Self, Rejected> {
        Input::<T>::from_turn(turn, state).await.map(|Input(data)| Self(data))
    }
}

/// Commands as an enum, one variant for each. The feature `derive` writes this.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Rejected;
/// use argus_bot_sdk::router::{Command, Commands, Parsed, Words};
///
/// enum Ask {
///     Watch(String, u32),
///     List,
/// }
/// impl Commands for Ask {
///     fn commands() -> Vec<Command> {
///         vec![Command::new("watch").usage("watch HOST MINUTES"), Command::new("list")]
///     }
///
///     fn parse(word: &str, rest: &str) -> Result<Self, Rejected> {
///         if word == "list" {
///             return Ok(Self::List);
///         }
///         let mut words = Words::new(rest, "watch HOST MINUTES");
///         Ok(Self::Watch(words.word()?, words.rest()?))
///     }
/// }
///
/// async fn ask(Parsed(ask): Parsed<Ask>) -> String {
///     match ask {
///         Ask::Watch(host, minutes) => format!("I watch {host} for {minutes} minutes."),
///         Ask::List => "There are none.".to_owned(),
///     }
/// }
///
/// let router: Router = Router::new().on_commands(ask);
/// assert_eq!(router.commands().collect::<Vec<_>>(), ["list", "watch"]);
/// assert_eq!(Ask::parse("watch", "srv-1").err().unwrap().text(), Some("Say `watch HOST MINUTES`."));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of commands",
    note = "implement `Commands` for it, or derive it with the feature `derive`"
)]
pub trait Commands: Sized + Send + 'static {
    /// All of them.
    fn commands() -> Vec<Command>;

    /// Reads what follows the word, which is in lower case.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if it cannot be read; the person is told.
    fn parse(word: &str, rest: &str) -> Result<Self, Rejected>;
}

/// The command that a message is, as an argument of its handler.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Parsed<C>(pub C);

impl<C> fmt::Debug for Parsed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed(..)")
    }
}

impl<S: Sync, C: Commands> FromTurn<S> for Parsed<C> {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let text = turn.text();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        C::parse(&word.to_lowercase(), rest.trim()).map(Self)
    }
}

/// The words after a command, one after another.
///
/// ```
/// use argus_bot_sdk::router::Words;
///
/// let mut words = Words::new("7 two words", "say TIMES TEXT");
/// assert_eq!(words.word::<u8>()?, 7);
/// assert_eq!(words.rest::<String>()?, "two words");
/// # Ok::<(), argus_bot_sdk::extract::Rejected>(())
/// ```
#[derive(Clone)]
pub struct Words<'a> {
    rest: &'a str,
    usage: &'a str,
}

impl<'a> Words<'a> {
    /// The words in `rest`. Whoever writes something else is told to write as `usage` says.
    pub fn new(rest: &'a str, usage: &'a str) -> Self {
        Self { rest: rest.trim(), usage }
    }

    /// The next word.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if there is none, or it is no `T`.
    pub fn word<T: FromStr>(&mut self) -> Result<T, Rejected> {
        let (word, rest) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        self.read(word)
    }

    /// All that is left.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if there is nothing, or it is no `T`.
    pub fn rest<T: FromStr>(&mut self) -> Result<T, Rejected> {
        let rest = std::mem::take(&mut self.rest);
        self.read(rest)
    }

    fn read<T: FromStr>(&self, text: &str) -> Result<T, Rejected> {
        let read = Some(text).filter(|text| !text.is_empty()).and_then(|text| text.parse().ok());
        read.ok_or_else(|| Rejected::new("BadCommand", format!("Say `{}`.", self.usage)))
    }
}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("usage", &self.usage).finish_non_exhaustive()
    }
}

/// The arguments of a handler whose first argument is the data of a button.
#[diagnostic::on_unimplemented(
    message = "the first argument of this handler is not the data of a button",
    label = "which button is it?",
    note = "the first argument is `Action<T>`, and `T` implements `CardActionData`"
)]
pub trait Presses {
    /// The data.
    type Data: CardActionData;
}

/// The arguments of a handler whose first argument is a command.
#[diagnostic::on_unimplemented(
    message = "the first argument of this handler is no command",
    label = "which commands are they?",
    note = "the first argument is `Parsed<C>`, and `C` implements `Commands`"
)]
pub trait Obeys {
    /// The commands.
    type Commands: Commands;
}

macro_rules! first {
    ($($Rest:ident)*) => {
        impl<D: CardActionData, Via, $($Rest),*> Presses for ((Action<D>, $($Rest),*), Via) {
            type Data = D;
        }

        impl<C: Commands, Via, $($Rest),*> Obeys for ((Parsed<C>, $($Rest),*), Via) {
            type Commands = C;
        }
    };
}

first! {}
first! { A2 }
first! { A2 A3 }
first! { A2 A3 A4 }
first! { A2 A3 A4 A5 }
first! { A2 A3 A4 A5 A6 }

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Answers the button whose data is the handler's first argument, [`Action`]; see
    /// [`CardActionData`].
    pub fn on_action<T: Presses + 'static>(self, handler: impl Handler<ActionKind, T, S>) -> Self {
        self.action(T::Data::VERB, handler)
    }

    /// Answers the commands that are the handler's first argument, [`Parsed`]; see [`Commands`].
    pub fn on_commands<T: Obeys + 'static>(
        mut self,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        let handler = BoxHandler::new(handler);
        for command in T::Commands::commands() {
            self.add_command(command, &handler);
        }
        self
    }
}
