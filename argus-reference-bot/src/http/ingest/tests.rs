use std::collections::BTreeMap;

use argus_bot_sdk::auth::{Authenticator, Cloud, EntraApi, InboundConfig, Secret};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{FakeEntra, TokenSpec};
use argus_soc::event::{Claims, Label, Shape};
use async_trait::async_trait;
use http::{Extensions, HeaderMap};
use tokio::sync::Semaphore;

use super::super::BodyLimits;
use super::super::admission::{Admission, Bounds};
use super::*;
use crate::adapters::memory::{Medium, Memory, Record};
use crate::config::Roles;
use crate::flows::sources::{Source, Sources};
use crate::flows::testing::{Still, soc};
use crate::ports::ledger::LedgerError;

/// A disk that writes when it is told to.
#[derive(Debug)]
struct Stalled(Semaphore);

#[async_trait]
impl Medium for Stalled {
    async fn write(&self, _: &[Record]) -> Result<(), LedgerError> {
        self.0.acquire().await.expect("nobody closes it").forget();
        Ok(())
    }

    async fn read(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// A door of one source, before a disk that does nothing; a thousand bytes may be on their way.
fn door() -> (Arc<Inner>, Arc<Stalled>) {
    door_with(SourceKey::api_key(&Secret::new("a key")))
}

fn door_with(key: SourceKey) -> (Arc<Inner>, Arc<Stalled>) {
    let disk = Arc::new(Stalled(Semaphore::new(0)));
    let ledger = Memory::open(Arc::<Stalled>::clone(&disk), Vec::new()).expect("an empty store");
    let clock = Still::new();
    let known = BTreeMap::from([("edr".to_owned(), Source::new(Claims::default(), None))]);
    let soc = soc(Arc::new(ledger), Arc::<Still>::clone(&clock), Sources::new(known, 1 << 20));
    let auth = Authenticator::new(InboundConfig::new("app", Cloud::Public), clock);
    let source = SourceDoor {
        name: "edr".into(),
        shape: Shape::Generic,
        keys: vec![key],
        quota: (None, None),
    };
    let bounds = Bounds { events: 100, bytes: 1_000 };
    let inner = Inner {
        soc: Arc::new(soc),
        sources: vec![source],
        decoy: SourceKey::decoys(),
        roles: Roles::default(),
        admission: Arc::new(Admission::new(bounds, &[(None, None); 2])),
        complaints: Complaints::default(),
        writes: Writes::default(),
        limits: BodyLimits { event_bytes: 1_000, batch_events: 10, batch_bytes: 1_000 },
        admin_key: None,
        loopback: true,
        auth: Arc::new(auth.expect("an authenticator")),
        push: None,
    };
    (Arc::new(inner), disk)
}

/// An event of 900 bytes is delivered; gives the status.
async fn deliver(inner: &Arc<Inner>, id: &str) -> u16 {
    let event = serde_json::json!({"id": id, "title": "t", "host": "ws-1"}).to_string();
    let raw = Bytes::from(format!("{event:<900}"));
    let said = Said { label: Label::Json, packed: false, key: None };
    let Ok(mut pass) = inner.admission.knock(0, Instant::now()) else { return 503 };
    if pass.carry(raw.len()).is_err() {
        return 503;
    }
    match inner.deliver(0, said, raw, pass, "c-1").await {
        Ok(answer) => answer.status().as_u16(),
        Err(refusal) => refusal.problem.status(),
    }
}

/// Whether there is room for another event.
fn has_room(inner: &Inner) -> bool {
    let mut pass = inner.admission.knock(0, Instant::now()).expect("room for events");
    pass.carry(900).is_ok()
}

#[tokio::test]
async fn what_the_disk_has_not_answered_takes_up_room_and_is_placed_in_the_end() {
    let (inner, disk) = door();
    assert_eq!(deliver(&inner, "slow").await, 503, "the disk does not answer");
    // Whoever has nothing on its way always comes in, so this one is the proof.
    assert!(!has_room(&inner), "its bytes wait for the disk");
    // Another sender leaves at once.
    let leaves = tokio::time::timeout(Duration::from_millis(20), deliver(&inner, "gone"));
    assert_eq!(leaves.await, Ok(503), "there is no room for it");

    disk.0.add_permits(1);
    let rung = inner.soc.bells.triage.notified();
    tokio::time::timeout(Duration::from_secs(10), rung).await.expect("somebody rings");
    inner.writes.drain().await;
    assert!(has_room(&inner));
    assert_eq!(inner.soc.sources.backlog.size(), (1, 900));
}

#[tokio::test]
async fn an_event_whose_sender_left_is_placed_all_the_same() {
    let (inner, disk) = door();
    let leaves = tokio::time::timeout(Duration::from_millis(20), deliver(&inner, "gone")).await;
    assert!(leaves.is_err(), "it waits for the disk: {leaves:?}");
    assert!(!has_room(&inner), "its bytes wait for the disk");
    disk.0.add_permits(1);
    let rung = inner.soc.bells.triage.notified();
    tokio::time::timeout(Duration::from_secs(10), rung).await.expect("somebody rings");
    assert_eq!(inner.soc.sources.backlog.size(), (1, 900));
}

#[tokio::test]
async fn a_token_that_nobody_can_check_is_not_waited_for() {
    const AUDIENCE: &str = "api://events.contoso.example";
    const TENANT: &str = "11111111-2222-4333-8444-555555555555";
    const GRID: &str = "77777777-8888-4999-8aaa-bbbbbbbbbbbb";
    let entra = FakeEntra::builder().tenant(TENANT).start().await.expect("a port");
    entra.faults().always("entra", "metadata", Fault::Delay(Duration::from_secs(2)));
    let config = InboundConfig::new(AUDIENCE, Cloud::Public)
        .openid_metadata_url(entra.metadata_url())
        .entra_caller(TENANT, GRID);
    let api = EntraApi::new(&config, [""; 0], entra.clock()).expect("settings");
    let (inner, _) = door_with(SourceKey::Entra(Box::new(api)));
    let shown = |authorization: String| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().expect("a header value"));
        Shown::read(&headers, &Extensions::new(), inner.soc.clock.now())
    };
    let good = format!("Bearer {}", entra.mint(&TokenSpec::app(GRID, TENANT, AUDIENCE)));

    let refused = inner.caller(None, &shown(good.clone())).await.err().expect("no keys");
    assert_eq!((refused.problem.status(), refused.reason), (503, Some(Reason::Keys)));
    let stranger = inner.caller(None, &shown("Bearer x".into())).await.err().expect("a stranger");
    assert_eq!(stranger.problem.status(), 401);

    // What was begun for it goes on; the next sender is let in.
    inner.sources[0].keys[0].prefetch().await.expect("Entra answers in the end");
    assert!(matches!(inner.caller(None, &shown(good)).await, Ok(Caller::Proven(0))));
}
