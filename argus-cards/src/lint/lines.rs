//! Where the lines of a text are, so that many places cost one reading.

use crate::error::Position;

/// A text and the bytes at which its lines start.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The line and column of a byte.
    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: number(line), column: number(column + 1) }
    }

    /// The byte at a line and column.
    pub(super) fn offset(&self, at: Position) -> usize {
        let line = usize::try_from(at.line).unwrap_or(1).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = usize::try_from(at.column).unwrap_or(1).max(1);
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(index, _)| index)
    }

    /// Where the word, string or bracket ends that starts at a byte.
    pub(super) fn end(&self, offset: usize) -> Position {
        let rest = self.text.get(offset..).unwrap_or_default();
        let length = match rest.bytes().next() {
            Some(b'"') => string_length(rest),
            Some(b'{' | b'[') => 1,
            _ => rest.find([',', '}', ']', ' ', '\n', '\r', '"']).unwrap_or(rest.len()).max(1),
        };
        let end = rest.get(..length).map_or(offset, |_| offset + length);
        self.position(end)
    }

    /// A line's text; the first is 1.
    pub(super) fn line(&self, number: u32) -> &'t str {
        let index = usize::try_from(number).unwrap_or(1).max(1) - 1;
        let start = self.starts.get(index).copied().unwrap_or(0);
        let line = self.text.get(start..).unwrap_or_default();
        line.lines().next().unwrap_or_default()
    }
}

/// How long a string is, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            b'\n' => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_bytes_agree() {
        let text = "ab\n \u{e9}\"c\\\"d\" x\nz";
        let lines = Lines::of(text);
        for offset in (0..text.len()).filter(|offset| text.is_char_boundary(*offset)) {
            assert_eq!(lines.position(offset), Position::of(text, offset));
            assert_eq!(lines.offset(lines.position(offset)), offset);
        }
        assert_eq!(lines.end(6).to_string(), "2:9", "a string ends after its quote");
        assert_eq!(lines.line(2), " \u{e9}\"c\\\"d\" x");
    }
}
