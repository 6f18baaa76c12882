//! A small reader of Markdown, written to find marks and not to draw them. It knows nothing of how
//! the crate escapes: it reads what a client would read.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "tests may panic")]

use std::collections::BTreeSet;

/// What a client would make of a text.
pub(super) fn read(text: &str) -> BTreeSet<&'static str> {
    let mut marks = BTreeSet::new();
    let mut before = "";
    for line in text.split(['\n', '\r']) {
        block(line, before, &mut marks);
        before = line;
    }
    inline(text, &mut marks);
    marks
}

/// What the beginning of a line makes of it.
fn block(line: &str, before: &str, marks: &mut BTreeSet<&'static str>) {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    let line = line.trim_start_matches(' ');
    if spaces >= 4 && before.trim().is_empty() && !line.is_empty() {
        marks.insert("indented code");
        return;
    }
    let hashes = line.bytes().take_while(|b| *b == b'#').count();
    let after = |skip: usize| line[skip..].chars().next();
    if (1..=6).contains(&hashes) && matches!(after(hashes), None | Some(' ' | '\t')) {
        marks.insert("heading");
    }
    if line.starts_with('>') {
        marks.insert("quote");
    }
    let only = |c: char| !line.is_empty() && line.trim_end().chars().all(|other| other == c);
    if (only('=') || (only('-') && line.trim_end().len() > 1)) && !before.trim().is_empty() {
        marks.insert("heading");
    }
    let rule: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    for c in ['*', '-', '_'] {
        if rule.len() >= 3 && rule.chars().all(|other| other == c) {
            marks.insert("rule");
        }
    }
    if line.starts_with("```") || line.starts_with("~~~") {
        marks.insert("code");
    }
    if line.starts_with(['-', '+', '*']) && matches!(after(1), None | Some(' ' | '\t')) {
        marks.insert("list");
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=9).contains(&digits) && matches!(after(digits), Some('.' | ')')) {
        let next = line[digits + 1..].chars().next();
        if matches!(next, None | Some(' ' | '\t')) {
            marks.insert("list");
        }
    }
    let rule = |cell: &str| {
        let cell = cell.trim();
        let dashes = cell.strip_prefix(':').unwrap_or(cell);
        let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
        !dashes.is_empty() && dashes.chars().all(|c| c == '-')
    };
    let row = line.trim_matches('|');
    if line.contains('|') && row.split('|').all(rule) && before.contains('|') {
        marks.insert("table");
    }
    if line.starts_with('[') && line.contains("]:") {
        marks.insert("link definition");
    }
}

/// What stands within lines.
fn inline(text: &str, marks: &mut BTreeSet<&'static str>) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or(' ');
    let mut brackets = 0_usize;
    let mut runs: Vec<(char, usize)> = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        let c = chars[index];
        match c {
            '\\' if at(index + 1).is_ascii_punctuation() => index += 1,
            '[' => {
                brackets += 1;
                if index > 0 && at(index - 1) == '!' {
                    marks.insert("picture");
                }
            }
            ']' if brackets > 0 => {
                brackets -= 1;
                if matches!(at(index + 1), '(' | '[') {
                    marks.insert("link");
                }
            }
            '`' => {
                let rest: String = chars[index + 1..].iter().collect();
                if rest.contains('`') {
                    marks.insert("code");
                }
            }
            '*' | '_' => {
                let previous = if index == 0 { ' ' } else { at(index - 1) };
                let inside = previous.is_alphanumeric() && at(index + 1).is_alphanumeric();
                if c == '*' || !inside {
                    let opens = !at(index + 1).is_whitespace();
                    let closes = !previous.is_whitespace();
                    if closes && runs.iter().any(|(other, from)| *other == c && *from + 1 < index) {
                        marks.insert("emphasis");
                    }
                    if opens {
                        runs.push((c, index));
                    }
                }
            }
            '~' if at(index + 1) == '~' => {
                let rest: String = chars[index + 2..].iter().collect();
                if rest.contains("~~") {
                    marks.insert("struck out");
                }
            }
            '<' => {
                let next = at(index + 1);
                let closed = chars[index..].contains(&'>');
                if (next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')) && closed {
                    marks.insert("HTML");
                }
            }
            '&' => {
                let rest: String = chars[index + 1..].iter().take(32).collect();
                let name = rest.split(';').next().unwrap_or_default();
                let entity = rest.contains(';')
                    && !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#');
                if entity {
                    marks.insert("entity");
                }
            }
            _ => {}
        }
        index += 1;
    }
}

#[test]
fn marks_are_read() {
    let check = |text: &str, marks: &[&'static str]| {
        assert_eq!(read(text), marks.iter().copied().collect(), "{text:?}");
    };
    check("plain text, 5 * 3 = 15; snake_case_name a_b", &[]);
    check("**bold** and _it_", &["emphasis"]);
    check(r"\*\*bold\*\* \[x\](y)", &[]);
    check("[x](y)", &["link"]);
    check("![x](y)", &["link", "picture"]);
    check("# a\n- b\n> c\n1. d", &["heading", "list", "quote"]);
    check("a\n---", &["heading", "rule"]);
    check("<b>x</b> &lt; `x` ~~y~~", &["HTML", "code", "entity", "struck out"]);
    check("5 < 6 & 7 > 3", &[]);
}
