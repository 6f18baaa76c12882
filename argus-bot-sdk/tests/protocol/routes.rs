//! Who answers and who hears, over HTTP between the fakes.

use std::collections::BTreeSet;

use argus_bot_sdk::event::{ChannelCreated, ConversationUpdate, MeetingStart, MembersAdded};
use argus_bot_sdk::extract::{Sender, State};
use argus_bot_sdk::invoke::*;
use argus_bot_sdk::reply::CardReply;
use argus_bot_sdk::testing::{Answer, Person, TestTeams};
use argus_bot_sdk::{ActivityKind, Router};
use serde_json::{Value, json};

/// A bot, and one person who talks to it.
struct Scene {
    teams: TestTeams,
    person: Person,
    chat: String,
}

impl Scene {
    async fn new(router: Router) -> Self {
        let teams = TestTeams::start(router).await.unwrap();
        let person = Person::new("Alice Berg");
        let chat = teams.teams().personal(&person);
        Self { teams, person, chat }
    }

    /// Delivers an activity with these members, everything else as Teams writes it.
    async fn deliver(&self, members: &Value) -> Answer {
        let mut activity = self.teams.teams().say(&self.chat, &self.person, "x").unwrap();
        activity.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.teams.deliver(&activity).await
    }

    async fn invoke(&self, name: &str, value: Value) -> Answer {
        self.deliver(&json!({"type": "invoke", "name": name, "value": value})).await
    }

    /// What the bot says after hearing this.
    async fn hear(&self, members: &Value) -> Vec<String> {
        let before = self.teams.sent().len();
        self.deliver(members).await;
        self.teams.settle().await;
        let said = self.teams.sent().into_iter().skip(before);
        said.filter_map(|activity| activity.text).collect()
    }
}

async fn ack<I: Invoke<Response = Ack>>(_: Invoked<I>) {}

async fn task<I: Invoke<Response = TaskResponse>>(_: Invoked<I>) -> TaskResponse {
    TaskResponse::message(I::NAME)
}

async fn extension<I: Invoke<Response = ExtensionResponse>>(_: Invoked<I>) -> ExtensionResponse {
    ExtensionResponse::message(I::NAME)
}

async fn action<I: Invoke<Response = ExtensionActionResponse>>(
    _: Invoked<I>,
) -> Result<TaskResponse, ExtensionResponse> {
    Err(ExtensionResponse::message(I::NAME))
}

async fn config<I: Invoke<Response = ConfigResponse>>(_: Invoked<I>) -> ConfigResponse {
    ConfigResponse::message(I::NAME)
}

async fn tab<I: Invoke<Response = TabResponse>>(_: Invoked<I>) -> TabResponse {
    TabResponse::cards([])
}

async fn press(Invoked(pressed): Invoked<AdaptiveCardAction>) -> CardReply {
    CardReply::message(format!("any {}", pressed.action.verb.unwrap_or_default()))
}

async fn isolate(Invoked(pressed): Invoked<AdaptiveCardAction>) -> CardReply {
    CardReply::message(format!("own {}", pressed.action.verb.unwrap_or_default()))
}

async fn look(_: Invoked<ApplicationSearch>) -> SearchResponse {
    SearchResponse::default()
}

async fn exchange(Invoked(offer): Invoked<SignInTokenExchange>) -> TokenExchangeResponse {
    TokenExchangeResponse::failed(&offer, "no consent")
}

async fn verify(_: Invoked<SignInVerifyState>) -> VerifyStateResponse {
    VerifyStateResponse::Done
}

async fn call(Invoked(call): Invoked<HtmlWidgetCallTool>) -> WidgetResponse {
    WidgetResponse::message(call.name)
}

/// A bot that answers all names.
fn everything() -> Router {
    Router::new()
        .on(AdaptiveCardAction, press)
        .on(ApplicationSearch, look)
        .on(TaskFetch, task::<TaskFetch>)
        .on(TaskSubmit, task::<TaskSubmit>)
        .on(Query, extension::<Query>)
        .on(QueryLink, extension::<QueryLink>)
        .on(AnonymousQueryLink, extension::<AnonymousQueryLink>)
        .on(SelectItem, extension::<SelectItem>)
        .on(SubmitAction, action::<SubmitAction>)
        .on(FetchTask, action::<FetchTask>)
        .on(QuerySettingUrl, extension::<QuerySettingUrl>)
        .on(Setting, ack::<Setting>)
        .on(OnCardButtonClicked, ack::<OnCardButtonClicked>)
        .on(SignInVerifyState, verify)
        .on(SignInTokenExchange, exchange)
        .on(SignInFailure, ack::<SignInFailure>)
        .on(TabFetch, tab::<TabFetch>)
        .on(TabSubmit, tab::<TabSubmit>)
        .on(FileConsent, ack::<FileConsent>)
        .on(ConfigFetch, config::<ConfigFetch>)
        .on(ConfigSubmit, config::<ConfigSubmit>)
        .on(MessageSubmitAction, ack::<MessageSubmitAction>)
        .on(MessageFetchTask, task::<MessageFetchTask>)
        .on(ActionableMessageExecuteAction, ack::<ActionableMessageExecuteAction>)
        .on(HandoffAction, ack::<HandoffAction>)
        .on(SuggestedActionsSubmit, ack::<SuggestedActionsSubmit>)
        .on(HtmlWidgetCallTool, call)
}

#[tokio::test]
async fn every_name_has_its_answer_and_no_value_breaks_it() {
    let router = everything();
    let answered: BTreeSet<&str> = router.invokes().collect();
    assert_eq!(answered, BTreeSet::from(NAMES));
    let scene = Scene::new(router).await;
    for name in NAMES {
        for value in [json!(null), json!(7), json!("x"), json!([]), json!({}), json!({"url": 7})] {
            let answer = scene.invoke(name, value.clone()).await;
            assert!(matches!(answer.status, 200 | 400), "{name} {value}: {answer:?}");
        }
    }
    assert_eq!(scene.invoke("bell/ring", json!({})).await.status, 501);
    let offer = scene.invoke("signin/tokenExchange", json!({"id": "i", "token": "t"})).await;
    assert_eq!(offer.status, 412);
    assert_eq!(offer.body, json!({"id": "i", "failureDetail": "no consent"}));
    let link = scene.invoke("composeExtension/queryLink", json!({})).await;
    assert_eq!(
        link.body["composeExtension"]["text"],
        "The value of composeExtension/queryLink does not fit: `url` is missing."
    );
    let tool = scene.invoke("htmlwidget/calltool", json!({"name": "refresh"})).await;
    assert_eq!(tool.body["callToolResult"]["content"][0]["text"], "refresh");
}

#[tokio::test]
async fn the_own_button_comes_before_any_button() {
    let router = Router::new().on(AdaptiveCardAction, press).action("isolate", isolate);
    let scene = Scene::new(router).await;
    for (verb, says) in [("isolate", "own isolate"), ("other", "any other")] {
        let answer = scene.invoke("adaptiveCard/action", json!({"action": {"verb": verb}})).await;
        assert_eq!((answer.status, &answer.body["value"]), (200, &json!(says)));
    }
    let bad = scene.invoke("adaptiveCard/action", json!({})).await;
    assert_eq!((bad.status, &bad.body["statusCode"]), (200, &json!(400)));
}

async fn open(State(name): State<&'static str>, _: Sender) -> TaskResponse {
    TaskResponse::message(name)
}

async fn submitted(Invoked(form): Invoked<TaskSubmit>) -> TaskResponse {
    TaskResponse::message(form.dialog().unwrap_or_default())
}

#[tokio::test]
async fn dialogs_and_commands_are_found_by_their_names() {
    let router = Router::new()
        .dialog("isolate", open)
        .dialog_submit("isolate", submitted)
        .search("hosts", extension::<Query>)
        .link_unfurl(extension::<QueryLink>)
        .extension_action("report", action::<FetchTask>, action::<SubmitAction>)
        .with_state("soc");
    assert_eq!(router.invokes().count(), 6);
    let scene = Scene::new(router).await;
    let say = |answer: Answer| (answer.status, answer.body);
    let task = |text: &str| (200, json!({"task": {"type": "message", "value": text}}));
    let extension =
        |text: &str| (200, json!({"composeExtension": {"type": "message", "text": text}}));
    let button = TaskInfo::button_data("isolate");
    let answer = scene.invoke("task/fetch", json!({"data": button})).await;
    assert_eq!(say(answer), task("soc"));
    let answer = scene.invoke("task/submit", json!({"data": {"dialog_id": "isolate"}})).await;
    assert_eq!(say(answer), task("isolate"));
    let answer = scene.invoke("task/fetch", json!({"data": {"dialog": "other"}})).await;
    assert_eq!(say(answer), task("This is not known here."));
    let answer = scene.invoke("composeExtension/query", json!({"commandId": "hosts"})).await;
    assert_eq!(say(answer), extension("composeExtension/query"));
    let answer = scene.invoke("composeExtension/query", json!({"commandId": "users"})).await;
    assert_eq!(say(answer), extension("This is not known here."));
    let answer = scene.invoke("composeExtension/fetchTask", json!({"commandId": "report"})).await;
    assert_eq!(say(answer), extension("composeExtension/fetchTask"));
    assert_eq!(scene.invoke("composeExtension/selectItem", json!({})).await.status, 501);
}

async fn welcome(joined: MembersAdded) -> String {
    format!("{} joined", joined.members.len())
}

async fn created(made: ChannelCreated) -> String {
    format!("{} was made", made.channel.and_then(|channel| channel.name).unwrap_or_default())
}

async fn changed(update: ConversationUpdate) -> &'static str {
    match update {
        ConversationUpdate::TeamArchived(_) => "archived",
        _ => "something",
    }
}

async fn began(meeting: MeetingStart) -> Option<String> {
    meeting.title
}

async fn typing() -> &'static str {
    "typing"
}

async fn reacted() -> &'static str {
    "a reaction"
}

async fn rest() -> &'static str {
    "the rest"
}

#[tokio::test]
async fn events_are_heard_by_what_the_handler_asks_for() {
    let router = Router::new()
        .on_event(welcome)
        .on_event(created)
        .on_event(began)
        .conversation_update(changed)
        .reactions(reacted)
        .kind(&ActivityKind::Typing, typing)
        .fallback(rest);
    let scene = Scene::new(router).await;
    let update = |kind: &str, channel: Value| {
        json!({"type": "conversationUpdate",
            "channelData": {"eventType": kind, "channel": channel, "tenant": null}})
    };
    let check = async |members: Value, says: &str| {
        assert_eq!(scene.hear(&members).await, [says], "{members}");
    };
    check(json!({"type": "conversationUpdate", "membersAdded": [{"id": "a"}]}), "1 joined").await;
    check(update("channelCreated", json!({"name": "Alerts"})), "Alerts was made").await;
    check(update("teamArchived", json!(null)), "archived").await;
    check(update("moved", json!(null)), "something").await;
    let start = "application/vnd.microsoft.meetingStart";
    check(json!({"type": "event", "name": start, "value": {"Title": "Shift"}}), "Shift").await;
    check(json!({"type": "event", "name": "other"}), "the rest").await;
    check(json!({"type": "messageReaction", "reactionsAdded": [{"type": "like"}]}), "a reaction")
        .await;
    check(json!({"type": "typing"}), "typing").await;
}

async fn breaks() -> TaskResponse {
    panic!("it breaks")
}

#[tokio::test]
async fn a_handler_that_breaks_is_told_in_the_invoke_s_own_way() {
    let scene = Scene::new(Router::new().on(TaskFetch, breaks)).await;
    let answer = scene.invoke("task/fetch", json!({})).await;
    assert_eq!((answer.status, &answer.body["task"]["type"]), (200, &json!("message")));
}

async fn waits() -> TaskResponse {
    std::future::pending().await
}

async fn never(_: Invoked<SignInTokenExchange>) -> TokenExchangeResponse {
    std::future::pending().await
}

#[tokio::test]
async fn who_is_late_is_told_in_the_invoke_s_own_way() {
    let router = Router::new().on(TaskFetch, waits).on(SignInTokenExchange, never);
    let soon = std::time::Duration::from_millis(1);
    let builder = TestTeams::builder(router).bot(move |bot| bot.invoke_deadline(soon));
    let teams = builder.start().await.unwrap();
    let person = Person::new("Alice Berg");
    let scene = Scene { chat: teams.teams().personal(&person), teams, person };
    let answer = scene.invoke("task/fetch", json!({})).await;
    assert_eq!((answer.status, &answer.body["task"]["type"]), (200, &json!("message")));
    let answer = scene.invoke("signin/tokenExchange", json!({"id": "i", "token": "t"})).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (412, &json!("Timeout")));
}
