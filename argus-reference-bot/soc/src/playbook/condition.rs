//! Conditions in CEL: which events a trigger is about, and whether a step is done.
//!
//! A condition is compiled when the playbook is loaded, knows a few words and nothing of the world,
//! and ends: CEL has no loops but over lists, and a condition is short. One that cannot be answered
//! does not hold.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Program, Value};
use serde::{Serialize, Serializer};

use super::diagnostic::suggestion;
use crate::event::SecurityEvent;
use crate::run::Run;

/// Longest condition, in bytes: conditions are read by people.
const LONGEST: usize = 1_024;

/// The words that every condition may use.
const WORDS: [&str; 12] = [
    "severity",
    "source",
    "family",
    "event_type",
    "title",
    "product",
    "rule",
    "tenant",
    "entity_type",
    "entity",
    "entities",
    "techniques",
];
/// The word that conditions of steps may use beside these.
const STEPS: &str = "steps";

/// A condition, compiled.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    program: Arc<Program>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Why a text is no condition, or cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct ConditionError {
    /// Why.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
}

impl Condition {
    /// A trigger's condition: it sees the event.
    ///
    /// ```
    /// use argus_soc::playbook::Condition;
    ///
    /// assert!(Condition::of_event("severity == 'high' && 'T1486' in techniques").is_ok());
    /// let error = Condition::of_event("severty == 'high'").unwrap_err();
    /// assert_eq!(error.help.as_deref(), Some("did you mean `severity`?"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConditionError`] if it does not compile, is too long, or uses a word that there is not.
    pub fn of_event(text: &str) -> Result<Self, ConditionError> {
        Self::compile(text, &WORDS)
    }

    /// A step's condition: it sees the event, and by `steps.ID.done`, `.failed`, `.skipped` and
    /// `.detail` what became of other steps.
    ///
    /// # Errors
    ///
    /// As for [`Condition::of_event`].
    pub fn of_step(text: &str) -> Result<Self, ConditionError> {
        let mut words = WORDS.to_vec();
        words.push(STEPS);
        Self::compile(text, &words)
    }

    fn compile(text: &str, known: &[&str]) -> Result<Self, ConditionError> {
        let wrong = |why: String, help: Option<String>| Err(ConditionError { why, help });
        if text.len() > LONGEST {
            return wrong(format!("a condition has at most {LONGEST} bytes"), None);
        }
        // The parser follows brackets by calling itself.
        if text.bytes().filter(|it| matches!(it, b'(' | b'[' | b'{' | b'!' | b'-' | b'?')).count()
            > 64
        {
            return wrong("the condition is too deeply nested".into(), None);
        }
        let program = match Program::compile(text) {
            Ok(program) => program,
            Err(error) => {
                let why = format!("this is not CEL: {}", first_words(&error.to_string()));
                let help = "write something like severity == 'high' && source == 'edr'".to_owned();
                return wrong(why, Some(help));
            }
        };
        let unknown = {
            let used = program.references();
            let word = used.variables().into_iter().find(|it| !known.contains(it));
            word.map(str::to_owned)
        };
        if let Some(word) = unknown {
            let help = match suggestion(&word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            return wrong(format!("`{word}` is not known in a condition"), Some(help));
        }
        Ok(Self { text: text.to_owned(), program: Arc::new(program) })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds of an event.
    ///
    /// # Errors
    ///
    /// [`ConditionError`] if it cannot be answered, or is neither true nor false.
    pub fn holds(&self, event: &SecurityEvent) -> Result<bool, ConditionError> {
        self.answer(&about(event))
    }

    /// Whether it holds of an event and what a run has done.
    ///
    /// # Errors
    ///
    /// As for [`Condition::holds`].
    pub fn holds_in(&self, event: &SecurityEvent, run: &Run) -> Result<bool, ConditionError> {
        let mut context = about(event);
        let steps = run.steps.iter().map(|step| {
            let became: HashMap<String, Value> = HashMap::from([
                ("done".to_owned(), Value::Bool(step.state.is_done())),
                ("failed".to_owned(), Value::Bool(step.state.is_failed())),
                ("skipped".to_owned(), Value::Bool(step.state.is_skipped())),
                ("detail".to_owned(), step.detail.clone().unwrap_or_default().into()),
            ]);
            (step.name.clone(), Value::from(became))
        });
        context.add_variable_from_value(STEPS, steps.collect::<HashMap<_, _>>());
        self.answer(&context)
    }

    fn answer(&self, context: &Context<'_, '_>) -> Result<bool, ConditionError> {
        let wrong = |why: String| Err(ConditionError { why, help: None });
        match self.program.execute(context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => wrong(format!("`{}` is neither true nor false", self.text)),
            Err(error) => wrong(format!("`{}` cannot be answered: {error}", self.text)),
        }
    }
}

/// The parser's complaint, without its own picture of the place and the list of all that it knows.
fn first_words(error: &str) -> &str {
    let line = error.lines().next().unwrap_or_default();
    let line = line.split_once("Syntax error: ").map_or(line, |(_, rest)| rest);
    line.split_once(" expecting").map_or(line, |(words, _)| words)
}

fn about(event: &SecurityEvent) -> Context<'static, 'static> {
    let mut context = Context::default();
    let principal = event.principal();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let texts = [
        ("severity", event.severity.as_str().to_owned()),
        ("source", event.source.clone()),
        ("family", event.family.clone()),
        ("event_type", event.event_type.clone()),
        ("title", event.title.clone()),
        ("product", text(&event.product)),
        ("rule", text(&event.rule)),
        ("tenant", text(&event.tenant)),
        ("entity_type", principal.map(|it| it.kind.to_string()).unwrap_or_default()),
        ("entity", principal.map(|it| it.value.clone()).unwrap_or_default()),
    ];
    for (name, value) in texts {
        context.add_variable_from_value(name, value);
    }
    let values: Vec<String> = event.entities.iter().map(|it| it.value.clone()).collect();
    context.add_variable_from_value("entities", values);
    context.add_variable_from_value("techniques", event.techniques.clone());
    context
}
