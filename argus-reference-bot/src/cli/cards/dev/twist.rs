//! Other people's data: what alerts really bring, made of a designer's sample.

use serde_json::{Map, Value};

/// Items of a long list.
const MANY: usize = 12;
/// Characters of a long text.
const LONG: usize = 240;
/// Characters of a long word.
const WORD: usize = 60;
const ARABIC: &str = "تم اكتشاف برنامج ضار على الخادم web-01 في الساعة 10:42";
const MARKDOWN: &str = "**bold** [click](https://evil.example/x) <at>Ada</at> `code` \
                        {{DATE(2026-01-01T00:00:00Z,SHORT)}} # not a title";

/// What is done to a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Twist {
    /// Nothing.
    #[default]
    Plain,
    /// Texts and lists are very long.
    Long,
    /// Texts and lists are empty.
    Empty,
    /// Every value is null.
    Null,
    /// Texts are right to left.
    Rtl,
    /// Texts try to be more than text.
    Markdown,
}

impl Twist {
    pub(super) fn all() -> [Self; 6] {
        [Self::Plain, Self::Long, Self::Empty, Self::Null, Self::Rtl, Self::Markdown]
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Long => "long",
            Self::Empty => "empty",
            Self::Null => "null",
            Self::Rtl => "rtl",
            Self::Markdown => "markdown",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Plain => "As it is",
            Self::Long => "Long",
            Self::Empty => "Empty",
            Self::Null => "Null",
            Self::Rtl => "Right to left",
            Self::Markdown => "Markdown",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|it| it.name() == name)
    }

    /// The sample, twisted. Names stay, and so do words such as `high`, by which a template chooses,
    /// and times, which programs write.
    pub(super) fn apply(self, data: &Value) -> Value {
        match (self, data) {
            (Self::Plain, data) => data.clone(),
            (twist, Value::Object(fields)) => {
                let twisted = fields.iter().map(|(name, value)| (name.clone(), twist.apply(value)));
                Value::Object(twisted.collect::<Map<_, _>>())
            }
            (Self::Empty, Value::Array(_)) => Value::Array(Vec::new()),
            (Self::Long, Value::Array(items)) => {
                let count = if items.is_empty() { 0 } else { items.len().max(MANY) };
                items.iter().cycle().take(count).map(|item| self.apply(item)).collect()
            }
            (twist, Value::Array(items)) => items.iter().map(|item| twist.apply(item)).collect(),
            (Self::Null, _) => Value::Null,
            (Self::Empty, Value::String(_)) => "".into(),
            (twist, Value::String(text)) if !is_choice(text) && !is_time(text) => {
                twist.text(text).into()
            }
            (_, other) => other.clone(),
        }
    }

    fn text(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Null | Self::Empty => text.to_owned(),
            Self::Long => {
                let unit = format!("{text} and so on, ");
                let long: String = unit.chars().cycle().take(LONG).collect();
                // A word that has no place to break.
                format!("{long}{}", "x".repeat(WORD))
            }
            Self::Rtl => ARABIC.to_owned(),
            Self::Markdown => format!("{MARKDOWN} {text}"),
        }
    }
}

/// Whether a text is one of a few words that the program chooses, and not what somebody wrote.
fn is_choice(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 24
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sample_is_twisted_and_keeps_its_names() {
        let at = "2026-01-01T00:00:00Z";
        let data =
            json!({ "title": "Malware on web-01", "severity": "high", "rows": [{ "at": at }] });
        let check = |name: &str, expected: Value| {
            assert_eq!(Twist::named(name).unwrap().apply(&data), expected, "{name}");
        };
        check("plain", data.clone());
        check("empty", json!({ "title": "", "severity": "", "rows": [] }));
        check("null", json!({ "title": null, "severity": null, "rows": [{ "at": null }] }));
        check("rtl", json!({ "title": ARABIC, "severity": "high", "rows": [{ "at": at }] }));
        let long = Twist::Long.apply(&data);
        assert_eq!(long["rows"].as_array().unwrap().len(), MANY);
        assert_eq!(long["title"].as_str().unwrap().chars().count(), LONG + WORD);
        let markdown = Twist::Markdown.apply(&data);
        assert!(markdown["title"].as_str().unwrap().ends_with("Malware on web-01"));
        assert_eq!(Twist::named("other"), None);
    }
}
