//! Who is asked next, and who is reminded.

use super::*;

const BRIEF: &str = "gates: {human_approval: always, expires: 300ms, on_expire: escalate}";

impl Driven {
    /// The request's cards, each with the conversation in which it was put, in order.
    async fn cards(&self) -> Vec<(String, String)> {
        let records = self.soc.ledger.records_after(0, 1_000).await.expect("read");
        let placed = records.into_iter().filter_map(|it| match it.fact.what {
            What::NoticePlaced { card, conversation, .. } => Some((card, conversation)),
            _ => None,
        });
        placed.filter(|(card, _)| card.starts_with("approval/")).collect()
    }

    async fn reminded(&self) -> usize {
        let records = self.soc.ledger.records_after(0, 1_000).await.expect("read");
        let is = |what: &What| matches!(what, What::ApprovalReminded { .. });
        records.iter().filter(|it| is(&it.fact.what)).count()
    }
}

#[tokio::test]
async fn others_are_asked_once_when_nobody_decides_in_time() {
    let approvals = Approvals {
        escalate_to: Some("leads".into()),
        escalate_secs: Some(600),
        escalate_conversation: Some("19:leads".into()),
        ..Approvals::default()
    };
    let it = Driven::asking(&playbook(&[ISOLATE], BRIEF), approvals).await;
    it.leads_are(&["bob"]);
    it.run().await;
    let asked = until("others", async || {
        let run = it.seen("INC-1.r1").await;
        run.approval.as_ref().is_some_and(|it| it.escalated.is_some()).then_some(run)
    })
    .await;
    let placed = |card: &str, place: &str| (format!("approval/INC-1.r1{card}"), place.to_owned());
    let wanted = [placed("", SOC), placed("/reminder", SOC), placed("/escalated", "19:leads")];
    assert_eq!(it.cards().await, wanted);
    assert_eq!((it.reminded().await, asked.status), (1, Status::AwaitingApproval));
    let refused = it.yes("eve").await;
    let Err(ActError::Access(AccessError::Refused(refusal))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refusal.code, "not_approver", "an engineer, but nobody of those who are asked now");
    assert!(matches!(it.yes("bob").await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Succeeded).await;
    assert_eq!(it.world.hosts.did(), ["isolate_host ws-1"]);
    it.stop().await;
}

#[tokio::test]
async fn when_those_do_not_decide_either_the_answer_is_no() {
    let approvals = Approvals {
        remind_secs: Some(0),
        escalate_to: Some("leads".into()),
        escalate_secs: Some(0),
        ..Approvals::default()
    };
    let it = Driven::asking(&playbook(&[ISOLATE], BRIEF), approvals).await;
    it.run().await;
    it.ends("INC-1.r1", Status::Expired).await;
    let cards: Vec<String> = it.cards().await.into_iter().map(|(card, _)| card).collect();
    assert_eq!(cards, ["approval/INC-1.r1", "approval/INC-1.r1/escalated"]);
    assert_eq!(it.reminded().await, 0);
    assert!(it.world.hosts.did().is_empty());
    it.stop().await;
}

#[tokio::test]
async fn a_reminder_that_was_due_while_nobody_was_there_comes_once() {
    let gates = "gates: {human_approval: always, expires: 15m}";
    let approvals = Approvals { remind_secs: Some(1), ..Approvals::default() };
    let it = Driven::asking(&playbook(&[ISOLATE], gates), approvals.clone()).await;
    it.run().await;
    let world = World { ledger: Arc::clone(&it.world.ledger), ..World::default() };
    it.stop().await;
    let soc = Arc::new(Soc { approvals, ..world.soc(&[&playbook(&[ISOLATE], gates)]) });
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(execute(Arc::clone(&soc), ended));
    let it = Driven { world, soc, end, tasks };
    until("the reminder", async || (it.reminded().await > 0).then_some(())).await;
    assert!(matches!(it.yes("bob").await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Succeeded).await;
    assert_eq!(it.reminded().await, 1);
    it.stop().await;
}

#[tokio::test]
async fn nobody_agrees_to_anything_while_everything_is_halted() {
    let gates = "gates: {human_approval: always}";
    let it = Driven::on(&playbook(&[ISOLATE], gates)).await;
    it.run().await;
    let scope = argus_soc::storm::breaker::Scope::Global;
    it.soc.halt(&ann(), &scope, "a test", "c").await.expect("halted");
    assert!(matches!(it.yes("bob").await, Err(ActError::Halted)));
    let bob = Person { object_id: "bob".into(), ..ann() };
    let waits = it.soc.resume(&ann(), None, "c").await.expect("asked");
    assert_eq!((waits.goes_on.len(), waits.waits.len()), (0, 1));
    assert!(it.soc.is_halted_by_hand().await.expect("read"));
    let on = it.soc.resume(&bob, None, "c").await.expect("resumed");
    assert_eq!((on.goes_on.len(), on.waits.len()), (1, 0));
    assert!(matches!(it.yes("bob").await, Ok(Done::Changed(_))));
    it.ends("INC-1.r1", Status::Succeeded).await;
    it.stop().await;
}
