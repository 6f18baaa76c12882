//! A small world for the tests of flows: replicas on one store in memory, a Teams that answers as it
//! is told, and an ITSM that counts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::connector::{
    CreatedConversation, NewConversation, SendError, SendErrorKind, Sent,
};
use argus_bot_sdk::{Activity, Connector, ConversationRef, SystemClock};
use argus_cards::Library;
use argus_cards::source::Memory as Templates;
use argus_soc::effect::{Outcome, Probe};
use argus_soc::enrich::Asset;
use argus_soc::event::{Entity, Shape};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::access::{Access, Person};
use super::connectors::Connectors;
use super::enrich::{Asking, Knowledge, Patience};
use super::playbooks::Playbooks;
use super::{Needs, Soc};
use crate::adapters::memory::Memory;
use crate::buttons::Buttons;
use crate::config::{Rbac, Role, Route, RouteTo};
use crate::ports::connector::{Connector as Doing, Order, Preview};
use crate::ports::directory::{Directory, DirectoryError};
use crate::ports::knowledge::{Finding, Reach, Silent, Source};
use crate::ports::ledger::Receipt;
use crate::routes::Routes;

/// The conversation that takes every incident.
pub(super) const SOC: &str = "19:soc@thread";
const TENANT: &str = "home";

/// What replicas share.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) ledger: Arc<Memory>,
    pub(super) teams: Arc<Teams>,
    pub(super) tickets: Arc<Tickets>,
    pub(super) hosts: Arc<Hosts>,
    /// Who is in the group `leads` now.
    pub(super) leads: Arc<Mutex<Vec<String>>>,
    /// How many assets the inventory counts of any class; 0 if it cannot.
    pub(super) fleet: Arc<AtomicU64>,
}

impl World {
    /// A replica with these playbooks, and no templates: cards are in their plain form.
    pub(super) fn soc(&self, playbooks: &[&str]) -> Soc {
        let named = |text: &&str| ("test.yaml".to_owned(), (*text).to_owned());
        let playbooks: Vec<_> = playbooks.iter().map(named).collect();
        let engineers = Role { groups: vec!["engineers".into()], ..Role::default() };
        let roles = BTreeMap::from([("soc_engineer".to_owned(), engineers)]);
        let rbac = Rbac { roles, ..Rbac::default() };
        let asset = Inventory(Arc::clone(&self.fleet));
        let asset = Asking::new(Arc::new(asset), Patience::default(), Arc::new(SystemClock));
        let deadline = Duration::from_secs(5);
        let knowledge = Knowledge { asset: vec![asset], deadline, ..Knowledge::default() };
        let needs = Needs {
            ledger: Arc::clone(&self.ledger) as _,
            clock: Arc::new(SystemClock),
            connector: Arc::clone(&self.teams) as _,
            access: Access::new(TENANT, &rbac, Arc::new(Engineers(Arc::clone(&self.leads))))
                .expect("roles"),
            knowledge: Arc::new(knowledge),
            templates: Arc::new(Library::of(Templates::new::<&str, &str>([])).0),
            playbooks: Playbooks::of(&playbooks).expect("playbooks"),
            buttons: Buttons::new("a secret of the tests"),
        };
        let to = RouteTo { conversation: SOC.into(), service_url: None };
        Soc {
            connectors: Connectors::of([
                Arc::clone(&self.tickets) as _,
                Arc::clone(&self.hosts) as _,
            ]),
            routes: Routes::compile(&[Route { when: None, to }]).expect("routes"),
            ..Soc::new(needs)
        }
    }
}

/// An engineer, who may do everything.
pub(super) fn ann() -> Person {
    Person { tenant: TENANT.into(), object_id: "ann".into(), name: None }
}

/// Sends event `n` to a replica.
pub(super) async fn receive(soc: &Soc, n: u64) -> Receipt {
    let event = json!({
        "id": format!("e-{n}"), "source": "edr", "event_type": format!("scan-{n}"),
        "severity": "high", "entity_type": "host", "entity_value": format!("ws-{n}"),
        "title": "A scan",
    });
    let raw = event.to_string().into();
    let taken = soc.receive("edr", Shape::Generic, None, raw, "c".into()).await;
    taken.expect("an event that is taken")
}

/// Places what was received.
pub(super) async fn place(soc: &Soc) {
    soc.triage().await.expect("events are placed");
}

/// Waits until something is there.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Everybody is an engineer, and some are leads.
#[derive(Debug)]
struct Engineers(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Directory for Engineers {
    async fn groups_of(&self, who: &str, of: &[String]) -> Result<Vec<String>, DirectoryError> {
        let leads = self.0.lock().expect("leads");
        let is_in = |group: &&String| *group != "leads" || leads.iter().any(|lead| lead == who);
        Ok(of.iter().filter(is_in).cloned().collect())
    }
}

/// Knows everything, and that nothing depends on it.
#[derive(Debug)]
struct Inventory(Arc<AtomicU64>);

#[async_trait]
impl Source<Asset> for Inventory {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn covers(&self, _: &Entity) -> bool {
        true
    }

    fn of_class(&self, _: &str) -> Option<u64> {
        Some(self.0.load(Relaxed)).filter(|it| *it > 0)
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Asset>, Silent> {
        Ok(Finding::of(Asset { name: entity.value.clone(), ..Asset::default() }))
    }
}

/// An ITSM that counts.
#[derive(Debug, Default)]
pub(super) struct Tickets(AtomicU64);

impl Tickets {
    pub(super) fn made(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[async_trait]
impl Doing for Tickets {
    fn name(&self) -> &'static str {
        "servicenow"
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::CreateTicket]
    }

    fn preview(&self, _: &Order) -> Result<Preview, String> {
        Ok(Preview { method: "POST".into(), url: "https://itsm.example/".into(), body: None })
    }

    async fn send(&self, _: Permit, _: &Order) -> Outcome {
        let number = self.0.fetch_add(1, Relaxed).to_string();
        Outcome::Accepted { remote: number.clone(), detail: Some(number) }
    }

    async fn probe(&self, _: &Order) -> Probe {
        Probe::NotFound
    }

    async fn ping(&self) -> Result<(), String> {
        Ok(())
    }
}

/// An EDR that writes down what it did, in order.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<Vec<String>>);

impl Hosts {
    pub(super) fn did(&self) -> Vec<String> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

#[async_trait]
impl Doing for Hosts {
    fn name(&self) -> &'static str {
        "edr"
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::IsolateHost, ActionKind::ReleaseHost]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let url = format!("https://edr.example/{}", order.target.value);
        Ok(Preview { method: "POST".into(), url, body: None })
    }

    async fn send(&self, _: Permit, order: &Order) -> Outcome {
        let how = order.text("isolation_type").map(|it| format!(" {it}")).unwrap_or_default();
        let deed = format!("{} {}{how}", order.action, order.target.value);
        self.0.lock().expect("nobody panicked").push(deed);
        Outcome::Accepted { remote: order.key.clone(), detail: None }
    }

    async fn probe(&self, _: &Order) -> Probe {
        Probe::NotFound
    }

    async fn ping(&self) -> Result<(), String> {
        Ok(())
    }
}

/// What Teams was asked: `Some` id for an update, and the activity.
type Asked = (Option<String>, Value);

/// A Teams that says what it is told, and takes everything else.
#[derive(Debug, Default)]
pub(super) struct Teams {
    says: Mutex<VecDeque<Result<Option<&'static str>, SendError>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Teams {
    /// What it says next: the id of the message, none, or an error.
    pub(super) fn say(&self, says: Result<Option<&'static str>, SendError>) {
        self.says.lock().expect("nobody panicked").push_back(says);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panicked").clone()
    }

    fn answer(&self, id: Option<&str>, activity: &Activity) -> Result<Sent, SendError> {
        let mut asked = self.asked.lock().expect("nobody panicked");
        asked.push((id.map(str::to_owned), serde_json::to_value(activity).expect("JSON")));
        let number = asked.len().to_string();
        let says = self.says.lock().expect("nobody panicked").pop_front();
        let id = match says {
            Some(says) => says?.map(str::to_owned),
            None => Some(number),
        };
        Ok(Sent::new(id, 200))
    }
}

#[async_trait]
impl Connector for Teams {
    async fn send(&self, _: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        self.answer(None, activity)
    }

    async fn reply(&self, _: &ConversationRef, _: &str, it: &Activity) -> Result<Sent, SendError> {
        self.answer(None, it)
    }

    async fn update(
        &self,
        _: &ConversationRef,
        id: &str,
        it: &Activity,
    ) -> Result<Sent, SendError> {
        self.answer(Some(id), it)
    }

    async fn delete(&self, _: &ConversationRef, _: &str) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn create_conversation(
        &self,
        _: &str,
        _: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }
}
