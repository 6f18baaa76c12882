//! Opens a dialog and checks what it is filled with, and finds hosts in a message extension.
//!
//! ```text
//! Alice opens "isolate"
//! Bot: [Isolate a host]
//! Alice sends the dialog with nothing
//! Bot: Which host?
//! Alice sends the dialog with "srv-1"
//! Bot: srv-1 is isolated.
//! Alice searches for "srv"
//! Bot: [srv-1] [srv-2]
//! ```
#![expect(clippy::print_stdout, reason = "it shows its chat")]

use argus_bot_sdk::activity::card::ThumbnailCard;
use argus_bot_sdk::invoke::{
    ExtensionItem, ExtensionResponse, IntoResponse, Invoked, Query, TaskInfo, TaskResponse,
    TaskSubmit,
};
use argus_bot_sdk::testing::TestTeams;
use argus_bot_sdk::{Error, Router};
use serde::Deserialize;
use serde_json::json;

const HOSTS: [&str; 3] = ["srv-1", "srv-2", "laptop-7"];

/// What the dialog's input brings back. It comes from a client, so it may be anything that fits.
#[derive(Deserialize)]
struct Isolate {
    host: String,
}

/// Why nothing is isolated, in words for the person who asked.
struct NoHost;

impl IntoResponse<TaskResponse> for NoHost {
    fn into_response(self) -> TaskResponse {
        TaskResponse::message("Which host?")
    }
}

async fn ask() -> TaskResponse {
    let send = json!({"type": "Action.Submit", "title": "Isolate", "data": {"dialog": "isolate"}});
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "actions": [send], "body": [
        {"type": "Input.Text", "id": "host", "label": "Host"}
    ]});
    TaskResponse::show(TaskInfo::card("Isolate a host", card))
}

async fn isolate(Invoked(form): Invoked<TaskSubmit>) -> Result<TaskResponse, NoHost> {
    let Isolate { host } = form.input().map_err(|_| NoHost)?;
    Ok(TaskResponse::message(format!("{host} is isolated.")))
}

async fn hosts(Invoked(query): Invoked<Query>) -> ExtensionResponse {
    let start = query.parameter("name").unwrap_or_default();
    let found = HOSTS.into_iter().filter(|host| host.starts_with(start));
    let item = |host| ExtensionItem::new(ThumbnailCard::default().title(host));
    ExtensionResponse::results(found.map(item))
}

async fn chat() -> Result<Vec<String>, Error> {
    let router = Router::new()
        .dialog("isolate", ask)
        .dialog_submit("isolate", isolate)
        .search("hosts", hosts);
    let teams = TestTeams::start(router).await?;
    let alice = teams.user("Alice");
    let mut heard = vec!["Alice opens \"isolate\"".to_owned()];
    heard.push(format!("Bot: [{}]", alice.opens("isolate").await.title().unwrap_or_default()));
    for (said, inputs) in [("nothing", json!({})), ("\"srv-1\"", json!({"host": "srv-1"}))] {
        heard.push(format!("Alice sends the dialog with {said}"));
        let answer = alice.submits("isolate", &inputs).await;
        heard.push(format!("Bot: {}", answer.text().unwrap_or_default()));
    }
    heard.push("Alice searches for \"srv\"".to_owned());
    let found = alice.searches("hosts", "name", "srv").await;
    let titles = found.items().iter().filter_map(|item| item.pointer("/content/title")?.as_str());
    let titles: Vec<String> = titles.map(|title| format!("[{title}]")).collect();
    heard.push(format!("Bot: {}", titles.join(" ")));
    Ok(heard)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    chat().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    assert_eq!(chat().await.unwrap(), argus_examples::chat(include_str!("dialog.rs")));
}
