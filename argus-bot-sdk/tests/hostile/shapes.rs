//! Activities in which something is not what it should be.

use std::sync::{Arc, Mutex};

use argus_bot_sdk::auth::ServiceUrlPolicy;
use argus_bot_sdk::testing::wire::{FakeResponse, FakeServer};
use argus_bot_sdk::{Activity, Connector as _, ConversationRef, HttpConnector, invoke};
use serde_json::{Value, json};

use super::Scene;

/// The members that the bot reads, and one that nobody does.
const MEMBERS: [&str; 18] = [
    "type",
    "id",
    "text",
    "from",
    "recipient",
    "conversation",
    "channelData",
    "entities",
    "attachments",
    "value",
    "name",
    "timestamp",
    "replyToId",
    "membersAdded",
    "reactionsAdded",
    "deliveryMode",
    "serviceUrl",
    "unheardOf",
];

fn odd_values() -> [Value; 8] {
    let nested = (0..60).fold(json!("x"), |inner, _| json!({ "a": [inner] }));
    [
        Value::Null,
        json!(-1),
        json!(""),
        json!("\u{0}\u{202e}<at>\u{1F600}"),
        json!([]),
        json!([null, 1, "x", {}]),
        json!({ "id": null, "action": [], "data": 7, "tenant": "x" }),
        nested,
    ]
}

#[tokio::test]
async fn no_shape_of_a_member_makes_a_5xx() {
    let scene = Scene::new().await;
    let bases = [
        scene.activity("m", json!({})),
        scene.activity(
            "u",
            json!({ "type": "conversationUpdate", "membersAdded": [{ "id": "29:x" }] }),
        ),
        scene.activity(
            "r",
            json!({ "type": "messageReaction", "reactionsAdded": [{ "type": "like" }] }),
        ),
        scene.press("a", &json!({})),
        scene.activity(
            "t",
            json!({ "type": "invoke", "name": "task/fetch", "value": { "data": {} } }),
        ),
        scene.activity(
            "q",
            json!({ "type": "invoke", "name": "composeExtension/query", "value": {} }),
        ),
    ];
    let mut number = 0;
    for base in &bases {
        for member in MEMBERS {
            for odd in odd_values() {
                let mut activity = base.clone();
                // Each is a new one, unless the id itself is what is odd.
                number += 1;
                activity["id"] = json!(number.to_string());
                activity[member] = odd;
                let answer = scene.deliver(&activity).await;
                let is_fine = answer.status < 500 || answer.status == 501;
                assert!(is_fine, "{}: {member} = {}", answer.status, activity[member]);
                let is_card_action =
                    activity["name"] == "adaptiveCard/action" && activity["type"] == "invoke";
                if is_card_action && answer.status == 200 {
                    assert!(answer.body["statusCode"].is_number(), "{member}: {}", answer.body);
                }
            }
        }
    }
    scene.is_well().await;
}

#[tokio::test]
async fn every_name_of_an_invoke_has_an_answer_for_every_value() {
    let scene = Scene::new().await;
    let names = invoke::NAMES.into_iter().chain(["unheard/of", "", "Task/Fetch", "task/fetch "]);
    for (number, name) in names.enumerate() {
        for (odd, value) in odd_values().into_iter().enumerate() {
            let id = format!("{number}.{odd}");
            let invoke = json!({ "type": "invoke", "name": name, "value": value });
            let answer = scene.deliver(&scene.activity(&id, invoke)).await;
            let is_fine = matches!(answer.status, 200 | 400 | 412 | 501);
            assert!(is_fine, "{name} with {value}: {}", answer.status);
            let is_unknown = !invoke::NAMES.contains(&name);
            assert!(!is_unknown || answer.status == 501, "{name}: {}", answer.status);
        }
    }
    scene.is_well().await;
}

#[tokio::test]
async fn unknown_types_are_acknowledged() {
    let scene = Scene::new().await;
    for kind in [
        "typing",
        "endOfConversation",
        "event",
        "trace",
        "handoff",
        "suggestion",
        "x/y",
        "MESSAGE",
        " message",
        "command",
        "commandResult",
        "\u{0}",
        "contactRelationUpdate",
        "deleteUserData",
    ] {
        let (status, _) = scene.post(&scene.activity(kind, json!({ "type": kind }))).await;
        assert!((200..300).contains(&status) || status == 400, "{kind}: {status}");
    }
    let long = "x".repeat(100_000);
    let (status, _) = scene.post(&scene.activity("long", json!({ "type": long }))).await;
    assert!(status < 500, "{status}");
    scene.is_well().await;
}

/// An id is one segment of a path and nothing else, whatever is in it.
#[tokio::test]
async fn no_id_leads_elsewhere() {
    let paths = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&paths);
    let far = FakeServer::start(move |request| {
        seen.lock().unwrap().push((request.path().to_owned(), request.segments()));
        async { FakeResponse::json(201, &json!({ "id": "1" })) }
    });
    let far = far.await.unwrap();
    let policy = ServiceUrlPolicy::loopback();
    let connector = HttpConnector::without_tokens(policy).unwrap().ungoverned();
    for id in [
        "../../../x",
        "..",
        ".",
        "%2e%2e/",
        "a/b",
        "a\\b",
        "a?b=c",
        "a#b",
        "a b",
        "a\r\nHost: evil",
        "a\u{0}",
        "19:x@thread.tacv2;messageid=1",
        "😀",
        "//evil.example",
        "@evil.example",
        "a%00",
    ] {
        let to = ConversationRef::new(far.url() + "/root/", id);
        let hello = Activity::message("x");
        drop(connector.reply(&to, id, &hello).await);
    }
    let seen = paths.lock().unwrap().clone();
    assert!(seen.len() >= 14, "{}", seen.len());
    for (path, segments) in seen {
        assert!(path.starts_with("/root/v3/conversations/"), "{path}");
        assert_eq!(segments.len(), 6, "{path}");
        assert_eq!(segments[4], "activities", "{path}");
    }
}
