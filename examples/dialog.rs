//! Opens a dialog and checks what it is filled with.
//!
//! ```text
//! Alice: isolate
//! Bot: [Isolate which host?] (Choose)
//! Alice presses "Choose"
//! Bot: [Isolate a host]
//! Alice sends the dialog
//! Bot: Which host?
//! Alice sends the dialog with host="srv-1"
//! Bot: srv-1 is isolated.
//! ```

use argus_bot_sdk::invoke::{
    ExtensionActionResponse, FetchTask, IntoResponse, Invoked, SubmitAction, TaskInfo,
    TaskResponse, TaskSubmit,
};
use argus_bot_sdk::reply::Card;
use argus_bot_sdk::{Bot, Error, Router};
use serde::Deserialize;
use serde_json::{Value, json};

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

/// A card whose button opens the dialog: Teams asks for it with `task/fetch`.
async fn offer() -> Card {
    let data = json!({"msteams": {"type": "task/fetch"}, "dialog": "isolate"});
    let choose = json!({"type": "Action.Submit", "title": "Choose", "data": data});
    Card(json!({"type": "AdaptiveCard", "version": "1.5", "actions": [choose],
                "body": [{"type": "TextBlock", "text": "Isolate which host?"}]}))
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

/// The same dialog as an action of the message extension.
async fn isolate_from_message(Invoked(form): Invoked<SubmitAction>) -> ExtensionActionResponse {
    let data = form.data.unwrap_or_default();
    let host = data.get("host").and_then(Value::as_str).unwrap_or("nothing");
    let done = TaskResponse::message(format!("{host} is isolated."));
    ExtensionActionResponse::dialog(done)
}

fn router() -> Router {
    Router::new()
        .message(offer)
        .dialog("isolate", ask)
        .dialog_submit("isolate", isolate)
        .on(FetchTask, async || ExtensionActionResponse::dialog(ask().await))
        .on(SubmitAction, isolate_from_message)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("dialog.rs")).await;
}
