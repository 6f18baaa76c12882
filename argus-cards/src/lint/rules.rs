//! The table of rules.

mod action;
mod card;
mod catalog;
mod input;
mod layout;
mod picture;
mod secret;
mod size;
mod source;
mod template;
mod text;
mod unicode;
mod universal;
mod url;
mod value;

use super::Severity;
use super::card::{Card, Object, fits};
use super::found::Found;

pub use source::Source;

/// One rule: what is wrong, how bad it is, what to do, and who says so.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, like `image.alt`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub summary: &'static str,
    /// What to do.
    pub help: &'static str,
    /// Who says so, and when.
    pub source: Source,
    /// What it looks at.
    on: On,
}

/// Rules that are no error for cards in general, and refuse a template all the same: it is our own
/// card, so nothing forces us to send it.
const REFUSE_TOO: [&str; 3] = ["url.http", "url.login", "unicode.mixed"];

impl Rule {
    /// Whether a template that breaks this rule is not taken into use.
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Error || REFUSE_TOO.contains(&self.id)
    }
}

/// What a rule looks at.
#[derive(Debug)]
enum On {
    /// Nothing: another rule, or the reader of the file, speaks for it.
    Other,
    /// The card as a whole.
    Card(fn(&Card<'_>, &mut Found)),
    /// Each object of some kinds.
    Object(&'static [&'static str], fn(&Card<'_>, &Object<'_>, &mut Found)),
}

const GROUPS: [&[Rule]; 14] = [
    card::RULES,
    catalog::RULES,
    value::RULES,
    size::RULES,
    layout::RULES,
    text::RULES,
    picture::RULES,
    url::RULES,
    input::RULES,
    action::RULES,
    universal::RULES,
    secret::RULES,
    unicode::RULES,
    template::RULES,
];

/// All rules, those that belong together side by side.
///
/// ```
/// let rules: Vec<_> = argus_cards::lint::rules().collect();
/// assert!(rules.len() >= 60);
/// ```
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The rule of a name.
///
/// ```
/// let rule = argus_cards::lint::rule("version.max").ok_or("there is no such rule")?;
/// assert_eq!(rule.severity.word(), "error");
/// # Ok::<(), &str>(())
/// ```
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// What only a whole card can have; of a part, the rest is in the template that includes it.
const OF_WHOLE: [&str; 10] = [
    "type.missing",
    "version.missing",
    "card.empty",
    "fallback.text",
    "visible.never",
    "toggle.target",
    "input.unsent",
    "mention.entity",
    "mention.orphan",
    "rs.missing",
];

/// Asks every rule about a card.
pub(super) fn run(card: &Card<'_>, found: &mut Found) {
    // Most cards have a handful of kinds; which rules a kind has is found out once per kind.
    let mut of_kind: Vec<(&str, Vec<&'static Rule>)> = Vec::new();
    for object in &card.objects {
        let known = of_kind.iter().position(|(kind, _)| *kind == object.kind);
        let known = known.unwrap_or_else(|| {
            let asks = |rule: &&Rule| match rule.on {
                On::Object(kinds, _) => kinds.iter().any(|kind| fits(kind, object.kind)),
                _ => false,
            };
            of_kind.push((object.kind, rules().filter(asks).collect()));
            of_kind.len() - 1
        });
        for rule in of_kind.get(known).map_or(&[][..], |(_, rules)| rules) {
            if let On::Object(_, check) = rule.on {
                found.rule = Some(rule);
                check(card, object, found);
            }
        }
    }
    for rule in rules().filter(|rule| !card.part || !OF_WHOLE.contains(&rule.id)) {
        if let On::Card(check) = rule.on {
            found.rule = Some(rule);
            check(card, found);
        }
    }
}
