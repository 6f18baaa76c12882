//! Parameters that a path alone does not make: `{{ entity.host | upper }}`, `{% if … %}`.
//!
//! The language is minijinja over values with names, and nothing else: no includes, no macros, no
//! functions, no filter that reaches anything. What is missing is an error, and so is what costs more
//! than [`FUEL`] or gives more than [`LARGEST`]. A value that is filled in is data; nothing parses it
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value, json};

use super::diagnostic::suggestion;
use super::template::TemplateError;
use crate::event::SecurityEvent;
use crate::run::Run;

/// Instructions of one template; minijinja allows 64 bytes of memory for each.
const FUEL: u64 = 20_000;
/// Largest template, in bytes.
const LONGEST: usize = 10_000;
/// Largest result, in bytes.
const LARGEST: usize = 40_000;
/// Statements that there are.
const STATEMENTS: [&str; 8] = ["if", "elif", "else", "endif", "for", "endfor", "set", "endset"];
/// What a template may read, `*` standing for a name.
const NAMES: [&str; 30] = [
    "entity.value",
    "entity.type",
    "entity.ids.*",
    "entity.host",
    "entity.user",
    "entity.ip",
    "entity.domain",
    "entity.url",
    "entity.file_hash",
    "entity.process",
    "entity.cloud_resource",
    "entity.mailbox",
    "incident.key",
    "incident.title",
    "incident.severity",
    "event.id",
    "event.type",
    "event.rule",
    "event.product",
    "event.tenant",
    "event.techniques",
    "event.entities",
    "severity",
    "source",
    "event_type",
    "title",
    "steps.*.done",
    "steps.*.failed",
    "steps.*.skipped",
    "steps.*.detail",
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_recursion_limit(16);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    for function in ["range", "dict", "debug", "namespace"] {
        environment.remove_global(function);
    }
    for filter in ["safe", "pprint"] {
        environment.remove_filter(filter);
    }
    environment
});

/// A template that can be filled.
#[derive(Debug)]
pub(super) struct Jinja {
    /// The steps whose results it reads.
    pub(super) steps: BTreeSet<String>,
}

impl Jinja {
    /// Reads a template and looks whether all that it names is there.
    ///
    /// # Errors
    ///
    /// What is wrong, and where in the text.
    pub(super) fn read(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            let message = format!("the template has more than {LONGEST} bytes");
            return Err(TemplateError { offset: 0, message, help: "make it shorter".into() });
        }
        statements(text)?;
        let template = ENVIRONMENT.template_from_str(text).map_err(|it| broken(text, &it))?;
        let mut steps = BTreeSet::new();
        let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        names.sort();
        for name in names {
            if !is_known(&name) {
                return Err(unknown(text, &name));
            }
            let mut parts = name.split('.');
            if parts.next() == Some("steps") {
                match parts.next() {
                    Some(step) => steps.extend([step.to_owned()]),
                    None => return Err(unknown(text, "steps")),
                }
            }
        }
        // Which filters and tests there are is known only when they are used.
        if let Err(error) = fill(text, &sample(&steps))
            && matches!(
                error.kind(),
                ErrorKind::UnknownFilter
                    | ErrorKind::UnknownTest
                    | ErrorKind::UnknownFunction
                    | ErrorKind::UnknownMethod
                    | ErrorKind::OutOfFuel
                    | ErrorKind::WriteFailure
            )
        {
            return Err(broken(text, &error));
        }
        Ok(Self { steps })
    }
}

/// Fills a template with what is known of an event and of the steps that came before.
///
/// # Errors
///
/// Why it cannot be filled, in a clause.
pub(super) fn filled(
    text: &str,
    event: &SecurityEvent,
    steps: &BTreeMap<String, Value>,
) -> Result<String, String> {
    fill(text, &context(event, steps)).map_err(|error| said(&error))
}

/// What templates may read of a run's steps.
pub(super) fn results(run: &Run) -> BTreeMap<String, Value> {
    let of = |step: &crate::run::Step| {
        let mut result = json!({
            "done": step.state.is_done(),
            "failed": step.state.is_failed(),
            "skipped": step.state.is_skipped(),
        });
        let described = run.is_dry().then(|| format!("(what {} gives)", step.name));
        if let (Value::Object(fields), Some(detail)) =
            (&mut result, step.detail.clone().or(described))
        {
            fields.insert("detail".into(), detail.into());
        }
        (step.name.clone(), result)
    };
    run.steps.iter().filter(|step| step.undoes.is_none()).map(of).collect()
}

fn fill(text: &str, context: &Value) -> Result<String, Error> {
    let template = ENVIRONMENT.template_from_str(text)?;
    let mut room = Room(Vec::new());
    template.render_captured_to(Serde(context), &mut room)?;
    String::from_utf8(room.0)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the result is no text"))
}

/// A text that takes no more than fits.
struct Room(Vec<u8>);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::Error::other(format!("the result has more than {LARGEST} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn context(event: &SecurityEvent, steps: &BTreeMap<String, Value>) -> Value {
    let mut entity = Map::new();
    if let Some(principal) = event.principal() {
        entity.insert("value".into(), principal.value.clone().into());
        entity.insert("type".into(), principal.kind.to_string().into());
        entity.insert("ids".into(), json!(principal.ids));
    }
    for found in &event.entities {
        entity.entry(found.kind.to_string()).or_insert_with(|| found.value.clone().into());
    }
    let entities: Vec<Value> = event
        .entities
        .iter()
        .map(|it| json!({"type": it.kind.to_string(), "value": it.value}))
        .collect();
    let mut context = json!({
        "entity": entity,
        "incident": {
            "key": event.incident_key, "title": event.title, "severity": event.severity.as_str(),
        },
        "event": {
            "id": event.event_id, "type": event.event_type, "rule": event.rule,
            "product": event.product, "tenant": event.tenant, "techniques": event.techniques,
            "entities": entities,
        },
        "severity": event.severity.as_str(),
        "source": event.source,
        "event_type": event.event_type,
        "title": event.title,
        "steps": steps,
    });
    without_nulls(&mut context);
    context
}

/// What is not there is missing, not the word `none`.
fn without_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, it| !it.is_null());
        fields.values_mut().for_each(without_nulls);
    }
}

/// Every name with a text, to see whether the words of a template are there.
fn sample(steps: &BTreeSet<String>) -> Value {
    let text = "sample";
    let result = json!({"done": true, "failed": false, "skipped": false, "detail": text});
    let entity: Map<String, Value> = NAMES
        .iter()
        .filter_map(|name| name.strip_prefix("entity."))
        .map(|name| (name.to_owned(), text.into()))
        .collect();
    json!({
        "entity": entity,
        "incident": {"key": text, "title": text, "severity": "high"},
        "event": {
            "id": text, "type": text, "rule": text, "product": text, "tenant": text,
            "techniques": [text], "entities": [{"type": text, "value": text}],
        },
        "severity": "high", "source": text, "event_type": text, "title": text,
        "steps": steps.iter().map(|step| (step.clone(), result.clone())).collect::<Map<_, _>>(),
    })
}

fn is_known(name: &str) -> bool {
    let fits = |known: &&str| {
        let (mut known, mut name) = (known.split('.'), name.split('.'));
        loop {
            match (known.next(), name.next()) {
                // A whole block, or a part of a value.
                (_, None) | (None, Some(_)) => return true,
                (Some(known), Some(name)) if known == "*" || known == name => {}
                _ => return false,
            }
        }
    };
    NAMES.iter().any(fits)
}

fn unknown(text: &str, name: &str) -> TemplateError {
    let at = text.find(name).and_then(|at| text.get(..at)).map_or(0, |it| it.chars().count());
    let help = match suggestion(name, NAMES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", NAMES.join(", ").replace('*', "NAME")),
    };
    TemplateError { offset: at, message: format!("there is no `{name}`"), help }
}

/// A template has the statements that a text needs, and none that could fetch something.
fn statements(text: &str) -> Result<(), TemplateError> {
    let mut before = 0;
    for part in text.split("{%").collect::<Vec<_>>() {
        if before > 0 {
            let word = part.trim_start_matches(['-', '+']).trim_start();
            let end = word.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(word.len());
            let word = word.get(..end).unwrap_or_default();
            if !STATEMENTS.contains(&word) {
                return Err(TemplateError {
                    offset: before - 2,
                    message: format!("there is no statement `{word}`"),
                    help: format!("there are {}", STATEMENTS.join(", ")),
                });
            }
        }
        before += part.chars().count() + 2;
    }
    Ok(())
}

fn broken(text: &str, error: &Error) -> TemplateError {
    let range = error.range().and_then(|range| text.get(..range.start));
    let help = "templates are those of minijinja, without includes, macros and functions";
    TemplateError {
        offset: range.map_or(0, |it| it.chars().count()),
        message: said(error),
        help: help.to_owned(),
    }
}

/// What an error is about, in one clause.
fn said(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template costs too much".to_owned(),
        (ErrorKind::WriteFailure, _) => format!("the result has more than {LARGEST} bytes"),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Shape, Source, normalise};

    fn event(value: &str) -> SecurityEvent {
        let raw = json!({
            "severity": "high", "entity_type": "host", "entity_value": value, "title": "A scan",
        });
        let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
        let at = "2026-01-01T00:00:00Z".parse().expect("a time");
        normalise(raw.to_string().as_bytes(), &source, at).expect("an event")
    }

    fn filled_with(text: &str, value: &str) -> Result<String, String> {
        let steps = [("iso".to_owned(), json!({"done": true, "detail": "m-7"}))].into();
        Jinja::read(text).map_err(|error| error.message)?;
        filled(text, &event(value), &steps)
    }

    #[test]
    fn values_have_their_types_and_results_are_texts() {
        fn check(text: &str, expected: &str) {
            assert_eq!(filled_with(text, "ws-1").as_deref(), Ok(expected), "{text}");
        }
        check("{{ entity.host | upper }}", "WS-1");
        check("{% if severity == 'high' %}now{% else %}later{% endif %}", "now");
        check("{{ event.entities | length + 1 }}", "2");
        check("{% for it in event.entities %}{{ it.type }};{% endfor %}", "host;");
        check("{{ steps.iso.detail }}", "m-7");
        check("{{ incident.title ~ '!' }}", "A scan!");
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let hostile = "ws-1{{ severity }}{% for x in [1] %}";
        assert_eq!(
            filled_with("[{{ entity.value | trim }}]", hostile),
            Ok(format!("[{hostile}]").to_lowercase())
        );
    }

    #[test]
    fn what_is_wrong_is_found_when_it_is_read() {
        fn check(text: &str, offset: usize, message: &str) {
            let error = Jinja::read(text).expect_err(text);
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{text}");
        }
        check("é {{ entity.valu | upper }}", 5, "there is no `entity.valu`");
        check("{{ steps.iso.detial }}", 3, "there is no `steps.iso.detial`");
        check("x {% include 'a' %}", 2, "there is no statement `include`");
        check("{% macro a() %}{% endmacro %}", 0, "there is no statement `macro`");
        check("{% import 'a' as b %}", 0, "there is no statement `import`");
        check("{{ range(9) }}", 3, "there is no `range`");
        let filter = Jinja::read("{{ title | shout }}").expect_err("no filter");
        assert!(filter.message.contains("filter shout is unknown"), "{}", filter.message);
        let open = Jinja::read("{{ title ").expect_err("open");
        assert!(open.message.starts_with("syntax error"), "{}", open.message);
    }

    #[test]
    fn what_is_missing_is_an_error_and_not_empty() {
        let why = filled_with("{{ entity.user | upper }}", "ws-1").expect_err("no user");
        assert!(why.contains("undefined"), "{why}");
    }

    #[test]
    fn hostile_templates_end_with_an_error() {
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(4_000), ")".repeat(4_000));
        let lists = format!(
            "{{% for a in [1,2,3,4,5,6,7,8] %}}{}x{}{{% endfor %}}",
            "{% for b in [1,2,3,4,5,6,7,8] %}".repeat(12),
            "{% endfor %}".repeat(12)
        );
        let all = [
            deep,
            lists,
            "{{ 'x' * 90000000 }}".to_owned(),
            format!("{{{{ {}'x' }}}}", "'xxxxxxxxxxxxxxxx' * 200 ~ ".repeat(300)),
            "{% for it in 'x' * 1000 %}{{ it * 1000 }}{% endfor %}".to_owned(),
            "{{ title | replace('', 'y' * 100000) }}".to_owned(),
            "{{ '%1000000000d' | format(1) }}".to_owned(),
        ];
        for text in all {
            let short: String = text.chars().take(60).collect();
            assert!(filled_with(&text, "ws-1").is_err(), "{short}");
        }
    }
}
