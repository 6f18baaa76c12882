//! Runs a compiled template over data and writes the card's bytes.

mod guard;
mod scope;

use std::sync::atomic::Ordering::Relaxed;

use serde_json::Value;

use super::files::Site;
use super::program::{Leaf, Op};
use super::role::Role;
use super::{Template, write};
use crate::ael::eval::{Cx, Fault, Severity};
use crate::ael::expr::Expr;
use crate::ael::scope::{Roots, Scope};
use crate::ael::text::{Piece, Text};
use crate::ael::value::Val;
use crate::error::{Diagnostic, Error, ErrorKind, Position};
use crate::options::{Options, Profile};

/// More than this many reports are the same report.
const MAX_DIAGNOSTICS: usize = 100;

/// A failure and the string of the template it is in.
struct Stop {
    fault: Fault,
    leaf_at: Site,
}

/// Renders a template.
pub(super) fn render<'a>(
    template: &'a Template,
    root: Option<&'a Value>,
    host: Option<&'a Value>,
    options: &Options,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Error> {
    let data = root.map_or(Val::Undefined, Val::from_data);
    let roots = Roots { root, host, data, index: None };
    let mut renderer = Renderer {
        cx: Cx::new(Scope::Template(roots), options),
        out: Vec::with_capacity(template.size.load(Relaxed)),
        scratch: String::new(),
        template,
        options,
        found: Vec::new(),
        lost_url: false,
    };
    renderer.run(&template.compiled.ops).map_err(|stop| renderer.error(stop))?;
    let Renderer { mut out, found, .. } = renderer;
    if out.last() == Some(&b',') {
        out.pop();
    }
    if out.is_empty() {
        out.extend_from_slice(b"null");
    }
    // The next card will be about as large, and needs no second piece of memory then.
    template.size.store(out.len() + out.len() / 16 + 64, Relaxed);
    Ok((out, found))
}

struct Renderer<'a, 'o> {
    cx: Cx<'a, 'o>,
    out: Vec<u8>,
    /// Where texts are put together.
    scratch: String,
    template: &'a Template,
    options: &'o Options,
    found: Vec<Diagnostic>,
    /// Whether the object being written has lost its address.
    lost_url: bool,
}

impl<'a> Renderer<'a, '_> {
    fn is_compat(&self) -> bool {
        self.cx.is_compat()
    }

    fn position(&self, leaf_at: Site, offset: usize) -> Position {
        self.template.files.position(leaf_at, offset)
    }

    fn error(&self, stop: Stop) -> Error {
        let kind = match stop.fault.severity {
            Severity::Limit => ErrorKind::LimitExceeded,
            _ => ErrorKind::EvaluationFailed,
        };
        let at = self.position(stop.leaf_at, stop.fault.at.unwrap_or(0));
        Error::new(kind, stop.fault.message).at(self.template.files.name(stop.leaf_at.file), at)
    }

    fn report(&mut self, leaf_at: Site, offset: usize, message: String) {
        if self.found.len() < MAX_DIAGNOSTICS {
            let at = Some(self.position(leaf_at, offset));
            let report = Diagnostic::new(self.template.files.name(leaf_at.file), at, message);
            // A loop over rows would say the same thing once per row.
            if !self.found.contains(&report) {
                self.found.push(report);
            }
        }
    }

    fn run(&mut self, ops: &'a [Op]) -> Result<(), Stop> {
        for op in ops {
            match op {
                Op::Raw(bytes) => self.out.extend_from_slice(bytes),
                Op::Member { key, leaf } => {
                    let start = self.out.len().saturating_sub(*key);
                    if !self.leaf(leaf)? {
                        self.lost_url |= self.out.get(start..) == Some(b"\"url\":");
                        self.out.truncate(start);
                    }
                }
                Op::Item(leaf) => self.item(leaf)?,
                Op::Scope(scope) => self.scope(scope)?,
                Op::Close(end) => {
                    write::close(&mut self.out, *end);
                    self.out.push(b',');
                }
            }
        }
        Ok(())
    }

    fn check_size(&self, leaf_at: Site) -> Result<(), Stop> {
        let most = self.options.limits.output_bytes;
        if self.out.len() <= most {
            return Ok(());
        }
        Err(Stop { fault: Fault::limit(format!("a card of more than {most} bytes")), leaf_at })
    }

    /// Evaluates an expression. In `argus` only a limit stops the rendering: anything else is
    /// reported and has no value.
    fn eval(&mut self, expr: &'a Expr, leaf_at: Site) -> Result<Option<Val<'a>>, Stop> {
        let outcome = self.cx.eval(expr);
        if !self.cx.reports.is_empty() {
            for (path, at) in std::mem::take(&mut self.cx.reports) {
                self.report(leaf_at, at, format!("`{path}` is not in the data"));
            }
        }
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(fault) if self.is_compat() || fault.severity == Severity::Limit => {
                Err(Stop { fault, leaf_at })
            }
            Err(fault) => {
                self.report(leaf_at, fault.at.unwrap_or(0), fault.message);
                Ok(None)
            }
        }
    }

    /// Writes the value of a property and a comma; says whether there was one.
    fn leaf(&mut self, leaf: &'a Leaf) -> Result<bool, Stop> {
        self.check_size(leaf.at)?;
        let written = match &leaf.text {
            Text::Plain(text) => {
                write::string(&mut self.out, text);
                true
            }
            Text::Single(expr) => match self.cx.datum(expr) {
                Some(data) => {
                    self.cx.step(1).map_err(|fault| Stop { fault, leaf_at: leaf.at })?;
                    self.datum(data, leaf)
                }
                None => {
                    let value = self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined);
                    self.written(&value, leaf)
                }
            },
            Text::Mixed(pieces) if self.is_compat() => {
                let text = self.joined(pieces, leaf.at)?;
                write::string(&mut self.out, &text);
                self.scratch = text;
                true
            }
            Text::Mixed(pieces) => self.mixed(pieces, leaf)?,
        };
        if written {
            self.out.push(b',');
        }
        Ok(written)
    }

    /// Writes a value of the data; says whether there was one.
    fn datum(&mut self, data: &'a Value, leaf: &Leaf) -> bool {
        match data {
            Value::String(text) if self.is_compat() => write::string(&mut self.out, text),
            Value::String(text) if leaf.role != Role::Url && self.is_plain(text) => {
                write::quoted(&mut self.out, text);
            }
            Value::Number(number) if self.is_compat() || leaf.role == Role::Other => {
                write::number(&mut self.out, number);
            }
            _ => return self.written(&Val::from_data(data), leaf),
        }
        true
    }

    /// Whether a text is nothing but words, which are safe everywhere.
    fn is_plain(&self, text: &str) -> bool {
        text.len() <= self.options.max_text && write::is_words(text)
    }

    fn written(&mut self, value: &Val<'a>, leaf: &Leaf) -> bool {
        if self.is_compat() {
            return self.as_is(value);
        }
        match value {
            Val::Text(text) if leaf.role != Role::Url && self.is_plain(text) => {
                write::quoted(&mut self.out, text);
                true
            }
            value => self.guarded(value, leaf.role, leaf.at),
        }
    }

    fn as_is(&mut self, value: &Val<'a>) -> bool {
        if matches!(value, Val::Undefined) {
            return false;
        }
        write::value(&mut self.out, value, self.options.profile == Profile::Compat);
        true
    }

    /// Writes an array item. npm splices arrays and drops nulls here.
    fn item(&mut self, leaf: &'a Leaf) -> Result<(), Stop> {
        let (Text::Single(expr), true) = (&leaf.text, self.is_compat()) else {
            self.leaf(leaf)?;
            return Ok(());
        };
        self.check_size(leaf.at)?;
        let value = self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined);
        let inside_array = !self.out.is_empty();
        match value.list().filter(|_| inside_array) {
            Some(list) => {
                for item in list.iter() {
                    write::value(&mut self.out, &item, true);
                    self.out.push(b',');
                }
            }
            None if matches!(value, Val::Null) && inside_array => {}
            None => {
                write::value(&mut self.out, &value, true);
                self.out.push(b',');
            }
        }
        Ok(())
    }

    /// The text npm makes of texts and expressions; an expression that fails stays as it is.
    fn joined(&mut self, pieces: &'a [Piece], leaf_at: Site) -> Result<String, Stop> {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Expr(expr) => match self.cx.eval(expr) {
                    Err(fault) if matches!(fault.severity, Severity::Limit | Severity::Lost) => {
                        return Err(Stop { fault, leaf_at });
                    }
                    Err(_) => text.extend(["${", &expr.to_string(), "}"]),
                    Ok(value) => {
                        if !value.push_text(&mut text) {
                            let fault = Fault::thrown(format!("`{expr}` is nothing, not a text"));
                            return Err(Stop { fault, leaf_at });
                        }
                    }
                },
            }
        }
        Ok(text)
    }
}
