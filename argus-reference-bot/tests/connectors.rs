//! What every connector owes, whichever system it speaks to: one list of promises, run against
//! argus-sim, which counts what was really done.

mod hostile;

use std::sync::Arc;

use argus_bot_sdk::SystemClock;
use argus_bot_sdk::auth::{ClientSecret, Secret, TokenSource};
use argus_bot_sdk::testing::fault::Fault;
use argus_reference_bot::adapters::defender::{self, Defender};
use argus_reference_bot::adapters::entra::Entra;
use argus_reference_bot::adapters::firewall::Firewall;
use argus_reference_bot::adapters::jira::Jira;
use argus_reference_bot::adapters::logic_apps::LogicApps;
use argus_reference_bot::adapters::sentinel::{self, Sentinel};
use argus_reference_bot::adapters::servicenow::ServiceNow;
use argus_reference_bot::ports::connector::{About, Connector, Order, TicketRef};
use argus_sim::{FIREWALL_TOKEN, SERVICENOW_PASSWORD, SERVICENOW_USER, Sim, SimConfig};
use argus_soc::effect::{Guarantee, Outcome, Probe, Progress};
use argus_soc::event::{EntityKind, Severity};
use argus_soc::playbook::{ActionKind, Target};
use argus_soc::policy::{Action, Permit, Policy, Principal, Standing};
use serde_json::{Value, json};

/// Azure's resource ids of the simulated subscription.
const WORKSPACE: &str = "/subscriptions/5b0c1d4e-0000-4000-8000-000000000001/resourceGroups/soc\
                         /providers/Microsoft.OperationalInsights/workspaces/fjord";
const WORKFLOW: &str = "/subscriptions/5b0c1d4e-0000-4000-8000-000000000001/resourceGroups/soc\
                        /providers/Microsoft.Logic/workflows/reset-mfa";
const INCIDENT: &str = "9f4c1c2e-6f0a-4f0e-9d3b-3a1f5f1a2b3c";
/// A machine of the simulated Defender.
const MACHINE: &str = "1a7c4e0f5b2d8369a0c4e7f1b3d59268ce01f4a7";

/// One action of one connector: which operation of the simulator it is, and with what.
struct Case {
    connector: Arc<dyn Connector>,
    action: ActionKind,
    /// System and operation, as fault scripts name them.
    far: (&'static str, &'static str),
    parameters: Value,
}

struct World {
    sim: Sim,
    cases: Vec<Case>,
}

fn permit(order: &Order) -> Permit {
    let who = Principal {
        tenant: "home".into(),
        object_id: "ann".into(),
        roles: vec!["argus_admin".into()],
        standing: Standing::Home,
    };
    let action = Action::Act {
        incident: order.about.incident.clone(),
        action: order.action,
        target: order.target.value.clone(),
    };
    Policy::default().permit(&who, action).expect("an administrator may")
}

impl World {
    async fn new() -> Self {
        let sim = Sim::start(SimConfig::default()).await.expect("a simulator");
        let url = sim.graph_url();
        let token = |scope: &str| -> Arc<dyn TokenSource> {
            let secret = Secret::new(sim.app_secret().to_owned());
            let source = ClientSecret::new(
                &sim.token_url(),
                sim.app_id(),
                secret,
                scope,
                Arc::new(SystemClock),
            );
            Arc::new(source.expect("a token source"))
        };
        let login = || {
            Some((SERVICENOW_USER.to_owned(), Secret::new(SERVICENOW_PASSWORD.to_owned()).into()))
        };
        let graph = "https://graph.microsoft.com/.default";
        let edr = Arc::new(Defender::new("defender", &url, token(defender::SCOPE)).expect("fine"));
        let entra = Arc::new(Entra::new("entra", &url, token(graph)).expect("fine"));
        let arm = Sentinel::new("sentinel", &url, WORKSPACE, "home", token(sentinel::SCOPE));
        let arm = arm.and_then(|it| it.workflows([("reset-mfa", WORKFLOW)]));
        let arm = Arc::new(arm.expect("fine"));
        let apps = [("reset-mfa", WORKFLOW)];
        let apps = LogicApps::new("logic", &url, apps, token(sentinel::SCOPE)).expect("fine");
        let snow = Arc::new(ServiceNow::new("servicenow", &url, login()).expect("fine"));
        let jira = Arc::new(Jira::new("jira", &url, "SEC", None, login()).expect("fine"));
        let wall = Firewall::new("wall", &url, Some(Secret::new(FIREWALL_TOKEN.to_owned()).into()));
        let wall = Arc::new(wall.expect("fine"));
        let case = |connector: &Arc<dyn Connector>, action, far, parameters| Case {
            connector: Arc::clone(connector),
            action,
            far,
            parameters,
        };
        let (edr, entra, arm): (Arc<dyn Connector>, Arc<dyn Connector>, Arc<dyn Connector>) =
            (edr, entra, arm);
        let (snow, jira, wall): (Arc<dyn Connector>, Arc<dyn Connector>, Arc<dyn Connector>) =
            (snow, jira, wall);
        let apps: Arc<dyn Connector> = Arc::new(apps);
        let text = || json!({"text": "Looked at by Argus", "title": "Look at it"});
        let cases = vec![
            case(&edr, ActionKind::IsolateHost, ("defender", "isolate"), json!({})),
            case(&edr, ActionKind::ReleaseHost, ("defender", "unisolate"), json!({})),
            case(&edr, ActionKind::ScanHost, ("defender", "scan"), json!({})),
            case(&edr, ActionKind::CollectPackage, ("defender", "collect"), json!({})),
            case(
                &edr,
                ActionKind::QuarantineFile,
                ("defender", "quarantine"),
                json!({"sha1": "a".repeat(40)}),
            ),
            case(&entra, ActionKind::RevokeToken, ("graph", "revoke_sign_in_sessions"), json!({})),
            case(&entra, ActionKind::DisableUser, ("graph", "disable_user"), json!({})),
            case(&arm, ActionKind::CommentIncident, ("azure", "comment"), text()),
            case(&arm, ActionKind::AddIncidentTask, ("azure", "task"), text()),
            case(
                &arm,
                ActionKind::UpdateIncident,
                ("azure", "update_incident"),
                json!({"status": "Active"}),
            ),
            case(
                &apps,
                ActionKind::RunLogicApp,
                ("azure", "run_workflow"),
                json!({"workflow": "reset-mfa"}),
            ),
            case(&snow, ActionKind::CreateTicket, ("servicenow", "create"), json!({})),
            case(&jira, ActionKind::CreateTicket, ("jira", "create"), json!({})),
            case(&wall, ActionKind::BlockIp, ("firewall", "block"), json!({})),
        ];
        Self { sim, cases }
    }

    fn order(&self, case: &Case, key: &str) -> Order {
        let bob = self.sim.people().named("bob").expect("Bob").object_id.clone();
        let (kind, value, ids) = match case.action.target_kind() {
            Some(EntityKind::User) => {
                (EntityKind::User, "bob@fjordbank.example", vec![("aad_user_id", bob)])
            }
            Some(EntityKind::Ip) => (EntityKind::Ip, "203.0.113.9", vec![]),
            _ => (EntityKind::Host, "ws-114", vec![("mde_device_id", MACHINE.to_owned())]),
        };
        let ids = ids.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
        Order {
            action: case.action,
            key: key.into(),
            target: Target { kind, value: value.into(), ids },
            parameters: case.parameters.clone(),
            since: jiff::Timestamp::UNIX_EPOCH,
            about: About {
                incident: "INC-7".into(),
                title: "A user signed in from two countries".into(),
                description: "It looks bad.".into(),
                severity: Severity::High,
                source: "sentinel".into(),
                native_id: Some(INCIDENT.into()),
                tenant: None,
                ticket: Some(TicketRef {
                    system: "jira".into(),
                    number: "SEC-1".into(),
                    remote_id: "10001".into(),
                }),
                conversation: None,
            },
            comment: "INC-7 by ann".into(),
        }
    }

    /// How often the operation of a case really happened.
    fn done(&self, case: &Case) -> u64 {
        let (system, operation) = case.far;
        let name = format!("{system}.{operation}/");
        self.sim.effects().iter().filter(|(key, _)| key.starts_with(&name)).map(|(_, it)| it).sum()
    }

    /// The operation of the simulator that a fault has to be put on.
    fn faulty(case: &Case) -> (&'static str, &'static str) {
        match case.far {
            ("graph", "disable_user") => ("graph", "update_user"),
            other => other,
        }
    }
}

/// Runs a promise over each case, in a world of its own.
async fn each(promise: impl AsyncFn(&World, &Case)) {
    let cases = World::new().await.cases.len();
    for at in 0..cases {
        let world = World::new().await;
        promise(&world, &world.cases[at]).await;
    }
}

async fn send(case: &Case, order: &Order) -> Outcome {
    case.connector.send(permit(order), order).await
}

#[tokio::test]
async fn an_order_is_done_once_and_seen_to_be_done() {
    each(async |world, case| {
        let order = world.order(case, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert!(case.connector.ping().await.is_ok(), "{:?}", case.connector);
        case.connector.preview(&order).expect("it can be sent");
        let Outcome::Accepted { remote, .. } = send(case, &order).await else {
            panic!("{} was not accepted", case.action);
        };
        assert_eq!(world.done(case), 1, "{}", case.action);
        let progress = case.connector.progress(&order, &remote).await;
        assert_eq!(progress, Progress::Done, "{}", case.action);
    })
    .await;
}

#[tokio::test]
async fn what_was_done_although_the_answer_was_lost_is_found_or_harmless_to_repeat() {
    each(async |world, case| {
        let (system, operation) = World::faulty(case);
        let order = world.order(case, "bbbbbbbbbbbbbbbbbbbbbbbbbb");
        world.sim.faults().push(system, operation, Fault::LoseResponse);
        let lost = send(case, &order).await;
        assert!(matches!(lost, Outcome::Unsettled { .. }), "{}: {lost:?}", case.action);
        assert_eq!(world.done(case), 1, "{}", case.action);
        let probe = case.connector.probe(&order).await;
        match (case.action.guarantee(), &probe) {
            (_, Probe::Found { .. })
            | (Guarantee::Rerunnable, Probe::NotFound | Probe::FoundForeign { .. }) => {}
            // Sent again, it is the same effect.
            (Guarantee::Natural, Probe::NotFound) => {
                let again = send(case, &order).await;
                assert!(matches!(again, Outcome::Accepted { .. }), "{}: {again:?}", case.action);
                let update = case.action == ActionKind::UpdateIncident;
                assert!(update || world.done(case) == 1, "{} made two", case.action);
            }
            (_, probe) => panic!("{}: {probe:?}", case.action),
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_not_done_is_not_found() {
    each(async |world, case| {
        let (system, operation) = World::faulty(case);
        let order = world.order(case, "cccccccccccccccccccccccccc");
        world.sim.faults().push(system, operation, Fault::Reset);
        let lost = send(case, &order).await;
        assert!(matches!(lost, Outcome::Unsettled { .. }), "{}: {lost:?}", case.action);
        let probe = case.connector.probe(&order).await;
        let absent = matches!(probe, Probe::NotFound | Probe::NotListed { .. });
        assert!(absent, "{}: {probe:?}", case.action);
        assert!(matches!(send(case, &order).await, Outcome::Accepted { .. }), "{}", case.action);
        assert_eq!(world.done(case), 1, "{}", case.action);
    })
    .await;
}

#[tokio::test]
async fn an_answer_means_what_it_says() {
    each(async |world, case| {
        let (system, operation) = World::faulty(case);
        let order = world.order(case, "dddddddddddddddddddddddddd");
        let faults = world.sim.faults();
        let says = async |fault| {
            faults.push(system, operation, fault);
            send(case, &order).await
        };
        let busy = says(Fault::Status { code: 429, retry_after: Some(7) }).await;
        assert!(
            matches!(busy, Outcome::NotYet { retry_after_ms: 7_000, .. }),
            "{}: {busy:?}",
            case.action
        );
        let refused = says(Fault::Status { code: 403, retry_after: None }).await;
        assert!(matches!(refused, Outcome::Failed { .. }), "{}: {refused:?}", case.action);
        let broken = says(Fault::FailBefore(503)).await;
        assert!(matches!(broken, Outcome::Unsettled { .. }), "{}: {broken:?}", case.action);
        assert_eq!(world.done(case), 0, "{}", case.action);
        let after = says(Fault::FailAfter(502)).await;
        assert!(matches!(after, Outcome::Unsettled { .. }), "{}: {after:?}", case.action);
        assert_eq!(world.done(case), 1, "{}", case.action);
    })
    .await;
}

#[tokio::test]
async fn what_stands_already_is_not_ours_to_undo() {
    let world = World::new().await;
    for action in [ActionKind::DisableUser, ActionKind::BlockIp] {
        let case = world.cases.iter().find(|it| it.action == action).expect("a case");
        let theirs = world.order(case, "eeeeeeeeeeeeeeeeeeeeeeeeee");
        assert!(matches!(send(case, &theirs).await, Outcome::Accepted { .. }));
        let ours = world.order(case, "ffffffffffffffffffffffffff");
        let there = send(case, &ours).await;
        assert!(matches!(there, Outcome::AlreadyThere { .. }), "{action}: {there:?}");
        assert_eq!(case.connector.stands(&ours).await, Some(true));
    }
}

#[tokio::test]
async fn somebody_elses_change_of_an_incident_is_kept() {
    let world = World::new().await;
    let case = world.cases.iter().find(|it| it.action == ActionKind::UpdateIncident).expect("one");
    world.sim.hold().azure().edit(INCIDENT, "description", "seen by jane");
    let order = world.order(case, "gggggggggggggggggggggggggg");
    // Jane is faster once: what she wrote is read again.
    let stale = Fault::Status { code: 412, retry_after: None };
    world.sim.faults().push("azure", "update_incident", stale);
    assert!(matches!(send(case, &order).await, Outcome::Accepted { .. }));
    let mut hold = world.sim.hold();
    assert_eq!(hold.azure().field(INCIDENT, "description"), Some("seen by jane".into()));
    assert_eq!(hold.azure().field(INCIDENT, "status"), Some("Active".into()));
}

#[tokio::test]
async fn a_ticket_is_commented_and_moved_once() {
    let world = World::new().await;
    let create = world.cases.iter().find(|it| it.far == ("jira", "create")).expect("Jira");
    send(create, &world.order(create, "hhhhhhhhhhhhhhhhhhhhhhhhhh")).await;
    let on = |action, parameters| Case {
        connector: Arc::clone(&create.connector),
        action,
        far: ("jira", "comment"),
        parameters,
    };
    let note = on(ActionKind::CommentTicket, json!({"text": "contained"}));
    let order = world.order(&note, "iiiiiiiiiiiiiiiiiiiiiiiiii");
    world.sim.faults().push("jira", "comment", Fault::LoseResponse);
    assert!(matches!(send(&note, &order).await, Outcome::Unsettled { .. }));
    assert!(matches!(note.connector.probe(&order).await, Probe::Found { .. }));
    let done = on(ActionKind::TransitionTicket, json!({"state": "done"}));
    let order = world.order(&done, "jjjjjjjjjjjjjjjjjjjjjjjjjj");
    assert!(matches!(done.connector.probe(&order).await, Probe::NotFound));
    assert!(matches!(send(&done, &order).await, Outcome::Accepted { .. }));
    assert!(matches!(done.connector.probe(&order).await, Probe::Found { .. }));
    assert_eq!(world.sim.hold().jira().issues(), [("SEC-1".to_owned(), "Done".to_owned())]);
    let odd = on(ActionKind::TransitionTicket, json!({"state": "Archived"}));
    let order = world.order(&odd, "kkkkkkkkkkkkkkkkkkkkkkkkkk");
    let Outcome::Failed { why } = send(&odd, &order).await else { panic!("it was taken") };
    assert!(why.contains("Start work") && why.contains("Resolve"), "{why}");
}

#[tokio::test]
async fn a_search_that_lags_proves_nothing() {
    let world = World::new().await;
    let case = world.cases.iter().find(|it| it.far == ("jira", "create")).expect("Jira");
    world.sim.hold().jira().lag(std::time::Duration::from_secs(20));
    let order = world.order(case, "llllllllllllllllllllllllll");
    world.sim.faults().push("jira", "create", Fault::LoseResponse);
    send(case, &order).await;
    let probe = case.connector.probe(&order).await;
    assert_eq!(probe, Probe::NotListed { lag_ms: 30_000 });
}

#[tokio::test]
async fn a_guest_is_not_said_to_be_signed_out() {
    let world = World::new().await;
    let mut bob = world.sim.people().named("bob").expect("Bob").clone();
    bob.guest = true;
    world.sim.hold().people().welcome(bob);
    let revoke = world.cases.iter().find(|it| it.action == ActionKind::RevokeToken);
    let revoke = revoke.expect("a case");
    let order = world.order(revoke, "gggggggggggggggggggggggggg");
    let outcome = send(revoke, &order).await;
    assert!(matches!(&outcome, Outcome::Failed { why } if why.contains("guest")), "{outcome:?}");
    assert_eq!(world.done(revoke), 0);
}

#[tokio::test]
async fn a_playbook_that_was_started_is_found_by_its_run_or_a_person_is_asked() {
    let world = World::new().await;
    let arm = world.cases.iter().find(|it| it.action == ActionKind::UpdateIncident).expect("one");
    let start = |playbook: &str| Case {
        connector: Arc::clone(&arm.connector),
        action: ActionKind::RunSentinelPlaybook,
        far: ("azure", "run_playbook"),
        parameters: json!({"playbook": playbook}),
    };
    let case = start("reset-mfa");
    let order = world.order(&case, "mmmmmmmmmmmmmmmmmmmmmmmmmm");
    let unknown = |probe: Probe| match probe {
        Probe::Unknown { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(unknown(case.connector.probe(&order).await).contains("no run for this incident"));
    world.sim.faults().push("azure", "run_playbook", Fault::LoseResponse);
    assert!(matches!(send(&case, &order).await, Outcome::Unsettled { .. }));
    let found = case.connector.probe(&order).await;
    assert!(matches!(found, Probe::Found { .. }), "{found:?}");
    assert_eq!(world.done(&case), 1);
    let mut other = world.order(&case, "nnnnnnnnnnnnnnnnnnnnnnnnnn");
    other.about.native_id = Some("11111111-6f0a-4f0e-9d3b-3a1f5f1a2b3c".into());
    assert!(unknown(case.connector.probe(&other).await).contains("no run for this incident"));
    let mut later = order.clone();
    later.since = "2999-01-01T00:00:00Z".parse().expect("a time");
    assert!(unknown(case.connector.probe(&later).await).contains("no run for this incident"));
    world.sim.faults().push("azure", "get_outputs", Fault::FailBefore(500));
    let why = unknown(case.connector.probe(&order).await);
    assert!(why.contains("not all of its runs") && !why.contains("sig"), "{why}");
    let unnamed = WORKFLOW.replace("reset-mfa", "another");
    let case = start(&unnamed);
    let order = world.order(&case, "oooooooooooooooooooooooooo");
    assert!(unknown(case.connector.probe(&order).await).contains("do not name the workflow"));
}
