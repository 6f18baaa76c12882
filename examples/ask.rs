//! Asks with a card and uses the answer; what does not fit is asked again.
//!
//! ```text
//! Alice: ticket
//! Bot: [What is broken?]
//! Alice presses send with nothing
//! Bot: error Empty: Say what is broken.
//! Alice presses send with "The VPN"
//! Bot: [Ticket 1: The VPN]
//! ```
#![expect(clippy::print_stdout, reason = "it shows its chat")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use argus_bot_sdk::extract::{Input, State};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::testing::TestTeams;
use argus_bot_sdk::{Error, Router};
use serde::Deserialize;
use serde_json::{Value, json};

type Tickets = Arc<AtomicU32>;

/// What the card's input brings back. It comes from a client, so it may be anything that fits.
#[derive(Deserialize)]
struct Ticket {
    #[serde(default)]
    what: String,
}

fn card(title: &str, rest: Value) -> Value {
    let mut card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [
        {"type": "TextBlock", "text": title, "wrap": true}
    ]});
    if let (Some(Value::Array(body)), Value::Array(more)) = (card.get_mut("body"), rest) {
        body.extend(more);
    }
    card
}

async fn ask() -> Card {
    let send = json!({"type": "Action.Execute", "title": "Send", "verb": "send"});
    Card(card(
        "What is broken?",
        json!([{"type": "Input.Text", "id": "what"}, {"type": "ActionSet", "actions": [send]}]),
    ))
}

async fn send(State(tickets): State<Tickets>, Input(ticket): Input<Ticket>) -> CardReply {
    if ticket.what.trim().is_empty() {
        return CardReply::error("Empty", "Say what is broken.");
    }
    let number = tickets.fetch_add(1, Ordering::Relaxed) + 1;
    CardReply::card(card(&format!("Ticket {number}: {}", ticket.what), Value::Null))
}

fn title(card: &Value) -> String {
    let text = card.pointer("/body/0/text").and_then(Value::as_str);
    format!("Bot: [{}]", text.unwrap_or_default())
}

async fn chat() -> Result<Vec<String>, Error> {
    let router = Router::new().command("ticket", ask).action("send", send);
    let teams = TestTeams::start(router.with_state(Tickets::default())).await?;
    let alice = teams.user("Alice");
    let mut heard = vec!["Alice: ticket".to_owned()];
    let asked = alice.says("ticket").await.remove(0);
    let shown = asked.attachments.and_then(|mut all| all.remove(0).content).unwrap_or_default();
    heard.push(title(&shown));
    for (said, inputs) in [("nothing", json!({})), ("\"The VPN\"", json!({"what": "The VPN"}))] {
        heard.push(format!("Alice presses send with {said}"));
        let answer = alice.presses("send").with(inputs).await?;
        let code = answer.body.pointer("/value/code").and_then(Value::as_str);
        heard.push(match (code, answer.text(), answer.card()) {
            (Some(code), Some(message), _) => format!("Bot: error {code}: {message}"),
            (_, _, card) => title(card.unwrap_or(&Value::Null)),
        });
    }
    Ok(heard)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    chat().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    assert_eq!(chat().await.unwrap(), argus_examples::chat(include_str!("ask.rs")));
}
