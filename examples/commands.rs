//! Knows a few commands and remembers what it is told.
//!
//! ```text
//! Alice: watch srv-1
//! Bot: I watch srv-1.
//! Alice: WATCH srv-2
//! Bot: I watch srv-2.
//! Alice: list
//! Bot: srv-1, srv-2
//! Alice: watch
//! Bot: What shall I watch? Say `watch HOST`.
//! Alice: good morning
//! Bot: I know these: list, watch
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::extract::{Args, State};
use argus_bot_sdk::{Bot, Error, Router};

type Watched = Arc<Mutex<Vec<String>>>;

/// What is wrong with a command, in words for the person who gave it.
struct NoHost;

impl argus_bot_sdk::reply::IntoReply for NoHost {
    fn into_reply(self) -> Vec<argus_bot_sdk::Activity> {
        "What shall I watch? Say `watch HOST`.".into_reply()
    }
}

async fn watch(State(watched): State<Watched>, Args(host): Args) -> Result<String, NoHost> {
    if host.is_empty() {
        return Err(NoHost);
    }
    watched.lock().unwrap_or_else(PoisonError::into_inner).push(host.clone());
    Ok(format!("I watch {host}."))
}

async fn list(State(watched): State<Watched>) -> String {
    watched.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
}

fn router() -> Router {
    let router = Router::new().command("watch", watch).command("list", list);
    let known = router.commands().collect::<Vec<_>>().join(", ");
    router
        .message(move || {
            let known = known.clone();
            async move { format!("I know these: {known}") }
        })
        .with_state(Watched::default())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("commands.rs")).await;
}
