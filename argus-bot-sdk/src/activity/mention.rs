//! Taking the bot's own name out of what was said to it.

use serde_json::Value;

use crate::activity::Activity;

/// The text of `activity` without the mentions of `bot_id`.
pub(crate) fn strip(activity: &Activity, bot_id: &str) -> String {
    let names = names_of(activity, bot_id);
    let mut rest = activity.text.as_deref().unwrap_or_default();
    let mut said = String::with_capacity(rest.len());
    while let Some((before, mention, name, after)) = next_mention(rest) {
        said.push_str(before);
        if names.contains(&name.trim()) {
            // "a <at>bot</at> b" must not become "a  b".
            let gap = said.is_empty() || said.ends_with(char::is_whitespace);
            rest = if gap { trim_gap(after) } else { after };
        } else {
            said.push_str(mention);
            rest = after;
        }
    }
    said.push_str(rest);
    said.trim().to_owned()
}

/// The names by which the bot is called in this activity.
fn names_of<'a>(activity: &'a Activity, bot_id: &str) -> Vec<&'a str> {
    let is_bot = |id: &str| bare(id) == bare(bot_id);
    let mentions = activity.entities.iter().flatten().filter(|entity| {
        entity.get("type").and_then(Value::as_str) == Some("mention")
            && entity.pointer("/mentioned/id").and_then(Value::as_str).is_some_and(is_bot)
    });
    let mut names: Vec<&str> = mentions
        .filter_map(|entity| {
            let text = entity.get("text").and_then(Value::as_str);
            let shown = text.and_then(next_mention).map(|(_, _, name, _)| name.trim());
            shown.or_else(|| entity.pointer("/mentioned/name").and_then(Value::as_str))
        })
        .collect();
    let recipient = activity.recipient.as_ref();
    if recipient.and_then(|bot| bot.id.as_deref()).is_some_and(is_bot) {
        names.extend(recipient.and_then(|bot| bot.name.as_deref()).map(str::trim));
    }
    names
}

/// Teams writes bots as `28:` and the app id; configurations have the app id alone.
fn bare(id: &str) -> &str {
    id.strip_prefix("28:").unwrap_or(id)
}

/// The first `<at …>name</at>`: what is before it, the whole of it, the name, what is after it.
fn next_mention(text: &str) -> Option<(&str, &str, &str, &str)> {
    let start = text
        .match_indices("<at")
        .map(|(at, _)| at)
        .find(|&at| text.get(at + 3..).is_some_and(|tail| tail.starts_with(['>', ' '])))?;
    let (before, tagged) = text.split_at_checked(start)?;
    let name_at = tagged.find('>')? + 1;
    let name_len = tagged.get(name_at..)?.find("</at>")?;
    let (mention, after) = tagged.split_at_checked(name_at + name_len + "</at>".len())?;
    Some((before, mention, mention.get(name_at..name_at + name_len)?, after))
}

fn trim_gap(text: &str) -> &str {
    text.strip_prefix("&nbsp;").unwrap_or(text).trim_start_matches([' ', '\u{a0}'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: &str) {
        let activity: Activity = serde_json::from_value(json!({
            "type": "message", "text": text, "recipient": { "id": "28:argus", "name": "Argus" },
            "entities": [
                { "type": "mention", "text": "<at>The Bot</at>", "mentioned": { "id": "28:argus" } },
                { "type": "mention", "text": "<at>Ana</at>", "mentioned": { "id": "29:1ana" } },
                7
            ]
        }))
        .unwrap();
        assert_eq!(strip(&activity, "28:argus"), expected, "{text:?}");
        assert_eq!(strip(&activity, "argus"), expected, "{text:?}");
    }

    #[test]
    fn only_the_bot_is_taken_out() {
        check("<at>Argus</at> list", "list");
        check("<at>The Bot</at>&nbsp;list\n", "list");
        check("<at id=\"0\">Argus</at> list", "list");
        check("hey <at>Argus</at> list", "hey list");
        check("hey<at>Argus</at> list", "hey list");
        check("<at>Argus</at> ask <at>Ana</at> twice <at>Argus</at>", "ask <at>Ana</at> twice");
        check("no mention", "no mention");
        check("<at>Argus", "<at>Argus");
        check("<attention>Argus</at> ü <at", "<attention>Argus</at> ü <at");
        check("a\n<at>Argus</at>\nb", "a\n\nb");
        check("", "");
    }

    proptest::proptest! {
        #[test]
        fn total_on_any_text(text in "(<at>|</at>|Argus|ü| |[<>a/]){0,20}") {
            let activity = Activity::message(text);
            proptest::prop_assert!(!strip(&activity, "argus").starts_with(' '));
        }
    }
}
