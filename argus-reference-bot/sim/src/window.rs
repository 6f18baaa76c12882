//! How many calls a vendor allows in a minute and in an hour.

use std::collections::VecDeque;

/// Published limit for machine actions (Defender for Endpoint, "Isolate machine API").
const PER_MINUTE: usize = 100;
/// Published limit for machine actions (Defender for Endpoint, "Isolate machine API").
const PER_HOUR: usize = 1_500;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// Sliding windows over the calls that were let through.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallWindow {
    calls: VecDeque<i64>,
}

impl CallWindow {
    /// Lets a call through, or says after how many seconds to come back.
    pub(crate) fn admit(&mut self, now_ms: i64) -> Result<(), i64> {
        while self.calls.front().is_some_and(|&at| at <= now_ms - HOUR_MS) {
            self.calls.pop_front();
        }
        let wait = [(PER_MINUTE, MINUTE_MS), (PER_HOUR, HOUR_MS)]
            .into_iter()
            .filter_map(|(limit, length)| self.wait(limit, length, now_ms))
            .max();
        if let Some(wait_ms) = wait {
            // Whole seconds, rounded up: who waits that long is let through.
            return Err((wait_ms + 999).div_euclid(1_000));
        }
        self.calls.push_back(now_ms);
        Ok(())
    }

    /// Milliseconds until the window of this length has room, if it has none now.
    fn wait(&self, limit: usize, length: i64, now_ms: i64) -> Option<i64> {
        let oldest = self.calls.iter().rev().nth(limit.saturating_sub(1))?;
        (oldest + length > now_ms).then_some(oldest + length - now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundred_and_first_call_in_a_minute_waits() {
        let mut window = CallWindow::default();
        assert!((0..100).all(|n| window.admit(n * 10).is_ok()));
        assert_eq!(window.admit(1_000), Err(59));
        assert_eq!(window.admit(59_999), Err(1));
        assert_eq!(window.admit(60_000), Ok(()));
    }

    #[test]
    fn the_hour_has_a_limit_of_its_own() {
        let mut window = CallWindow::default();
        let admitted = (0..2_000).filter(|n| window.admit(n * 1_000).is_ok()).count();
        assert_eq!(admitted, 1_500);
        assert_eq!(window.admit(HOUR_MS), Ok(()));
    }
}
