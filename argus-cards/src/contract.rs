//! What a template may read: the JSON Schema of the type that it is rendered from.
//!
//! A template's expressions are compared with the schema when the template is loaded, long before a
//! field that was renamed leaves a hole in a card. Drafts 7 and 2020-12 are read, as schemars
//! writes them.

mod check;
mod editor;
mod shape;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Position};
use crate::lint::{Report, Reported};
use crate::template::Template;

/// The file beside a template that has its contract.
pub(crate) const FILE: &str = "contract.schema.json";

/// The contract of a template: what its data has, and of which types.
///
/// ```
/// use argus_cards::{Contract, Options, Template};
///
/// let schema = r#"{
///   "type": "object",
///   "properties": { "title": { "type": "string" }, "owner": { "type": ["string", "null"] } },
///   "required": ["title"]
/// }"#;
/// let contract = Contract::parse("contract.schema.json", schema)?;
///
/// let source = r#"{"type":"TextBlock","text":"${titel} of ${owner}"}"#;
/// let template = Template::parse("alert.card.json", source, &Options::default())?;
/// let reports = contract.check(&template);
/// let said: Vec<_> = reports[0].findings.iter().map(|found| found.message.as_str()).collect();
/// assert_eq!(
///     said,
///     [
///         "the data has no `titel`; did you mean `title`?",
///         "`owner` may be missing or null, and nothing asks for it",
///     ]
/// );
/// assert_eq!(reports[0].findings[0].at.to_string(), "1:31");
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Contract {
    root: Value,
}

impl Contract {
    /// Reads a JSON Schema; `file` is only used in messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TemplateInvalid`] with file, line and column if the text is not JSON, or no
    /// schema.
    pub fn parse(file: &str, source: &str) -> Result<Self, Error> {
        let invalid = |message: String, line, column| {
            let at = Position { line, column };
            Error::new(ErrorKind::TemplateInvalid, message).at(file, at)
        };
        let root: Value = serde_json::from_str(source).map_err(|error| {
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).max(1);
            let message = "the contract is not JSON".to_owned();
            invalid(message, number(error.line()), number(error.column())).because(error)
        })?;
        if !root.is_object() {
            return Err(invalid("a contract is a JSON Schema, an object".to_owned(), 1, 1));
        }
        Ok(Self { root })
    }

    /// Makes a contract of a schema, such as schemars gives.
    pub fn of(schema: Value) -> Self {
        Self { root: schema }
    }

    /// Says where a template reads what is not there, what may be missing, or what its place
    /// cannot show: a report for each file of the template, its own first.
    pub fn check(&self, template: &Template) -> Vec<Report> {
        let mut found = Reported::default();
        for read in template.reads() {
            check::read(&self.root, &read, &mut found);
        }
        found.reports(template.files())
    }

    /// Refuses a template that does not fit.
    pub(crate) fn accept(&self, template: &Template) -> Result<(), Error> {
        self.check(template).iter().try_for_each(|report| report.refusal(""))
    }

    /// A JSON Schema for editors: of cards with `$data` and `$when` in them, in which every text
    /// may hold an expression and each path of the contract is offered.
    ///
    /// ```
    /// use argus_cards::Contract;
    /// use serde_json::json;
    ///
    /// let contract = Contract::of(json!({"properties": {"title": {"type": "string"}}}));
    /// let schema = contract.editor_schema();
    /// assert!(schema.to_string().contains("${title}"));
    /// ```
    pub fn editor_schema(&self) -> Value {
        editor::schema(&self.root)
    }
}
