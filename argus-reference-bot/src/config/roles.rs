//! Which parts of Argus a process runs.

use std::fmt;

/// A part of Argus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Part {
    /// What people press and type: `/api/messages`.
    Bot,
    /// The doors for events: `/ingest`.
    Ingest,
    /// Placing events, sending cards, driving runs.
    Work,
}

/// The parts that a process runs. Reads and health are answered by all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    bot: bool,
    ingest: bool,
    work: bool,
}

impl Default for Roles {
    fn default() -> Self {
        Self { bot: true, ingest: true, work: true }
    }
}

impl Roles {
    /// These parts; all if none is named.
    pub fn of(roles: &[Part]) -> Self {
        if roles.is_empty() {
            return Self::default();
        }
        let has = |role| roles.contains(&role);
        Self { bot: has(Part::Bot), ingest: has(Part::Ingest), work: has(Part::Work) }
    }

    /// Whether the process runs this part.
    pub fn has(self, role: Part) -> bool {
        match role {
            Part::Bot => self.bot,
            Part::Ingest => self.ingest,
            Part::Work => self.work,
        }
    }

    /// Whether it runs everything.
    pub fn is_all(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [(self.bot, "bot"), (self.ingest, "ingest"), (self.work, "work")];
        let names: Vec<_> = all.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
        f.write_str(&names.join(","))
    }
}
