//! What a product's messages say, as data: one small file for each product.
//!
//! A mapping says how to recognise a message and where its facts stand. The ones in the binary and
//! the ones that people add in a folder are the same language (docs/normalisers.md).

mod apply;
mod embedded;
mod lint;
mod path;
mod pick;
mod read;
mod registry;
mod scale;

use crate::playbook::Diagnostics;

pub use lint::{SampleFailure, lint};
pub use registry::{Mappings, MappingsError};

use super::{EntityKind, Severity};
use path::Path;
pub(crate) use path::Scope;
use pick::Pick;
use scale::Scale;

/// How one product's messages are read.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: String,
    /// `NAME/VERSION`: what the event says about who read it.
    id: String,
    family: String,
    product: Option<Pick>,
    /// Each a list of conditions that together recognise a message.
    when: Vec<Vec<Condition>>,
    within: Option<Pick>,
    facts: Facts,
    severity: Grading,
    phase: Option<PhaseRule>,
    entities: Vec<EntityRule>,
    context: Vec<(String, Pick)>,
    /// Keys that the walk leaves out: they name the report, not what it is about.
    ignore: Vec<String>,
    samples: Vec<Sample>,
    /// Whether people have added it, so that it is not in the binary.
    added: bool,
}

/// Where the plain facts stand.
#[derive(Clone, Debug, Default)]
struct Facts {
    id: Pick,
    revision: Pick,
    incident: Pick,
    time: Pick,
    title: Pick,
    description: Pick,
    kind: Pick,
    rule: Pick,
    link: Pick,
    tenant: Pick,
    techniques: Pick,
}

/// A condition on one value.
#[derive(Clone, Debug)]
struct Condition {
    path: Path,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    Present,
    Absent,
    /// One of these words, in any case; `*` at an end stands for anything.
    OneOf(Vec<String>),
}

/// Where the severity comes from.
#[derive(Clone, Debug)]
enum Grading {
    /// Nothing is said: words under the usual keys count.
    Usual,
    /// The product states none.
    Never,
    /// The first of these that can be read.
    Stated(Vec<Stated>),
}

#[derive(Clone, Debug)]
struct Stated {
    /// Where this counts at all.
    when: Vec<Condition>,
    from: Pick,
    words: Vec<(String, Severity)>,
    scale: Scale,
}

#[derive(Clone, Debug)]
struct PhaseRule {
    from: Pick,
    open: Vec<String>,
    update: Vec<String>,
    resolved: Vec<String>,
}

#[derive(Clone, Debug)]
struct EntityRule {
    kind: EntityKind,
    each: Option<Path>,
    when: Vec<Condition>,
    /// The value, or the parts of a name.
    value: Pick,
    parts: Option<PartPicks>,
    ids: Vec<(String, Pick)>,
}

/// The parts of a user's or a host's name.
#[derive(Clone, Debug, Default)]
struct PartPicks {
    whole: Pick,
    name: Pick,
    domain: Pick,
    sid: Pick,
    id: Pick,
    shown: Pick,
}

/// A message and what must come out of it.
#[derive(Clone, Debug)]
struct Sample {
    /// The line and the column of the sample.
    at: (usize, usize),
    message: String,
    expect: Vec<Expected>,
}

#[derive(Clone, Debug)]
struct Expected {
    at: (usize, usize),
    field: String,
    value: Vec<String>,
}

impl Mapping {
    /// Reads a mapping; `file` is only for messages.
    ///
    /// ```
    /// use argus_soc::event::Mapping;
    ///
    /// let error = Mapping::parse("acme.yaml", "mapper: acme/1\nwhen: [{acme_id: any}]\nseverty: x\n")
    ///     .unwrap_err()
    ///     .to_string();
    /// assert!(error.contains("acme.yaml:3:1"), "{error}");
    /// assert!(error.contains("did you mean `severity`?"), "{error}");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Diagnostics`] with everything that is wrong, each with its place.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, Diagnostics> {
        read::mapping(file, yaml)
    }

    /// Its name, by which a source can be bound to it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many samples it has.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    pub(super) const fn is_added(&self) -> bool {
        self.added
    }

    /// Its name and version: `okta/1`.
    pub fn id(&self) -> &str {
        &self.id
    }
}
