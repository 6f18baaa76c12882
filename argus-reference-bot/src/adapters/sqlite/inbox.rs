//! The queue before the writer, which sleeps until as much waits as it waits for.
//!
//! A usual channel wakes its receiver for each message. Doors send hundreds of jobs between two
//! syncs, and waking a thread costs more than everything else about a job.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too much waits.
    Full,
    /// The writer is gone or going.
    Closed,
}

/// The end of the doors. Dropping it lets the writer finish what waits, and end.
#[derive(Debug)]
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// The end of the writer.
#[derive(Debug)]
pub(super) struct Inbox<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    enough: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: Vec<T>,
    /// The writer sleeps until so many wait; 0 when it is awake.
    wanted: usize,
    closed: bool,
}

/// A queue for at most `capacity` jobs.
pub(super) fn inbox<T>(capacity: usize) -> (Sender<T>, Inbox<T>) {
    let state = State { waiting: Vec::new(), wanted: 0, closed: false };
    let shared = Arc::new(Shared { capacity, state: Mutex::new(state), enough: Condvar::new() });
    (Sender(Arc::clone(&shared)), Inbox(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here can panic half-way, so what a poisoned lock protects is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    /// Hands over a job, or says why not.
    pub(super) fn send(&self, job: T) -> Result<(), Refused> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.0.capacity {
            return Err(Refused::Full);
        }
        state.waiting.push(job);
        if state.waiting.len() == state.wanted {
            drop(state);
            self.0.enough.notify_one();
        }
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.enough.notify_one();
    }
}

impl<T> Inbox<T> {
    /// Waits until `wanted` jobs wait, for `patience` at most, and takes them, at most `most`.
    /// `None` once the doors are closed and nothing is left.
    pub(super) fn take(&self, wanted: usize, most: usize, patience: Duration) -> Option<Vec<T>> {
        let until = Instant::now() + patience;
        let mut state = self.0.lock();
        while state.waiting.len() < wanted && !state.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.wanted = wanted;
            let woken = self.0.enough.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wanted = 0;
        if state.waiting.is_empty() && state.closed {
            return None;
        }
        let kept = state.waiting.len().min(most);
        let rest = state.waiting.split_off(kept);
        Some(std::mem::replace(&mut state.waiting, rest))
    }
}

impl<T> Drop for Inbox<T> {
    /// Whoever waits for an answer hears that there is nobody to give it.
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn jobs_come_in_their_order_and_no_more_than_asked_for() {
        let (sender, inbox) = inbox(8);
        (0..5).for_each(|job| sender.send(job).expect("room"));
        assert_eq!(inbox.take(1, 3, LONG), Some(vec![0, 1, 2]));
        assert_eq!(inbox.take(1, 3, LONG), Some(vec![3, 4]));
        assert_eq!(inbox.take(1, 3, SOON), Some(vec![]));
    }

    #[test]
    fn a_full_queue_and_a_closed_one_refuse() {
        let (sender, inbox) = inbox(1);
        assert_eq!(sender.send(1), Ok(()));
        assert_eq!(sender.send(2), Err(Refused::Full));
        drop(inbox);
        assert_eq!(sender.send(3), Err(Refused::Closed));
    }

    #[test]
    fn what_waits_is_still_taken_after_the_doors_are_closed() {
        let (sender, inbox) = inbox(8);
        sender.send(1).expect("room");
        drop(sender);
        assert_eq!(inbox.take(5, 5, LONG), Some(vec![1]));
        assert_eq!(inbox.take(1, 5, LONG), None);
    }

    #[test]
    fn the_sleeper_wakes_when_enough_waits_and_takes_what_came_meanwhile() {
        let (sender, inbox) = inbox(8);
        let taker = std::thread::spawn(move || inbox.take(3, 8, LONG));
        (0..3).for_each(|job| sender.send(job).expect("room"));
        assert_eq!(taker.join().expect("ends"), Some(vec![0, 1, 2]));
    }

    #[test]
    fn a_writer_that_is_gone_drops_what_waited() {
        let (sender, inbox) = inbox(8);
        let (reply, answer) = tokio::sync::oneshot::channel::<()>();
        sender.send(reply).expect("room");
        drop(inbox);
        assert!(answer.blocking_recv().is_err());
    }
}
