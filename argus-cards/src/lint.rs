//! Says what is wrong with a card before a person sees it: on the host where it will be shown, in
//! the file where it can be corrected.
//!
//! The rules are a [table](rules) with a source for each. A raw template is read as it is: a
//! `${...}` where a number belongs may become one, and is nothing to complain about.

mod card;
mod found;
mod lines;
mod manual;
mod marks;
mod origin;
mod print;
mod rules;
mod sarif;
mod walk;

use std::fmt;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Position};
use crate::host::Host;
use crate::json;
use crate::options::Options;
use crate::template::Template;

pub use manual::to_markdown;
pub use print::{to_json, to_text};
pub use rules::{Rule, Source, rule, rules};
pub use sarif::to_sarif;

pub(crate) use found::Reported;

use card::Card;
use found::Found;
use lines::Lines;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody will not see what was meant.
    Warning,
    /// The host refuses the card or a part of it, or the card does harm.
    Error,
}

impl Severity {
    /// The word for it: `error`, `warning` or `info`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something that a rule has found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Where it is.
    pub at: Position,
    /// Where the thing at that place ends, on the same line.
    pub end: Position,
    /// The JSON pointer of the thing in the file.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// What the rules say about one file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The file.
    pub file: String,
    /// Its text, so that a message can show the line.
    pub source: String,
    /// What was found, from top to bottom.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether something is an error.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule.severity == Severity::Error)
    }

    /// The first finding that refuses a template, as an error; `of` says of what card.
    pub(crate) fn refusal(&self, of: &str) -> Result<(), Error> {
        let Some(finding) = self.findings.iter().find(|found| found.rule.refuses()) else {
            return Ok(());
        };
        let message = format!("{} ({}{of})", finding.message, finding.rule.id);
        Err(Error::new(ErrorKind::TemplateInvalid, message).at(&self.file, finding.at))
    }
}

/// How a file is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// As a template if there is an expression, `$data` or `$when` in it.
    #[default]
    Auto,
    /// As a card that goes out like this: a `${...}` in it was forgotten.
    Card,
    /// As a template: a `${...}` may become anything.
    Template,
}

/// Checks cards and templates for one host.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::lint::Linter;
///
/// let linter = Linter::new(Host::TEAMS);
/// let report = linter.check("hi.json", r#"{
///   "type": "AdaptiveCard",
///   "version": "9.9",
///   "body": [{ "type": "TextBlock", "text": "Hi ${name}", "wrap": true }]
/// }"#);
/// let finding = report.findings.iter().find(|finding| finding.rule.id == "version.max").unwrap();
/// assert_eq!(finding.at.to_string(), "3:14");
/// assert_eq!(finding.pointer, "/version");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linter {
    host: Host,
    reading: Reading,
    verbs: Option<Vec<String>>,
}

impl Linter {
    /// A linter for a host.
    pub fn new(host: Host) -> Self {
        Self { host, reading: Reading::Auto, verbs: None }
    }

    /// Sets how files are read.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Sets which verbs a card may carry: whatever else is written into a template would be
    /// answered by nobody, or by a handler that was not meant.
    #[must_use]
    pub fn verbs<V: Into<String>>(mut self, verbs: impl IntoIterator<Item = V>) -> Self {
        self.verbs = Some(verbs.into_iter().map(Into::into).collect());
        self
    }

    /// Checks one file. What cannot be read is a finding, too.
    pub fn check(&self, file: &str, source: &str) -> Report {
        let lines = Lines::of(source);
        let mut found = Found::default();
        match json::read(source) {
            Err(fault) => {
                found.say("json.syntax", fault.at, fault.message);
            }
            Ok((root, again)) => {
                for at in again {
                    found.say("json.twice", at, "this property is written above, too");
                }
                let card = Card::new(file, source, &root, self);
                rules::run(&card, &mut found);
                if card.template {
                    expressions(file, source, &lines, &mut found);
                }
                return found.report(file, &lines, Some(&root));
            }
        }
        found.report(file, &lines, None)
    }

    /// Says whether a template may be taken into use: nothing in it, nor in the cards of its
    /// samples, may break a rule that [refuses](Rule::refuses).
    pub(crate) fn accept(
        &self,
        file: &str,
        source: &str,
        samples: &[(String, Value)],
        options: &Options,
    ) -> Result<(), Error> {
        let raw = self.clone().reading(Reading::Template).check(file, source);
        raw.refusal("")?;
        for (name, data) in samples {
            let rendered = self.check_rendered(file, source, data, options)?;
            rendered.refusal(&format!(", with the sample {name}"))?;
        }
        Ok(())
    }
}

/// What the compiler of templates says is part of the report.
fn expressions(file: &str, source: &str, lines: &Lines<'_>, found: &mut Found) {
    match Template::parse(file, source, &Options::default()) {
        Err(error) => {
            let at = error.position().map_or(0, |at| lines.offset(at));
            found.say("bind.syntax", at, error.message());
        }
        Ok(template) => {
            for odd in template.diagnostics() {
                let at = odd.at.map_or(0, |at| lines.offset(at));
                found.say("bind.odd", at, odd.message.clone());
            }
        }
    }
}
