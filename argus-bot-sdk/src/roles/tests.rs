use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::Activity;
use crate::clock::ManualClock;
use crate::connector::HttpConnector;

struct Engineer;

impl Role for Engineer {
    const NAME: &'static str = "engineer";
}

struct Lead;

impl Role for Lead {
    const NAME: &'static str = "lead";
}

/// Ana is an engineer, Eve brings the directory down, Ida makes it wait.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

#[async_trait]
impl Directory for Counting {
    async fn roles(&self, who: &Identity) -> Result<Vec<String>, Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        match who.object_id() {
            "ana" => Ok(vec!["reader".to_owned(), "engineer".to_owned()]),
            "eve" => Err(Error::new(ErrorKind::Unavailable, "no answer")),
            "ida" => std::future::pending().await,
            _ => Ok(Vec::new()),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it reads better with `json!` in place")]
fn turn(from: Value) -> Turn {
    let activity =
        json!({"type": "message", "from": from, "conversation": {"id": "a", "tenantId": "T"}});
    let activity: Activity = serde_json::from_value(activity).unwrap();
    let policy = crate::auth::ServiceUrlPolicy::loopback();
    Turn::for_test(activity, Arc::new(HttpConnector::without_tokens(policy).unwrap()))
}

fn by(object: &str) -> Turn {
    turn(json!({"id": "29:x", "aadObjectId": object}))
}

async fn ask<R: Role>(turn: &Turn, roles: &Roles) -> Result<Identity, (String, u16)> {
    let caller = Caller::<R>::from_turn(turn, roles).await;
    let seen = |rejected: Rejected| (rejected.code().to_owned(), rejected.status());
    caller.map(|caller| caller.identity().clone()).map_err(seen)
}

#[tokio::test]
async fn a_guest_is_of_their_own_tenant() {
    let guest = turn(json!({"id": "29:x", "aadObjectId": "ana", "tenantId": "G"}));
    let roles = Roles::new(Counting::default());
    assert_eq!(ask::<Engineer>(&guest, &roles).await, Ok(Identity::new("g", "ana")));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_through_without_the_role() {
    let roles = Roles::new(Counting::default());
    assert_eq!(ask::<Engineer>(&by("ANA"), &roles).await, Ok(Identity::new("t", "ana")));
    let check = async |turn: Turn, code: &str, status: u16| {
        let refused = Err((code.to_owned(), status));
        assert_eq!(ask::<Lead>(&turn, &roles).await, refused);
    };
    check(by("ana"), "MissingRole", 403).await;
    check(by("bob"), "MissingRole", 403).await;
    check(by("eve"), "DirectoryUnavailable", 503).await;
    check(by("ida"), "DirectoryUnavailable", 503).await;
    check(by(""), "NoSender", 403).await;
    check(turn(json!({"id": "29:x", "name": "ana"})), "NoSender", 403).await;
    check(turn(Value::Null), "NoSender", 403).await;
    let says = Caller::<Lead>::from_turn(&by("ana"), &roles).await.unwrap_err();
    assert_eq!(says.text(), Some("You need the role lead for this."));
}

#[tokio::test]
async fn the_directory_is_asked_once_a_turn_and_again_when_its_answer_is_old() {
    let directory = Counting::default();
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    let given: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let roles = Roles::new(directory.clone()).clock(given).lifetime(Duration::from_mins(5));
    let asked = || directory.0.swap(0, Ordering::SeqCst);
    let one = by("ana");
    assert!(ask::<Engineer>(&one, &roles).await.is_ok());
    assert!(ask::<Lead>(&one, &roles).await.is_err());
    assert!(ask::<Engineer>(&by("ana"), &roles).await.is_ok());
    assert_eq!(asked(), 1);
    clock.advance(Duration::from_secs(299));
    assert!(ask::<Engineer>(&by("ana"), &roles).await.is_ok());
    assert_eq!(asked(), 0);
    clock.advance(Duration::from_secs(1));
    assert!(ask::<Engineer>(&by("ana"), &roles).await.is_ok());
    assert_eq!(asked(), 1);
    clock.set(Timestamp::from_second(1_700_000_000).unwrap());
    assert!(ask::<Engineer>(&by("ana"), &roles).await.is_ok());
    assert_eq!(asked(), 1, "an answer out of the future");

    let broken = by("eve");
    for _ in 0..2 {
        assert!(ask::<Engineer>(&broken, &roles).await.is_err());
    }
    assert_eq!(asked(), 1, "once a turn, even if it fails");
    assert!(ask::<Engineer>(&by("eve"), &roles).await.is_err());
    assert_eq!(asked(), 1, "a failure is not kept");

    let always = roles.lifetime(Duration::ZERO);
    let one = by("ana");
    for _ in 0..3 {
        assert!(ask::<Engineer>(&one, &always).await.is_ok());
    }
    assert!(ask::<Engineer>(&by("ana"), &always).await.is_ok());
    assert_eq!(asked(), 2);
}
