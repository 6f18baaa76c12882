//! Who is who, which groups they are in, and what is known of machines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_reference_bot::flows::access::Person;
use argus_reference_bot::ports::directory::{Directory, DirectoryError};
use argus_reference_bot::ports::knowledge::Knowledge;
use argus_soc::enrich::{Asset, Intel, Known};
use argus_soc::event::Entity;
use async_trait::async_trait;
use tokio::time::Instant;

use crate::far::{Fate, Way};
use crate::stage::{Stage, locked};

/// The tenant.
pub const TENANT: &str = "11111111-2222-4333-8444-555555555555";
/// The group of those who may.
pub const ENGINEERS: &str = "g-engineers";
/// Between a look into the directory and the deed lie at most a few slow looks and a slow disk.
const MOMENT: Duration = Duration::from_mins(3);
/// Everybody; the last one may nothing.
pub const EVERYBODY: [&str; 4] = ["alice", "bob", "carol", "mallory"];

/// The directory.
#[derive(Debug)]
pub struct People {
    engineers: Mutex<BTreeSet<String>>,
    /// When the directory said last that somebody may.
    said_yes: Mutex<BTreeMap<String, Instant>>,
}

impl Default for People {
    fn default() -> Self {
        let engineers = EVERYBODY.iter().take(3).map(|it| (*it).to_owned()).collect();
        Self { engineers: Mutex::new(engineers), said_yes: Mutex::default() }
    }
}

impl People {
    /// The person of this name, as an activity has them.
    pub fn person(name: &str) -> Person {
        Person { tenant: TENANT.into(), object_id: name.into(), name: Some(name.into()) }
    }

    /// Takes somebody out of the group, or puts them back.
    pub fn set_engineer(&self, stage: &Stage, name: &str, is_one: Member) {
        stage.say("directory", &format!("{name} is {is_one:?}"));
        let mut engineers = locked(&self.engineers);
        match is_one {
            Member::In => drop(engineers.insert(name.to_owned())),
            Member::Out => drop(engineers.remove(name)),
        }
    }

    /// Whether the directory said a moment ago that this person may act.
    ///
    /// # Errors
    ///
    /// What it said instead.
    pub fn was_allowed(&self, name: &str) -> Result<(), &'static str> {
        match locked(&self.said_yes).get(name) {
            Some(at) if at.elapsed() < MOMENT => Ok(()),
            Some(_) => Err("was not looked up again"),
            None => Err("was never allowed to"),
        }
    }
}

/// Whether somebody is in the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// They are.
    In,
    /// They are not.
    Out,
}

/// The directory and the inventory as one life uses them.
#[derive(Clone, Debug)]
pub struct Lookups {
    /// The stage.
    pub stage: Arc<Stage>,
    /// The people.
    pub people: Arc<People>,
    /// The way there.
    pub way: Arc<Way>,
    /// The life.
    pub life: u64,
}

#[async_trait]
impl Directory for Lookups {
    async fn groups_of(
        &self,
        object_id: &str,
        groups: &[String],
    ) -> Result<Vec<String>, DirectoryError> {
        let fate = self.way.fate(&self.stage);
        self.way.there(&self.stage, self.life).await;
        let is_engineer = locked(&self.people.engineers).contains(object_id);
        self.way.back(&self.stage, self.life, fate).await;
        if !matches!(fate, Fate::Fine | Fate::Slow) {
            return Err(DirectoryError { why: format!("{fate:?}") });
        }
        if is_engineer {
            locked(&self.people.said_yes).insert(object_id.into(), Instant::now());
        }
        let asked = groups.iter().filter(|group| is_engineer && *group == ENGINEERS);
        Ok(asked.cloned().collect())
    }
}

impl Lookups {
    async fn known<T>(&self, known: Known<T>) -> Known<T> {
        self.stage.pass(self.life, "enrichment").await;
        if self.stage.goes_wrong(self.way.chance()) {
            return Known::Unavailable { source: "inventory".into(), why: "no answer".into() };
        }
        known
    }
}

#[async_trait]
impl Knowledge for Lookups {
    async fn asset(&self, entity: &Entity) -> Known<Asset> {
        let known = match entity.value.as_str() {
            "ws-1" => Known::Unknown,
            name => Known::Known(Asset {
                name: name.into(),
                criticality: 3,
                production_critical: name == "ws-0",
                ..Asset::default()
            }),
        };
        self.known(known).await
    }

    async fn intel(&self, _: &Entity) -> Known<Intel> {
        self.known(Known::Known(Intel { malicious: true, confidence: 90 })).await
    }
}
