//! Work that goes on after the answer: in order within a conversation, side by side between them,
//! bounded, and waited for at shutdown.
//!
//! Conversations take turns: each may run one job, then the next conversation has its go. What is
//! urgent has its go first, and finds room when there is none for the rest.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use tokio::sync::Notify;

use crate::dedup::{ByKey, Key};
use crate::handler::BoxFuture;
use crate::outbox::Priority;

/// Every so many jobs, one that is less urgent has its go: nobody waits for ever.
const MERCY: u32 = 8;

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

impl Capacity {
    /// How many turns there may be before one of this priority is refused. What is acknowledged
    /// cannot be refused later, so room is kept free for what is more urgent.
    fn room_for(&self, priority: Priority) -> usize {
        match priority {
            Priority::High => self.in_all,
            Priority::Normal => self.in_all - self.in_all / 10,
            Priority::Low => self.in_all - self.in_all / 4,
        }
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
    state: Mutex<State>,
    /// Rings when the last turn is done.
    idle: Notify,
}

#[derive(Default)]
struct State {
    /// The conversations of which a job runs or waits.
    lines: ByKey<Line>,
    /// Conversations whose first job may run, by the most urgent of their jobs, in the order in
    /// which they have their go. One that became more urgent is here twice; its last [`Place`]
    /// counts.
    ready: [VecDeque<(Key, Place)>; 3],
    places: Place,
    /// Tasks that work off jobs.
    workers: usize,
    taken: usize,
    /// Counts the jobs that had to wait for a worker.
    picked: u32,
    closed: bool,
}

/// A conversation.
#[derive(Default)]
struct Line {
    jobs: VecDeque<(Job, Priority)>,
    /// The queue in which it stands, and where; none while a job of it runs.
    stands: Option<(Priority, Place)>,
}

/// A number that was given to one conversation once.
type Place = u64;

impl Line {
    /// Behind what is urgent nobody should have to wait, not even the urgent itself.
    fn urgency(&self) -> Option<Priority> {
        self.jobs.iter().map(|(_, priority)| *priority).max()
    }
}

impl Turns {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let (state, idle) = (Mutex::default(), Notify::new());
        Self { inner: Arc::new(Inner { capacity, state, idle }) }
    }

    /// Runs `job` after all earlier jobs of this conversation.
    pub(crate) fn enqueue(
        &self,
        conversation: Key,
        priority: Priority,
        job: Job,
    ) -> Result<(), Refused> {
        let mut state = self.inner.admit(priority)?;
        if let Some(line) = state.lines.get(&conversation) {
            let running = usize::from(line.stands.is_none());
            if line.jobs.len() + running >= self.inner.capacity.per_conversation {
                return Err(Refused::Full);
            }
        }
        self.inner.add(&mut state, conversation, priority, job);
        Ok(())
    }

    /// Runs `job` at once: somebody waits for it with a stopwatch.
    pub(crate) fn start(&self, priority: Priority, job: Job) -> Result<(), Refused> {
        let mut state = self.inner.admit(priority)?;
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
    pub(crate) fn follow(&self, conversation: Key, priority: Priority, job: Job) {
        self.inner.add(&mut self.inner.lock(), conversation, priority, job);
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
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, priority: Priority) -> Result<MutexGuard<'_, State>, Refused> {
        let state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.taken >= self.capacity.room_for(priority) {
            return Err(Refused::Full);
        }
        Ok(state)
    }

    fn add(self: &Arc<Self>, state: &mut State, conversation: Key, priority: Priority, job: Job) {
        state.taken += 1;
        if let Some(line) = state.lines.get_mut(&conversation) {
            line.jobs.push_back((job, priority));
            if line.stands.is_some_and(|(before, _)| before < priority) {
                state.stand(conversation, priority);
            }
        } else if state.workers < self.capacity.workers {
            state.lines.insert(conversation, Line::default());
            state.workers += 1;
            spawn(Arc::clone(self).work(conversation, job));
        } else {
            let line = Line { jobs: VecDeque::from([(job, priority)]), stands: None };
            state.lines.insert(conversation, line);
            state.stand(conversation, priority);
        }
    }

    fn done(&self, state: &mut State) {
        state.taken -= 1;
        if state.taken == 0 {
            self.idle.notify_waiters();
        }
    }

    /// Works off one job after another, each of the conversation that is next.
    async fn work(self: Arc<Self>, conversation: Key, job: Job) {
        let mut next = (conversation, job);
        loop {
            let (conversation, job) = next;
            run(job).await;
            let following = self.after(conversation);
            match following {
                Some(following) => next = following,
                None => return,
            }
            // Jobs that never wait would keep the thread from everything else.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// What this conversation's worker does next.
    fn after(&self, conversation: Key) -> Option<(Key, Job)> {
        let mut state = self.lock();
        self.done(&mut state);
        state.line_up(conversation);
        let next = state.pick();
        state.workers -= usize::from(next.is_none());
        next
    }
}

impl State {
    /// A job of this conversation is done: it goes to the end, or home.
    fn line_up(&mut self, conversation: Key) {
        match self.lines.get(&conversation).and_then(Line::urgency) {
            Some(priority) => self.stand(conversation, priority),
            None => drop(self.lines.remove(&conversation)),
        }
    }

    /// A conversation goes to the end of a queue.
    fn stand(&mut self, conversation: Key, priority: Priority) {
        self.places += 1;
        let place = self.places;
        if let Some(line) = self.lines.get_mut(&conversation) {
            line.stands = Some((priority, place));
            self.queue(priority).push_back((conversation, place));
        }
    }

    fn queue(&mut self, priority: Priority) -> &mut VecDeque<(Key, Place)> {
        let [low, normal, high] = &mut self.ready;
        match priority {
            Priority::Low => low,
            Priority::Normal => normal,
            Priority::High => high,
        }
    }

    /// The job that has its go, with its conversation.
    fn pick(&mut self) -> Option<(Key, Job)> {
        use Priority::{High, Low, Normal};
        self.picked = self.picked.wrapping_add(1);
        let order = match self.picked % (2 * MERCY) {
            MERCY => [Low, Normal, High],
            0 => [Normal, Low, High],
            _ => [High, Normal, Low],
        };
        for priority in order {
            while let Some((conversation, place)) = self.queue(priority).pop_front() {
                let Some(line) = self.lines.get_mut(&conversation) else { continue };
                if line.stands != Some((priority, place)) {
                    continue;
                }
                line.stands = None;
                if let Some((job, _)) = line.jobs.pop_front() {
                    return Some((conversation, job));
                }
            }
        }
        None
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
mod tests;
