//! `[storm]` and `[notify]`: when too much happens at once, and when Teams does not take cards.

use argus_soc::storm::{display, velocity};
use serde::Deserialize;

use super::RouteTo;

/// When automation pauses and when cards gather in a digest.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storm {
    /// New cards that may wait in one conversation before a digest covers them.
    pub digest_above: u32,
    /// New cards in a minute at most for the storm to be over.
    pub digest_below: u32,
    /// How long it has to be that calm.
    pub calm_secs: u32,
    /// How often a digest is updated at most.
    pub digest_every_secs: u32,
    /// Automatic runs of one playbook in a minute.
    pub runs_per_playbook: u32,
    /// Automatic runs for alerts of one source in a minute.
    pub runs_per_source: u32,
    /// Automatic runs in a minute.
    pub runs: u32,
    /// Different targets of one kind of effect in a minute.
    pub targets_per_action: u32,
    /// How long automation stays paused before it is seen whether the storm is over.
    pub cool_down_secs: u32,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            digest_above: 120,
            digest_below: 30,
            calm_secs: 120,
            digest_every_secs: 10,
            runs_per_playbook: 20,
            runs_per_source: 20,
            runs: 40,
            targets_per_action: 10,
            cool_down_secs: 300,
        }
    }
}

impl Storm {
    /// What opens breakers.
    pub fn velocity(&self) -> velocity::Limits {
        velocity::Limits {
            runs_per_playbook: self.runs_per_playbook,
            runs_per_source: self.runs_per_source,
            runs: self.runs,
            targets_per_action: self.targets_per_action,
            cool_down_ms: u64::from(self.cool_down_secs) * 1_000,
            ..velocity::Limits::default()
        }
    }

    /// What gathers cards.
    pub fn display(&self) -> display::Limits {
        display::Limits {
            digest_above: self.digest_above.into(),
            digest_below: self.digest_below.into(),
            calm_ms: u64::from(self.calm_secs) * 1_000,
        }
    }
}

/// What happens to cards that Teams does not take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Where cards go whose conversation is gone, and where alarms go.
    pub fallback: Option<RouteTo>,
    /// Hours after which a card that cannot be delivered is given up, with an alarm.
    pub dead_after_hours: u32,
    /// Seconds after which a conversation that was gone is tried again.
    pub park_secs: u32,
}

impl Default for Notify {
    fn default() -> Self {
        Self { fallback: None, dead_after_hours: 72, park_secs: 3_600 }
    }
}
