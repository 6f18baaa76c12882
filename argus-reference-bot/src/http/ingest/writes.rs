//! What was given to the disk and is not answered yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Writes that go on when whoever asked for them leaves or is sent away: their events are on the
/// way to the disk, take up room until they are there, and must be placed then.
#[derive(Debug, Default)]
pub(in super::super) struct Writes(Mutex<JoinSet<()>>);

impl Writes {
    fn set(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to write, whether or not anybody waits for the answer.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        write: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        let mut writes = self.set();
        while writes.try_join_next().is_some() {}
        writes.spawn(async move { drop(reply.send(write.await)) });
        answer
    }

    /// Waits until everything that was begun is answered.
    pub(in super::super) async fn drain(&self) {
        let mut begun = std::mem::take(&mut *self.set());
        while begun.join_next().await.is_some() {}
    }
}
