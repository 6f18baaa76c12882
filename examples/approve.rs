//! Lets a second person approve what the first one wants; the first decision stands.
//!
//! ```text
//! Alice: deploy web-7
//! Bot: [Deploy web-7?]
//! Alice presses approve
//! Bot: Somebody else has to approve what you asked for.
//! Dana presses approve
//! Bot: [web-7: approved by Dana]
//! Carl presses approve
//! Bot: [web-7: approved by Dana]
//! ```
#![expect(clippy::print_stdout, reason = "it shows its chat")]

use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::extract::{Args, Input, Sender, State};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::testing::TestTeams;
use argus_bot_sdk::{Error, Router};
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
    let shown = Card(card(&format!("Deploy {what}?"), &json!([button])));
    wishes.push(Wish { what, asked_by: who.aad_object_id, approved_by: None });
    shown
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

async fn chat() -> Result<Vec<String>, Error> {
    let router = Router::new().command("deploy", deploy).action("approve", approve);
    let teams = TestTeams::start(router.with_state(Wishes::default())).await?;
    let [alice, dana, carl] = ["Alice", "Dana", "Carl"].map(|who| teams.user(who).in_group("ops"));
    let text = |json: &Value| json.pointer("/body/0/text").and_then(Value::as_str).map(bracketed);
    let mut heard = vec!["Alice: deploy web-7".to_owned()];
    for asked in alice.says("deploy web-7").await {
        let card = asked.attachments.iter().flatten().find_map(|it| text(it.content.as_ref()?));
        heard.push(format!("Bot: {}", card.unwrap_or_default()));
    }
    for who in [alice, dana, carl] {
        heard.push(format!("{} presses approve", who.who().name));
        let answer = who.presses("approve").await?;
        let shown = answer.card().and_then(text).or_else(|| answer.text().map(str::to_owned));
        heard.push(format!("Bot: {}", shown.unwrap_or_default()));
    }
    Ok(heard)
}

fn bracketed(text: &str) -> String {
    format!("[{text}]")
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    chat().await.map(|lines| println!("{}", lines.join("\n")))
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    assert_eq!(chat().await.unwrap(), argus_examples::chat(include_str!("approve.rs")));
}
