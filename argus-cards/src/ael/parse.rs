//! Tokens to a tree, by precedence climbing, with every static check of the language.

use super::Syntax;
use super::expr::{Const, Expr, Path, Segment};
use super::lex::{Part, Tok, Token, char_at, tokens, unescape};
use super::table::lookup;
use crate::options::Profile;

/// How deep an expression may nest; a reader gives up at five.
const MAX_DEPTH: usize = 64;

/// How tightly binary operators bind, loosest first. `==` binds tighter than `<`, `&` in between:
/// that is the public grammar.
fn binding(op: &str) -> Option<u8> {
    Some(match op {
        "?" => 1,
        "??" => 2,
        "||" => 3,
        "&&" => 4,
        "<" | "<=" | ">" | ">=" => 5,
        "&" => 6,
        // The grammar has `<>`, but no engine has a function for it.
        "==" | "!=" | "<>" => 7,
        "+" | "-" => 8,
        "*" | "/" | "%" => 9,
        "^" => 10,
        _ => return None,
    })
}

/// How strictly an expression is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) profile: Profile,
    /// Whether an unknown function is an error now, or one when it is reached.
    pub(crate) knows_functions: bool,
}

impl Rules {
    /// Those of an expression in a template.
    pub(crate) fn of_template(profile: Profile) -> Self {
        Self { profile, knows_functions: profile == Profile::Argus }
    }

    /// Those of an expression that stands by itself.
    pub(crate) fn alone(profile: Profile) -> Self {
        Self { profile, knows_functions: true }
    }
}

/// Reads an expression.
pub(crate) fn expression(text: &str, rules: Rules) -> Result<Expr, Syntax> {
    range(text, 0, text.len(), rules, 0)
}

/// Reads the expression between two bytes of `text`; all offsets are those of `text`.
pub(super) fn range(
    text: &str,
    start: usize,
    end: usize,
    rules: Rules,
    depth: usize,
) -> Result<Expr, Syntax> {
    let inside = text.get(start..end).unwrap_or_default();
    let mut from = start + (inside.len() - inside.trim_start().len());
    if char_at(text, from) == Some('=') && char_at(text, from + 1) != Some('=') {
        from += 1;
    }
    if inside.trim().is_empty() {
        return Ok(Expr::Const(Const::Text(String::new())));
    }
    let tokens = tokens(text, from, end)?;
    let mut parser = Parser { text, tokens, next: 0, rules, depth };
    let expr = parser.binary(0)?;
    match parser.peek() {
        Tok::End => Ok(expr),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    next: usize,
    rules: Rules,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &Tok<'t> {
        self.tokens.get(self.next).map_or(&Tok::End, |token| &token.tok)
    }

    fn start(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |token| token.start)
    }

    fn take(&mut self) -> Tok<'t> {
        let tok = self.tokens.get_mut(self.next).map(|token| &mut token.tok);
        self.next += 1;
        match tok {
            // The parts of a text are read once.
            Some(Tok::Interpolated(parts)) => Tok::Interpolated(std::mem::take(parts)),
            Some(tok) => tok.clone(),
            None => Tok::End,
        }
    }

    fn eat(&mut self, op: &str) -> bool {
        let found = matches!(self.peek(), Tok::Op(found) if *found == op);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, op: &'static str) -> Result<(), Syntax> {
        if self.eat(op) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Syntax {
        let end = self.tokens.get(self.next).map_or(self.text.len(), |token| token.end);
        if self.peek() == &Tok::End {
            Syntax::new(self.start(), "the expression ends too early")
        } else {
            let word = self.text.get(self.start()..end).unwrap_or_default();
            Syntax::new(self.start(), format!("unexpected `{word}`"))
        }
    }

    fn deeper(&mut self) -> Result<(), Syntax> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("the expression nests deeper than {MAX_DEPTH} levels");
            return Err(Syntax::new(self.start(), message));
        }
        Ok(())
    }

    fn binary(&mut self, loosest: u8) -> Result<Expr, Syntax> {
        self.deeper()?;
        let mut left = self.unary()?;
        while let Tok::Op(op) = *self.peek() {
            let Some(strength) = binding(op).filter(|strength| *strength > loosest) else { break };
            let at = self.start();
            self.next += 1;
            left = match op {
                "?" => {
                    let then = self.binary(0)?;
                    self.expect(":")?;
                    // The public grammar is left-associative here.
                    let other = self.binary(strength)?;
                    self.call("if", vec![left, then, other], at)?
                }
                "^" => {
                    let right = self.binary(strength - 1)?;
                    self.call(op, vec![left, right], at)?
                }
                _ => {
                    let right = self.binary(strength)?;
                    self.call(op, vec![left, right], at)?
                }
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Syntax> {
        let at = self.start();
        for op in ["!", "-", "+"] {
            if self.eat(op) {
                self.deeper()?;
                let operand = self.unary()?;
                self.depth -= 1;
                let args = match op {
                    "!" => vec![operand],
                    _ => vec![Expr::Const(Const::Number(0.0)), operand],
                };
                return self.call(op, args, at);
            }
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr, Syntax> {
        let from = self.start();
        let mut expr = self.atom()?;
        loop {
            let at = self.start();
            let bang = matches!(self.peek(), Tok::Op("!"))
                && matches!(self.tokens.get(self.next + 1).map(|t| &t.tok), Some(Tok::Op("(")));
            if self.eat(".") {
                let Tok::Name(name) = self.take() else {
                    self.next -= 1;
                    return Err(self.unexpected());
                };
                expr = member(expr, name.to_owned(), at)?;
            } else if self.eat("[") {
                let index = self.binary(0)?;
                self.expect("]")?;
                if let Expr::Path(path) = &mut expr {
                    path.fix();
                }
                expr = Expr::Element { of: Box::new(expr), index: Box::new(index) };
            } else if bang || matches!(self.peek(), Tok::Op("(")) {
                self.next += usize::from(bang);
                let callee = self.text.get(from..at).unwrap_or_default();
                let mut name: String = callee.chars().filter(|c| !c.is_whitespace()).collect();
                if bang {
                    name.push('!');
                }
                let args = self.arguments()?;
                expr = self.call(&name, args, from)?;
            } else {
                if let Expr::Path(path) = &mut expr {
                    path.fix();
                }
                return Ok(expr);
            }
        }
    }

    fn atom(&mut self) -> Result<Expr, Syntax> {
        let at = self.start();
        match self.take() {
            Tok::Number(number) => Ok(Expr::Const(Const::Number(number))),
            Tok::Text { raw, quote } => Ok(Expr::Const(Const::Text(unescape(raw, quote)))),
            Tok::Name(name) => Ok(match name {
                "true" => Expr::Const(Const::Bool(true)),
                "false" => Expr::Const(Const::Bool(false)),
                "null" => Expr::Const(Const::Null),
                "undefined" => Expr::Const(Const::Undefined),
                _ => Expr::Path(Path::new(None, vec![Segment::Name(name.to_owned())], at)),
            }),
            Tok::Interpolated(parts) => self.interpolated(parts, at),
            Tok::Op("(") => {
                let inside = self.binary(0)?;
                self.expect(")")?;
                Ok(inside)
            }
            Tok::Op("[") => {
                let args = self.list("]")?;
                self.call("createArray", args, at)
            }
            Tok::Op("{") => self.object(at),
            _ => {
                self.next -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn interpolated(&mut self, parts: Vec<Part>, at: usize) -> Result<Expr, Syntax> {
        let mut args = vec![Expr::Const(Const::Text(String::new()))];
        for part in parts {
            args.push(match part {
                Part::Text(text) => Expr::Const(Const::Text(text)),
                Part::Expression { start, end } => {
                    self.deeper()?;
                    let expr = range(self.text, start, end, self.rules, self.depth)?;
                    self.depth -= 1;
                    expr
                }
            });
        }
        self.call("concat", args, at)
    }

    /// `{a: 1}` is `setProperty(json('{}'), 'a', 1)`.
    fn object(&mut self, at: usize) -> Result<Expr, Syntax> {
        let empty = vec![Expr::Const(Const::Text("{}".to_owned()))];
        let mut object = self.call("json", empty, at)?;
        if self.eat("}") {
            return Ok(object);
        }
        loop {
            let key = match self.take() {
                Tok::Name(name) => name.to_owned(),
                Tok::Text { raw, .. } => raw.to_owned(),
                _ => {
                    self.next -= 1;
                    return Err(self.unexpected());
                }
            };
            self.expect(":")?;
            let value = self.binary(0)?;
            let args = vec![object, Expr::Const(Const::Text(key)), value];
            object = self.call("setProperty", args, at)?;
            if self.eat("}") {
                return Ok(object);
            }
            self.expect(",")?;
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Syntax> {
        self.expect("(")?;
        self.list(")")
    }

    fn list(&mut self, close: &'static str) -> Result<Vec<Expr>, Syntax> {
        let mut args = Vec::new();
        if self.eat(close) {
            return Ok(args);
        }
        loop {
            let arrow = self.tokens.get(self.next + 1).map(|token| &token.tok);
            if let (Tok::Name(name), Some(Tok::Op("=>"))) = (self.peek(), arrow) {
                let name = Segment::Name((*name).to_owned());
                let mut variable = Path::new(None, vec![name], self.start());
                variable.fix();
                self.next += 2;
                args.push(Expr::Path(variable));
            }
            args.push(self.binary(0)?);
            if self.eat(close) {
                return Ok(args);
            }
            self.expect(",")?;
        }
    }

    fn call(&self, name: &str, args: Vec<Expr>, at: usize) -> Result<Expr, Syntax> {
        match lookup(name) {
            Some(function) => {
                function.takes.check(name, &args).map_err(|why| Syntax::new(at, why))?;
                if let Some(check) = function.check {
                    check(&args, self.rules.profile).map_err(|why| Syntax::new(at, why))?;
                }
                Ok(Expr::Call { function, args, at })
            }
            None if !self.rules.knows_functions => {
                Ok(Expr::Unknown { name: name.to_owned(), args, at })
            }
            None => Err(Syntax::new(at, format!("there is no function `{name}`"))),
        }
    }
}

fn member(of: Expr, name: String, at: usize) -> Result<Expr, Syntax> {
    if !of.returns().may_be_object() {
        return Err(Syntax::new(at, format!("a value without properties has no `{name}`")));
    }
    let mut path = into_path(of, at);
    path.push(name);
    Ok(Expr::Path(path))
}

/// Indices in front of a name belong to one path with it.
fn into_path(expr: Expr, at: usize) -> Path {
    match expr {
        Expr::Path(path) => path,
        Expr::Element { of, index } => {
            let mut path = into_path(*of, at);
            path.segments.push(Segment::Index(*index));
            path
        }
        other => Path::new(Some(Box::new(other)), Vec::new(), at),
    }
}
