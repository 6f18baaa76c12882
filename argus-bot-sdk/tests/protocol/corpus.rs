//! Real activities: what has a known name is typed, and nothing is lost on the way.

use std::collections::BTreeSet;

use argus_bot_sdk::activity::card::{OAuthCard, SuggestedActions};
use argus_bot_sdk::activity::entity::Entity;
use argus_bot_sdk::event::{
    AgentLifecycle, AgentLifecycleKind, AnyEvent, ConversationUpdate, Event as _,
    InstallationAction, InstallationUpdate, MeetingEvent, MessageChange, Reactions, ReadReceipt,
};
use argus_bot_sdk::invoke::{AnyInvoke, NAMES};
use argus_bot_sdk::{Activity, ActivityKind};
use serde_json::Value;

use crate::activities::files;

fn all(test: &str) -> impl Iterator<Item = (String, Value, Activity)> {
    files(test, "activities").into_iter().map(|(name, wire)| {
        let activity = serde_json::from_str(&wire.to_string()).unwrap();
        (name, wire, activity)
    })
}

/// Writing what was read gives back what was read.
fn check_value<T: serde::Serialize>(name: &str, typed: &T, wire: &Value) {
    assert_eq!(&serde_json::to_value(typed).unwrap(), wire, "{name}");
}

#[test]
fn every_type_of_the_corpus_is_known() {
    for (name, wire, activity) in all("every_type_of_the_corpus_is_known") {
        let is_named = wire["type"].is_string();
        let is_known = !matches!(activity.kind, ActivityKind::Other(_));
        assert_eq!(is_named, is_known, "{name}: {:?}", activity.kind);
    }
}

#[test]
fn invokes_of_the_corpus_are_typed() {
    let mut seen = BTreeSet::new();
    let mut any = false;
    for (name, wire, activity) in all("invokes_of_the_corpus_are_typed") {
        any = true;
        let Some(invoke) = AnyInvoke::of(&activity) else {
            assert_ne!(wire["type"], "invoke", "{name}");
            continue;
        };
        let invoke = invoke.unwrap_or_else(|rejected| panic!("{name}: {rejected:?}"));
        let known = NAMES.contains(&wire["name"].as_str().unwrap_or_default());
        assert_eq!(known, !matches!(invoke, AnyInvoke::Unknown { .. }), "{name}");
        check_value(&name, &invoke.to_value(), &wire["value"]);
        if known {
            seen.insert(invoke.name().to_owned());
        }
    }
    assert!(!any || seen.len() >= 20, "the corpus has only {seen:?}");
}

#[test]
fn events_of_the_corpus_are_typed() {
    for (name, wire, activity) in all("events_of_the_corpus_are_typed") {
        let value = &wire["value"];
        match AnyEvent::of(&activity) {
            Some(AnyEvent::Meeting(event)) => match event {
                MeetingEvent::Start(it) => check_value(&name, &it, value),
                MeetingEvent::End(it) => check_value(&name, &it, value),
                MeetingEvent::ParticipantJoin(it) => check_value(&name, &it, value),
                MeetingEvent::ParticipantLeave(it) => check_value(&name, &it, value),
                other => panic!("{name}: {other:?}"),
            },
            Some(AnyEvent::ReadReceipt(it)) => assert_eq!(it, ReadReceipt::default(), "{name}"),
            Some(AnyEvent::AgentLifecycle(it)) => {
                check_value(&name, &it.value, value);
                assert_eq!(it.kind.as_str(), wire["valueType"].as_str().unwrap(), "{name}");
                assert!(!matches!(it.kind, AgentLifecycleKind::Other(_)), "{name}");
                assert_eq!(AgentLifecycle::of(&activity), Some(*it), "{name}");
            }
            Some(AnyEvent::Unknown { name: event, value: kept }) => {
                let is_ours = event.starts_with("application/vnd.microsoft.");
                assert!(!is_ours && event != "agentLifecycle", "{name} is not typed");
                assert_eq!(&kept, value, "{name}");
            }
            Some(other) => panic!("{name}: {other:?}"),
            None => assert_ne!(wire["type"], "event", "{name}"),
        }
    }
}

#[test]
fn changes_of_the_corpus_are_typed() {
    for (name, wire, activity) in all("changes_of_the_corpus_are_typed") {
        let said = wire["channelData"]["eventType"].as_str();
        let filled = |list: &str| wire[list].as_array().is_some_and(|list| !list.is_empty());
        match wire["type"].as_str() {
            Some("conversationUpdate") => {
                let known = match said {
                    Some("non-existent") => false,
                    Some(_) => true,
                    None => filled("membersAdded") || filled("membersRemoved"),
                };
                let update = ConversationUpdate::of(&activity).unwrap();
                let typed = !matches!(update, ConversationUpdate::Unknown { .. });
                assert_eq!(typed, known, "{name}: {update:?}");
            }
            Some("installationUpdate") => {
                let update = InstallationUpdate::of(&activity).unwrap();
                assert_eq!(update.action, InstallationAction::Add, "{name}");
                assert!(update.team.is_some() && update.selected_channel.is_some(), "{name}");
            }
            Some("messageUpdate" | "messageDelete") => {
                let expected = match said.map(str::to_ascii_lowercase).as_deref() {
                    Some("editmessage") => MessageChange::Edited,
                    Some("undeletemessage") => MessageChange::Undeleted,
                    Some("softdeletemessage") => MessageChange::SoftDeleted,
                    _ => MessageChange::Updated,
                };
                assert_eq!(MessageChange::of(&activity), Some(expected), "{name}");
            }
            Some("messageReaction") => {
                let heard = Reactions::of(&activity).unwrap();
                let count = |list: &str| wire[list].as_array().map_or(0, Vec::len);
                assert_eq!(heard.added.len(), count("reactionsAdded"), "{name}");
                assert_eq!(heard.removed.len(), count("reactionsRemoved"), "{name}");
            }
            _ => {
                assert_eq!(ConversationUpdate::of(&activity), None, "{name}");
                assert_eq!(MessageChange::of(&activity), None, "{name}");
            }
        }
    }
}

#[test]
fn details_of_the_corpus_are_typed() {
    const KNOWN: [&str; 7] = [
        "mention",
        "clientInfo",
        "streaminfo",
        "https://schema.org/Message",
        "quotedReply",
        "targetedMessageInfo",
        "ProductInfo",
    ];
    for (name, wire, activity) in all("details_of_the_corpus_are_typed") {
        if wire["channelData"].is_object() {
            check_value(&name, &activity.teams_data(), &wire["channelData"]);
        }
        // A list with an entry that is no entity is kept aside by the activity itself.
        for (at, entity) in activity.typed_entities().iter().enumerate() {
            let wire = &wire["entities"][at];
            check_value(&name, entity, wire);
            let known = KNOWN.contains(&wire["type"].as_str().unwrap_or_default());
            assert_eq!(known, !matches!(entity, Entity::Unknown(_)), "{name}: {entity:?}");
        }
        if wire["suggestedActions"].is_object() {
            let buttons: SuggestedActions = activity.suggested().unwrap();
            check_value(&name, &buttons, &wire["suggestedActions"]);
        }
        for (at, attachment) in activity.attachments.iter().flatten().enumerate() {
            if let Some(card) = attachment.content_as::<OAuthCard>(OAuthCard::CONTENT_TYPE) {
                check_value(&name, &card, &wire["attachments"][at]["content"]);
                assert_eq!(card.connection_name, "sso", "{name}");
            }
        }
    }
}
