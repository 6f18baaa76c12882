//! What goes wrong, on order, and what happened in the world all the same.
//!
//! A [`Faults`] is shared by all fakes of a test. Each call of a fake names its *system* (`teams`,
//! `defender`) and its *operation* (`send`, `isolate`), takes the next fault of that operation's
//! script and obeys it. What really took effect is counted apart from what was answered, so a test
//! can say "one card, although the answer was lost".

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::wire::FakeResponse;

/// In an order, every operation of the system, or every system.
pub const ANY: &str = "*";

/// How one call goes wrong.
///
/// In JSON: `{"delay_ms":500}`, `{"status":{"code":429,"retry_after":2}}`, `{"fail_before":503}`,
/// `{"fail_after":503}`, `"lose_response"`, `"reset"`, `"html200"`, `{"body":"{}"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The effect happens at once, the answer comes this much later: a client that gives up early
    /// does not know that it succeeded.
    #[serde(rename = "delay_ms", alias = "Delay", alias = "delay", with = "millis")]
    Delay(Duration),
    /// No effect; this status, with `Retry-After` in seconds if given.
    #[serde(alias = "Status")]
    Status {
        /// The HTTP status.
        code: u16,
        /// The header's value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// No effect; this status with an HTML body, as a gateway answers for a dead server.
    #[serde(alias = "FailBefore")]
    FailBefore(u16),
    /// The effect happens; this status is answered.
    #[serde(alias = "FailAfter")]
    FailAfter(u16),
    /// The effect happens; the connection closes without an answer.
    #[serde(alias = "LoseResponse")]
    LoseResponse,
    /// No effect; the connection is reset.
    #[serde(alias = "Reset")]
    Reset,
    /// No effect; 200 with a HTML page, as proxies and hibernating instances answer.
    #[serde(alias = "Html200")]
    Html200,
    /// The effect happens; the answer keeps its status and has this body.
    #[serde(alias = "Body")]
    Body(String),
}

/// One line of a fault script, as a demo page or a test outside the process sends it.
///
/// ```
/// use argus_bot_sdk::testing::fault::{FaultOrder, Faults};
///
/// let order: FaultOrder = serde_json::from_str(
///     r#"{"system": "teams", "operation": "send", "fault": {"status": {"code": 429, "retry_after": 2}}, "count": 3}"#,
/// )?;
/// let faults = Faults::new();
/// faults.order(order);
/// assert!((0..3).all(|_| faults.next("teams", "send").is_some()));
/// assert!(faults.next("teams", "send").is_none());
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FaultOrder {
    /// The fake, or `*`.
    pub system: String,
    /// The operation, or `*`, which is also what is meant when it is left out.
    #[serde(default = "any")]
    pub operation: String,
    /// What goes wrong.
    pub fault: Fault,
    /// For how many calls. One, if neither this nor another limit is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Until cleared, instead of `count` calls.
    #[serde(default)]
    pub always: bool,
    /// For this long, instead of or at most `count` calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
}

impl FaultOrder {
    /// The next call of this operation goes wrong in this way.
    pub fn new(system: impl Into<String>, operation: impl Into<String>, fault: Fault) -> Self {
        let (system, operation) = (system.into(), operation.into());
        Self { system, operation, fault, count: None, always: false, for_ms: None }
    }

    /// This many calls do.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// All calls do, until [`Faults::clear`].
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// All calls in this time do.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.for_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

/// One thing that really happened in a fake, and how often it has by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effect {
    /// The fake.
    pub system: String,
    /// The operation.
    pub operation: String,
    /// To what it happened: a machine, a conversation, a ticket's correlation id.
    pub key: String,
    /// How often.
    pub count: u64,
}

/// The fault script and the effect counters that the fakes of one test share.
///
/// A clone is the same script and the same counters.
///
/// ```
/// use argus_bot_sdk::testing::fault::{Fault, Faults};
/// use argus_bot_sdk::testing::wire::FakeResponse;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let faults = Faults::new();
/// faults.push("tea", "brew", Fault::FailAfter(502));
///
/// let answer = faults
///     .around("tea", "brew", async {
///         faults.record("tea", "brew", "pot-1");
///         FakeResponse::status(201)
///     })
///     .await;
/// assert!(!answer.is_success());
/// assert_eq!(faults.effects("tea", "brew", "pot-1"), 1);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changes: broadcast::Sender<Effect>,
}

type Operation = (String, String);

#[derive(Debug, Default)]
struct State {
    script: BTreeMap<Operation, VecDeque<Entry>>,
    calls: BTreeMap<Operation, u64>,
    effects: BTreeMap<(String, String, String), u64>,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    left: Option<u32>,
    until: Option<Instant>,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl Faults {
    /// Nothing goes wrong, nothing has happened.
    pub fn new() -> Self {
        let (changes, _) = broadcast::channel(256);
        Self { shared: Arc::new(Shared { state: Mutex::default(), changes }) }
    }

    /// The next call of this operation goes wrong in this way, after what was ordered before.
    pub fn push(&self, system: &str, operation: &str, fault: Fault) {
        self.order(FaultOrder::new(system, operation, fault));
    }

    /// The next `count` calls do.
    pub fn push_times(&self, system: &str, operation: &str, fault: Fault, count: u32) {
        self.order(FaultOrder::new(system, operation, fault).times(count));
    }

    /// Every call does, once the script before it is used up, until [`clear`](Self::clear).
    pub fn always(&self, system: &str, operation: &str, fault: Fault) {
        self.order(FaultOrder::new(system, operation, fault).always());
    }

    /// Appends a line to the script.
    pub fn order(&self, order: FaultOrder) {
        let unlimited = order.always || (order.for_ms.is_some() && order.count.is_none());
        let entry = Entry {
            fault: order.fault,
            left: (!unlimited).then(|| order.count.unwrap_or(1)),
            until: order
                .for_ms
                .and_then(|time| Instant::now().checked_add(Duration::from_millis(time))),
        };
        let operation = (order.system, order.operation);
        self.state().script.entry(operation).or_default().push_back(entry);
    }

    /// Ends all faults; the counters stay.
    pub fn clear(&self) {
        self.state().script.clear();
    }

    /// Ends the faults of one system.
    pub fn clear_system(&self, system: &str) {
        self.state().script.retain(|(of, _), _| of != system);
    }

    /// Counts a call and takes the fault that it must suffer: of the operation itself, else of
    /// all operations of its system, else of all systems.
    pub fn next(&self, system: &str, operation: &str) -> Option<Fault> {
        self.next_at(Instant::now(), system, operation)
    }

    fn next_at(&self, now: Instant, system: &str, operation: &str) -> Option<Fault> {
        let mut state = self.state();
        *state.calls.entry((system.into(), operation.into())).or_default() += 1;
        [(system, operation), (system, ANY), (ANY, operation), (ANY, ANY)].into_iter().find_map(
            |(system, operation)| {
                take(state.script.get_mut(&(system.to_owned(), operation.to_owned()))?, now)
            },
        )
    }

    /// Runs one call under the script: `effect` changes the fake's state and answers, or is not
    /// run at all when the fault says so.
    pub async fn around<F>(&self, system: &str, operation: &str, effect: F) -> FakeResponse
    where
        F: Future<Output = FakeResponse>,
    {
        match self.next(system, operation) {
            None => effect.await,
            Some(fault) => suffer(fault, effect).await,
        }
    }

    /// Counts one thing that really happened.
    pub fn record(&self, system: &str, operation: &str, key: &str) {
        let count = {
            let mut state = self.state();
            let entry = (system.to_owned(), operation.to_owned(), key.to_owned());
            let count = state.effects.entry(entry).or_default();
            *count += 1;
            *count
        };
        let effect =
            Effect { system: system.into(), operation: operation.into(), key: key.into(), count };
        // Nobody listening is the usual case.
        drop(self.shared.changes.send(effect));
    }

    /// How often this really happened to this key.
    pub fn effects(&self, system: &str, operation: &str, key: &str) -> u64 {
        let entry = (system.to_owned(), operation.to_owned(), key.to_owned());
        self.state().effects.get(&entry).copied().unwrap_or(0)
    }

    /// Everything that really happened, in order of name.
    pub fn all_effects(&self) -> Vec<Effect> {
        let name = |((system, operation, key), count): (&(String, String, String), &u64)| Effect {
            system: system.clone(),
            operation: operation.clone(),
            key: key.clone(),
            count: *count,
        };
        self.state().effects.iter().map(name).collect()
    }

    /// How often each operation really happened, by `system.operation`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::testing::fault::{Fault, FaultOrder, Faults};
    ///
    /// let faults = Faults::new();
    /// faults.push_times("teams", "send", Fault::FailBefore(503), 2);
    /// faults.always("graph", "groups", Fault::Reset);
    /// faults.order(FaultOrder::new("edr", "isolate", Fault::Html200).always());
    /// faults.order(FaultOrder::new("itsm", "create", Fault::Reset).lasting(Duration::from_secs(60)));
    /// for system in ["graph", "edr", "itsm"] {
    ///     faults.clear_system(system);
    /// }
    /// assert!(faults.next("teams", "send").is_some());
    /// assert!(faults.next("graph", "groups").is_none());
    ///
    /// let mut seen = faults.on_change();
    /// faults.record("teams", "send", "19:soc@thread.tacv2");
    /// assert_eq!(seen.try_recv()?.count, 1);
    /// assert_eq!(faults.totals()["teams.send"], 1);
    /// assert_eq!(faults.all_effects()[0].key, "19:soc@thread.tacv2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn totals(&self) -> BTreeMap<String, u64> {
        let mut totals = BTreeMap::new();
        for ((system, operation, _), count) in &self.state().effects {
            *totals.entry(format!("{system}.{operation}")).or_insert(0) += count;
        }
        totals
    }

    /// How often this operation was asked for, whatever came of it.
    pub fn calls(&self, system: &str, operation: &str) -> u64 {
        self.state().calls.get(&(system.to_owned(), operation.to_owned())).copied().unwrap_or(0)
    }

    /// What happens from now on, as it happens.
    pub fn on_change(&self) -> broadcast::Receiver<Effect> {
        self.shared.changes.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn any() -> String {
    ANY.to_owned()
}

fn take(queue: &mut VecDeque<Entry>, now: Instant) -> Option<Fault> {
    queue.retain(|entry| entry.left != Some(0) && entry.until.is_none_or(|until| now < until));
    let entry = queue.front_mut()?;
    if let Some(left) = &mut entry.left {
        *left -= 1;
    }
    Some(entry.fault.clone())
}

async fn suffer<F>(fault: Fault, effect: F) -> FakeResponse
where
    F: Future<Output = FakeResponse>,
{
    match fault {
        Fault::Delay(time) => {
            let answer = effect.await;
            tokio::time::sleep(time).await;
            answer
        }
        Fault::Status { code, retry_after } => {
            let error =
                serde_json::json!({"error": {"code": "Fault", "message": "A scripted fault"}});
            let answer = FakeResponse::json(code, &error);
            match retry_after {
                Some(seconds) => answer.header("retry-after", seconds.to_string()),
                None => answer,
            }
        }
        Fault::FailBefore(code) => gateway_page(code),
        Fault::FailAfter(code) => {
            effect.await;
            gateway_page(code)
        }
        Fault::LoseResponse => {
            effect.await;
            FakeResponse::lost()
        }
        Fault::Reset => FakeResponse::reset(),
        Fault::Html200 => gateway_page(200),
        Fault::Body(body) => effect.await.body(body),
    }
}

fn gateway_page(code: u16) -> FakeResponse {
    FakeResponse::html(code, "<!doctype html><title>Gateway</title><p>Please come back later.</p>")
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn brew(faults: &Faults) -> FakeResponse {
        faults
            .around("tea", "brew", async {
                faults.record("tea", "brew", "pot");
                FakeResponse::status(201)
            })
            .await
    }

    #[tokio::test]
    async fn each_fault_answers_and_takes_effect_as_it_says() {
        let table = [
            (r#"{"delay_ms":0}"#, FakeResponse::status(201), 1),
            (r#"{"fail_before":503}"#, gateway_page(503), 0),
            (r#"{"fail_after":503}"#, gateway_page(503), 1),
            (r#""lose_response""#, FakeResponse::lost(), 1),
            (r#""reset""#, FakeResponse::reset(), 0),
            (r#""html200""#, gateway_page(200), 0),
            (r#"{"body":"{}"}"#, FakeResponse::status(201).body("{}"), 1),
        ];
        for (json, answer, effects) in table {
            let faults = Faults::new();
            let fault: Fault = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&fault).unwrap(), json);
            faults.push("tea", "brew", fault);
            assert_eq!(brew(&faults).await, answer, "{json}");
            assert_eq!(faults.effects("tea", "brew", "pot"), effects, "{json}");
            assert_eq!(brew(&faults).await, FakeResponse::status(201), "{json}: only once");
            assert_eq!(faults.calls("tea", "brew"), 2);
        }
    }

    #[tokio::test]
    async fn status_carries_retry_after_and_has_no_effect() {
        let faults = Faults::new();
        faults.push("tea", "brew", Fault::Status { code: 429, retry_after: Some(7) });
        let answer = format!("{:?}", brew(&faults).await);
        assert!(answer.contains("429") && answer.contains(r#"("retry-after", "7")"#), "{answer}");
        assert_eq!(faults.totals(), BTreeMap::new());
    }

    #[test]
    fn scripts_run_in_order_and_end() {
        let order = |json: &str| serde_json::from_str::<FaultOrder>(json).unwrap();
        let faults = Faults::new();
        faults.order(order(r#"{"system":"tea","operation":"brew","fault":"Reset","count":2}"#));
        faults
            .order(order(r#"{"system":"tea","operation":"brew","fault":"html200","always":true}"#));
        faults.order(order(r#"{"system":"cup","fault":{"fail_before":500},"for_ms":1000}"#));

        let brewed: Vec<_> = (0..4).map(|_| faults.next("tea", "brew")).collect();
        let reset = Some(Fault::Reset);
        assert_eq!(brewed, [reset.clone(), reset, Some(Fault::Html200), Some(Fault::Html200)]);
        assert_eq!(faults.next("tea", "pour"), None);
        assert_eq!(faults.next("cup", "any"), Some(Fault::FailBefore(500)));
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(faults.next_at(later, "cup", "any"), None);
        faults.clear();
        assert_eq!(faults.next("tea", "brew"), None);
    }

    #[test]
    fn misspelt_orders_are_refused() {
        for json in [
            r#"{"system":"tea","fault":"resset"}"#,
            r#"{"system":"tea","fault":"reset","cuont":2}"#,
            r#"{"fault":"reset"}"#,
        ] {
            assert!(serde_json::from_str::<FaultOrder>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn changes_are_broadcast_with_their_count() {
        let faults = Faults::new();
        let mut changes = faults.on_change();
        faults.record("tea", "brew", "pot");
        faults.clone().record("tea", "brew", "pot");
        let counts = [changes.try_recv().unwrap().count, changes.try_recv().unwrap().count];
        assert_eq!(counts, [1, 2]);
        assert_eq!(faults.totals(), BTreeMap::from([("tea.brew".to_owned(), 2)]));
        assert_eq!(faults.all_effects().len(), 1);
    }
}
