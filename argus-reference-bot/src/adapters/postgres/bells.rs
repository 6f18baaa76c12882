//! What the other replicas did, heard at once: each commit tells it.

use std::time::Duration;

use tokio::sync::mpsc;

use super::connect::Target;
use crate::ports::ledger::Heard;

/// Longest wait before the server is tried again.
const SLOWEST: Duration = Duration::from_secs(5);

/// Listens until nobody wants to hear any more. While the connection is cut nothing is heard, so
/// when it is there again everything may have happened.
pub(super) async fn listen(target: Target, replica: String, tell: mpsc::UnboundedSender<Heard>) {
    let mut pause = Duration::from_millis(50);
    while !tell.is_closed() {
        let (heard, mut payloads) = mpsc::unbounded_channel();
        if let Ok(session) = target.open(Some(heard)).await
            && session.client.batch_execute("LISTEN argus").await.is_ok()
        {
            pause = Duration::from_millis(50);
            let everything = Heard { events: true, cards: true, runs: true };
            let mut listened = tell.send(everything).is_ok();
            while listened && let Some(payload) = payloads.recv().await {
                listened = read(&payload, &replica).is_none_or(|heard| tell.send(heard).is_ok());
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(SLOWEST);
    }
}

/// Letters for what was done, and who did it; `None` if that was this replica.
fn read(payload: &str, replica: &str) -> Option<Heard> {
    let (what, who) = payload.split_once(' ')?;
    (who != replica).then(|| Heard {
        events: what.contains('e'),
        cards: what.contains('c'),
        runs: what.contains('r'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_heard_and_oneself_is_not() {
        let events = Heard { events: true, runs: true, ..Heard::default() };
        assert_eq!(read("er them", "us"), Some(events));
        assert_eq!(read("er us", "us"), None);
        assert_eq!(read("", "us"), None);
    }
}
