//! What digests and alarms are rendered from.

use argus_soc::event::Severity;
use argus_soc::policy::sight::HIDDEN;
use argus_soc::storm::breaker::{Breaker, Scope, State};
use argus_soc::storm::bulletin::{self, Digest};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::data::{Bulletin, Named, Said};
use super::{TITLE, clip, line, severity_label, shown, whole};
use crate::ports::ledger::StoredCard;

/// Names that a digest says stand out.
const TOP: usize = 5;

/// The digest of a storm.
pub fn storm(id: &str, it: &bulletin::Bulletin, now: Timestamp) -> Value {
    let none = Digest::default();
    let digest = it.digest.as_ref().unwrap_or(&none);
    let (title, lead, style) = if it.ended.is_some() {
        let lead = "The storm is over; new incidents have cards of their own again. Those listed \
                    here keep none.";
        (format!("{id}: alert storm is over"), lead, "good")
    } else {
        let lead = "More incidents than Teams takes cards. Critical and high ones come first, with \
                    cards of their own; this card covers the others.";
        (format!("{id}: alert storm"), lead, "warning")
    };
    let severities = digest
        .severities
        .iter()
        .rev()
        .map(|(severity, count)| format!("{} {count}", severity_label(*severity)));
    let mut said = vec![
        fact("Incidents covered", digest.incidents.to_string()),
        fact("By severity", severities.collect::<Vec<_>>().join(", ")),
        fact("Sources", top(&digest.sources)),
        fact("Entities", top(&digest.entities)),
    ];
    if digest.requests > 0 {
        said.push(fact("Requests for approval", digest.requests.to_string()));
    }
    said.retain(|it| !it.value.is_empty());
    let row = |row: &bulletin::Row| named(&row.incident, &row.title, row.severity);
    shown(&Bulletin {
        title,
        style,
        lead: lead.into(),
        said,
        rows: digest.rows.iter().map(row).collect(),
        more: digest.more(),
        hint: format!(
            "Write \"list {id}\" for all of them, \"show INC-7\" for one with its buttons."
        ),
        notices: repeat(it),
        updated_at: whole(now),
    })
}

/// The alarm about cards that could not be delivered, and about what else is out of order: names and
/// why.
pub fn undelivered(
    it: &bulletin::Bulletin,
    dead: &[StoredCard],
    count: u64,
    others: &[(String, String)],
    now: Timestamp,
) -> Value {
    let mut said: Vec<Said> =
        others.iter().map(|(name, why)| fact(&clip(name, 60), line(why))).collect();
    said.insert(0, fact("Cards given up", count.to_string()));
    let fine = said.len() == 1 && count == 0;
    let row = |card: &StoredCard| {
        named(&card.incident, card.dead.as_deref().unwrap_or_default(), Severity::Unknown)
    };
    shown(&Bulletin {
        title: if fine { "All cards are delivered again" } else { "Cards cannot be delivered" }
            .into(),
        style: if fine { "good" } else { "attention" },
        lead: "What could not be shown where it should: conversations that take no cards, and \
               cards that were given up. Their incidents are recorded and can be shown."
            .into(),
        rows: dead.iter().map(row).collect(),
        more: count.saturating_sub(dead.len() as u64),
        said,
        hint:
            "Add the bot to the conversation again, then write \"outbox retry\"; \"outbox\" lists \
               them."
                .into(),
        notices: repeat(it),
        updated_at: whole(now),
    })
}

/// The alarm about automation.
pub fn automation(it: &bulletin::Bulletin, breakers: &[(Scope, Breaker)], now: Timestamp) -> Value {
    let paused: Vec<_> = breakers.iter().filter(|(_, it)| !it.lets_through()).collect();
    let said = paused.iter().map(|(scope, it)| {
        fact(&line(&scope.to_string()), format!("{}: {}", state(it.state), line(&it.why)))
    });
    let said: Vec<Said> = said.collect();
    let waits = paused.iter().any(|(_, it)| it.needs_person);
    let halted = paused.iter().any(|(_, it)| it.halted);
    let lead = if halted {
        "Alerts are taken and shown as always. What a person has halted is neither begun nor sent, \
         whoever wants it; what was done can still be undone."
    } else {
        "Alerts are taken and shown as always. What automation would have done is asked of people; \
         what people start is done."
    };
    shown(&Bulletin {
        title: if paused.is_empty() { "Automation goes on" } else { "Automation is paused" }.into(),
        style: if paused.is_empty() { "good" } else { "attention" },
        lead: lead.into(),
        said,
        rows: Vec::new(),
        more: 0,
        hint: match (paused.is_empty(), waits) {
            (true, _) => String::new(),
            _ if halted => "Two different people have to write \"resume\" within an hour.".into(),
            (_, true) => "Look at what was done, then write \"resume\".".into(),
            (_, false) => "It goes on by itself when it is calm; \"resume\" does so now.".into(),
        },
        notices: repeat(it),
        updated_at: whole(now),
    })
}

/// How a breaker stands, in words.
pub fn state(state: State) -> &'static str {
    match state {
        State::Closed => "automatic",
        State::Open => "paused",
        State::HalfOpen => "paused, looking whether it is calm",
        State::AwaitsPerson => "paused until somebody says that it may go on",
    }
}

/// Leaves of a bulletin what people of other tenants may read: how many and how bad, and not who,
/// where and why.
pub fn hide(data: &mut Value, about: bulletin::About) {
    const COUNTS: [&str; 4] =
        ["Incidents covered", "By severity", "Requests for approval", "Cards given up"];
    const NAMES: [&str; 2] = ["Sources", "Entities"];
    let of = |data: &mut Value, key: &str| data[key].as_array_mut().map(std::mem::take);
    let mut said = of(data, "said").unwrap_or_default();
    for it in &mut said {
        let label = it["label"].as_str().unwrap_or_default();
        if COUNTS.contains(&label) {
            continue;
        }
        if !NAMES.contains(&label) {
            it["label"] = HIDDEN.into();
        }
        it["value"] = HIDDEN.into();
    }
    let mut rows = of(data, "rows").unwrap_or_default();
    if about == bulletin::About::Undelivered {
        // They stood elsewhere.
        data["more"] = (data["more"].as_u64().unwrap_or(0) + rows.len() as u64).into();
        rows.clear();
    }
    for row in &mut rows {
        row["title"] = HIDDEN.into();
    }
    data["said"] = said.into();
    data["rows"] = rows.into();
}

/// A bulletin when its template cannot be used: no layout, but nothing is lost.
pub fn plain(data: &Value) -> Value {
    let text = |key: &str| {
        let text = data[key].as_str().unwrap_or_default();
        json!({"type": "TextBlock", "text": super::unmarked(text), "wrap": true})
    };
    let said = data["said"].as_array().cloned().unwrap_or_default();
    let said = said.iter().map(|it| {
        let line = |key: &str| super::unmarked(it[key].as_str().unwrap_or_default());
        json!({"type": "TextBlock", "text": format!("{}: {}", line("label"), line("value")), "wrap": true})
    });
    let notices = data["notices"].as_array().cloned().unwrap_or_default();
    let notices = notices.iter().map(|it| {
        let notice = super::unmarked(it.as_str().unwrap_or_default());
        json!({"type": "TextBlock", "text": notice, "wrap": true})
    });
    let lead = [text("title"), text("lead")].into_iter();
    let body: Vec<Value> = lead.chain(said).chain([text("hint")]).chain(notices).collect();
    json!({"type": "AdaptiveCard", "version": "1.5", "body": body})
}

fn repeat(it: &bulletin::Bulletin) -> Vec<String> {
    let twice = "This card may be here twice: an answer from Teams was lost.";
    // Teams took it once without saying its id, so this one is new.
    let nameless = it.activity_id.as_deref() == Some("");
    (it.attempts > 0 || nameless).then(|| twice.to_owned()).into_iter().collect()
}

fn fact(label: &str, value: String) -> Said {
    Said { label: label.to_owned(), value }
}

fn named(incident: &str, title: &str, severity: Severity) -> Named {
    Named {
        key: incident.to_owned(),
        title: clip(title, TITLE),
        severity: severity.as_str(),
        severity_label: severity_label(severity),
    }
}

fn top(tally: &argus_soc::storm::Tally) -> String {
    let least = if tally.is_exact() { "" } else { "at least " };
    let names =
        tally.top(TOP).into_iter().map(|(name, n)| format!("{} ({least}{n})", clip(name, 80)));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use argus_soc::storm::bulletin::{About, Covered};

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).expect("a time")
    }

    #[test]
    fn where_others_read_along_a_bulletin_counts_and_names_nothing() {
        let mut covers = Digest::default();
        covers.cover(&Covered {
            incident: "INC-4".into(),
            card: "card".into(),
            severity: Severity::High,
            source: "secret-edr".into(),
            entity: Some("secret-host".into()),
            title: "Malware on secret-host".into(),
        });
        let digest = bulletin::Bulletin {
            conversation: "19:x".into(),
            about: About::Storm,
            since: now(),
            want: 1,
            shown: 0,
            attempts: 0,
            activity_id: None,
            ended: None,
            dead: None,
            digest: Some(covers),
        };
        let dead = [StoredCard {
            incident: "INC-5".into(),
            card: "card".into(),
            conversation: "19:secret".into(),
            activity_id: None,
            want: 1,
            shown: 0,
            digest: None,
            dead: Some("secret".into()),
            dropped: false,
        }];
        let others = [("19:secret".to_owned(), "secret".to_owned())];
        let mut storm = storm("D-1", &digest, now());
        let mut lost = undelivered(&digest, &dead, 1, &others, now());
        assert!(storm.to_string().contains("secret") && lost.to_string().contains("secret"));
        hide(&mut storm, About::Storm);
        hide(&mut lost, About::Undelivered);
        for (data, kept) in [(&storm, "INC-4"), (&storm, "High 1"), (&lost, "Cards given up")] {
            let text = data.to_string();
            assert!(text.contains(kept) && !text.contains("secret"), "{text}");
        }
        assert!(!lost.to_string().contains("INC-5"), "it stood elsewhere: {lost}");
        assert_eq!(lost["more"], 1);
    }
}
