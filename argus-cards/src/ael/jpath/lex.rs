//! Characters to tokens.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tok {
    Name(String),
    Number(f64),
    Text(String),
    Mark(&'static str),
}

/// Longer marks first, so that the longest one wins.
const MARKS: [&str; 38] = [
    "===", "!==", "^==", "$==", "*==", "==^", "==$", "==*", "==", "!=", "^=", "$=", "*=", ">=",
    "<=", "=^", "=$", "=*", "||", "&&", "..", ".", ":", "{", "}", "(", ")", "[", "]", "^", "+",
    "-", "*", "/", "%", "!", ">", "<",
];

/// Reads all tokens of a path; `None` if something is none.
pub(super) fn tokens(path: &str) -> Option<Vec<Tok>> {
    let mut found = Vec::new();
    let mut rest = path;
    loop {
        rest = rest.trim_start_matches([' ', '\r', '\n', '\t']);
        let Some(first) = rest.chars().next() else { return Some(found) };
        let second = rest.chars().nth(1);
        let point = first == '.' && second.is_some_and(|c| c.is_ascii_digit());
        let (tok, size) = if let Some(mark) = mark(rest).filter(|_| !point) {
            (Tok::Mark(mark), mark.len())
        } else if first.is_ascii_alphabetic() || matches!(first, '$' | '@' | '_') {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '@' | '_');
            let size = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            (Tok::Name(rest.get(..size)?.to_owned()), size)
        } else if first == '"' || first == '\'' {
            text(rest, first)?
        } else {
            number(rest)?
        };
        found.push(tok);
        rest = rest.get(size..)?;
    }
}

fn mark(rest: &str) -> Option<&'static str> {
    let found = MARKS.into_iter().find(|mark| rest.starts_with(mark));
    // `|` alone is a mark too; it is looked for last because `||` is another.
    found.or_else(|| rest.starts_with('|').then_some("|"))
}

fn text(rest: &str, quote: char) -> Option<(Tok, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return Some((Tok::Text(value), at + 1)),
            c => value.push(c),
        }
    }
    None
}

fn number(rest: &str) -> Option<(Tok, usize)> {
    let size = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let digits = rest.get(..size).filter(|digits| !digits.is_empty())?;
    Some((Tok::Number(digits.parse().ok()?), size))
}
