//! What happens after the answer: deferred work, and what is answered when a handler is late.

use tokio::sync::Notify;

use super::*;
use crate::invoke;

#[derive(Clone, Default)]
struct Gate(Arc<Notify>);

#[tokio::test]
async fn deferred_work_begins_after_the_answer_and_keeps_its_place() {
    async fn press(turn: Turn, State(gate): State<Gate>) -> CardReply {
        turn.defer(async move |later| {
            gate.0.notified().await;
            later.send(Activity::message("second")).await.unwrap();
            later.defer(async |_| "third");
        });
        CardReply::message("first")
    }
    let gate = Gate::default();
    let router = Router::new().action("go", press).message(echo).with_state(gate.clone());
    let scene = Scene::new(router);
    let reply = scene.body(click("1", "go", json!({}))).await;
    assert_eq!(reply["value"], "first");
    assert_eq!(scene.status(message("2", "fourth")).await, 202);
    assert!(scene.teams.texts().is_empty());
    gate.0.notify_one();
    scene.bot.idle().await;
    assert_eq!(scene.teams.texts(), ["second", "third", "fourth"]);
    let again = scene.body(click("1", "go", json!({}))).await;
    scene.bot.idle().await;
    assert_eq!((again, scene.teams.texts().len()), (reply, 3), "a repetition repeats no work");
}

#[tokio::test]
async fn a_message_defers_too_and_shutdown_waits_for_it() {
    async fn say(turn: Turn, Text(text): Text, State(gate): State<Gate>) -> String {
        turn.defer(async move |_| {
            gate.0.notified().await;
            "deferred"
        });
        text
    }
    async fn press(turn: Turn) -> CardReply {
        turn.defer(async |_| "after the button");
        tokio::task::yield_now().await;
        CardReply::message("pressed")
    }
    let gate = Gate::default();
    let router = Router::new().message(say).action("go", press).with_state(gate.clone());
    let scene = Scene::new(router);
    scene.status(message("1", "said")).await;
    let pressed = scene.body(click("2", "go", json!({})));
    // A handler that was let in before the shutdown may still defer.
    let (pressed, (), ()) = tokio::join!(pressed, scene.bot.drain(), async { gate.0.notify_one() });
    assert_eq!(pressed["value"], "pressed");
    assert_eq!(scene.teams.texts(), ["said", "deferred", "after the button"]);
}

#[tokio::test]
async fn deferred_answers_do_not_get_lost_when_the_response_was_made() {
    async fn say(turn: Turn) -> &'static str {
        turn.defer(async move |later| {
            later.reply(Activity::message("by reply")).await.unwrap();
            "by return"
        });
        "in the response"
    }
    let scene = Scene::new(Router::new().message(say));
    let mut activity = message("7", "");
    activity["deliveryMode"] = json!("expectReplies");
    let body = scene.body(activity).await;
    assert_eq!(body["activities"].as_array().unwrap().len(), 1);
    scene.bot.idle().await;
    assert_eq!(scene.teams.texts(), ["by reply", "by return"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_later_stops_nothing_else() {
    async fn press(turn: Turn) -> CardReply {
        turn.defer(async |_| Err::<(), _>("on purpose"));
        turn.defer(async |later| assert_eq!(later.text(), "no", "on purpose"));
        turn.defer(async |_| std::future::pending::<()>().await);
        turn.defer(async |_| "still here");
        CardReply::message("pressed")
    }
    async fn break_down(turn: Turn) -> CardReply {
        turn.defer(async |_| "never said");
        panic!("on purpose")
    }
    let scene = Scene::new(Router::new().action("go", press).action("stop", break_down));
    scene.body(click("1", "go", json!({}))).await;
    scene.body(click("2", "stop", json!({}))).await;
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["still here"]);
}

#[tokio::test]
async fn nothing_can_be_deferred_once_the_turn_is_over() {
    async fn keep(turn: Turn, State(kept): State<Arc<Mutex<Option<Turn>>>>) {
        kept.lock().unwrap().replace(turn);
    }
    let kept = Arc::new(Mutex::new(None));
    let scene = Scene::new(Router::new().message(keep).with_state(Arc::clone(&kept)));
    scene.status(message("1", "")).await;
    scene.bot.idle().await;
    let turn = kept.lock().unwrap().take().unwrap();
    turn.defer(async |_| "too late");
    turn.run_deferred().await;
    assert!(scene.teams.texts().is_empty());
}

#[tokio::test]
async fn the_least_urgent_gets_429_first_and_the_bot_may_be_told_what_that_is() {
    async fn never() {
        std::future::pending::<()>().await;
    }
    async fn check(told: bool, text: &str, expected: u32) {
        let scene = Scene::with(Router::new().message(never).command("list", never), |bot| {
            let bot = bot.queues(100, 20);
            bot.priority(move |activity, usual| match activity.text.as_deref() {
                Some("ransom") if told => Priority::High,
                _ => usual,
            })
        });
        let mut taken = 0;
        while scene.deliver(message(&taken.to_string(), text)).await.is_ok() {
            taken += 1;
        }
        assert_eq!(taken, expected, "{text}");
    }
    check(false, "hello", 15).await;
    check(false, "list", 18).await;
    check(false, "ransom", 15).await;
    check(true, "ransom", 20).await;
    check(true, "list", 18).await;
}

/// Each name's own body, as the documentation of that name has it.
#[tokio::test(start_paused = true)]
async fn who_is_late_answers_what_the_name_documents() {
    async fn late<R>() -> R {
        std::future::pending().await
    }
    let mut names = Vec::new();
    macro_rules! check {
        ($millis:literal, $expected:expr; $($Name:ident),*) => { $( {
            type Answer = <invoke::$Name as invoke::Invoke>::Response;
            let scene = Scene::new(Router::new().on(invoke::$Name, late::<Answer>));
            let mut activity = click("1", "", json!({}));
            activity["name"] = json!(<invoke::$Name as invoke::Invoke>::NAME);
            names.push(<invoke::$Name as invoke::Invoke>::NAME);
            let started = tokio::time::Instant::now();
            let outcome = scene.deliver(activity).await.unwrap();
            assert_eq!(started.elapsed().as_millis(), $millis, stringify!($Name));
            let body: Value = serde_json::from_slice(&outcome.body).unwrap_or_default();
            let expected: (u16, Value) = $expected;
            assert_eq!((outcome.status.as_u16(), body), expected, stringify!($Name));
        } )* };
    }
    let text = invoke::LATE;
    let error = || json!({"code": "Timeout", "message": text});
    let shown =
        || json!({"statusCode": 500, "type": "application/vnd.microsoft.error", "value": error()});
    check!(10_000, (200, shown()); AdaptiveCardAction);
    check!(4_500, (200, shown()); ApplicationSearch);
    let task = || json!({"task": {"type": "message", "value": text}});
    check!(4_500, (200, task()); TaskFetch, TaskSubmit, MessageFetchTask, SubmitAction, FetchTask);
    let extension = || json!({"composeExtension": {"type": "message", "text": text}});
    check!(4_500, (200, extension()); Query, QueryLink, AnonymousQueryLink, SelectItem, QuerySettingUrl);
    check!(4_500, (412, json!({"error": error()})); SignInVerifyState, SignInTokenExchange);
    check!(4_500, (200, Value::Null); Setting, OnCardButtonClicked, SignInFailure, FileConsent,
        MessageSubmitAction, ActionableMessageExecuteAction, HandoffAction, SuggestedActionsSubmit);
    let tab = || {
        let text = json!({"type": "TextBlock", "text": text, "wrap": true});
        let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [text]});
        json!({"tab": {"type": "continue", "value": {"cards": [{"card": card}]}}})
    };
    check!(4_500, (200, tab()); TabFetch, TabSubmit);
    let widget = || {
        let result = json!({"content": [{"type": "text", "text": text}], "isError": true});
        json!({"responseType": "htmlwidget/calltoolresult", "callToolResult": result})
    };
    check!(4_500, (200, widget()); HtmlWidgetCallTool);
    let config = || json!({"responseType": "config", "config": {"type": "message", "value": text}});
    check!(4_500, (200, config()); ConfigFetch, ConfigSubmit);
    assert_eq!(names.len(), invoke::NAMES.len());
}
