//! What JavaScript makes of values of different kinds that meet in an operator.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::value::{Val, compare_text};

/// JavaScript's `Number(value)`; NaN if it is none.
pub(super) fn to_number(value: &Val<'_>) -> f64 {
    match value {
        Val::Null | Val::Bool(false) => 0.0,
        Val::Bool(true) => 1.0,
        Val::Text(text) => text_to_number(text),
        Val::Data(_) | Val::Array(_) | Val::Object(_) => {
            text_to_number(&value.to_text().unwrap_or_default())
        }
        value => value.as_number().unwrap_or(f64::NAN),
    }
}

fn text_to_number(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match digits {
        "" if text.is_empty() => 0.0,
        "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Infinity" => f64::INFINITY,
        _ if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// JavaScript's `a == b`.
pub(super) fn loosely_equal(a: &Val<'_>, b: &Val<'_>) -> bool {
    let made = |value: &Val<'_>| value.is_array() || value.is_object();
    match (a, b) {
        (a, b) if a.is_nothing() || b.is_nothing() => a.is_nothing() && b.is_nothing(),
        (a, b) if made(a) && made(b) => a.is_same(b),
        (Val::Text(a), Val::Text(b)) => a == b,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Text(text), other) | (other, Val::Text(text)) if made(other) => {
            other.to_text().is_some_and(|shown| shown == *text)
        }
        (a, b) => to_number(a).partial_cmp(&to_number(b)) == Some(Ordering::Equal),
    }
}

/// How JavaScript's `<` and `>` order two values, if they do.
pub(super) fn order(a: &Val<'_>, b: &Val<'_>) -> Option<Ordering> {
    let text = |value: &Val<'_>| match value {
        Val::Text(_) => value.to_text().map(Cow::into_owned),
        value if value.is_array() || value.is_object() => value.to_text().map(Cow::into_owned),
        _ => None,
    };
    match (text(a), text(b)) {
        (Some(a), Some(b)) => Some(compare_text(&a, &b)),
        _ => to_number(a).partial_cmp(&to_number(b)),
    }
}

/// JavaScript's own truth: empty texts, zero and NaN are false too.
pub(super) fn is_truthy(value: &Val<'_>) -> bool {
    match value {
        Val::Text(text) => !text.is_empty(),
        Val::Number(n) => *n != 0.0 && !n.is_nan(),
        value => value.is_true(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_meet_like_in_javascript() {
        let (text, number) = (|t: &'static str| Val::Text(t.into()), Val::Number);
        assert!(loosely_equal(&text(" 5 "), &number(5.0)));
        assert!(loosely_equal(&text(""), &number(0.0)));
        assert!(loosely_equal(&Val::Bool(true), &text("1")));
        assert!(!loosely_equal(&Val::Null, &number(0.0)));
        assert!(loosely_equal(&Val::Array(vec![number(5.0)].into()), &number(5.0)));
        assert_eq!(order(&text("10"), &text("9")), Some(Ordering::Less));
        assert_eq!(order(&text("10"), &number(9.0)), Some(Ordering::Greater));
        assert_eq!(order(&text("x"), &number(9.0)), None);
        assert!(!is_truthy(&text("")) && is_truthy(&text("0")));
    }
}
