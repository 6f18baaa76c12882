//! Says back what it hears, and knows one command.
//!
//! ```text
//! Alice: hello
//! Bot: You said: hello
//! Alice: COUNT how many words
//! Bot: 3 words
//! ```
#![expect(clippy::print_stdout, reason = "it shows its chat")]

use argus_bot_sdk::extract::{Args, Text};
use argus_bot_sdk::testing::TestTeams;
use argus_bot_sdk::{Error, Router};

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

async fn count(Args(rest): Args) -> String {
    format!("{} words", rest.split_whitespace().count())
}

fn router() -> Router {
    Router::new().message(echo).command("count", count)
}

/// What is said when Alice speaks the lines at the head of this file.
async fn chat() -> Result<Vec<String>, Error> {
    let teams = TestTeams::start(router()).await?;
    let alice = teams.user("Alice");
    let mut heard = Vec::new();
    for line in argus_examples::chat(include_str!("echo.rs")) {
        let Some(text) = line.strip_prefix("Alice: ") else { continue };
        heard.push(line.to_owned());
        for reply in alice.says(text).await {
            heard.push(format!("Bot: {}", reply.text.unwrap_or_default()));
        }
    }
    Ok(heard)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    for line in chat().await? {
        println!("{line}");
    }
    Ok(())
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    assert_eq!(chat().await.unwrap(), argus_examples::chat(include_str!("echo.rs")));
}
