//! JSON with positions to a program.

use serde_json::{Map, Value};

use super::program::{Leaf, Op, Place, ScopeOp, Source, When};
use super::role::{Role, Spot};
use super::write;
use crate::ael::text::{Text, template_text};
use crate::error::{Diagnostic, Error, ErrorKind, Position};
use crate::json::{self, Kind, Member, Node};
use crate::options::Profile;

/// Keys that the language keeps for itself; they never reach the card.
const RESERVED: [&str; 6] = ["$data", "$when", "$root", "$index", "$host", "$_acTemplateVersion"];

/// A compiled template.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) ops: Vec<Op>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Compiles a template.
pub(super) fn compile(file: &str, source: &str, profile: Profile) -> Result<Compiled, Error> {
    let tree = json::parse(source).map_err(|fault| {
        Error::new(ErrorKind::TemplateInvalid, fault.message)
            .at(file, Position::of(source, fault.at))
    })?;
    let mut compiler =
        Compiler { file, source, profile, ops: Vec::new(), raw: Vec::new(), found: Vec::new() };
    compiler.value(&tree, Where::Root, Spot::ROOT)?;
    compiler.flush();
    Ok(Compiled { ops: compiler.ops, diagnostics: compiler.found })
}

/// Where a value stands.
#[derive(Clone, Copy)]
enum Where<'t> {
    Root,
    Item,
    Member(&'t str),
}

struct Compiler<'t> {
    file: &'t str,
    source: &'t str,
    profile: Profile,
    ops: Vec<Op>,
    raw: Vec<u8>,
    found: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn flush(&mut self) {
        if !self.raw.is_empty() {
            self.ops.push(Op::Raw(std::mem::take(&mut self.raw)));
        }
    }

    fn report(&mut self, at: usize, message: &str) {
        let at = Position::of(self.source, at);
        self.found.push(Diagnostic::new(self.file, Some(at), message));
    }

    fn text(&self, text: &str, at: usize) -> Result<Text, Error> {
        template_text(text, self.profile).map_err(|syntax| {
            let at = json::source_offset(self.source, at, syntax.at);
            Error::new(ErrorKind::TemplateInvalid, syntax.message)
                .at(self.file, Position::of(self.source, at))
        })
    }

    /// Writes what stands in front of a value: nothing, or its key. Returns how long that is.
    fn key(&mut self, place: Where<'_>) -> usize {
        let before = self.raw.len();
        if let Where::Member(key) = place {
            write::string(&mut self.raw, key);
            self.raw.push(b':');
        }
        self.raw.len() - before
    }

    /// `spot` is where the object stands that has the value.
    fn value(&mut self, node: &Node<'_>, place: Where<'_>, spot: Spot<'_>) -> Result<(), Error> {
        let compat = self.profile == Profile::Compat;
        let in_array = matches!(place, Where::Item);
        match &node.kind {
            // npm drops nulls from arrays.
            Kind::Null if compat && in_array => {}
            Kind::Null => self.literal(place, |raw| raw.extend_from_slice(b"null")),
            Kind::Bool(value) => self.literal(place, |raw| write::bool(raw, *value)),
            Kind::Number(number) => self.literal(place, |raw| write::number(raw, number)),
            Kind::String(text) if !text.contains("${") => {
                self.literal(place, |raw| write::string(raw, text));
            }
            Kind::String(text) => match self.text(text, node.at)? {
                Text::Plain(text) => self.literal(place, |raw| write::string(raw, &text)),
                text => {
                    let role = match place {
                        Where::Member(key) => spot.role(key),
                        Where::Root | Where::Item => spot.role(""),
                    };
                    self.leaf(place, Leaf { text, role, at: node.at });
                }
            },
            // npm flattens arrays in arrays.
            Kind::Array(items) if compat && in_array => {
                for item in items {
                    self.value(item, Where::Item, spot)?;
                }
            }
            Kind::Array(items) => {
                self.key(place);
                self.raw.push(b'[');
                for item in items {
                    self.value(item, Where::Item, spot)?;
                }
                self.close(b']');
            }
            Kind::Object(members) => self.object(node, members, place, spot)?,
        }
        Ok(())
    }

    fn literal(&mut self, place: Where<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        self.key(place);
        write(&mut self.raw);
        self.raw.push(b',');
    }

    fn leaf(&mut self, place: Where<'_>, leaf: Leaf) {
        let key = self.key(place);
        self.flush();
        self.ops.push(match place {
            Where::Member(_) => Op::Member { key, leaf },
            Where::Root | Where::Item => Op::Item(leaf),
        });
    }

    /// Ends a container. Whether there is a comma to take back is known now, unless the last value
    /// is computed.
    fn close(&mut self, end: u8) {
        match self.raw.last() {
            Some(b',') => {
                self.raw.pop();
            }
            Some(_) => {}
            None => {
                self.ops.push(Op::Close(end));
                return;
            }
        }
        self.raw.extend_from_slice(&[end, b',']);
    }

    fn object(
        &mut self,
        node: &Node<'_>,
        members: &[Member<'_>],
        place: Where<'_>,
        spot: Spot<'_>,
    ) -> Result<(), Error> {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        let data = find("$data").map(|member| self.data(&member.value)).transpose()?;
        let when = match find("$when") {
            Some(member) => self.when(&member.value)?,
            None => None,
        };
        let needs_url = self.profile == Profile::Argus && needs_url(members);
        if data.is_none() && when.is_none() && !needs_url {
            self.key(place);
            return self.members(members, spot);
        }
        self.flush();
        let outside = std::mem::take(&mut self.ops);
        self.members(members, spot)?;
        self.flush();
        let body = std::mem::replace(&mut self.ops, outside);
        let place = match place {
            Where::Root => Place::Root,
            Where::Item => Place::Item,
            Where::Member(_) => {
                self.key(place);
                Place::Member(std::mem::take(&mut self.raw))
            }
        };
        let at = node.at;
        self.ops.push(Op::Scope(Box::new(ScopeOp { place, data, when, body, needs_url, at })));
        Ok(())
    }

    fn members(&mut self, members: &[Member<'_>], spot: Spot<'_>) -> Result<(), Error> {
        let element = members.iter().find(|member| member.key == "type");
        let element = match element.map(|member| &member.value.kind) {
            Some(Kind::String(name)) => &**name,
            _ => "",
        };
        let spot = spot.of(element);
        self.raw.push(b'{');
        for member in members {
            if RESERVED.contains(&&*member.key) {
                if self.profile == Profile::Argus && !["$data", "$when"].contains(&&*member.key) {
                    let message =
                        format!("`{}` is a name of the language and is dropped", member.key);
                    self.report(member.key_at, &message);
                }
                self.readable(&member.value)?;
                continue;
            }
            let inner = match &member.value.kind {
                Kind::Object(_) | Kind::Array(_) => spot.inside(&member.key),
                _ => spot,
            };
            self.value(&member.value, Where::Member(&member.key), inner)?;
        }
        self.close(b'}');
        Ok(())
    }

    /// npm reads the strings of what it then leaves out, and fails if it cannot.
    fn readable(&self, node: &Node<'_>) -> Result<(), Error> {
        match &node.kind {
            Kind::String(text) if self.profile == Profile::Compat => {
                self.text(text, node.at).map(drop)
            }
            Kind::Array(items) => items.iter().try_for_each(|item| self.readable(item)),
            Kind::Object(members) => {
                members.iter().try_for_each(|member| self.readable(&member.value))
            }
            _ => Ok(()),
        }
    }

    fn data(&mut self, node: &Node<'_>) -> Result<Source, Error> {
        if let Kind::String(text) = &node.kind {
            let text = self.text(text, node.at)?;
            return Ok(match text {
                Text::Plain(text) => Source::Literal(Value::String(text)),
                text => Source::Computed(Leaf { text, role: Role::Opaque, at: node.at }),
            });
        }
        if self.profile == Profile::Argus && has_expression(node) {
            self.report(node.at, "expressions inside a literal `$data` are not evaluated");
        }
        Ok(Source::Literal(plain(node)))
    }

    /// npm drops an object with a literal condition that is true and keeps one that is false;
    /// `argus` takes the condition at its word.
    fn when(&mut self, node: &Node<'_>) -> Result<Option<When>, Error> {
        if let Kind::String(text) = &node.kind {
            let text = self.text(text, node.at)?;
            if !matches!(text, Text::Plain(_)) {
                return Ok(Some(When::Computed(Leaf { text, role: Role::Opaque, at: node.at })));
            }
        }
        let truthy = match &node.kind {
            Kind::Null => false,
            Kind::Bool(value) => *value,
            Kind::Number(number) => number.as_f64() != Some(0.0),
            Kind::String(text) => !text.is_empty(),
            Kind::Array(_) | Kind::Object(_) => true,
        };
        if self.profile == Profile::Compat {
            return Ok(truthy.then_some(When::Never));
        }
        self.report(node.at, "this `$when` is not an expression, so it never changes");
        let says_false = matches!(&node.kind, Kind::String(text) if text == "false");
        Ok((!truthy || says_false).then_some(When::Never))
    }
}

/// Whether an object is nothing without an address that comes out of data.
fn needs_url(members: &[Member<'_>]) -> bool {
    let text = |name: &str| {
        let member = members.iter().find(|member| member.key == name)?;
        if let Kind::String(text) = &member.value.kind { Some(&**text) } else { None }
    };
    matches!(text("type"), Some("Action.OpenUrl" | "Action.OpenUrlDialog" | "Image"))
        && text("url").is_some_and(|url| url.contains("${"))
}

fn has_expression(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::String(text) => text.contains("${"),
        Kind::Array(items) => items.iter().any(has_expression),
        Kind::Object(members) => members.iter().any(|member| has_expression(&member.value)),
        _ => false,
    }
}

/// A tree without its positions.
fn plain(node: &Node<'_>) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(number) => Value::Number(number.clone()),
        Kind::String(text) => Value::String(text.to_string()),
        Kind::Array(items) => items.iter().map(plain).collect(),
        Kind::Object(members) => members
            .iter()
            .map(|member| (member.key.to_string(), plain(&member.value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}
