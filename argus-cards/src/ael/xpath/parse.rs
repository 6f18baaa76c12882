//! Tokens to an expression, by recursive descent.

use super::lex::{Tok, tokens};
use super::{Axis, Expr, From, Op, Path, Step, Test};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 64;

/// Functions, with how many arguments each takes at least and at most.
const FUNCTIONS: [(&str, usize, usize); 26] = [
    ("last", 0, 0),
    ("position", 0, 0),
    ("count", 1, 1),
    ("id", 1, 1),
    ("local-name", 0, 1),
    ("namespace-uri", 0, 1),
    ("name", 0, 1),
    ("string", 0, 1),
    ("concat", 2, usize::MAX),
    ("starts-with", 2, 2),
    ("contains", 2, 2),
    ("substring-before", 2, 2),
    ("substring-after", 2, 2),
    ("substring", 2, 3),
    ("string-length", 0, 1),
    ("normalize-space", 0, 1),
    ("translate", 3, 3),
    ("boolean", 1, 1),
    ("not", 1, 1),
    ("true", 0, 0),
    ("false", 0, 0),
    ("lang", 1, 1),
    ("number", 0, 1),
    ("sum", 1, 1),
    ("floor", 1, 1),
    ("ceiling", 1, 1),
];

/// Operators by how loosely they bind.
const LEVELS: [&[(&str, Op)]; 6] = [
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Equal), ("!=", Op::NotEqual)],
    &[("<=", Op::LessOrEqual), ("<", Op::Less), (">=", Op::GreaterOrEqual), (">", Op::Greater)],
    &[("+", Op::Add), ("-", Op::Subtract)],
    &[("*", Op::Multiply), ("div", Op::Divide), ("mod", Op::Modulo)],
];

/// Reads an expression; `None` if it is none.
pub(super) fn expression(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let expr = parser.binary(0)?;
    parser.peek().is_none().then_some(expr)
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

    fn peek_after(&self) -> Option<&Tok> {
        self.tokens.get(self.next + 1)
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

    fn name(&mut self) -> Option<String> {
        let Some(Tok::Name(name)) = self.peek() else { return None };
        let name = name.clone();
        self.next += 1;
        Some(name)
    }

    fn binary(&mut self, level: usize) -> Option<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(mark, _)| self.eat(mark)) {
            let right = self.binary(level + 1)?;
            left = Expr::Binary { op: *op, args: Box::new([left, right]) };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expr> {
        self.depth += 1;
        let expr = if self.depth > MAX_DEPTH {
            None
        } else if self.eat("-") {
            self.unary().map(|expr| Expr::Minus(Box::new(expr)))
        } else {
            self.union()
        };
        self.depth -= 1;
        expr
    }

    fn union(&mut self) -> Option<Expr> {
        let mut left = self.path()?;
        while self.eat("|") {
            let right = self.path()?;
            left = Expr::Binary { op: Op::Union, args: Box::new([left, right]) };
        }
        Some(left)
    }

    fn path(&mut self) -> Option<Expr> {
        let mut steps = Vec::new();
        let from = if self.at_primary() {
            let filtered = self.primary()?;
            let predicates = self.predicates()?;
            if predicates.is_empty() && !self.at("/") && !self.at("//") {
                return Some(filtered);
            }
            From::Found(Box::new(filtered), predicates)
        } else if self.eat("/") {
            if self.starts_step() {
                steps.push(self.step()?);
            }
            From::Root
        } else if self.at("//") {
            From::Root
        } else {
            steps.push(self.step()?);
            From::Here
        };
        loop {
            if self.eat("//") {
                let (axis, test) = (Axis::DescendantOrSelf, Test::Node);
                steps.push(Step { axis, test, predicates: Vec::new() });
            } else if !self.eat("/") {
                return Some(Expr::Path(Path { from, steps }));
            }
            steps.push(self.step()?);
        }
    }

    /// Whether there is a literal, a call or something in parentheses here.
    fn at_primary(&self) -> bool {
        let kinds = ["node", "text", "comment", "processing-instruction"];
        match self.peek() {
            Some(Tok::Number(_) | Tok::Text(_) | Tok::Mark("(")) => true,
            Some(Tok::Name(name)) => {
                self.peek_after() == Some(&Tok::Mark("(")) && !kinds.contains(&name.as_str())
            }
            _ => false,
        }
    }

    fn primary(&mut self) -> Option<Expr> {
        let literal = match self.peek()? {
            Tok::Number(number) => Expr::Number(*number),
            Tok::Text(text) => Expr::Text(text.clone()),
            Tok::Mark(_) => {
                self.next += 1;
                let inside = self.binary(0)?;
                self.expect(")")?;
                return Some(inside);
            }
            Tok::Name(_) => return self.call(),
        };
        self.next += 1;
        Some(literal)
    }

    fn call(&mut self) -> Option<Expr> {
        let name = self.name()?;
        self.expect("(")?;
        let mut args = Vec::new();
        if !self.eat(")") {
            loop {
                args.push(self.binary(0)?);
                if self.eat(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        if name == "round" && args.len() == 1 {
            return Some(Expr::Call { function: "round", args });
        }
        let known = FUNCTIONS.into_iter().find(|(known, ..)| *known == name);
        let (function, ..) =
            known.filter(|(_, least, most)| (*least..=*most).contains(&args.len()))?;
        Some(Expr::Call { function, args })
    }

    fn starts_step(&self) -> bool {
        matches!(self.peek(), Some(Tok::Name(_) | Tok::Mark("@" | "*any" | "." | "..")))
    }

    fn step(&mut self) -> Option<Step> {
        let short = [("..", Axis::Parent), (".", Axis::Myself)];
        if let Some((_, axis)) = short.into_iter().find(|(mark, _)| self.eat(mark)) {
            return Some(Step { axis, test: Test::Node, predicates: Vec::new() });
        }
        let axis = if self.eat("@") {
            Axis::Attribute
        } else if self.peek_after() == Some(&Tok::Mark("::")) {
            let axis = axis(&self.name()?)?;
            self.expect("::")?;
            axis
        } else {
            Axis::Child
        };
        let test = self.test()?;
        Some(Step { axis, test, predicates: self.predicates()? })
    }

    fn test(&mut self) -> Option<Test> {
        if self.eat("*any") || self.eat("*") {
            return Some(Test::Any);
        }
        let name = self.name()?;
        if !self.eat("(") {
            return Some(Test::Name(name));
        }
        if name == "processing-instruction" && matches!(self.peek(), Some(Tok::Text(_))) {
            self.next += 1;
        }
        self.expect(")")?;
        Some(match name.as_str() {
            "node" => Test::Node,
            "text" => Test::Text,
            "comment" => Test::Comment,
            "processing-instruction" => Test::Instruction,
            _ => return None,
        })
    }

    fn predicates(&mut self) -> Option<Vec<Expr>> {
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.binary(0)?);
            self.expect("]")?;
        }
        Some(predicates)
    }
}

fn axis(name: &str) -> Option<Axis> {
    Some(match name {
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "parent" => Axis::Parent,
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "following-sibling" => Axis::FollowingSibling,
        "preceding-sibling" => Axis::PrecedingSibling,
        "following" => Axis::Following,
        "preceding" => Axis::Preceding,
        "attribute" => Axis::Attribute,
        "self" => Axis::Myself,
        _ => return None,
    })
}
