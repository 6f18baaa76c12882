//! Places events as they come, as long as Argus runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::Soc;
use super::shares::TRY;
use crate::chain::chain;

/// How often the store is asked what waits when nobody rings.
const LOOK: Duration = Duration::from_secs(30);
/// Events placed at once from which on the next ones are gathered for a moment.
const MANY: usize = 16;
/// How long they are gathered.
const GATHER: Duration = Duration::from_millis(3);
/// How often what has an end is looked at.
const EXPIRE: SignedDuration = SignedDuration::from_secs(15);

/// Places events whenever there are any, until told to stop.
pub async fn place(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    let mut expired: Option<Timestamp> = None;
    while !*halted.borrow() {
        let now = soc.clock.now();
        if expired
            .is_none_or(|at| !(SignedDuration::ZERO..EXPIRE).contains(&now.duration_since(at)))
        {
            expired = Some(now);
            if let Err(error) = soc.expire().await {
                tracing::warn!(why = chain(&error), "what is over is ended later");
            }
        }
        let pause = match soc.triage().await {
            Ok(placed) if placed >= MANY => {
                // More are coming: together they cost less.
                tokio::time::sleep(GATHER).await;
                LOOK
            }
            Ok(_) if soc.shares.placing.is_sure() => LOOK,
            Ok(_) => TRY,
            Err(error) => {
                tracing::error!(why = chain(&error), "events wait and are placed later");
                Duration::from_secs(1)
            }
        };
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = halted.changed() => {}
            () = soc.bells.triage.notified() => {}
            () = tokio::time::sleep(pause) => soc.look_again().await,
        }
    }
}
