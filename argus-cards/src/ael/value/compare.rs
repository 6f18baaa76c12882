//! When values are equal, and how they are ordered.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Val;

impl Val<'_> {
    /// Equality as the expression language has it: nothing equals nothing, numbers may differ by
    /// a rounding error, arrays and objects are compared by content.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        if self.is_nothing() || other.is_nothing() {
            return self.is_nothing() && other.is_nothing();
        }
        if let (Some(a), Some(b)) = (self.list(), other.list()) {
            return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(&b));
        }
        if let (Some(a), Some(b)) = (self.fields(), other.fields()) {
            let pair = |key: &str| b.iter().find(|(k, _)| k == key);
            return a.len() == b.len()
                && a.iter().all(|(key, value)| pair(key).is_some_and(|(_, v)| value.equals(v)));
        }
        match (self, other) {
            (Self::Big(a) | Self::Ticks(a), Self::Big(b) | Self::Ticks(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            _ => match (self.as_number(), other.as_number()) {
                (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || (a - b).abs() < f64::EPSILON,
                _ => false,
            },
        }
    }

    /// Whether this is the very same value: arrays and objects only equal themselves.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Data(a), Self::Data(b)) => std::ptr::eq(*a, *b),
            (Self::Array(a), Self::Array(b)) => Rc::ptr_eq(a, b),
            (Self::Object(a), Self::Object(b)) => Rc::ptr_eq(a, b),
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Undefined | Self::Null, _) | (_, Self::Undefined | Self::Null) => false,
            (a, b) if a.is_array() || a.is_object() || b.is_array() || b.is_object() => false,
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b).is_eq() || (a - b).abs() == 0.0,
            (a, b) => a.equals(b),
        }
    }

    /// Orders numbers with numbers and texts with texts; anything else has no order.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(compare_text(a, b)),
            (Self::Ticks(a), Self::Ticks(b)) => Some(a.cmp(b)),
            _ => self.as_number()?.partial_cmp(&other.as_number()?),
        }
    }
}

/// Orders texts by UTF-16 units, as JavaScript does.
pub(crate) fn compare_text(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}
