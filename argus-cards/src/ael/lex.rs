//! Characters to tokens. The rules are those of the public grammar of Adaptive Expressions
//! (ExpressionAntlrLexer.g4): the longest token wins, `%` may begin a name, and a backtick string
//! is one token whose `${}` parts are read separately.

use super::Syntax;

/// A token and the bytes it covers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) tok: Tok<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tok<'t> {
    Op(&'static str),
    Number(f64),
    Name(&'t str),
    /// A quoted string: what stands between the quotes, and which quotes.
    Text {
        raw: &'t str,
        quote: char,
    },
    /// A backtick string.
    Interpolated(Vec<Part>),
    End,
}

/// A piece of an interpolated string.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    /// The bytes between `${` and `}`.
    Expression {
        start: usize,
        end: usize,
    },
}

/// Longer operators first, so that the longest one wins.
const OPERATORS: [&str; 29] = [
    "==", "!=", "<>", "&&", "||", "<=", ">=", "=>", "??", "+", "-", "!", "^", "*", "/", "%", "&",
    "<", ">", "(", ")", ".", "[", "]", "{", "}", ",", ":", "?",
];

/// Reads the tokens of `text` between `from` and `to`.
pub(super) fn tokens(text: &str, from: usize, to: usize) -> Result<Vec<Token<'_>>, Syntax> {
    let mut found = Vec::with_capacity((to.saturating_sub(from)) / 3 + 2);
    let mut at = from;
    let text = text.get(..to).unwrap_or(text);
    while let Some(c) = char_at(text, at) {
        let start = at;
        let tok = match c {
            ' ' | '\t' | '\u{feff}' | '\u{a0}' | '\n' => {
                at += c.len_utf8();
                continue;
            }
            '\r' if char_at(text, at + 1) == Some('\n') => {
                at += 2;
                continue;
            }
            '0'..='9' => number(text, &mut at),
            '\'' | '"' => {
                at = string_end(text, at)
                    .ok_or_else(|| Syntax::new(start, "this string is not closed"))?;
                let raw = text.get(start + 1..at - 1).unwrap_or_default();
                Tok::Text { raw, quote: c }
            }
            '`' => {
                let (parts, end) = interpolation(text, at + 1)?;
                at = end;
                Tok::Interpolated(parts)
            }
            _ => match name_end(text, at) {
                Some(end) if end - at > 1 || c != '%' => {
                    at = end;
                    Tok::Name(text.get(start..end).unwrap_or_default())
                }
                _ => operator(text, &mut at)
                    .ok_or_else(|| Syntax::new(start, format!("unexpected `{c}`")))?,
            },
        };
        found.push(Token { tok, start, end: at });
    }
    found.push(Token { tok: Tok::End, start: text.len(), end: text.len() });
    Ok(found)
}

pub(super) fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..).and_then(|rest| rest.chars().next())
}

fn number(text: &str, at: &mut usize) -> Tok<'static> {
    let start = *at;
    let digits = |mut at: usize| {
        while matches!(char_at(text, at), Some('0'..='9')) {
            at += 1;
        }
        at
    };
    *at = digits(start);
    if char_at(text, *at) == Some('.') && digits(*at + 1) > *at + 1 {
        *at = digits(*at + 1);
    }
    let digits = text.get(start..*at).unwrap_or_default();
    Tok::Number(digits.parse().unwrap_or(f64::INFINITY))
}

fn operator(text: &str, at: &mut usize) -> Option<Tok<'static>> {
    let rest = text.get(*at..)?;
    let op = OPERATORS.into_iter().find(|op| rest.starts_with(op))?;
    *at += op.len();
    Some(Tok::Op(op))
}

/// Finds the end of a name such as `x`, `$data`, `#tag`, `@@entity`.
fn name_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let first = rest.chars().next()?;
    let head = match first {
        '@' if rest.starts_with("@@") => 2,
        'a'..='z' | 'A'..='Z' | '_' | '#' | '@' | '$' | '%' => 1,
        _ => return None,
    };
    let tail = rest.get(head..)?;
    let more = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
    Some(at + head + more)
}

/// Finds the byte after the string that starts with the quote at `at`.
///
/// A backslash escapes the quote; when that leaves the string open to the end of the text, the
/// last escaped quote closes it after all (the longest token that matches wins).
fn string_end(text: &str, at: usize) -> Option<usize> {
    let quote = char_at(text, at)?;
    let mut fallback = None;
    let mut chars = text.get(at + 1..)?.char_indices();
    while let Some((index, c)) = chars.next() {
        let end = at + 1 + index + c.len_utf8();
        if c == quote {
            return Some(end);
        }
        if c == '\\' {
            match chars.clone().next() {
                Some((_, next)) if next == quote => {
                    chars.next();
                    fallback = Some(end + 1);
                }
                Some((_, '\\')) => {
                    chars.next();
                }
                _ => {}
            }
        }
    }
    fallback
}

/// Turns the source of a string into its value. Unknown escapes keep their backslash.
pub(super) fn unescape(raw: &str, quote: char) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let text = raw.replace(&format!("\\{quote}"), &quote.to_string());
    if !text.contains('\\') {
        return text;
    }
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.clone().next() {
            Some('r') => value.push('\r'),
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('\\') | None => value.push('\\'),
            Some(other) => value.extend(['\\', other]),
        }
        chars.next();
    }
    value
}

/// Reads a backtick string whose first character is at `at`; also returns the byte after it.
fn interpolation(text: &str, mut at: usize) -> Result<(Vec<Part>, usize), Syntax> {
    let start = at;
    let mut parts = Vec::new();
    let mut plain = String::new();
    while let Some(c) = char_at(text, at) {
        match c {
            '`' => {
                flush(&mut plain, &mut parts);
                return Ok((parts, at + 1));
            }
            '\\' if matches!(char_at(text, at + 1), Some('`' | '$')) => {
                flush(&mut plain, &mut parts);
                parts.extend(char_at(text, at + 1).map(|c| Part::Text(c.to_string())));
                at += 2;
            }
            '$' => {
                if let Some(end) = expression_end(text, at, Strictness::Grammar) {
                    flush(&mut plain, &mut parts);
                    parts.push(Part::Expression { start: at + 2, end: end - 1 });
                    at = end;
                } else {
                    plain.push('$');
                    at += 1;
                }
            }
            c => {
                plain.push(c);
                at += c.len_utf8();
            }
        }
    }
    Err(Syntax::new(start.saturating_sub(1), "this backtick string is not closed"))
}

fn flush(plain: &mut String, parts: &mut Vec<Part>) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}

/// How closely `${…}` must follow the public grammar.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Strictness {
    /// Exactly: no line breaks, no nested backticks, no space before an object's key.
    Grammar,
    /// Whatever has balanced braces and closed strings.
    Balanced,
}

/// Finds the byte after the `}` that closes the `${` at `at`, if there is an expression there.
pub(super) fn expression_end(text: &str, at: usize, strictness: Strictness) -> Option<usize> {
    if !text.get(at..)?.starts_with("${") {
        return None;
    }
    let end = balanced_end(text, at + 2, strictness)?;
    (end - at > 3).then_some(end)
}

fn balanced_end(text: &str, mut at: usize, strictness: Strictness) -> Option<usize> {
    loop {
        match char_at(text, at)? {
            '}' => return Some(at + 1),
            '\'' | '"' => at = string_end(text, at)?,
            '{' => at = object_end(text, at, strictness)?,
            '\r' | '\n' | '`' if strictness == Strictness::Grammar => return None,
            '`' => at = interpolation(text, at + 1).ok()?.1,
            c => at += c.len_utf8(),
        }
    }
}

fn object_end(text: &str, at: usize, strictness: Strictness) -> Option<usize> {
    let mut inside = at + 1;
    if strictness == Strictness::Grammar && char_at(text, inside)? != '}' {
        inside = match char_at(text, inside)? {
            '\'' | '"' => string_end(text, inside)?,
            _ => name_end(text, inside)?,
        };
        if char_at(text, inside)? != ':' || char_at(text, inside + 1)? == '}' {
            return None;
        }
    }
    balanced_end(text, inside, strictness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_end_where_the_grammar_says() {
        let grammar = |text| expression_end(text, 0, Strictness::Grammar);
        assert_eq!(grammar("${a} b}"), Some(4));
        assert_eq!(grammar("${'}'}"), Some(6));
        assert_eq!(grammar("${{a:1,b:s}}"), Some(12));
        assert_eq!(grammar("${{ a:1}}"), None, "a space before a key ends the token");
        assert_eq!(grammar("${}"), None);
        assert_eq!(grammar("${a"), None);
        assert_eq!(grammar("${a\n}"), None);
        let balanced = |text| expression_end(text, 0, Strictness::Balanced);
        assert_eq!(balanced("${{ a : 1 }}"), Some(12));
        assert_eq!(balanced("${concat(`x ${y}`,\n'!')}"), Some(24));
    }

    #[test]
    fn a_quote_may_be_escaped() {
        let value = |text: &str| match tokens(text, 0, text.len()).unwrap().remove(0).tok {
            Tok::Text { raw, quote } => unescape(raw, quote),
            other => panic!("{other:?}"),
        };
        assert_eq!(value(r"'it\'s'"), "it's");
        assert_eq!(value(r"'C:\\'"), r"C:\");
        assert_eq!(value(r"'C:\'"), r"C:\");
        assert_eq!(value(r#""a\tb\y""#), "a\tb\\y");
    }
}
