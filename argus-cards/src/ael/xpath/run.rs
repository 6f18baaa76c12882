//! Runs an expression. Whatever is looked at costs a step.

use std::cmp::Ordering;

use super::axes::{fits, nodes};
use super::{Expr, From, Op, Path, Step};
use crate::ael::eval::{Cx, Fault, Outcome};
use crate::ael::number::{from_usize, js_number, js_round};
use crate::ael::xml::read::Document;

/// A node, or an attribute of one; in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId {
    pub(super) element: usize,
    pub(super) attribute: Option<usize>,
}

impl NodeId {
    pub(super) fn node(element: usize) -> Self {
        Self { element, attribute: None }
    }
}

/// What an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Nodes(Vec<NodeId>),
    Number(f64),
    Text(String),
    Truth(bool),
}

/// Runs an expression on the document.
pub(super) fn run(cx: &mut Cx<'_, '_>, document: &Document, expr: &Expr) -> Outcome<Found> {
    let here = Here { node: NodeId::node(0), position: 1, size: 1 };
    Run { cx, document }.value(expr, here)
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
struct Here {
    node: NodeId,
    position: usize,
    size: usize,
}

struct Run<'r, 'a, 'o> {
    cx: &'r mut Cx<'a, 'o>,
    document: &'r Document,
}

impl Run<'_, '_, '_> {
    fn value(&mut self, expr: &Expr, here: Here) -> Outcome<Found> {
        self.cx.step(1)?;
        Ok(match expr {
            Expr::Number(number) => Found::Number(*number),
            Expr::Text(text) => Found::Text(text.clone()),
            Expr::Minus(expr) => {
                let value = self.value(expr, here)?;
                Found::Number(-self.number(&value))
            }
            Expr::Path(path) => Found::Nodes(self.path(path, here)?),
            Expr::Binary { op, args } => self.binary(*op, args, here)?,
            Expr::Call { function, args } => self.call(function, args, here)?,
        })
    }

    fn path(&mut self, path: &Path, here: Here) -> Outcome<Vec<NodeId>> {
        let mut found = match &path.from {
            From::Root => vec![NodeId::node(0)],
            From::Here => vec![here.node],
            From::Found(expr, predicates) => {
                let Found::Nodes(nodes) = self.value(expr, here)? else {
                    return Err(Fault::new("only nodes can be filtered or walked"));
                };
                self.filtered(nodes, predicates)?
            }
        };
        for step in &path.steps {
            found = self.step(step, found)?;
        }
        Ok(found)
    }

    fn step(&mut self, step: &Step, from: Vec<NodeId>) -> Outcome<Vec<NodeId>> {
        let mut all = Vec::new();
        for node in from {
            let mut found = nodes(self.document, node, step.axis);
            self.cx.step(1 + found.len() as u64)?;
            found.retain(|id| fits(self.document, *id, step.axis, &step.test));
            all.extend(self.filtered(found, &step.predicates)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    fn filtered(&mut self, mut nodes: Vec<NodeId>, predicates: &[Expr]) -> Outcome<Vec<NodeId>> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let here = Here { node, position: index + 1, size };
                let holds = match self.value(predicate, here)? {
                    Found::Number(n) => is_same(n, from_usize(here.position)),
                    value => truth(&value),
                };
                if holds {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn binary(&mut self, op: Op, [a, b]: &[Expr; 2], here: Here) -> Outcome<Found> {
        let left = self.value(a, here)?;
        match (op, truth(&left)) {
            (Op::Or, true) => return Ok(Found::Truth(true)),
            (Op::And, false) => return Ok(Found::Truth(false)),
            _ => {}
        }
        let right = self.value(b, here)?;
        let numbers = (self.number(&left), self.number(&right));
        Ok(match op {
            Op::Or | Op::And => Found::Truth(truth(&right)),
            Op::Add => Found::Number(numbers.0 + numbers.1),
            Op::Subtract => Found::Number(numbers.0 - numbers.1),
            Op::Multiply => Found::Number(numbers.0 * numbers.1),
            Op::Divide => Found::Number(numbers.0 / numbers.1),
            Op::Modulo => Found::Number(numbers.0 % numbers.1),
            Op::Union => match (left, right) {
                (Found::Nodes(mut nodes), Found::Nodes(more)) => {
                    nodes.extend(more);
                    nodes.sort_unstable();
                    nodes.dedup();
                    Found::Nodes(nodes)
                }
                _ => return Err(Fault::new("only nodes have a union")),
            },
            _ => Found::Truth(self.compare(op, &left, &right)?),
        })
    }

    /// Compares two values; of nodes, one that fits is enough.
    fn compare(&mut self, op: Op, a: &Found, b: &Found) -> Outcome<bool> {
        let (a, b) = match (a, b) {
            // A truth is compared with whether there are nodes.
            (Found::Truth(_), Found::Nodes(_)) => (vec![a.clone()], vec![Found::Truth(truth(b))]),
            (Found::Nodes(_), Found::Truth(_)) => (vec![Found::Truth(truth(a))], vec![b.clone()]),
            _ => (self.each(a), self.each(b)),
        };
        self.cx.step((a.len() as u64).saturating_mul(b.len() as u64))?;
        Ok(a.iter().any(|a| b.iter().any(|b| self.fits(op, a, b))))
    }

    fn each(&self, value: &Found) -> Vec<Found> {
        match value {
            Found::Nodes(nodes) => {
                nodes.iter().map(|id| Found::Text(self.node_text(*id))).collect()
            }
            value => vec![value.clone()],
        }
    }

    fn fits(&self, op: Op, a: &Found, b: &Found) -> bool {
        if matches!(op, Op::Equal | Op::NotEqual) {
            let equal = match (a, b) {
                (Found::Truth(_), _) | (_, Found::Truth(_)) => truth(a) == truth(b),
                (Found::Text(a), Found::Text(b)) => a == b,
                _ => is_same(self.number(a), self.number(b)),
            };
            return equal == (op == Op::Equal);
        }
        let order = self.number(a).partial_cmp(&self.number(b));
        order.is_some_and(|order| match op {
            Op::Less => order.is_lt(),
            Op::LessOrEqual => order.is_le(),
            Op::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    fn node_text(&self, id: NodeId) -> String {
        match id.attribute {
            Some(index) => {
                let attribute = self.document.attributes(id.element).get(index);
                attribute.map(|(_, value)| value.clone()).unwrap_or_default()
            }
            None => self.document.text(id.element),
        }
    }

    fn text(&self, value: &Found) -> String {
        match value {
            Found::Nodes(nodes) => nodes.first().map(|id| self.node_text(*id)).unwrap_or_default(),
            Found::Number(n) => js_number(*n),
            Found::Text(text) => text.clone(),
            Found::Truth(truth) => truth.to_string(),
        }
    }

    fn number(&self, value: &Found) -> f64 {
        match value {
            Found::Number(n) => *n,
            Found::Truth(truth) => f64::from(u8::from(*truth)),
            value => text_number(&self.text(value)),
        }
    }

    fn call(&mut self, function: &str, args: &[Expr], here: Here) -> Outcome<Found> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.value(arg, here)?);
        }
        if values.is_empty() {
            values.push(Found::Nodes(vec![here.node]));
        }
        let first = values.first().cloned().unwrap_or(Found::Truth(false));
        let text = |index: usize| values.get(index).map(|v| self.text(v)).unwrap_or_default();
        let (a, b, c) = (text(0), text(1), text(2));
        self.cx.spend(a.len() + b.len())?;
        Ok(match function {
            "last" => Found::Number(from_usize(here.size)),
            "position" => Found::Number(from_usize(here.position)),
            "true" => Found::Truth(true),
            "false" | "lang" => Found::Truth(false),
            "boolean" => Found::Truth(truth(&first)),
            "not" => Found::Truth(!truth(&first)),
            "number" => Found::Number(self.number(&first)),
            "floor" => Found::Number(self.number(&first).floor()),
            "ceiling" => Found::Number(self.number(&first).ceil()),
            "round" => Found::Number(js_round(self.number(&first))),
            "string" => Found::Text(a),
            "concat" => Found::Text(values.iter().map(|value| self.text(value)).collect()),
            "starts-with" => Found::Truth(a.starts_with(&b)),
            "contains" => Found::Truth(a.contains(&b)),
            "substring-before" => {
                Found::Text(a.split_once(&b).map_or("", |(before, _)| before).to_owned())
            }
            "substring-after" => {
                Found::Text(a.split_once(&b).map_or("", |(_, after)| after).to_owned())
            }
            "substring" => {
                let count = values.get(2).map_or(f64::INFINITY, |value| self.number(value));
                let start = values.get(1).map_or(f64::NAN, |value| self.number(value));
                Found::Text(substring(&a, start, count))
            }
            "string-length" => Found::Number(from_usize(a.encode_utf16().count())),
            "normalize-space" => Found::Text(a.split_whitespace().collect::<Vec<_>>().join(" ")),
            "translate" => Found::Text(translate(&a, &b, &c)),
            _ => self.of_nodes(function, &first)?,
        })
    }

    /// The functions that are about nodes.
    fn of_nodes(&mut self, function: &str, first: &Found) -> Outcome<Found> {
        if function == "id" {
            return Ok(Found::Nodes(Vec::new()));
        }
        let Found::Nodes(nodes) = first else {
            return Err(Fault::new(format!("`{function}` takes nodes")));
        };
        let name = nodes.first().and_then(|id| match id.attribute {
            Some(index) => self.document.attributes(id.element).get(index).map(|(key, _)| &**key),
            None => self.document.name(id.element),
        });
        Ok(match function {
            "count" => Found::Number(from_usize(nodes.len())),
            "sum" => Found::Number(nodes.iter().map(|id| text_number(&self.node_text(*id))).sum()),
            "name" => Found::Text(name.unwrap_or_default().to_owned()),
            "local-name" => {
                let local = name.and_then(|name| name.rsplit(':').next());
                Found::Text(local.unwrap_or_default().to_owned())
            }
            _ => Found::Text(String::new()),
        })
    }
}

fn truth(value: &Found) -> bool {
    match value {
        Found::Nodes(nodes) => !nodes.is_empty(),
        Found::Number(n) => *n != 0.0 && !n.is_nan(),
        Found::Text(text) => !text.is_empty(),
        Found::Truth(truth) => *truth,
    }
}

fn is_same(a: f64, b: f64) -> bool {
    a.partial_cmp(&b) == Some(Ordering::Equal)
}

/// Digits with an optional minus and point; anything else is no number.
fn text_number(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if fits { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// The characters whose positions, from 1, are in the rounded range.
fn substring(text: &str, start: f64, count: f64) -> String {
    let (from, to) = (js_round(start), js_round(start) + js_round(count));
    let inside = |index: usize| (from..to).contains(&from_usize(index + 1));
    text.chars().enumerate().filter(|(index, _)| inside(*index)).map(|(_, c)| c).collect()
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let replaced = |c: char| match from.chars().position(|f| f == c) {
        Some(position) => to.chars().nth(position),
        None => Some(c),
    };
    text.chars().filter_map(replaced).collect()
}
