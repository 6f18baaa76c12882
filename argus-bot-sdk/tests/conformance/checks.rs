//! The checks. Each carries in its name the numbers of the requirements that it proves.

use std::slice;
use std::sync::{Arc, Mutex};

use argus_bot_sdk::activity::card::Button;
use argus_bot_sdk::activity::entity::{Citation, Entity, Mention, StreamInfo};
use argus_bot_sdk::extract::{State, Text};
use argus_bot_sdk::invoke::{ExtensionResponse, Link, Response as _};
use argus_bot_sdk::testing::{Answer, TestTeams};
use argus_bot_sdk::{Account, Activity, ActivityKind, Attachment, ConversationRef, Router};
use serde_json::{Value, json};

/// What handlers heard.
type Heard = Arc<Mutex<Vec<Activity>>>;

async fn listen(State(heard): State<Heard>, activity: Activity) {
    heard.lock().unwrap().push(activity);
}

async fn echo(Text(text): Text) -> String {
    format!("echo: {text}")
}

/// A bot that hears everything, and one activity for it.
struct Scene {
    teams: TestTeams,
    heard: Heard,
    good: Value,
}

impl Scene {
    async fn new() -> Self {
        let heard = Heard::default();
        let router = Router::new().message(listen).fallback(listen).with_state(Arc::clone(&heard));
        let teams = TestTeams::start(router).await.unwrap();
        let alice = teams.user("Alice");
        let good = teams.teams().say(alice.place(), alice.who(), "hello").unwrap();
        Self { teams, heard, good }
    }

    /// The good activity with these members instead; `null` takes one away.
    fn with(&self, members: &Value) -> Value {
        let mut activity = self.good.clone();
        for (name, value) in members.as_object().unwrap() {
            match value {
                Value::Null => activity.as_object_mut().unwrap().remove(name),
                value => activity.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        activity
    }

    /// Delivers it, and gives the status and what was heard.
    async fn tell(&self, members: &Value) -> (u16, Vec<Activity>) {
        let mut activity = self.with(members);
        activity.as_object_mut().unwrap().insert("id".to_owned(), json!(members.to_string()));
        let status = self.teams.deliver(&activity).await.status;
        self.teams.settle().await;
        (status, std::mem::take(&mut *self.heard.lock().unwrap()))
    }

    /// It is heard, as it came.
    async fn is_heard(&self, members: &Value) {
        let (status, heard) = self.tell(members).await;
        assert_eq!((status, heard.len()), (202, 1), "{members}");
        let heard = serde_json::to_value(heard.first()).unwrap();
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(heard.get(name), Some(value).filter(|it| !it.is_null()), "{members}");
        }
    }
}

/// What a reply to "hello" looks like on the wire.
async fn reply() -> Value {
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    let (on_wire, _) = sent(&teams, "hello").await;
    on_wire
}

/// The body of the bot's call, and its path, out of the transcript.
async fn sent(teams: &TestTeams, text: &str) -> (Value, String) {
    teams.user("Alice").says(text).await;
    let transcript = teams.transcript();
    let (_, call) = transcript.split_once("bot: ").unwrap();
    let (path, rest) = call.split_once('\n').unwrap();
    let (body, _) = rest.split_once("\n  -> ").unwrap();
    (serde_json::from_str(body).unwrap(), path.to_owned())
}

#[tokio::test]
async fn a2001_no_member_twice() {
    let scene = Scene::new().await;
    let text = scene.good.to_string();
    for twice in [
        text.replacen("\"text\"", "\"text\":\"x\",\"text\"", 1),
        text.replacen("\"tenant\":{", "\"tenant\":{\"id\":\"x\",", 1),
    ] {
        assert_ne!(twice, text);
        assert!(serde_json::from_str::<Activity>(&twice).is_err());
    }
    let out = serde_json::to_string(&Activity::message("x").mention(&Account::new("29:a"), "A"));
    assert!(serde_json::from_str::<Activity>(&out.unwrap()).is_ok());
}

#[tokio::test]
async fn a2005_unknown_members_are_taken() {
    let scene = Scene::new().await;
    scene.is_heard(&json!({ "mood": { "good": [null, 1] } })).await;
    let mut from = scene.good["from"].clone();
    from["mood"] = json!("good");
    scene.is_heard(&json!({ "from": from })).await;
}

#[tokio::test]
async fn a2006_a2011_a2014_unknown_types_are_taken() {
    let scene = Scene::new().await;
    for kind in ["hologram", "Message", "MESSAGE", "https://example.com/types/1"] {
        scene.is_heard(&json!({ "type": kind })).await;
        assert_eq!(ActivityKind::from(kind), ActivityKind::Other(kind.to_owned()));
    }
    // A bot that listens to nothing but messages ignores them.
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    let url = teams.teams().service_url();
    let activity = scene.with(&json!({ "type": "Message", "serviceUrl": url }));
    assert_eq!(teams.deliver(&activity).await.status, 200);
    assert!(teams.sent().is_empty());
}

#[tokio::test]
async fn a2007_what_is_sent_has_the_types_described() {
    let reply = reply().await;
    for text in ["/type", "/text", "/replyToId", "/from/id", "/conversation/id"] {
        assert!(reply.pointer(text).is_some_and(Value::is_string), "{text} of {reply}");
    }
    let rich = Activity::message("x")
        .mention(&Account::new("29:a"), "A")
        .attach(Attachment::card(json!({})))
        .cite(Citation::new("a", "b"));
    let rich = serde_json::to_value(rich).unwrap();
    assert!(rich["entities"].as_array().unwrap().iter().all(Value::is_object));
    assert!(rich["attachments"].as_array().unwrap().iter().all(Value::is_object));
    assert!(!rich.to_string().contains("null"));
}

#[tokio::test]
async fn a2010_there_is_a_type() {
    let scene = Scene::new().await;
    for kind in [Value::Null, json!(7), json!(["message"]), json!({})] {
        assert_eq!(scene.tell(&json!({ "type": kind })).await, (400, vec![]));
    }
    assert_eq!(reply().await["type"], "message");
}

#[tokio::test]
async fn a2021_channels_are_compared_letter_by_letter() {
    let scene = Scene::new().await;
    for channel in ["MSTEAMS", "msteams ", "Msteams"] {
        assert_eq!(scene.tell(&json!({ "channelId": channel })).await, (403, vec![]));
    }
}

#[tokio::test]
async fn a2031_a2041_a2250_a2302_what_is_the_channel_s_is_not_sent() {
    let reply = reply().await;
    for name in ["id", "timestamp", "callerId", "serviceUrl"] {
        assert!(reply.get(name).is_none(), "{name} of {reply}");
    }
}

#[tokio::test]
async fn a2033_a_repeated_activity_is_handled_once() {
    let scene = Scene::new().await;
    for _ in 0..3 {
        assert_eq!(scene.teams.deliver(&scene.good).await.status, 202);
    }
    scene.teams.settle().await;
    assert_eq!(scene.heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a2042_no_time_is_refused() {
    let scene = Scene::new().await;
    for time in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday"] {
        scene.is_heard(&json!({ "timestamp": time, "localTimezone": "Mars/Olympus" })).await;
    }
}

#[tokio::test]
async fn a2061_a2080_a2082_a2083_a2090_a_reply_says_where_it_belongs() {
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    let (reply, path) = sent(&teams, "hello").await;
    assert_eq!(reply["from"]["id"], "<bot>");
    // Nothing but the id: neither its name nor its kind.
    assert_eq!(reply["conversation"], json!({ "id": "<chat of Alice>" }));
    assert_eq!(reply["replyToId"], "<1>");
    assert_eq!(path, "POST /v3/conversations/<chat of Alice>/activities/<1>");
}

#[tokio::test]
async fn a2080_what_nobody_asked_for_names_its_conversation_too() {
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    let alice = teams.user("Alice");
    let to = ConversationRef::new(teams.teams().service_url(), alice.place());
    let said = Activity::message("by the way");
    let id = teams.connector().send(&to, &said).await.unwrap().activity_id.unwrap();
    teams.connector().update(&to, &id, &said).await.unwrap();
    let transcript = teams.transcript();
    let bodies = transcript.split("bot: ").skip(1).map(|call| {
        let (_, rest) = call.split_once('\n').unwrap();
        serde_json::from_str::<Value>(rest.split_once("\n  -> ").unwrap().0).unwrap()
    });
    let bodies: Vec<Value> = bodies.collect();
    assert_eq!(bodies.len(), 2, "{transcript}");
    for body in bodies {
        assert_eq!(body["conversation"], json!({ "id": "<chat of Alice>" }));
    }
}

#[tokio::test]
async fn a2100_a3050_a3011_nothing_empty_is_sent() {
    let reply = reply().await;
    for name in ["entities", "attachments", "textFormat", "suggestedActions"] {
        assert!(reply.get(name).is_none(), "{name} of {reply}");
    }
}

#[test]
fn a2102_no_entity_twice() {
    let ana = Account::new("29:a");
    let twice = Activity::message("hello").mention(&ana, "Ana").mention(&ana, "Ana");
    assert_eq!(twice.text.as_deref(), Some("hello <at>Ana</at> <at>Ana</at>"));
    assert_eq!(twice.entities.unwrap().len(), 1);
}

#[tokio::test]
async fn a2103_a2104_a2105_entities_in_any_order_and_form() {
    let scene = Scene::new().await;
    let mention = json!({
        "type": "mention", "text": "<at>Argus</at>",
        "mentioned": { "id": scene.good["recipient"]["id"], "name": "Argus" }
    });
    let odd = [
        json!({ "type": "Unknown", "x": 1 }),
        json!({ "type": "mention", "mentioned": 7 }),
        json!(7),
        json!({}),
    ];
    let orders = [
        [&odd[..], slice::from_ref(&mention)].concat(),
        [slice::from_ref(&mention), &odd[..]].concat(),
    ];
    for entities in orders {
        let members = json!({ "entities": entities, "text": "<at>Argus</at> hello" });
        let (status, heard) = scene.tell(&members).await;
        assert_eq!((status, heard.len()), (202, 1));
        let bot = scene.good["recipient"]["id"].as_str().unwrap();
        assert_eq!(heard[0].text_without_mentions(bot), "hello");
    }
}

#[tokio::test]
async fn a2201_channel_data_of_any_form_is_taken() {
    let scene = Scene::new().await;
    for data in [json!("text"), json!(7), json!([1]), json!({ "strange": true })] {
        scene.is_heard(&json!({ "channelData": data })).await;
    }
}

#[tokio::test]
async fn a2251_a_claimed_caller_is_discarded() {
    let scene = Scene::new().await;
    let (_, heard) = scene.tell(&json!({ "callerId": "urn:botframework:azure" })).await;
    assert_eq!((heard.len(), heard[0].caller_id.as_deref()), (1, None));
}

#[tokio::test]
async fn a3111_an_unknown_delivery_mode_is_normal() {
    let scene = Scene::new().await;
    for mode in ["normal", "notification", "pigeon", ""] {
        scene.is_heard(&json!({ "deliveryMode": mode })).await;
    }
}

#[tokio::test]
async fn a3113_expected_replies_are_in_the_answer() {
    let scene = Scene::new().await;
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    let mut activity = scene.with(&json!({ "deliveryMode": "expectReplies" }));
    activity["serviceUrl"] = json!(teams.teams().service_url());
    let Answer { status, body, .. } = teams.deliver(&activity).await;
    assert_eq!((status, &body["activities"][0]["text"]), (200, &json!("echo: hello")));
    teams.settle().await;
    assert!(teams.sent().is_empty(), "it was said twice");
}

#[tokio::test]
async fn a3020_a3021_any_locale_is_taken() {
    let scene = Scene::new().await;
    for locale in [json!("x-klingon"), json!("not a locale"), json!(""), Value::Null] {
        scene.is_heard(&json!({ "locale": locale })).await;
    }
}

#[tokio::test]
async fn a3053_attachments_keep_their_order() {
    let scene = Scene::new().await;
    let all: Vec<Value> =
        (0..5).map(|n| json!({ "contentType": "x/y", "name": n.to_string() })).collect();
    scene.is_heard(&json!({ "attachments": all })).await;
}

#[tokio::test]
async fn a3132_a3133_a7764_a_semantic_action_changes_nothing() {
    let scene = Scene::new().await;
    for action in [
        Value::Null,
        json!("book"),
        json!(7),
        json!({}),
        json!({ "state": "done" }),
        json!({ "id": "book", "state": "start", "entities": { "$instance": 7 } }),
    ] {
        scene.is_heard(&json!({ "semanticAction": action })).await;
    }
}

#[tokio::test]
async fn a5002_a5100_a6152_unknown_events_and_traces_are_ignored() {
    let scene = Scene::new().await;
    let teams = TestTeams::start(Router::new().message(echo)).await.unwrap();
    for kind in ["event", "trace"] {
        for name in [json!("nobody/knows"), json!(""), Value::Null, json!(7)] {
            let mut activity = scene.with(&json!({ "type": kind, "name": name, "value": null }));
            activity["serviceUrl"] = json!(teams.teams().service_url());
            assert_eq!(teams.deliver(&activity).await.status, 200, "{kind} {name}");
        }
    }
    teams.settle().await;
    assert!(teams.sent().is_empty());
}

#[tokio::test]
async fn a5402_a5500_unknown_invokes_are_not_answered() {
    let scene = Scene::new().await;
    for name in [json!("nobody/knows"), json!(""), Value::Null, json!(7)] {
        let (status, heard) =
            scene.tell(&json!({ "type": "invoke", "name": name, "value": null })).await;
        assert_eq!((status, heard.len()), (501, 0), "{name}");
    }
}

#[tokio::test]
async fn a6312_a6322_a6412_a6422_commands_that_say_too_little() {
    let scene = Scene::new().await;
    let good = json!({ "commandId": "1" });
    let check = async |kind: &str, name: Value, value: Value, status: u16| {
        let told = json!({ "type": kind, "name": name, "value": value });
        let (seen, heard) = scene.tell(&told).await;
        assert_eq!((seen, heard.len()), (status, usize::from(status == 202)), "{told}");
    };
    for kind in ["command", "commandResult"] {
        check(kind, json!("application/vnd.contoso.deploy"), good.clone(), 202).await;
        check(kind, json!("session.init"), good.clone(), 202).await;
        for name in
            [Value::Null, json!(""), json!(7), json!("deploy"), json!("a/"), json!("session.")]
        {
            check(kind, name, good.clone(), 200).await;
        }
    }
    for value in [Value::Null, json!("x"), json!(7), json!([1])] {
        check("command", json!("application/x"), value.clone(), 200).await;
        check("commandResult", json!("application/x"), value, 400).await;
    }
}

#[test]
fn a7100_a7110_an_attachment_has_content_or_a_url() {
    let card = serde_json::to_value(Attachment::card(json!({ "type": "AdaptiveCard" }))).unwrap();
    assert!(card["content"].is_object() && card.get("contentUrl").is_none());
}

#[test]
fn a7380_buttons_that_open_have_a_url() {
    let page = "https://contoso.example/runbook";
    let button = serde_json::to_value(Button::open_url("Read", page)).unwrap();
    assert_eq!((&button["type"], &button["value"]), (&json!("openUrl"), &json!(page)));
    let answer = ExtensionResponse::auth(Link::new("Sign in", page)).into_invoke_reply();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    let action = &answer["composeExtension"]["suggestedActions"]["actions"][0];
    assert_eq!((&action["type"], &action["value"]), (&json!("openUrl"), &json!(page)));
}

#[tokio::test]
async fn a7512_the_role_of_a_conversation_is_nothing() {
    let scene = Scene::new().await;
    let mut conversation = scene.good["conversation"].clone();
    conversation["role"] = json!("bot");
    scene.is_heard(&json!({ "conversation": conversation })).await;
    assert!(reply().await["conversation"].get("role").is_none());
}

#[test]
fn a7604_a7613_a9201_entities_made_here_are_plain() {
    let all = Activity::message("x")
        .mention(&Account::new("29:a"), "A")
        .cite(Citation::new("a", "b"))
        .ai_generated()
        .quote("1")
        .entities
        .unwrap();
    let types: Vec<&str> = all.iter().map(|entity| entity["type"].as_str().unwrap()).collect();
    // Names, or an IRI with its scheme: nothing with a slash that would need a base.
    assert_eq!(types, ["mention", "https://schema.org/Message", "quotedReply"]);
    assert_eq!(Mention::new("mention", Account::new("a")).kind, "mention");
}

#[tokio::test]
async fn a9211_the_client_s_own_locale_is_not_used() {
    let scene = Scene::new().await;
    let client = json!([{ "type": "clientInfo", "locale": "xx", "platform": "Web" }]);
    let (_, heard) = scene.tell(&json!({ "entities": client, "locale": null })).await;
    assert_eq!(heard[0].locale, None);
}

#[tokio::test]
async fn a9245_a9246_one_streaminfo_or_none() {
    let stream = |id: &str| json!({ "type": "streaminfo", "streamId": id, "streamSequence": 1 });
    let read = |entities: Value| {
        let wire = json!({ "type": "typing", "entities": entities });
        let activity: Activity = serde_json::from_value(wire).unwrap();
        activity.typed_entities().iter().filter(|it| matches!(it, Entity::StreamInfo(_))).count()
    };
    assert_eq!(read(json!([stream("a")])), 1);
    assert_eq!(read(json!([stream("a"), stream("b")])), 0);
    assert_eq!(read(json!([stream("a"), { "type": "clientInfo" }, stream("a")])), 0);
    let part = |id: &str| Entity::StreamInfo(StreamInfo::new("streaminfo").stream_id(id));
    let message = Activity::message("x").with_entity(&part("a")).with_entity(&part("b"));
    assert_eq!(*message.entities.unwrap(), [json!({ "type": "streaminfo", "streamId": "b" })]);
    let scene = Scene::new().await;
    scene.is_heard(&json!({ "entities": [{ "type": "streaminfo", "streamType": ["odd"] }] })).await;
}
