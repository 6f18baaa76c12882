//! What every open page has to know, and the pages that are open.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::channel::{Channel, text};

/// Audit lines that a snapshot carries; the trail itself stays with the bot.
const AUDIT_KEPT: usize = 500;
/// Events that may wait for a slow page before it is cut off. It reconnects and gets a snapshot.
const BACKLOG: usize = 1_024;

/// The shared state of the page's server.
#[derive(Debug)]
pub(crate) struct Hub {
    conversation: Value,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    channel: Channel,
    audit: Vec<Value>,
    audited: u64,
    effects: BTreeMap<String, u64>,
    pages: Vec<mpsc::Sender<Bytes>>,
}

impl Hub {
    pub(crate) fn new(conversation: Value) -> Self {
        Self { conversation, state: Mutex::default() }
    }

    /// Everything that a page shows: the answer of `/api/state`.
    pub(crate) fn snapshot(&self) -> Value {
        self.snapshot_of(&self.state())
    }

    /// The events from now on, after one with everything until now.
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let mut state = self.state();
        // Under the lock, so that no event falls between the snapshot and the subscription. The
        // queue is empty, so there is room.
        if sender.try_send(event("snapshot", &self.snapshot_of(&state))).is_ok() {
            state.pages.push(sender);
        }
        receiver
    }

    /// A message was written or changed.
    pub(crate) fn put(&self, activity: Value) {
        let mut state = self.state();
        let (updated, activity) = state.channel.put(activity);
        state.tell("activity", &json!({ "activity": activity, "updated": updated }));
    }

    /// A message was deleted.
    pub(crate) fn remove(&self, id: &str) {
        let mut state = self.state();
        if state.channel.remove(id) {
            state.tell("removed", &json!({ "id": id }));
        }
    }

    /// The last audit line that the pages have.
    pub(crate) fn audited(&self) -> u64 {
        self.state().audited
    }

    /// The bot wrote audit lines.
    pub(crate) fn audit(&self, lines: Vec<Value>) {
        let mut state = self.state();
        for line in lines {
            let seq = line.get("seq").and_then(Value::as_u64).unwrap_or_default();
            if seq <= state.audited {
                continue;
            }
            state.audited = seq;
            state.tell("audit", &line);
            state.audit.push(line);
        }
        let surplus = state.audit.len().saturating_sub(AUDIT_KEPT);
        state.audit.drain(..surplus);
    }

    /// The counters of the outside world, told if they changed.
    pub(crate) fn effects(&self, effects: BTreeMap<String, u64>) {
        let mut state = self.state();
        if state.effects != effects {
            state.tell("effects", &json!(effects));
            state.effects = effects;
        }
    }

    /// A line for the people in front of the page.
    pub(crate) fn say(&self, text: &str) {
        self.state().tell("status", &json!({ "text": text }));
    }

    /// A sign of life, so that proxies and pages see a broken connection.
    pub(crate) fn beat(&self) {
        self.state().send(&Bytes::from_static(b": still here\n\n"));
    }

    /// Whether a message is in the channel.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.state().channel.all().iter().any(|shown| text(shown, "id") == id)
    }

    /// The messages, oldest first.
    pub(crate) fn activities(&self) -> Vec<Value> {
        self.state().channel.all().to_vec()
    }

    fn snapshot_of(&self, state: &State) -> Value {
        json!({
            "conversation": self.conversation,
            "activities": state.channel.all(),
            "audit": state.audit,
            "effects": state.effects,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, name: &str, data: &Value) {
        self.send(&event(name, data));
    }

    /// A page that is gone or does not keep up is forgotten.
    fn send(&mut self, bytes: &Bytes) {
        self.pages.retain(|page| page.try_send(bytes.clone()).is_ok());
    }
}

/// One server-sent event. JSON has no raw line breaks, so the data is one line.
fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(page: &mut mpsc::Receiver<Bytes>) -> String {
        page.try_recv().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).unwrap_or_default()
    }

    #[test]
    fn a_page_gets_a_snapshot_and_then_what_changes() {
        let hub = Hub::new(json!({ "id": "19:c", "name": "SOC" }));
        hub.put(json!({ "id": "1", "at": "10:00" }));
        let mut page = hub.subscribe();
        assert!(next(&mut page).starts_with("event: snapshot\ndata: {\"conversation\":"));
        hub.put(json!({ "id": "1", "text": "a\nb" }));
        let changed = next(&mut page);
        assert!(changed.contains(r#""updated":true"#) && changed.contains(r"a\nb"), "{changed}");
        hub.effects(BTreeMap::from([("defender.isolate/x".to_owned(), 1)]));
        assert_eq!(next(&mut page), "event: effects\ndata: {\"defender.isolate/x\":1}\n\n");
        hub.effects(BTreeMap::from([("defender.isolate/x".to_owned(), 1)]));
        assert_eq!(next(&mut page), "", "nothing changed");
        hub.remove("1");
        assert_eq!(next(&mut page), "event: removed\ndata: {\"id\":\"1\"}\n\n");
    }

    #[test]
    fn audit_lines_come_once() {
        let hub = Hub::new(Value::Null);
        hub.audit(vec![json!({ "seq": 1 }), json!({ "seq": 2 })]);
        let mut page = hub.subscribe();
        next(&mut page);
        hub.audit(vec![json!({ "seq": 2 }), json!({ "seq": 3 })]);
        assert_eq!(next(&mut page), "event: audit\ndata: {\"seq\":3}\n\n");
        assert_eq!(next(&mut page), "");
        assert_eq!(hub.audited(), 3);
        assert_eq!(hub.snapshot()["audit"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn a_page_that_does_not_keep_up_is_cut_off() {
        let hub = Hub::new(Value::Null);
        let mut page = hub.subscribe();
        for _ in 0..=BACKLOG {
            hub.beat();
        }
        let received = std::iter::from_fn(|| page.try_recv().ok()).count();
        assert_eq!(received, BACKLOG);
        assert!(page.is_closed() || page.try_recv().is_err());
        assert!(hub.state().pages.is_empty());
    }
}
