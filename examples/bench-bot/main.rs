//! A bot to measure, so that the same bot on other SDKs can be measured beside it.
//!
//! ```text
//! Alice: hello
//! Bot: echo: hello
//! ```
//!
//! Everything is in the environment: `HOST`, `PORT`, `APP_ID`, `APP_SECRET`, `TENANT_ID`,
//! `METADATA_URL`, `TOKEN_URL`, `SERVICE_URL`; `CA_FILE`, a PEM file of certificates to trust instead
//! of the system's; `CARD_DIR`, the folder of `incident.template.json`; `NOTIFY_KEY`.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use argus_bot_sdk::bot::Env;
use argus_bot_sdk::connector::Call;
use argus_bot_sdk::extract::{Sender, State, Text, Turn};
use argus_bot_sdk::reply::CardReply;
use argus_bot_sdk::server::{self, Limits, body_timeout, read_body};
use argus_bot_sdk::{Bot, Connector, ConversationRef, Router};
use argus_cards::{Options, Profile, Template};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct App {
    card: Template,
    /// Whether the template reads `${event.title}` instead of `${title}`.
    names_event: bool,
    options: Options,
    last_seen: Mutex<Option<ConversationRef>>,
}

impl App {
    fn render(&self, event: Value) -> Result<Vec<u8>, argus_cards::Error> {
        let data = if self.names_event { json!({ "event": event }) } else { event };
        self.card.render(&data, None, &self.options)
    }
}

async fn echo(Text(text): Text, State(app): State<Arc<App>>, turn: Turn) -> String {
    *app.last_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn.conversation());
    format!("echo: {text}")
}

async fn acknowledge(turn: Turn, State(app): State<Arc<App>>, who: Sender) -> CardReply {
    let value = turn.activity().value.as_ref();
    let Some(event) = value.and_then(|it| it.pointer("/action/data/event")) else {
        return CardReply::error("BadInput", "The button carries no event.");
    };
    let mut event = event.clone();
    if let Some(event) = event.as_object_mut() {
        event.insert("status".into(), json!("Acknowledged"));
        event.insert("assignee".into(), json!(who.name));
    }
    let failed = || CardReply::error("BadCard", "The card cannot be shown.").status(500);
    let Ok(card) = app.render(event) else { return failed() };
    CardReply::rendered(card).unwrap_or_else(|_| failed())
}

/// The bot and, beside it, `POST /notify`.
#[derive(Clone)]
struct Site {
    bot: Bot,
    app: Arc<App>,
    connector: Arc<dyn Connector>,
    notify_key: Arc<str>,
}

impl Site {
    async fn notify(self, request: Request<Incoming>) -> StatusCode {
        let shown = request.headers().get("x-notify-key").map(http::HeaderValue::as_bytes);
        if self.notify_key.is_empty() || shown != Some(self.notify_key.as_bytes()) {
            return StatusCode::UNAUTHORIZED;
        }
        let (head, body) = request.into_parts();
        let Ok(body) = read_body(body, 1 << 20, body_timeout(&head.extensions)).await else {
            return StatusCode::BAD_REQUEST;
        };
        let Ok(mut event) = serde_json::from_slice::<Value>(&body) else {
            return StatusCode::BAD_REQUEST;
        };
        let last_seen = self.app.last_seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(there) = last_seen else { return StatusCode::CONFLICT };
        if let Some(inner) = event.get_mut("event") {
            event = inner.take();
        }
        let Ok(card) = self.app.render(event) else {
            return StatusCode::UNPROCESSABLE_ENTITY;
        };
        let Ok(call) = Call::send_rendered(&there, card) else {
            return StatusCode::INTERNAL_SERVER_ERROR;
        };
        match self.connector.perform(call).await {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

impl tower_service::Service<Request<Incoming>> for Site {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if request.uri().path() != "/notify" || request.method() != http::Method::POST {
            return self.bot.call(request);
        }
        let site = self.clone();
        Box::pin(async move {
            let mut answer = Response::new(Full::default());
            *answer.status_mut() = site.notify(request).await;
            Ok(answer)
        })
    }
}

fn router(card_dir: &Path) -> Result<(Router, Arc<App>), Failure> {
    let options = Options::default().profile(Profile::Compat);
    let file = card_dir.join("incident.template.json");
    let source = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let card = Template::parse("incident.template.json", &source, &options)?;
    let names_event = source.contains("event.");
    let app = Arc::new(App { card, names_event, options, last_seen: Mutex::default() });
    let router = Router::new().message(echo).action("ack", acknowledge);
    Ok((router.with_state(Arc::clone(&app)), app))
}

#[expect(clippy::disallowed_methods, reason = "the environment is all of its configuration")]
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// TLS trusts what `SSL_CERT_FILE` names, which has to be there before anything starts.
fn trust_ca_file() -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let ca = told("CA_FILE");
    if ca.is_empty() || told("SSL_CERT_FILE") == ca {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).env("SSL_CERT_FILE", ca);
    Err(again.exec().into())
}

fn main() -> Result<(), Failure> {
    trust_ca_file()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let env = Env::read()?;
        let (auth, connector) = env.connect()?;
        // The load is what is measured here; Teams' limits are the other side's business.
        let connector: Arc<dyn Connector> = Arc::new(connector.ungoverned());
        let (router, app) = router(Path::new(&told("CARD_DIR")))?;
        let bot = Bot::builder(router, Arc::new(auth), Arc::clone(&connector)).build();
        let listener = tokio::net::TcpListener::bind(env.address()).await?;
        server::check_loopback(listener.local_addr()?, bot.requires_loopback())?;
        let site = Site { bot, app, connector, notify_key: told("NOTIFY_KEY").into() };
        server::serve(listener, site, Limits::default(), std::future::pending()).await?;
        Ok(())
    })
}

#[cfg(test)]
mod contract;

#[cfg(test)]
mod tests {
    use argus_bot_sdk::testing::TestTeams;

    use super::*;

    pub(super) fn card_dir() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let card = r#"{"type": "AdaptiveCard", "version": "1.5", "body": [
            {"type": "TextBlock", "text": "${title}: ${status} by ${assignee}"}]}"#;
        std::fs::write(folder.path().join("incident.template.json"), card).unwrap();
        folder
    }

    #[test]
    fn a_template_may_name_the_event() {
        for text in ["${title}", "${event.title}"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("incident.template.json");
            std::fs::write(file, json!({ "type": "AdaptiveCard", "text": text }).to_string())
                .unwrap();
            let card = router(folder.path()).unwrap().1.render(json!({ "title": "Malware" }));
            assert_eq!(card.unwrap(), br#"{"type":"AdaptiveCard","text":"Malware"}"#, "{text}");
        }
    }

    #[tokio::test]
    async fn the_chat_is_as_promised() {
        let (router, _) = router(card_dir().path()).unwrap();
        argus_examples::assert_plays(router, include_str!("main.rs")).await;
    }

    #[tokio::test]
    async fn an_acknowledged_event_shows_by_whom() {
        let (router, app) = router(card_dir().path()).unwrap();
        let teams = TestTeams::start(router).await.unwrap();
        let alice = teams.user("Alice");
        let said = alice.says("hello").await;
        assert!(app.last_seen.lock().unwrap().is_some());
        let data = json!({"event": {"title": "Malware", "status": "New"}});
        let (said, action) = (said[0].id.as_deref().unwrap(), json!({"verb": "ack", "data": data}));
        let click = teams.teams().click(alice.place(), alice.who(), said, &action).unwrap();
        let body = teams.deliver(&click).await.body;
        assert_eq!(body["statusCode"], 200);
        assert_eq!(body["value"]["body"][0]["text"], "Malware: Acknowledged by Alice");
    }
}
