//! The tables. `records` is the truth; every other table can be rebuilt from it.

/// The projections, in the words of SQLite.
const PROJECTIONS: &str = "
CREATE TABLE IF NOT EXISTS events (
  seq      INTEGER PRIMARY KEY,
  incident TEXT,
  ignored  BOOLEAN NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ids (
  id  BLOB PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incidents (
  key          TEXT PRIMARY KEY,
  number       INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  severity     INTEGER NOT NULL,
  stage        TEXT NOT NULL,
  title        TEXT NOT NULL,
  opened_at    INTEGER NOT NULL,
  count        INTEGER NOT NULL,
  open         BOOLEAN NOT NULL,
  active_runs  INTEGER NOT NULL,
  incident_key TEXT,
  fingerprint  TEXT NOT NULL,
  principal    TEXT,
  state        BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS incidents_number ON incidents (number);
CREATE INDEX IF NOT EXISTS incidents_print ON incidents (fingerprint) WHERE open;
CREATE INDEX IF NOT EXISTS incidents_source_key ON incidents (incident_key)
  WHERE open AND incident_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS incidents_history ON incidents (principal, fingerprint, opened_at);
CREATE INDEX IF NOT EXISTS incidents_running ON incidents (key) WHERE active_runs > 0;
CREATE TABLE IF NOT EXISTS cards (
  incident     TEXT NOT NULL,
  card         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  activity_id  TEXT,
  want         INTEGER NOT NULL,
  shown        INTEGER NOT NULL DEFAULT 0,
  attempts     INTEGER NOT NULL DEFAULT 0,
  created      BOOLEAN NOT NULL DEFAULT FALSE,
  dead         BOOLEAN NOT NULL DEFAULT FALSE,
  why          TEXT,
  dropped      BOOLEAN NOT NULL DEFAULT FALSE,
  digest       TEXT,
  severity     INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  PRIMARY KEY (incident, card)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cards_due ON cards (conversation, severity DESC, created, since)
  WHERE want > shown AND NOT dead AND digest IS NULL;
CREATE INDEX IF NOT EXISTS cards_dead ON cards (severity DESC, since) WHERE dead AND NOT dropped;
CREATE INDEX IF NOT EXISTS cards_digest ON cards (digest, severity DESC, since)
  WHERE digest IS NOT NULL;
CREATE INDEX IF NOT EXISTS cards_sent ON cards (conversation, activity_id);
CREATE TABLE IF NOT EXISTS leases (
  lease  TEXT PRIMARY KEY,
  holder TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  kind    TEXT NOT NULL,
  key     TEXT NOT NULL,
  version INTEGER NOT NULL,
  body    BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The projections that a rebuild is compared with.
pub(in crate::adapters) const PROJECTED: [&str; 7] =
    ["events", "ids", "incidents", "cards", "leases", "documents", "meta"];

/// The projections as SQLite makes them.
pub(in crate::adapters) fn sqlite() -> String {
    PROJECTIONS.replace("BOOLEAN", "INTEGER")
}

/// The projections as PostgreSQL makes them.
pub(in crate::adapters) fn postgres() -> String {
    PROJECTIONS
        .replace("INTEGER", "BIGINT")
        .replace("BLOB", "BYTEA")
        .replace(" STRICT, WITHOUT ROWID;", ";")
        .replace(" STRICT;", ";")
}

/// Which words of SQL a store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum Dialect {
    Sqlite,
    Postgres,
}

/// A table as it is compared between two stores.
#[derive(Debug)]
pub(in crate::adapters) struct Compared {
    pub(in crate::adapters) name: &'static str,
    /// Columns of the key, each with what it holds: `n`umber, `t`ext, `b`ytes, `y`es or no.
    key: &'static [(&'static str, char)],
    others: &'static [(&'static str, char)],
}

/// The projections, column by column.
pub(in crate::adapters) const COMPARED: [Compared; 7] = [
    Compared {
        name: "events",
        key: &[("seq", 'n')],
        others: &[("incident", 't'), ("ignored", 'y')],
    },
    Compared { name: "ids", key: &[("id", 'b')], others: &[("seq", 'n')] },
    Compared {
        name: "incidents",
        key: &[("key", 't')],
        others: &[
            ("number", 'n'),
            ("version", 'n'),
            ("severity", 'n'),
            ("stage", 't'),
            ("title", 't'),
            ("opened_at", 'n'),
            ("count", 'n'),
            ("open", 'y'),
            ("active_runs", 'n'),
            ("incident_key", 't'),
            ("fingerprint", 't'),
            ("principal", 't'),
            ("state", 'b'),
        ],
    },
    Compared {
        name: "cards",
        key: &[("incident", 't'), ("card", 't')],
        others: &[
            ("conversation", 't'),
            ("activity_id", 't'),
            ("want", 'n'),
            ("shown", 'n'),
            ("attempts", 'n'),
            ("created", 'y'),
            ("dead", 'y'),
            ("why", 't'),
            ("dropped", 'y'),
            ("digest", 't'),
            ("severity", 'n'),
            ("since", 'n'),
        ],
    },
    Compared { name: "leases", key: &[("lease", 't')], others: &[("holder", 't')] },
    Compared {
        name: "documents",
        key: &[("kind", 't'), ("key", 't')],
        others: &[("version", 'n'), ("body", 'b')],
    },
    Compared { name: "meta", key: &[("name", 't')], others: &[("value", 'n')] },
];

impl Compared {
    /// How many columns it has.
    pub(in crate::adapters) fn width(&self) -> usize {
        self.key.len() + self.others.len()
    }

    /// PostgreSQL's statement that takes rows as [`select`](Self::select) gives them, column by
    /// column.
    pub(in crate::adapters) fn insert(&self) -> String {
        let all = || self.key.iter().chain(self.others).enumerate();
        let names: Vec<_> = all().map(|(_, (name, _))| *name).collect();
        let values: Vec<_> = all()
            .map(|(at, (_, kind))| match kind {
                'n' => format!("c{at}::bigint"),
                'y' => format!("c{at} = '1'"),
                'b' => format!("decode(c{at}, 'hex')"),
                _ => format!("c{at}"),
            })
            .collect();
        let given: Vec<_> = all().map(|(at, _)| format!("${}::text[]", at + 1)).collect();
        let called: Vec<_> = all().map(|(at, _)| format!("c{at}")).collect();
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS given ({})",
            self.name,
            names.join(", "),
            values.join(", "),
            given.join(", "),
            called.join(", ")
        )
    }

    /// All rows as texts that both stores write the same, in the order of the key.
    pub(in crate::adapters) fn select(&self, dialect: Dialect) -> String {
        let lite = dialect == Dialect::Sqlite;
        let column = |(name, kind): &(&str, char)| match kind {
            'n' => format!("CAST({name} AS TEXT)"),
            'y' => format!("CASE WHEN {name} THEN '1' ELSE '0' END"),
            'b' if lite => format!("lower(hex({name}))"),
            'b' => format!("encode({name}, 'hex')"),
            // PostgreSQL's text has no character zero.
            _ if lite => format!("replace({name}, char(0), char(65533))"),
            _ => (*name).to_owned(),
        };
        let order = |(name, kind): &(&str, char)| match kind {
            't' if !lite => format!("{}.{name} COLLATE \"C\"", self.name),
            // With its table, or PostgreSQL would order by the text that it gives.
            _ => format!("{}.{name}", self.name),
        };
        let columns: Vec<_> = self.key.iter().chain(self.others).map(column).collect();
        let order: Vec<_> = self.key.iter().map(order).collect();
        format!("SELECT {} FROM {} ORDER BY {}", columns.join(", "), self.name, order.join(", "))
    }
}
