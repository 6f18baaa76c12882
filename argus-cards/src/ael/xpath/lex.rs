//! Characters to tokens.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tok {
    Number(f64),
    Text(String),
    Name(String),
    Mark(&'static str),
}

/// Longer marks first, so that the longest one wins.
const MARKS: [&str; 21] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", "@", ",", "/", "|", "+", "-", "=", "<",
    ">", "*", ".",
];

/// Reads all tokens; `None` if something is none. A name or star after an operand is an operator,
/// which is how the language tells `div` the element from `div` the operator.
pub(super) fn tokens(text: &str) -> Option<Vec<Tok>> {
    let mut found: Vec<Tok> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after_operand = match found.last() {
            None => false,
            Some(Tok::Mark(mark)) => matches!(*mark, ")" | "]" | ".." | "." | "*any"),
            Some(_) => true,
        };
        let point = first == '.' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        let (tok, size) = if first.is_ascii_digit() || point {
            let size = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            (Tok::Number(rest.get(..size)?.parse().ok()?), size)
        } else if first == '"' || first == '\'' {
            let end = rest.get(1..)?.find(first)?;
            (Tok::Text(rest.get(1..=end)?.to_owned()), end + 2)
        } else if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
            let any = mark == "*" && !after_operand;
            (Tok::Mark(if any { "*any" } else { mark }), mark.len())
        } else if first.is_alphabetic() || first == '_' {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let size = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            let name = rest.get(..size)?;
            let operator = ["and", "or", "mod", "div"].into_iter().find(|word| *word == name);
            match operator.filter(|_| after_operand) {
                Some(word) => (Tok::Mark(word), size),
                None => (Tok::Name(name.to_owned()), size),
            }
        } else {
            return None;
        };
        found.push(tok);
        rest = rest.get(size..)?.trim_start();
    }
    Some(found)
}
