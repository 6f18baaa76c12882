//! Says back what it hears.
//!
//! ```text
//! Alice: hello
//! Bot: You said: hello
//! Alice in ops: is anybody there?
//! Bot: You said: is anybody there?
//! ```

use argus_bot_sdk::extract::Text;
use argus_bot_sdk::{Bot, Error, Router};

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

fn router() -> Router {
    Router::new().message(echo)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("echo.rs")).await;
}
