//! Walks the tree of a template and of its expressions, keeping track of where names lead.

mod expr;

use super::{Base, Read, Step, Usage};
use crate::ael::text::{Piece, Text, template_text};
use crate::json::{Kind, Member, Node};
use crate::template::Template;
use crate::template::files::reference;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    base: Base,
    steps: Vec<Step>,
}

impl Origin {
    fn new(base: Base) -> Self {
        Self { base, steps: Vec::new() }
    }

    fn and(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// Finds all reads of a template.
pub(super) fn reads<'t>(template: &'t Template, trees: &'t [Node<'t>]) -> Vec<Read> {
    let place = Place { element: "", under: "", property: "", pointer: String::new() };
    let mut walk = Walk {
        template,
        trees,
        file: 0,
        scope: Origin::new(Base::Root),
        locals: Vec::new(),
        covered: Vec::new(),
        place,
        leaf_at: 0,
        whole: false,
        found: Vec::new(),
    };
    if let Some(tree) = trees.first() {
        walk.node(tree, "");
    }
    walk.found
}

/// The property whose string is being looked at.
#[derive(Clone)]
struct Place<'t> {
    element: &'t str,
    under: &'t str,
    property: &'t str,
    pointer: String,
}

struct Walk<'t> {
    template: &'t Template,
    trees: &'t [Node<'t>],
    /// The file that is being looked at.
    file: usize,
    scope: Origin,
    /// Variables of lambdas; one without an origin holds something computed.
    locals: Vec<(String, Origin)>,
    /// Paths that something around asks about.
    covered: Vec<Origin>,
    place: Place<'t>,
    leaf_at: usize,
    whole: bool,
    found: Vec<Read>,
}

impl<'t> Walk<'t> {
    /// Walks a value; `under` is the property in which an object would stand.
    fn node(&mut self, node: &'t Node<'t>, under: &'t str) {
        match &node.kind {
            Kind::String(text) => {
                self.string(text, node.at, Usage::Value, false);
            }
            Kind::Array(items) => {
                let pointer = self.place.pointer.len();
                for (index, item) in items.iter().enumerate() {
                    self.place.pointer.extend(["/", &index.to_string()]);
                    self.node(item, under);
                    self.place.pointer.truncate(pointer);
                }
            }
            Kind::Object(members) => match reference(members) {
                Some((path, _)) => self.included(path, members, under),
                None => self.object(members, under),
            },
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
        }
    }

    /// Walks the file that an object names, with the data of that object.
    fn included(&mut self, path: &str, members: &'t [Member<'t>], under: &'t str) {
        self.object(members, under);
        let file = self.template.files.find(self.file, path);
        let Some((file, tree)) = file.and_then(|file| Some((file, self.trees.get(file)?))) else {
            return;
        };
        let (scope, covered) = (self.scope.clone(), self.covered.len());
        let found = self.found.len();
        self.enter(members);
        self.found.truncate(found);
        let outside = std::mem::replace(&mut self.file, file);
        let pointer = std::mem::take(&mut self.place.pointer);
        self.node(tree, under);
        self.place.pointer = pointer;
        self.file = outside;
        self.scope = scope;
        self.covered.truncate(covered);
    }

    fn object(&mut self, members: &'t [Member<'t>], under: &'t str) {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        let element = match find("type").map(|member| &member.value.kind) {
            Some(Kind::String(name)) => &**name,
            _ => "",
        };
        let outer = (self.scope.clone(), self.covered.len(), self.place.clone());
        (self.place.element, self.place.under) = (element, under);
        self.enter(members);
        for member in members.iter().filter(|member| !member.key.starts_with('$')) {
            self.property(member, |walk| walk.node(&member.value, &member.key));
        }
        self.scope = outer.0;
        self.covered.truncate(outer.1);
        self.place = outer.2;
    }

    /// Reads what an object says about its data and its condition, and takes both for what holds.
    fn enter(&mut self, members: &'t [Member<'t>]) {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        if let Some(data) = find("$data") {
            self.scope = match &data.value.kind {
                Kind::String(text) => self.property(data, |walk| {
                    walk.string(text, data.value.at, Usage::Repeat, false)
                        .map_or(Origin::new(Base::Computed), |from| from.and(Step::EachOrSelf))
                }),
                _ => Origin::new(Base::Computed),
            };
        }
        if let Some(when) = find("$when")
            && let Kind::String(text) = &when.value.kind
        {
            let before = self.found.len();
            self.property(when, |walk| {
                walk.string(text, when.value.at, Usage::Condition, true);
            });
            self.cover(before);
        }
    }

    fn property<T>(&mut self, member: &'t Member<'t>, walk: impl FnOnce(&mut Self) -> T) -> T {
        let (before, pointer) = (self.place.property, self.place.pointer.len());
        self.place.property = &member.key;
        let key = member.key.replace('~', "~0").replace('/', "~1");
        self.place.pointer.extend(["/", &key]);
        let result = walk(self);
        self.place.property = before;
        self.place.pointer.truncate(pointer);
        result
    }

    /// Takes what was read since `before` for asked about.
    fn cover(&mut self, before: usize) {
        let asked = self.found.iter().skip(before);
        self.covered
            .extend(asked.map(|read| Origin { base: read.base, steps: read.steps.clone() }));
    }

    fn string(&mut self, text: &str, at: usize, usage: Usage, asked: bool) -> Option<Origin> {
        // Always read as the safe dialect reads it, whose places are those of the text.
        let read = template_text(text, crate::options::Profile::Argus).ok()?;
        self.leaf_at = at;
        match &read {
            Text::Plain(_) => None,
            Text::Single(expr) => {
                self.whole = true;
                self.expr(expr, usage, asked)
            }
            Text::Mixed(pieces) => {
                self.whole = false;
                for piece in pieces {
                    if let Piece::Expr(expr) = piece {
                        self.expr(expr, Usage::Text, asked);
                    }
                }
                None
            }
        }
    }
}
