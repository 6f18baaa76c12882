//! The short way through ordinary JSON.
//!
//! Nearly all activities have no escapes in their names, no fractions, no member twice and no value
//! of an odd type. A [`Cursor`] reads those straight from their text and gives up on everything
//! else. It refuses nothing: what it gives up on is read by `serde_json` and the strict reader, and
//! only they decide what an activity is.

use serde_json::Value;

use crate::activity::strict;

/// Deeper JSON is not ordinary.
const DEPTH: u8 = 24;
/// An object with more members, in a part that is only looked over, is not ordinary.
const MEMBERS: usize = 24;
/// Integers with more digits are not ordinary.
const DIGITS: usize = 15;

/// A place in JSON text. All its methods give `None` for what is not ordinary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A string as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a> {
    inside: &'a str,
    escaped: bool,
}

/// What sort of JSON was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Null,
    Text,
    /// A number, `true` or `false`.
    Scalar,
    Object,
    List {
        all_objects: bool,
        any_null: bool,
    },
}

impl<'a> Quoted<'a> {
    /// What it says, if that is what stands between the quotes.
    pub(crate) fn plain(self) -> Option<&'a str> {
        (!self.escaped).then_some(self.inside)
    }

    /// What it says.
    pub(crate) fn text(self) -> Option<String> {
        match self.plain() {
            Some(plain) => Some(plain.to_owned()),
            None => serde_json::from_str(&format!("\"{}\"", self.inside)).ok(),
        }
    }
}

impl<'a> Cursor<'a> {
    /// The beginning of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Nothing but space is left.
    pub(crate) fn end(mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// The next byte that is not space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The next string.
    pub(crate) fn string(&mut self) -> Option<Quoted<'a>> {
        self.eat(b'"')?;
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut escaped = false;
        loop {
            self.at += unescaped(bytes.get(self.at..)?);
            match *bytes.get(self.at)? {
                b'"' => break,
                b'\\' => match *bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                        escaped = true;
                        self.at += 2;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        let inside = self.text.get(start..self.at)?;
        self.at += 1;
        Some(Quoted { inside, escaped })
    }

    /// The members of the next object: `each` is called with every name and has to go past its
    /// value. Whether a name comes twice is for `each` to see.
    pub(crate) fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.string()?.plain()?;
            self.eat(b':')?;
            each(self, name)?;
            if self.is_over(b'}')? {
                return Some(());
            }
        }
    }

    /// Goes past the next value.
    pub(crate) fn skip(&mut self) -> Option<(Sort, &'a str)> {
        self.peek()?;
        let start = self.at;
        let sort = self.pass(DEPTH)?;
        Some((sort, self.text.get(start..self.at)?))
    }

    /// The next value.
    pub(crate) fn value(&mut self) -> Option<Value> {
        strict::parse(self.skip()?.1.as_bytes()).ok()
    }

    /// Whether the object or list ends here; if not, another entry follows.
    fn is_over(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        (next == end || next == b',').then_some(next == end)
    }

    fn pass(&mut self, depth: u8) -> Option<Sort> {
        match self.peek()? {
            b'"' => self.string().map(|_| Sort::Text),
            b'{' => self.pass_object(depth.checked_sub(1)?),
            b'[' => self.pass_list(depth.checked_sub(1)?),
            b'n' => self.pass_word("null", Sort::Null),
            b't' => self.pass_word("true", Sort::Scalar),
            b'f' => self.pass_word("false", Sort::Scalar),
            _ => self.pass_integer(),
        }
    }

    fn pass_object(&mut self, depth: u8) -> Option<Sort> {
        let mut names = [""; MEMBERS];
        let mut count = 0;
        self.members(|cursor, name| {
            if names.iter().take(count).any(|known| *known == name) {
                return None;
            }
            *names.get_mut(count)? = name;
            count += 1;
            cursor.pass(depth).map(|_| ())
        })?;
        Some(Sort::Object)
    }

    fn pass_list(&mut self, depth: u8) -> Option<Sort> {
        self.eat(b'[')?;
        let (mut all_objects, mut any_null) = (true, false);
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Sort::List { all_objects, any_null });
        }
        loop {
            let sort = self.pass(depth)?;
            all_objects &= sort == Sort::Object;
            any_null |= sort == Sort::Null;
            if self.is_over(b']')? {
                return Some(Sort::List { all_objects, any_null });
            }
        }
    }

    /// What follows the word is looked at by whoever reads on.
    fn pass_word(&mut self, word: &str, sort: Sort) -> Option<Sort> {
        self.text.get(self.at..)?.strip_prefix(word)?;
        self.at += word.len();
        Some(sort)
    }

    /// A small integer; a fraction or an exponent behind it is not what may follow.
    fn pass_integer(&mut self) -> Option<Sort> {
        let rest = self.text.get(self.at..)?;
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let digits = unsigned.bytes().take_while(u8::is_ascii_digit).take(DIGITS + 1).count();
        let is_zero = rest.starts_with('0') && digits == 1;
        if !is_zero && (digits == 0 || digits > DIGITS || unsigned.starts_with('0')) {
            return None;
        }
        self.at += rest.len() - unsigned.len() + digits;
        Some(Sort::Scalar)
    }
}

/// How many bytes come before the first quote, backslash or control character: eight at a time.
fn unescaped(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let is_odd = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let (words, rest) = bytes.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest high bit that is set marks the first byte that is zero, or below a space.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let below = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let slash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (below | quote | slash) & HIGHS;
        if found != 0 {
            return count * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().position(|byte| is_odd(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of `text`, if it is ordinary.
    fn pass(text: &str) -> Option<Sort> {
        let mut cursor = Cursor::new(text);
        let (sort, passed) = cursor.skip()?;
        cursor.end()?;
        assert_eq!(passed, text.trim_matches([' ', '\n', '\r', '\t']));
        Some(sort)
    }

    #[test]
    fn sorts_are_told_apart() {
        let check = |text: &str, expected: Option<Sort>| assert_eq!(pass(text), expected, "{text}");
        let list = |all_objects, any_null| Some(Sort::List { all_objects, any_null });
        check(" null ", Some(Sort::Null));
        check("\"a\\n\"", Some(Sort::Text));
        check("{\"a\":[1,{\"a\":-2}],\"b\":true}", Some(Sort::Object));
        check("[]", list(true, false));
        check("[{},{}]", list(true, false));
        check("[{},null]", list(false, true));
        check("0", Some(Sort::Scalar));
        check("-10", Some(Sort::Scalar));
        for odd in [
            "",
            "{",
            "[1,]",
            "[1 2]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "truex",
            "nul",
            "01",
            "-0",
            "-",
            "1.5",
            "1e3",
            "1234567890123456",
            "\"\\u0061\"",
            "\"\n\"",
            "\"",
            "{\"a\":1,\"a\":1}",
            "{\"\\n\":1}",
            "{} {}",
        ] {
            check(odd, None);
        }
        check(&format!("{}{}", "[".repeat(25), "]".repeat(25)), None);
    }

    #[test]
    fn the_end_of_a_string_is_found_everywhere() {
        for length in 0..40 {
            for odd in ["\"", "\\", "\n", "\u{1f}"] {
                let text = format!("{}{odd}\u{0}ü\"", "ü!a#[]~\u{7f}".repeat(6));
                let start = text.len() - length.min(text.len());
                let bytes = &text.as_bytes()[start..];
                let expected = bytes.iter().position(|b| *b < 32 || *b == b'"' || *b == b'\\');
                assert_eq!(Some(unescaped(bytes)), expected.or(Some(bytes.len())), "{length}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_passed_is_strict_json(
            text in "([\\[\\]{}\",:a-c0-1\\\\n.e \\-]|\"[ab]\":|\\[\\]|null){0,16}",
        ) {
            if pass(&text).is_some() {
                proptest::prop_assert!(strict::parse(text.as_bytes()).is_ok(), "{}", text);
            }
        }
    }
}
