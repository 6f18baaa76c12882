//! Tests a bot as its users meet it: real tokens, real HTTP, a Teams that misbehaves on request.
//!
//! ```text
//! Alice: deploy
//! Bot: Deployed.
//! ```

use argus_bot_sdk::{Bot, Error, Router};

async fn deploy() -> &'static str {
    "Deployed."
}

fn router() -> Router {
    Router::new().command("deploy", deploy)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router())?.run().await
}

#[cfg(test)]
mod tests {
    use argus_bot_sdk::testing::TestTeams;
    use argus_bot_sdk::testing::fault::{ANY, Fault};

    use super::*;

    #[tokio::test]
    async fn the_chat_is_as_promised() {
        argus_examples::assert_plays(router(), include_str!("testing.rs")).await;
    }

    #[tokio::test]
    async fn a_message_that_comes_twice_is_answered_once() -> Result<(), Error> {
        let teams = TestTeams::start(router()).await?;
        let alice = teams.user("Alice");
        let said = teams.teams().say(alice.place(), alice.who(), "deploy").unwrap_or_default();
        teams.deliver(&said).await;
        teams.deliver(&said).await;
        teams.settle().await;
        assert_eq!(teams.sent().len(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn a_connector_that_is_busy_is_asked_again() -> Result<(), Error> {
        let teams = TestTeams::start(router()).await?;
        let busy = Fault::Status { code: 429, retry_after: None };
        teams.faults().push("teams", ANY, busy);
        let replies = teams.user("Alice").says("deploy").await;
        assert_eq!(replies.len(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn nobody_speaks_to_it_without_a_token() -> Result<(), Error> {
        let teams = TestTeams::start(router()).await?;
        let alice = teams.user("Alice");
        let said = teams.teams().say(alice.place(), alice.who(), "deploy").unwrap_or_default();
        assert_eq!(teams.deliver_as(None, &said).await.status, 401);
        assert_eq!(teams.deliver_as(Some("Bearer forged"), &said).await.status, 401);
        assert!(teams.sent().is_empty());
        Ok(())
    }
}
