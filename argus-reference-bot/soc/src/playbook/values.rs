//! Single values of a playbook: texts, words, numbers, durations, templates.

use super::diagnostic::suggestion;
use super::read::{Fields, Reading};
use super::template::{Template, TemplateError};
use super::yaml::{At, Node, Value};

impl Reading<'_> {
    /// Reads a template and reports the place within the text.
    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        let Value::Text(text) = &node.value else {
            self.error(node.at, format!("a text was expected, not {}", node.kind()), None);
            return None;
        };
        match text.parse::<Template>() {
            Ok(template) => Some(template),
            Err(error) => {
                self.template_error(node, error);
                None
            }
        }
    }

    /// Reports what is wrong with a template at its place within the text.
    pub(super) fn template_error(&mut self, node: &Node, error: TemplateError) {
        let added = self.added(node.at);
        let first = node.at.column.saturating_sub(added + 1);
        let quoted = self.line(node.at).chars().nth(first);
        let quote = usize::from(matches!(quoted, Some('"' | '\'')));
        let at = At { column: node.at.column + quote + error.offset, ..node.at };
        self.error(at, error.message, Some(error.help));
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if let Value::List(items) = &node.value {
            return items;
        }
        self.error(node.at, format!("{what} must be a list, not {}", node.kind()), None);
        &[]
    }

    pub(super) fn text(&mut self, fields: Fields<'_>, name: &str) -> Option<String> {
        let node = fields.get(name)?;
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                let message = format!("`{name}` must be a text, not {}", node.kind());
                self.error(node.at, message, Some("write it in quotes".into()));
                None
            }
        }
    }

    pub(super) fn required_text(&mut self, fields: Fields<'_>, name: &str) -> Option<String> {
        if fields.get(name).is_none() {
            self.error(fields.at, format!("`{name}` is missing"), None);
            return None;
        }
        self.text(fields, name)
    }

    /// A name for programs: short, and safe in a path, a log line and a card.
    pub(super) fn required_name(&mut self, fields: Fields<'_>, name: &str) -> Option<String> {
        let text = self.required_text(fields, name)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if text.len() <= 64 && text.bytes().all(plain) {
            return Some(text);
        }
        let at = fields.get(name).map_or(fields.at, |node| node.at);
        let message = format!("`{name}` may have up to 64 letters, digits, `-`, `_` and `.`");
        self.error(at, message, None);
        None
    }

    /// The texts of a list; a single text is a list of one.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<String> {
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                Value::Integer(number) => texts.push(number.to_string()),
                _ => self.error(item.at, format!("a text was expected, not {}", item.kind()), None),
            }
        }
        texts
    }

    pub(super) fn choices<T: Copy>(
        &mut self,
        fields: Fields<'_>,
        name: &str,
        words: &[(&str, T)],
    ) -> Vec<T> {
        let Some(node) = fields.get(name) else { return Vec::new() };
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| self.word(item, name, words)).collect()
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        fields: Fields<'_>,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        fields.get(name).and_then(|node| self.word(node, name, words))
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return Some(*value);
        }
        let known = words.iter().map(|(word, _)| *word);
        let help = match suggestion(text, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.error(node.at, format!("`{text}` is not a value of `{name}`"), Some(help));
        None
    }

    pub(super) fn flag(&mut self, fields: Fields<'_>, name: &str, default: bool) -> bool {
        match fields.get(name).map(|node| (node.at, &node.value)) {
            None => default,
            Some((_, Value::Bool(value))) => *value,
            Some((at, _)) => {
                self.error(at, format!("`{name}` must be true or false"), None);
                default
            }
        }
    }

    pub(super) fn number(
        &mut self,
        fields: Fields<'_>,
        name: &str,
        min: u32,
        max: u32,
        default: u32,
    ) -> u32 {
        let Some(node) = fields.get(name) else { return default };
        let number = match node.value {
            Value::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        number.filter(|number| (min..=max).contains(number)).unwrap_or_else(|| {
            let message = format!("`{name}` must be a number from {min} to {max}");
            self.error(node.at, message, None);
            default
        })
    }

    /// Reads `500ms`, `30s`, `15m`, `4h`, `7d`.
    pub(super) fn duration(&mut self, fields: Fields<'_>, name: &str, default: i64) -> i64 {
        let Some(node) = fields.get(name) else { return default };
        let read = match &node.value {
            Value::Text(text) => duration_ms(text),
            _ => None,
        };
        read.unwrap_or_else(|| {
            let help = Some("write a number and a unit: 500ms, 30s, 15m, 4h, 7d".to_owned());
            self.error(node.at, format!("`{name}` is not a duration"), help);
            default
        })
    }
}

pub(super) fn duration_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let ms = number.parse::<i64>().ok()?.checked_mul(unit)?;
    // A month is more than any question or run may stay open.
    (1..=31 * 86_400_000).contains(&ms).then_some(ms)
}
