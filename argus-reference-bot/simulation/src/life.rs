//! One life of the process: from what the disk has, to the next crash.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_cards::Library;
use argus_cards::source::Memory as Templates;
use argus_reference_bot::adapters::memory::{Memory, Record};
use argus_reference_bot::buttons::Buttons;
use argus_reference_bot::config::{Approvals, ConfigError, Rbac, Role, Route, RouteTo};
use argus_reference_bot::flows::access::Access;
use argus_reference_bot::flows::connectors::Connectors;
use argus_reference_bot::flows::enrich::{Asking, Knowledge, Late, Patience};
use argus_reference_bot::flows::execute::execute;
use argus_reference_bot::flows::notify::notify;
use argus_reference_bot::flows::place::place;
use argus_reference_bot::flows::playbooks::Playbooks;
use argus_reference_bot::flows::sources::{Source, Sources};
use argus_reference_bot::flows::{Needs, Soc};
use argus_reference_bot::ports::ledger::{Batch, LedgerError};
use argus_reference_bot::routes::Routes;
use argus_soc::event::{Claims, Shape};
use argus_soc::ledger::fact::{Actor, What};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::auditor::Auditor;
use crate::chance::Chance;
use crate::disk::{Device, Disk, End};
use crate::effects::{Deeds, Defender, Far, ServiceNow};
use crate::far::Way;
use crate::people::{ENGINEERS, Lookups, People, TENANT};
use crate::stage::{Stage, locked};
use crate::teams::{SERVICE, Teams, ToTeams};

/// The template of an incident's card. It says of itself what an observer has to know.
pub const ALERT: &str = r#"{"type": "AdaptiveCard", "version": "1.5",
  "speak": "${incident.key} card ${incident.version} ${count(notices)}",
  "body": [{"type": "TextBlock", "wrap": true, "text": "${incident.title}"}],
  "actions": [{"$data": "${actions}", "type": "Action.Execute", "title": "${title}",
    "verb": "${verb}", "data": "${data}"}]}"#;

/// The template of a request for approval, which is known by its digest.
pub const APPROVAL: &str = r#"{"type": "AdaptiveCard", "version": "1.5",
  "speak": "${incident.key} ${request.digest} ${incident.version} 0",
  "body": [{"type": "TextBlock", "wrap": true, "text": "${request.status_label}"}],
  "actions": [{"$data": "${actions}", "type": "Action.Execute", "title": "${title}",
    "verb": "${verb}", "data": "${data}"}]}"#;

/// The template of what Argus says about itself.
const BULLETIN: &str = r#"{"type": "AdaptiveCard", "version": "1.5", "speak": "bulletin",
  "body": [{"type": "TextBlock", "wrap": true, "text": "${title}"}]}"#;

/// What starts by itself, and what asks people first. `VERSION` differs from start to start.
const PLAYBOOKS: [&str; 2] = [
    r#"
playbook: {id: auto-isolate, name: Isolate, version: "VERSION", owner: soc}
triggers: [{event_type: malware, severity: [critical]}]
conditions: {risk_threshold: 10}
actions:
  - {id: isolate, type: isolate_host, target: "{{ entity.host }}", rollback: {id: release, type: release_host}}
execution: {retry_policy: {max_attempts: 4, backoff_ms: 1000}}
"#,
    r#"
playbook: {id: isolate-and-tell, name: Isolate and tell, version: "VERSION", owner: soc}
triggers: [{event_type: ransomware}]
conditions: {risk_threshold: 10}
actions:
  - {id: isolate, type: isolate_host, target: "{{ entity.host }}", rollback: {id: release, type: release_host}}
  - id: ticket
    type: create_ticket
    target: "{{ entity.value }}"
    needs: [isolate]
    on_error: compensate
    rollback: none # a ticket is closed by people
execution: {retry_policy: {max_attempts: 3, backoff_ms: 1000}}
"#,
];

/// The wall clock as a port.
#[derive(Debug)]
struct Hands(Arc<Stage>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

/// Everything outside the process.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The stage.
    pub stage: Arc<Stage>,
    /// The disk.
    pub disk: Arc<Mutex<Disk>>,
    /// Its faults.
    pub disk_chance: Arc<Chance>,
    /// What it has said.
    pub auditor: Arc<Auditor>,
    /// Teams.
    pub teams: Arc<Mutex<Teams>>,
    /// What was done.
    pub deeds: Arc<Mutex<Deeds>>,
    /// The people.
    pub people: Arc<People>,
    /// The ways to Teams, to the EDR, to the ITSM, and to the directory.
    pub ways: [Arc<Way>; 4],
    /// The files of the templates.
    pub templates: Templates,
    /// The templates in use, which a real process keeps on its disk.
    pub library: Arc<Library>,
}

impl Outside {
    /// A new world.
    pub fn new(seed: u64, stage: Arc<Stage>) -> Self {
        let way = |name| Arc::new(Way::new(seed, name));
        let templates = Templates::new([
            ("alert.card.json", ALERT),
            ("approval.card.json", APPROVAL),
            ("bulletin.card.json", BULLETIN),
        ]);
        let (library, refused) = Library::of(templates.clone());
        if let Some(refused) = refused.first() {
            stage.broke("world", refused.to_string());
        }
        Self {
            stage,
            disk: Arc::default(),
            disk_chance: Arc::new(Chance::new(seed, "disk")),
            auditor: Arc::default(),
            teams: Arc::default(),
            deeds: Arc::default(),
            people: Arc::default(),
            ways: [way("teams"), way("edr"), way("itsm"), way("directory")],
            templates,
            library: Arc::new(library),
        }
    }

    /// The process has died.
    pub fn crash(&self, end: End) {
        locked(&self.disk).crash(end, &self.disk_chance);
        let [to_teams, to_edr, ..] = &self.ways;
        locked(&self.teams).crash(to_teams);
        locked(&self.deeds).crash(to_edr);
    }
}

/// A process that runs.
#[derive(Debug)]
pub struct Life {
    /// Its number.
    pub number: u64,
    /// What it acts on.
    pub soc: Arc<Soc>,
    /// Tells it to stop.
    pub halt: watch::Sender<bool>,
    /// What it does.
    pub work: JoinSet<()>,
}

/// Why a process does not start.
#[derive(Debug)]
pub enum NotStarted {
    /// The store refuses what it finds.
    Store(LedgerError),
    /// The world is not set up right.
    Config(ConfigError),
}

impl From<ConfigError> for NotStarted {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl Life {
    /// Starts the process on these records.
    ///
    /// # Errors
    ///
    /// [`NotStarted`].
    pub fn begin(outside: &Outside, number: u64, records: Vec<Record>) -> Result<Self, NotStarted> {
        let soc = Arc::new(soc(outside, number, records)?);
        let (halt, halted) = watch::channel(false);
        let mut work = JoinSet::new();
        let starting = Arc::clone(&soc);
        work.spawn(async move {
            let what = What::Started { version: "simulated".into() };
            let started = starting.fact(Actor::service("argus"), "start", what);
            // What cannot be written now is not missed: nothing depends on it.
            drop(starting.ledger.append(Batch::one(started)).await);
        });
        work.spawn(place(Arc::clone(&soc), halted.clone()));
        work.spawn(notify(Arc::clone(&soc), halted.clone()));
        work.spawn(execute(Arc::clone(&soc), halted));
        Ok(Self { number, soc, halt, work })
    }
}

fn soc(outside: &Outside, life: u64, records: Vec<Record>) -> Result<Soc, NotStarted> {
    let Outside { stage, disk, disk_chance, auditor, teams, deeds, people, ways, library, .. } =
        outside;
    let [to_teams, to_edr, to_itsm, to_directory] = ways.each_ref().map(Arc::clone);
    let device = Device::new(
        Arc::clone(stage),
        Arc::clone(disk),
        Arc::clone(auditor),
        Arc::clone(disk_chance),
        life,
    );
    let ledger = Memory::open(Arc::new(device), records).map_err(NotStarted::Store)?;
    let far = |way| Far {
        stage: Arc::clone(stage),
        deeds: Arc::clone(deeds),
        auditor: Arc::clone(auditor),
        people: Arc::clone(people),
        way,
        life,
    };
    let lookups =
        Lookups { stage: Arc::clone(stage), people: Arc::clone(people), way: to_directory, life };
    let clock: Arc<dyn Clock> = Arc::new(Hands(Arc::clone(stage)));
    let patience = Patience::default();
    let knowledge = Knowledge {
        intel: vec![Asking::new(Arc::new(lookups.clone()), patience, Arc::clone(&clock))],
        asset: vec![Asking::new(Arc::new(lookups.clone()), patience, Arc::clone(&clock))],
        deadline: Duration::from_mins(1),
        clock: Arc::clone(&clock),
        late: Late::default(),
    };
    let needs = Needs {
        ledger: Arc::new(ledger),
        clock,
        connector: Arc::new(ToTeams::new(Arc::clone(stage), Arc::clone(teams), to_teams, life)),
        access: Access::new(TENANT, &rbac(), Arc::new(lookups))?,
        knowledge: Arc::new(knowledge),
        templates: Arc::clone(library),
        playbooks: playbooks(life)?,
        buttons: Buttons::new("a secret of the simulator"),
    };
    Ok(Soc {
        connectors: Connectors::of([
            Arc::new(Defender(far(to_edr))) as _,
            Arc::new(ServiceNow(far(to_itsm))) as _,
        ]),
        routes: Routes::compile(&routes())?,
        default_service_url: SERVICE.into(),
        sources: sources(),
        // A reminder shows the same card once more; here that would look like one too many.
        approvals: Approvals { remind_secs: Some(0), ..Approvals::default() },
        ..Soc::new(needs)
    })
}

fn sources() -> Sources {
    let edr = Source::new(Claims::default(), None).shaped(Shape::Generic);
    Sources::new([("edr".to_owned(), edr)].into(), 1 << 20)
}

fn rbac() -> Rbac {
    let engineers = Role { groups: vec![ENGINEERS.into()], ..Role::default() };
    Rbac { roles: [("soc_engineer".to_owned(), engineers)].into(), ..Rbac::default() }
}

fn routes() -> [Route; 2] {
    let route = |when: Option<&str>, conversation: &str| Route {
        when: when.map(str::to_owned),
        to: RouteTo { conversation: conversation.into(), service_url: None },
    };
    [route(Some("severity == 'critical'"), "19:urgent@thread"), route(None, "19:soc@thread")]
}

/// Somebody changes the playbooks from start to start, also while approvals are open.
fn playbooks(life: u64) -> Result<Playbooks, ConfigError> {
    let version = format!("1.0.{}", life.div_ceil(2));
    let texts = PLAYBOOKS
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("{at}.yaml"), text.replace("VERSION", &version)));
    Playbooks::of(&texts.collect::<Vec<_>>())
}
