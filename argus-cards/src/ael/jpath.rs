//! `JSPath`, the query language of `jPath()`: `.automobiles{.maker === "Honda"}.model`.
//!
//! The language is that of the npm package `jspath` 0.4, which npm's engine calls. A path gives an
//! array of what it found, unless it ends in a position such as `[0]`.

mod lex;
mod parse;
mod run;

use super::eval::{Cx, Fault, Outcome};
use super::value::Val;

/// A query that has been read.
#[derive(Debug)]
enum Query {
    Path(Path),
    /// `.a | .b`
    Concat(Vec<Query>),
    Literal(Val<'static>),
    Compare {
        op: Compare,
        args: Box<[Query; 2]>,
    },
    Math {
        op: char,
        args: Box<[Query; 2]>,
    },
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Minus(Box<Query>),
}

/// Selectors and predicates, one after the other.
#[derive(Debug, Default)]
struct Path {
    from: From,
    parts: Vec<Part>,
}

/// Where a path starts.
#[derive(Debug, Default)]
enum From {
    #[default]
    Here,
    Root,
    /// A substitution, of which there are none.
    Nothing,
}

#[derive(Debug)]
enum Part {
    Property(String),
    /// `.*`
    Values,
    /// `..name`
    Descendants(String),
    /// `..*`
    DescendantValues,
    /// `..`
    Everything,
    Filter(Query),
    Position(Query),
    Slice {
        from: Option<Query>,
        to: Option<Query>,
    },
    Concat(Vec<Query>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Same,
    NotSame,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Of two texts; without regard to case if not exact, and the other way round if swapped.
    Text {
        test: TextTest,
        exact: bool,
        swapped: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextTest {
    Starts,
    Ends,
    Contains,
}

/// Runs a query over a value.
pub(super) fn query<'a>(cx: &mut Cx<'a, '_>, of: &Val<'a>, path: &str) -> Outcome<Val<'a>> {
    let query = parse::query(path)
        .ok_or_else(|| Fault::new(format!("`{path}` is not a path of JSPath")))?;
    let found = run::run(cx, of, &query)?;
    // A path that ends in a position means that one item.
    let Query::Path(Path { parts, .. }) = &query else { return Ok(found) };
    match parts.last() {
        Some(Part::Position(_)) => {
            Ok(found.list().and_then(|list| list.get(0)).unwrap_or(Val::Undefined))
        }
        _ => Ok(found),
    }
}
