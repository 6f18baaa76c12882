//! When a vault is asked, and what is in use meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};

use argus_bot_sdk::testing::ManualClock;
use async_trait::async_trait;

use super::*;

const START: i64 = 1_800_000_000;

/// A vault that answers what it was told to, and counts.
#[derive(Debug)]
struct Desk {
    answer: Mutex<Result<Version, VaultError>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Vault for Desk {
    async fn read(&self, _: &VaultPath) -> Result<Version, VaultError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Others come meanwhile.
        tokio::task::yield_now().await;
        self.answer.lock().expect("whole").clone()
    }
}

struct Scene {
    desk: Arc<Desk>,
    clock: Arc<ManualClock>,
}

fn version(value: &str) -> Version {
    Version {
        value: Secret::new(value),
        id: value.into(),
        enabled: true,
        not_before: None,
        expires: None,
    }
}

fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(START + seconds).ok()
}

impl Scene {
    fn new(answer: Version) -> Self {
        let desk = Desk { answer: Mutex::new(Ok(answer)), asked: AtomicUsize::new(0) };
        Self { desk: Arc::new(desk), clock: Arc::new(ManualClock::at(START)) }
    }

    async fn open_at(&self, path: &str) -> Result<Kept, KeptError> {
        let (vault, clock) = (Arc::clone(&self.desk) as _, Arc::clone(&self.clock) as _);
        let path = path.parse().expect("a path");
        Kept::open(path, vault, clock, SignedDuration::from_mins(60)).await
    }

    async fn open(&self) -> Kept {
        self.open_at("argus-kv/token").await.expect("good")
    }

    fn says(&self, answer: Result<Version, VaultError>) {
        *self.desk.answer.lock().expect("whole") = answer;
    }

    fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::SeqCst)
    }
}

async fn other(kept: &Kept, refused: &str) -> Option<String> {
    kept.instead_of(&Secret::new(refused)).await.map(|it| it.expose().to_owned())
}

#[tokio::test]
async fn what_may_not_be_used_is_refused_by_its_name_and_without_its_value() {
    for (wrong, word) in [
        (Version { enabled: false, ..version("c4n4ry") }, "disabled"),
        (Version { not_before: at(1), ..version("c4n4ry") }, "not yet"),
        (Version { expires: at(0), ..version("c4n4ry") }, "ended"),
    ] {
        let error = Scene::new(wrong).open_at("argus-kv/token").await.expect_err("unusable");
        let said = format!("{error} {error:?}");
        assert!(said.contains("keyvault:argus-kv/token") && said.contains(word), "{said}");
        assert!(!said.contains("c4n4ry"), "{said}");
    }
}

#[tokio::test]
async fn what_is_good_for_a_second_is_good() {
    let good = Version { not_before: at(0), expires: at(1), ..version("a") };
    let kept = Scene::new(good).open().await;
    let health = Health::kept("itsm.x.password", &kept);
    let now = Timestamp::from_second(START).expect("a time");
    assert!(!health.is_well(now), "it ends within a week");
    assert_eq!(health.days_left(now), Some(0));
}

#[tokio::test]
async fn a_secret_is_read_again_once_it_is_old_and_not_before() {
    let scene = Scene::new(version("a"));
    let kept = scene.open().await;
    scene.says(Ok(version("b")));
    scene.clock.advance(Duration::from_secs(3_599));
    assert_eq!(kept.current().await.expose(), "a");
    scene.clock.advance(Duration::from_secs(1));
    let both = tokio::join!(kept.current(), kept.current());
    assert_eq!((both.0.expose(), both.1.expose()), ("b", "b"));
    assert_eq!(scene.asked(), 2, "one question at the start, one for both");
}

#[tokio::test]
async fn many_refusals_of_one_secret_are_one_question() {
    let scene = Scene::new(version("a"));
    let kept = scene.open().await;
    scene.says(Ok(version("b")));
    let all = futures_util::future::join_all((0..50).map(|_| other(&kept, "a"))).await;
    assert!(all.iter().all(|it| it.as_deref() == Some("b")), "{all:?}");
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn the_version_before_serves_one_change_and_not_two() {
    let scene = Scene::new(version("a"));
    let kept = scene.open().await;
    scene.says(Ok(version("b")));
    assert_eq!(other(&kept, "a").await.as_deref(), Some("b"));
    // The other side is not as far yet.
    assert_eq!(other(&kept, "b").await.as_deref(), Some("a"));
    scene.says(Ok(version("c")));
    scene.clock.advance(Duration::from_secs(16));
    assert_eq!(other(&kept, "b").await.as_deref(), Some("c"));
    let accepted: Vec<String> = kept.accepted().iter().map(|it| it.expose().to_owned()).collect();
    assert_eq!(accepted, ["c", "b"]);
}

#[tokio::test]
async fn a_system_that_refuses_everything_does_not_make_us_ask_each_time() {
    let scene = Scene::new(version("a"));
    let kept = scene.open().await;
    for _ in 0..100 {
        assert_eq!(other(&kept, "a").await, None);
    }
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn while_the_vault_is_away_the_secret_in_hand_stays_in_use() {
    for why in [
        Err(VaultError::Refused("HTTP 403".into())),
        Err(VaultError::Unreachable { why: "HTTP 429".into(), retry_after: None }),
        Ok(Version { enabled: false, ..version("b") }),
    ] {
        let scene = Scene::new(version("a"));
        let kept = scene.open().await;
        scene.says(why);
        scene.clock.advance(Duration::from_hours(2));
        assert_eq!(kept.current().await.expose(), "a");
        assert_eq!(other(&kept, "a").await, None);
        assert!(kept.expiry().1.is_some(), "it is said that the vault gave none");
        assert_eq!(scene.asked(), 2);
        scene.says(Ok(version("b")));
        scene.clock.advance(Duration::from_secs(16));
        assert_eq!(kept.current().await.expose(), "b");
        assert_eq!(kept.expiry().1, None);
    }
}

#[tokio::test]
async fn a_vault_that_wants_rest_gets_it() {
    let scene = Scene::new(version("a"));
    let kept = scene.open().await;
    let retry_after = Some(Duration::from_mins(2));
    scene.says(Err(VaultError::Unreachable { why: "HTTP 429".into(), retry_after }));
    scene.clock.advance(Duration::from_hours(1));
    kept.current().await;
    scene.clock.advance(Duration::from_secs(119));
    kept.current().await;
    assert_eq!(scene.asked(), 2);
    scene.clock.advance(Duration::from_secs(1));
    kept.current().await;
    assert_eq!(scene.asked(), 3);
}

#[tokio::test]
async fn a_certain_version_is_never_read_again() {
    let scene = Scene::new(version("a"));
    let kept = scene.open_at("argus-kv/token/0123456789abcdef").await.expect("good");
    scene.says(Ok(version("b")));
    scene.clock.advance(Duration::from_hours(2));
    assert_eq!(kept.current().await.expose(), "a");
    assert_eq!(other(&kept, "a").await, None);
    assert_eq!(scene.asked(), 1);
}
