//! Adaptive Expressions, the language inside `${}`: our own lexer, parser and evaluator.
//!
//! Expressions read data and never change it. What depends on the outside (now, chance, locale) is
//! a value in [`Options`], and what an expression may cost is limited there too.

mod coerce;
pub(crate) mod eval;
pub(crate) mod expr;
pub(crate) mod functions;
#[cfg(feature = "minijinja")]
pub(crate) mod jinja;
mod jpath;
mod lex;
mod locale;
pub(crate) mod number;
pub(crate) mod parse;
mod pattern;
pub(crate) mod scope;
mod sort;
pub(crate) mod table;
pub(crate) mod text;
mod time;
mod timex;
pub(crate) mod value;
mod xml;
mod xpath;
mod zones;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Position};
use crate::options::Options;
use eval::{Cx, Severity};
use parse::Rules;
use scope::Scope;
use value::Val;

/// Why a text is not an expression.
#[derive(Debug)]
pub(crate) struct Syntax {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Syntax {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// Accounts for characters that were put in front of the text.
    fn moved_back(self, count: usize) -> Self {
        Self { at: self.at.saturating_sub(count), ..self }
    }
}

/// Evaluates one expression over `scope`.
///
/// The outcome is `None` where JavaScript has `undefined`: a path that leads nowhere, the first
/// item of an empty array. Bytes come as an array of numbers.
///
/// ```
/// use argus_cards::{Options, ael};
/// use serde_json::json;
///
/// let alerts = json!({"alerts": [{"score": 40}, {"score": 90}]});
/// let worst = ael::eval("max(select(alerts, a => a.score))", &alerts, &Options::default())?;
/// assert_eq!(worst, Some(json!(90)));
/// # Ok::<(), argus_cards::Error>(())
/// ```
///
/// # Errors
///
/// - [`ErrorKind::ExpressionInvalid`] if it cannot be read; the position is in the expression.
/// - [`ErrorKind::EvaluationFailed`] if it has no value for this data, as `1/0`.
/// - [`ErrorKind::LimitExceeded`] if it costs more than [`Options::limits`] allow.
pub fn eval(expression: &str, scope: &Value, options: &Options) -> Result<Option<Value>, Error> {
    let locate = |error: Error, at: usize| error.at("", Position::of(expression, at));
    let parsed =
        parse::expression(expression, Rules::alone(options.profile)).map_err(|syntax| {
            locate(Error::new(ErrorKind::ExpressionInvalid, syntax.message), syntax.at)
        })?;
    let mut cx = Cx::new(Scope::Plain(Val::from_data(scope)), options);
    cx.missing = eval::Missing::Quiet;
    let outcome = cx.eval(&parsed).map(|value| match value {
        Val::Bytes(bytes) => Some(bytes.iter().copied().collect()),
        value => value.to_json(),
    });
    outcome.map_err(|fault| {
        let kind = match fault.severity {
            Severity::Limit => ErrorKind::LimitExceeded,
            _ => ErrorKind::EvaluationFailed,
        };
        locate(Error::new(kind, fault.message), fault.at.unwrap_or(0))
    })
}

/// The names of all functions that expressions may call.
///
/// ```
/// assert!(argus_cards::ael::function_names().any(|name| name == "formatDateTime"));
/// ```
pub fn function_names() -> impl Iterator<Item = &'static str> {
    table::names()
}
