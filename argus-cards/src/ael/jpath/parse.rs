//! Tokens to a query, by recursive descent.

use super::lex::{Tok, tokens};
use super::{Compare, From, Part, Path, Query, TextTest};
use crate::ael::value::Val;

/// How deep a query may nest.
const MAX_DEPTH: usize = 64;

/// Reads a query; `None` if it is none.
pub(super) fn query(path: &str) -> Option<Query> {
    let mut parser = Parser { tokens: tokens(path)?, next: 0, depth: 0 };
    let query = parser.concat()?;
    parser.peek().is_none().then_some(query)
}

struct Parser {
    tokens: Vec<Tok>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Tok> {
        self.tokens.get(self.next)
    }

    fn at(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(Tok::Mark(found)) if *found == mark)
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = self.at(mark);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Option<()> {
        self.eat(mark).then_some(())
    }

    fn eat_any(&mut self, marks: &[&'static str]) -> Option<&'static str> {
        marks.iter().find(|mark| self.eat(mark)).copied()
    }

    /// Reads something nested, if it is not too deep.
    fn deeper<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let inside = if self.depth > MAX_DEPTH { None } else { read(self) };
        self.depth -= 1;
        inside
    }

    fn concat(&mut self) -> Option<Query> {
        let first = self.concat_part()?;
        let mut parts = vec![first];
        while self.eat("|") {
            parts.push(self.concat_part()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Query::Concat(parts)) }
    }

    fn concat_part(&mut self) -> Option<Query> {
        if self.at("(") { self.deeper(Self::group) } else { self.path().map(Query::Path) }
    }

    /// `(.a | .b)[0]`
    fn group(&mut self) -> Option<Query> {
        self.expect("(")?;
        let inside = self.concat()?;
        self.expect(")")?;
        let mut parts = Vec::new();
        while self.at_predicate() {
            self.predicate(&mut parts)?;
        }
        Some(match inside {
            inside if parts.is_empty() => inside,
            Query::Path(mut path) => {
                path.parts.append(&mut parts);
                Query::Path(path)
            }
            Query::Concat(queries) => {
                parts.insert(0, Part::Concat(queries));
                Query::Path(Path { from: From::Here, parts })
            }
            other => other,
        })
    }

    fn at_path(&self) -> bool {
        let name = matches!(self.peek(), Some(Tok::Name(name)) if name.starts_with('$'));
        name || self.at(".") || self.at("..") || self.at("^")
    }

    fn path(&mut self) -> Option<Path> {
        let from = match self.peek()? {
            Tok::Mark("^") => {
                self.next += 1;
                From::Root
            }
            Tok::Name(name) if name.starts_with('$') => {
                let from = if name == "$" { From::Here } else { From::Nothing };
                self.next += 1;
                from
            }
            Tok::Mark("." | "..") => From::Here,
            _ => return None,
        };
        let mut parts = Vec::new();
        loop {
            if let Some(selector) = self.eat_any(&["..", "."]) {
                parts.extend(self.selector(selector));
            } else if self.at_predicate() {
                self.predicate(&mut parts)?;
            } else {
                return Some(Path { from, parts });
            }
        }
    }

    /// What a `.` or `..` selects; a `.` alone selects what is there already.
    fn selector(&mut self, selector: &str) -> Option<Part> {
        let name = match self.peek() {
            Some(Tok::Mark("*")) => "*".to_owned(),
            Some(Tok::Name(name) | Tok::Text(name)) => name.clone(),
            _ => String::new(),
        };
        self.next +=
            usize::from(matches!(self.peek(), Some(Tok::Mark("*") | Tok::Name(_) | Tok::Text(_))));
        match (selector, name.as_str()) {
            (".", "") => None,
            (".", "*") => Some(Part::Values),
            (".", _) => Some(Part::Property(name)),
            (_, "") => Some(Part::Everything),
            (_, "*") => Some(Part::DescendantValues),
            _ => Some(Part::Descendants(name)),
        }
    }

    fn at_predicate(&self) -> bool {
        self.at("[") || self.at("{") || self.at("(")
    }

    /// Reads a predicate; a path in parentheses reads as one that changes nothing.
    fn predicate(&mut self, parts: &mut Vec<Part>) -> Option<()> {
        if self.at("[") {
            parts.push(self.deeper(Self::position)?);
        } else if self.eat("{") {
            parts.push(Part::Filter(self.deeper(Self::or)?));
            self.expect("}")?;
        } else if let Query::Concat(queries) = self.deeper(Self::group)? {
            parts.push(Part::Concat(queries));
        }
        Some(())
    }

    fn position(&mut self) -> Option<Part> {
        self.expect("[")?;
        let part = if self.eat(":") {
            Part::Slice { from: None, to: Some(self.unary()?) }
        } else {
            let from = self.unary()?;
            if self.eat(":") {
                let to = if self.at("]") { None } else { Some(self.unary()?) };
                Part::Slice { from: Some(from), to }
            } else {
                Part::Position(from)
            }
        };
        self.expect("]")?;
        Some(part)
    }

    fn or(&mut self) -> Option<Query> {
        let mut parts = vec![self.and()?];
        while self.eat("||") {
            parts.push(self.and()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Query::Any(parts)) }
    }

    fn and(&mut self) -> Option<Query> {
        let mut parts = vec![self.equality()?];
        while self.eat("&&") {
            parts.push(self.equality()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Query::All(parts)) }
    }

    fn equality(&mut self) -> Option<Query> {
        let left = self.relation()?;
        let marks = [
            "==", "!=", "===", "!==", "^==", "==^", "^=", "=^", "$==", "==$", "$=", "=$", "*==",
            "==*", "*=", "=*",
        ];
        let Some(mark) = self.eat_any(&marks) else { return Some(left) };
        let right = self.deeper(Self::equality)?;
        Some(Query::Compare { op: comparison(mark)?, args: Box::new([left, right]) })
    }

    fn relation(&mut self) -> Option<Query> {
        let left = self.sum()?;
        let Some(mark) = self.eat_any(&["<", ">", "<=", ">="]) else { return Some(left) };
        let right = self.deeper(Self::relation)?;
        Some(Query::Compare { op: comparison(mark)?, args: Box::new([left, right]) })
    }

    fn sum(&mut self) -> Option<Query> {
        self.math(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Option<Query> {
        self.math(&["*", "/", "%"], Self::unary)
    }

    fn math(
        &mut self,
        marks: &[&'static str],
        operand: fn(&mut Self) -> Option<Query>,
    ) -> Option<Query> {
        let mut left = operand(self)?;
        while let Some(mark) = self.eat_any(marks) {
            let right = operand(self)?;
            left = Query::Math { op: mark.chars().next()?, args: Box::new([left, right]) };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Query> {
        if self.eat("!") {
            return self.deeper(Self::unary).map(|query| Query::Not(Box::new(query)));
        }
        if self.eat("-") {
            return self.deeper(Self::unary).map(|query| Query::Minus(Box::new(query)));
        }
        if self.at_path() {
            return self.deeper(Self::path).map(Query::Path);
        }
        if self.eat("(") {
            let inside = self.deeper(Self::or)?;
            self.expect(")")?;
            return Some(inside);
        }
        let value = match self.peek()? {
            Tok::Number(number) => Val::Number(*number),
            Tok::Text(text) => Val::text(text.clone()),
            Tok::Name(name) if name == "true" => Val::Bool(true),
            Tok::Name(name) if name == "false" => Val::Bool(false),
            Tok::Name(name) if name == "null" => Val::Null,
            _ => return None,
        };
        self.next += 1;
        Some(Query::Literal(value))
    }
}

fn comparison(mark: &str) -> Option<Compare> {
    Some(match mark {
        "===" => Compare::Same,
        "!==" => Compare::NotSame,
        "==" => Compare::Equal,
        "!=" => Compare::NotEqual,
        "<" => Compare::Less,
        "<=" => Compare::LessOrEqual,
        ">" => Compare::Greater,
        ">=" => Compare::GreaterOrEqual,
        _ => Compare::Text {
            test: match mark.trim_matches('=') {
                "^" => TextTest::Starts,
                "$" => TextTest::Ends,
                "*" => TextTest::Contains,
                _ => return None,
            },
            exact: mark.len() == 3,
            swapped: mark.starts_with('='),
        },
    })
}
