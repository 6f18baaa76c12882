//! Numbers as JavaScript knows them, and the few casts the engine needs.

/// The largest integer below which every integer is a number of its own (2^53).
pub(crate) const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

/// Whether the number has no fraction.
pub(crate) fn is_integer(n: f64) -> bool {
    n.is_finite() && n.fract() == 0.0
}

/// The integer nearest to a number, for lengths and indices; out of range becomes the nearest end.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
pub(crate) fn to_i64(n: f64) -> i64 {
    n as i64
}

/// The same for numbers of ticks, which may be larger.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
pub(crate) fn to_i128(n: f64) -> i128 {
    n as i128
}

/// A length or index; negative and NaN become 0.
pub(crate) fn to_usize(n: f64) -> usize {
    usize::try_from(to_i64(n)).unwrap_or(if n > 0.0 { usize::MAX } else { 0 })
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "no string or array is 2^53 long")]
pub(crate) fn from_usize(n: usize) -> f64 {
    n as f64
}

/// A large integer as a number, rounded if it has to be.
#[expect(clippy::cast_precision_loss, reason = "JavaScript rounds the same way")]
pub(crate) fn from_i128(n: i128) -> f64 {
    n as f64
}

/// Milliseconds as a number.
#[expect(clippy::cast_precision_loss, reason = "dates end far below 2^53 milliseconds")]
pub(crate) fn from_i64(n: i64) -> f64 {
    n as f64
}

/// Writes a number the way JavaScript's `String(n)` does.
pub(crate) fn js_number(n: f64) -> String {
    if n.is_nan() {
        return "NaN".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if is_integer(n) && n.abs() < MAX_SAFE {
        return to_i64(n).to_string();
    }
    let size = n.abs();
    if (1e-6..1e21).contains(&size) {
        return format!("{n}");
    }
    let scientific = format!("{n:e}");
    match scientific.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        _ => scientific,
    }
}

/// Reads the number a text starts with, as JavaScript's `parseFloat` does.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("Infinity") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let end = float_end(text);
    text.get(..end)?.parse().ok()
}

fn float_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let mut end = digits(sign);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Reads the integer a text starts with, as JavaScript's `parseInt(text, 10)` does.
pub(crate) fn parse_int(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['+', '-']));
    let body = text.get(sign..)?;
    let end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    let number: f64 = body.get(..end)?.parse().ok()?;
    Some(if text.starts_with('-') { -number } else { number })
}

/// Rounds half up, as JavaScript's `Math.round` does.
pub(crate) fn js_round(n: f64) -> f64 {
    if is_integer(n) { n } else { (n + 0.5).floor() }
}

/// Rounds to a number of decimals.
pub(crate) fn round_to(n: f64, digits: f64) -> f64 {
    let power = 10_f64.powf(digits);
    js_round(n * power) / power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_javascript() {
        let check = |n: f64, text: &str| assert_eq!(js_number(n), text);
        check(42.0, "42");
        check(-0.0, "0");
        check(0.1 + 0.2, "0.30000000000000004");
        check(1e21, "1e+21");
        check(1.5e-7, "1.5e-7");
        check(12_345_678_901_234_567_000.0, "12345678901234567000");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn texts_become_numbers_like_javascript() {
        assert_eq!(parse_float("10.5kg"), Some(10.5));
        assert_eq!(parse_float(".5"), Some(0.5));
        assert_eq!(parse_float("1e3"), Some(1000.0));
        assert_eq!(parse_float("hello"), None);
        assert_eq!(parse_int("-12.7"), Some(-12.0));
        assert_eq!(parse_int("x"), None);
        assert_eq!(js_number(js_round(-2.5)), "-2");
    }
}
