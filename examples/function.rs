//! Lives in a function that is called with a whole request and gives a whole answer, as AWS Lambda
//! and Azure Functions do it; there is no server.
//!
//! ```text
//! Alice: hello
//! Bot: You said: hello
//! ```
#![expect(clippy::print_stdout, reason = "started by itself, it shows what a call gives")]

use argus_bot_sdk::extract::Text;
use argus_bot_sdk::{Bot, Error, Router};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tower_service::Service as _;

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

fn router() -> Router {
    Router::new().message(echo)
}

/// What the platform calls. It makes the request from its own event, which all of them can.
async fn handle(mut bot: Bot, request: Request<Vec<u8>>) -> Response<Bytes> {
    let Ok(answer) = bot.call(request.map(|body| Full::new(Bytes::from(body)))).await;
    // Handlers of messages run after the answer; the platform stops the process when this returns.
    bot.idle().await;
    let (head, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    Response::from_parts(head, body.to_bytes())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Made once for each process, so that keys and tokens are kept between the calls.
    let bot = Bot::from_env(router())?;
    // One call, as the platform would make it, without a token.
    let mut request = Request::new(br#"{"type":"message"}"#.to_vec());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/api/messages");
    let json = http::HeaderValue::from_static("application/json");
    request.headers_mut().insert(http::header::CONTENT_TYPE, json);
    let answer = handle(bot, request).await;
    println!("A call without a token is answered with {}.", answer.status());
    Ok(())
}

#[cfg(test)]
mod tests {
    use argus_bot_sdk::testing::TestTeams;
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn the_chat_is_as_promised() {
        argus_examples::assert_plays(router(), include_str!("function.rs")).await;
    }

    #[tokio::test]
    async fn a_call_returns_when_its_message_is_answered() -> Result<(), Box<dyn std::error::Error>>
    {
        let teams = TestTeams::start(router()).await?;
        let alice = teams.user("Alice");
        let said = teams.teams().say(alice.place(), alice.who(), "hello").unwrap_or_default();
        let request = Request::post("/api/messages")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", teams.teams().token()))
            .body(said.to_string().into_bytes())?;
        assert_eq!(handle(teams.bot().clone(), request).await.status(), StatusCode::ACCEPTED);
        assert_eq!(teams.sent().len(), 1);
        Ok(())
    }
}
