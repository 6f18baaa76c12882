//! From the text of a mapping to a mapping: every key known, every path read, all findings at once.
//!
//! Long because every section of the file has its own short function here, in its order.

use serde_json::Value as JsonValue;

use super::{
    Condition, EntityRule, Expected, Facts, Grading, Mapping, PartPicks, Path, PhaseRule, Pick,
    Sample, Scale, Stated, Wanted,
};
use crate::event::{EntityKind, Severity};
use crate::playbook::yaml::{self, At, Key, Node, Value};
use crate::playbook::{Diagnostic, Diagnostics, Level, suggestion};

const KEYS: [&str; 23] = [
    "mapper",
    "product",
    "family",
    "when",
    "within",
    "id",
    "revision",
    "incident",
    "time",
    "title",
    "description",
    "type",
    "rule",
    "link",
    "tenant",
    "techniques",
    "severity",
    "phase",
    "entities",
    "context",
    "ignore",
    "samples",
    "note",
];
const KINDS: [&str; 9] =
    ["host", "user", "ip", "domain", "url", "file_hash", "process", "cloud_resource", "mailbox"];
const PARTS: [&str; 7] = ["upn", "fqdn", "name", "domain", "sid", "id", "shown"];
const SEVERITIES: [(&str, Severity); 5] = [
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
/// What a sample may expect.
pub(super) const EXPECTED: [&str; 16] = [
    "id",
    "incident",
    "time",
    "title",
    "description",
    "type",
    "rule",
    "link",
    "tenant",
    "techniques",
    "severity",
    "phase",
    "entities",
    "product",
    "family",
    "mapper",
];

/// Reads a mapping.
pub(super) fn mapping(file: &str, text: &str) -> Result<Mapping, Diagnostics> {
    let mut reading = Reading { file, lines: text.lines().collect(), errors: Vec::new() };
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(error) => {
            reading.error(error.at, error.message, None);
            return Err(Diagnostics(reading.errors));
        }
    };
    let mapping = reading.mapping(&document);
    match mapping {
        Some(mapping) if reading.errors.is_empty() => Ok(mapping),
        _ => Err(Diagnostics(reading.errors)),
    }
}

struct Reading<'t> {
    file: &'t str,
    lines: Vec<&'t str>,
    errors: Vec<Diagnostic>,
}

type Fields = [(Key, Node)];

impl Reading<'_> {
    fn error(&mut self, at: At, message: impl Into<String>, help: Option<String>) {
        let line = at.line.checked_sub(1).and_then(|line| self.lines.get(line));
        self.errors.push(Diagnostic {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            level: Level::Error,
            message: message.into(),
            help,
            source_line: line.copied().unwrap_or_default().to_owned(),
        });
    }

    fn expected(&mut self, node: &Node, what: &str) {
        self.error(node.at, format!("{what} was expected, not {}", node.kind()), None);
    }

    fn block<'n>(&mut self, node: &'n Node, keys: &[&str]) -> &'n Fields {
        let Value::Map(fields) = &node.value else {
            self.expected(node, "a block");
            return &[];
        };
        for (key, _) in fields {
            if !keys.contains(&key.name.as_str()) {
                let help = match suggestion(&key.name, keys.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", keys.join(", ")),
                };
                self.error(key.at, format!("`{}` is not a key here", key.name), Some(help));
            }
        }
        fields
    }

    fn mapping(&mut self, document: &Node) -> Option<Mapping> {
        let fields = self.block(document, &KEYS);
        let get =
            |name: &str| fields.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let Some(node) = get("mapper") else {
            self.error(document.at, "`mapper: NAME/VERSION` is missing", None);
            return None;
        };
        let (name, id) = self.name(node)?;
        let when = get("when").map_or_else(Vec::new, |node| self.lines_of_conditions(node));
        if when.is_empty() {
            let help = "for example `when: [{acme_alert_id: any}]`".to_owned();
            self.error(document.at, "`when` has to say how a message is recognised", Some(help));
        }
        let mut pick = |name: &str| get(name).map(|node| self.pick(node)).unwrap_or_default();
        let facts = Facts {
            id: pick("id"),
            revision: pick("revision"),
            incident: pick("incident"),
            time: pick("time"),
            title: pick("title"),
            description: pick("description"),
            kind: pick("type"),
            rule: pick("rule"),
            link: pick("link"),
            tenant: pick("tenant"),
            techniques: pick("techniques"),
        };
        let family = match get("family") {
            Some(node) => self.word(node)?,
            None => name.clone(),
        };
        Some(Mapping {
            family,
            product: get("product").map(|node| self.product(node)),
            when,
            within: get("within").map(|node| self.pick(node)),
            facts,
            severity: get("severity").map_or(Grading::Usual, |node| self.grading(node)),
            phase: get("phase").and_then(|node| self.phase(node)),
            entities: self.list(get("entities"), Self::entity),
            context: get("context").map_or_else(Vec::new, |node| self.picks(node)),
            ignore: self.list(get("ignore"), Self::word),
            samples: self.list(get("samples"), Self::sample),
            name,
            id,
            added: true,
        })
    }

    fn list<T>(
        &mut self,
        node: Option<&Node>,
        read: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        match node.map(|node| (node, &node.value)) {
            None => Vec::new(),
            Some((_, Value::List(items))) => {
                items.iter().filter_map(|item| read(self, item)).collect()
            }
            Some((node, _)) => {
                self.expected(node, "a list");
                Vec::new()
            }
        }
    }

    fn word(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => {
                self.expected(node, "a text");
                None
            }
        }
    }

    /// `okta/1`.
    fn name(&mut self, node: &Node) -> Option<(String, String)> {
        let id = self.word(node)?;
        let parts = id.split_once('/');
        let good = parts.is_some_and(|(name, version)| {
            let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            name.len() <= 40
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(letter)
                && version.parse::<u32>().is_ok_and(|version| version > 0)
        });
        if !good {
            let help = "small letters, digits and `_`, then the version: `acme_edr/1`".to_owned();
            self.error(node.at, format!("`{id}` is not NAME/VERSION"), Some(help));
            return None;
        }
        Some((parts?.0.to_owned(), id))
    }

    /// A product's name is a fixed text, or a path in quotes with `$` in front.
    fn product(&mut self, node: &Node) -> Pick {
        match &node.value {
            Value::Text(text) if !text.contains(['$', '|', '\'', '{']) => {
                Pick::parse(&format!("'{text}'")).unwrap_or_default()
            }
            _ => self.pick(node),
        }
    }

    fn pick(&mut self, node: &Node) -> Pick {
        let Some(text) = self.word(node) else { return Pick::default() };
        Pick::parse(&text).unwrap_or_else(|bad| {
            let mut at = node.at;
            let line = at.line.checked_sub(1).and_then(|line| self.lines.get(line));
            let quoted = line.and_then(|line| line.chars().nth(at.column - 1));
            at.column += bad.at + usize::from(matches!(quoted, Some('"' | '\'')));
            self.error(at, bad.message, Some("a path looks like `a.b | c[0].d`".to_owned()));
            Pick::default()
        })
    }

    fn picks(&mut self, node: &Node) -> Vec<(String, Pick)> {
        let Value::Map(fields) = &node.value else {
            self.expected(node, "a block of names with paths");
            return Vec::new();
        };
        fields.iter().map(|(key, node)| (key.name.clone(), self.pick(node))).collect()
    }

    fn path(&mut self, at: At, text: &str) -> Option<Path> {
        Path::parse(text)
            .map_err(|bad| {
                let at = At { column: at.column + bad.at, ..at };
                self.error(at, bad.message, Some("a path looks like `a.b[0].c`".to_owned()));
            })
            .ok()
    }

    fn lines_of_conditions(&mut self, node: &Node) -> Vec<Vec<Condition>> {
        match &node.value {
            Value::Map(_) => vec![self.conditions(node)],
            _ => self.list(Some(node), |reading, item| Some(reading.conditions(item))),
        }
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        let Value::Map(fields) = &node.value else {
            self.expected(node, "a block of paths with what stands there");
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for (key, node) in fields {
            let Some(path) = self.path(key.at, &key.name) else { continue };
            let wanted = match &node.value {
                Value::Text(text) if text == "any" => Wanted::Present,
                Value::Text(text) if text == "none" => Wanted::Absent,
                Value::List(_) => Wanted::OneOf(self.list(Some(node), Self::word)),
                _ => Wanted::OneOf(self.word(node).into_iter().collect()),
            };
            conditions.push(Condition { path, wanted });
        }
        conditions
    }

    fn grading(&mut self, node: &Node) -> Grading {
        match &node.value {
            Value::Text(text) if text == "none" => Grading::Never,
            Value::List(_) => {
                Grading::Stated(self.list(Some(node), |reading, item| Some(reading.stated(item))))
            }
            _ => Grading::Stated(vec![self.stated(node)]),
        }
    }

    fn stated(&mut self, node: &Node) -> Stated {
        let mut stated = Stated {
            when: Vec::new(),
            from: Pick::default(),
            words: Vec::new(),
            scale: Scale::default(),
        };
        if matches!(node.value, Value::Text(_)) {
            stated.from = self.pick(node);
            return stated;
        }
        for (key, node) in self.block(node, &["when", "from", "words", "scale"]) {
            match (key.name.as_str(), &node.value) {
                ("when", _) => stated.when = self.conditions(node),
                ("from", _) => stated.from = self.pick(node),
                ("words", Value::Map(words)) => {
                    for (word, node) in words {
                        let severity = self.severity(node);
                        stated.words.extend(severity.map(|found| (word.name.clone(), found)));
                    }
                }
                ("scale", Value::Map(bands)) => {
                    for (band, node) in bands {
                        let Some(severity) = self.severity(node) else { continue };
                        if let Err(message) = stated.scale.add(&band.name, severity) {
                            self.error(band.at, message, None);
                        }
                    }
                }
                ("words" | "scale", _) => self.expected(node, "a block"),
                _ => {}
            }
        }
        stated
    }

    fn severity(&mut self, node: &Node) -> Option<Severity> {
        let word = self.word(node)?;
        let found = SEVERITIES.iter().find(|(name, _)| *name == word).map(|(_, found)| *found);
        if found.is_none() {
            let names = SEVERITIES.map(|(name, _)| name);
            let help = suggestion(&word, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{word}` is none of {}", names.join(", "));
            self.error(node.at, message, help);
        }
        found
    }

    fn phase(&mut self, node: &Node) -> Option<PhaseRule> {
        let fields = self.block(node, &["from", "open", "update", "resolved"]);
        let get =
            |name: &str| fields.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let Some(from) = get("from") else {
            self.error(node.at, "`from` says where the status stands; it is missing", None);
            return None;
        };
        Some(PhaseRule {
            from: self.pick(from),
            open: self.list(get("open"), Self::word),
            update: self.list(get("update"), Self::word),
            resolved: self.list(get("resolved"), Self::word),
        })
    }

    fn entity(&mut self, node: &Node) -> Option<EntityRule> {
        let Value::Map(fields) = &node.value else {
            self.expected(node, "an entity such as `host: device.name`");
            return None;
        };
        let mut rule = EntityRule {
            kind: EntityKind::Other(String::new()),
            each: None,
            when: Vec::new(),
            value: Pick::default(),
            parts: None,
            ids: Vec::new(),
        };
        let mut kinds = 0;
        for (key, node) in fields {
            match key.name.as_str() {
                "each" => {
                    let text = self.word(node)?;
                    rule.each = self.path(node.at, &text);
                }
                "when" => rule.when = self.conditions(node),
                "ids" => rule.ids = self.picks(node),
                kind => {
                    kinds += 1;
                    rule.kind = self.kind(key, kind);
                    match &node.value {
                        Value::Map(_) => rule.parts = Some(self.parts(node, &rule.kind)),
                        _ => rule.value = self.pick(node),
                    }
                }
            }
        }
        if kinds != 1 {
            self.error(
                node.at,
                "an entity has one kind",
                Some(format!("one of {}", KINDS.join(", "))),
            );
            return None;
        }
        Some(rule)
    }

    /// A kind that nobody knows is probably a slip; `other_WORD` is one on purpose.
    fn kind(&mut self, key: &Key, kind: &str) -> EntityKind {
        if let Some(word) = kind.strip_prefix("other_") {
            return EntityKind::Other(word.to_owned());
        }
        if !KINDS.contains(&kind) {
            let help = match suggestion(kind, KINDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}, and other_WORD for your own", KINDS.join(", ")),
            };
            self.error(key.at, format!("`{kind}` is no kind of entity"), Some(help));
        }
        EntityKind::from(kind.to_owned())
    }

    fn parts(&mut self, node: &Node, kind: &EntityKind) -> PartPicks {
        if !matches!(kind, EntityKind::User | EntityKind::Host) {
            self.error(node.at, "only a user and a host have parts", None);
        }
        let mut parts = PartPicks::default();
        for (key, node) in self.block(node, &PARTS) {
            let pick = self.pick(node);
            match key.name.as_str() {
                "upn" | "fqdn" => parts.whole = pick,
                "name" => parts.name = pick,
                "domain" => parts.domain = pick,
                "sid" => parts.sid = pick,
                "id" => parts.id = pick,
                _ => parts.shown = pick,
            }
        }
        parts
    }

    fn sample(&mut self, node: &Node) -> Option<Sample> {
        let fields = self.block(node, &["message", "expect", "note"]);
        let get =
            |name: &str| fields.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let (Some(message), Some(expect)) = (get("message"), get("expect")) else {
            self.error(node.at, "a sample has a `message` and what to `expect`", None);
            return None;
        };
        let message = match &message.value {
            Value::Text(text) => text.clone(),
            _ => json(message).to_string(),
        };
        let mut expected = Vec::new();
        for (key, node) in self.block(expect, &EXPECTED) {
            let value = match &node.value {
                Value::List(_) => self.list(Some(node), Self::word),
                Value::Null => Vec::new(),
                _ => self.word(node).into_iter().collect(),
            };
            let at = (key.at.line, key.at.column);
            expected.push(Expected { at, field: key.name.clone(), value });
        }
        Some(Sample { at: (node.at.line, node.at.column), message, expect: expected })
    }
}

/// A block of a mapping as the JSON that a product would send.
fn json(node: &Node) -> JsonValue {
    match &node.value {
        Value::Null => JsonValue::Null,
        Value::Bool(value) => JsonValue::Bool(*value),
        Value::Integer(number) => JsonValue::from(*number),
        Value::Float(number) => JsonValue::from(*number),
        Value::Text(text) => JsonValue::String(text.clone()),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(fields) => JsonValue::Object(
            fields.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
        ),
    }
}
