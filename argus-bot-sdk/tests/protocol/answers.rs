//! What is answered: each body that the protocol documents, and no others.

use argus_bot_sdk::Activity;
use argus_bot_sdk::activity::card::ThumbnailCard;
use argus_bot_sdk::invoke::{
    Ack, ConfigResponse, DialogSize, ExtensionActionResponse, ExtensionItem, ExtensionResponse,
    Link, Response, SearchResponse, TabResponse, TaskInfo, TaskResponse, TokenExchangeRequest,
    TokenExchangeResponse, VerifyStateResponse, WidgetResponse,
};
use argus_bot_sdk::reply::{CardReply, InvokeReply};
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "the tables below read better")]
fn check(response: impl Response, status: u16, body: Value) {
    check_reply(&response.into_invoke_reply(), status, &body);
}

fn check_reply(reply: &InvokeReply, status: u16, body: &Value) {
    assert_eq!(reply.status(), status, "{body}");
    let wire = match &reply.body()[..] {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).unwrap(),
    };
    assert_eq!(&wire, body);
}

fn card() -> Value {
    json!({"type": "AdaptiveCard", "version": "1.5"})
}

fn shown() -> Value {
    json!({"contentType": "application/vnd.microsoft.card.adaptive", "content": card()})
}

fn page() -> Link {
    Link::new("Sign in", "https://contoso.example")
}

fn actions() -> Value {
    json!({"actions": [
        {"type": "openUrl", "title": "Sign in", "value": "https://contoso.example"}]})
}

#[test]
fn dialogs() {
    let small = TaskInfo::card("T", card()).height(DialogSize::Small).width(400);
    check(
        TaskResponse::show(small),
        200,
        json!({"task": {"type": "continue",
            "value": {"title": "T", "height": "small", "width": 400, "card": shown()}}}),
    );
    let page = TaskInfo::url("T", "u").fallback_url("f").completion_bot("b");
    check(
        TaskResponse::show(page),
        200,
        json!({"task": {"type": "continue",
            "value": {"title": "T", "url": "u", "fallbackUrl": "f", "completionBotId": "b"}}}),
    );
    check(TaskResponse::message("m"), 200, json!({"task": {"type": "message", "value": "m"}}));
    check(TaskResponse::close(), 200, Value::Null);
}

#[test]
fn message_extensions() {
    let check_extension = |response: ExtensionResponse, body: Value| {
        check(response, 200, json!({ "composeExtension": body }));
    };
    let item = || ExtensionItem::card(card()).preview(ThumbnailCard::default().title("P"));
    let mut wire = shown();
    wire["preview"] = json!({"contentType": "application/vnd.microsoft.card.thumbnail", "content": {"title": "P"}});
    for (layout, response) in [
        ("list", ExtensionResponse::results([item()])),
        ("grid", ExtensionResponse::grid([item()])),
    ] {
        let body = json!({"type": "result", "attachmentLayout": layout, "attachments": [wire]});
        check_extension(response, body);
    }
    let linked = |kind: &str| json!({"type": kind, "suggestedActions": actions()});
    check_extension(ExtensionResponse::auth(page()), linked("auth"));
    check_extension(ExtensionResponse::silent_auth(page()), linked("silentAuth"));
    check_extension(ExtensionResponse::config(page()), linked("config"));
    check_extension(ExtensionResponse::message("m"), json!({"type": "message", "text": "m"}));
    check(
        ExtensionActionResponse::preview(Activity::message("m")),
        200,
        json!({"composeExtension": {"type": "botMessagePreview",
            "activityPreview": {"type": "message", "text": "m"}}}),
    );
    check(ExtensionActionResponse::dialog(TaskResponse::close()), 200, Value::Null);
    check(
        ExtensionActionResponse::dialog(TaskResponse::message("m")),
        200,
        json!({"task": {"type": "message", "value": "m"}}),
    );
    check(
        ExtensionActionResponse::extension(ExtensionResponse::message("m")),
        200,
        json!({"composeExtension": {"type": "message", "text": "m"}}),
    );
}

#[test]
fn settings_and_tabs() {
    let info = TaskInfo::url("T", "u");
    check(
        ConfigResponse::show(&info).cache("CACHED", 60),
        200,
        json!({"responseType": "config", "config": {"type": "continue",
            "value": {"title": "T", "url": "u"}},
            "cacheInfo": {"cacheType": "CACHED", "cacheDuration": 60}}),
    );
    check(
        ConfigResponse::auth(&page()),
        200,
        json!({"responseType": "config",
            "config": {"type": "auth", "suggestedActions": actions()}}),
    );
    check(
        TabResponse::cards([card(), card()]),
        200,
        json!({"tab": {"type": "continue",
            "value": {"cards": [{"card": card()}, {"card": card()}]}}}),
    );
    for (kind, response) in
        [("auth", TabResponse::auth(page())), ("silentAuth", TabResponse::silent_auth(page()))]
    {
        check(response, 200, json!({"tab": {"type": kind, "suggestedActions": actions()}}));
    }
}

#[test]
fn signing_in_searching_and_the_rest() {
    check(TokenExchangeResponse::done(), 200, json!({}));
    let request = TokenExchangeRequest::new("i", "t");
    check(
        TokenExchangeResponse::failed(&request, "d"),
        412,
        json!({"id": "i", "failureDetail": "d"}),
    );
    check(
        TokenExchangeResponse::failed(&request.connection_name("c"), "d"),
        412,
        json!({"id": "i", "connectionName": "c", "failureDetail": "d"}),
    );
    check(VerifyStateResponse::Done, 200, Value::Null);
    check(VerifyStateResponse::Failed, 412, Value::Null);
    check(Ack, 200, Value::Null);
    check(
        [("T", "v")].into_iter().collect::<SearchResponse>(),
        200,
        json!({"statusCode": 200, "type": "application/vnd.microsoft.search.searchResponse",
            "value": {"results": [{"title": "T", "value": "v"}]}}),
    );
    check(
        WidgetResponse::error("e"),
        200,
        json!({"responseType": "htmlwidget/calltoolresult", "callToolResult": {
            "content": [{"type": "text", "text": "e"}], "isError": true}}),
    );
    check(
        CardReply::message("m"),
        200,
        json!({"statusCode": 200, "type": "application/vnd.microsoft.activity.message",
            "value": "m"}),
    );
}

/// How each answer says that it did not work: by a text where there is one, else by the status.
#[test]
fn what_went_wrong_is_told() {
    #[expect(clippy::needless_pass_by_value, reason = "the table below reads better")]
    fn check_told<R: Response>(status: u16, body: Value) {
        check_reply(&R::told(400, "C", "t"), status, &body);
    }
    let shown = json!({"statusCode": 400, "type": "application/vnd.microsoft.error",
        "value": {"code": "C", "message": "t"}});
    let plain = json!({"error": {"code": "C", "message": "t"}});
    let said = json!({"type": "message", "value": "t"});
    check_told::<TaskResponse>(200, json!({ "task": said }));
    check_told::<ExtensionActionResponse>(200, json!({ "task": said }));
    check_told::<ExtensionResponse>(
        200,
        json!({"composeExtension": {"type": "message", "text": "t"}}),
    );
    check_told::<ConfigResponse>(200, json!({"responseType": "config", "config": said}));
    check_told::<WidgetResponse>(
        200,
        json!({"responseType": "htmlwidget/calltoolresult", "callToolResult": {
            "content": [{"type": "text", "text": "t"}], "isError": true}}),
    );
    check_told::<CardReply>(200, shown.clone());
    check_told::<SearchResponse>(200, shown);
    check_told::<Ack>(400, plain.clone());
    check_told::<TabResponse>(400, plain.clone());
    check_told::<TokenExchangeResponse>(400, plain.clone());
    check_told::<VerifyStateResponse>(400, plain.clone());
    // Who is late did not sign in, whatever status others give to those who are late.
    check_reply(&TokenExchangeResponse::told(200, "C", "t"), 412, &plain);
}
