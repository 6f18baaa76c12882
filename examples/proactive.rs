//! Speaks first: it remembers where it was installed and tells everybody there what happened.
//!
//! ```text
//! Alice adds the bot
//! Bot: I will tell you when something happens.
//! Dana in ops: announce The bridge is down.
//! Bot: The bridge is down.
//! Bot: Told 1 of 1.
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::event::{InstallationAction, InstallationUpdate};
use argus_bot_sdk::extract::{Args, State, Turn};
use argus_bot_sdk::{Activity, Bot, ConversationRef, Error, Router};

/// Where people installed the bot, by conversation. A reference is all that it takes to speak there
/// later; it serialises, so that a real bot keeps it where it survives a restart.
type Installed = Arc<Mutex<BTreeMap<String, ConversationRef>>>;

async fn installed(
    update: InstallationUpdate,
    State(installed): State<Installed>,
    there: ConversationRef,
) -> Option<&'static str> {
    let mut installed = installed.lock().unwrap_or_else(PoisonError::into_inner);
    if update.action == InstallationAction::Remove {
        installed.remove(&there.conversation_id);
        return None;
    }
    let is_new = installed.insert(there.conversation_id.clone(), there).is_none();
    is_new.then_some("I will tell you when something happens.")
}

async fn announce(State(installed): State<Installed>, turn: Turn, Args(text): Args) -> String {
    let everywhere: Vec<ConversationRef> =
        installed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
    let mut told = 0;
    for there in &everywhere {
        // Whoever blocked the bot is not told; the others are.
        told += usize::from(turn.connector().send(there, &Activity::message(&text)).await.is_ok());
    }
    format!("Told {told} of {}.", everywhere.len())
}

fn router() -> Router {
    let router = Router::new().on_event(installed).command("announce", announce);
    router.with_state(Installed::default())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("proactive.rs")).await;
}
