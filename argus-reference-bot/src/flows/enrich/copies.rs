//! Keeping copies of feeds and inventories up to date.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ports::knowledge::Copied;

/// The longest pause after failures.
const LONGEST: Duration = Duration::from_mins(10);

/// Refreshes every copy on its own schedule until told to stop. A failure is logged once, and the
/// last good copy stays in use.
pub async fn follow(copies: Vec<Arc<dyn Copied>>, halted: watch::Receiver<bool>) {
    let mut work = JoinSet::new();
    for copy in copies {
        work.spawn(follow_one(copy, halted.clone()));
    }
    while work.join_next().await.is_some() {}
}

async fn follow_one(copy: Arc<dyn Copied>, mut halted: watch::Receiver<bool>) {
    let mut failures = 0_u32;
    while !*halted.borrow() {
        let refreshed = tokio::select! {
            refreshed = copy.refresh() => refreshed,
            _ = halted.changed() => continue,
        };
        let pause = match refreshed {
            Ok(change) => {
                if let Some(change) = change {
                    tracing::info!(source = copy.name(), change, "the copy of a source changed");
                } else if failures > 0 {
                    tracing::info!(source = copy.name(), "the source answers again");
                }
                failures = 0;
                copy.every()
            }
            Err(silent) => {
                if failures == 0 {
                    tracing::warn!(
                        source = copy.name(),
                        why = silent.why,
                        "the source cannot be read; its last good copy stays in use"
                    );
                }
                failures = failures.saturating_add(1);
                pause_after(copy.every(), failures, silent.retry_after)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = halted.changed() => {}
        }
    }
}

/// Soon after the first failure, then later and later, and never before the source wants.
fn pause_after(every: Duration, failures: u32, retry_after: Option<Duration>) -> Duration {
    let own = Duration::from_secs(5).saturating_mul(1 << failures.min(8).saturating_sub(1));
    own.min(LONGEST).min(every.max(Duration::from_secs(5))).max(retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_source_is_asked_less_and_less() {
        let secs = Duration::from_secs;
        let pauses = [1, 2, 3, 40].map(|it| pause_after(secs(900), it, None).as_secs());
        assert_eq!(pauses, [5, 10, 20, 600]);
        assert_eq!(pause_after(secs(60), 40, None), secs(60));
        assert_eq!(pause_after(secs(60), 1, Some(secs(3_000))), secs(3_000));
    }
}
