use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::Activity;
use crate::connector::HttpConnector;
use crate::state::{MemoryStore, Version, suite};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally(u32);

impl Named for Tally {
    const NAME: &'static str = "tally";
}

/// A store in which somebody else is faster a few times, and which counts what is written.
struct Contested {
    inner: MemoryStore,
    faster: AtomicU32,
    saves: AtomicU32,
}

impl Contested {
    fn new(faster: u32) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::new(), faster: faster.into(), saves: 0.into() })
    }
}

#[async_trait]
impl StateStore for Contested {
    async fn load(&self, key: &str) -> Result<Option<(Value, Version)>, Error> {
        // Whoever reads next has read before this one writes.
        let found = self.inner.load(key).await;
        tokio::task::yield_now().await;
        found
    }

    async fn save(
        &self,
        key: &str,
        value: &Value,
        expected: Option<&Version>,
    ) -> Result<Version, SaveError> {
        self.saves.fetch_add(1, Ordering::SeqCst);
        let less = self.faster.load(Ordering::SeqCst).checked_sub(1);
        if let Some(less) = less {
            self.faster.store(less, Ordering::SeqCst);
            return Err(SaveError::Conflict);
        }
        self.inner.save(key, value, expected).await
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.inner.delete(key).await
    }
}

fn tally(store: &Arc<Contested>) -> Kept<Tally> {
    Kept::new(Arc::<Contested>::clone(store), "x")
}

#[tokio::test(start_paused = true)]
async fn the_suite_holds_where_everybody_reads_before_anybody_writes() {
    suite::store(Contested::new(0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_update_is_tried_again_but_not_for_ever() {
    let store = Contested::new(TRIES - 1);
    tally(&store).update(|tally| tally.0 += 1).await.unwrap();
    assert_eq!(tally(&store).get().await.unwrap(), Tally(1));
    store.faster.store(TRIES, Ordering::SeqCst);
    let error = tally(&store).update(|tally| tally.0 += 1).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    assert_eq!(tally(&store).get().await.unwrap(), Tally(1));
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let store = Contested::new(0);
    let tally = tally(&store);
    tally.update(|tally| tally.0 = 7).await.unwrap();
    tally.update(|tally| tally.0 = 7).await.unwrap();
    let refused = tally.try_update(|tally| {
        tally.0 = 8;
        Err::<(), _>(Error::new(ErrorKind::Forbidden, "no"))
    });
    assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!((store.saves.load(Ordering::SeqCst), tally.get().await.unwrap()), (1, Tally(7)));
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_stays() {
    let store = Contested::new(0);
    let tally = tally(&store);
    store.inner.save(tally.key(), &json!("secret"), None).await.unwrap();
    let error = tally.update(|tally| tally.0 += 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!format!("{error:?}").contains("secret"));
    assert_eq!(store.inner.load(tally.key()).await.unwrap().unwrap().0, "secret");
}

#[test]
fn parts_do_not_run_into_each_other() {
    let check = |parts: &[&str], expected: &str| assert_eq!(key_of(parts), expected);
    check(&["a/b", "c"], "a%2Fb/c");
    check(&["a", "b/c"], "a/b%2Fc");
    check(&["a%2Fb", ""], "a%252Fb/");
    check(
        &["19:x@thread.tacv2;messageid=1", "ü \u{7f}"],
        "19:x@thread.tacv2;messageid=1/%C3%BC%20%7F",
    );
}

#[tokio::test]
async fn each_conversation_and_each_person_has_its_own() {
    async fn keys(activity: Value) -> [Result<String, String>; 2] {
        let policy = crate::auth::ServiceUrlPolicy::loopback();
        let connector = Arc::new(HttpConnector::without_tokens(policy).unwrap());
        let activity: Activity = serde_json::from_value(activity).unwrap();
        let turn = Turn::for_test(activity, connector);
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
        let there = ConversationState::<Tally>::from_turn(&turn, &store).await;
        let who = UserState::<Tally>::from_turn(&turn, &store).await;
        let code = |rejected: Rejected| rejected.code().to_owned();
        [there.map(|it| it.0.key).map_err(code), who.map(|it| it.0.key).map_err(code)]
    }
    let mut said = json!({"type": "message", "channelId": "msteams", "from": {"id": "29:ana", "aadObjectId": "oid"},
        "conversation": {"id": "19:a@thread.tacv2;messageid=1", "tenantId": "t"}});
    let there = Ok("conversation/tally/msteams/19:a@thread.tacv2;messageid=1".to_owned());
    assert_eq!(keys(said.clone()).await, [there.clone(), Ok("user/tally/t/entra/oid".to_owned())]);
    said["from"]["aadObjectId"] = Value::Null;
    assert_eq!(keys(said).await, [there, Ok("user/tally/t/msteams/29:ana".to_owned())]);
    let nothing = json!({"type": "message"});
    assert_eq!(keys(nothing).await, [Err("NoConversation".to_owned()), Err("NoSender".to_owned())]);
}
