//! Finds hosts from the box in which people write, and lets them put one into their message.
//!
//! ```text
//! Alice searches hosts for "srv"
//! Bot: [srv-1] [srv-2]
//! Alice searches hosts for "printer"
//! Bot: No host is called printer.
//! ```

use argus_bot_sdk::activity::card::HeroCard;
use argus_bot_sdk::invoke::{ExtensionItem, ExtensionResponse, Invoked, Query};
use argus_bot_sdk::{Bot, Error, Router};
use serde_json::json;

const HOSTS: [&str; 3] = ["srv-1", "srv-2", "laptop-7"];

/// The card that goes into the message, and what stands for it in the list.
fn item(host: &str) -> ExtensionItem {
    let text = json!({"type": "TextBlock", "text": host});
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [text]});
    ExtensionItem::card(card).preview(HeroCard::default().title(host))
}

async fn hosts(Invoked(query): Invoked<Query>) -> ExtensionResponse {
    let start = query.text();
    let mut found = HOSTS.into_iter().filter(|host| host.starts_with(start)).peekable();
    if found.peek().is_none() {
        return ExtensionResponse::message(format!("No host is called {start}."));
    }
    ExtensionResponse::results(found.map(item))
}

fn router() -> Router {
    // `search("hosts", …)` would answer that command alone; this answers whatever is searched for.
    Router::new().on(Query, hosts)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("message-extension.rs")).await;
}
