//! Signs people in and acts for them; whoever is signed in to Teams is asked once at most.
//!
//! ```text
//! Alice: mail
//! Bot: [Please sign in to go on.] (Sign in)
//! ```
//!
//! The connection `graph` has to exist in the bot's registration; the Playground has none.

use std::sync::Arc;

use argus_bot_sdk::bot::Env;
use argus_bot_sdk::extract::{State, Turn};
use argus_bot_sdk::signin::{NotSignedIn, SignIn, UserTokens};
use argus_bot_sdk::{Bot, Error, Router, SystemClock};

const CONNECTION: &str = "graph";

async fn mail(State(signin): State<SignIn>, turn: Turn) -> Result<String, NotSignedIn> {
    // Whoever is not signed in gets the card instead; the token is for calls of Microsoft Graph.
    let token = signin.token(&turn).await?;
    Ok(format!("You are signed in at {}. You have no mail.", token.connection_name))
}

async fn leave(State(signin): State<SignIn>, turn: Turn) -> &'static str {
    match signin.sign_out(&turn).await {
        Ok(()) => "You are signed out.",
        Err(_) => "I could not sign you out. Try again.",
    }
}

async fn signed_in() -> &'static str {
    "Thank you. Say `mail` again."
}

fn router(signin: SignIn) -> Router {
    let router = Router::new().command("mail", mail).command("leave", leave);
    router.sign_in(&signin, signed_in).with_state(signin)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let env = Env::read()?;
    let users = UserTokens::new(env.cloud(), env.tokens()?)?;
    let signin = SignIn::new(users, env.app_id(), CONNECTION, Arc::new(SystemClock));
    Bot::from_env(router(signin))?.run().await
}

#[cfg(test)]
mod tests {
    use argus_bot_sdk::auth::{ClientSecret, Cloud, Secret};
    use argus_bot_sdk::invoke::SignInTokenExchange;
    use argus_bot_sdk::testing::{
        APP_ID, APP_SECRET, FakeEntra, FakeTokens, Person, TENANT, TestTeams, TokenSpec,
    };
    use serde_json::json;

    use super::*;

    async fn world() -> Result<(FakeEntra, FakeTokens, SignIn), Box<dyn std::error::Error>> {
        let entra = FakeEntra::start().await?;
        let tokens = FakeTokens::start(&entra, [CONNECTION]).await?;
        let (url, scope) = (entra.token_url(TENANT), Cloud::Public.constants().bot_scope);
        let clock = Arc::new(SystemClock);
        let secret = Secret::new(APP_SECRET);
        let bot = ClientSecret::new(&url, APP_ID, secret, scope, Arc::clone(&clock) as _)?;
        let users = UserTokens::new(Cloud::Public, Arc::new(bot))?.at(&tokens.url())?;
        Ok((entra, tokens, SignIn::new(users, APP_ID, CONNECTION, clock)))
    }

    #[tokio::test]
    async fn the_chat_is_as_promised() -> Result<(), Box<dyn std::error::Error>> {
        let (_entra, _tokens, signin) = world().await?;
        argus_examples::assert_plays(router(signin), include_str!("sso.rs")).await;
        Ok(())
    }

    #[tokio::test]
    async fn what_teams_offers_is_enough() -> Result<(), Box<dyn std::error::Error>> {
        let (entra, _tokens, signin) = world().await?;
        let teams = TestTeams::start(router(signin)).await?;
        let alice = teams.person(Person::new("Alice"));
        let asked = serde_json::to_value(&alice.says("mail").await)?;
        let id = &asked[0]["attachments"][0]["content"]["tokenExchangeResource"]["id"];
        let token = entra.mint(&TokenSpec::user(APP_ID, TENANT, &alice.who().object_id));
        let offer = json!({"id": id, "connectionName": CONNECTION, "token": token});
        assert_eq!(alice.asks(SignInTokenExchange, &offer).await.status, 200);
        let heard = alice.says("mail").await;
        assert_eq!(heard[0].text.as_deref(), Some("You are signed in at graph. You have no mail."));
        Ok(())
    }
}
