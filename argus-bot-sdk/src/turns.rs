//! Work that goes on after the answer: in order within a conversation, side by side between them,
//! bounded, and waited for at shutdown.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore};

use crate::dedup::{ByKey, Key};
use crate::handler::BoxFuture;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Handlers that run at once, invokes not counted.
    pub(crate) workers: usize,
    /// Turns of one conversation, the running one included.
    pub(crate) per_conversation: usize,
    /// Turns of all conversations and invokes.
    pub(crate) in_all: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { workers: 256, per_conversation: 64, in_all: 4096 }
    }
}

/// Why a turn was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too much is waiting; the sender should come again later.
    Full,
    /// The bot is shutting down.
    Closed,
}

/// One turn's work.
pub(crate) type Job = BoxFuture<()>;

/// The turns that are running or waiting.
#[derive(Clone)]
pub(crate) struct Turns {
    inner: Arc<Inner>,
}

struct Inner {
    capacity: Capacity,
    workers: Semaphore,
    state: Mutex<State>,
    /// Rings when the last turn is done.
    idle: Notify,
}

#[derive(Default)]
struct State {
    /// One entry per conversation that has a task; the queue behind the running turn.
    queues: ByKey<VecDeque<Job>>,
    taken: usize,
    closed: bool,
}

impl Turns {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let workers = Semaphore::new(capacity.workers);
        let (state, idle) = (Mutex::default(), Notify::new());
        Self { inner: Arc::new(Inner { capacity, workers, state, idle }) }
    }

    /// Runs `job` after all earlier jobs of this conversation.
    pub(crate) fn enqueue(&self, conversation: Key, job: Job) -> Result<(), Refused> {
        let mut state = self.inner.admit()?;
        let waiting = state.queues.get(&conversation).map(VecDeque::len);
        if waiting.is_some_and(|waiting| waiting + 1 >= self.inner.capacity.per_conversation) {
            return Err(Refused::Full);
        }
        self.inner.add(&mut state, conversation, job);
        Ok(())
    }

    /// Runs `job` at once: somebody waits for it with a stopwatch.
    pub(crate) fn start(&self, job: Job) -> Result<(), Refused> {
        let mut state = self.inner.admit()?;
        let inner = Arc::clone(&self.inner);
        spawn(async move {
            run(job).await;
            inner.done(&mut inner.lock());
        });
        state.taken += 1;
        Ok(())
    }

    /// Runs `job` when it is the conversation's turn, even if the bot is full or shutting down: it
    /// is the rest of a turn that was taken and is not done yet.
    pub(crate) fn follow(&self, conversation: Key, job: Job) {
        self.inner.add(&mut self.inner.lock(), conversation, job);
    }

    /// Waits until no turn runs or waits.
    pub(crate) async fn idle(&self) {
        loop {
            // Listens before it looks, or a turn that ends in between would not be heard.
            let mut rings = std::pin::pin!(self.inner.idle.notified());
            rings.as_mut().enable();
            if self.inner.lock().taken == 0 {
                return;
            }
            rings.await;
        }
    }

    /// Takes no more turns and waits for those that were taken.
    pub(crate) async fn drain(&self) {
        self.inner.lock().closed = true;
        self.idle().await;
    }

    #[cfg(test)]
    fn taken(&self) -> usize {
        self.inner.lock().taken
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self) -> Result<MutexGuard<'_, State>, Refused> {
        let state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.taken >= self.capacity.in_all {
            return Err(Refused::Full);
        }
        Ok(state)
    }

    fn add(self: &Arc<Self>, state: &mut State, conversation: Key, job: Job) {
        if let Some(queue) = state.queues.get_mut(&conversation) {
            queue.push_back(job);
        } else {
            state.queues.insert(conversation, VecDeque::new());
            spawn(Arc::clone(self).work_off(conversation, job));
        }
        state.taken += 1;
    }

    fn done(&self, state: &mut State) {
        state.taken -= 1;
        if state.taken == 0 {
            self.idle.notify_waiters();
        }
    }

    async fn work_off(self: Arc<Self>, conversation: Key, first: Job) {
        let mut job = first;
        loop {
            {
                // The semaphore is fair: a conversation with much to do queues up behind the others
                // after each turn. It is never closed, so the permit is always had.
                let _permit = self.workers.acquire().await;
                run(job).await;
            }
            let mut state = self.lock();
            self.done(&mut state);
            let Some(next) = state.queues.get_mut(&conversation).and_then(VecDeque::pop_front)
            else {
                state.queues.remove(&conversation);
                return;
            };
            job = next;
        }
    }
}

/// Starts a task that counts itself out of [`State::taken`], for which a shutdown waits.
#[expect(
    clippy::disallowed_methods,
    reason = "shutdown waits for the count; a JoinSet costs each turn an allocation and four locks"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// A panic ends one turn, not the conversation and not the process.
async fn run(job: Job) {
    if AssertUnwindSafe(job).catch_unwind().await.is_err() {
        tracing::error!("a handler panicked; the bot goes on");
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("capacity", &self.inner.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    const SMALL: Capacity = Capacity { workers: 2, per_conversation: 3, in_all: 5 };

    fn blocked() -> (Job, oneshot::Sender<()>) {
        let (release, wait) = oneshot::channel::<()>();
        (Box::pin(async move { wait.await.unwrap_or_default() }), release)
    }

    #[tokio::test]
    async fn order_is_kept_within_a_conversation() {
        let turns = Turns::new(Capacity::default());
        let (said, mut heard) = mpsc::unbounded_channel();
        for n in 0..40 {
            let said = said.clone();
            let job = async move {
                // The earlier a turn, the longer it takes: without order they would come reversed.
                for _ in n..40 {
                    tokio::task::yield_now().await;
                }
                said.send(n).unwrap_or_default();
            };
            turns.enqueue(7, Box::pin(job)).unwrap();
        }
        drop(said);
        turns.drain().await;
        let mut order = Vec::new();
        while let Some(n) = heard.recv().await {
            order.push(n);
        }
        assert_eq!(order, (0..40).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn queues_are_bounded_and_empty_themselves() {
        let turns = Turns::new(SMALL);
        let mut locks = Vec::new();
        let mut enqueue = |conversation| {
            let (job, release) = blocked();
            locks.push(release);
            turns.enqueue(conversation, job)
        };
        assert_eq!([enqueue(1), enqueue(1), enqueue(1)], [Ok(()); 3]);
        assert_eq!(enqueue(1), Err(Refused::Full), "one conversation takes all");
        assert_eq!([enqueue(2), enqueue(2)], [Ok(()); 2]);
        assert_eq!(enqueue(3), Err(Refused::Full), "more than the bot can hold");
        assert_eq!(turns.start(Box::pin(async {})), Err(Refused::Full));
        drop(locks);
        turns.drain().await;
        assert_eq!(turns.taken(), 0);
        assert!(turns.inner.lock().queues.is_empty());
        assert_eq!(turns.start(Box::pin(async {})), Err(Refused::Closed));
    }

    #[tokio::test]
    async fn a_stuck_conversation_stops_nobody_else() {
        let turns = Turns::new(SMALL);
        let (job, release) = blocked();
        turns.enqueue(1, job).unwrap();
        let (done, heard) = oneshot::channel();
        turns.enqueue(2, Box::pin(async move { done.send(()).unwrap_or_default() })).unwrap();
        heard.await.unwrap();
        release.send(()).unwrap();
        turns.drain().await;
    }

    #[tokio::test]
    async fn a_panic_ends_one_turn_only() {
        let turns = Turns::new(SMALL);
        let (done, heard) = oneshot::channel();
        turns.enqueue(1, Box::pin(async { panic!("on purpose") })).unwrap();
        turns.enqueue(1, Box::pin(async move { done.send(()).unwrap_or_default() })).unwrap();
        heard.await.unwrap();
        turns.drain().await;
        assert_eq!(turns.taken(), 0);
    }
}
