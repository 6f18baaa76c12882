//! Events come in many at once, packed, signed, too many, from sources that may not say everything,
//! and from one that says nothing.

use std::io::Write as _;
use std::time::Duration;

use argus_bot_sdk::testing::TokenSpec;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::scenery::hmac_sha256;
use super::world::{API_KEY, Left, Plan, SIGNING_KEY, World, alert, answer, texts};

/// What the source `small` shows.
const SMALL_KEY: &str = "the-key-of-a-small-source";

fn digest_of(key: &str) -> String {
    argus_reference_bot::hex::hex(&Sha256::digest(key))
}

/// A world with one source more, of whose settings this is the rest.
async fn with_small(rest: &str) -> World {
    let digest = digest_of(SMALL_KEY);
    let settings = format!(
        "[ingest.sources.small]\nkind = \"generic\"\nauth = {{ api_key_sha256 = [\"{digest}\"] }}\n\
         {rest}\n"
    );
    World::with(Plan { settings, ..Plan::default() }).await
}

fn small(world: &World, body: &Value) -> RequestBuilder {
    let request = world.http.post(world.url("/ingest/small")).header("x-api-key", SMALL_KEY);
    request.header("content-type", "application/json").body(body.to_string())
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.parse().ok()
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn many_events_come_together_and_each_has_its_receipt() {
    let world = World::new().await;
    let [a, b, c, d] = ["a-1", "a-2", "a-3", "a-4"].map(|id| alert(id, "ws-114"));
    let list = json!([a, b]).to_string();
    let (status, taken) = answer(world.keyed(list.clone())).await;
    assert_eq!(status, 202, "{taken}");
    let events = taken["events"].as_array().unwrap();
    assert_eq!(events.len(), 2, "{taken}");
    let [first, second] = [0, 1].map(|place| events[place]["seq"].as_u64().unwrap());
    assert_eq!((second, &events[0]["duplicate"]), (first + 1, &json!(false)), "{taken}");
    for event in events {
        let (status, seen) =
            world.get(&format!("/events/{}", event["event_id"].as_str().unwrap())).await;
        assert_eq!((status, &seen["correlation_id"]), (200, &event["correlation_id"]), "{seen}");
    }
    let (status, again) = answer(world.keyed(list)).await;
    assert_eq!((status, &again["events"][1]["seq"]), (200, &json!(second)), "{again}");

    // One event a line: an old one, a broken one, a new one.
    let lines = format!("{b}\n{{\"id\": }}\n\n{c}\r\n");
    let sent = world.http.post(world.url("/ingest/keyed")).header("x-api-key", API_KEY);
    let (status, told) =
        answer(sent.header("content-type", "application/x-ndjson").body(lines)).await;
    assert_eq!(status, 207, "{told}");
    assert_eq!(told["events"][0]["duplicate"], true, "{told}");
    assert_eq!(told["events"][1]["error"]["type"], "urn:argus:problem:bad-json", "{told}");
    assert!(told["events"][2]["seq"].is_u64(), "{told}");

    // A list of one is answered like one, too.
    let (status, one) = answer(world.keyed(json!([d]).to_string())).await;
    assert_eq!((status, &one["seq"]), (202, &one["events"][0]["seq"]), "{one}");
    for (body, wanted, name) in [
        ("[]", 422, "no-event-taken"),
        ("[1, 2]", 422, "no-event-taken"),
        ("[{\"a\":}]", 400, "no-event-taken"),
        ("[{]", 400, "bad-json"),
    ] {
        let (status, problem) = answer(world.keyed(body)).await;
        assert_eq!(status, wanted, "{body}: {problem}");
        assert_eq!(problem["type"], format!("urn:argus:problem:{name}"), "{body}");
    }
    let many = format!("[{}]", vec!["{}"; 1_001].join(","));
    assert_eq!(answer(world.keyed(many)).await.0, 413);
    assert_eq!(world.soc().ledger.counts().await.unwrap().events, 4);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_key_names_the_whole_delivery() {
    let world = World::new().await;
    let [a, b, c] = ["a-1", "a-2", "a-3"].map(|id| alert(id, "ws-114"));
    let send = async |events: Value| {
        answer(world.keyed(events.to_string()).header("idempotency-key", "night-1")).await
    };
    let first = send(json!([a, b])).await;
    assert_eq!(first.0, 202, "{}", first.1);
    let again = send(json!([a, b])).await;
    assert_eq!((again.0, &again.1["events"][0]["seq"]), (200, &first.1["events"][0]["seq"]));
    for other in [json!([a, c]), json!([a, b, c]), json!([c])] {
        let (status, problem) = send(other.clone()).await;
        assert_eq!(status, 409, "{other}: {problem}");
    }
    assert_eq!(world.soc().ledger.counts().await.unwrap().events, 2, "nothing of them was taken");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn packed_bodies_are_signed_as_sent_and_bombs_are_refused() {
    let world = World::new().await;
    let send = async |body: Vec<u8>| {
        let tag = hmac_sha256(SIGNING_KEY.as_bytes(), &body);
        let request = world.http.post(world.url("/ingest/signed"));
        let request = request.header("x-hub-signature-256", format!("sha256={tag}"));
        answer(request.header("content-encoding", "gzip").body(body)).await
    };
    let list = json!([alert("a-1", "ws-114"), alert("a-2", "ws-114")]).to_string();
    let (status, taken) = send(pack(list.as_bytes())).await;
    assert_eq!((status, taken["events"].as_array().map(Vec::len)), (202, Some(2)), "{taken}");
    let (status, problem) = send(pack(&vec![b' '; 7_000_000])).await;
    assert_eq!(status, 413, "{problem}");
    assert_eq!(problem["type"], "urn:argus:problem:gzip-bomb");
    let (status, problem) = send(list.clone().into_bytes()).await;
    assert_eq!((status, &problem["type"]), (400, &json!("urn:argus:problem:bad-gzip")));
    let unpacked = hmac_sha256(SIGNING_KEY.as_bytes(), list.as_bytes());
    let request = world.http.post(world.url("/ingest/signed"));
    let request = request.header("x-hub-signature-256", format!("sha256={unpacked}"));
    let request = request.header("content-encoding", "gzip").body(pack(list.as_bytes()));
    assert_eq!(answer(request).await.0, 401, "the signature is over the bytes as they are sent");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_quota_is_one_sources_own() {
    let world = with_small("quota = { events_per_minute = 3 }").await;
    let event = |id: &str| json!({"id": id, "severity": "low", "title": "small", "host": "ws-1"});
    for id in ["a-1", "a-2", "a-3"] {
        assert_eq!(answer(small(&world, &event(id))).await.0, 202, "{id}");
    }
    let refused = small(&world, &event("a-4")).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(retry_after(&refused).is_some_and(|it| (1..=60).contains(&it)), "{refused:?}");
    world.ingest(&alert("b-1", "ws-114")).await;
    let metrics = world.http.get(world.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "argus_source_events_accepted_total{source=\"small\"} 3",
        "argus_source_events_refused_total{source=\"small\",reason=\"quota\"} 1",
        "argus_source_events_accepted_total{source=\"keyed\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_a_source_may_not_claim_is_not_believed() {
    let world =
        with_small("may = { max_severity = \"medium\", entities = [\"user\"], resolve = false }")
            .await;
    let claimed = json!({"id": "a-1", "severity": "critical", "title": "Believe me",
        "event_type": "phish", "incident_key": "case-1", "entities": [
            {"type": "host", "value": "dc-1"}, {"type": "user", "value": "m.holm"}]});
    let (status, receipt) = answer(small(&world, &claimed)).await;
    assert_eq!(status, 202, "{receipt}");
    let incident = world
        .until("the incident", async || {
            let (status, incident) = world.get("/incidents/INC-1").await;
            (status == 200).then_some(incident)
        })
        .await;
    assert_eq!(incident["severity"], "medium", "{incident}");
    assert_eq!(incident["event"]["entities"].as_array().map(Vec::len), Some(1), "{incident}");
    let notes = incident["event"]["notes"].to_string();
    assert!(notes.contains("may not say critical") && notes.contains("a host"), "{notes}");
    let (_, event) = world.get(&format!("/events/{}", receipt["event_id"].as_str().unwrap())).await;
    assert_eq!(event["event"], claimed, "what was sent is kept as it was");

    let over = json!({"id": "a-2", "status": "resolved", "title": "Believe me",
        "event_type": "phish", "incident_key": "case-1", "user": "m.holm"});
    assert_eq!(answer(small(&world, &over)).await.0, 202);
    let counted = async || {
        let (_, incident) = world.get("/incidents/INC-1").await;
        (incident["count"] == 2).then_some(incident)
    };
    let incident = world.until("the second event", counted).await;
    assert_eq!(incident["state"], "open", "{incident}");

    // Nor is it when a person makes an incident of its own of it.
    let more = json!({"id": "a-3", "severity": "critical", "title": "Believe me",
        "event_type": "phish", "incident_key": "case-1", "host": "dc-1", "user": "m.holm"});
    let (_, more) = answer(small(&world, &more)).await;
    let split = format!("split INC-1 {}", more["event_id"].as_str().unwrap());
    let is_split = async || {
        let said = texts(&world.say("alice", &split).await).join("");
        said.contains("INC-2 has 1").then_some(())
    };
    world.until("the third event is placed, and split off", is_split).await;
    let (_, incident) = world.get("/incidents/INC-2").await;
    assert_eq!(incident["severity"], "medium", "{incident}");
    assert_eq!(incident["event"]["entities"].as_array().map(Vec::len), Some(1), "{incident}");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_silent_source_is_an_incident_until_it_speaks() {
    let mut world = with_small("heartbeat = \"2s\"").await;
    let alarm = async |world: &World| {
        world
            .until("the alarm", async || {
                let (status, incident) = world.get("/incidents/INC-1").await;
                (status == 200).then_some(incident)
            })
            .await
    };
    let incident = alarm(&world).await;
    assert_eq!(incident["title"], "The source small went silent", "{incident}");
    assert_eq!((&incident["severity"], &incident["count"]), (&json!("high"), &json!(1)));
    world.card("INC-1", |card| card.says("went silent")).await;

    // A restart is no second alarm.
    world.crash().await;
    world.start().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(alarm(&world).await["count"], 1);
    let ready = world.get("/readyz").await.1;
    assert_eq!(ready["sources"]["small"], "not heard since the start", "{ready}");

    let event = json!({"id": "a-1", "severity": "low", "title": "small", "host": "ws-1"});
    assert_eq!(answer(small(&world, &event)).await.0, 202);
    world
        .until("the end of the alarm", async || {
            let (_, incident) = world.get("/incidents/INC-1").await;
            (incident["state"] == "closed").then_some(())
        })
        .await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn event_grid_is_answered_once_it_has_proven_who_it_is() {
    let world = World::new().await;
    let url = world.url("/ingest/keyed");
    let validation = json!([{"id": "1", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}}]);
    let validate = |key: &str| {
        let request = world.http.post(&url).header("aeg-event-type", "SubscriptionValidation");
        request.header("x-api-key", key).body(validation.to_string())
    };
    let (status, answered) = answer(validate(API_KEY)).await;
    assert_eq!(
        (status, &answered["validationResponse"]),
        (200, &validation[0]["data"]["validationCode"])
    );
    assert_eq!(answer(validate("wrong")).await.0, 401);

    let ask = async |key: &str| {
        let request = world.http.request(reqwest::Method::OPTIONS, &url);
        let request = request.header("webhook-request-origin", "eventgrid.azure.net");
        request.header("x-api-key", key).send().await.unwrap()
    };
    let allowed = ask(API_KEY).await;
    assert_eq!(allowed.status(), 200);
    assert_eq!(allowed.headers()["webhook-allowed-origin"], "eventgrid.azure.net");
    let refused = ask("wrong").await;
    assert_eq!(refused.status(), 401);
    assert!(!refused.headers().contains_key("webhook-allowed-origin"));
    assert_eq!(world.soc().ledger.counts().await.unwrap().events, 0, "none of it was an event");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_app_comes_with_a_token_of_entra() {
    const AUDIENCE: &str = "api://events.fjordbank.example";
    const GRID: &str = "77777777-8888-4999-8aaa-bbbbbbbbbbbb";
    let settings = format!(
        "[ingest.sources.grid]\nkind = \"auto\"\n\
         auth = {{ entra = {{ audience = \"{AUDIENCE}\", app_ids = [\"{GRID}\"] }} }}\n"
    );
    let world = World::with(Plan { settings, ..Plan::default() }).await;
    let send = async |token: &str| {
        let request = world.http.post(world.url("/ingest/grid")).bearer_auth(token);
        answer(request.body(alert("a-1", "ws-114").to_string())).await.0
    };
    let mint = |app: &str, audience: &str| {
        world.sim.entra().mint(&TokenSpec::app(app, world.sim.tenant_id(), audience))
    };
    assert_eq!(send(&mint(GRID, AUDIENCE)).await, 202);
    assert_eq!(send(&mint(GRID, world.sim.app_id())).await, 401, "for another audience");
    assert_eq!(send(&mint(world.sim.app_id(), AUDIENCE)).await, 401, "another app");
    assert_eq!(send(&world.sim.teams().token()).await, 401, "Teams is no source");
    assert_eq!(send("").await, 401);
    world.finish(Left::default()).await;
}
