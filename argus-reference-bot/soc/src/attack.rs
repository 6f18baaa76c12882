//! The techniques of MITRE ATT&CK, so that an alert names none that do not exist.
//!
//! The table is made by `attack/make_table.py` from MITRE's data. A revoked or deprecated id is
//! still known: products keep writing it, and people still understand it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The version of the catalogue.
pub(crate) const VERSION: &str = "18.1";

const TABLE: &str = include_str!("attack/enterprise.tsv");

struct Catalogue {
    /// Names by their ids: `T1003.001`.
    by_id: HashMap<&'static str, &'static str>,
    /// Names in lower case; one that two techniques share is not there.
    by_name: HashMap<String, &'static str>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut by_id = HashMap::new();
    let mut names: HashMap<String, Vec<&'static str>> = HashMap::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (id, name, _tactics, in_use) = (next(), next(), next(), next().is_empty());
        if in_use {
            names.entry(name.to_lowercase()).or_default().push(id);
        }
        by_id.insert(id, name);
    }
    let by_name = names
        .into_iter()
        .filter_map(|(name, ids)| match ids.as_slice() {
            [only] => Some((name, *only)),
            _ => None,
        })
        .collect();
    Catalogue { by_id, by_name }
});

/// Whether the catalogue has this id.
fn is_known(id: &str) -> bool {
    CATALOGUE.by_id.contains_key(id)
}

/// The id of the technique in use that has exactly this name, in any case.
fn named(name: &str) -> Option<&'static str> {
    CATALOGUE.by_name.get(&name.trim().to_lowercase()).copied()
}

/// An id in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// One of the catalogue.
    Known(String),
    /// One that has the form and is not there: from another matrix, newer, or made up.
    Unknown(String),
}

impl Found {
    pub(crate) fn into_id(self) -> String {
        match self {
            Self::Known(id) | Self::Unknown(id) => id,
        }
    }
}

/// How many techniques one text names; a report may list a whole matrix, an alert does not.
const MOST: usize = 64;

/// The techniques that a text names: their ids anywhere in it, or the name of one as the whole.
pub(crate) fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while found.len() < MOST
        && let Some(next) = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|byte| matches!(byte, b'T' | b't')))
    {
        at += next;
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let length = id_length(bytes.get(at..).unwrap_or_default());
        if length == 0 || before.is_some_and(u8::is_ascii_alphanumeric) {
            at += 1;
            continue;
        }
        let id =
            text.get(at..at + length).unwrap_or_default().to_uppercase().replace(['_', '/'], ".");
        at += length;
        let item = if is_known(&id) { Found::Known(id) } else { Found::Unknown(id) };
        if !found.contains(&item) {
            found.push(item);
        }
    }
    if found.is_empty()
        && (3..80).contains(&text.len())
        && let Some(known) = named(text)
    {
        found.push(Found::Known(known.to_owned()));
    }
    found
}

/// How long the id at the start of a text is: `T` with four digits, and three more after a dot.
fn id_length(bytes: &[u8]) -> usize {
    let digits = |from: usize, count: usize| {
        bytes.get(from..from + count).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    if !digits(1, 4) {
        return 0;
    }
    let sub = matches!(bytes.get(5), Some(b'.' | b'_' | b'/')) && digits(6, 3);
    let length = if sub { 9 } else { 5 };
    if bytes.get(length).is_some_and(u8::is_ascii_alphanumeric) { 0 } else { length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(TABLE.starts_with(&format!("# MITRE ATT&CK Enterprise {VERSION}.")));
        assert!(CATALOGUE.by_id.len() > 800, "{}", CATALOGUE.by_id.len());
        for (id, name) in &CATALOGUE.by_id {
            assert_eq!(id_length(id.as_bytes()), id.len(), "{id} {name}");
            assert!(!name.is_empty(), "{id}");
        }
    }

    #[test]
    fn ids_and_names_in_texts() {
        fn check(text: &str, expected: &[&str]) {
            let got: Vec<String> = find(text)
                .into_iter()
                .map(|found| match found {
                    Found::Known(id) => id,
                    Found::Unknown(id) => format!("{id}?"),
                })
                .collect();
            assert_eq!(got, expected, "{text}");
        }
        check("attack.t1003.001", &["T1003.001"]);
        check("@ATE.T1546.012 @ATE.T1112", &["T1546.012", "T1112"]);
        check("T1003_001 and T1003", &["T1003.001", "T1003"]);
        check("https://attack.mitre.org/techniques/T1003/001/", &["T1003.001"]);
        check("lsass memory", &["T1003.001"]);
        check("T1002", &["T1002"]);
        check("T9999", &["T9999?"]);
        check("TA0001 AT1003 T10031 T1003.0012x", &[]);
        check("tttt", &[]);
        check("é t", &[]);
    }
}
