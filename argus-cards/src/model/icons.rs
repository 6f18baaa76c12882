//! The names of the icons that Teams has (the Fluent set), for [`Icon`](super::Icon),
//! [`IconRun`](super::IconRun), [`Badge`](super::Badge) and `icon:` addresses.

use std::sync::LazyLock;

/// All names, sorted.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("icons.txt").lines().collect());

/// Whether Teams has an icon of this name; case counts, and `,filled` or `,regular` may follow.
///
/// ```
/// use argus_cards::model::icons;
///
/// assert!(icons::is_known("Shield") && icons::is_known("Shield,filled"));
/// assert!(!icons::is_known("shield"));
/// ```
pub fn is_known(name: &str) -> bool {
    let name = match name.split_once(',') {
        Some((name, "filled" | "regular")) => name,
        _ => name,
    };
    NAMES.binary_search(&name).is_ok()
}

/// All names, sorted.
pub fn names() -> &'static [&'static str] {
    &NAMES
}
