//! Strings of a template: text with expressions in it.

use super::Syntax;
use super::expr::{Const, Expr};
use super::lex::{Strictness, char_at, expression_end};
use super::parse::{Rules, expression, range};
use crate::options::Profile;

/// The text of a card with its expressions.
#[derive(Debug)]
pub(crate) enum Text {
    /// No expression in it.
    Plain(String),
    /// Nothing but one expression, whose value keeps its type.
    Single(Expr),
    /// Expressions between texts.
    Mixed(Vec<Piece>),
}

/// A piece of a [`Text::Mixed`].
#[derive(Debug)]
pub(crate) enum Piece {
    Text(String),
    Expr(Expr),
}

/// Reads a string of a template.
///
/// `compat` takes it as one backtick string, so that a backtick in it ends that string; `argus`
/// leaves backticks, backslashes and Teams' own `${rs:name}` alone.
pub(crate) fn template_text(text: &str, profile: Profile) -> Result<Text, Syntax> {
    if !may_compute(text) {
        return Ok(Text::Plain(text.to_owned()));
    }
    match profile {
        Profile::Compat => compat_text(text),
        Profile::Argus => argus_text(text),
    }
}

/// Whether a string can have an expression in it.
pub(crate) fn may_compute(text: &str) -> bool {
    text.contains("${") || (cfg!(feature = "minijinja") && text.contains("{{"))
}

fn compat_text(text: &str) -> Result<Text, Syntax> {
    if !text.contains("${") {
        return Ok(Text::Plain(text.to_owned()));
    }
    let parsed = expression(&format!("`{text}`"), Rules::of_template(Profile::Compat))
        .map_err(|e| e.moved_back(1))?;
    let Expr::Call { function, mut args, .. } = parsed else {
        return Ok(Text::Plain(text.to_owned()));
    };
    if function.canonical != "concat" {
        return Ok(Text::Plain(text.to_owned()));
    }
    let first_is_empty = matches!(args.first(), Some(Expr::Const(Const::Text(t))) if t.is_empty());
    if args.len() == 2 && first_is_empty && !matches!(args.last(), Some(Expr::Const(_))) {
        return Ok(match args.pop() {
            // npm joins a string that is nothing but a `concat` like one with text around it.
            Some(Expr::Call { function, args, .. }) if function.canonical == "concat" => {
                Text::Mixed(args.into_iter().map(Piece::Expr).collect())
            }
            Some(expr) => Text::Single(expr),
            None => Text::Plain(String::new()),
        });
    }
    Ok(Text::Mixed(args.into_iter().map(Piece::Expr).collect()))
}

fn argus_text(text: &str) -> Result<Text, Syntax> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("\\${") {
            plain.push_str("${");
            at += 3;
            continue;
        }
        #[cfg(feature = "minijinja")]
        if let Some(end) = super::jinja::expression_end(text, at) {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            let inside = text.get(at + 2..end - 2).unwrap_or_default();
            let jinja = super::jinja::JinjaExpr::parse(inside, at + 2)?;
            pieces.push(Piece::Expr(Expr::Jinja(Box::new(jinja))));
            at = end;
            continue;
        }
        let end = match c {
            '$' if !is_resource(rest) => expression_end(text, at, Strictness::Balanced),
            _ => None,
        };
        if let Some(end) = end {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Expr(range(
                text,
                at + 2,
                end - 1,
                Rules::of_template(Profile::Argus),
                0,
            )?));
            at = end;
        } else if rest.starts_with("${") && !is_resource(rest) {
            return Err(Syntax::new(at, "this `${` has no expression or is not closed"));
        } else {
            plain.push(c);
            at += c.len_utf8();
        }
    }
    if pieces.is_empty() {
        return Ok(Text::Plain(plain));
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(match (pieces.len(), pieces.pop()) {
        (1, Some(Piece::Expr(expr))) => Text::Single(expr),
        (_, last) => {
            pieces.extend(last);
            Text::Mixed(pieces)
        }
    })
}

/// Whether this is a localised string of Teams, which Teams itself replaces.
fn is_resource(text: &str) -> bool {
    text.starts_with("${rs:")
}
