//! The tree of an expression, and how it is written when it has no value.

use std::fmt;
use std::sync::atomic::AtomicUsize;

use super::number::js_number;
use super::table::{Function, Types};
use super::value::same_key;

/// An expression that has been read and checked.
#[derive(Debug)]
pub(crate) enum Expr {
    Const(Const),
    Path(Path),
    Element {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    Call {
        function: &'static Function,
        args: Vec<Expr>,
        at: usize,
    },
    /// A function nobody knows: fails when it is reached, as npm's template engine does.
    Unknown {
        name: String,
        args: Vec<Expr>,
        at: usize,
    },
}

/// A value written in the expression.
#[derive(Clone, Debug)]
pub(crate) enum Const {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

/// A chain of names and indices: `a.b[0]['c'].d`.
#[derive(Debug)]
pub(crate) struct Path {
    /// What the chain starts from, if not from the data.
    pub(crate) base: Option<Box<Expr>>,
    pub(crate) segments: Vec<Segment>,
    /// The chain as keys, if no index has to be computed first.
    pub(crate) fixed: Option<Fixed>,
    pub(crate) at: usize,
}

/// One step of a [`Path`].
#[derive(Debug)]
pub(crate) enum Segment {
    Name(String),
    Index(Expr),
}

/// A path as text and as keys.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) text: String,
    pub(crate) start: Start,
    pub(crate) keys: Vec<Key>,
}

impl Fixed {
    pub(crate) fn new(text: String) -> Self {
        let keys = keys(&text);
        let start = keys.first().map_or(Start::Nowhere, |first| Start::of(&first.name));
        Self { text, start, keys }
    }
}

/// What the first name of a path means in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A name in the data.
    Name,
    Data,
    Root,
    Index,
    Host,
    Version,
    Nowhere,
}

impl Start {
    pub(crate) fn of(name: &str) -> Self {
        if !name.starts_with('$') {
            return Self::Name;
        }
        let roots = [
            ("$data", Self::Data),
            ("$root", Self::Root),
            ("$index", Self::Index),
            ("$host", Self::Host),
            ("$_acTemplateVersion", Self::Version),
        ];
        let found = roots.into_iter().find(|(root, _)| same_key(root, name));
        found.map_or(Self::Nowhere, |(_, start)| start)
    }
}

/// A key of an object, which is also an index if it starts with a number.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) index: Option<usize>,
    /// Where among an object's properties it was the last time; rows are mostly alike.
    pub(crate) place: AtomicUsize,
}

impl Path {
    pub(crate) fn new(base: Option<Box<Expr>>, segments: Vec<Segment>, at: usize) -> Self {
        Self { base, segments, fixed: None, at }
    }

    pub(crate) fn push(&mut self, name: String) {
        self.segments.push(Segment::Name(name));
    }

    /// Notes the keys of a finished path, if no index has to be computed first.
    pub(crate) fn fix(&mut self) {
        let mut text = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Name(name) => push_name(&mut text, name),
                Segment::Index(Expr::Const(Const::Number(n))) => push_index(&mut text, *n),
                Segment::Index(Expr::Const(Const::Text(key))) => push_key(&mut text, key),
                Segment::Index(_) => {
                    self.fixed = None;
                    return;
                }
            }
        }
        self.fixed = Some(Fixed::new(text));
    }
}

pub(crate) fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

pub(crate) fn push_index(path: &mut String, index: f64) {
    path.push('[');
    path.push_str(&js_number(index));
    path.push(']');
}

pub(crate) fn push_key(path: &mut String, key: &str) {
    let number = leading_index(key).is_some();
    path.push_str(if number { "[" } else { "['" });
    path.push_str(key);
    path.push_str(if number { "]" } else { "']" });
}

/// Cuts a path at dots and brackets, the way npm's memory does: a key that contains one is cut too.
pub(crate) fn keys(path: &str) -> Vec<Key> {
    path.split(['.', '[', ']'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let bare = ['\'', '"']
                .into_iter()
                .find_map(|quote| part.strip_prefix(quote)?.strip_suffix(quote))
                .unwrap_or(part);
            Key { name: bare.to_owned(), index: leading_index(bare), place: AtomicUsize::new(0) }
        })
        .collect()
}

/// Reads the number a text starts with, as JavaScript's `parseInt` does.
fn leading_index(text: &str) -> Option<usize> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

impl Expr {
    /// What kinds of value this can have, as far as can be known without data.
    pub(crate) fn returns(&self) -> Types {
        match self {
            Self::Const(Const::Undefined | Const::Null) | Self::Path(_) | Self::Element { .. } => {
                Types::ANY
            }
            Self::Const(Const::Bool(_)) => Types::BOOL,
            Self::Const(Const::Number(_)) => Types::NUMBER,
            Self::Const(Const::Text(_)) | Self::Unknown { .. } => Types::TEXT,
            Self::Call { function, .. } => function.returns,
        }
    }

    /// Where in the source the expression does its work, for error messages.
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::Const(_) => 0,
            Self::Path(path) => path.at,
            Self::Element { of, .. } => of.at(),
            Self::Call { at, .. } | Self::Unknown { at, .. } => *at,
        }
    }
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => f.write_str(&js_number(*value)),
            Self::Text(value) => {
                write!(f, "'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
            }
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Const(value) => value.fmt(f),
            Self::Path(path) => {
                if let Some(base) = &path.base {
                    base.fmt(f)?;
                }
                for (index, segment) in path.segments.iter().enumerate() {
                    match segment {
                        Segment::Name(name) if index == 0 && path.base.is_none() => {
                            f.write_str(name)?;
                        }
                        Segment::Name(name) => write!(f, ".{name}")?,
                        Segment::Index(expr) => write!(f, "[{expr}]")?,
                    }
                }
                Ok(())
            }
            Self::Element { of, index } => write!(f, "{of}[{index}]"),
            Self::Call { function, args, .. } => write_call(f, function.canonical, args),
            Self::Unknown { name, args, .. } => write_call(f, name, args),
        }
    }
}

fn write_call(f: &mut fmt::Formatter<'_>, name: &str, args: &[Expr]) -> fmt::Result {
    let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
    let infix = operator && args.len() >= 2;
    if !infix {
        f.write_str(name)?;
    }
    f.write_str("(")?;
    for (index, arg) in args.iter().enumerate() {
        if index > 0 && infix {
            write!(f, " {name} ")?;
        } else if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{arg}")?;
    }
    f.write_str(")")
}
