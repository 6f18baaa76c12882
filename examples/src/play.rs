//! Acts a chat out: people do what its lines say, and what the bot does about it is written down.
//!
//! | line | what happens |
//! | --- | --- |
//! | `Alice: hello` | Alice writes to the bot in their own chat |
//! | `Alice in ops: hello` | she writes in the channel `ops`, with a mention of the bot |
//! | `Alice presses "Yes"` | she presses that button of the newest card, with what it carries |
//! | `Alice presses "Send" with what="The VPN"` | the same, with what she typed into the card |
//! | `Alice looks again` | her client asks for her own view of the newest card that has one |
//! | `Alice opens "isolate"` | her client asks for the dialog of that name |
//! | `Alice sends the dialog with host="srv-1"` | she sends the dialog that is open |
//! | `Alice searches hosts for "srv"` | the message extension's command `hosts` with that word |
//! | `Alice pastes https://…` | a link is unfurled |
//! | `Alice adds the bot` | the bot is installed in their chat |
//!
//! The bot's lines are what people see: `Bot: text`, `Bot: [card]` with the first text of a card and
//! its buttons, `Bot edits: …` for a message that changed, and `Bot: error CODE: text`.

use std::collections::BTreeMap;

use argus_bot_sdk::invoke::{QueryLink, TaskSubmit};
use argus_bot_sdk::testing::TestTeams;
use argus_bot_sdk::{Error, ErrorKind, Router};
use serde_json::{Map, Value, json};

/// Acts out the chat at the head of `source` with a bot that answers by `router`, and gives the
/// chat as it went: the same lines, if the bot does what the chat promises.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] names a line that nobody can act out; otherwise as
/// [`TestTeams::start`].
pub async fn play(router: Router, source: &str) -> Result<Vec<String>, Error> {
    let teams = TestTeams::start(router).await?;
    let mut play = Play { teams, place: String::new(), dialog: Value::Null, heard: Vec::new() };
    for line in crate::chat(source) {
        if line.starts_with("Bot: ") || line.starts_with("Bot edits: ") {
            continue;
        }
        play.heard.push(line.to_owned());
        play.act(line).await?;
    }
    Ok(play.heard)
}

/// The test of an example: its chat goes as the lines at the head of `source` say.
///
/// # Panics
///
/// If it goes otherwise.
pub async fn assert_plays(router: Router, source: &str) {
    let promised = crate::chat(source).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let heard = play(router, source).await.map_err(|error| error.to_string());
    assert_eq!(heard, Ok(promised));
}

struct Play {
    teams: TestTeams,
    /// The channel in which was spoken last; empty for a chat.
    place: String,
    /// The card of the dialog that is open.
    dialog: Value,
    heard: Vec<String>,
}

impl Play {
    async fn act(&mut self, line: &str) -> Result<(), Error> {
        let before = self.seen();
        if let Some((who, text)) = line.split_once(": ") {
            let (name, channel) = who.split_once(" in ").unwrap_or((who, ""));
            let who = self.teams.user(name);
            let who = if channel.is_empty() { who } else { who.in_channel(channel) };
            who.says(text).await;
            channel.clone_into(&mut self.place);
            return self.hear(&before, None).await;
        }
        let (name, does) = line.split_once(' ').ok_or_else(|| unclear(line))?;
        let who = self.teams.user(name);
        let answer = if let Some(rest) = does.strip_prefix("presses ") {
            let (title, with) = rest.split_once(" with ").unwrap_or((rest, ""));
            let there = if self.place.is_empty() { who } else { who.in_channel(&self.place) };
            there.presses(title.trim_matches('"')).with(Value::Object(inputs(with))).await?
        } else if let Some(name) = does.strip_prefix("opens ") {
            who.opens(name.trim_matches('"')).await
        } else if let Some(rest) = does.strip_prefix("sends the dialog") {
            let mut data =
                actions(&self.dialog).into_iter().next().map(carried).unwrap_or_default();
            data.extend(inputs(rest));
            who.asks(TaskSubmit, &json!({ "data": data })).await
        } else if let Some((command, word)) =
            does.strip_prefix("searches ").and_then(|rest| rest.split_once(" for "))
        {
            who.searches(command, "search", word.trim_matches('"')).await
        } else if let Some(url) = does.strip_prefix("pastes ") {
            who.asks(QueryLink, &json!({ "url": url })).await
        } else if does == "looks again" {
            let there = if self.place.is_empty() { who } else { who.in_channel(&self.place) };
            there.refreshes().await?
        } else if does == "adds the bot" {
            who.installs().await;
            return self.hear(&before, None).await;
        } else {
            return Err(unclear(line));
        };
        self.hear(&before, Some(&answer.body)).await
    }

    /// Writes down what an invoke was answered with.
    fn answered(&mut self, answer: &Value) {
        let at = |pointer: &str| answer.pointer(pointer);
        let text = |pointer: &str| at(pointer).and_then(Value::as_str);
        if let Some(card) = at("/value/body").and(at("/value")) {
            self.heard.push(format!("Bot: {}", shown(card)));
        } else if let Some(code) = text("/value/code") {
            let message = text("/value/message").unwrap_or_default();
            self.heard.push(format!("Bot: error {code}: {message}"));
        } else if let Some(info) = at("/task/value").filter(|value| value.is_object()) {
            let title = info.get("title").and_then(Value::as_str).unwrap_or_default();
            self.heard.push(format!("Bot: [{title}]"));
            self.dialog = info.pointer("/card/content").cloned().unwrap_or_default();
        } else if let Some(items) = at("/composeExtension/attachments").and_then(Value::as_array) {
            let title = |item: &Value| {
                let simple = item.pointer("/content/title").and_then(Value::as_str);
                simple.map_or_else(|| shown(item.pointer("/content").unwrap_or(item)), bracketed)
            };
            let titles: Vec<String> = items.iter().map(title).collect();
            self.heard.push(format!("Bot: {}", titles.join(" ")));
        } else if let Some(said) =
            text("/value").or(text("/task/value")).or(text("/composeExtension/text"))
        {
            self.heard.push(format!("Bot: {said}"));
        }
    }

    /// Writes down the answer, and what the bot has posted or changed since `before`.
    async fn hear(
        &mut self,
        before: &BTreeMap<(String, String), Value>,
        answer: Option<&Value>,
    ) -> Result<(), Error> {
        self.teams.settle().await;
        if let Some(answer) = answer {
            self.answered(answer);
        }
        let mut fresh: Vec<_> = self.seen().into_iter().collect();
        fresh.retain(|(key, activity)| before.get(key) != Some(activity));
        // Ids grow with time, whatever the conversation.
        fresh.sort_by(|((_, a), _), ((_, b), _)| a.cmp(b));
        for ((conversation, id), activity) in fresh {
            let says = if before.contains_key(&(conversation, id)) { "Bot edits" } else { "Bot" };
            if let Some(text) = activity.get("text").and_then(Value::as_str)
                && !text.is_empty()
            {
                self.heard.push(format!("{says}: {text}"));
            }
            let cards = activity.get("attachments").and_then(Value::as_array);
            for card in cards.into_iter().flatten().filter_map(|it| it.get("content")) {
                self.heard.push(format!("{says}: {}", shown(card)));
            }
        }
        Ok(())
    }

    /// What the bot has said, by conversation and id.
    fn seen(&self) -> BTreeMap<(String, String), Value> {
        let teams = self.teams.teams();
        let mut all = BTreeMap::new();
        for conversation in teams.conversations() {
            let shown = teams.snapshot(&conversation).map(|it| it.activities).unwrap_or_default();
            for message in shown.into_iter().filter(|message| message.from_bot) {
                all.insert((conversation.clone(), message.id), message.activity);
            }
        }
        all
    }
}

/// A card as one line: its first text, and its buttons.
fn shown(card: &Value) -> String {
    let titled = card.get("title").or_else(|| card.get("text")).and_then(Value::as_str);
    let text = titled.or_else(|| first_text(card.get("body")?)).unwrap_or_default();
    let title = |action: &Value| {
        let title = action.get("title").and_then(Value::as_str).unwrap_or_default();
        format!("({title})")
    };
    let buttons = actions(card).into_iter().map(title);
    std::iter::once(bracketed(text)).chain(buttons).collect::<Vec<_>>().join(" ")
}

fn bracketed(text: &str) -> String {
    format!("[{text}]")
}

fn first_text(element: &Value) -> Option<&str> {
    match element {
        Value::Array(items) => items.iter().find_map(first_text),
        Value::Object(fields) => fields
            .get("text")
            .and_then(Value::as_str)
            .or_else(|| fields.values().find_map(first_text)),
        _ => None,
    }
}

/// Every button of a card, wherever it stands.
fn actions(card: &Value) -> Vec<&Value> {
    let is_action = |fields: &Map<String, Value>| {
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
        kind.starts_with("Action.") || matches!(kind, "signin" | "openUrl" | "imBack")
    };
    match card {
        Value::Array(items) => items.iter().flat_map(actions).collect(),
        Value::Object(fields) if is_action(fields) => vec![card],
        // Nobody sees a refresh: clients do it by themselves.
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "refresh")
            .flat_map(|it| actions(it.1))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a button carries.
fn carried(action: &Value) -> Map<String, Value> {
    action.get("data").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// `what="The VPN", urgent="true"`, with or without `with` in front.
fn inputs(text: &str) -> Map<String, Value> {
    let text = text.trim().trim_start_matches("with ");
    let pairs = text.split("\", ").filter_map(|pair| pair.split_once("=\""));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), json!(value.trim_end_matches('"'))))
        .collect()
}

fn unclear(line: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("nobody knows how to act this out: {line}"))
}
