//! What can happen to a call to a system far away, whichever it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::chance::Chance;
use crate::stage::Stage;

/// An effect that arrives late arrives before Argus tries again, which is the time that the port
/// grants it to show up: a second in Teams, and a second and a half elsewhere.
const LATEST: u64 = 900;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives and is answered.
    Fine,
    /// It arrives and is answered after a while.
    Slow,
    /// No connection comes about.
    NotSent,
    /// The connection breaks before it has arrived.
    ResetBefore,
    /// It arrives, and the connection breaks.
    ResetAfter,
    /// Nothing arrives, and nothing comes back.
    TimeoutBefore,
    /// It arrives, and nothing comes back.
    TimeoutAfter,
    /// Nothing comes back, and it arrives after that.
    Late,
    /// It arrives, and what comes back is no answer.
    Garbage,
    /// It arrives, and the answer names no id.
    NoId,
    /// 429, with or without the time to wait.
    Throttled(Option<u64>),
    /// 401: the token is not taken.
    Unauthorised,
    /// 412: somebody else was faster.
    Precondition,
    /// 5xx, before anything was done.
    ErrorBefore,
    /// 5xx, after it was done.
    ErrorAfter,
    /// 403 or 404: not here, and not later.
    Gone,
    /// 413: too large.
    TooBig,
    /// 400: not so.
    Refused,
}

impl Fate {
    /// Whether it arrives before it is answered.
    pub fn arrives(self) -> bool {
        use Fate::{ErrorAfter, Fine, Garbage, NoId, ResetAfter, Slow, TimeoutAfter};
        matches!(self, Fine | Slow | ResetAfter | TimeoutAfter | Garbage | NoId | ErrorAfter)
    }

    /// Whether nobody on this side can tell what became of it.
    pub fn is_in_doubt(self) -> bool {
        use Fate::{ErrorAfter, ErrorBefore, Late, ResetAfter, ResetBefore};
        use Fate::{TimeoutAfter, TimeoutBefore};
        let lost = matches!(self, ResetBefore | ResetAfter | TimeoutBefore | TimeoutAfter | Late);
        lost || matches!(self, ErrorBefore | ErrorAfter)
    }
}

/// How likely each fate is, among those that are not fine.
const FATES: [(u64, Fate); 18] = [
    (8, Fate::Slow),
    (12, Fate::NotSent),
    (10, Fate::ResetBefore),
    (10, Fate::ResetAfter),
    (5, Fate::TimeoutBefore),
    (8, Fate::TimeoutAfter),
    (8, Fate::Late),
    (4, Fate::Garbage),
    (2, Fate::NoId),
    (8, Fate::Throttled(Some(5))),
    (3, Fate::Throttled(Some(90))),
    (4, Fate::Throttled(None)),
    (4, Fate::Unauthorised),
    (5, Fate::Precondition),
    (6, Fate::ErrorBefore),
    (6, Fate::ErrorAfter),
    (1, Fate::Gone),
    (2, Fate::Refused),
];

/// The way to one system: its fates, its outages, and the boundaries on it.
#[derive(Debug)]
pub struct Way {
    name: &'static str,
    chance: Chance,
    outage_until: std::sync::Mutex<Option<Instant>>,
}

impl Way {
    /// The way to the system of this name.
    pub fn new(seed: u64, name: &'static str) -> Self {
        Self { name, chance: Chance::new(seed, name), outage_until: std::sync::Mutex::default() }
    }

    /// This way's own chance.
    pub fn chance(&self) -> &Chance {
        &self.chance
    }

    /// Nothing gets through for so long.
    pub fn goes_down(&self, secs: u64) {
        let until = Instant::now() + Duration::from_secs(secs);
        *crate::stage::locked(&self.outage_until) = Some(until);
    }

    /// What happens to the next call.
    pub fn fate(&self, stage: &Stage) -> Fate {
        if stage.is_calm() {
            return Fate::Fine;
        }
        let down = crate::stage::locked(&self.outage_until).is_some_and(|it| it > Instant::now());
        if down {
            let both = [(3, Fate::NotSent), (1, Fate::TimeoutBefore)];
            return self.chance.weighted(&both).unwrap_or(Fate::NotSent);
        }
        if !stage.goes_wrong(&self.chance) {
            return Fate::Fine;
        }
        if self.chance.permille(15) {
            return Fate::TooBig;
        }
        self.chance.weighted(&FATES).unwrap_or(Fate::Fine)
    }

    /// The time until a call arrives.
    pub async fn there(&self, stage: &Arc<Stage>, life: u64) {
        stage.pass(life, self.name).await;
        tokio::time::sleep(Duration::from_millis(self.chance.between(1, 40))).await;
    }

    /// The time until its fate is known on this side.
    pub async fn back(&self, stage: &Arc<Stage>, life: u64, fate: Fate) {
        let ms = match fate {
            Fate::Slow => self.chance.between(2_000, 20_000),
            Fate::TimeoutBefore | Fate::TimeoutAfter | Fate::Late => 10_000,
            _ => self.chance.between(1, 40),
        };
        tokio::time::sleep(Duration::from_millis(ms)).await;
        stage.pass(life, self.name).await;
    }

    /// When a late effect arrives, after it was given up.
    pub fn late(&self) -> Instant {
        Instant::now() + Duration::from_millis(10_000 + self.chance.between(0, LATEST))
    }

    /// When it arrives if whoever sent it dies now.
    pub fn orphaned(&self, at: Instant) -> Instant {
        at.min(Instant::now() + Duration::from_millis(self.chance.between(0, LATEST)))
    }
}
