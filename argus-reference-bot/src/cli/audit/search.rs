//! `argus audit search`: who did what, when, to which incident.

use std::path::Path;

use argus_bot_sdk::{Clock as _, SystemClock};
use argus_soc::ledger::search::Search;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{From, export_lines, exported};
use crate::cli::output::{Format, complain, say};
use crate::cli::{Complaint, Ended, Outcome};

/// Longest text of a value in a line for people, in characters.
const SHORT: usize = 80;

/// Which records.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Filters {
    /// By whom: part of the shown name, the object id, the tenant, or the service.
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// About this incident.
    #[arg(long, value_name = "INC-N")]
    incident: Option<String>,
    /// About this run.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Of this kind, `access.refused`, or of a family of kinds, `access`.
    #[arg(long)]
    kind: Option<String>,
    /// Not before: `2026-11-20`, `2026-11-20T08:00:00Z`, or so long ago: `90m`, `24h`, `7d`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Before, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// With this text in any value, in large or small letters.
    #[arg(long)]
    text: Option<String>,
}

impl Filters {
    /// What is looked for.
    pub(super) fn search(&self) -> Search {
        Search {
            who: self.who.clone(),
            incident: self.incident.clone(),
            run: self.run.clone(),
            kind: self.kind.clone(),
            since: self.since,
            until: self.until,
            text: self.text.clone(),
        }
    }
}

/// Gives each record that is looked for to `each`, as a line of an export and its payload.
pub(super) fn found(
    from: &From,
    search: &Search,
    mut each: impl FnMut(Value, Value) -> Result<(), String>,
) -> Result<(), Complaint> {
    let mut line = |line: Value| -> Result<(), String> {
        let text = line.get("payload").and_then(Value::as_str).unwrap_or_default();
        let payload = serde_json::from_str(text).map_err(|error| {
            let seq = line.get("seq").cloned().unwrap_or_default();
            format!("record {seq} cannot be read: {error}; run `argus audit verify`")
        })?;
        if search.finds(&payload) { each(line, payload) } else { Ok(()) }
    };
    match from {
        From::Store(place) => exported(place, line).map_err(Complaint),
        From::Export(path) => lines(path, &mut line),
    }
}

fn lines(path: &Path, each: &mut dyn FnMut(Value) -> Result<(), String>) -> Result<(), Complaint> {
    let name = path.display();
    for (n, line) in export_lines(path)?.enumerate() {
        let wrong = |why: String| Complaint(format!("{name}, line {}: {why}", n + 1));
        let line = line.map_err(|error| wrong(error.to_string()))?;
        let value = serde_json::from_str(&line)
            .map_err(|error| wrong(format!("not a line of `argus audit export`: {error}")))?;
        each(value).map_err(wrong)?;
    }
    Ok(())
}

pub(super) fn run(from: &From, search: &Search, limit: usize, format: Format) -> Outcome {
    let (mut count, mut last) = (0_usize, std::collections::VecDeque::new());
    found(from, search, |line, payload| {
        count += 1;
        // The newest are what somebody wants to see.
        if limit > 0 && last.len() == limit {
            last.pop_front();
        }
        last.push_back((
            line.get("seq").cloned().unwrap_or_default(),
            line.get("hash").cloned(),
            payload,
        ));
        Ok(())
    })?;
    let shown = last.len();
    for (seq, hash, mut payload) in last {
        match (format, payload.as_object_mut()) {
            (Format::Json, Some(fields)) => {
                fields.insert("seq".into(), seq);
                fields.insert("hash".into(), hash.unwrap_or_default());
                say(&payload.to_string())?;
            }
            _ => say(&words(&seq, &payload))?,
        }
    }
    if shown < count {
        complain(&format!("the last {shown} of {count} records; --limit 0 shows all"));
    }
    Ok(if count > 0 { Ended::Well } else { Ended::WithFindings })
}

/// A record for a person: place, time, who, kind, and what else it says.
fn words(seq: &Value, payload: &Value) -> String {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let who = ["/actor/shown_as", "/actor/name", "/actor/object_id"].into_iter().find_map(text);
    let mut line = format!(
        "{seq:>6}  {}  {:<20}  {}",
        text("/at").unwrap_or("?"),
        text("/kind").unwrap_or("?"),
        plain(who.unwrap_or("?")),
    );
    let beside = ["v", "at", "kind", "actor", "correlation"];
    for (name, value) in payload.as_object().into_iter().flatten() {
        let value = match value {
            _ if beside.contains(&name.as_str()) => continue,
            Value::Array(_) | Value::Object(_) => continue,
            Value::String(text) => plain(text),
            value => value.to_string(),
        };
        line = format!("{line}  {name}={value}");
    }
    line
}

/// A stranger's text on a terminal: short, and without signs that steer it.
fn plain(text: &str) -> String {
    let mut plain: String =
        text.chars().take(SHORT).map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect();
    if text.chars().nth(SHORT).is_some() {
        plain.push('…');
    }
    plain
}

fn time(text: &str) -> Result<Timestamp, String> {
    let wrong =
        || format!("`{text}` is no time; write 2026-11-20, 2026-11-20T08:00:00Z, or 90m, 24h, 7d");
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<Date>() {
        return Ok(day.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp());
    }
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse().ok().filter(|it| *it >= 0).ok_or_else(wrong)?;
    let hours = |hours: i64| number.checked_mul(hours).filter(|it| *it < 1_000_000);
    let ago = match unit {
        "m" if number < 60_000_000 => SignedDuration::from_mins(number),
        "h" => SignedDuration::from_hours(hours(1).ok_or_else(wrong)?),
        "d" => SignedDuration::from_hours(hours(24).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    SystemClock.now().checked_sub(ago).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_each_form_and_nothing_else_is() {
        let now = SystemClock.now();
        assert_eq!(time("2026-11-20"), Ok("2026-11-20T00:00:00Z".parse().expect("a time")));
        assert_eq!(
            time("2026-11-20T08:00:00+01:00"),
            Ok("2026-11-20T07:00:00Z".parse().expect("a time"))
        );
        for (text, ago) in [("90m", 5_400), ("24h", 86_400), ("7d", 604_800)] {
            let off = now.duration_since(time(text).expect(text)).as_secs() - ago;
            assert!((-5..=5).contains(&off), "{text}");
        }
        for wrong in ["", "d", "7", "-1d", "7w", "yesterday", "99999999999999999d", "é"] {
            let why = time(wrong).expect_err(wrong);
            assert!(why.contains("24h"), "{why}");
        }
    }
}
