//! Shows what a link to an incident is about, in the message that carries it.
//!
//! ```text
//! Alice pastes https://soc.example/incidents/7
//! Bot: [Incident 7]
//! Alice pastes https://soc.example/elsewhere
//! Bot: This link leads to no incident.
//! ```

use argus_bot_sdk::activity::card::HeroCard;
use argus_bot_sdk::invoke::{ExtensionItem, ExtensionResponse, Invoked, QueryLink};
use argus_bot_sdk::{Bot, Error, Router};
use serde_json::json;

async fn unfurl(Invoked(link): Invoked<QueryLink>) -> ExtensionResponse {
    let number = link.url.rsplit_once("/incidents/").and_then(|(_, id)| id.parse::<u32>().ok());
    match number {
        Some(number) => {
            let title = format!("Incident {number}");
            let text = json!({"type": "TextBlock", "text": title});
            let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [text]});
            let item = ExtensionItem::card(card).preview(HeroCard::default().title(title));
            ExtensionResponse::results([item])
        }
        None => ExtensionResponse::message("This link leads to no incident."),
    }
}

fn router() -> Router {
    Router::new().link_unfurl(unfurl)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("link-unfurl.rs")).await;
}
