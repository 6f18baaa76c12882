//! The systems in which Argus does something: an EDR and an ITSM. They count what was really done,
//! and ask the disk whether it may be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_reference_bot::ports::connector::{Connector, Order, Preview};
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::{Action, Permit};
use async_trait::async_trait;
use tokio::time::Instant;

use crate::auditor::Auditor;
use crate::far::{Fate, Way};
use crate::people::People;
use crate::plant::Plant;
use crate::stage::{Stage, locked};

/// What was done far away.
#[derive(Debug, Default)]
pub struct Deeds {
    actions: Vec<MachineAction>,
    tickets: Vec<Ticket>,
    /// How often the order with this key was carried out.
    done: BTreeMap<String, u64>,
    late: Vec<(Instant, Deed)>,
}

#[derive(Clone, Debug)]
struct MachineAction {
    id: String,
    machine: String,
    kind: String,
    key: Option<String>,
    ends_at: Instant,
    ends_well: bool,
}

#[derive(Clone, Debug)]
struct Ticket {
    number: String,
    correlation: String,
}

#[derive(Clone, Debug)]
enum Deed {
    Action(MachineAction),
    Ticket(Ticket, String),
}

impl MachineAction {
    fn is_under_way(&self) -> bool {
        Instant::now() < self.ends_at
    }

    /// Whether it is the state of the machine, or will be.
    fn counts(&self) -> bool {
        self.is_under_way() || self.ends_well
    }
}

impl Deeds {
    /// Somebody else cuts a machine off, or lets it back.
    pub fn foreign(&mut self, stage: &Stage, machine: &str, kind: &str) {
        self.arrive_late(stage);
        let id = format!("foreign-{}", self.actions.len());
        stage.say("edr", &format!("{id}: somebody else orders {kind} of {machine}"));
        let ends_at = Instant::now() + Duration::from_secs(8);
        let (machine, kind) = (machine.to_owned(), kind.to_owned());
        let foreign = MachineAction { id, machine, kind, key: None, ends_at, ends_well: true };
        self.actions.push(foreign);
    }

    /// The process died; what it had sent arrives soon.
    pub fn crash(&mut self, way: &Way) {
        self.late.iter_mut().for_each(|it| it.0 = way.orphaned(it.0));
    }

    fn arrive_late(&mut self, stage: &Stage) {
        let now = Instant::now();
        while let Some(at) = self.late.iter().position(|it| it.0 <= now) {
            let (_, deed) = self.late.remove(at);
            self.carry_out(stage, deed);
        }
    }

    /// Does it, and counts. Says whether something of its kind is under way already.
    fn carry_out(&mut self, stage: &Stage, deed: Deed) -> bool {
        let key = match deed {
            Deed::Action(action) => {
                let same = |it: &&MachineAction| it.machine == action.machine;
                if self.actions.iter().filter(same).any(MachineAction::is_under_way) {
                    return false;
                }
                let last = self.actions.iter().rfind(|it| same(it) && it.counts());
                let stands = last.is_some_and(|it| it.kind == action.kind && it.key.is_some());
                if stands && last.is_some_and(|it| it.key != action.key) {
                    let what =
                        format!("{} of {} again, and it stands", action.kind, action.machine);
                    stage.broke("I3", what);
                }
                let key = action.key.clone().unwrap_or_default();
                stage.say("edr", &format!("{}: {} of {}", action.id, action.kind, action.machine));
                self.actions.push(action);
                key
            }
            Deed::Ticket(ticket, key) => {
                stage.say("itsm", &format!("{} for {}", ticket.number, ticket.correlation));
                if self.tickets.iter().any(|it| it.correlation == ticket.correlation) {
                    stage.broke("I3", format!("a second ticket for {}", ticket.correlation));
                }
                self.tickets.push(ticket);
                key
            }
        };
        let done = self.done.entry(key.clone()).or_default();
        *done += 1;
        if *done > 1 {
            stage.broke("I3", format!("the order {key} was carried out {done} times"));
        }
        true
    }
}

/// The connectors as one life uses them.
#[derive(Clone, Debug)]
pub struct Far {
    /// The stage.
    pub stage: Arc<Stage>,
    /// What was done.
    pub deeds: Arc<Mutex<Deeds>>,
    /// What the disk says.
    pub auditor: Arc<Auditor>,
    /// Who may do what.
    pub people: Arc<People>,
    /// The way there.
    pub way: Arc<Way>,
    /// The life.
    pub life: u64,
}

impl Far {
    /// Nothing is done without a durable intent, and without those who had to agree.
    fn may(&self, key: &str) {
        match self.auditor.intent(key) {
            Err(why) => self.stage.broke("I4", format!("the order {key} was sent, but {why}")),
            Ok(intent) => {
                for person in &intent.people {
                    if let Err(why) = self.people.was_allowed(person) {
                        self.stage.broke("I4", format!("{}: {person} {why}", intent.run));
                    }
                }
            }
        }
    }

    /// A permit is for the very order that it comes with.
    fn permitted(&self, permit: &Permit, order: &Order) {
        let permitted = matches!(
            permit.action(),
            Action::Act { incident, action, target }
                if *incident == order.about.incident
                    && *action == order.action
                    && *target == order.target.value
        );
        if !permitted {
            let what = format!("{} of {} is not permitted", order.action, order.target.value);
            self.stage.broke("I4", what);
        }
    }

    async fn order(&self, key: &str, deed: impl Fn(&Self) -> Deed + Send) -> (Fate, bool) {
        self.may(key);
        let fate = self.way.fate(&self.stage);
        self.way.there(&self.stage, self.life).await;
        let mut taken = true;
        {
            let mut deeds = locked(&self.deeds);
            deeds.arrive_late(&self.stage);
            if fate == Fate::Late {
                deeds.late.push((self.way.late(), deed(self)));
            } else if fate.arrives() {
                taken = deeds.carry_out(&self.stage, deed(self));
                if self.stage.plant == Some(Plant::OrderTwice) && fate == Fate::ResetAfter {
                    deeds.carry_out(&self.stage, deed(self));
                }
            }
        }
        self.way.back(&self.stage, self.life, fate).await;
        locked(&self.deeds).arrive_late(&self.stage);
        self.stage.say("far", &format!("{key} ends as {fate:?}"));
        (fate, taken)
    }

    /// A look at the far side; `None` if it does not say.
    async fn look<T>(&self, look: impl FnOnce(&Deeds) -> T + Send) -> Option<T> {
        let fate = self.way.fate(&self.stage);
        self.way.there(&self.stage, self.life).await;
        let seen = {
            let mut deeds = locked(&self.deeds);
            deeds.arrive_late(&self.stage);
            look(&deeds)
        };
        self.way.back(&self.stage, self.life, fate).await;
        matches!(fate, Fate::Fine | Fate::Slow).then_some(seen)
    }

    fn is_blind(&self) -> bool {
        self.stage.plant == Some(Plant::BlindResend)
    }
}

/// What a connector makes of a fate; `remote` is the id in the answer.
fn outcome(fate: Fate, remote: String, detail: Option<String>) -> Outcome {
    let unsettled = |why: &str| Outcome::Unsettled { why: why.into() };
    match fate {
        Fate::Fine | Fate::Slow => Outcome::Accepted { remote, detail },
        Fate::NotSent => Outcome::NotYet { why: "no connection".into(), retry_after_ms: 2_000 },
        Fate::Throttled(wait) => {
            let retry_after_ms = wait.unwrap_or(20) * 1_000;
            Outcome::NotYet { why: "too many".into(), retry_after_ms }
        }
        Fate::Unauthorised | Fate::Precondition | Fate::Gone | Fate::TooBig | Fate::Refused => {
            Outcome::Failed { why: format!("{fate:?}") }
        }
        Fate::Garbage | Fate::NoId => unsettled("it answered something else"),
        _ => unsettled("the answer was lost"),
    }
}

/// The EDR.
#[derive(Debug)]
pub struct Defender(pub Far);

impl Defender {
    async fn act(&self, permit: Permit, order: &Order) -> Outcome {
        let kind = kind_of(order.action);
        self.0.permitted(&permit, order);
        let Some(machine) = machine(order) else {
            return Outcome::Failed { why: "no machine".into() };
        };
        let id = format!("a-{}", self.0.way.chance().between(100_000, 999_999));
        let ends_in = Duration::from_millis(self.0.way.chance().between(100, 15_000));
        let ends_well = self.0.stage.is_calm() || !self.0.way.chance().permille(40);
        let make = |_: &Far| {
            Deed::Action(MachineAction {
                id: id.clone(),
                machine: machine.clone(),
                kind: kind.to_owned(),
                key: Some(order.key.clone()),
                ends_at: Instant::now() + ends_in,
                ends_well,
            })
        };
        let (fate, taken) = self.0.order(&order.key, make).await;
        if !taken {
            return Outcome::Unsettled { why: "an order for this machine is under way".into() };
        }
        outcome(fate, id, None)
    }
}

fn machine(order: &Order) -> Option<String> {
    order.target.ids.get("mde_device_id").cloned()
}

fn kind_of(action: ActionKind) -> &'static str {
    if action == ActionKind::IsolateHost { "Isolate" } else { "Unisolate" }
}

#[async_trait]
impl Connector for Defender {
    fn name(&self) -> &'static str {
        "defender"
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::IsolateHost, ActionKind::ReleaseHost]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        machine(order).map(|it| shown(&it)).ok_or_else(|| "no machine".into())
    }

    async fn send(&self, permit: Permit, order: &Order) -> Outcome {
        self.act(permit, order).await
    }

    async fn probe(&self, order: &Order) -> Probe {
        if self.0.is_blind() {
            return Probe::NotFound;
        }
        let (Some(machine), kind) = (machine(order), kind_of(order.action)) else {
            return Probe::NotFound;
        };
        let found = self.0.look(|deeds| {
            let fits = |it: &&MachineAction| it.machine == machine && it.kind == kind;
            let ours = deeds.actions.iter().filter(fits);
            if let Some(it) = ours.clone().rfind(|it| it.key.as_ref() == Some(&order.key)) {
                return Probe::Found { remote: it.id.clone(), detail: None };
            }
            match ours.clone().find(|it| it.is_under_way()) {
                Some(it) => Probe::FoundForeign { remote: it.id.clone(), by: "somebody".into() },
                None => Probe::NotFound,
            }
        });
        found.await.unwrap_or_else(|| Probe::Unknown { why: "it does not say".into() })
    }

    async fn stands(&self, order: &Order) -> Option<bool> {
        let machine = machine(order)?;
        let last = self.0.look(|deeds| {
            let last = deeds.actions.iter().rfind(|it| it.machine == machine && it.counts());
            last.is_some_and(|it| it.kind == kind_of(order.action))
        });
        last.await
    }

    async fn progress(&self, _: &Order, remote: &str) -> Progress {
        let found = self.0.look(|deeds| {
            let action = deeds.actions.iter().find(|it| it.id == remote);
            action.map(|it| (it.is_under_way(), it.ends_well))
        });
        match found.await {
            Some(Some((false, true))) => Progress::Done,
            Some(Some((false, false))) => Progress::Failed { why: "it failed there".into() },
            _ => Progress::Pending,
        }
    }

    async fn ping(&self) -> Result<(), String> {
        Ok(())
    }
}

fn shown(what: &str) -> Preview {
    Preview { method: "POST".into(), url: format!("https://far.example/{what}"), body: None }
}

/// The ITSM.
#[derive(Debug)]
pub struct ServiceNow(pub Far);

#[async_trait]
impl Connector for ServiceNow {
    fn name(&self) -> &'static str {
        "servicenow"
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::CreateTicket]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        Ok(shown(&order.about.incident))
    }

    async fn send(&self, permit: Permit, order: &Order) -> Outcome {
        self.0.permitted(&permit, order);
        let number = format!("INC{}", self.0.way.chance().between(1_000_000, 9_999_999));
        let make = |_: &Far| {
            let (number, correlation) = (number.clone(), order.about.incident.clone());
            Deed::Ticket(Ticket { number, correlation }, order.key.clone())
        };
        let (fate, _) = self.0.order(&order.key, make).await;
        outcome(fate, format!("sys-{number}"), Some(number))
    }

    async fn probe(&self, order: &Order) -> Probe {
        if self.0.is_blind() {
            return Probe::NotFound;
        }
        let found = self.0.look(|deeds| {
            let ticket = deeds.tickets.iter().find(|it| it.correlation == order.about.incident);
            ticket.map_or(Probe::NotFound, |it| Probe::Found {
                remote: format!("sys-{}", it.number),
                detail: Some(it.number.clone()),
            })
        });
        found.await.unwrap_or_else(|| Probe::Unknown { why: "it does not say".into() })
    }

    async fn ping(&self) -> Result<(), String> {
        Ok(())
    }
}
