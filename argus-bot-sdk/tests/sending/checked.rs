//! What the checks find, and that Teams agrees.

use argus_bot_sdk::check::{Check, Rule, Scope, Severity};
use argus_bot_sdk::connector::{SendErrorKind, SuggestedActions, Talk};
use argus_bot_sdk::{Activity, Connector as _};
use serde_json::{Value, json};

use super::world::World;

fn check(scope: Scope, activity: &Value, expected: &[(Severity, Rule, &str)]) {
    let activity: Activity = serde_json::from_value(activity.clone()).unwrap();
    let findings = Check::teams(scope).run(&activity);
    let found: Vec<_> =
        findings.iter().map(|it| (it.severity, it.rule, it.pointer.as_str())).collect();
    assert_eq!(found, expected, "{findings:?}");
}

fn card(card: &Value) -> Value {
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({"type": "message", "attachments": [{"contentType": kind, "content": card}]})
}

#[test]
fn each_rule_names_its_place() {
    use Scope::{Channel, GroupChat, Personal};
    use Severity::{Error, Warning};
    let hello = json!({"type": "message", "text": "hello"});
    check(Personal, &hello, &[]);
    check(Personal, &json!({"type": "typing"}), &[]);
    check(Personal, &json!({"type": "message"}), &[(Error, Rule::Empty, "")]);

    let mut both = card(&json!({"type": "AdaptiveCard", "version": "1.5"}));
    check(Channel, &both, &[]);
    both["text"] = json!("and text");
    check(Channel, &both, &[(Warning, Rule::Split, "/attachments")]);

    let version = "/attachments/0/content/version";
    check(Channel, &card(&json!({"version": "1.6"})), &[(Error, Rule::CardVersion, version)]);
    check(Channel, &card(&json!({"version": "1.10"})), &[(Error, Rule::CardVersion, version)]);
    check(Channel, &card(&json!({"type": "AdaptiveCard"})), &[(Error, Rule::CardVersion, version)]);

    let buttons = SuggestedActions::new().say("Yes").under(Activity::message("?"));
    let buttons = serde_json::to_value(buttons).unwrap();
    check(Personal, &buttons, &[]);
    check(GroupChat, &buttons, &[(Error, Rule::SuggestedActions, "/suggestedActions")]);
    let odd = json!({"type": "message", "text": "?", "suggestedActions": {"actions": [{"type": "call"}]}});
    let place = "/suggestedActions/actions/0/type";
    check(Personal, &odd, &[(Warning, Rule::SuggestedActions, place)]);
}

#[test]
fn mentions_and_text_agree() {
    use Severity::Error;
    let ana = |text: &str| json!({"type": "mention", "text": text, "mentioned": {"id": "29:ana"}});
    let message = |text: &str, entities: Value| json!({"type": "message", "text": text, "entities": entities});
    let fine = message("hi <at>Ana</at>", json!([{"type": "clientInfo"}, ana("<at>Ana</at>")]));
    check(Scope::Channel, &fine, &[]);
    let other = message("hi <at>ana</at>", json!([ana("<at>Ana</at>")]));
    let both = [(Error, Rule::Mention, "/entities/0/text"), (Error, Rule::Mention, "/text")];
    check(Scope::Channel, &other, &both);
    let nobody = json!([{"type": "mention", "text": "<at>Ana</at>"}]);
    let nobody = message("hi <at>Ana</at>", nobody);
    check(Scope::Channel, &nobody, &[(Error, Rule::Mention, "/entities/0/mentioned/id")]);

    let mut shown = json!({"version": "1.4", "body": [
        {"type": "Container", "items": [{"type": "TextBlock", "text": "<at>Ana</at> has it"}]},
        {"type": "FactSet", "facts": [{"title": "by", "value": "<at>Ben</at>"}]}],
        "msteams": {"entities": [ana("<at>Ana</at>"), ana("<at>Ben</at>")]}});
    check(Scope::Channel, &card(&shown), &[]);
    shown["msteams"] = json!({"entities": [ana("<at>Ana</at>")]});
    let place = "/attachments/0/content/body/1/facts/0/value";
    check(Scope::Channel, &card(&shown), &[(Error, Rule::Mention, place)]);
}

#[tokio::test]
async fn teams_and_the_check_count_alike() {
    let world = World::new().await;
    let chat = world.chat();
    let overhead = serde_json::to_string(&Activity::message("")).unwrap().len();
    let limits = Check::teams(Scope::Personal);
    for (letters, expected) in [
        (40_960 - overhead, None),
        (40_961 - overhead, Some(Severity::Warning)),
        (51_200 - overhead, Some(Severity::Warning)),
        (51_201 - overhead, Some(Severity::Error)),
    ] {
        let message = Activity::message("€".repeat(letters));
        let findings = limits.run(&message);
        assert_eq!(findings.first().map(|it| it.severity), expected, "{letters}");
        let sent = world.connector.send(&chat, &message).await;
        let refused = sent.err().map(|error| error.kind());
        let too_big = (expected == Some(Severity::Error)).then_some(SendErrorKind::TooBig);
        assert_eq!(refused, too_big, "{letters}");
    }
    // A letter outside of the first plane is two units.
    let faces = Activity::message("😀".repeat(25_601));
    assert_eq!(limits.refuse(&faces).unwrap_err().kind(), SendErrorKind::TooBig);
}

#[tokio::test]
async fn a_checked_talk_sends_nothing_that_is_refused() {
    let world = World::new().await;
    let chat = world.chat();
    let talk = Talk::new(&world.connector, &chat).checked(Check::teams(Scope::Personal));
    let refused = talk.send(&Activity::message("x".repeat(60_000))).await.unwrap_err();
    assert_eq!((refused.kind(), refused.status()), (SendErrorKind::TooBig, None));
    let mut both = Activity::card(json!({"type": "AdaptiveCard", "version": "1.5"}));
    both.text = Some("look".to_owned());
    let sent = talk.send_apart(both).await.unwrap();
    assert!(sent.len() == 2 && sent.iter().all(|it| it.activity_id.is_some()));
    let said = world.teams.bot_messages(&chat.conversation_id);
    assert_eq!(
        (&said[0]["text"], &said[1]["attachments"][0]["content"]["version"]),
        (&json!("look"), &json!("1.5"))
    );
    assert!(said[0].get("attachments").is_none() && said[1].get("text").is_none());
}
