use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::*;
use Priority::{High, Low, Normal};

const SMALL: Capacity = Capacity { workers: 2, per_conversation: 3, in_all: 5 };

fn blocked() -> (Job, oneshot::Sender<()>) {
    let (release, wait) = oneshot::channel::<()>();
    (Box::pin(async move { wait.await.unwrap_or_default() }), release)
}

fn taken(turns: &Turns) -> usize {
    turns.inner.lock().taken
}

/// Everything in here is as it was in the beginning.
fn is_empty(turns: &Turns) -> bool {
    let state = turns.inner.lock();
    state.lines.is_empty() && (state.workers, state.taken) == (0, 0)
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
        let priority = [Low, High, Normal][n % 3];
        turns.enqueue(7, priority, Box::pin(job)).unwrap();
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
        turns.enqueue(conversation, High, job)
    };
    assert_eq!([enqueue(1), enqueue(1), enqueue(1)], [Ok(()); 3]);
    assert_eq!(enqueue(1), Err(Refused::Full), "one conversation takes all");
    assert_eq!([enqueue(2), enqueue(2)], [Ok(()); 2]);
    assert_eq!(enqueue(3), Err(Refused::Full), "more than the bot can hold");
    assert_eq!(turns.start(High, Box::pin(async {})), Err(Refused::Full));
    turns.follow(1, High, Box::pin(async {}));
    assert_eq!(taken(&turns), 6, "what belongs to a turn is not refused");
    drop(locks);
    turns.drain().await;
    assert!(is_empty(&turns));
    assert_eq!(turns.start(High, Box::pin(async {})), Err(Refused::Closed));
}

#[tokio::test]
async fn a_conversation_that_waits_for_a_worker_is_bounded_too() {
    let turns = Turns::new(Capacity { workers: 1, ..SMALL });
    let (job, release) = blocked();
    turns.enqueue(1, High, job).unwrap();
    let waiting: Vec<_> = (0..4).map(|_| turns.enqueue(2, High, Box::pin(async {}))).collect();
    assert_eq!(waiting, [Ok(()), Ok(()), Ok(()), Err(Refused::Full)]);
    drop(release);
    turns.drain().await;
    assert!(is_empty(&turns));
}

#[tokio::test]
async fn the_least_urgent_is_refused_first() {
    let turns = Turns::new(Capacity { workers: 1, per_conversation: 100, in_all: 100 });
    let (job, release) = blocked();
    turns.enqueue(0, Low, job).unwrap();
    let fill = |priority| {
        let jobs = (0..200).map_while(|n| turns.enqueue(n, priority, Box::pin(async {})).ok());
        jobs.count()
    };
    assert_eq!([fill(Low), fill(Normal), fill(Low), fill(High), fill(Normal)], [74, 15, 0, 10, 0]);
    assert_eq!(turns.start(Low, Box::pin(async {})), Err(Refused::Full));
    drop(release);
    turns.drain().await;
    assert!(is_empty(&turns));
}

/// Runs jobs of these conversations and priorities on one worker and says in which order.
async fn order_of(jobs: &[(&'static str, Priority)]) -> Vec<&'static str> {
    let turns = Turns::new(Capacity { workers: 1, per_conversation: 1_000, in_all: 10_000 });
    let (said, mut heard) = mpsc::unbounded_channel();
    let (first, release) = blocked();
    turns.enqueue(0, Low, first).unwrap();
    for &(name, priority) in jobs {
        let said = said.clone();
        let conversation = u128::from(name.as_bytes()[0]);
        let job = async move { said.send(name).unwrap_or_default() };
        turns.enqueue(conversation, priority, Box::pin(job)).unwrap();
    }
    drop((said, release));
    turns.drain().await;
    assert!(is_empty(&turns));
    let mut order = Vec::new();
    while let Some(name) = heard.recv().await {
        order.push(name);
    }
    order
}

#[tokio::test]
async fn each_conversation_has_its_go() {
    let jobs = ["a1", "a2", "a3", "b1", "b2", "c1"].map(|name| (name, Normal));
    assert_eq!(order_of(&jobs).await, ["a1", "b1", "c1", "a2", "b2", "a3"]);
}

#[tokio::test]
async fn what_is_urgent_is_first_and_hurries_up_what_is_before_it() {
    let jobs = [("a1", Low), ("b1", Normal), ("c1", Low), ("d1", High), ("c2", High)];
    assert_eq!(order_of(&jobs).await, ["d1", "c1", "c2", "b1", "a1"]);
}

#[tokio::test]
async fn who_became_urgent_has_no_second_go() {
    let mut jobs = vec![("a1", Low), ("b1", Low), ("a2", High), ("a3", Low), ("a4", Low)];
    jobs.push(("b2", Low));
    assert_eq!(order_of(&jobs).await, ["a1", "a2", "b1", "a3", "b2", "a4"]);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let mut jobs = vec![("h", High); 40];
    jobs.extend([("n", Normal), ("l", Low)]);
    let order = order_of(&jobs).await;
    let place = |name| order.iter().position(|it| *it == name).unwrap();
    assert_eq!((place("l"), place("n")), (7, 15));
}

/// Ten times of what the bot can do, for a minute; one urgent message a second.
#[tokio::test(start_paused = true)]
async fn a_storm_does_not_slow_down_what_is_urgent() {
    async fn longest_wait(storm: bool) -> Duration {
        let work = Duration::from_millis(100);
        let turns = Turns::new(Capacity { workers: 4, per_conversation: 64, in_all: 400 });
        let (said, mut heard) = mpsc::unbounded_channel();
        let mut refused = 0;
        for tick in 0..600_u128 {
            // Four workers do four jobs in a tick; forty come, in twenty conversations.
            for n in 0..40 * u128::from(storm) {
                let job = Box::pin(async move { tokio::time::sleep(work).await });
                refused += u32::from(turns.enqueue(n % 20, Low, job).is_err());
            }
            if tick % 10 == 0 {
                let (said, came) = (said.clone(), Instant::now());
                let job = async move {
                    said.send(came.elapsed()).unwrap_or_default();
                    tokio::time::sleep(work).await;
                };
                turns.enqueue(1_000 + tick, High, Box::pin(job)).unwrap();
            }
            assert!(taken(&turns) <= 400);
            tokio::time::sleep(work).await;
        }
        assert_eq!(refused > 20_000, storm, "{refused} were refused");
        turns.drain().await;
        drop(said);
        let mut longest = Duration::ZERO;
        while let Some(wait) = heard.recv().await {
            longest = longest.max(wait);
        }
        longest
    }
    assert_eq!(longest_wait(false).await, Duration::ZERO);
    // No longer than until the next of the workers is free, and once more out of mercy.
    assert!(longest_wait(true).await <= Duration::from_millis(200));
}

#[tokio::test]
async fn a_stuck_conversation_stops_nobody_else() {
    let turns = Turns::new(SMALL);
    let (job, release) = blocked();
    turns.enqueue(1, Low, job).unwrap();
    let (done, heard) = oneshot::channel();
    turns.enqueue(2, Low, Box::pin(async move { done.send(()).unwrap_or_default() })).unwrap();
    heard.await.unwrap();
    release.send(()).unwrap();
    turns.drain().await;
}

#[tokio::test]
async fn a_panic_ends_one_turn_only() {
    let turns = Turns::new(SMALL);
    let (done, heard) = oneshot::channel();
    turns.enqueue(1, Low, Box::pin(async { panic!("on purpose") })).unwrap();
    turns.enqueue(1, Low, Box::pin(async move { done.send(()).unwrap_or_default() })).unwrap();
    heard.await.unwrap();
    turns.drain().await;
    assert!(is_empty(&turns));
}
