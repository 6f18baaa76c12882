//! The correlation rules in use, compiled once.

use argus_soc::correlate::Rule;
use argus_soc::event::SecurityEvent;
use cel::{Context, Program, Value};

use crate::config::{ConfigError, Correlation};

/// The words that a condition may use.
const WORDS: [&str; 9] = [
    "severity",
    "source",
    "family",
    "event_type",
    "title",
    "rule",
    "entity_type",
    "entity",
    "techniques",
];

/// Longest condition, in bytes: conditions are read by people.
const LONGEST: usize = 1_024;

/// The rules, each with its condition.
#[derive(Debug, Default)]
pub struct Correlations(Vec<(Rule, Option<Program>)>);

impl Correlations {
    /// Checks and compiles the rules.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the rule and what is wrong with it.
    pub fn compile(rules: &[Correlation]) -> Result<Self, ConfigError> {
        let mut compiled: Vec<(Rule, Option<Program>)> = Vec::new();
        for (at, configured) in rules.iter().enumerate() {
            let key = format!("correlation[{at}]");
            let rule = configured.rule(&key)?;
            if compiled.iter().any(|(known, _)| known.name == rule.name) {
                let why = format!("there is a rule `{}` already", rule.name);
                return Err(ConfigError::value(format!("{key}.name"), why));
            }
            let condition = configured.r#where.as_deref();
            let condition = condition.map(|text| condition_of(&key, text)).transpose()?;
            compiled.push((rule, condition));
        }
        Ok(Self(compiled))
    }

    /// Whether there are none, so that nothing has to be looked at.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules that look at this event. A condition that fails on it does not hold.
    pub fn of<'a>(&'a self, event: &SecurityEvent) -> Vec<&'a Rule> {
        // Made when a condition asks for it: most rules of most people have none that fits.
        let mut context = None;
        let mut holds = |program: &Program| {
            let context = context.get_or_insert_with(|| context_of(event));
            match program.execute(context) {
                Ok(value) => value == Value::Bool(true),
                Err(error) => {
                    tracing::warn!(error = %error, "a correlation rule's condition failed");
                    false
                }
            }
        };
        let rules =
            self.0.iter().filter(|(_, condition)| condition.as_ref().is_none_or(&mut holds));
        rules.map(|(rule, _)| rule).collect()
    }
}

fn condition_of(key: &str, text: &str) -> Result<Program, ConfigError> {
    let wrong = |why: String| ConfigError::value(format!("{key}.where"), why);
    if text.len() > LONGEST {
        return Err(wrong(format!("a condition has at most {LONGEST} bytes")));
    }
    let program = Program::compile(text).map_err(|error| wrong(error.to_string()))?;
    match program.references().variables().into_iter().find(|it| !WORDS.contains(it)) {
        Some(word) => Err(wrong(format!("`{word}` is not known; use {}", WORDS.join(", ")))),
        None => Ok(program),
    }
}

fn context_of(event: &SecurityEvent) -> Context<'static, 'static> {
    let principal = event.principal();
    let mut context = Context::default();
    let texts = [
        ("severity", event.severity.as_str()),
        ("source", &event.source),
        ("family", &event.family),
        ("event_type", &event.event_type),
        ("title", &event.title),
        ("rule", event.rule.as_deref().unwrap_or_default()),
        ("entity_type", principal.map_or("", |it| it.kind.as_str())),
        ("entity", principal.map_or("", |it| &it.value)),
    ];
    for (name, value) in texts {
        context.add_variable_from_value(name, value.to_owned());
    }
    context.add_variable_from_value("techniques", event.techniques.clone());
    context
}

#[cfg(test)]
mod tests {
    use argus_soc::event::{Shape, Source, normalise};

    use super::*;

    fn rules(text: &str) -> Result<Correlations, String> {
        #[derive(serde::Deserialize)]
        struct File {
            correlation: Vec<Correlation>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        Correlations::compile(&file.correlation).map_err(|error| error.to_string())
    }

    const SPRAY: &str = "[[correlation]]\nname = \"password spray\"\nwithin = \"10m\"\nmin = 5\n\
                         distinct = { user = 3 }\ngroup_by = [\"ip\"]\n\
                         where = \"event_type == 'failed_logon'\"\n";

    #[test]
    fn a_rule_looks_at_the_events_of_its_condition() {
        let rules = rules(SPRAY).expect("compiles");
        let event = |event_type: &str| {
            let raw = format!(r#"{{"event_type": "{event_type}"}}"#);
            let source = Source { name: "edr", shape: Shape::Auto, tenant: None };
            let now = "2026-11-20T08:00:00Z".parse().expect("a time");
            normalise(raw.as_bytes(), &source, now).expect("an event")
        };
        assert!(rules.of(&event("malware")).is_empty());
        let failed = event("failed_logon");
        let [rule] = rules.of(&failed)[..] else { panic!("one rule") };
        assert_eq!((rule.within_ms, rule.min, rule.lateness_ms), (600_000, 5, 120_000));
        assert_eq!(rule.distinct.len(), 1);
    }

    #[test]
    fn a_wrong_rule_is_named() {
        let check = |from: &str, to: &str, part: &str| {
            let error = rules(&SPRAY.replace(from, to)).expect_err("refused");
            assert!(error.contains(part), "{error}");
        };
        check("\"10m\"", "\"ten\"", "correlation[0].within: `ten` is no time");
        check("\"10m\"", "\"25h\"", "at most 24h");
        check("user = 3", "usr = 3", "correlation[0].distinct: `usr` is not known");
        check("[\"ip\"]", "[\"address\"]", "correlation[0].group_by: `address` is not known");
        check("event_type ==", "event_tpe ==", "`event_tpe` is not known");
        check("== 'f", "= 'f", "correlation[0].where");
        check("min = 5\ndistinct = { user = 3 }", "min = 1", "2 to 1000");
        check("min = 5", "mni = 5", "unknown field `mni`");
        let twice = format!("{SPRAY}{SPRAY}");
        assert!(rules(&twice).expect_err("refused").contains("already"));
    }
}
