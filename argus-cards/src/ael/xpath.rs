//! `XPath` 1.0 for `xPath()`: finds nodes of an XML text, or computes from them.

mod axes;
mod lex;
mod parse;
mod run;

use super::eval::{Cx, Fault, Outcome};
use super::value::Val;
use super::xml::read::{document, write_attribute};
use run::{Found, NodeId};

/// An expression that has been read.
#[derive(Debug)]
enum Expr {
    Number(f64),
    Text(String),
    Path(Path),
    Binary { op: Op, args: Box<[Expr; 2]> },
    Minus(Box<Expr>),
    Call { function: &'static str, args: Vec<Expr> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Union,
}

/// Steps from somewhere.
#[derive(Debug)]
struct Path {
    from: From,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum From {
    Root,
    Here,
    /// What another expression finds, filtered.
    Found(Box<Expr>, Vec<Expr>),
}

#[derive(Debug)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Parent,
    Ancestor,
    AncestorOrSelf,
    FollowingSibling,
    PrecedingSibling,
    Following,
    Preceding,
    Attribute,
    Myself,
}

#[derive(Debug)]
enum Test {
    Any,
    Name(String),
    Node,
    Text,
    Comment,
    Instruction,
}

/// Runs an `XPath` expression over an XML text: nodes as XML, or a number, text or truth.
pub(super) fn select<'a>(cx: &mut Cx<'a, '_>, xml: &str, path: &str) -> Outcome<Val<'a>> {
    cx.spend(xml.len().saturating_mul(4))?;
    let document = document(xml).filter(|document| document.well_formed || cx.is_compat());
    let document = document.ok_or_else(|| Fault::new("argument 1 is not XML"))?;
    let expr = parse::expression(path)
        .ok_or_else(|| Fault::new(format!("`{path}` is not an XPath expression")))?;
    Ok(match run::run(cx, &document, &expr)? {
        Found::Number(n) => Val::Number(n),
        Found::Text(text) => Val::text(text),
        Found::Truth(truth) => Val::Bool(truth),
        Found::Nodes(nodes) if nodes.is_empty() => {
            return Err(Fault::new(format!("`{path}` finds nothing")));
        }
        Found::Nodes(nodes) => {
            let mut items = Vec::with_capacity(nodes.len());
            for NodeId { element, attribute } in nodes {
                let mut text = String::new();
                match attribute.and_then(|index| document.attributes(element).get(index)) {
                    Some((key, value)) => write_attribute(&mut text, key, value),
                    None => document.write(&mut text, element),
                }
                cx.spend(text.len() + size_of::<Val<'_>>())?;
                items.push(Val::text(text));
            }
            Val::array(items)
        }
    })
}
