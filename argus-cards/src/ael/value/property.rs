//! Properties of data, which are found also if only their case differs.

use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Map, Value};

use crate::ael::expr::Key;

/// Finds a property of a data object; see [`Val::property`].
pub(crate) fn map_property<'a>(
    map: &'a Map<String, Value>,
    key: &str,
    exact_first: bool,
) -> Option<&'a Value> {
    let loose = || map.iter().find(|(k, _)| same_key(k, key)).map(|(_, value)| value);
    if exact_first { map.get(key).or_else(loose) } else { loose() }
}

/// The same for a key of a path, which remembers where it was.
pub(crate) fn keyed_property<'a>(
    map: &'a Map<String, Value>,
    key: &Key,
    exact_first: bool,
) -> Option<&'a Value> {
    // Hashing a key takes longer than passing over some, and longer than a comparison.
    let place = key.place.load(Relaxed);
    if exact_first && place < MANY {
        match map.iter().nth(place) {
            Some((name, value)) if *name == key.name => return Some(value),
            _ => {}
        }
    }
    let same = |name: &str| {
        if exact_first { name == key.name } else { same_key(name, &key.name) }
    };
    if exact_first && map.len() > MANY {
        return map_property(map, &key.name, exact_first);
    }
    for (place, (name, value)) in map.iter().enumerate() {
        if same(name) {
            key.place.store(place, Relaxed);
            return Some(value);
        }
    }
    if exact_first { map_property(map, &key.name, false) } else { None }
}

/// From how many properties on hashing is faster.
const MANY: usize = 16;

/// Whether two names are the same without regard to case.
pub(crate) fn same_key(a: &str, b: &str) -> bool {
    let longer = if a.len() < b.len() { b } else { a };
    if a.len() == b.len() && a.eq_ignore_ascii_case(b) {
        return true;
    }
    // Nothing beyond ASCII becomes as long as an ASCII text when its case changes.
    if longer.is_ascii() {
        return false;
    }
    a.to_lowercase() == b.to_lowercase()
}
