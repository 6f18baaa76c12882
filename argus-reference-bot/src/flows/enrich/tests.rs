use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use argus_soc::enrich::breaker::{Rules, Stage};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::asking::Optional;
use super::*;
use crate::ports::knowledge::{Finding, Reach, Shared, Silent, Source};

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
struct Still(Mutex<Timestamp>);

impl Still {
    fn forward(&self, seconds: i64) {
        let mut now = self.0.lock().expect("nobody panicked");
        *now += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panicked")
    }
}

/// A source that does what it is told.
#[derive(Debug)]
struct Told {
    does: Mutex<Does>,
    takes: Mutex<Duration>,
    asked: AtomicU64,
}

#[derive(Clone, Debug)]
enum Does {
    Answers(Finding<Intel>),
    Fails(Silent),
    Hangs,
}

#[async_trait]
impl Source<Intel> for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn reach(&self) -> Reach {
        Reach::Away
    }

    fn covers(&self, entity: &Entity) -> bool {
        entity.kind == EntityKind::Ip
    }

    async fn ask(&self, _: &Entity) -> Result<Finding<Intel>, Silent> {
        self.asked.fetch_add(1, Relaxed);
        let takes = *self.takes.lock().expect("nobody panicked");
        if takes.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(takes).await;
        }
        let does = self.does.lock().expect("nobody panicked").clone();
        match does {
            Does::Answers(finding) => Ok(finding),
            Does::Fails(silent) => Err(silent),
            Does::Hangs => std::future::pending().await,
        }
    }
}

struct World {
    clock: Arc<Still>,
    source: Arc<Told>,
    knowledge: Knowledge,
}

impl World {
    fn new(does: Does) -> Self {
        Self::with(does, |asking| asking)
    }

    fn with(does: Does, more: impl FnOnce(Asking<Intel>) -> Asking<Intel>) -> Self {
        let patience = Patience {
            timeout: Duration::from_millis(1),
            rules: Rules { failures: 2, pause_ms: 10_000, longest_ms: 60_000 },
            ..Patience::default()
        };
        Self::patient(does, patience, more)
    }

    fn patient(
        does: Does,
        patience: Patience,
        more: impl FnOnce(Asking<Intel>) -> Asking<Intel>,
    ) -> Self {
        let clock = Arc::new(Still::default());
        let source = Arc::new(Told {
            does: Mutex::new(does),
            takes: Mutex::default(),
            asked: AtomicU64::new(0),
        });
        let asking = Asking::new(
            Arc::<Told>::clone(&source) as Arc<dyn Source<Intel>>,
            patience,
            Arc::<Still>::clone(&clock) as Arc<dyn Clock>,
        );
        let knowledge = Knowledge {
            intel: vec![more(asking)],
            clock: Arc::<Still>::clone(&clock) as Arc<dyn Clock>,
            ..Knowledge::default()
        };
        Self { clock, source, knowledge }
    }

    fn does(&self, does: Does) {
        *self.source.does.lock().expect("nobody panicked") = does;
    }

    fn takes(&self, time: Duration) {
        *self.source.takes.lock().expect("nobody panicked") = time;
    }

    fn asked(&self) -> u64 {
        self.source.asked.load(Relaxed)
    }

    async fn answer(&self, value: &str) -> Answer<Intel> {
        let question = about(value);
        let asked = self.knowledge.ask([&question], Duration::from_secs(9)).await;
        asked.of(&question).intel.remove(0)
    }
}

fn about(value: &str) -> Question {
    Question { intel: Entity::canonical(EntityKind::Ip, value), asset: None }
}

fn bad() -> Does {
    Does::Answers(Finding::of(Intel { malicious: true, confidence: 80 }))
}

fn why(answer: &Answer<Intel>) -> &str {
    match &answer.said {
        Known::Unavailable { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_kept_as_long_as_it_is_good() {
    let world = World::new(bad());
    let first = world.answer("192.0.2.1").await;
    assert_eq!((first.cached, first.age().as_deref()), (false, Some("just now")));
    world.clock.forward(180);
    let again = world.answer("192.0.2.1").await;
    assert_eq!((again.cached, again.age().as_deref()), (true, Some("3 min old")));
    assert_eq!(again.said, first.said);
    assert_eq!(world.asked(), 1);
    world.clock.forward(3_600);
    assert!(!world.answer("192.0.2.1").await.cached);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn knowing_nothing_is_kept_for_less_long_and_silence_not_at_all() {
    let world = World::new(Does::Answers(Finding::nothing()));
    assert_eq!(world.answer("192.0.2.1").await.said, Known::Unknown);
    world.clock.forward(299);
    assert!(world.answer("192.0.2.1").await.cached);
    world.clock.forward(1);
    world.does(Does::Fails(Silent::because("broken")));
    assert_eq!(why(&world.answer("192.0.2.1").await), "broken");
    world.does(bad());
    assert!(world.answer("192.0.2.1").await.said.known().is_some());
}

#[tokio::test]
async fn many_questions_about_one_thing_are_one() {
    let world = World::new(bad());
    let question = about("192.0.2.1");
    let asks = (0..50).map(|_| world.knowledge.ask([&question], Duration::from_secs(9)));
    let all = join_all(asks).await;
    assert!(all.iter().all(|it| it.of(&question).intel[0].said.known().is_some()));
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_source_that_fails_is_left_alone_and_tried_again() {
    let world = World::new(Does::Fails(Silent::because("broken")));
    world.answer("192.0.2.1").await;
    world.answer("192.0.2.2").await;
    let left = world.answer("192.0.2.3").await;
    assert_eq!(why(&left), "it failed and is left alone for another 10 s");
    assert_eq!((world.asked(), world.knowledge.intel[0].stage()), (2, Stage::Open));
    world.clock.forward(10);
    world.does(bad());
    assert!(world.answer("192.0.2.3").await.said.known().is_some());
    assert_eq!(world.knowledge.intel[0].stage(), Stage::Closed);
}

#[tokio::test]
async fn a_source_that_asks_for_time_gets_it() {
    let silent = Silent { why: "too many".into(), retry_after: Some(Duration::from_mins(2)) };
    let world = World::new(Does::Fails(silent));
    assert_eq!(why(&world.answer("192.0.2.1").await), "too many");
    world.clock.forward(119);
    assert_eq!(
        why(&world.answer("192.0.2.1").await),
        "it failed and is left alone for another 1 s"
    );
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_source_that_hangs_is_silent_and_counts_as_failing() {
    let world = World::new(Does::Hangs);
    assert_eq!(why(&world.answer("192.0.2.1").await), "no answer within 1 ms");
    world.answer("192.0.2.2").await;
    assert_eq!(
        why(&world.answer("192.0.2.3").await),
        "it failed and is left alone for another 10 s"
    );
}

/// A question that nobody waits for to the end counts if it was long enough on its way.
#[tokio::test]
async fn a_question_that_is_given_up_is_a_failure_if_it_was_slow() {
    let slow = |timeout: u64, within: u64| async move {
        let patience = Patience {
            timeout: Duration::from_millis(timeout),
            rules: Rules { failures: 1, ..Rules::default() },
            ..Patience::default()
        };
        let world = World::patient(Does::Hangs, patience, |asking| asking);
        let question = about("192.0.2.1");
        let asked = world.knowledge.ask([&question], Duration::from_millis(within)).await;
        let answer = asked.of(&question).intel.remove(0);
        assert_eq!(why(&answer), format!("no answer within {within} ms"));
        world.knowledge.intel[0].stage()
    };
    assert_eq!(slow(60_000, 1).await, Stage::Closed);
    assert_eq!(slow(60, 40).await, Stage::Open);
}

/// A healthy source of a hundred milliseconds, sixteen at once: of 512 questions most are given up
/// at the common deadline, the last ones when they were hardly asked.
#[tokio::test]
async fn a_healthy_source_is_not_left_alone_because_it_is_asked_much() {
    let patience = Patience { timeout: Duration::from_secs(10), ..Patience::default() };
    let world = World::patient(Does::Answers(Finding::nothing()), patience, |asking| asking);
    world.takes(Duration::from_millis(100));
    let questions: Vec<_> =
        (0..512).map(|n| about(&format!("192.0.{}.{}", n / 256, n % 256))).collect();
    let asked = world.knowledge.ask(&questions, Duration::from_millis(450)).await;
    let known_nothing = |it: &&Question| asked.of(it).intel[0].said == Known::Unknown;
    let answered = questions.iter().filter(known_nothing).count();
    assert!((16..512).contains(&answered), "{answered}");
    assert_eq!(world.knowledge.intel[0].stage(), Stage::Closed);
    assert_eq!(world.answer("198.51.100.1").await.said, Known::Unknown);
}

#[tokio::test]
async fn whom_a_source_cannot_know_it_is_not_asked_about() {
    let world = World::new(bad());
    let question = Question { intel: Entity::canonical(EntityKind::User, "ann"), asset: None };
    let asked = world.knowledge.ask([&question], Duration::from_secs(9)).await;
    assert!(asked.has(&question) && asked.of(&question).intel.is_empty());
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn an_optional_source_says_so() {
    let fails = Does::Fails(Silent::because("broken"));
    let world = World::with(fails, |asking| asking.optional(Optional::Yes));
    assert!(world.answer("192.0.2.1").await.optional);
}

/// A cache that replicas share, or a broken one.
#[derive(Debug, Default)]
struct Kept(Mutex<BTreeMap<String, Vec<u8>>>);

#[async_trait]
impl Shared for Kept {
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("nobody panicked").get(key).cloned()
    }

    async fn put(&self, key: &str, value: Vec<u8>, _: Duration) {
        self.0.lock().expect("nobody panicked").insert(key.into(), value);
    }
}

#[tokio::test]
async fn replicas_share_answers_and_believe_only_what_can_be_true() {
    let kept = Arc::new(Kept::default());
    let share = |asking: Asking<Intel>| {
        asking.shared(Arc::<Kept>::clone(&kept) as Arc<dyn Shared>, "intel/told")
    };
    let (one, other) = (World::with(bad(), share), World::with(bad(), share));
    let first = one.answer("192.0.2.1").await;
    let second = other.answer("192.0.2.1").await;
    assert_eq!(first.said, second.said);
    assert_eq!((first.cached, second.cached), (false, true), "nobody was asked the second time");
    assert_eq!((one.asked(), other.asked()), (1, 0));
    let text = format!("{:?}", kept.0.lock().expect("nobody panicked").keys());
    assert!(!text.contains("192.0.2.1"), "{text}");

    for lie in [
        "rubbish",
        r#"{"known": null, "as_of": "1970-01-01T00:00:00Z", "note": null, "good_until": "2970-01-01T00:00:00Z"}"#,
        r#"{"known": null, "as_of": "2970-01-01T00:00:00Z", "note": null, "good_until": "1970-01-01T00:01:00Z"}"#,
    ] {
        kept.0.lock().expect("nobody panicked").values_mut().for_each(|it| *it = lie.into());
        let third = World::with(bad(), share);
        assert!(third.answer("192.0.2.1").await.said.known().is_some(), "{lie}");
        assert_eq!(third.asked(), 1, "{lie}");
    }
}
