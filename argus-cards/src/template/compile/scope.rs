//! What an object says about itself: its data, its conditions, and the file that it stands for.

use serde_json::Value;

use super::{Compiler, Scope, Where, plain};
use crate::ael::text::{Text, may_compute};
use crate::error::Error;
use crate::json::{Kind, Member, Node};
use crate::options::Profile;
use crate::template::files::reference;
use crate::template::program::{Leaf, Source, When};
use crate::template::role::{Role, Spot};

/// How many times files may be included in one template, all levels together.
const MAX_INCLUDED: usize = 1_000;

impl Compiler<'_> {
    /// What stands in an object about its data and its conditions.
    pub(super) fn scope(&mut self, members: &[Member<'_>]) -> Result<Scope, Error> {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        let data = find("$data").map(|member| self.data(&member.value)).transpose()?;
        let when = match find("$when") {
            Some(member) => self.when(&member.value)?,
            None => None,
        };
        Ok(Scope { data, when: when.into_iter().collect() })
    }

    /// Compiles the file that an object names in place of the object.
    pub(super) fn include(
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

    /// npm reads the strings of what it then leaves out, and fails if it cannot.
    pub(super) fn readable(&self, node: &Node<'_>) -> Result<(), Error> {
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

fn has_expression(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::String(text) => may_compute(text),
        Kind::Array(items) => items.iter().any(has_expression),
        Kind::Object(members) => members.iter().any(|member| has_expression(&member.value)),
        _ => false,
    }
}
