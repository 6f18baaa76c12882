//! JSON with positions to a program.

mod scope;

use serde_json::{Map, Value};

use super::files::{Files, Site, reference};
use super::program::{Leaf, Op, Place, ScopeOp, Source, When};
use super::role::{Role, Spot};
use super::write;
use crate::ael::text::{Text, may_compute, template_text};
use crate::error::{Diagnostic, Error, Level};
use crate::json::{Kind, Member, Node};
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
pub(super) fn compile(files: &Files, profile: Profile) -> Result<Compiled, Error> {
    program(files, profile, false)
}

/// Compiles a card in which values of the data are marked, and nothing else is computed.
#[cfg(feature = "minijinja")]
pub(super) fn compile_marked(files: &Files) -> Result<Compiled, Error> {
    program(files, Profile::Argus, true)
}

fn program(files: &Files, profile: Profile, marked: bool) -> Result<Compiled, Error> {
    let trees = files.trees()?;
    let mut compiler = Compiler {
        files,
        trees: &trees,
        file: 0,
        included: 0,
        profile,
        marked,
        ops: Vec::new(),
        raw: Vec::new(),
        found: Vec::new(),
    };
    if let Some(tree) = trees.first() {
        compiler.value(tree, Where::Root, Spot::ROOT)?;
    }
    compiler.flush();
    Ok(Compiled { ops: compiler.ops, diagnostics: compiler.found })
}

/// The data of an object and what has to hold for it.
struct Scope {
    data: Option<Source>,
    when: Vec<When>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
enum Where<'t> {
    Root,
    Item,
    Member(&'t str),
}

struct Compiler<'t> {
    files: &'t Files,
    trees: &'t [Node<'t>],
    /// The file that is being compiled.
    file: usize,
    included: usize,
    profile: Profile,
    /// Whether strings have marked values instead of expressions.
    marked: bool,
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

    fn site(&self, byte: usize) -> Site {
        Site { file: self.file, byte }
    }

    fn report(&mut self, at: usize, message: &str) {
        let at = self.files.error(self.site(at), 0, message);
        self.found.push(Diagnostic { level: Level::Warning, ..Diagnostic::from(&at) });
    }

    fn text(&self, text: &str, at: usize) -> Result<Text, Error> {
        #[cfg(feature = "minijinja")]
        if self.marked {
            let torn = || self.files.error(self.site(at), 0, "a filter has torn a value apart");
            return super::jinja::split(text).ok_or_else(torn);
        }
        template_text(text, self.profile).map_err(|syntax| {
            let at = self.files.byte(self.site(at), syntax.at);
            self.files.error(self.site(at), 0, syntax.message)
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
            Kind::Number(_) | Kind::Bool(_) if self.marked && Self::shows_text(place, spot) => {
                let shown = plain(node).to_string();
                self.literal(place, |raw| write::string(raw, &shown));
            }
            Kind::Bool(value) => self.literal(place, |raw| write::bool(raw, *value)),
            Kind::Number(number) => self.literal(place, |raw| write::number(raw, number)),
            Kind::String(text) if !self.computes(text) => {
                self.literal(place, |raw| write::string(raw, text));
            }
            Kind::String(text) => match self.text(text, node.at)? {
                Text::Plain(text) => self.literal(place, |raw| write::string(raw, &text)),
                text => {
                    let role = match place {
                        Where::Member(key) => spot.role(key),
                        Where::Root | Where::Item => spot.role(""),
                    };
                    self.leaf(place, Leaf { text, role, at: self.site(node.at) });
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
            // Whatever the names in it are, it comes out of the data.
            Kind::Object(members) if self.marked => {
                let scope = Scope { data: None, when: Vec::new() };
                self.object(node, members, scope, place, spot)?;
            }
            Kind::Object(members) => match reference(members) {
                Some((path, at)) if !compat => self.include(members, (path, at), place, spot)?,
                _ => {
                    let scope = self.scope(members)?;
                    self.object(node, members, scope, place, spot)?;
                }
            },
        }
        Ok(())
    }

    /// Whether a string has to be looked at when a card is rendered.
    fn computes(&self, text: &str) -> bool {
        if self.marked { has_value(text) } else { may_compute(text) }
    }

    /// Whether people read what stands here, so that a number has to be a text.
    fn shows_text(place: Where<'_>, spot: Spot<'_>) -> bool {
        matches!(place, Where::Member(key) if matches!(spot.role(key), Role::Text | Role::Markdown))
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
        Scope { data, when }: Scope,
        place: Where<'_>,
        spot: Spot<'_>,
    ) -> Result<(), Error> {
        let needs_url = self.profile == Profile::Argus && self.needs_url(members);
        if data.is_none() && when.is_empty() && !needs_url {
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
        let at = self.site(node.at);
        self.ops.push(Op::Scope(Box::new(ScopeOp { place, data, when, body, needs_url, at })));
        Ok(())
    }

    /// Whether an object is nothing without an address that comes out of data.
    fn needs_url(&self, members: &[Member<'_>]) -> bool {
        let text = |name: &str| {
            let member = members.iter().find(|member| member.key == name)?;
            if let Kind::String(text) = &member.value.kind { Some(&**text) } else { None }
        };
        let linked = ["Action.OpenUrl", "Action.OpenUrlDialog", "Image"];
        text("type").is_some_and(|element| linked.contains(&unmarked(element)))
            && text("url").is_some_and(|url| self.computes(url))
    }

    fn members(&mut self, members: &[Member<'_>], spot: Spot<'_>) -> Result<(), Error> {
        let element = members.iter().find(|member| member.key == "type");
        let element = match element.map(|member| &member.value.kind) {
            Some(Kind::String(name)) => unmarked(name),
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
}

/// Whether a string of a marked card has a value in it.
fn has_value(text: &str) -> bool {
    #[cfg(feature = "minijinja")]
    return super::jinja::has_value(text);
    #[cfg(not(feature = "minijinja"))]
    text.is_empty()
}

/// A word without the marks of a value.
fn unmarked(word: &str) -> &str {
    #[cfg(feature = "minijinja")]
    return super::jinja::unmarked(word);
    #[cfg(not(feature = "minijinja"))]
    word
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
