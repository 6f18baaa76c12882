//! JavaScript's regular expressions, as far as they can be matched in linear time: they are
//! rewritten in the syntax of the `regex` crate, which has neither look-around nor back references.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Captures, Regex, RegexBuilder};

/// What a compiled pattern may take.
const MAX_BYTES: usize = 1 << 18;
const SPACE: &str = r"\t\n\x0b\x0c\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// Which patterns are patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// What `isMatch` of npm's engine takes: without word boundaries and most escapes.
    Common,
    /// All of JavaScript.
    Script,
    /// The same, and classes of Unicode such as `\p{L}`.
    Full,
}

/// How a pattern is matched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    pub(crate) lines: bool,
    pub(crate) dots: bool,
}

/// Compiles a pattern; `None` if it is none or cannot be matched in linear time.
pub(crate) fn compile(pattern: &str, flags: Flags, dialect: Dialect) -> Option<Regex> {
    let chars = pattern.chars().peekable();
    let mut rewriter = Rewriter { chars, out: String::new(), dialect, dots: flags.dots };
    rewriter.all()?;
    RegexBuilder::new(&rewriter.out)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.lines)
        .size_limit(MAX_BYTES)
        .build()
        .ok()
}

/// Writes what JavaScript puts in place of a match, for `$1`, `$&`, `$$` and the like.
pub(crate) fn expand(template: &str, found: &Captures<'_>, whole: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    let (start, end) = found.get(0).map_or((0, 0), |found| (found.start(), found.end()));
    let group = |index: usize| found.get(index).map_or("", |group| group.as_str());
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let numbered = (1..=digits).rev().find_map(|size| {
            let index: usize = after.get(..size)?.parse().ok()?;
            (1..found.len()).contains(&index).then_some((index, size))
        });
        let (text, taken) = match (after.chars().next(), numbered) {
            (Some('$'), _) => ("$", 1),
            (Some('&'), _) => (group(0), 1),
            (Some('`'), _) => (whole.get(..start).unwrap_or_default(), 1),
            (Some('\''), _) => (whole.get(end..).unwrap_or_default(), 1),
            (_, Some((index, size))) => (group(index), size),
            _ => ("$", 0),
        };
        out.push_str(text);
        rest = after.get(taken..).unwrap_or_default();
    }
    out + rest
}

struct Rewriter<'p> {
    chars: Peekable<Chars<'p>>,
    out: String,
    dialect: Dialect,
    dots: bool,
}

/// An item of a class in brackets.
enum Item {
    One(char),
    Set(&'static str),
}

impl Rewriter<'_> {
    fn all(&mut self) -> Option<()> {
        // Whether a quantifier may follow: not at the start, not after another one.
        let mut repeatable = false;
        while let Some(c) = self.chars.next() {
            repeatable = match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '|' | '^' | '$' => {
                    self.out.push(c);
                    false
                }
                ')' => {
                    self.out.push(c);
                    true
                }
                '*' | '+' | '?' => {
                    self.out.push(c);
                    self.lazy();
                    repeatable.then_some(false)?
                }
                '{' if self.quantifier()? => {
                    self.lazy();
                    repeatable.then_some(false)?
                }
                '{' => true,
                '.' => {
                    self.out.push_str(if self.dots {
                        "(?s:.)"
                    } else {
                        r"[^\n\r\u{2028}\u{2029}]"
                    });
                    true
                }
                c => {
                    self.literal(c);
                    true
                }
            };
        }
        Some(())
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn eat(&mut self, c: char) -> bool {
        self.chars.next_if_eq(&c).is_some()
    }

    fn lazy(&mut self) {
        if self.eat('?') {
            self.out.push('?');
        }
    }

    /// Reads what follows `{`; without a number it is a brace.
    fn quantifier(&mut self) -> Option<bool> {
        let inside: String = self.chars.clone().take_while(|c| *c != '}').collect();
        let closed = self.chars.clone().nth(inside.chars().count()) == Some('}');
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        if !closed || !number(least) || !(most.is_empty() || number(most)) {
            self.out.push_str(r"\{");
            return Some(false);
        }
        if number(most) && most.parse::<u32>().ok()? < least.parse::<u32>().ok()? {
            return None;
        }
        self.out.extend(["{", &inside, "}"]);
        self.chars.nth(inside.chars().count());
        Some(true)
    }

    fn group(&mut self) -> Option<bool> {
        self.out.push('(');
        if self.eat('?') {
            match self.chars.next()? {
                ':' => self.out.push_str("?:"),
                '<' if self.chars.peek().is_some_and(char::is_ascii_alphabetic) => {
                    self.out.push_str("?P<");
                }
                _ => return None,
            }
        }
        Some(false)
    }

    fn hex(&mut self, size: usize) -> Option<char> {
        let digits: String = self.chars.clone().take(size).collect();
        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == size)?;
        self.chars.nth(size - 1);
        char::from_u32(code)
    }

    /// Reads what follows a backslash; says whether it can be repeated.
    fn escape(&mut self) -> Option<bool> {
        match self.chars.peek().copied() {
            Some('b') if self.dialect != Dialect::Common => {
                self.chars.next();
                self.out.push_str(r"(?-u:\b)");
                return Some(false);
            }
            Some('p' | 'P') if self.dialect == Dialect::Full => {
                let body: String = self.chars.clone().take_while(|c| *c != '}').collect();
                self.chars.nth(body.chars().count());
                self.out.extend(["\\", &body, "}"]);
                return Some(true);
            }
            _ => {}
        }
        match self.escaped()? {
            Item::One(c) => self.literal(c),
            Item::Set(set) => self.out.extend(["[", set, "]"]),
        }
        Some(true)
    }

    /// What follows a backslash, outside a class or in one.
    fn escaped(&mut self) -> Option<Item> {
        let c = self.chars.next()?;
        // What the grammar of `isMatch` knows; the letters among it mean themselves in JavaScript.
        let common = "acdDefnrsStwWxpQE".contains(c) || !c.is_ascii_alphanumeric();
        if self.dialect == Dialect::Common && !common {
            return None;
        }
        Some(match c {
            'd' => Item::Set("0-9"),
            'D' => Item::Set("^0-9"),
            'w' => Item::Set("0-9A-Za-z_"),
            'W' => Item::Set("^0-9A-Za-z_"),
            's' => Item::Set(SPACE),
            'S' => Item::Set(
                r"^\t\n\x0b\x0c\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}",
            ),
            'n' => Item::One('\n'),
            'r' => Item::One('\r'),
            't' => Item::One('\t'),
            'f' => Item::One('\u{c}'),
            'v' => Item::One('\u{b}'),
            '0' => Item::One('\0'),
            'x' => match self.hex(2) {
                Some(c) => Item::One(c),
                None if self.dialect != Dialect::Common => Item::One('x'),
                None => return None,
            },
            'u' => Item::One(self.hex(4).unwrap_or('u')),
            'c' => {
                if let Some(letter) = self.chars.next_if(char::is_ascii_alphabetic) {
                    return Some(Item::One(char::from_u32(u32::from(letter) % 32)?));
                }
                self.literal('\\');
                Item::One('c')
            }
            // A back reference, or a boundary that cannot be written here.
            '1'..='9' | 'k' | 'b' | 'B' => return None,
            c => Item::One(c),
        })
    }

    fn class(&mut self) -> Option<bool> {
        let negated = self.eat('^');
        let mut items: Vec<Item> = Vec::new();
        let mut ranges: Vec<(char, char)> = Vec::new();
        if !negated && self.dialect == Dialect::Common && self.chars.peek() == Some(&']') {
            return None;
        }
        loop {
            let item = match self.chars.next()? {
                ']' => break,
                '\\' => self.escaped()?,
                c => Item::One(c),
            };
            let mut ahead = self.chars.clone();
            let range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
            match item {
                Item::One(from) if range => {
                    self.chars.next();
                    let to = match self.chars.next()? {
                        '\\' => self.escaped()?,
                        c => Item::One(c),
                    };
                    match to {
                        Item::One(to) if from <= to => ranges.push((from, to)),
                        Item::One(_) => return None,
                        // With a set on either side the dash is only a dash.
                        set @ Item::Set(_) => items.extend([Item::One(from), Item::One('-'), set]),
                    }
                }
                item => items.push(item),
            }
        }
        self.out.push_str(match (negated, items.is_empty() && ranges.is_empty()) {
            (false, true) => r"[^\s\S",
            (true, true) => r"[\s\S",
            (false, false) => "[",
            (true, false) => "[^",
        });
        for item in items {
            match item {
                Item::One(c) => self.class_char(c),
                Item::Set(set) => self.out.extend(["[", set, "]"]),
            }
        }
        for (from, to) in ranges {
            self.class_char(from);
            self.out.push('-');
            self.class_char(to);
        }
        self.out.push(']');
        Some(true)
    }

    fn class_char(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else {
            self.out.extend(["\\u{", &format!("{:x}", u32::from(c)), "}"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        let regex = compile(pattern, Flags::default(), Dialect::Common)?;
        Some(regex.is_match(text))
    }

    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        for (pattern, text, found) in [
            ("^[a-z]+$", "abc", true),
            (r"\d{3}-\d{4}", "555-1234", true),
            (r"^\w+$", "\u{e9}", false),
            ("a{", "a{", true),
            ("{a}", "{a}", true),
            ("[[a]", "[", true),
            ("[a-]", "-", true),
            (r"[\d-z]", "-", true),
            ("[a&&b]", "&", true),
            (r"\x41", "A", true),
            ("^.$", "\n", false),
            ("#", "#", true),
            (r"\/", "/", true),
            ("a|", "x", true),
        ] {
            assert_eq!(matches(pattern, text), Some(found), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "[", "[]", "*a", "a**", "a++", "^*", "{1}", "a{3,2}", "[z-a]", "(", "a)", r"\1", r"\b",
            "(?=a)", "(?<=a)", "(?i:a)", r"a\", r"\y",
        ] {
            assert_eq!(matches(pattern, ""), None, "{pattern}");
        }
        assert!(
            compile(r"\bx\p{L}", Flags::default(), Dialect::Full).unwrap().is_match("a x\u{e9}")
        );
    }

    #[test]
    fn replacements_are_filled_in() {
        let regex = compile("(b)(c)?", Flags::default(), Dialect::Full).unwrap();
        let found = regex.captures("abd").unwrap();
        let check = |template: &str, text: &str| assert_eq!(expand(template, &found, "abd"), text);
        check("[$1$2$3]", "[b$3]");
        check("$& $$ $` $' $0 $", "b $ a d $0 $");
        check("$10", "b0");
    }
}
