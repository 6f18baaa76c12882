//! Commands, and the help that is made of them.

use std::fmt;

use serde_json::{Value, json};

use crate::handler::{BoxHandler, Handler};
use crate::reply::{IntoReply, MessageKind};
use crate::{Activity, Router};

/// A word that the bot answers, and what people are told about it.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Args;
/// use argus_bot_sdk::router::Command;
///
/// async fn watch(Args(host): Args) -> String {
///     format!("I watch {host}.")
/// }
///
/// let watch_host = Command::new("watch").about("Watches a host.").usage("watch HOST").alias("w");
/// let router: Router = Router::new().command(watch_host, watch).with_help("help");
/// assert_eq!(
///     router.help().to_string(),
///     "- `help`: Says what I understand.\n- `watch HOST`: Watches a host. Also: `w`",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a command that has no route is not answered"]
pub struct Command {
    word: String,
    about: Option<String>,
    usage: Option<String>,
    aliases: Vec<String>,
}

impl Command {
    /// A command by its word.
    pub fn new(word: impl Into<String>) -> Self {
        Self { word: word.into(), about: None, usage: None, aliases: Vec::new() }
    }

    /// Says in a sentence what it does.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// Says how it is written, for example `watch HOST`.
    pub fn usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = Some(usage.into());
        self
    }

    /// Adds another word that does the same.
    pub fn alias(mut self, word: impl Into<String>) -> Self {
        self.aliases.push(word.into());
        self
    }

    /// The word, as it was given.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// What it does, if that was said.
    ///
    /// ```
    /// use argus_bot_sdk::router::Command;
    ///
    /// let list = Command::new("list").about("Shows what is open").usage("list [host]").alias("ls");
    /// assert_eq!((list.about_text(), list.usage_text()), (Some("Shows what is open"), "list [host]"));
    /// assert_eq!(list.aliases(), ["ls"]);
    /// ```
    pub fn about_text(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// How it is written: the word alone, if nothing else was said.
    pub fn usage_text(&self) -> &str {
        self.usage.as_deref().unwrap_or(&self.word)
    }

    /// The other words.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// All its words as they are looked up.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        std::iter::once(&self.word).chain(&self.aliases).map(|word| word.to_lowercase())
    }

    fn description(&self) -> String {
        let mut text = self.about.clone().unwrap_or_default();
        for (n, alias) in self.aliases.iter().enumerate() {
            text.push_str(if n > 0 { ", `" } else { " Also: `" });
            text.push_str(alias);
            text.push('`');
        }
        text.trim_start().to_owned()
    }
}

impl From<&str> for Command {
    fn from(word: &str) -> Self {
        Self::new(word)
    }
}

impl From<String> for Command {
    fn from(word: String) -> Self {
        Self::new(word)
    }
}

/// What a bot understands, made of its commands: a text, a card, or an answer.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::router::Command;
///
/// async fn list() {}
/// let router: Router = Router::new().command(Command::new("list").about("Shows all."), list);
/// let help = router.help();
/// assert_eq!(help.to_string(), "- `list`: Shows all.");
/// assert_eq!(help.card("Commands")["body"][1]["facts"][0]["title"], "list");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    commands: Vec<Command>,
}

impl Help {
    /// The commands, in the order of their words.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// An Adaptive Card with this heading.
    pub fn card(&self, heading: &str) -> Value {
        let fact = |command: &Command| {
            let value = command.description().replace('`', "");
            json!({ "title": command.usage_text(), "value": value })
        };
        let facts: Vec<Value> = self.commands.iter().map(fact).collect();
        json!({
            "type": "AdaptiveCard", "version": "1.5",
            "body": [
                { "type": "TextBlock", "text": heading, "weight": "Bolder", "wrap": true },
                { "type": "FactSet", "facts": facts }
            ]
        })
    }
}

/// A list in Markdown.
impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, command) in self.commands.iter().enumerate() {
            let line = if n > 0 { "\n" } else { "" };
            write!(f, "{line}- `{}`", command.usage_text())?;
            match command.description() {
                text if text.is_empty() => {}
                text => write!(f, ": {text}")?,
            }
        }
        Ok(())
    }
}

impl IntoReply for Help {
    fn into_reply(self) -> Vec<Activity> {
        self.to_string().into_reply()
    }
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Answers messages whose first word, after the mention of the bot, is this command's; upper or
    /// lower case does not matter. The rest of the message is [`Args`](crate::extract::Args).
    ///
    /// A word is a command already; a [`Command`] also says what it is for.
    pub fn command<T: 'static>(
        mut self,
        command: impl Into<Command>,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        self.add_command(command.into(), &BoxHandler::new(handler));
        self
    }

    pub(super) fn add_command(&mut self, command: Command, handler: &BoxHandler<MessageKind, S>) {
        for key in command.keys() {
            self.commands.insert(key, handler.clone());
        }
        self.known.insert(command.word.to_lowercase(), command);
    }

    /// Adds a command that says what all others do, those that are given later not included.
    pub fn with_help(self, command: impl Into<Command>) -> Self {
        let mut command = command.into();
        command.about.get_or_insert_with(|| "Says what I understand.".to_owned());
        let mut known = self.known.clone();
        known.insert(command.word.to_lowercase(), command.clone());
        let help = Help { commands: known.into_values().collect() };
        self.command(command, move || std::future::ready(help.clone()))
    }

    /// What the commands do.
    pub fn help(&self) -> Help {
        Help { commands: self.known.values().cloned().collect() }
    }

    /// The commands' words, for a help text or an app manifest.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }
}
