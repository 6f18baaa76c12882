//! A place in a template, as a person finds it: the line with a caret, and the path in the JSON.

use argus_cards::Position;

/// Longest line that is shown whole, in characters.
const WIDTH: usize = 100;

/// The line of a place and a caret below it:
///
/// ```text
///    2 |   "text": "${1 +}"
///      |                 ^
/// ```
pub(super) fn snippet(text: &str, at: Position) -> Option<String> {
    let index = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let line: Vec<char> = text.lines().nth(index)?.chars().collect();
    let column = usize::try_from(at.column).ok()?.saturating_sub(1).min(line.len());
    // Of a long line, the part around the place is shown.
    let from = if line.len() > WIDTH { column.saturating_sub(WIDTH / 2) } else { 0 };
    let shown: String = line.iter().skip(from).take(WIDTH).map(|it| visible(*it)).collect();
    let (number, caret) = (at.line, column - from);
    Some(format!("{number:>5} | {shown}\n      | {:caret$}^", ""))
}

/// One column for one character.
fn visible(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

/// The path in the JSON of a place in its text, as far as the text is JSON: `/body/0/text`.
pub(super) fn pointer(text: &str, at: Position) -> String {
    let mut reader = Reader::default();
    let (mut line, mut column) = (1, 1);
    for letter in text.chars() {
        // At the quote that opens a name, its value is meant, and so the name is read to its end.
        let is_there = (line, column) >= (at.line, at.column);
        if is_there && !reader.in_name() {
            break;
        }
        reader.read(letter);
        (line, column) = if letter == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    reader.pointer()
}

/// Where a reader of JSON is.
#[derive(Default)]
struct Reader {
    stack: Vec<Level>,
    string: Option<String>,
    is_escaped: bool,
}

enum Level {
    /// In an object: the name read last, and whether its value is being read.
    Object { name: String, is_value: bool },
    /// In an array: how many items are before.
    Array(usize),
}

impl Reader {
    fn in_name(&self) -> bool {
        let in_object = matches!(self.stack.last(), Some(Level::Object { is_value: false, .. }));
        in_object && self.string.is_some()
    }

    fn read(&mut self, letter: char) {
        if let Some(string) = &mut self.string {
            match letter {
                _ if self.is_escaped => {
                    self.is_escaped = false;
                    string.push(letter);
                }
                '\\' => self.is_escaped = true,
                '"' => self.end_of_string(),
                letter => string.push(letter),
            }
            return;
        }
        match (letter, self.stack.last_mut()) {
            ('"', _) => self.string = Some(String::new()),
            ('{', _) => self.stack.push(Level::Object { name: String::new(), is_value: false }),
            ('[', _) => self.stack.push(Level::Array(0)),
            ('}' | ']', _) => drop(self.stack.pop()),
            (':', Some(Level::Object { is_value, .. })) => *is_value = true,
            (',', Some(Level::Object { is_value, name })) => {
                *is_value = false;
                name.clear();
            }
            (',', Some(Level::Array(index))) => *index += 1,
            _ => {}
        }
    }

    fn end_of_string(&mut self) {
        let string = self.string.take().unwrap_or_default();
        if let Some(Level::Object { name, is_value: false }) = self.stack.last_mut() {
            *name = string;
        }
    }

    fn pointer(&self) -> String {
        let part = |level: &Level| match level {
            Level::Array(index) => format!("/{index}"),
            Level::Object { name, .. } if name.is_empty() => String::new(),
            Level::Object { name, .. } => {
                format!("/{}", name.replace('~', "~0").replace('/', "~1"))
            }
        };
        self.stack.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n \"body\": [ {\"a/b\": 1}, {\n  \"text\": \"x ${1 +} \\\" y\" } ] }";

    fn at(needle: &str) -> Position {
        Position::of(TEXT, TEXT.find(needle).unwrap())
    }

    #[test]
    fn a_place_has_a_pointer() {
        let check = |needle: &str, expected: &str| {
            assert_eq!(pointer(TEXT, at(needle)), expected, "{needle}");
        };
        check("${1", "/body/1/text");
        check("y\" }", "/body/1/text");
        check("1}", "/body/0/a~1b");
        check("\"text", "/body/1");
        check("ext\"", "/body/1/text");
        check("[", "/body");
        check("{\n", "");
    }

    #[test]
    fn a_place_has_its_line_and_a_caret() {
        let shown = snippet(TEXT, at("${1")).unwrap();
        assert_eq!(shown, "    3 |   \"text\": \"x ${1 +} \\\" y\" } ] }\n      |              ^");
        let long = format!("\"{}${{\"", "x".repeat(300));
        let shown = snippet(&long, Position::of(&long, 301)).unwrap();
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(caret.len() - 1), Some('$'), "{shown}");
        assert!(line.len() < 120);
        assert_eq!(snippet("", at("${1")), None);
    }
}
