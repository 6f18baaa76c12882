//! Walks an expression: which names lead where, and what their values are for.

use super::{Origin, Walk};
use crate::ael::expr::{Const, Expr, Path, Segment};
use crate::ael::number::{is_integer, to_usize};
use crate::ael::table::{Function, Run, Types};
use crate::ael::value::same_key;
use crate::template::files::Site;
use crate::template::reads::{Argument, Base, Read, Step, Usage};

impl Walk<'_> {
    /// Walks an expression and says where its value comes from, if it is a part of the data.
    pub(super) fn expr(&mut self, expr: &Expr, usage: Usage, asked: bool) -> Option<Origin> {
        match expr {
            Expr::Const(_) => None,
            Expr::Path(_) | Expr::Element { .. } => {
                let origin = self.chain(expr, asked)?;
                self.record(origin.clone(), expr, usage, asked);
                Some(origin)
            }
            Expr::Call { function, args, .. } => self.call(function, args, expr, usage, asked),
            #[cfg(feature = "minijinja")]
            Expr::Jinja(jinja) => {
                self.jinja(jinja, usage, asked);
                None
            }
            Expr::Unknown { args, .. } => {
                for arg in args {
                    self.expr(arg, Usage::Condition, asked);
                }
                None
            }
        }
    }

    /// Records what an expression of the second dialect reads.
    #[cfg(feature = "minijinja")]
    fn jinja(&mut self, jinja: &crate::ael::jinja::JinjaExpr, usage: Usage, asked: bool) {
        let whole = jinja.to_string();
        for path in jinja.paths() {
            let mut names = path.split('.');
            let origin = match names.next() {
                Some("_root") => Origin::new(Base::Root),
                Some("_host") => Origin::new(Base::Host),
                Some("_index") | None => continue,
                Some(name) => self.scope.clone().and(Step::Key(name.to_owned())),
            };
            let origin = names.fold(origin, |origin, name| origin.and(Step::Key(name.to_owned())));
            // Only a path alone is what the property becomes.
            let usage = if path == whole { usage } else { Usage::Unknown };
            let at = jinja.at() + whole.find(&path).unwrap_or(0);
            self.found_at(origin, at, path, usage, asked);
        }
    }

    /// Follows a chain of names and indices; what stands in the brackets is read on its own.
    fn chain(&mut self, expr: &Expr, asked: bool) -> Option<Origin> {
        match expr {
            Expr::Path(path) => self.path(path, asked),
            Expr::Element { of, index } => {
                let origin = self.chain(of, asked);
                let step = self.index(index, asked);
                Some(origin?.and(step))
            }
            // The call is a use of its own, whose value the chain goes on from.
            Expr::Call { function, args, .. } => {
                let from = self.call(function, args, expr, Usage::Index, asked);
                Some(from.unwrap_or(Origin::new(Base::Computed)))
            }
            _ => Some(Origin::new(Base::Computed)),
        }
    }

    fn path(&mut self, path: &Path, asked: bool) -> Option<Origin> {
        let mut segments = path.segments.iter();
        let mut origin = match &path.base {
            Some(base) => self.chain(base, asked)?,
            None => match segments.next()? {
                Segment::Name(name) => self.root(name)?,
                Segment::Index(_) => return None,
            },
        };
        for segment in segments {
            let step = match segment {
                Segment::Name(name) => Step::Key(name.clone()),
                Segment::Index(index) => self.index(index, asked),
            };
            origin = origin.and(step);
        }
        Some(origin)
    }

    /// What a first name means; the index and the language's version are no data.
    fn root(&self, name: &str) -> Option<Origin> {
        if let Some((_, origin)) = self.locals.iter().rev().find(|(local, _)| same_key(local, name))
        {
            return Some(origin.clone());
        }
        if !name.starts_with('$') {
            return Some(self.scope.clone().and(Step::Key(name.to_owned())));
        }
        if same_key(name, "$data") {
            Some(self.scope.clone())
        } else if same_key(name, "$root") {
            Some(Origin::new(Base::Root))
        } else if same_key(name, "$host") {
            Some(Origin::new(Base::Host))
        } else {
            None
        }
    }

    fn index(&mut self, index: &Expr, asked: bool) -> Step {
        match index {
            Expr::Const(Const::Number(n)) if is_integer(*n) && *n >= 0.0 => {
                Step::Index(to_usize(*n))
            }
            Expr::Const(Const::Text(key)) => Step::Key(key.clone()),
            other => {
                self.expr(other, Usage::Index, asked);
                Step::Computed
            }
        }
    }

    fn call(
        &mut self,
        function: &'static Function,
        args: &[Expr],
        whole: &Expr,
        usage: Usage,
        asked: bool,
    ) -> Option<Origin> {
        match (function.name, args) {
            ("if", [condition, then, other]) => {
                let (before, depth) = (self.found.len(), self.covered.len());
                self.expr(condition, Usage::Condition, true);
                self.cover(before);
                let then = self.expr(then, usage, asked);
                let other = self.expr(other, usage, asked);
                self.covered.truncate(depth);
                then.or(other)
            }
            ("coalesce" | "??", [first @ .., last]) => {
                let mut origin = None;
                for arg in first {
                    origin = origin.or(self.expr(arg, usage, true));
                }
                let last = self.expr(last, usage, asked);
                origin.or(last)
            }
            ("getProperty", [of, Expr::Const(Const::Text(key))]) => {
                let argument = argument(function, 0);
                let origin = self.expr(of, argument, asked)?.and(Step::Key(key.clone()));
                self.record(origin.clone(), whole, usage, asked);
                Some(origin)
            }
            (_, [items, variable, body]) if function.takes.lambda => {
                self.lambda(function, [items, variable, body], usage, asked)
            }
            _ => self.plain_call(function, args, asked),
        }
    }

    fn plain_call(
        &mut self,
        function: &'static Function,
        args: &[Expr],
        asked: bool,
    ) -> Option<Origin> {
        // Questions, and the operators between them, take a missing path for a no.
        let question =
            matches!(function.run, Run::Test(_)) || matches!(function.canonical, "&&" | "||" | "!");
        let mut first = None;
        for (index, arg) in args.iter().enumerate() {
            let origin = self.expr(arg, argument(function, index), asked || question);
            if index == 0 {
                first = origin;
            }
        }
        match function.name {
            "sortBy" | "sortByDescending" | "reverse" | "take" | "skip" | "subArray" | "unique" => {
                first
            }
            "first" | "last" => Some(first?.and(Step::Each)),
            _ => None,
        }
    }

    fn lambda(
        &mut self,
        function: &'static Function,
        [items, variable, body]: [&Expr; 3],
        usage: Usage,
        asked: bool,
    ) -> Option<Origin> {
        let from = self.expr(items, argument(function, 0), asked);
        let each = from.clone().map_or(Origin::new(Base::Computed), |from| from.and(Step::Each));
        self.locals.push((variable.variable().unwrap_or_default().to_owned(), each));
        let chooses = !matches!(function.name, "foreach" | "select");
        let usage = if chooses { Usage::Condition } else { usage };
        self.expr(body, usage, asked || chooses);
        self.locals.pop();
        if function.name == "where" { from } else { None }
    }

    fn record(&mut self, origin: Origin, expr: &Expr, usage: Usage, asked: bool) {
        self.found_at(origin, start(expr), expr.to_string(), usage, asked);
    }

    /// Records a path that starts at a byte of the string.
    fn found_at(&mut self, origin: Origin, at: usize, written: String, usage: Usage, asked: bool) {
        let steps = origin.steps.len();
        let covered = if asked {
            steps
        } else {
            let common = |asked: &Origin| {
                if asked.base != origin.base {
                    return 0;
                }
                asked.steps.iter().zip(&origin.steps).take_while(|(a, b)| a == b).count()
            };
            self.covered.iter().map(common).max().unwrap_or(0)
        };
        let site = Site { file: self.file, byte: self.leaf_at };
        let files = &self.template.files;
        let position = files.position(site, at);
        let at = files.byte(site, at);
        self.found.push(Read {
            base: origin.base,
            steps: origin.steps,
            written,
            usage,
            covered,
            element: self.place.element.to_owned(),
            under: self.place.under.to_owned(),
            property: self.place.property.to_owned(),
            whole: self.whole,
            pointer: self.place.pointer.clone(),
            file: files.name(self.file).to_owned(),
            at,
            position,
        });
    }
}

/// The byte of the string at which a chain of names starts.
fn start(expr: &Expr) -> usize {
    match expr {
        Expr::Path(Path { base: Some(of), .. }) | Expr::Element { of, .. } => start(of),
        other => other.at(),
    }
}

fn argument(function: &'static Function, index: usize) -> Usage {
    let takes = function.takes;
    let fixed = takes.required.iter().chain(takes.optional).nth(index).copied();
    let takes = fixed.or(takes.rest).unwrap_or(Types::ANY);
    Usage::Argument(Argument { function: function.name, index, takes })
}
