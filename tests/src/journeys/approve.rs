//! What is dangerous needs a second person, who decides about exactly that, in time.

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::SOC_NIGHT_SHIFT;
use argus_soc::ledger::fact::What;
use serde_json::json;

use super::world::{Left, Plan, Shown, World, alert};

/// A world in which Alice has asked to isolate a protected host: the request's card.
async fn asked(plan: Plan) -> (World, Shown) {
    let world = World::with(plan).await;
    world.ingest(&alert("a-1", "pay-db-02")).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    let title = card.button("isolate").unwrap()["title"].clone();
    assert_eq!(title, "Request isolation", "one person alone cannot isolate it");
    let answer = world.press("alice", &card, "isolate").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let request = world.request("INC-1", |card| card.button("approve").is_some()).await;
    assert!(request.says("Alice Berg") && request.says("pay-db-02"), "{request:?}");
    (world, request)
}

#[tokio::test]
async fn a_protected_host_is_isolated_once_when_somebody_else_approves() {
    let (world, request) = asked(Plan::default()).await;
    world.card("INC-1", |card| card.says("Waiting for approval")).await;
    for (who, code) in [("alice", "yourself"), ("bob", "SOC Engineers"), ("carol", "SOC Engineers")]
    {
        let answer = world.decide(who, &request, "approve", "seen").await;
        assert_eq!(answer["statusCode"], 403, "{who}: {answer}");
        assert!(answer.to_string().contains(code), "{who}: {answer}");
    }
    assert_eq!(world.calls("defender.isolate"), 0);
    let answer = world.press("dana", &request, "approve").await;
    assert!(answer.to_string().contains("Nothing was recorded: say why"), "{answer}");
    let answer = world.decide("dana", &request, "approve", "seen on two hosts").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    world.card("INC-1", |card| card.says("Isolated")).await;
    let decided = world.request("INC-1", |card| card.says("Approved")).await;
    assert!(decided.id == request.id && decided.button("approve").is_none(), "{decided:?}");
    assert!(decided.says("Dana Ortiz") && decided.says("seen on two hosts"), "{decided:?}");

    for verb in ["approve", "deny"] {
        let late = world.decide("dana", &request, verb, "late").await;
        assert_eq!(late["type"], "application/vnd.microsoft.card.adaptive", "{late}");
        assert!(late.to_string().contains("this request is no longer open"), "{late}");
    }
    assert_eq!(world.effects("defender.isolate"), 1);
    assert_eq!((world.refused("own_request").await, world.refused("no_role").await), (1, 2));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_is_denied_is_not_done() {
    let (world, request) = asked(Plan::default()).await;
    for (reason, wanted) in [(" ".to_owned(), "say why"), ("x".repeat(501), "longer than 500")] {
        let back = world.decide("dana", &request, "deny", &reason).await;
        let is_card = back["type"] == "application/vnd.microsoft.card.adaptive";
        assert!(is_card && back.to_string().contains(wanted), "{back}");
    }
    assert_eq!(world.recorded(|what| matches!(what, What::ApprovalDecided { .. })).await, 0);
    let answer = world.decide("dana", &request, "deny", "the host is needed").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    world.request("INC-1", |card| card.says("Denied") && card.says("the host is needed")).await;
    let late = world.decide("dana", &request, "approve", "seen").await;
    assert!(late.to_string().contains("no longer open"), "{late}");
    let card = world.card("INC-1", |card| card.says("Denied")).await;
    assert!(!card.says("Isolated"), "{card:?}");
    assert!(card.button("isolate").is_some(), "it can be asked for again: {card:?}");
    assert_eq!(world.calls("defender.isolate"), 0);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_request_that_nobody_answers_expires() {
    let (world, request) = asked(Plan { approval_secs: Some(1), ..Plan::default() }).await;
    let expired = world.request("INC-1", |card| card.says("Expired")).await;
    assert!(expired.button("approve").is_none(), "{expired:?}");
    let late = world.decide("dana", &request, "approve", "seen").await;
    assert!(
        late["statusCode"] == 200 && late.to_string().contains("Nothing was changed"),
        "{late}"
    );
    assert_eq!(world.calls("defender.isolate"), 0);
    assert_eq!(world.recorded(|what| matches!(what, What::ApprovalExpired { .. })).await, 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_approver_who_lost_the_role_meanwhile_has_not_approved() {
    let (world, request) = asked(Plan::default()).await;
    world.fault("defender.isolate", Fault::Status { code: 429, retry_after: Some(2) });
    world.decide("dana", &request, "approve", "seen").await;
    world
        .until("the first try", async || (world.calls("defender.isolate") == 1).then_some(()))
        .await;
    let dana = world.person("dana").object_id;
    world.sim.hold().people().leave(SOC_NIGHT_SHIFT, &dana);
    let card = world.card("INC-1", |card| card.says("no longer permitted")).await;
    assert!(!card.says("Isolated"), "{card:?}");
    assert_eq!((world.effects("defender.isolate"), world.calls("defender.isolate")), (0, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_approval_is_for_one_request_only() {
    let (world, first) = asked(Plan::default()).await;
    world.decide("dana", &first, "deny", "not now").await;
    let card = world.card("INC-1", |card| card.says("Denied")).await;
    world.press("alice", &card, "isolate").await;
    let second = world.request("INC-1", |card| card.button("approve").is_some()).await;
    let mut mixed = second.button("approve").unwrap();
    mixed["data"]["sig"] = first.button("approve").unwrap()["data"]["sig"].clone();
    let answer = world.press_button("dana", &second, &mixed).await;
    assert_eq!(answer["statusCode"], 400, "{answer}");
    let stale = world.press_button("dana", &second, &first.button("approve").unwrap()).await;
    assert!(stale.to_string().contains("no longer open"), "{stale}");
    assert_eq!(world.calls("defender.isolate"), 0);
    let (_, incident) = world.get("/incidents/INC-1").await;
    assert_eq!(incident["runs"]["INC-1.r2"]["status"], json!("awaiting_approval"), "{incident}");
    world.finish(Left { runs: 1, ..Left::default() }).await;
}
