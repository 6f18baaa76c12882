//! Lets an answer grow while people watch; where that is not possible, it comes whole.
//!
//! ```text
//! Alice: report
//! Bot: 40 hosts were asked. srv-1 and db-2 are silent.
//! Alice in ops: report
//! Bot: 40 hosts were asked. srv-1 and db-2 are silent.
//! ```

use argus_bot_sdk::connector::{SendError, StreamReply};
use argus_bot_sdk::extract::Turn;
use argus_bot_sdk::{Bot, Error, Router};

/// What becomes known bit by bit.
const FOUND: [&str; 4] = ["40 hosts ", "were asked. ", "srv-1 and db-2 ", "are silent."];

async fn write(turn: &Turn) -> Result<(), SendError> {
    let here = turn.conversation();
    let mut answer = StreamReply::new(turn.connector().as_ref(), &here);
    for part in FOUND {
        // It is shown at once or with the next part, as Teams' rules allow.
        answer.push(part).await?;
    }
    answer.finish().await.map(drop)
}

async fn report(turn: Turn) -> Option<&'static str> {
    write(&turn).await.err().map(|_| "I could not write the report. Ask me again.")
}

fn router() -> Router {
    Router::new().command("report", report)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("streaming.rs")).await;
}
