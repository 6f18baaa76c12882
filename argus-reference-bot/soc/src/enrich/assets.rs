//! From the words of an inventory to an asset: which word means how critical is data.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How the words of an inventory become a criticality of 0 to 10.
///
/// There is no silent default: a word that the table does not have is [`None`], and the asset counts
/// as unknown, unless `otherwise` says what it is.
///
/// ```
/// # use argus_soc::enrich::assets::Criticality;
/// # use std::collections::BTreeMap;
/// let of = Criticality {
///     by: "busines_criticality".into(),
///     words: BTreeMap::from([("1 - most critical".into(), 10)]),
///     otherwise: None,
/// };
/// assert_eq!(of.of("1 - Most Critical"), Some(10));
/// assert_eq!(of.of("7"), Some(7));
/// assert_eq!(of.of("rather"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criticality {
    /// The field of the inventory.
    pub by: String,
    /// Its words in lower case, and what they mean.
    #[serde(default)]
    pub words: BTreeMap<String, u8>,
    /// What every other word means, and none.
    #[serde(default)]
    pub otherwise: Option<u8>,
}

impl Criticality {
    /// What the word means. A number from 0 to 10 means itself unless the table says otherwise.
    pub fn of(&self, word: &str) -> Option<u8> {
        let word = word.trim();
        let lower = word.to_lowercase();
        let listed = self.words.iter().find(|(key, _)| key.to_lowercase() == lower);
        listed
            .map(|(_, means)| *means)
            .or_else(|| word.parse().ok().filter(|number| *number <= 10))
            .or(self.otherwise)
            .map(|it| it.min(10))
    }
}

/// The names under which a computer is looked for: as it is, and without its domain.
pub fn names(host: &str) -> impl Iterator<Item = String> {
    let full = host.to_lowercase();
    let short = full.split_once('.').map(|(short, _)| short.to_owned());
    // 10.0.0.7 has no short name.
    let short = short.filter(|_| full.parse::<std::net::IpAddr>().is_err());
    std::iter::once(full).chain(short.filter(|it| !it.is_empty()))
}
