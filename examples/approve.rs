//! Lets a second person approve what the first one wants; the first decision stands. Whoever asked
//! sees a card of their own, without the button.
//!
//! ```text
//! Alice in ops: deploy web-7
//! Bot: [Deploy web-7?] (Yes)
//! Alice presses "Yes"
//! Bot: Somebody else has to approve what you asked for.
//! Alice looks again
//! Bot: [You asked to deploy web-7.]
//! Dana presses "Yes"
//! Bot: [web-7: approved by Dana]
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::extract::{Args, Input, Sender, State};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::{Bot, Error, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// What was asked for. Buttons carry only its number: what a client sends must decide nothing.
type Wishes = Arc<Mutex<Vec<Wish>>>;

struct Wish {
    what: String,
    asked_by: Option<String>,
    approved_by: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    wish: usize,
}

fn card(text: &str, actions: &Value) -> Value {
    json!({"type": "AdaptiveCard", "version": "1.5", "actions": actions,
           "body": [{"type": "TextBlock", "text": text, "wrap": true}]})
}

async fn deploy(State(wishes): State<Wishes>, who: Sender, Args(what): Args) -> Card {
    let mut wishes = wishes.lock().unwrap_or_else(PoisonError::into_inner);
    let data = json!({ "wish": wishes.len() });
    let button = json!({"type": "Action.Execute", "title": "Yes", "verb": "approve", "data": data});
    let mut shown = card(&format!("Deploy {what}?"), &json!([button]));
    // These people's clients ask for a view of their own by themselves; 60 people at most.
    let action = json!({"type": "Action.Execute", "verb": "view", "data": data});
    let refresh = json!({"action": action, "userIds": [who.id]});
    if let Some(card) = shown.as_object_mut() {
        card.insert("refresh".into(), refresh);
    }
    wishes.push(Wish { what, asked_by: who.aad_object_id, approved_by: None });
    Card(shown)
}

async fn view(State(wishes): State<Wishes>, Input(on): Input<Pressed>) -> CardReply {
    let wishes = wishes.lock().unwrap_or_else(PoisonError::into_inner);
    match wishes.get(on.wish) {
        Some(wish) => {
            CardReply::card(card(&format!("You asked to deploy {}.", wish.what), &json!([])))
        }
        None => CardReply::error("Unknown", "Nobody asked for this.").status(404),
    }
}

async fn approve(
    State(wishes): State<Wishes>,
    who: Sender,
    Input(on): Input<Pressed>,
) -> CardReply {
    let mut wishes = wishes.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(wish) = wishes.get_mut(on.wish) else {
        return CardReply::error("Unknown", "Nobody asked for this.").status(404);
    };
    // The object id says who somebody is; a name says only what they call themselves.
    let is_other = who.aad_object_id.is_some() && who.aad_object_id != wish.asked_by;
    if wish.approved_by.is_none() && !is_other {
        return CardReply::message("Somebody else has to approve what you asked for.");
    }
    let by = wish.approved_by.get_or_insert_with(|| who.name.unwrap_or(who.id));
    CardReply::card(card(&format!("{}: approved by {by}", wish.what), &json!([])))
}

fn router() -> Router {
    let router = Router::new().command("deploy", deploy).action("approve", approve);
    router.action("view", view).with_state(Wishes::default())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("approve.rs")).await;
}
