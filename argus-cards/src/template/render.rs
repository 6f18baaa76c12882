//! Runs a compiled template over data and writes the card's bytes.

use std::borrow::Cow;

use serde_json::Value;

use super::program::{Leaf, Op, Place, ScopeOp, Source, When};
use super::role::{Role, Spot};
use super::{Template, safe, write};
use crate::ael::eval::{Cx, Fault, Missing, Outcome, Severity};
use crate::ael::expr::Expr;
use crate::ael::functions::percent_encode;
use crate::ael::parse::{Piece, Text};
use crate::ael::scope::{Roots, Scope};
use crate::ael::value::{List, Val};
use crate::error::{Diagnostic, Error, ErrorKind, Position};
use crate::json;
use crate::options::{Options, Profile};

/// More than this many reports are the same report.
const MAX_DIAGNOSTICS: usize = 100;

/// A failure and the string of the template it is in.
struct Stop {
    fault: Fault,
    leaf_at: usize,
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
        out: Vec::with_capacity(template.source.len() * 2),
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
    Ok((out, found))
}

struct Renderer<'a, 'o> {
    cx: Cx<'a, 'o>,
    out: Vec<u8>,
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

    fn position(&self, leaf_at: usize, offset: usize) -> Position {
        let source = &self.template.source;
        Position::of(source, json::source_offset(source, leaf_at, offset))
    }

    fn error(&self, stop: Stop) -> Error {
        let kind = match stop.fault.severity {
            Severity::Limit => ErrorKind::LimitExceeded,
            _ => ErrorKind::EvaluationFailed,
        };
        let at = self.position(stop.leaf_at, stop.fault.at.unwrap_or(0));
        Error::new(kind, stop.fault.message).at(&self.template.file, at)
    }

    fn report(&mut self, leaf_at: usize, offset: usize, message: String) {
        if self.found.len() < MAX_DIAGNOSTICS {
            let at = Some(self.position(leaf_at, offset));
            let report = Diagnostic::new(&self.template.file, at, message);
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
                    let start = self.out.len();
                    self.out.extend_from_slice(key);
                    if !self.leaf(leaf)? {
                        self.out.truncate(start);
                        self.lost_url |= key == b"\"url\":";
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

    fn check_size(&self, leaf_at: usize) -> Result<(), Stop> {
        let most = self.options.limits.output_bytes;
        if self.out.len() <= most {
            return Ok(());
        }
        Err(Stop { fault: Fault::limit(format!("a card of more than {most} bytes")), leaf_at })
    }

    /// Evaluates an expression. In `argus` only a limit stops the rendering: anything else is
    /// reported and has no value.
    fn eval(&mut self, expr: &'a Expr, leaf_at: usize) -> Result<Option<Val<'a>>, Stop> {
        let outcome = self.cx.eval(expr);
        for (path, at) in std::mem::take(&mut self.cx.reports) {
            self.report(leaf_at, at, format!("`{path}` is not in the data"));
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
            Text::Single(expr) => {
                let value = self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined);
                if self.is_compat() {
                    self.as_is(&value)
                } else {
                    self.guarded(&value, leaf.role, leaf.at)
                }
            }
            Text::Mixed(pieces) if self.is_compat() => {
                let text = self.joined(pieces, leaf.at)?;
                write::string(&mut self.out, &text);
                true
            }
            Text::Mixed(pieces) => self.mixed(pieces, leaf)?,
        };
        if written {
            self.out.push(b',');
        }
        Ok(written)
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
    fn joined(&mut self, pieces: &'a [Piece], leaf_at: usize) -> Result<String, Stop> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Expr(expr) => match self.cx.eval(expr) {
                    Err(fault) if fault.severity == Severity::Limit => {
                        return Err(Stop { fault, leaf_at });
                    }
                    Err(_) => text.extend(["${", &expr.to_string(), "}"]),
                    Ok(value) => {
                        let shown = value.to_text().ok_or_else(|| {
                            let fault = Fault::thrown(format!("`{expr}` is nothing, not a text"));
                            Stop { fault, leaf_at }
                        })?;
                        text.push_str(&shown);
                    }
                },
            }
        }
        Ok(text)
    }

    /// Writes a text with values in it, each made safe for its place.
    fn mixed(&mut self, pieces: &'a [Piece], leaf: &'a Leaf) -> Result<bool, Stop> {
        let start = self.out.len();
        let mut text = String::new();
        for piece in pieces {
            let expr = match piece {
                Piece::Text(plain) => {
                    text.push_str(plain);
                    continue;
                }
                Piece::Expr(expr) => expr,
            };
            let value = self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined);
            let shown = self.shown(&value, expr, leaf.at);
            let starts_line = text.trim_end_matches(' ').rsplit('\n').next() == Some("");
            match leaf.role {
                Role::Markdown if text.ends_with("](") => match safe::allowed(&shown, self.options)
                {
                    Ok(address) => text.push_str(&address),
                    Err(why) => self.report(leaf.at, expr.at(), format!("the link {why}")),
                },
                Role::Markdown => {
                    text.push_str(&safe::markdown(&shown, starts_line, self.options));
                }
                Role::Url if safe::names_host(&text) => {
                    if shown.split('/').any(|part| part == "." || part == "..") {
                        let message = "the address would leave its path".to_owned();
                        self.report(leaf.at, expr.at(), message);
                        self.out.truncate(start);
                        return Ok(false);
                    }
                    text.push_str(&percent_encode(&shown));
                }
                Role::Opaque | Role::Url => text.push_str(&shown),
                Role::Value => text.push_str(&safe::value(&shown, self.options)),
                Role::Text | Role::Other => text.push_str(&safe::plain(&shown, self.options)),
            }
        }
        if leaf.role == Role::Url {
            let fixed = pieces
                .first()
                .is_some_and(|piece| matches!(piece, Piece::Text(text) if safe::names_host(text)));
            if !fixed {
                return Ok(self.address(&text, leaf.at));
            }
        }
        write::string(&mut self.out, &text);
        Ok(true)
    }

    /// What a value looks like between texts; nothing is the empty text.
    fn shown<'v>(&mut self, value: &'v Val<'a>, expr: &Expr, leaf_at: usize) -> Cow<'v, str> {
        if value.is_object() || value.list().is_some_and(|l| l.iter().any(|i| i.is_object())) {
            self.report(leaf_at, expr.at(), format!("`{expr}` is an object, not a text"));
            return value.to_json().unwrap_or_default().to_string().into();
        }
        value.to_text().unwrap_or_default()
    }

    /// Writes a value that comes out of data, as far as its place allows.
    fn guarded(&mut self, value: &Val<'a>, role: Role, leaf_at: usize) -> bool {
        match role {
            Role::Opaque => self.as_is(value),
            Role::Markdown => {
                let text = self.flat(value, leaf_at);
                write::string(&mut self.out, &safe::markdown(&text, true, self.options));
                true
            }
            Role::Text | Role::Value => {
                if matches!(value, Val::Undefined) {
                    return false;
                }
                let text = self.flat(value, leaf_at);
                let safe_text = match role {
                    Role::Text => safe::plain(&text, self.options),
                    _ => safe::value(&text, self.options),
                };
                write::string(&mut self.out, &safe_text);
                true
            }
            Role::Url => match value {
                Val::Undefined | Val::Null => false,
                Val::Text(text) => self.address(text, leaf_at),
                // A background image may be an object with an address in it.
                value if value.is_object() => self.structure(value, Spot::ROOT, leaf_at),
                _ => {
                    self.report(leaf_at, 0, "an address must be a text; dropped".to_owned());
                    false
                }
            },
            Role::Other => self.structure(value, Spot::ROOT, leaf_at),
        }
    }

    /// A value for a property that is a text.
    fn flat<'v>(&mut self, value: &'v Val<'a>, leaf_at: usize) -> Cow<'v, str> {
        if value.is_object() || value.list().is_some_and(|l| l.iter().any(|i| i.is_object())) {
            self.report(leaf_at, 0, "an object stands where a text belongs".to_owned());
            return value.to_json().unwrap_or_default().to_string().into();
        }
        value.to_text().unwrap_or_default()
    }

    fn address(&mut self, text: &str, leaf_at: usize) -> bool {
        match safe::allowed(text, self.options) {
            Ok(address) => {
                write::string(&mut self.out, &address);
                true
            }
            Err(why) => {
                self.report(leaf_at, 0, format!("the address {why}; dropped"));
                false
            }
        }
    }

    /// Writes whole elements that come out of data, each property as its place allows.
    fn structure(&mut self, value: &Val<'a>, spot: Spot<'_>, leaf_at: usize) -> bool {
        if let Some(list) = value.list() {
            self.out.push(b'[');
            for item in list.iter() {
                if self.structure(&item, spot, leaf_at) {
                    self.out.push(b',');
                }
            }
            write::close(&mut self.out, b']');
            return true;
        }
        if let Some(fields) = value.fields() {
            let element = value.property("type", true).unwrap_or(Val::Undefined);
            let spot = spot.of(element.as_text().unwrap_or_default());
            self.out.push(b'{');
            for (key, field) in &fields {
                let start = self.out.len();
                write::string(&mut self.out, key);
                self.out.push(b':');
                let role = spot.role(key);
                let nested = field.is_array() || field.is_object();
                let written = if nested && role != Role::Opaque {
                    self.structure(field, spot.inside(key), leaf_at)
                } else {
                    self.guarded(field, role, leaf_at)
                };
                if written {
                    self.out.push(b',');
                } else {
                    self.out.truncate(start);
                }
            }
            write::close(&mut self.out, b'}');
            return true;
        }
        match value {
            Val::Undefined | Val::Null => false,
            Val::Text(text) => {
                write::string(&mut self.out, &safe::plain(text, self.options));
                true
            }
            value => self.as_is(value),
        }
    }
}

/// The data of a scope: what it is repeated over.
enum Contexts<'a> {
    /// Where it is.
    Here,
    One(Val<'a>),
    Each(List<'a>),
    Nowhere,
}

impl<'a> Renderer<'a, '_> {
    fn roots(&mut self) -> Option<&mut Roots<'a>> {
        match &mut self.cx.scope {
            Scope::Template(roots) => Some(roots),
            Scope::Plain(_) => None,
        }
    }

    fn scope(&mut self, scope: &'a ScopeOp) -> Result<(), Stop> {
        let contexts = self.contexts(scope)?;
        let before = self.roots().map(|roots| (roots.data.clone(), roots.index));
        let start = self.out.len();
        if let Place::Member(key) = &scope.place {
            self.out.extend_from_slice(key);
        }
        let first = self.out.len();
        let mut count = 0;
        match contexts {
            Contexts::Nowhere => {}
            Contexts::Here => count += usize::from(self.once(scope)?),
            Contexts::One(data) => {
                self.enter(data, None);
                count += usize::from(self.once(scope)?);
            }
            Contexts::Each(list) => {
                for (index, data) in list.iter().enumerate() {
                    self.enter(data, Some(index));
                    count += usize::from(self.once(scope)?);
                }
            }
        }
        if let (Some(roots), Some((data, index))) = (self.roots(), before) {
            (roots.data, roots.index) = (data, index);
        }
        if !matches!(scope.place, Place::Item) {
            self.settle(count, start, first);
        }
        Ok(())
    }

    /// A property or the root is one value: none is null or nothing, many are an array.
    fn settle(&mut self, count: usize, start: usize, first: usize) {
        match count {
            0 if self.is_compat() => self.out.extend_from_slice(b"null,"),
            0 => self.out.truncate(start),
            1 => {}
            _ => {
                self.out.insert(first, b'[');
                write::close(&mut self.out, b']');
                self.out.push(b',');
            }
        }
    }

    fn enter(&mut self, data: Val<'a>, index: Option<usize>) {
        if let Some(roots) = self.roots() {
            if !matches!(data, Val::Undefined) {
                roots.data = data;
            }
            if index.is_some() {
                roots.index = index;
            }
        }
    }

    fn contexts(&mut self, scope: &'a ScopeOp) -> Result<Contexts<'a>, Stop> {
        let value = match &scope.data {
            None => return Ok(Contexts::Here),
            Some(Source::Literal(value)) => Val::from_data(value),
            Some(Source::Computed(leaf)) => self.computed(leaf)?,
        };
        Ok(match value.list() {
            Some(list) => Contexts::Each(list),
            None if !self.is_compat() && value.is_nothing() => Contexts::Nowhere,
            None => Contexts::One(value),
        })
    }

    /// The value of `$data`.
    fn computed(&mut self, leaf: &'a Leaf) -> Result<Val<'a>, Stop> {
        match &leaf.text {
            Text::Plain(text) => Ok(Val::Text(Cow::Borrowed(text))),
            Text::Single(expr) => Ok(self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined)),
            Text::Mixed(pieces) if self.is_compat() => Ok(Val::text(self.joined(pieces, leaf.at)?)),
            Text::Mixed(pieces) => self.words(pieces, leaf.at).map(Val::text),
        }
    }

    fn words(&mut self, pieces: &'a [Piece], leaf_at: usize) -> Result<String, Stop> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Expr(expr) => {
                    let value = self.eval(expr, leaf_at)?.unwrap_or(Val::Undefined);
                    text.push_str(&value.to_text().unwrap_or_default());
                }
            }
        }
        Ok(text)
    }

    /// Writes the object once, if its condition holds.
    fn once(&mut self, scope: &'a ScopeOp) -> Result<bool, Stop> {
        let stop = |fault| Stop { fault, leaf_at: scope.at };
        self.cx.step(1).map_err(stop)?;
        self.check_size(scope.at)?;
        let shown = match &scope.when {
            None => true,
            Some(When::Never) => false,
            Some(When::Computed(leaf)) => self.condition(leaf)?,
        };
        if !shown {
            return Ok(false);
        }
        let start = self.out.len();
        let outside = std::mem::take(&mut self.lost_url);
        self.run(&scope.body)?;
        let lost = std::mem::replace(&mut self.lost_url, outside);
        if scope.needs_url && lost {
            self.out.truncate(start);
            return Ok(false);
        }
        Ok(true)
    }

    /// Only true itself shows an object; a missing path does not, silently.
    fn condition(&mut self, leaf: &'a Leaf) -> Result<bool, Stop> {
        let Text::Single(expr) = &leaf.text else {
            if !self.is_compat() {
                let message = "a text is never true; use one expression".to_owned();
                self.report(leaf.at, 0, message);
            }
            return Ok(false);
        };
        let before = std::mem::replace(&mut self.cx.missing, Missing::Quiet);
        let outcome: Outcome<Val<'a>> = self.cx.eval(expr);
        self.cx.missing = before;
        match outcome {
            Ok(Val::Bool(value)) => Ok(value),
            Ok(value) => {
                if !self.is_compat() && !value.is_nothing() {
                    let message = format!("`{expr}` is not true or false; ask with exists()");
                    self.report(leaf.at, expr.at(), message);
                }
                Ok(false)
            }
            Err(fault) if fault.severity == Severity::Limit => {
                Err(Stop { fault, leaf_at: leaf.at })
            }
            Err(fault) if self.is_compat() && fault.severity == Severity::Thrown => {
                Err(Stop { fault, leaf_at: leaf.at })
            }
            Err(fault) => {
                if !self.is_compat() {
                    self.report(leaf.at, fault.at.unwrap_or(0), fault.message);
                }
                Ok(false)
            }
        }
    }
}
