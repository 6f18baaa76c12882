//! Lives in an axum application, beside its other pages.
//!
//! ```text
//! Alice: hello
//! Bot: You said: hello
//! ```

use argus_bot_sdk::bot::Env;
use argus_bot_sdk::extract::Text;
use argus_bot_sdk::server::check_loopback;
use argus_bot_sdk::{Bot, Router};

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

fn router() -> Router {
    Router::new().message(echo)
}

/// A bot is a `tower` service, so it mounts like any other.
fn app(bot: Bot) -> axum::Router {
    axum::Router::new()
        .route("/health", axum::routing::get(async || "well"))
        .route_service("/api/messages", bot)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bot = Bot::from_env(router())?;
    let listener = tokio::net::TcpListener::bind(Env::read()?.address()).await?;
    // A bot without tokens must not be reached from elsewhere; axum does not know.
    check_loopback(listener.local_addr()?, bot.requires_loopback())?;
    axum::serve(listener, app(bot)).await?;
    Ok(())
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("axum.rs")).await;
}

#[tokio::test]
async fn strangers_are_turned_away_through_axum_too() -> Result<(), Box<dyn std::error::Error>> {
    let teams = argus_bot_sdk::testing::TestTeams::start(router()).await?;
    let request = http::Request::post("/api/messages")
        .header("content-type", "application/json")
        .body(axum::body::Body::empty())?;
    let answer = tower_service::Service::call(&mut app(teams.bot().clone()), request).await?;
    assert_eq!(answer.status(), 401);
    Ok(())
}
