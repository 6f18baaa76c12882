//! Layers around all handlers.

use std::convert::Infallible;

use super::*;
use crate::extract::Rejected;
use crate::handler::BoxFuture;
use crate::layer::{Answer, Layer, Next, from_fn};

type Log = Arc<Mutex<Vec<String>>>;

fn log(to: &Log, line: impl Into<String>) {
    to.lock().unwrap().push(line.into());
}

/// A layer as one of `tower` is written; it counts how often it was asked for its service.
#[derive(Clone)]
struct Named(&'static str, Log);

#[derive(Clone)]
struct NamedService(Named, Next);

impl Layer<Next> for Named {
    type Service = NamedService;

    fn layer(&self, next: Next) -> NamedService {
        log(&self.1, format!("made {}", self.0));
        NamedService(self.clone(), next)
    }
}

impl Service<Turn> for NamedService {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, turn: Turn) -> Self::Future {
        let Self(Named(name, to), next) = self.clone();
        Box::pin(async move {
            log(&to, format!("> {name}"));
            let answer = next.run(turn).await;
            let (messages, status) = (answer.messages().len(), answer.status());
            log(&to, format!("< {name} {messages} {status:?}"));
            Ok(answer)
        })
    }
}

fn invoke(id: &str) -> Value {
    let mut invoke = click(id, "", json!({}));
    invoke["name"] = json!("task/fetch");
    invoke
}

async fn press() -> CardReply {
    CardReply::message("pressed").status(207)
}

async fn open() -> InvokeReply {
    InvokeReply::empty().with_status(204)
}

#[tokio::test]
async fn layers_are_around_every_handler_the_last_one_outermost() {
    let seen = Log::default();
    let router = Router::new()
        .message(echo)
        .layer(Named("in", Arc::clone(&seen)))
        .action("go", press)
        .invoke("task/fetch", open)
        .layer(Named("out", Arc::clone(&seen)));
    let scene = Scene::new(router);
    let take = || std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(take(), ["made in", "made out"]);
    scene.status(message("1", "hello")).await;
    scene.bot.idle().await;
    assert_eq!(take(), ["> out", "> in", "< in 1 None", "< out 1 None"]);
    assert_eq!(scene.body(click("2", "go", json!({}))).await["value"], "pressed");
    assert_eq!(take(), ["> out", "> in", "< in 0 Some(207)", "< out 0 Some(207)"]);
    assert_eq!(scene.status(invoke("3")).await, 204);
    assert_eq!(take(), ["> out", "> in", "< in 0 Some(204)", "< out 0 Some(204)"]);
    let mut gathered = message("4", "hello");
    gathered["deliveryMode"] = json!("expectReplies");
    assert_eq!(scene.body(gathered).await["activities"][0]["text"], "hello");
    assert_eq!(take().len(), 4);
    let mut unheard = message("5", "");
    unheard["type"] = json!("typing");
    scene.status(unheard).await;
    assert!(take().is_empty(), "nobody answers that");
}

#[tokio::test]
async fn what_a_layer_turns_down_has_the_form_of_the_activity() {
    async fn no(_: Turn, _: Next) -> Answer {
        Rejected::new("Closed", "Come back tomorrow.").with_status(403).into()
    }
    async fn submit() -> crate::invoke::TaskResponse {
        crate::invoke::TaskResponse::close()
    }
    let router = Router::new()
        .message(echo)
        .action("go", press)
        .invoke("task/fetch", open)
        .on(crate::invoke::TaskSubmit, submit);
    let scene = Scene::new(router.layer(from_fn(no)));
    scene.status(message("1", "hello")).await;
    scene.bot.idle().await;
    assert_eq!(scene.teams.texts(), ["Come back tomorrow."]);
    let pressed = scene.body(click("2", "go", json!({}))).await;
    assert_eq!(
        (&pressed["statusCode"], &pressed["value"]["code"]),
        (&json!(403), &json!("Closed"))
    );
    assert_eq!(scene.status(invoke("3")).await, 403);
    let mut named = invoke("4");
    named["name"] = json!("task/submit");
    assert_eq!(scene.body(named).await["task"]["value"], "Come back tomorrow.");
}

/// A layer that fails as those of other crates do.
#[derive(Clone)]
struct Failing(bool);

impl Service<Turn> for Failing {
    type Response = Answer;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = std::future::Ready<Result<Answer, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(if self.0 { Err("not ready".into()) } else { Ok(()) })
    }

    fn call(&mut self, _: Turn) -> Self::Future {
        std::future::ready(Err(Rejected::new("Busy", "Not now.").into()))
    }
}

#[tokio::test]
async fn a_layer_that_fails_is_an_answer() {
    async fn check(failing: bool, expected: &str) {
        let layer = tower_layer::layer_fn(move |_: Next| Failing(failing));
        let scene = Scene::new(Router::new().action("go", press).layer(layer));
        let body = scene.body(click("1", "go", json!({}))).await;
        assert_eq!(body["value"]["code"], expected);
    }
    check(true, "InternalError").await;
    check(false, "Busy").await;
}

#[tokio::test]
async fn an_answer_to_something_else_is_none() {
    async fn swap(State(kept): State<Arc<Mutex<Option<Turn>>>>, turn: Turn) -> CardReply {
        kept.lock().unwrap().replace(turn);
        CardReply::message("pressed")
    }
    let kept: Arc<Mutex<Option<Turn>>> = Arc::default();
    let before = Arc::clone(&kept);
    let layer = from_fn(move |turn: Turn, next: Next| {
        let before = before.lock().unwrap().take();
        async move { next.run(before.unwrap_or(turn)).await }
    });
    let router = Router::new().action("go", swap).message(echo).with_state(kept);
    let scene = Scene::new(router.layer(layer));
    scene.body(click("1", "go", json!({}))).await;
    scene.status(message("2", "hello")).await;
    scene.bot.idle().await;
    assert_eq!(scene.teams.texts(), ["Something went wrong. It was logged."]);
}
