//! What is not sent, since nobody agreed to it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use argus_soc::enrich::{Asset, Enrichment, Known};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::run::{Run, State, Status};
use argus_soc::storm::breaker::Scope;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::buttons::{Act, Pressed};
use crate::flows::Soc;
use crate::flows::access::Person;
use crate::flows::act::Done;
use crate::flows::execute::execute;
use crate::flows::world::{World, ann, place, receive, until};
use crate::ports::ledger::Batch;

fn playbook(more: &str) -> String {
    format!(
        r#"
playbook: {{id: p, name: P, version: "1.0.0"}}
{more}
actions:
  - {{id: iso, type: isolate_host, target: "{{{{ entity.value }}}}", rollback: {{id: back, type: release_host}}}}
"#
    )
}

/// A replica that drives runs.
struct Driven {
    soc: Arc<Soc>,
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Driven {
    fn on(world: &World, playbook: &str) -> Self {
        let soc = Arc::new(world.soc(&[playbook]));
        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(execute(Arc::clone(&soc), ended));
        Self { soc, end, tasks }
    }

    async fn stop(mut self) {
        self.end.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }

    async fn incident(&self, key: &str) -> Incident {
        self.soc.ledger.incident(key).await.expect("read").expect("an incident")
    }

    async fn begin(&self, key: &str) {
        let run = Act::Run { playbook: "p".into() };
        let done = self.soc.steer(&ann(), key, &run, false, "c").await;
        assert!(matches!(done, Ok(Done::Changed(_))), "{done:?}");
    }

    /// The first run of an incident, once it is so.
    async fn when(&self, key: &str, so: impl Fn(&Run) -> bool) -> Run {
        until("the run", async || {
            let run = self.incident(key).await.runs.get(&format!("{key}.r1"))?.clone();
            so(&run).then_some(run)
        })
        .await
    }

    async fn ends(&self, key: &str, status: Status) -> Run {
        self.when(key, |run| run.status == status).await
    }

    async fn decide(
        &self,
        key: &str,
        who: &str,
        v: &str,
    ) -> Result<Done, crate::flows::act::ActError> {
        let pressed = Pressed {
            incident: key.into(),
            act: Act::Approve { run: format!("{key}.r1") },
            v: v.into(),
        };
        let person = Person { object_id: who.into(), ..ann() };
        self.soc.act(&person, &pressed, "I looked", "c").await
    }

    async fn agree(&self, key: &str, who: &str) {
        let asked = self.ends(key, Status::AwaitingApproval).await;
        let digest = asked.approval.expect("a question").digest;
        let done = self.decide(key, who, &digest).await;
        assert!(matches!(done, Ok(Done::Changed(_))), "{done:?}");
    }

    /// A late answer of the inventory.
    async fn labelled(&self, key: &str, tag: &str) {
        loop {
            let incident = self.incident(key).await;
            let asset = Asset { name: "ws".into(), tags: vec![tag.into()], ..Asset::default() };
            let known = Known::Known(asset);
            let what = What::Enriched {
                enrichment: Box::new(Enrichment::supposing_asset(
                    incident.enrichment.clone(),
                    known,
                )),
                score: Box::new(incident.score.clone()),
                decision: incident.decision.clone(),
            };
            let fact = self.soc.fact(Actor::service("triage"), "c", what).of(key);
            if self.soc.ledger.append(Batch::on(&incident, vec![fact])).await.is_ok() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn two_incidents_share_an_hour_and_a_restart_keeps_it() {
    let world = World::default();
    let text = playbook("blast: {per_hour: 1}");
    let it = Driven::on(&world, &text);
    for n in 1..=2 {
        receive(&it.soc, n).await;
        place(&it.soc).await;
    }
    it.begin("INC-1").await;
    it.ends("INC-1", Status::Succeeded).await;
    it.stop().await;
    let it = Driven::on(&world, &text);
    it.begin("INC-2").await;
    let asked = it.ends("INC-2", Status::AwaitingApproval).await;
    let why = asked.approval.expect("a question").reason;
    assert!(why.contains("1 effects of this playbook were sent within the hour"), "{why}");
    assert_eq!(world.hosts.did(), ["isolate_host ws-1"]);
    it.agree("INC-2", "bob").await;
    it.ends("INC-2", Status::Succeeded).await;
    assert_eq!(world.hosts.did(), ["isolate_host ws-1", "isolate_host ws-2"], "a person agreed");
    it.stop().await;
}

#[tokio::test]
async fn what_is_counted_stands_with_its_intent() {
    let world = World::default();
    let it = Driven::on(&world, &playbook("blast: {per_hour: 9}"));
    receive(&it.soc, 1).await;
    place(&it.soc).await;
    it.begin("INC-1").await;
    it.ends("INC-1", Status::Succeeded).await;
    let records = it.soc.ledger.records_after(0, 1_000).await.expect("read");
    let kinds: Vec<&str> = records.iter().map(|it| it.fact.what.kind()).collect();
    let pair = ["budget.spent", "effect.intended"];
    assert!(kinds.windows(2).any(|it| it == pair), "{kinds:?}");
    it.stop().await;
}

#[tokio::test]
async fn an_asset_that_got_a_label_after_the_approval_is_asked_about_again() {
    let world = World::default();
    let it = Driven::on(
        &world,
        &playbook("gates: {human_approval: always}\nblast: {deny_tags: [tier0]}"),
    );
    receive(&it.soc, 1).await;
    place(&it.soc).await;
    it.begin("INC-1").await;
    let first = it.ends("INC-1", Status::AwaitingApproval).await.approval.expect("asked").digest;
    it.labelled("INC-1", "Tier0").await;
    it.agree("INC-1", "bob").await;
    let other = |run: &Run| run.approval.as_ref().is_some_and(|it| it.digest != first);
    let again = it.when("INC-1", other).await;
    assert_eq!(again.status, Status::AwaitingApproval);
    assert_eq!(again.approval.expect("asked again").reason, "the asset is labelled Tier0");
    let none: [String; 0] = [];
    assert_eq!(world.hosts.did(), none, "nothing was sent");
    let stale = it.decide("INC-1", "cid", &first).await;
    assert!(stale.is_err(), "the first question's button does not answer the second: {stale:?}");
    it.agree("INC-1", "cid").await;
    it.ends("INC-1", Status::Succeeded).await;
    assert_eq!(world.hosts.did(), ["isolate_host ws-1"]);
    it.stop().await;
}

#[tokio::test]
async fn whoever_begins_it_is_not_enough_for_a_forbidden_label() {
    let world = World::default();
    let it = Driven::on(&world, &playbook("blast: {deny_tags: [vip]}"));
    receive(&it.soc, 1).await;
    place(&it.soc).await;
    it.labelled("INC-1", "vip").await;
    it.begin("INC-1").await;
    let asked = it.ends("INC-1", Status::AwaitingApproval).await;
    assert_eq!(asked.approval.expect("a question").reason, "the asset is labelled vip");
    it.agree("INC-1", "bob").await;
    it.ends("INC-1", Status::Succeeded).await;
    it.stop().await;
}

#[tokio::test]
async fn what_a_person_halted_is_not_sent_for_people_either() {
    let world = World::default();
    let pause = "actions:\n  - {id: pause, type: wait, needs: [], parameters: {for: 300ms}}\n";
    let text = playbook("").replace("actions:\n", pause);
    let it = Driven::on(&world, &text.replace("rollback:", "needs: [pause], rollback:"));
    receive(&it.soc, 1).await;
    place(&it.soc).await;
    it.begin("INC-1").await;
    it.when("INC-1", |run| matches!(run.steps[0].state, State::Sleeping { .. })).await;
    it.soc.halt(&ann(), &Scope::Global, "enough", "c").await.expect("halted");
    let waits = it.when("INC-1", |run| run.holdup.waits.contains_key("iso")).await;
    assert_eq!(waits.steps[1].state, State::Pending);
    let none: [String; 0] = [];
    assert_eq!(world.hosts.did(), none);
    let bob = Person { object_id: "bob".into(), ..ann() };
    for person in [ann(), bob] {
        it.soc.resume(&person, None, "c").await.expect("resumed");
    }
    it.ends("INC-1", Status::Succeeded).await;
    it.stop().await;
}

#[tokio::test]
async fn a_share_of_a_class_is_held_until_it_is_undone() {
    let world = World::default();
    world.fleet.store(100, Relaxed);
    let it = Driven::on(&world, &playbook("blast: {percent_of_class: 1}"));
    for n in 1..=3 {
        receive(&it.soc, n).await;
        place(&it.soc).await;
    }
    it.begin("INC-1").await;
    it.ends("INC-1", Status::Succeeded).await;
    it.begin("INC-2").await;
    let asked = it.ends("INC-2", Status::AwaitingApproval).await.approval.expect("a question");
    let why =
        "it would hold 2 of 100 assets of the class criticality 0, and may hold 1 % by itself";
    assert_eq!(asked.reason, why);
    let undo = Act::Undo { run: "INC-1.r1".into() };
    let undone = it.soc.steer(&ann(), "INC-1", &undo, false, "c").await;
    assert!(matches!(undone, Ok(Done::Changed(_))), "{undone:?}");
    it.ends("INC-1", Status::Compensated).await;
    it.begin("INC-3").await;
    it.ends("INC-3", Status::Succeeded).await;
    it.stop().await;
}

#[tokio::test]
async fn where_nobody_counts_the_class_a_person_is_asked() {
    let world = World::default();
    let it = Driven::on(&world, &playbook("blast: {percent_of_class: 100}"));
    receive(&it.soc, 1).await;
    place(&it.soc).await;
    it.begin("INC-1").await;
    let asked = it.ends("INC-1", Status::AwaitingApproval).await.approval.expect("a question");
    assert!(asked.reason.starts_with("no inventory says how many assets"), "{}", asked.reason);
    it.stop().await;
}
