//! Values are data. Nothing that comes out of an alert may become a link, a mention, a heading or
//! an invisible character of a card.

use std::borrow::Cow;

use url::Url;

use crate::options::Options;

/// Whether a character is invisible and changes how others are shown.
fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a text can be shown as it is, anywhere, also at the start of a line. Most texts can, and
/// this decides it without a copy.
fn is_harmless(text: &str, options: &Options) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return true };
    if bytes.len() > options.max_text || !first.is_ascii_alphanumeric() {
        return false;
    }
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 && matches!(bytes.get(digits), Some(b'.' | b')')) {
        return false;
    }
    let word = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_alphanumeric);
    let mut before = b' ';
    for (index, &byte) in bytes.iter().enumerate() {
        let fine = match byte {
            b' ' | b',' | b'-' | b'\'' | b'(' | b')' | b'?' | b'%' | b';' | b'@' => true,
            // What looks like `www.` or a scheme is looked at more closely.
            b'.' => before != b'w' && before != b'W',
            b'/' => before != b'/',
            b':' => before.is_ascii_digit() || bytes.get(index + 1) == Some(&b' '),
            b'_' => before.is_ascii_alphanumeric() && word(index + 1),
            byte => byte.is_ascii_alphanumeric(),
        };
        if !fine {
            return false;
        }
        before = byte;
    }
    true
}

/// A text that is not shown: only invisible characters are taken out.
pub(super) fn value<'t>(text: &'t str, options: &Options) -> Cow<'t, str> {
    if is_harmless(text, options) { text.into() } else { visible(text).into() }
}

/// A text that is shown without Markdown: no invisible characters, no mention, no host token, and
/// no address, because some clients make a link of whatever looks like one.
pub(super) fn plain<'t>(text: &'t str, options: &Options) -> Cow<'t, str> {
    if is_harmless(text, options) {
        return text.into();
    }
    neutral(&defanged(&capped(&visible(text), options.max_text), options)).into()
}

/// A text that is shown with Markdown: the same, and nothing in it is Markdown or a link.
pub(super) fn markdown<'t>(text: &'t str, starts_line: bool, options: &Options) -> Cow<'t, str> {
    if is_harmless(text, options) {
        return text.into();
    }
    let text = capped(&visible(text), options.max_text);
    escaped(&neutral(&defanged(&text, options)), starts_line).into()
}

/// Whether the next thing stands at the beginning of a line, where Markdown reads more into it:
/// after nothing, or after the marks of lists, quotes and headings.
pub(super) fn starts_line(before: &str) -> bool {
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    line.bytes().all(|b| matches!(b, b' ' | b'\t' | b'0'..=b'9') || b"-+*>#|~`.)".contains(&b))
}

/// Whether a value and what stands before it would together be an address, a mention or a function
/// of the client, although neither is one.
pub(super) fn meets(before: &str, value: &str) -> bool {
    let (Some(last), Some(first)) = (before.bytes().last(), value.bytes().next()) else {
        return false;
    };
    match (last, first) {
        (b'{' | b'$', b'{') | (b':' | b'/' | b'\\', b'/' | b'\\' | b':') => true,
        (b'<', first) if first.is_ascii_alphabetic() || b"/!?".contains(&first) => true,
        (b'w' | b'W', b'w' | b'W' | b'.') => {
            let is_w = |c: char| c == 'w' || c == 'W';
            let rest = value.trim_start_matches(is_w);
            let count = value.len() - rest.len() + before.len();
            rest.starts_with('.') && count - before.trim_end_matches(is_w).len() >= 3
        }
        _ => {
            let near = before.len().saturating_sub(4);
            before.as_bytes().get(near..).is_some_and(|tail| tail.contains(&b'<'))
                && before.rsplit_once('<').is_some_and(|(_, tail)| {
                    let start: String = value.chars().take(4).collect();
                    is_mention(&format!("{tail}{start}"))
                })
        }
    }
}

/// Removes invisible characters; all line breaks become `\n`, and at most two follow each other.
fn visible(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut breaks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let c = match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => ' ',
            c if is_control(c) => continue,
            c => c,
        };
        breaks = if c == '\n' { breaks + 1 } else { 0 };
        if breaks <= 2 {
            result.push(c);
        }
    }
    result
}

/// Cuts a text that is too long and says how much is gone.
fn capped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((cut, _)) => {
            let (kept, gone) = text.split_at_checked(cut).unwrap_or((text, ""));
            format!("{kept}\u{2026} {} more", gone.chars().count())
        }
    }
}

/// Breaks what Teams itself would replace: `<at>` mentions, `{{DATE()}}` and `${rs:name}`.
fn neutral(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '<' if is_mention(after) => result.push('\u{2039}'),
            '{' | '$' if after.starts_with('{') => {
                result.push(c);
                result.push(' ');
            }
            _ => result.push(c),
        }
        rest = after;
    }
    result
}

fn is_mention(after: &str) -> bool {
    let name = after.trim_start().trim_start_matches('/').trim_start();
    let is_at = name.get(..2).is_some_and(|name| name.eq_ignore_ascii_case("at"));
    let next = name.chars().nth(2);
    is_at && next.is_none_or(|c| !c.is_ascii_alphanumeric())
}

/// Makes addresses unclickable, except those that lead to an allowed host.
fn defanged(text: &str, options: &Options) -> String {
    let slashes = text.contains("//") || text.contains("\\\\");
    if !slashes && !text.contains(':') && !text.to_ascii_lowercase().contains("www.") {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len() + 16);
    for word in text.split_inclusive([' ', '\n']) {
        let bare = word.trim_end_matches([' ', '\n']);
        let gap = word.get(bare.len()..).unwrap_or_default();
        if bare.starts_with("https://") && is_quiet(bare) && allowed(bare, options).is_ok() {
            result.push_str(bare);
        } else {
            defang_word(&mut result, bare);
        }
        result.push_str(gap);
    }
    result
}

/// Whether a word has nothing in it that Markdown would take for an end or a beginning.
fn is_quiet(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/?=&%#@+~;,".contains(&b))
}

/// Schemes that do something when clicked, although nothing follows their colon but text.
const ACTIVE: [&str; 8] =
    ["javascript", "data", "vbscript", "mailto", "tel", "file", "sip", "callto"];

fn defang_word(result: &mut String, word: &str) {
    let mut rest = word;
    let mut harmless = String::with_capacity(word.len() + 8);
    while let Some((before, after)) = rest.split_once(':') {
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let outside = before.trim_end_matches(in_scheme);
        let scheme = before.get(outside.len()..).unwrap_or_default();
        let lower_scheme = scheme.to_ascii_lowercase();
        harmless.push_str(outside);
        let opens = after.starts_with("//") || after.starts_with("\\\\");
        match lower_scheme.as_str() {
            "http" => harmless.push_str("hxxp:"),
            "https" => harmless.push_str("hxxps:"),
            scheme_name if opens || ACTIVE.iter().any(|active| scheme_name.ends_with(active)) => {
                harmless.push_str(scheme);
                harmless.push_str("[:]");
            }
            _ => {
                harmless.push_str(scheme);
                harmless.push(':');
            }
        }
        rest = after;
    }
    harmless.push_str(rest);
    break_hosts(result, &harmless);
}

/// Breaks the name of every host: what follows `//` or `\\\\`, with a scheme before it or without, and
/// what begins with `www.`.
fn break_hosts(result: &mut String, word: &str) {
    let lower = word.to_ascii_lowercase();
    let mut in_host = false;
    for (index, c) in word.char_indices() {
        let before = word.get(..index).unwrap_or_default();
        if before.ends_with("//") || before.ends_with("\\\\") {
            in_host = true;
        }
        in_host |= lower.get(index..).is_some_and(|rest| rest.starts_with("www."));
        in_host &= !matches!(c, '/' | '?' | '#' | '\\');
        if in_host && c == '.' {
            result.push_str("[.]");
        } else {
            result.push(c);
        }
    }
}

/// Puts a backslash before everything that Markdown would act on.
fn escaped(text: &str, starts_line: bool) -> String {
    let mut result = String::with_capacity(text.len() + text.len() / 8);
    let mut line_start = starts_line;
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        // Four spaces before a line make it code.
        if c == ' ' && line_start {
            continue;
        }
        let marks = match c {
            '\\' | '*' | '`' | '[' | ']' => true,
            '_' => !(previous.is_alphanumeric() && next.is_alphanumeric()),
            '~' => next == '~' || previous == '~',
            '<' => next.is_ascii_alphabetic() || next == '/' || next == '!',
            '&' => next.is_ascii_alphabetic() || next == '#',
            '!' => next == '[',
            '#' | '>' | '-' | '+' | '=' | '|' => line_start,
            '.' | ')' => line_start_number(&result) || (line_start && result.is_empty()),
            _ => false,
        };
        if marks {
            result.push('\\');
        }
        result.push(c);
        line_start = c == '\n';
        previous = c;
    }
    result
}

/// Whether the line so far is nothing but a number, which a `.` would make a list.
fn line_start_number(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default().trim_start();
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|b| b.is_ascii_digit())
}

/// Checks an address that came out of data, and returns it the way it was understood.
pub(super) fn allowed(address: &str, options: &Options) -> Result<String, String> {
    let url = Url::parse(address.trim()).map_err(|_| "is not an absolute address".to_owned())?;
    let host = match url.scheme() {
        "https" if url.username().is_empty() && url.password().is_none() => {
            url.host_str().unwrap_or_default().to_owned()
        }
        "mailto" => url.path().rsplit('@').next().unwrap_or_default().to_ascii_lowercase(),
        _ => return Err("is not a plain https or mailto address".to_owned()),
    };
    let fits = |allowed: &String| {
        let allowed = allowed.to_ascii_lowercase();
        host == allowed || (allowed.starts_with('.') && host.ends_with(&allowed))
    };
    if options.allowed_hosts.iter().any(fits) {
        Ok(url.into())
    } else {
        Err(format!("leads to `{host}`, which is not an allowed host"))
    }
}

/// Whether the designer has written where an address leads, so that values only fill in the rest.
pub(super) fn names_host(prefix: &str) -> bool {
    let host = prefix.strip_prefix("https://").unwrap_or_default();
    let complete = host.find(['/', '?', '#']);
    complete.is_some_and(|end| end > 0 && !host.contains(['@', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_as_it_is_written() {
        let options = Options::default().allow_host("good.example").max_text(60);
        let check = |text: &str, shown: &str| assert_eq!(markdown(text, true, &options), shown);
        check("plain words", "plain words");
        check("**bold** _it_ snake_case", r"\*\*bold\*\* \_it\_ snake_case");
        check("[click](https://evil.com/x)", r"\[click\](hxxps://evil\[.\]com/x)");
        check("see http://a.b.c/d.e", r"see hxxp://a\[.\]b\[.\]c/d.e");
        check("see https://good.example/x", "see https://good.example/x");
        check("see https://good.example@evil.com", r"see hxxps://good\[.\]example@evil\[.\]com");
        check("www.evil.com", r"www\[.\]evil\[.\]com");
        check("javascript:alert(1)", r"javascript\[:\]alert(1)");
        check("# head\n- item\n1. one", "\\# head\n\\- item\n1\\. one");
        check("<at>SOC</at>", "\u{2039}at>SOC\u{2039}/at>");
        check("{{DATE(2020)}}", "{ {DATE(2020)}}");
        check("${rs:hello}", "$ {rs:hello}");
        check("a\u{202e}b\u{200b}c\u{0}d", "abcd");
        check("a\n\n\n\n\nb", "a\n\nb");
        check(r"C:\dir\x", r"C:\\dir\\x");
        check("    code\n     # x", "code\n\\# x");
        check(r"xhttps:\\evil.com", r"xhttps\[:\]\\\\evil\[.\]com");
        check("a:www.evil.com:b:www.x", r"a:www\[.\]evil\[.\]com:b:www\[.\]x");
        check("x //evil.com/a.b //x", r"x //evil\[.\]com/a.b //x");
        check(&"x".repeat(80), &format!("{}\u{2026} 20 more", "x".repeat(60)));
    }

    #[test]
    fn nothing_is_made_where_values_meet() {
        for (before, value) in [
            ("{", "{DATE(x)}}"),
            ("a$", "{rs:x}"),
            ("x<", "at>y"),
            ("x<", "b>"),
            ("x<a", "t>y"),
            ("https:", "//evil.com"),
            ("https:/", "/evil.com"),
            ("ww", "w.evil.com"),
            ("WWW", ".evil.com"),
        ] {
            assert!(meets(before, value), "{before} {value}");
        }
        for (before, value) in
            [("see ", "www"), ("show", "wide"), ("a/", "b"), ("", "{"), ("5 < ", "6")]
        {
            assert!(!meets(before, value), "{before} {value}");
        }
        assert!(
            starts_line("") && starts_line("a\n- ") && starts_line("> 1. ") && !starts_line("a ")
        );
    }

    #[test]
    fn addresses_lead_where_they_may() {
        let options = Options::default().allow_host("good.example").allow_host(".corp.example");
        let ok = |text: &str| allowed(text, &options).is_ok();
        assert!(ok("https://good.example/a?b"));
        assert!(ok("https://x.corp.example"));
        assert!(ok("mailto:soc@good.example"));
        for bad in [
            "http://good.example",
            "https://good.example@evil.com",
            "https://evil.com/good.example",
            "https://good.example.evil.com",
            "https://u:p@good.example",
            "javascript:alert(1)",
            "//good.example",
            "https://evilcorp.example",
            "mailto:a@evil.com",
            "https://evil.com\\@good.example",
        ] {
            assert!(!ok(bad), "{bad}");
        }
        assert!(names_host("https://host/x"));
        assert!(!names_host("https://host"));
        assert!(!names_host("https://"));
    }
}
