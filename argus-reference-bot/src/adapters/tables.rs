//! The tables that queries read: one text of SQL for both stores.
//!
//! What a fact changes ([`project`]) and what a query asks ([`read`]) is written once, so that SQLite
//! and PostgreSQL cannot differ in it. A store says how it runs a statement ([`Tables`]) and how it
//! reads a row ([`Cells`]). Statements name their parameters `?1`, `?2`, …; PostgreSQL wants `$1`.

pub(super) mod cards;
pub(super) mod project;
pub(super) mod read;
pub(super) mod schema;
pub(super) mod sealed;

use std::borrow::Cow;
use std::collections::BTreeSet;

use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use uuid::Uuid;

/// The longest name, in bytes, that stands in a table as it is. PostgreSQL refuses a row of an index
/// above a third of a page, which is 2.7 kB, and some indexes hold two names.
pub(super) const LONGEST: usize = 512;
/// How a name begins that stands for a longer one.
const SHORTENED: &str = "sha256:";

/// A name as the tables have it: a long one, which a stranger may have written into an alert, is
/// there by its hash. One that only looks shortened is too, so that it cannot pass for another.
pub(super) fn bounded(name: &str) -> Cow<'_, str> {
    // PostgreSQL's text has no character zero; the hash is of what stands there.
    let plain = name.replace('\0', "\u{fffd}");
    if plain.len() <= LONGEST && !plain.starts_with(SHORTENED) {
        return Cow::from(name);
    }
    Cow::from(format!("{SHORTENED}{}", Hash::of(plain.as_bytes())))
}

/// A parameter of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Whole(u64),
    Time(i64),
    Truth(bool),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Bytes(&'a [u8]),
}

/// Tables in a transaction, as the projection sees them.
pub(super) trait Tables {
    /// How the store fails.
    type Error;

    /// The incident as it stands.
    fn incident(&mut self, key: &str) -> Result<Option<Incident>, Self::Error>;

    /// The incident was saved; further questions about it get this one.
    fn saved(&mut self, incident: &Incident);

    /// An event was received as record `seq`. Says whether its id and key are new, as they must be.
    fn received(&mut self, seq: u64, event: Uuid, key: Option<&str>) -> Result<bool, Self::Error>;

    /// The record of the event that has this id.
    fn event(&mut self, id: Uuid) -> Result<Option<u64>, Self::Error>;

    /// Takes events out of where they were placed, so that they can be placed elsewhere.
    fn leave(&mut self, events: BTreeSet<u64>) -> Result<(), Self::Error>;

    /// Puts events into an incident, or aside. Gives one that was placed before, if there is one.
    fn enter(
        &mut self,
        events: BTreeSet<u64>,
        incident: Option<&str>,
    ) -> Result<Option<u64>, Self::Error>;

    /// Takes a lease and gives its holder, who may be somebody else.
    fn lease(&mut self, lease: &str, holder: &str) -> Result<String, Self::Error>;

    /// Gives a lease back.
    fn release(&mut self, lease: &str) -> Result<(), Self::Error>;

    /// The document as it stands, and its version.
    fn document(&mut self, kind: &str, key: &str) -> Result<Option<(u64, Vec<u8>)>, Self::Error>;

    /// Writes a document, or removes it.
    fn set_document(
        &mut self,
        kind: &str,
        key: &str,
        body: Option<&str>,
    ) -> Result<(), Self::Error>;

    /// Runs a statement that changes rows.
    fn change(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<(), Self::Error>;
}

/// A row of an answer.
pub(super) trait Cells {
    /// How reading fails.
    type Error;

    /// A number that is not negative.
    fn whole(&self, at: usize) -> Result<u64, Self::Error>;
    /// A time in milliseconds.
    fn time(&self, at: usize) -> Result<i64, Self::Error>;
    /// Yes or no; no if the row has nothing there.
    fn truth(&self, at: usize) -> Result<bool, Self::Error>;
    /// A text.
    fn text(&self, at: usize) -> Result<String, Self::Error>;
    /// A text, if there is one.
    fn maybe_text(&self, at: usize) -> Result<Option<String>, Self::Error>;
    /// Bytes.
    fn bytes(&self, at: usize) -> Result<&[u8], Self::Error>;
    /// Bytes, if there are any.
    fn maybe_bytes(&self, at: usize) -> Result<Option<&[u8]>, Self::Error>;
    /// What stands there cannot be what was written.
    fn wrong(&self, at: usize, why: serde_json::Error) -> Self::Error;
}
