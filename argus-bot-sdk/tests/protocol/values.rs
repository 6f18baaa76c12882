//! What is read: every name with what it carries, bad values, and what is added to messages.

use argus_bot_sdk::activity::card::{
    Button, FileConsentCard, FileInfoCard, HeroCard, Picture, SigninCard, SuggestedActions,
};
use argus_bot_sdk::activity::entity::{Citation, CitationIcon, Entity, Sensitivity};
use argus_bot_sdk::activity::teams::{Notification, OnBehalfOf, TeamsData};
use argus_bot_sdk::event::{
    AgentLifecycleKind, ConversationUpdate, Event as _, InstallationAction, InstallationUpdate,
    MembersAdded, MembersRemoved, MessageChange,
};
use argus_bot_sdk::invoke::{AnyInvoke, NAMES, PreviewAction};
use argus_bot_sdk::{Account, Activity, ActivityKind, Attachment};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{activity, invoke};

/// One value for each name, with a member that nobody knows where that is possible.
fn values() -> Vec<(&'static str, Value)> {
    let query = json!({"commandId": "c", "parameters": [{"name": "q", "value": "a"}],
        "queryOptions": {"skip": 0, "count": 25}, "mood": null});
    let action = json!({"commandId": "c", "commandContext": "message", "data": {"a": 1},
        "context": {"theme": "dark"}, "botMessagePreviewAction": "send",
        "botActivityPreview": [{"type": "message", "text": "a", "x": 1}],
        "messagePayload": {"id": "1", "body": {"contentType": "html", "content": "<p/>"},
            "from": {"user": {"id": "u"}}, "reactions": [], "y": {}}, "mood": 7});
    let task = json!({"data": {"dialog": "d"}, "context": {"theme": "default"},
        "tabContext": {"tabEntityId": "t"}, "mood": []});
    let tab = json!({"tabContext": {"tabEntityId": "t"}, "state": "s", "data": {}, "mood": 1});
    let rating = json!({"actionName": "feedback",
        "actionValue": {"reaction": "like", "feedback": "{}", "mood": 1}});
    vec![
        (
            "adaptiveCard/action",
            json!({"action": {"type": "Action.Execute", "verb": "v", "data": {},
            "id": "i", "title": "t"}, "trigger": "automatic", "state": "s", "authentication":
            {"id": "i", "connectionName": "c", "token": "t"}, "mood": 1}),
        ),
        (
            "application/search",
            json!({"kind": "search", "queryText": "a", "dataset": "d",
            "queryOptions": {"skip": 0, "top": 15}, "data": {"city": "Oslo"}, "mood": 1}),
        ),
        ("task/fetch", task.clone()),
        ("task/submit", task),
        ("composeExtension/query", query.clone()),
        ("composeExtension/queryLink", json!({"url": "https://a.example", "mood": 1})),
        ("composeExtension/anonymousQueryLink", json!({"url": "https://a.example"})),
        ("composeExtension/selectItem", json!({"id": 7})),
        ("composeExtension/submitAction", action.clone()),
        ("composeExtension/fetchTask", action),
        ("composeExtension/querySettingUrl", query),
        ("composeExtension/setting", json!({"state": "s"})),
        ("composeExtension/onCardButtonClicked", json!({"name": "a"})),
        ("signin/verifyState", json!({"state": "123456", "mood": 1})),
        ("signin/tokenExchange", json!({"id": "i", "token": "t", "connectionName": "c"})),
        ("signin/failure", json!({"code": "resourcematchfailed", "message": "m"})),
        ("tab/fetch", tab.clone()),
        ("tab/submit", tab),
        (
            "fileConsent/invoke",
            json!({"type": "fileUpload", "action": "accept", "context": {"a": 1},
            "uploadInfo": {"name": "n", "uploadUrl": "u", "contentUrl": "c", "uniqueId": "i",
                "fileType": "txt", "mood": 1}}),
        ),
        ("config/fetch", json!({"a": 1})),
        ("config/submit", json!("chosen")),
        ("message/submitAction", rating.clone()),
        ("message/fetchTask", json!({"data": rating, "mood": 1})),
        ("actionableMessage/executeAction", json!({"body": "{}", "actionId": "a", "mood": 1})),
        ("handoff/action", json!({"continuation": "c", "mood": 1})),
        ("suggestedActions/submit", json!({"vote": "yes"})),
        ("htmlwidget/calltool", json!({"name": "refresh", "arguments": {"n": 1}, "mood": 1})),
    ]
}

#[test]
fn each_of_the_27_names_is_typed() {
    let values = values();
    let named: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, NAMES);
    for (name, value) in values {
        let typed = AnyInvoke::of(&invoke(name, value.clone())).unwrap().unwrap();
        assert_eq!(typed.name(), name);
        assert!(!matches!(typed, AnyInvoke::Unknown { .. }), "{name}");
        assert_eq!(typed.to_value(), value, "{name}");
    }
}

#[test]
fn values_say_what_they_mean() {
    let values = values();
    let value = |name: &str| values.iter().find(|it| it.0 == name).unwrap().1.clone();
    let read = |name: &str| AnyInvoke::of(&invoke(name, value(name))).unwrap().unwrap();
    let AnyInvoke::SubmitAction(sent) = read("composeExtension/submitAction") else { panic!() };
    assert_eq!(sent.bot_message_preview_action, Some(PreviewAction::Send));
    assert_eq!(sent.bot_activity_preview.unwrap()[0].text.as_deref(), Some("a"));
    let AnyInvoke::TaskFetch(asked) = read("task/fetch") else { panic!() };
    assert_eq!(asked.dialog(), Some("d"));
    assert!(asked.input::<u32>().is_err());
    let AnyInvoke::AdaptiveCardAction(pressed) = read("adaptiveCard/action") else { panic!() };
    assert_eq!(pressed.action.verb.as_deref(), Some("v"));
    let AnyInvoke::FileConsent(said) = read("fileConsent/invoke") else { panic!() };
    assert_eq!(said.upload_info.unwrap().file_type.as_deref(), Some("txt"));
}

#[test]
fn unknown_names_are_kept() {
    let odd = invoke("cardExtension/getQuickView", json!({"a": 1}));
    let Some(Ok(AnyInvoke::Unknown { name, value })) = AnyInvoke::of(&odd) else { panic!() };
    assert_eq!((name.as_str(), value), ("cardExtension/getQuickView", json!({"a": 1})));
    let nameless = AnyInvoke::of(&activity(json!({"type": "invoke"}))).unwrap().unwrap();
    assert_eq!((nameless.name(), nameless.to_value()), ("", Value::Null));
    assert_eq!(AnyInvoke::of(&Activity::message("task/fetch")), None);
}

#[test]
fn what_is_missing_is_named() {
    for (name, says) in [
        ("composeExtension/queryLink", "`url` is missing"),
        ("signin/tokenExchange", "`id` is missing"),
        ("fileConsent/invoke", "`action` is missing"),
        ("htmlwidget/calltool", "`name` is missing"),
        ("adaptiveCard/action", "`action` is missing"),
    ] {
        let wire = json!({"type": "invoke", "name": name});
        let rejected = AnyInvoke::of(&activity(wire)).unwrap().unwrap_err();
        assert!(rejected.text().unwrap().contains(says), "{name}: {rejected:?}");
    }
    // All other names carry nothing that has to be there.
    let tolerant = |name: &&str| {
        AnyInvoke::of(&activity(json!({"type": "invoke", "name": name}))).unwrap().is_ok()
    };
    assert_eq!(NAMES.iter().filter(|name| tolerant(name)).count(), 27 - 6);
}

#[test]
fn debug_shows_nothing_of_a_value() {
    let canary = "CANARY-51c0";
    for (name, value) in values() {
        let text = value
            .to_string()
            .replace("\"s\"", "\"CANARY-51c0\"")
            .replace("\"t\"", "\"CANARY-51c0\"");
        let value = serde_json::from_str(&text).unwrap();
        let typed = AnyInvoke::of(&invoke(name, value)).unwrap().unwrap();
        assert!(!format!("{typed:?}").contains(canary), "{name}");
        if let AnyInvoke::SignInTokenExchange(request) = typed {
            assert!(!format!("{request:?}").contains(canary));
        }
    }
}

#[test]
fn all_16_changes_of_a_conversation_are_typed() {
    assert_eq!(ConversationUpdate::EVENT_TYPES.len(), 16);
    for name in ConversationUpdate::EVENT_TYPES {
        for name in [name.to_string(), name.to_lowercase()] {
            let wire = json!({"type": "conversationUpdate",
                "membersAdded": [{"id": "a"}], "membersRemoved": [{"id": "b"}],
                "channelData": {"eventType": name, "team": {"id": "t"}, "channel": {"id": "c"},
                    "sharedWithTeams": [{"id": "t2"}], "unsharedFromTeams": [{"id": "t3"}],
                    "membershipSource": {"sourceType": "team"}}});
            let update = ConversationUpdate::of(&activity(wire)).unwrap();
            match update {
                ConversationUpdate::Unknown { .. } => panic!("{name} is unknown"),
                ConversationUpdate::ChannelMemberRemoved(it) => {
                    assert_eq!(it.members, [Account::new("b")]);
                    assert_eq!(it.source.unwrap().source_type.as_deref(), Some("team"));
                }
                ConversationUpdate::TeamMemberAdded(it) => {
                    assert_eq!(it.members, [Account::new("a")]);
                }
                ConversationUpdate::ChannelShared(it) => {
                    assert_eq!(it.shared_with[0].id.as_deref(), Some("t2"));
                }
                ConversationUpdate::ChannelUnshared(it) => {
                    assert_eq!(it.unshared_from[0].id.as_deref(), Some("t3"));
                }
                _ => {}
            }
        }
    }
    let both = activity(json!({"type": "conversationUpdate", "membersAdded": [{"id": "a"}],
        "membersRemoved": [{"id": "b"}]}));
    assert_eq!(MembersAdded::of(&both).unwrap().members, [Account::new("a")]);
    assert_eq!(MembersRemoved::of(&both).unwrap().members, [Account::new("b")]);
}

#[test]
fn other_events_are_typed() {
    for name in InstallationAction::KNOWN {
        let wire = json!({"type": "installationUpdate", "action": name});
        let update = InstallationUpdate::of(&activity(wire)).unwrap();
        assert!(!matches!(update.action, InstallationAction::Other(_)), "{name}");
    }
    assert_eq!(InstallationAction::KNOWN.len(), 4);
    assert_eq!(AgentLifecycleKind::KNOWN.len(), 8);
    let deleted = activity(json!({"type": "messageDelete"}));
    assert_eq!(MessageChange::of(&deleted), Some(MessageChange::Deleted));
    let odd = activity(json!({"type": "messageUpdate", "channelData": {"eventType": "moved"}}));
    let unknown = MessageChange::Unknown { event_type: "moved".to_owned() };
    assert_eq!(MessageChange::of(&odd), Some(unknown));
    for name in ["contactRelationUpdate", "deleteUserData", "suggestion", "invokeResponse"] {
        assert!(!matches!(ActivityKind::from(name), ActivityKind::Other(_)), "{name}");
    }
}

#[test]
fn annotations_share_one_entity() {
    let source = |name: &str| {
        Citation::new(name, "An extract.")
            .image(CitationIcon::new("PDF").schema_type("ImageObject"))
    };
    let message = Activity::message("A")
        .ai_generated()
        .cite(source("One"))
        .cite(source("Two"))
        .sensitive(Sensitivity::new("Secret"))
        .ai_generated();
    assert_eq!(message.text.as_deref(), Some("A [1] [2]"));
    let claim = |position: u64, name: &str| {
        json!({"position": position, "@type": "Claim", "appearance": {
            "name": name, "abstract": "An extract.", "@type": "DigitalDocument",
            "image": {"name": "PDF", "@type": "ImageObject"}}})
    };
    assert_eq!(
        serde_json::to_value(message.typed_entities()).unwrap(),
        json!([{"type": "https://schema.org/Message", "@type": "Message",
            "@context": "https://schema.org", "@id": "",
            "additionalType": ["AIGeneratedContent"],
            "citation": [claim(1, "One"), claim(2, "Two")],
            "usageInfo": {"name": "Secret", "@type": "CreativeWork"}}])
    );
}

#[test]
fn a_name_cannot_write_marks() {
    let ana = Account::new("29:1ana");
    let message = Activity::message("Hi").mention(&ana, "A</at><at>Everyone");
    let text = message.text.as_deref().unwrap();
    assert_eq!(text, "Hi <at>A/atatEveryone</at>");
    let [Entity::Mention(mention)] = &message.typed_entities()[..] else { panic!() };
    assert!(text.contains(mention.text.as_deref().unwrap()));
    let quoting = Activity::message("a").quote("1\"/><at>x");
    assert_eq!(quoting.text.as_deref(), Some("<quoted messageId=\"1/atx\"/> a"));
}

#[test]
fn channel_data_grows() {
    let read = activity(json!({"type": "message", "channelData": {"tenant": {"id": "t"}, "x": 1}}));
    let message = read
        .with_custom_feedback()
        .with_notification(Notification::default().alert(true).alert_in_meeting(true));
    assert_eq!(
        message.channel_data,
        Some(
            json!({"tenant": {"id": "t"}, "notification": {"alert": true, "alertInMeeting": true},
            "feedbackLoop": {"type": "custom"}, "x": 1})
            .into()
        )
    );
    assert_eq!(message.tenant_id(), Some("t"));
    let person = OnBehalfOf::default().item_id(0).mention_type("person").mri("29:1ana");
    let data = TeamsData::default().on_behalf_of([person]);
    let written = Activity::message("a").with_teams_data(&data);
    assert_eq!(
        written.channel_data,
        Some(
            json!({"onBehalfOf": [{"itemid": 0, "mentionType": "person", "mri": "29:1ana"}]})
                .into()
        )
    );
}

#[test]
fn cards_are_attachments_of_their_content_type() {
    let check = |attachment: Attachment, expected: Value| {
        assert_eq!(serde_json::to_value(attachment).unwrap(), expected);
    };
    check(
        HeroCard::default().title("T").images([Picture::new("u").alt("a")]).into(),
        json!({"contentType": "application/vnd.microsoft.card.hero",
            "content": {"title": "T", "images": [{"url": "u", "alt": "a"}]}}),
    );
    check(
        SigninCard::default().text("Sign in").buttons([Button::open_url("Go", "u")]).into(),
        json!({"contentType": "application/vnd.microsoft.card.signin", "content": {
            "text": "Sign in", "buttons": [{"type": "openUrl", "title": "Go", "value": "u"}]}}),
    );
    check(
        FileConsentCard::default().size_in_bytes(7u64).accept_context(json!({"n": 1})).named("f"),
        json!({"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "f",
            "content": {"sizeInBytes": 7, "acceptContext": {"n": 1}}}),
    );
    check(
        FileInfoCard::default().unique_id("i").file_type("txt").into(),
        json!({"contentType": "application/vnd.microsoft.teams.card.file.info",
            "content": {"uniqueId": "i", "fileType": "txt"}}),
    );
    let buttons =
        SuggestedActions::new([Button::submit("Yes", json!({"vote": 1}))]).to(["29:1".to_owned()]);
    assert_eq!(
        Activity::message("?").suggest(&buttons).suggested_actions,
        Some(
            json!({"actions": [{"type": "Action.Submit", "title": "Yes", "value": {"vote": 1}}],
            "to": ["29:1"]})
            .into()
        )
    );
}

fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "action",
        "data",
        "url",
        "id",
        "token",
        "name",
        "parameters",
        "context",
        "actionValue",
        "uploadInfo",
        "tabContext",
        "type",
        "queryOptions",
        "messagePayload",
    ]);
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    /// Whatever a client sends is read without loss or refused with a reason.
    #[test]
    fn any_value_is_read_or_refused(name in prop::sample::select(&NAMES[..]), value in junk()) {
        match AnyInvoke::of(&invoke(name, value.clone())).unwrap() {
            Ok(typed) if value.is_null() => prop_assert_eq!(typed.name(), name),
            Ok(typed) => prop_assert_eq!(typed.to_value(), value),
            Err(rejected) => prop_assert!(rejected.text().is_some_and(|text| text.contains(name))),
        }
    }

    #[test]
    fn any_entity_round_trips(kind in prop::sample::select(vec!["mention", "quotedReply",
        "https://schema.org/Message", "clientInfo", "Place"]), mut value in junk()) {
        if let Some(members) = value.as_object_mut() {
            members.insert("type".to_owned(), json!(kind));
        }
        prop_assert_eq!(serde_json::to_value(Entity::of(&value)).unwrap(), value);
    }
}
