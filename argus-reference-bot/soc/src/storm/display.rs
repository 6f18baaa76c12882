//! When the cards of a conversation gather in a digest, and when they stand alone again.
//!
//! Critical and high incidents keep cards of their own, up to what people could read and Teams
//! would take; everything beyond that, and everything below high, is covered by one digest.

/// When cards gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// New cards that may wait in one conversation before a digest covers them.
    pub digest_above: u64,
    /// New cards in a minute, or in the calm time if that is shorter, at most for the storm to be
    /// over.
    pub digest_below: u64,
    /// How long it has to be that calm.
    pub calm_ms: u64,
}

impl Default for Limits {
    /// 120: Teams takes 60 cards in 30 s, so the last one would wait for more than a minute.
    fn default() -> Self {
        Self { digest_above: 120, digest_below: 30, calm_ms: 120_000 }
    }
}

/// The new cards that wait in one conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Those of critical and high incidents.
    pub urgent: u64,
    /// All others.
    pub routine: u64,
}

/// How a conversation shows incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Display {
    storm: bool,
    /// Since when it has been calm, and how many new cards have come since the minute began.
    calm_since: Option<u64>,
    minute: (u64, u64),
}

/// What to do with the new cards that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Each as a card of its own.
    Alone,
    /// The `alone` most severe ones as cards of their own; a digest covers the others.
    Gathered {
        /// So many stay.
        alone: u64,
    },
    /// The storm is over: the digest says so, and what comes stands alone again.
    Over,
}

impl Display {
    /// A conversation whose storm goes on after a restart.
    pub fn in_storm(now_ms: u64) -> Self {
        Self { storm: true, calm_since: Some(now_ms), minute: (now_ms, 0) }
    }

    /// Whether a digest covers cards now.
    pub fn is_storm(&self) -> bool {
        self.storm
    }

    /// Looks at what waits and decides. To be asked every few seconds while it storms, with the new
    /// cards that came since the last time.
    pub fn look(&mut self, waiting: Waiting, limits: &Limits, now_ms: u64) -> Show {
        let all = waiting.urgent + waiting.routine;
        if !self.storm {
            if all <= limits.digest_above {
                return Show::Alone;
            }
            *self = Self { storm: true, calm_since: None, minute: (now_ms, 0) };
        }
        if now_ms.saturating_sub(self.minute.0) >= limits.calm_ms.min(60_000) {
            self.minute = (now_ms, 0);
        }
        // Urgent ones that wait were counted when they came; what is routine goes into the digest
        // each time, so it is new.
        self.minute.1 += waiting.routine;
        if self.minute.1 > limits.digest_below || waiting.urgent > limits.digest_above {
            self.calm_since = None;
        } else if self.calm_since.is_none() {
            self.calm_since = Some(now_ms);
        }
        let calm = self.calm_since.is_some_and(|it| now_ms.saturating_sub(it) >= limits.calm_ms);
        if calm && all <= limits.digest_above {
            *self = Self::default();
            return Show::Over;
        }
        Show::Gathered { alone: waiting.urgent.min(limits.digest_above) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(urgent: u64, routine: u64) -> Waiting {
        Waiting { urgent, routine }
    }

    #[test]
    fn a_few_cards_stand_alone_and_many_gather() {
        let (mut display, limits) = (Display::default(), Limits::default());
        assert_eq!(display.look(waits(60, 60), &limits, 0), Show::Alone);
        assert_eq!(display.look(waits(60, 61), &limits, 1), Show::Gathered { alone: 60 });
        assert_eq!(display.look(waits(500, 0), &limits, 2), Show::Gathered { alone: 120 });
    }

    #[test]
    fn it_ends_only_after_it_was_calm_for_long() {
        let (mut display, limits) = (Display::default(), Limits::default());
        display.look(waits(0, 1_000), &limits, 0);
        let mut look = |routine, at| display.look(waits(3, routine), &limits, 1_000_u64 * at);
        assert_eq!(look(0, 10), Show::Gathered { alone: 3 });
        assert_eq!(look(1, 70), Show::Gathered { alone: 3 }, "the minute is over: calm begins");
        assert_eq!(look(29, 100), Show::Gathered { alone: 3 });
        assert_eq!(look(31, 140), Show::Gathered { alone: 3 }, "too many: it begins anew");
        assert_eq!(look(0, 201), Show::Gathered { alone: 3 });
        assert_eq!(look(0, 320), Show::Gathered { alone: 3 });
        assert_eq!(look(0, 321), Show::Over);
        assert_eq!(look(100, 322), Show::Alone);
    }

    #[test]
    fn a_storm_survives_a_restart() {
        let mut display = Display::in_storm(5);
        let limits = Limits::default();
        assert_eq!(display.look(waits(0, 2), &limits, 6), Show::Gathered { alone: 0 });
        assert_eq!(display.look(waits(0, 2), &limits, 120_005), Show::Over);
    }
}
