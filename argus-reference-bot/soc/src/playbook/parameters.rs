//! With what a step does it: one table of parameters for all actions, and what follows from it.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value as Json, json};

use super::diagnostic::suggestion;
use super::jinja::Jinja;
use super::read::{Fields, Reading};
use super::template::Template;
use super::values::duration_ms;
use super::yaml::{At, Node, Value};
use super::{ActionKind, Step};

/// The longest text, in characters: more fits no card and no comment.
pub(super) const LONGEST: usize = 10_000;

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A time such as `10m`.
    Duration,
    /// Texts; a single one is a list of one.
    Texts,
    /// Anything.
    Any,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

const fn may(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: false }
}

const fn must(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true }
}

/// Which of several connectors does it: every action takes that.
const CONNECTOR: Parameter = may("connector", Kind::Text);
/// How the automation runner's form says that a step undoes another one.
const UNDOES: Parameter = may("action", Kind::Text);

const ISOLATION: Kind = Kind::Word(&["Full", "Selective", "UnManagedDevice"]);
const SYSTEM: Parameter = may("system", Kind::Text);

impl ActionKind {
    /// What it takes; `None` if it takes whatever it is given.
    pub(super) const fn parameters(self) -> Option<&'static [Parameter]> {
        Some(match self {
            Self::IsolateHost => const { &[may("isolation_type", ISOLATION)] },
            Self::ScanHost => const { &[may("scan_type", Kind::Word(&["Quick", "Full"]))] },
            Self::QuarantineFile => const { &[must("sha1", Kind::Text)] },
            Self::RevokeToken => const { &[may("provider", Kind::Text), may("scope", Kind::Text)] },
            Self::CreateTicket => {
                const {
                    &[
                        SYSTEM,
                        may("project", Kind::Text),
                        may("priority", Kind::Text),
                        may("labels", Kind::Texts),
                    ]
                }
            }
            Self::CommentTicket => const { &[must("text", Kind::Text), SYSTEM] },
            Self::TransitionTicket => {
                const {
                    &[
                        must("state", Kind::Text),
                        may("close_code", Kind::Text),
                        may("close_notes", Kind::Text),
                        SYSTEM,
                    ]
                }
            }
            Self::CommentIncident => const { &[must("text", Kind::Text)] },
            Self::AddIncidentTask => {
                const { &[must("title", Kind::Text), may("text", Kind::Text)] }
            }
            Self::UpdateIncident => {
                const {
                    &[
                        may("status", Kind::Word(&["New", "Active", "Closed"])),
                        may("severity", Kind::Word(&["High", "Medium", "Low", "Informational"])),
                        may(
                            "classification",
                            Kind::Word(&[
                                "TruePositive",
                                "BenignPositive",
                                "FalsePositive",
                                "Undetermined",
                            ]),
                        ),
                        may("classificationReason", Kind::Text),
                        may("classificationComment", Kind::Text),
                    ]
                }
            }
            Self::RunSentinelPlaybook => const { &[must("playbook", Kind::Text)] },
            Self::RunLogicApp => {
                const {
                    &[
                        must("workflow", Kind::Text),
                        may("trigger", Kind::Text),
                        may("body", Kind::Any),
                    ]
                }
            }
            Self::Notify => {
                const { &[may("message", Kind::Text), may("conversation", Kind::Text)] }
            }
            Self::AskUser => const { &[may("message", Kind::Text), may("for", Kind::Duration)] },
            Self::Wait => const { &[must("for", Kind::Duration)] },
            Self::HttpRequest => return None,
            Self::ReleaseHost
            | Self::CollectPackage
            | Self::DisableUser
            | Self::EnableUser
            | Self::ForcePasswordChange
            | Self::BlockIp
            | Self::UnblockIp => &[],
        })
    }
}

impl Kind {
    /// What it says about a value that is not of this kind; `None` if it is. A word comes back as the
    /// table writes it.
    fn fits(self, value: &mut Json) -> Result<(), String> {
        let text = value.as_str();
        let scalar = text.is_some() || value.is_number() || value.is_boolean();
        let good = match self {
            Self::Any => true,
            Self::Text => scalar,
            Self::Duration => text.is_some_and(|it| duration_ms(it).is_some()),
            Self::Texts => {
                let texts = value.as_array();
                scalar
                    || texts.is_some_and(|it| it.iter().all(|it| it.is_string() || it.is_number()))
            }
            Self::Word(words) => {
                let said = text.unwrap_or_default();
                if let Some(word) = words.iter().find(|it| it.eq_ignore_ascii_case(said)) {
                    *value = Json::from(*word);
                    return Ok(());
                }
                false
            }
        };
        let long = value.as_str().is_some_and(|it| it.chars().count() > LONGEST);
        match (good, long) {
            (true, false) => Ok(()),
            (true, true) => Err(format!("has more than {LONGEST} characters")),
            (false, _) => Err(format!("must be {}", self.words())),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Duration => "a time such as 10m; there are ms, s, m, h and d".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
        }
    }

    fn schema(self) -> Json {
        let filled = json!({"type": "string", "pattern": "\\{[{%]"});
        match self {
            Self::Any => json!({}),
            Self::Text => json!({"type": ["string", "number", "boolean"]}),
            Self::Duration => json!({"$ref": "#/$defs/duration"}),
            Self::Texts => json!({"oneOf": [
                {"type": ["string", "number", "boolean"]},
                {"type": "array", "items": {"type": ["string", "number"]}},
            ]}),
            Self::Word(words) => json!({"anyOf": [{"enum": words}, filled]}),
        }
    }
}

/// Looks whether bound parameters are such as the action takes; words are made those of the table.
///
/// # Errors
///
/// Which one is not, and what it should be.
pub(super) fn check(action: ActionKind, parameters: &mut Json) -> Result<(), String> {
    let Some(known) = action.parameters() else { return Ok(()) };
    for parameter in known {
        let Some(value) = parameters.get_mut(parameter.name) else { continue };
        // What is filled in later, or says nothing, is looked at then.
        if !value.is_null() {
            parameter.kind.fits(value).map_err(|why| format!("`{}` {why}", parameter.name))?;
        }
    }
    Ok(())
}

/// The JSON Schema of an action's parameters.
pub(super) fn schema(action: ActionKind) -> Option<Json> {
    let known = action.parameters()?;
    let properties: Map<String, Json> = known
        .iter()
        .chain([&CONNECTOR, &UNDOES])
        .map(|it| (it.name.to_owned(), it.kind.schema()))
        .collect();
    let required: Vec<&str> = known.iter().filter(|it| it.required).map(|it| it.name).collect();
    let mut schema = Map::new();
    schema.insert("properties".into(), properties.into());
    schema.insert("additionalProperties".into(), false.into());
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    Some(schema.into())
}

impl Reading<'_> {
    /// The parameters of a step that does this.
    pub(super) fn parameters(&mut self, fields: Fields<'_>, action: ActionKind) -> Json {
        let known = action.parameters();
        let missing = |has: &dyn Fn(&str) -> bool| {
            let known = known.into_iter().flatten();
            known.filter(|it| it.required && !has(it.name)).map(|it| it.name).collect::<Vec<_>>()
        };
        // That a `wait` says for how long is found, and said, where that is read.
        let told = action == ActionKind::Wait;
        let Some(node) = fields.get("parameters") else {
            if let (Some(name), false) = (missing(&|_| false).first(), told) {
                self.lacks(fields.at, action, name);
            }
            return Json::Object(Map::new());
        };
        let Value::Map(given) = &node.value else {
            self.error(node.at, "`parameters` must be a block".into(), None);
            return Json::Object(Map::new());
        };
        for name in missing(&|name| given.iter().any(|(key, _)| key.name == name)) {
            if !told {
                self.lacks(node.at, action, name);
            }
        }
        let mut parameters = Map::new();
        for (key, node) in given {
            let mut value = self.parameter(node);
            let of = |it: &&&Parameter| it.name == key.name;
            let all = known.map(|it| it.iter().chain([&CONNECTOR, &UNDOES]));
            match all.map(|mut all| all.find(|it| of(&it))) {
                Some(None) => self.stranger(key.at, action, &key.name),
                Some(Some(parameter)) if !told && !is_filled(&value) && !value.is_null() => {
                    if let Err(why) = parameter.kind.fits(&mut value) {
                        let near = match (parameter.kind, value.as_str()) {
                            (Kind::Word(words), Some(word)) => {
                                suggestion(word, words.iter().copied())
                            }
                            _ => None,
                        };
                        let help = near.map(|near| format!("did you mean `{near}`?"));
                        self.error(node.at, format!("`{}` {why}", key.name), help);
                    }
                }
                _ => {}
            }
            parameters.insert(key.name.clone(), value);
        }
        Json::Object(parameters)
    }

    /// What a template reads of another step has to be there by then.
    pub(super) fn results(&mut self, steps: &[Step], places: &[At]) {
        for (step, at) in steps.iter().zip(places) {
            let before = needed_by(step, steps);
            let read = read_by(&step.parameters);
            for other in read.iter().filter(|it| !before.contains(it.as_str())) {
                let message =
                    format!("`{}` reads a result of `{other}`, which it does not need", step.id);
                let help = format!("add it: needs: [{other}]");
                self.error(*at, message, Some(help));
            }
        }
    }

    fn lacks(&mut self, at: At, action: ActionKind, name: &str) {
        let help = Some(format!("add parameters: {{{name}: …}}"));
        self.error(at, format!("{action} needs the parameter `{name}`"), help);
    }

    fn stranger(&mut self, at: At, action: ActionKind, name: &str) {
        let known = action.parameters().unwrap_or_default().iter().chain([&CONNECTOR]);
        let known: Vec<&str> = known.map(|it| it.name).collect();
        let help = match suggestion(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.error(at, format!("{action} has no parameter `{name}`"), Some(help));
    }

    fn parameter(&mut self, node: &Node) -> Json {
        match &node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(number) => Json::from(*number),
            Value::Float(number) => {
                let number = Number::from_f64(*number);
                if number.is_none() {
                    self.error(node.at, "the number must be finite".into(), None);
                }
                number.map_or(Json::Null, Json::Number)
            }
            Value::Text(text) => {
                // Only the check is wanted here; the plan binds the text.
                self.filled(node, text);
                Json::String(text.clone())
            }
            Value::List(items) => Json::Array(items.iter().map(|n| self.parameter(n)).collect()),
            Value::Map(fields) => Json::Object(
                fields.iter().map(|(key, node)| (key.name.clone(), self.parameter(node))).collect(),
            ),
        }
    }

    /// A text that is a template has to be one that can be filled.
    fn filled(&mut self, node: &Node, text: &str) {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return;
        }
        if text.parse::<Template>().is_ok() {
            return;
        }
        if let Err(error) = Jinja::read(text) {
            self.template_error(node, error);
        }
    }
}

/// Whether a text is filled later.
fn is_filled(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains("{{") || text.contains("{%"),
        Json::Array(items) => items.iter().any(is_filled),
        _ => false,
    }
}

/// The steps that come before this one for sure, as far as `needs` says.
fn needed_by<'a>(step: &'a Step, steps: &'a [Step]) -> BTreeSet<&'a str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = step.needs.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(step) = steps.iter().find(|it| it.id == name)
        {
            open.extend(step.needs.iter().map(String::as_str));
        }
    }
    found
}

/// The steps whose results parameters read.
fn read_by(parameters: &Json) -> BTreeSet<String> {
    match parameters {
        Json::String(text) if text.contains("steps") && is_filled(parameters) => {
            Jinja::read(text).map(|it| it.steps).unwrap_or_default()
        }
        Json::Array(items) => items.iter().flat_map(read_by).collect(),
        Json::Object(fields) => fields.values().flat_map(read_by).collect(),
        _ => BTreeSet::new(),
    }
}
