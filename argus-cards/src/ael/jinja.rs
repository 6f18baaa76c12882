//! The second dialect: `{{ … }}` in a string of a template is an expression of minijinja.
//!
//! It is evaluated after the template was read as JSON, so that a value cannot become structure, and
//! its result goes the same way as that of `${…}`: it is made safe for its place. It sees the
//! properties of the current data, and `_root`, `_index` and `_host`.

use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Object, Serde};
use minijinja::{AutoEscape, Environment, Expression, UndefinedBehavior, Value as Jinja};

use super::Syntax;
use super::eval::{Cx, Fault, Outcome};
use super::scope::{Roots, Scope};
use super::value::Val;

/// Instructions of one expression; minijinja allows 64 bytes of memory for each.
const FUEL: u64 = 20_000;
/// Steps that an expression costs, because the context has to be made for it.
const STEPS: u64 = 100;
/// How deep macros and includes may nest.
pub(crate) const MAX_RECURSION: usize = 32;

/// An expression that has been read.
pub(crate) struct JinjaExpr {
    source: String,
    expression: Expression<'static, 'static>,
    at: usize,
}

impl fmt::Debug for JinjaExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JinjaExpr").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Display for JinjaExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// What every use of minijinja has in common: what is missing is an error, and nothing is trusted.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_recursion_limit(MAX_RECURSION);
    environment.set_fuel(Some(FUEL));
    // These make text out of values that is not looked at any more.
    for filter in ["safe", "escape", "e", "tojson"] {
        environment.remove_filter(filter);
    }
    environment
}

/// Finds the byte after the `}}` that closes the `{{` at `at`; `None` if that is no expression, as
/// `{{DATE(…)}}` and `{{TIME(…)}}`, which Teams replaces itself.
pub(crate) fn expression_end(text: &str, at: usize) -> Option<usize> {
    let body = text.get(at..)?.strip_prefix("{{")?;
    let name = body.trim_start();
    if name.starts_with("DATE(") || name.starts_with("TIME(") {
        return None;
    }
    let mut quote = None;
    let mut chars = body.char_indices();
    while let Some((index, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') if body.get(index..)?.starts_with("}}") => return Some(at + index + 4),
            _ => {}
        }
    }
    None
}

impl JinjaExpr {
    /// Reads the expression between the braces; `at` is where it starts in its string.
    pub(crate) fn parse(source: &str, at: usize) -> Result<Self, Syntax> {
        static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
            let mut environment = environment();
            environment.set_auto_escape_callback(|_| AutoEscape::None);
            environment
        });
        let lead = source.len() - source.trim_start().len();
        let source = source.trim();
        let expression =
            ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|error| {
                let offset = error.range().map_or(0, |range| range.start.min(source.len()));
                Syntax::new(at + lead + offset, said(&error))
            })?;
        Ok(Self { source: source.to_owned(), expression, at: at + lead })
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The paths that the expression reads, such as `host.name`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            self.expression.undeclared_variables(true).into_iter().collect();
        paths.sort_unstable();
        paths
    }

    /// Evaluates the expression.
    pub(crate) fn eval<'a>(&self, cx: &mut Cx<'a, '_>) -> Outcome<Val<'a>> {
        cx.step(STEPS)?;
        let context = Jinja::from_object(context(&cx.scope));
        let value = self.expression.eval(context).map_err(|error| {
            let offset = error.range().map_or(0, |range| range.start);
            let mut fault = match error.kind() {
                minijinja::ErrorKind::OutOfFuel => Fault::limit(said(&error)),
                _ => Fault::new(said(&error)),
            };
            fault.at = Some(self.at + offset);
            fault
        })?;
        if value.is_undefined() {
            return Ok(cx.lost(&self.source, self.at));
        }
        let value = serde_json::to_value(&value)
            .map_err(|error| Fault::new(format!("the value cannot be shown: {error}")))?;
        Ok(Val::from_json(value))
    }
}

/// What an error of minijinja is about, in one clause.
pub(crate) fn said(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// What names mean.
#[derive(Debug)]
struct Context {
    data: Jinja,
    root: Jinja,
    host: Jinja,
    index: Jinja,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match key.as_str()? {
            "_root" => Some(self.root.clone()),
            "_host" => Some(self.host.clone()),
            "_index" => Some(self.index.clone()),
            name => self.data.get_attr(name).ok().filter(|value| !value.is_undefined()),
        }
    }
}

fn context(scope: &Scope<'_>) -> Context {
    let of = |value: &Val<'_>| match value {
        Val::Data(data) => Jinja::from(Serde(*data)),
        other => other.to_json().map_or(Jinja::UNDEFINED, |value| Jinja::from(Serde(&value))),
    };
    let given = |value: Option<&serde_json::Value>| {
        value.map_or(Jinja::UNDEFINED, |value| Jinja::from(Serde(value)))
    };
    match scope {
        Scope::Plain(value) => {
            let data = of(value);
            Context { root: data.clone(), data, host: Jinja::UNDEFINED, index: Jinja::UNDEFINED }
        }
        Scope::Template(Roots { root, host, data, index }) => Context {
            data: of(data),
            root: given(*root),
            host: given(*host),
            index: index.map_or(Jinja::UNDEFINED, Jinja::from),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::expression_end;

    #[test]
    fn expressions_end_at_their_braces() {
        assert_eq!(expression_end("{{ a }} b", 0), Some(7));
        assert_eq!(expression_end("x {{ '}}' }}", 2), Some(12));
        assert_eq!(expression_end("{{ a", 0), None);
        assert_eq!(expression_end("{{DATE(2026-01-15T00:00:00Z, SHORT)}}", 0), None);
        assert_eq!(expression_end("{{ TIME(x) }}", 0), None);
    }
}
