//! The lines of a policy, and where and when each holds.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ACTION_NAMES, Action, Principal, Standing};

/// One line of a policy: this role may do these things, where and when the rest of it holds.
///
/// ```
/// use argus_soc::policy::Rule;
///
/// let rule: Rule = serde_json::from_str(
///     r#"{"role": "night_shift", "actions": ["isolate_host"], "tenants": ["home"],
///         "max_criticality": 6, "environments": ["dev"], "hours": "mon-fri 22:00-06:00 +01:00"}"#,
/// )?;
/// assert_eq!(rule.max_criticality, Some(6));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The role.
    pub role: String,
    /// Names from [`ACTION_NAMES`], or `*` for all of them.
    pub actions: Vec<String>,
    /// For people of these tenants only: `home`, `partner` for all that are trusted, or a tenant's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// For assets on which no more than this depends, 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_criticality: Option<u8>,
    /// For assets that live here only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// At these hours only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// A rule that names something that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role:?} grants {action:?}, which is not an action")]
pub struct UnknownAction {
    /// The role whose rule it is.
    pub role: String,
    /// What it names.
    pub action: String,
}

/// What an action is done to, and when. What is not known satisfies no rule that asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// How much depends on the asset, 0 to 10.
    pub criticality: Option<u8>,
    /// Where the asset lives.
    pub environment: Option<String>,
    /// Now.
    pub at: Option<Timestamp>,
}

/// Hours of some days of the week, at a fixed distance from UTC: `mon-fri 08:00-18:00 +01:00`,
/// `sat,sun 00:00-24:00`, `22:00-06:00`. Hours over midnight belong to the day on which they begin.
///
/// ```
/// use argus_soc::policy::Hours;
///
/// let office: Hours = "mon-fri 08:00-18:00 +01:00".parse()?;
/// assert!(office.hold("2026-11-20T07:00:00Z".parse().unwrap()));
/// assert!(!office.hold("2026-11-20T06:59:59Z".parse().unwrap()));
/// assert!(!office.hold("2026-11-21T08:00:00Z".parse().unwrap()), "a Saturday");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    text: String,
    /// Monday first.
    days: [bool; 7],
    /// Minutes of the day.
    from: u16,
    to: u16,
    offset: Offset,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Whether it is one of these hours.
    pub fn hold(&self, at: Timestamp) -> bool {
        let local = TimeZone::fixed(self.offset).to_datetime(at);
        let (hour, minute) = (local.hour().unsigned_abs(), local.minute().unsigned_abs());
        let minute = u16::from(hour) * 60 + u16::from(minute);
        let is = |day: Weekday| {
            let at = usize::from(day.to_monday_zero_offset().unsigned_abs());
            self.days.get(at).copied().unwrap_or_default()
        };
        let today = local.weekday();
        if self.from < self.to {
            return is(today) && (self.from..self.to).contains(&minute);
        }
        (is(today) && minute >= self.from) || (is(today.previous()) && minute < self.to)
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "`{text}`: {what}; write `mon-fri 08:00-18:00 +01:00`, days and offset as needed"
            )
        };
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let mut days = [true; 7];
        if words.first().is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic())) {
            days = read_days(words.remove(0)).ok_or_else(|| wrong("no days of the week"))?;
        }
        let (hours, offset) = match words.as_slice() {
            [hours] => (*hours, Offset::UTC),
            [hours, offset] => {
                (*hours, read_offset(offset).ok_or_else(|| wrong("no distance from UTC"))?)
            }
            _ => return Err(wrong("no hours")),
        };
        let both = hours.split_once('-').and_then(|(from, to)| Some((clock(from)?, clock(to)?)));
        let (from, to) = both.ok_or_else(|| wrong("no hours"))?;
        if from == to {
            return Err(wrong("it begins and ends at the same minute; a whole day is 00:00-24:00"));
        }
        Ok(Self { text: text.to_owned(), days, from, to, offset })
    }
}

fn read_days(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| DAYS.iter().position(|it| it.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (place(first)?, place(last)?);
        loop {
            *days.get_mut(at)? = true;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(days)
}

/// Minutes of the day; `24:00` is its end.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}

fn read_offset(text: &str) -> Option<Offset> {
    if matches!(text, "UTC" | "utc" | "Z") {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let minutes = clock(rest).filter(|it| *it <= 14 * 60)?;
    Offset::from_seconds(sign * i32::from(minutes) * 60).ok()
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A rule whose actions are all known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) rule: Rule,
    pub(super) actions: BTreeSet<&'static str>,
}

impl Line {
    pub(super) fn of(rule: Rule) -> Result<Self, UnknownAction> {
        let mut actions = BTreeSet::new();
        for action in &rule.actions {
            if action == "*" {
                actions.extend(ACTION_NAMES);
                continue;
            }
            let known = ACTION_NAMES.into_iter().find(|name| *name == action);
            let unknown = || UnknownAction { role: rule.role.clone(), action: action.clone() };
            actions.insert(known.ok_or_else(unknown)?);
        }
        Ok(Self { rule, actions })
    }

    /// Why it does not hold for this person and these circumstances, as the end of a sentence that
    /// begins "this is allowed"; `None` if it holds.
    pub(super) fn limit(
        &self,
        who: &Principal,
        action: &Action,
        circumstances: &Circumstances,
    ) -> Option<String> {
        let Rule { tenants, max_criticality, environments, hours, .. } = &self.rule;
        let partner = matches!(who.standing, Standing::Partner(_));
        let is = |tenant: &String| match tenant.as_str() {
            "home" => !partner,
            "partner" => partner,
            id => id.eq_ignore_ascii_case(&who.tenant),
        };
        if !tenants.is_empty() && !tenants.iter().any(is) {
            return Some("only for people of other organisations than yours".into());
        }
        if let Some(hours) = hours
            && !circumstances.at.is_some_and(|at| hours.hold(at))
        {
            return Some(format!("only at these hours: {hours}"));
        }
        if !action.has_asset() {
            return None;
        }
        if let Some(most) = max_criticality
            && circumstances.criticality.is_none_or(|it| it > *most)
        {
            let is = circumstances.criticality;
            let is = is.map_or_else(
                || "and nobody knows this one's".into(),
                |it| format!("and this one's is {it}"),
            );
            return Some(format!("only for assets of criticality {most} or less, {is}"));
        }
        let lives = circumstances.environment.as_deref().unwrap_or_default();
        if !environments.is_empty() && !environments.iter().any(|it| it.eq_ignore_ascii_case(lives))
        {
            let is = if lives.is_empty() { "nobody knows where" } else { lives };
            let where_ = environments.join(", ");
            return Some(format!("only for assets in {where_}, and this one is in: {is}"));
        }
        None
    }
}

/// What the people of a tenant may do at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) actions: Option<BTreeSet<&'static str>>,
    pub(super) hours: Option<Hours>,
}

impl Bound {
    /// Why they may not, as the end of a sentence that begins "they may do this".
    pub(super) fn limit(&self, action: &str, circumstances: &Circumstances) -> Option<String> {
        if self.actions.as_ref().is_some_and(|it| !it.contains(action)) {
            return Some("nowhere here: the trust in your organisation does not cover it".into());
        }
        let hours = self.hours.as_ref()?;
        let now = circumstances.at.is_some_and(|at| hours.hold(at));
        (!now).then(|| format!("only at these hours: {hours}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hold_when_they_say_and_nothing_else_is_read() {
        // A Friday.
        let at = |time: &str| format!("2026-11-20T{time}Z").parse().expect("a time");
        for (hours, time, holds) in [
            ("08:00-18:00", "08:00:00", true),
            ("08:00-18:00", "18:00:00", false),
            ("sat,sun 00:00-24:00", "12:00:00", false),
            ("fri 00:00-24:00 UTC", "23:59:59", true),
            ("sun-tue,fri 00:00-24:00", "12:00:00", true),
            ("fri 22:00-06:00", "23:00:00", true),
            ("fri 22:00-06:00", "05:00:00", false),
            ("thu 22:00-06:00", "05:00:00", true),
            ("sat 00:00-01:00 +02:00", "22:30:00", true),
            ("Fri 20:00-21:00 -03:30", "23:45:00", true),
        ] {
            let read: Hours = hours.parse().expect(hours);
            assert_eq!(read.hold(at(time)), holds, "{hours} at {time}");
        }
        for wrong in [
            "",
            "8:00-18:00",
            "08:00",
            "08:00-08:00",
            "24:30-01:00",
            "fre 08:00-18:00",
            "08:00-18:00 CET",
            "08:00-18:00 +15:00",
            "mon-fri",
            "08:00-18:00 +01:00 x",
            "é 1",
            "08:60-09:00",
        ] {
            assert!(wrong.parse::<Hours>().is_err_and(|why| why.contains("mon-fri")), "{wrong}");
        }
    }
}
