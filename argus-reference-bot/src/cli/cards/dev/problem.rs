//! Mistakes and remarks as the page shows them: where, what, and what may have been meant.

use std::collections::BTreeSet;

use argus_cards::lint::{Finding, Severity};
use argus_cards::{Diagnostic, Level, Position};
use serde_json::{Value, json};

use super::hint::hint;
use crate::cli::cards::place::{pointer, snippet};

/// A mistake or a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Whether a bot would not take the template.
    pub(super) is_error: bool,
    file: String,
    at: Option<Position>,
    pointer: Option<String>,
    message: String,
    hint: Option<String>,
    /// The line, with a caret below it.
    source: Option<String>,
    /// The rule that says so, if it is one of `argus cards lint`.
    rule: Option<&'static str>,
}

impl Problem {
    /// What the compiler or a rendering says; `text` is the file, `data` what it was rendered over.
    pub(super) fn of(diagnostic: &Diagnostic, text: &str, data: &Value) -> Self {
        let Diagnostic { file, at, message, level, .. } = diagnostic.clone();
        Self {
            is_error: level == Level::Refused,
            pointer: at.map(|at| pointer(text, at)),
            source: at.and_then(|at| snippet(text, at)),
            hint: hint(&message, data),
            file,
            at,
            message,
            rule: None,
        }
    }

    /// What a rule says; nothing if it is not worth a designer's look.
    pub(super) fn of_rule(finding: &Finding, file: &str, text: &str) -> Option<Self> {
        let is_error = finding.rule.refuses();
        (is_error || finding.rule.severity > Severity::Info).then(|| Self {
            is_error,
            file: file.to_owned(),
            at: Some(finding.at),
            pointer: Some(finding.pointer.clone()),
            source: snippet(text, finding.at),
            message: finding.message.clone(),
            hint: Some(finding.rule.help.to_owned()),
            rule: Some(finding.rule.id),
        })
    }

    /// As the page takes it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "level": if self.is_error { "error" } else { "warning" },
            "file": self.file,
            "line": self.at.map(|at| at.line),
            "column": self.at.map(|at| at.column),
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
            "rule": self.rule,
            "source": self.source,
        })
    }

    /// Where it is, for the order on the page.
    fn place(&self) -> (bool, Option<Position>) {
        (!self.is_error, self.at)
    }
}

/// Each once, mistakes first, from top to bottom. Of two that say something of one place, the rule's
/// one goes: it repeats what the compiler says.
pub(super) fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    let said: BTreeSet<Position> =
        problems.iter().filter(|it| it.rule.is_none()).filter_map(|it| it.at).collect();
    let repeats = |it: &Problem| {
        let is_of_compiler = it.rule.is_some_and(|rule| rule.starts_with("bind."));
        is_of_compiler && it.at.is_some_and(|at| said.contains(&at))
    };
    problems.retain(|it| !repeats(it));
    problems
        .sort_by(|one, other| (one.place(), &one.message).cmp(&(other.place(), &other.message)));
    problems.dedup();
    problems
}
