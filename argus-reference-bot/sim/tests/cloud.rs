//! Graph, Defender and ServiceNow as the bot's adapters see them.

use std::time::Duration;

use argus_bot_sdk::testing::ManualClock;
use argus_bot_sdk::testing::fault::Fault;
use argus_sim::{Machine, SERVICENOW_PASSWORD, SERVICENOW_USER, SOC_ENGINEERS, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{CONNECTOR, DEFENDER, GRAPH, World, json};

fn workstation() -> String {
    Machine::samples()[0].id.clone()
}

async fn isolate(world: &World, token: &str, machine: &str) -> reqwest::Result<(u16, Value)> {
    let request = world
        .call(Method::POST, &format!("/api/machines/{machine}/isolate"))
        .bearer_auth(token)
        .json(&json!({ "Comment": "case 7 [argus:ab12]", "IsolationType": "Full" }));
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

#[tokio::test]
async fn groups_are_checked_with_a_token_for_graph() {
    let world = World::new().await;
    let alice = world.sim.people().named("alice").unwrap().object_id.clone();
    let path = format!("/v1.0/users/{alice}/checkMemberGroups");
    let ask = |token: String| {
        let request = world.call(Method::POST, &path).bearer_auth(token);
        json(request.json(&json!({ "groupIds": [SOC_ENGINEERS] })))
    };
    let (status, body) = ask(world.token(GRAPH).await).await;
    assert_eq!((status, &body["value"]), (200, &json!([SOC_ENGINEERS])));
    let (status, body) = ask(world.token(CONNECTOR).await).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));

    world.sim.hold().people().leave(SOC_ENGINEERS, &alice);
    let (_, body) = ask(world.token(GRAPH).await).await;
    assert_eq!(body["value"], json!([]), "a change counts at once");
}

#[tokio::test]
async fn a_lost_answer_is_found_by_a_probe() {
    let world = World::new().await;
    let (machine, token) = (workstation(), world.token(DEFENDER).await);
    world.sim.faults().push("defender", "isolate", Fault::LoseResponse);
    assert!(isolate(&world, &token, &machine).await.is_err());

    let filter = format!("machineId eq '{machine}' and contains(requestorComment,'[argus:ab12]')");
    let path = format!(
        "/api/machineactions?{}",
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("$filter", &filter)
            .finish()
    );
    let (status, body) = json(world.call(Method::GET, &path).bearer_auth(&token)).await;
    assert_eq!((status, body["value"].as_array().unwrap().len()), (200, 1));
    assert_eq!(body["value"][0]["status"], "Succeeded");
    let counter = format!("defender.isolate/{machine}");
    assert_eq!(world.sim.effects().get(&counter), Some(&1));
}

#[tokio::test]
async fn an_isolation_takes_its_time() {
    let clock = std::sync::Arc::new(ManualClock::at(1_790_000_000));
    let config = SimConfig::demo().clock(std::sync::Arc::<ManualClock>::clone(&clock));
    let world = World::with(config).await;
    let (machine, token) = (workstation(), world.token(DEFENDER).await);
    let (status, action) = isolate(&world, &token, &machine).await.unwrap();
    assert_eq!((status, &action["status"]), (201, &json!("Pending")));
    let (status, busy) = isolate(&world, &token, &machine).await.unwrap();
    assert_eq!((status, &busy["error"]["code"]), (400, &json!("ActiveRequestAlreadyExists")));

    let path = format!("/api/machineactions/{}", action["id"].as_str().unwrap());
    let mut seen = Vec::new();
    for _ in 0..2 {
        clock.advance(Duration::from_millis(1_500));
        let (_, action) = json(world.call(Method::GET, &path).bearer_auth(&token)).await;
        seen.push(action["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["InProgress", "Succeeded"]);
}

#[tokio::test]
async fn defender_wants_its_own_token_and_the_role() {
    let world = World::new().await;
    let (status, body) = isolate(&world, &world.token(GRAPH).await, &workstation()).await.unwrap();
    assert_eq!((status, &body["error"]["code"]), (401, &json!("Unauthorized")));

    let spec = argus_bot_sdk::testing::TokenSpec::app("reader", world.sim.tenant_id(), DEFENDER);
    let reader = world.sim.entra().mint(&spec);
    let (status, body) = isolate(&world, &reader, &workstation()).await.unwrap();
    assert_eq!((status, &body["error"]["code"]), (403, &json!("Forbidden")));
    assert!(world.sim.effects().is_empty());
}

#[tokio::test]
async fn tickets_are_made_and_found() {
    let world = World::new().await;
    let table = "/api/now/v1/table/incident";
    let signed = |request: reqwest::RequestBuilder| {
        request.basic_auth(SERVICENOW_USER, Some(SERVICENOW_PASSWORD))
    };
    let order = json!({ "correlation_id": "fp-1", "short_description": "Ransomware" });

    let (status, _) = json(world.call(Method::POST, table).json(&order)).await;
    assert_eq!(status, 401);
    let made = signed(world.call(Method::POST, table)).json(&order).send().await.unwrap();
    assert_eq!(made.status().as_u16(), 201);
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let (_, found) = json(signed(world.http.get(location))).await;
    assert_eq!(found["result"]["number"], "INC0010001");

    world.sim.faults().push("servicenow", "create", Fault::Html200);
    let asleep = signed(world.call(Method::POST, table)).json(&order).send().await.unwrap();
    assert_eq!(asleep.status().as_u16(), 200);
    assert!(asleep.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let probe = format!("{table}?sysparm_query=correlation_id%3Dfp-1&sysparm_fields=number");
    let (_, found) = json(signed(world.call(Method::GET, &probe))).await;
    assert_eq!(found["result"], json!([{ "number": "INC0010001" }]));
    assert_eq!(world.sim.effects().get("servicenow.create/fp-1"), Some(&1));
}

#[tokio::test]
async fn a_test_outside_the_process_has_the_same_levers() {
    let world = World::new().await;
    let (machine, token) = (workstation(), world.token(DEFENDER).await);
    let order = json!({
        "system": "defender",
        "operation": "isolate",
        "fault": { "status": { "code": 429, "retry_after": 7 } },
    });
    let post = |path: &str, body: &Value| world.call(Method::POST, path).json(body).send();
    assert_eq!(post("/_sim/faults", &order).await.unwrap().status().as_u16(), 204);
    assert_eq!(isolate(&world, &token, &machine).await.unwrap().0, 429);
    assert_eq!(post("/_sim/faults", &json!({ "fault": "no" })).await.unwrap().status(), 400);
    let form = world.call(Method::POST, "/_sim/faults").body(order.to_string());
    assert_eq!(form.send().await.unwrap().status(), 415, "not from a foreign page");

    let portal = json!({ "machine": machine, "requestor": "j.doe@fjordbank.example" });
    assert_eq!(post("/_sim/portal", &portal).await.unwrap().status(), 204);
    assert_eq!(isolate(&world, &token, &machine).await.unwrap().0, 201);
    let (_, effects) = json(world.call(Method::GET, "/_sim/effects")).await;
    assert_eq!(effects, json!({ format!("defender.isolate/{machine}"): 1 }));
    let cleared = world.call(Method::DELETE, "/_sim/faults").send().await.unwrap();
    assert_eq!(cleared.status(), 204);

    let bob = world.sim.people().named("bob").unwrap().object_id.clone();
    let join = json!({ "group": SOC_ENGINEERS, "member": bob });
    assert_eq!(post("/_sim/groups", &join).await.unwrap().status(), 204);
    assert!(world.sim.people().groups_of(&bob).contains(SOC_ENGINEERS));
}

#[tokio::test]
async fn the_outage_of_one_system_leaves_the_others_alone() {
    let world = World::new().await;
    world.sim.faults().always("graph", "*", Fault::FailBefore(503));
    let alice = world.sim.people().named("alice").unwrap().object_id.clone();
    let user = world.call(Method::GET, &format!("/v1.0/users/{alice}"));
    let (status, _) = json(user.bearer_auth(world.token(GRAPH).await)).await;
    assert_eq!(status, 503);
    let token = world.token(DEFENDER).await;
    assert_eq!(isolate(&world, &token, &workstation()).await.unwrap().0, 201);
}
