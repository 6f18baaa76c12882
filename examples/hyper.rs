//! Lives on hyper alone, for those who have a server of their own already.
//!
//! ```text
//! Alice: hello
//! Bot: You said: hello
//! ```

use argus_bot_sdk::bot::Env;
use argus_bot_sdk::extract::Text;
use argus_bot_sdk::server::check_loopback;
use argus_bot_sdk::{Bot, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

fn router() -> Router {
    Router::new().message(echo)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bot = Bot::from_env(router())?;
    let listener = tokio::net::TcpListener::bind(Env::read()?.address()).await?;
    // A bot without tokens must not be reached from elsewhere; hyper does not know.
    check_loopback(listener.local_addr()?, bot.requires_loopback())?;
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(bot.clone());
        connections.spawn(async move {
            // The timer is what hyper needs to give up on a client that sends its head too slowly.
            let http = http1::Builder::new().timer(TokioTimer::new()).to_owned();
            // A connection that breaks is its client's loss alone.
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

#[tokio::test]
async fn the_chat_is_as_promised() {
    argus_examples::assert_plays(router(), include_str!("hyper.rs")).await;
}
