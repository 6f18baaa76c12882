//! What somebody may see of an incident, and what is said in place of the rest.
//!
//! People of ours see everything. People of a trusted tenant see what is theirs; of everything else the
//! card says [`HIDDEN`], so that a card never means something else because a part of it is missing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{EntityKind, SecurityEvent};

/// What stands in place of what somebody may not see.
pub const HIDDEN: &str = "hidden by policy";

/// Shortest part of a name that is looked for in texts: shorter ones are in too many words.
const LEAST: usize = 3;

/// Whose things the people of a tenant see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entities {
    /// Those of incidents that are theirs.
    #[default]
    Own,
    /// Everybody's: nothing is hidden.
    All,
    /// Nobody's, also not their own.
    None,
}

/// A part of a card that people of another tenant may be shown although the incident is not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What happened, in a line.
    Title,
    /// What happened, in sentences.
    Description,
    /// Who reported it, and with which product.
    Source,
    /// What the score is made of, and why was decided what was.
    Score,
    /// What playbooks did and would do.
    Runs,
    /// The ticket.
    Ticket,
    /// The last lines of history.
    History,
    /// Names of people who acted.
    People,
}

/// What the people of one tenant see.
///
/// ```
/// use argus_soc::policy::sight::{Entities, Sees};
/// let sees = Sees::new("Contoso").tenants(["customer-1"]).entities(Entities::Own);
/// assert!(sees.owns(Some("CONTOSO")) && sees.owns(Some("customer-1")));
/// assert!(!sees.owns(None), "what names no tenant is ours");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sees {
    tenants: BTreeSet<String>,
    entities: Entities,
    fields: BTreeSet<Field>,
}

impl Sees {
    /// What is this tenant's own, and nothing else.
    pub fn new(tenant: &str) -> Self {
        Self {
            tenants: BTreeSet::from([tenant.to_lowercase()]),
            entities: Entities::Own,
            fields: BTreeSet::new(),
        }
    }

    /// Counts what is of these tenants as theirs, too.
    #[must_use]
    pub fn tenants<'a>(mut self, tenants: impl IntoIterator<Item = &'a str>) -> Self {
        self.tenants.extend(tenants.into_iter().map(str::to_lowercase));
        self
    }

    /// Whose things they see.
    #[must_use]
    pub fn entities(mut self, entities: Entities) -> Self {
        self.entities = entities;
        self
    }

    /// What else they see of what is not theirs.
    #[must_use]
    pub fn fields(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Whether what belongs to this tenant counts as theirs. What names no tenant is ours.
    pub fn owns(&self, tenant: Option<&str>) -> bool {
        tenant.is_some_and(|it| self.tenants.contains(&it.to_lowercase()))
    }

    fn of(&self, event: &SecurityEvent) -> Sight {
        let is_theirs = self.owns(event.tenant.as_deref());
        match self.entities {
            Entities::All => Sight::Whole,
            Entities::Own if is_theirs => Sight::Whole,
            Entities::Own | Entities::None => {
                Sight::Part(Part { fields: self.fields.clone(), names: names(event) })
            }
        }
    }
}

/// The eyes of one who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Eyes {
    /// Of our own tenant.
    Ours,
    /// Of a trusted tenant.
    Partner(Sees),
    /// Of a tenant that nobody trusts.
    Stranger,
}

/// Everybody who looks at the same thing: what one of them may not see, none of them is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookers(Vec<Eyes>);

impl Lookers {
    /// These.
    pub fn new(eyes: impl IntoIterator<Item = Eyes>) -> Self {
        Self(eyes.into_iter().collect())
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, eyes: Eyes) -> Self {
        self.0.push(eyes);
        self
    }

    /// Whether all of them see everything of every incident.
    pub fn see_all(&self) -> bool {
        let all = |it: &Eyes| match it {
            Eyes::Ours => true,
            Eyes::Partner(sees) => sees.entities == Entities::All,
            Eyes::Stranger => false,
        };
        self.0.iter().all(all)
    }

    /// Whether the incident that began with `event` is everybody's business here: ours sees all, a
    /// partner what belongs to it.
    pub fn own(&self, event: &SecurityEvent) -> bool {
        let owns = |it: &Eyes| match it {
            Eyes::Ours => true,
            Eyes::Partner(sees) => {
                sees.entities == Entities::All || sees.owns(event.tenant.as_deref())
            }
            Eyes::Stranger => false,
        };
        self.0.iter().all(owns)
    }

    /// What they may all see of the incident that began with `event`.
    pub fn sight(&self, event: &SecurityEvent) -> Sight {
        let one = |eyes: &Eyes| match eyes {
            Eyes::Ours => Sight::Whole,
            Eyes::Partner(sees) => sees.of(event),
            Eyes::Stranger => Sight::Nothing,
        };
        self.0.iter().map(one).fold(Sight::Whole, Sight::and)
    }
}

/// What may be seen of one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Whole,
    /// What is neither a name nor named by it.
    Part(Part),
    /// That it exists, by its key.
    Nothing,
}

/// What may be seen of an incident that is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    fields: BTreeSet<Field>,
    /// What no text may contain, in small letters.
    names: BTreeSet<String>,
}

impl Sight {
    /// Whether nothing is hidden.
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }

    /// Whether this part of a card is shown.
    pub fn shows(&self, field: Field) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(part) => part.fields.contains(&field),
            Self::Nothing => false,
        }
    }

    /// The text as it is shown: all of it, or [`HIDDEN`] if the part of the card that it stands in is
    /// not shown, or if it names what is hidden.
    pub fn text(&self, field: Field, text: &str) -> String {
        if self.shows(field) { self.clean(text) } else { HIDDEN.into() }
    }

    /// The text, or [`HIDDEN`] if it names what is hidden.
    pub fn clean(&self, text: &str) -> String {
        let names_it = match self {
            Self::Whole => false,
            Self::Part(part) => {
                let text = text.to_lowercase();
                part.names.iter().any(|name| text.contains(name))
            }
            Self::Nothing => true,
        };
        if names_it { HIDDEN.into() } else { text.to_owned() }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Whole, other) | (other, Self::Whole) => other,
            (Self::Part(mut a), Self::Part(b)) => {
                a.fields.retain(|field| b.fields.contains(field));
                a.names.extend(b.names);
                Self::Part(a)
            }
        }
    }
}

/// The names in an event that must not be read anywhere, in small letters: values and ids of
/// entities, and what people call them for short.
fn names(event: &SecurityEvent) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entity in &event.entities {
        let value = entity.value.to_lowercase();
        let short = match &entity.kind {
            EntityKind::Ip => None,
            EntityKind::User | EntityKind::Mailbox => {
                value.split_once('@').map(|(name, _)| name.to_owned())
            }
            _ => value.split_once('.').map(|(name, _)| name.to_owned()),
        };
        // `DOMAIN\user`, as Windows writes it.
        let bare = value.rsplit_once('\\').map(|(_, name)| name.to_owned());
        let ids = entity.ids.values().map(|id| id.to_lowercase());
        names.extend(ids.chain(short).chain(bare).chain([value]));
    }
    names.retain(|name| name.chars().count() >= LEAST);
    names
}
