//! JSON with positions to a program.
//!
//! Long because it is one walk over the tree of a file: what an object, an array, a text and a partial become
//! is decided together.

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

/// How many times files may be included in one template, all levels together.
const MAX_INCLUDED: usize = 1_000;

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

    /// What stands in an object about its data and its conditions.
    fn scope(&mut self, members: &[Member<'_>]) -> Result<Scope, Error> {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        let data = find("$data").map(|member| self.data(&member.value)).transpose()?;
        let when = match find("$when") {
            Some(member) => self.when(&member.value)?,
            None => None,
        };
        Ok(Scope { data, when: when.into_iter().collect() })
    }

    /// Compiles the file that an object names in place of the object.
    fn include(
        &mut self,
        members: &[Member<'_>],
        (path, at): (&str, usize),
        place: Where<'_>,
        spot: Spot<'_>,
    ) -> Result<(), Error> {
        let refused = |compiler: &Self, message: String| {
            Err(compiler.files.error(compiler.site(at), 0, message))
        };
        let file = self.files.find(self.file, path);
        let Some((file, tree)) = file.and_then(|file| Some((file, self.trees.get(file)?))) else {
            return refused(self, format!("there is no file `{path}`; a `$ref` names a partial"));
        };
        self.included += 1;
        if self.included > MAX_INCLUDED {
            return refused(self, format!("files are included more than {MAX_INCLUDED} times"));
        }
        let outer = self.scope(members)?;
        let outside = std::mem::replace(&mut self.file, file);
        match &tree.kind {
            Kind::Object(inside) if reference(inside).is_none() => {
                let mut scope = self.scope(inside)?;
                if scope.data.is_some() && (outer.data.is_some() || !outer.when.is_empty()) {
                    self.file = outside;
                    let message =
                        format!("`{path}` has a `$data` of its own; leave these out here");
                    return refused(self, message);
                }
                scope.data = outer.data.or(scope.data);
                scope.when.splice(0..0, outer.when);
                self.object(tree, inside, scope, place, spot)?;
            }
            _ if outer.data.is_some() || !outer.when.is_empty() => {
                self.file = outside;
                let message =
                    format!("`{path}` is no object, which alone can have `$data` or `$when`");
                return refused(self, message);
            }
            Kind::Array(items) if matches!(place, Where::Item) => {
                for item in items {
                    self.value(item, Where::Item, spot)?;
                }
            }
            _ => self.value(tree, place, spot)?,
        }
        self.file = outside;
        Ok(())
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
                text => Source::Computed(Leaf { text, role: Role::Opaque, at: self.site(node.at) }),
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
                return Ok(Some(When::Computed(Leaf {
                    text,
                    role: Role::Opaque,
                    at: self.site(node.at),
                })));
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

fn has_expression(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::String(text) => may_compute(text),
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
