//! RFC 8785 JSON, written in one go.
//!
//! A record is hashed in this form, and many are written a second, so no tree is made of them
//! first: serde's own JSON writer is told where objects and keys begin and end, and an object whose
//! keys do not come in order is put in order when it ends.

use std::cmp::Ordering;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value` as RFC 8785 JSON: sorted keys, shortest numbers, no white space.
///
/// # Errors
///
/// If `value` does not serialise to JSON.
///
/// ```
/// let text = argus_soc::ledger::canonical(&serde_json::json!({"b": 1, "a": "\u{e9}"}))?;
/// assert_eq!(text, "{\"a\":\"\u{e9}\",\"b\":1}");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn canonical<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut out = Vec::with_capacity(1_024);
    value.serialize(&mut Serializer::with_formatter(&mut out, Canonical::default()))?;
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// Holds back what is inside an object until the outermost one is complete.
#[derive(Default)]
struct Canonical {
    held: Vec<u8>,
    /// The objects that are open, outermost first: where each begins in `held`, and its first
    /// entry.
    open: Vec<(usize, usize)>,
    /// The entries of all open objects.
    entries: Vec<Entry>,
    spare: Vec<u8>,
}

/// Where a key and its value stand in `held`.
#[derive(Clone, Copy)]
struct Entry {
    key: usize,
    key_end: usize,
    end: usize,
}

impl Canonical {
    /// Writes to where it belongs: held back, or out.
    fn put<W: Write + ?Sized>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        if self.open.is_empty() {
            return writer.write_all(bytes);
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    fn key<'a>(&'a self, entry: &Entry) -> &'a [u8] {
        // Without its quotes.
        self.held.get(entry.key + 1..entry.key_end.saturating_sub(1)).unwrap_or_default()
    }

    /// Puts the object that begins at `start` in order.
    fn sort(&mut self, start: usize, first: usize) {
        let mut entries = self.entries.split_off(first);
        let in_order = |pair: &[Entry]| match pair {
            [a, b] => by_units(self.key(a), self.key(b)) == Ordering::Less,
            _ => true,
        };
        if entries.windows(2).all(in_order) {
            return;
        }
        entries.sort_by(|a, b| by_units(self.key(a), self.key(b)));
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        for entry in &entries {
            spare.push(if spare.is_empty() { b'{' } else { b',' });
            spare.extend_from_slice(self.held.get(entry.key..entry.end).unwrap_or_default());
        }
        self.held.truncate(start);
        self.held.extend_from_slice(&spare);
        self.spare = spare;
    }
}

/// The order of RFC 8785, 3.2.3: by UTF-16 code units, which is not that of bytes above U+FFFF.
fn by_units(a: &[u8], b: &[u8]) -> Ordering {
    let plain = |key: &[u8]| key.iter().all(|&byte| byte.is_ascii() && byte != b'\\');
    if plain(a) && plain(b) {
        return a.cmp(b);
    }
    unescaped(a).encode_utf16().cmp(unescaped(b).encode_utf16())
}

fn unescaped(key: &[u8]) -> String {
    let quoted = [b"\"", key, b"\""].concat();
    // It was written a moment ago, so it reads.
    serde_json::from_slice(&quoted).unwrap_or_default()
}

impl Formatter for Canonical {
    fn write_null<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"null")
    }

    fn write_bool<W: Write + ?Sized>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        self.put(writer, if value { b"true" } else { b"false" })
    }

    fn write_i64<W: Write + ?Sized>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.put(writer, value.to_string().as_bytes())
    }

    fn write_u64<W: Write + ?Sized>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.put(writer, value.to_string().as_bytes())
    }

    fn write_i8<W: Write + ?Sized>(&mut self, writer: &mut W, value: i8) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i16<W: Write + ?Sized>(&mut self, writer: &mut W, value: i16) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i32<W: Write + ?Sized>(&mut self, writer: &mut W, value: i32) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i128<W: Write + ?Sized>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        self.put(writer, value.to_string().as_bytes())
    }

    fn write_u8<W: Write + ?Sized>(&mut self, writer: &mut W, value: u8) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u16<W: Write + ?Sized>(&mut self, writer: &mut W, value: u16) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u32<W: Write + ?Sized>(&mut self, writer: &mut W, value: u32) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u128<W: Write + ?Sized>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        self.put(writer, value.to_string().as_bytes())
    }

    fn write_f32<W: Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.put(writer, es_number(value).as_bytes())
    }

    fn write_number_str<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        value: &str,
    ) -> io::Result<()> {
        self.put(writer, value.as_bytes())
    }

    fn begin_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"\"")
    }

    fn end_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"\"")
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.put(writer, fragment.as_bytes())
    }

    fn write_char_escape<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: serde_json::ser::CharEscape,
    ) -> io::Result<()> {
        let mut text = Vec::with_capacity(6);
        serde_json::ser::CompactFormatter.write_char_escape(&mut text, escape)?;
        self.put(writer, &text)
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { self.put(writer, b",") }
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.push((self.held.len(), self.entries.len()));
        self.put(writer, b"{")
    }

    fn begin_object_key<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            self.put(writer, b",")?;
        }
        let key = self.held.len();
        self.entries.push(Entry { key, key_end: key, end: key });
        Ok(())
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(entry) = self.entries.last_mut() {
            entry.key_end = self.held.len();
        }
        Ok(())
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b":")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        // The entries of what was inside are gone by now, so the last one is this one.
        if let Some(entry) = self.entries.last_mut() {
            entry.end = self.held.len();
        }
        Ok(())
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let Some((start, first)) = self.open.pop() else { return Ok(()) };
        self.sort(start, first);
        self.held.push(b'}');
        if self.open.is_empty() {
            writer.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(())
    }
}

/// A number as ECMAScript prints it (RFC 8785 3.2.2.3).
fn es_number(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-6..21).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    #[test]
    fn numbers_as_ecmascript_prints_them() {
        let check = |number: f64, text: &str| {
            assert_eq!(canonical(&number).expect("serialises"), text);
        };
        check(333_333_333.333_333_3, "333333333.3333333");
        check(1e30, "1e+30");
        check(4.50, "4.5");
        check(2e-3, "0.002");
        check(1e-27, "1e-27");
        check(1e21, "1e+21");
        check(1e20, "100000000000000000000");
        check(1e-6, "0.000001");
        check(1e-7, "1e-7");
        check(-0.0, "0");
    }

    #[test]
    fn texts_have_the_escapes_of_rfc_8785() {
        let check = |text: &str, written: &str| {
            assert_eq!(canonical(&text).expect("serialises"), written);
        };
        check(
            "plain \u{e9} \u{7f} \u{2028} \u{1f600}",
            "\"plain \u{e9} \u{7f} \u{2028} \u{1f600}\"",
        );
        check("\"\\/", r#""\"\\/""#);
        check("\u{8}\t\n\u{c}\r", r#""\b\t\n\f\r""#);
        check("\u{0}\u{1f}", r#""\u0000\u001f""#);
    }

    #[test]
    fn keys_are_sorted_by_utf16_units_at_every_depth() {
        let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "a": 3});
        let text = canonical(&value).expect("serialises");
        assert_eq!(text, "{\"a\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}");
        let value = json!([{"b": {"z": [{"y": 1, "x": {}}], "a": []}, "a": null}, {}, "t"]);
        let text = canonical(&value).expect("serialises");
        assert_eq!(text, r#"[{"a":null,"b":{"a":[],"z":[{"x":{},"y":1}]}},{},"t"]"#);
        let value = json!({"\u{1}": 1, "\"": 2, "!": 3});
        assert_eq!(canonical(&value).expect("serialises"), r#"{"\u0001":1,"!":3,"\"":2}"#);
    }

    /// The same, the slow way: a tree with sorted keys.
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(sorted).collect(),
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
                Value::Object(
                    entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect::<Map<_, _>>(),
                )
            }
            other => other.clone(),
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c\u{1}\"\\\\\u{e9}\u{fb33}\u{1f600}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let key = "[a-d\u{1}\"\\\\\u{e9}\u{fb33}\u{1f600}]{0,3}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(key, inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_tree_with_sorted_keys(value in any_value()) {
            let text = canonical(&value).expect("serialises");
            prop_assert_eq!(&text, &sorted(&value).to_string());
        }
    }
}
