//! Runs against a small world: what people and clocks do to them.

mod asking;

use argus_soc::ledger::fact::What;
use argus_soc::run::{NotCounted, Run, State, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::*;
use crate::buttons::{Act, Pressed};
use crate::config::Approvals;
use crate::flows::access::{AccessError, Person};
use crate::flows::act::{ActError, Done};
use crate::flows::world::{SOC, World, ann, place, receive, until};

const ISOLATE: &str = "{id: iso, type: isolate_host, target: \"{{ entity.value }}\", needs: [], \
                       rollback: {id: back, type: release_host}}";

/// A playbook that nothing triggers.
fn playbook(actions: &[&str], more: &str) -> String {
    let actions: Vec<String> = actions.iter().map(|it| format!("  - {it}")).collect();
    let actions = actions.join("\n");
    format!("playbook: {{id: p, name: P, version: \"1.0.0\"}}\n{more}\nactions:\n{actions}\n")
}

/// A replica that drives runs until it is dropped.
struct Driven {
    world: World,
    soc: Arc<Soc>,
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Driven {
    async fn on(playbook: &str) -> Self {
        Self::asking(playbook, Approvals::default()).await
    }

    async fn asking(playbook: &str, approvals: Approvals) -> Self {
        let world = World::default();
        let soc = Arc::new(Soc { approvals, ..world.soc(&[playbook]) });
        receive(&soc, 1).await;
        place(&soc).await;
        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(execute(Arc::clone(&soc), ended));
        Self { world, soc, end, tasks }
    }

    async fn order(&self, act: &Act, dry: bool) -> Result<Done, ActError> {
        self.soc.steer(&ann(), "INC-1", act, dry, "c").await
    }

    async fn run(&self) {
        let run = Act::Run { playbook: "p".into() };
        assert!(matches!(self.order(&run, false).await, Ok(Done::Changed(_))));
    }

    async fn seen(&self, run: &str) -> Run {
        let incident = self.soc.ledger.incident("INC-1").await.expect("read").expect("INC-1");
        incident.runs[run].clone()
    }

    async fn ends(&self, run: &str, status: Status) -> Run {
        until("the end of the run", async || {
            let seen = self.seen(run).await;
            (seen.status == status).then_some(seen)
        })
        .await
    }

    async fn stop(mut self) {
        self.end.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

#[tokio::test]
async fn branches_are_done_side_by_side_and_conditions_are_asked() {
    let all = [
        ISOLATE,
        "{id: tick, type: create_ticket, needs: [], rollback: none # people close it\n    }",
        "{id: never, type: create_ticket, needs: [iso], when: \"severity == 'low'\", rollback: none # as above\n    }",
        "{id: pause, type: wait, needs: [iso, tick], parameters: {for: 20ms}}",
        "{id: once, type: wait, needs: [never, pause], join: any, parameters: {for: 1ms}}",
    ];
    let it = Driven::on(&playbook(&all, "")).await;
    it.run().await;
    let run = it.ends("INC-1.r1", Status::Succeeded).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1"]);
    assert_eq!(it.world.tickets.made(), 1);
    assert!(run.step("never").expect("a step").state.is_skipped());
    assert!(run.step("once").expect("a step").state.is_done(), "one of two was enough");
    it.stop().await;
}

#[tokio::test]
async fn a_step_takes_what_another_gave_and_fails_where_it_gave_nothing() {
    let isolate = "{id: iso, type: isolate_host, target: \"{{ entity.value }}\", needs: [t], \
                   parameters: {isolation_type: \"{{ 'Full' if steps.t.detail == '0' else 'none' }}\"}, \
                   rollback: {id: back, type: release_host}}";
    let ticket = "{id: t, type: create_ticket, needs: [], rollback: none # people close it\n    }";
    let it = Driven::on(&playbook(&[ticket, isolate], "")).await;
    it.run().await;
    it.ends("INC-1.r1", Status::Succeeded).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1 Full"]);
    it.stop().await;

    let lacks = "{id: t, type: create_ticket, needs: [iso], parameters: {project: \"{{ steps.iso.detail }}\"}, \
                 on_error: fail, rollback: none # people close it\n    }";
    let it = Driven::on(&playbook(&[ISOLATE, lacks], "")).await;
    it.run().await;
    let run = it.ends("INC-1.r1", Status::Failed).await;
    let State::Failed { why } = &run.step("t").expect("a step").state else { panic!("{run:?}") };
    assert!(why.contains("undefined"), "{why}");
    assert_eq!(it.world.tickets.made(), 0);
    it.stop().await;
}

#[tokio::test]
async fn who_stops_a_run_has_it_undone() {
    let wait = "{id: pause, type: wait, needs: [iso], parameters: {for: 1h}}";
    let it = Driven::on(&playbook(&[ISOLATE, wait], "")).await;
    it.run().await;
    until("the timer", async || {
        let state = it.seen("INC-1.r1").await.step("pause")?.state.clone();
        matches!(state, State::Sleeping { .. }).then_some(())
    })
    .await;
    let cancel = Act::Cancel { run: "INC-1.r1".into() };
    assert!(matches!(it.order(&cancel, false).await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Compensated).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1", "release_host ws-1"]);
    assert!(matches!(it.order(&cancel, false).await, Err(ActError::NotPossible(_))));
    it.stop().await;
}

#[tokio::test]
async fn what_a_run_did_is_undone_once() {
    let it = Driven::on(&playbook(&[ISOLATE], "")).await;
    it.run().await;
    it.ends("INC-1.r1", Status::Succeeded).await;
    let undo = Act::Undo { run: "INC-1.r1".into() };
    assert!(matches!(it.order(&undo, false).await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Compensated).await;
    assert!(matches!(it.order(&undo, false).await, Err(ActError::NotUndone(_))));
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1", "release_host ws-1"]);
    // The lease went back with it: another run can do it again.
    it.run().await;
    it.ends("INC-1.r2", Status::Succeeded).await;
    assert_eq!(it.world.hosts.did().len(), 3);
    it.stop().await;
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_says_what_it_would() {
    let it = Driven::on(&playbook(&[ISOLATE], "")).await;
    let run = Act::Run { playbook: "p".into() };
    assert!(matches!(it.order(&run, true).await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Succeeded).await;
    assert!(it.world.hosts.did().is_empty());
    let records = it.soc.ledger.records_after(0, 1_000).await.expect("read");
    let would = records.iter().find_map(|it| match &it.fact.what {
        What::WouldSend { connector, request, .. } => Some((connector.clone(), request.clone())),
        _ => None,
    });
    let (connector, request) = would.expect("it says what it would send");
    assert_eq!((connector.as_str(), &request["url"]), ("edr", &"https://edr.example/ws-1".into()));
    it.stop().await;
}

#[tokio::test]
async fn a_run_that_may_not_overlap_is_turned_away() {
    let wait = "{id: pause, type: wait, needs: [iso], parameters: {for: 1h}}";
    let turn = "execution: {concurrency: {key: \"{{ entity.value }}\", policy: reject}}";
    let it = Driven::on(&playbook(&[ISOLATE, wait], turn)).await;
    it.run().await;
    until("the timer", async || {
        let state = it.seen("INC-1.r1").await.step("pause")?.state.clone();
        matches!(state, State::Sleeping { .. }).then_some(())
    })
    .await;
    // Another incident about the same host.
    let incident = it.soc.ledger.incident("INC-1").await.expect("read").expect("INC-1");
    let playbook = it.soc.playbooks.find("p").expect("p");
    let facts = new_run(&it.soc, &incident, &playbook, &ann().actor(), "c", None).expect("fits");
    it.soc.ledger.append(crate::ports::ledger::Batch::on(&incident, facts)).await.expect("written");
    it.soc.bells.execute.ring("INC-1");
    it.ends("INC-1.r2", Status::Cancelled).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1"]);
    it.stop().await;
}

const LEADS: &str = "gates: {human_approval: always, approvers: leads, quorum: 2, expires: 90s}";

impl Driven {
    /// `who` agrees to the first run.
    async fn yes(&self, who: &str) -> Result<Done, ActError> {
        let run = "INC-1.r1".to_owned();
        let v = self.seen(&run).await.approval.expect("a request").digest;
        let pressed = Pressed { incident: "INC-1".into(), act: Act::Approve { run }, v };
        let person = Person { object_id: who.into(), ..ann() };
        self.soc.act(&person, &pressed, "seen", "c").await
    }

    fn leads_are(&self, leads: &[&str]) {
        *self.world.leads.lock().expect("leads") = leads.iter().map(|it| (*it).into()).collect();
    }
}

#[tokio::test]
async fn only_those_whom_the_playbook_names_decide() {
    let it = Driven::on(&playbook(&[ISOLATE], LEADS)).await;
    it.leads_are(&["ann", "bob", "cid"]);
    it.run().await;
    let asked = it.seen("INC-1.r1").await;
    let open = asked.approval.as_ref().expect("a request").expires_at;
    assert!(open.duration_since(asked.created_at).as_secs() <= 90, "the playbook is stricter");
    let refused = |answer: &Result<Done, ActError>| match answer {
        Err(ActError::Access(AccessError::Refused(refusal))) => refusal.code,
        _ => "",
    };
    assert_eq!(refused(&it.yes("eve").await), "not_approver", "an engineer, but no lead");
    assert_eq!(refused(&it.yes("ann").await), "own_request");
    assert!(matches!(it.yes("bob").await, Ok(Done::Changed(_))));
    it.leads_are(&["bob"]);
    assert_eq!(refused(&it.yes("cid").await), "not_approver", "removed before the click");
    assert_eq!(it.seen("INC-1.r1").await.approval.expect("a request").decisions.len(), 1);
    it.leads_are(&["bob", "cid"]);
    assert!(matches!(it.yes("bob").await, Err(ActError::NotCounted(NotCounted::AlreadyDecided))));
    assert!(matches!(it.yes("cid").await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Succeeded).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1"]);
    it.stop().await;
}

#[tokio::test]
async fn a_yes_of_somebody_who_is_no_approver_any_more_does_nothing() {
    let it = Driven::on(&playbook(&[ISOLATE], LEADS)).await;
    it.leads_are(&["bob", "cid"]);
    it.run().await;
    assert!(matches!(it.yes("bob").await, Ok(Done::Changed(_))));
    it.leads_are(&["cid"]);
    assert!(matches!(it.yes("cid").await, Ok(Done::Changed(_))));
    until("the refusal", async || {
        let step = it.seen("INC-1.r1").await.steps.first()?.state.clone();
        matches!(step, State::Failed { .. }).then_some(())
    })
    .await;
    let none: [String; 0] = [];
    assert_eq!(it.world.hosts.did(), none);
    it.stop().await;
}
