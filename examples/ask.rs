//! Asks with a card and uses the answer; what does not fit is asked again.
//!
//! ```text
//! Alice: ticket
//! Bot: [What is broken?] (Send)
//! Alice presses "Send"
//! Bot: error Empty: Say what is broken.
//! Alice presses "Send" with what="The VPN"
//! Bot: [Ticket 1: The VPN]
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use argus_bot_sdk::extract::{Input, State};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::{Bot, Error, Router};
use serde::Deserialize;
use serde_json::{Value, json};

type Tickets = Arc<AtomicU32>;

/// What the card's input brings back. It comes from a client, so it may be anything that fits.
#[derive(Deserialize)]
struct Ticket {
    #[serde(default)]
    what: String,
}

fn card(title: &str, body: &[Value], actions: &[Value]) -> Value {
    let title = json!({"type": "TextBlock", "text": title, "wrap": true});
    let body: Vec<&Value> = std::iter::once(&title).chain(body).collect();
    json!({"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions})
}

async fn ask() -> Card {
    let what = json!({"type": "Input.Text", "id": "what", "label": "What"});
    let send = json!({"type": "Action.Execute", "title": "Send", "verb": "send"});
    Card(card("What is broken?", &[what], &[send]))
}

async fn send(State(tickets): State<Tickets>, Input(ticket): Input<Ticket>) -> CardReply {
    if ticket.what.trim().is_empty() {
        return CardReply::error("Empty", "Say what is broken.");
    }
    let number = tickets.fetch_add(1, Ordering::Relaxed) + 1;
    CardReply::card(card(&format!("Ticket {number}: {}", ticket.what), &[], &[]))
}

fn router() -> Router {
    Router::new().command("ticket", ask).action("send", send).with_state(Tickets::default())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("ask.rs")).await;
}
