//! The server of the demo's page, with a bot that notes what it is sent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
use argus_sim::page::{AlertError, Feed, Page, PageConfig, SampleAlert};
use argus_sim::{Machine, PARTNER_TENANT, Sim};
use async_trait::async_trait;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::world::{CONNECTOR, World, json};

/// A bot that lets in what the SDK lets in, notes it and answers invokes.
struct Bot {
    server: FakeServer,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Bot {
    async fn start(sim: &Sim) -> Self {
        let config = InboundConfig::new(sim.app_id(), Cloud::Public)
            .tenant(sim.tenant_id())
            .openid_metadata_url(sim.metadata_url())
            .allowed_service_urls([sim.teams().url()]);
        let door = Arc::new(Authenticator::new(config, sim.entra().clock()).unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let server = FakeServer::start(move |request: FakeRequest| {
            let (notes, door) = (Arc::clone(&notes), Arc::clone(&door));
            async move {
                let verdict = door.verify(request.header("authorization"), &request.body).await;
                if let Err(rejection) = verdict {
                    return FakeResponse::text(rejection.status(), rejection.rule());
                }
                assert_eq!(request.path(), "/api/messages");
                let activity = request.json().unwrap();
                notes.lock().unwrap().push(activity.clone());
                if activity["type"] != "invoke" {
                    return FakeResponse::status(202);
                }
                let kind = "application/vnd.microsoft.activity.message";
                let body = json!({ "statusCode": 200, "type": kind, "value": "done" });
                FakeResponse::json(200, &body)
            }
        })
        .await
        .unwrap();
        Self { server, heard }
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }
}

/// An audit trail that grows when a test says so, and one alert.
#[derive(Default)]
struct Samples {
    lines: AtomicU64,
}

#[async_trait]
impl Feed for Samples {
    fn audit_after(&self, seq: u64) -> Vec<Value> {
        let last = self.lines.load(Ordering::Relaxed);
        (seq + 1..=last).map(|seq| json!({ "seq": seq, "kind": "noted", "text": "x" })).collect()
    }

    fn alerts(&self) -> Vec<SampleAlert> {
        let [name, title, product] = ["ransomware", "Ransomware", "Defender"].map(str::to_owned);
        vec![SampleAlert { name, title, product }]
    }

    async fn send_alert(&self, name: &str) -> Result<Value, AlertError> {
        match name {
            "ransomware" => Ok(json!({ "seq": 1 })),
            "broken" => Err(AlertError::NotSent("the bot is down".to_owned())),
            _ => Err(AlertError::Unknown),
        }
    }
}

struct Scene {
    world: World,
    bot: Bot,
    page: Page,
    feed: Arc<Samples>,
    web: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let bot = Bot::start(&world.sim).await;
        let web = tempfile::tempdir().unwrap();
        std::fs::write(web.path().join("index.html"), "<!doctype html>the page").unwrap();
        let feed = Arc::new(Samples::default());
        let config = PageConfig {
            sim: world.sim.clone(),
            bot_url: bot.server.url(),
            web_root: Some(web.path().to_owned()),
            port: 0,
            feed: Arc::<Samples>::clone(&feed),
        };
        let page = Page::start(config).await.unwrap();
        Self { world, bot, page, feed, web }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.world.http.get(format!("{}{path}", self.page.url()))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.world.http.post(format!("{}{path}", self.page.url())).json(body)
    }

    /// The bot writes a card into the channel; the id of its activity once the page has it.
    async fn card(&self) -> String {
        let (sim, token) = (&self.world.sim, self.world.token(CONNECTOR).await);
        let url = format!("{}v3/conversations/{}/activities", sim.service_url(), sim.channel_id());
        let content = json!({ "type": "AdaptiveCard", "version": "1.5", "body": [] });
        let kind = "application/vnd.microsoft.card.adaptive";
        let card = json!({
            "type": "message",
            "attachments": [{ "contentType": kind, "content": content }],
        });
        let (status, sent) = json(self.world.http.post(url).bearer_auth(token).json(&card)).await;
        assert_eq!(status, 201, "{sent}");
        let id = sent["id"].as_str().unwrap().to_owned();
        while self.shown().await.iter().all(|activity| activity["id"] != id.as_str()) {
            tokio::task::yield_now().await;
        }
        id
    }

    async fn shown(&self) -> Vec<Value> {
        let (_, state) = json(self.get("/api/state")).await;
        state["activities"].as_array().unwrap().clone()
    }
}

/// A page that was not built.
async fn plain_page(world: &World, bot: &Bot) -> Page {
    let (sim, bot_url, feed) = (world.sim.clone(), bot.server.url(), Arc::new(Samples::default()));
    Page::start(PageConfig { sim, bot_url, web_root: None, port: 0, feed }).await.unwrap()
}

#[tokio::test]
async fn a_message_is_shown_and_reaches_the_bot() {
    let scene = Scene::new().await;
    let saying = json!({ "who": "alice", "text": "@Argus list" });
    let (status, _) = json(scene.post("/api/messages", &saying)).await;
    assert_eq!(status, 202);

    let activity = &scene.bot.heard()[0];
    assert_eq!(activity["text"].as_str().unwrap().trim(), "<at>Argus</at> list");
    assert_eq!(activity["from"]["name"], "Alice Berg");

    while scene.shown().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let shown = &scene.shown().await[0];
    assert_eq!(shown["text"], "@Argus list");
    assert_eq!(shown["from"], json!({ "id": "alice", "name": "Alice Berg", "kind": "user" }));
}

#[tokio::test]
async fn a_click_brings_the_bots_answer_back() {
    let scene = Scene::new().await;
    let card = scene.card().await;
    let action = json!({ "verb": "isolate", "title": "Isolate", "data": { "r": "opaque" } });
    let click = json!({ "who": "carol", "activity_id": card, "action": action });
    let (status, reply) = json(scene.post("/api/click", &click)).await;
    let kind = "application/vnd.microsoft.activity.message";
    assert_eq!((status, reply), (200, json!({ "statusCode": 200, "type": kind, "value": "done" })));

    let invoke = &scene.bot.heard()[0];
    assert_eq!(invoke["name"], "adaptiveCard/action");
    assert_eq!(invoke["replyToId"], card.as_str());
    assert_eq!(invoke["value"]["action"]["verb"], "isolate");
    assert_eq!(invoke["value"]["action"]["data"], json!({ "r": "opaque" }));
    assert_eq!(invoke["from"]["tenantId"], PARTNER_TENANT, "a guest brings their tenant");
    assert!(invoke["conversation"]["id"].as_str().unwrap().ends_with(&format!("={card}")));

    let lost = json!({ "who": "alice", "activity_id": "1", "action": action });
    assert_eq!(json(scene.post("/api/click", &lost)).await.0, 404);
}

#[tokio::test]
async fn one_click_can_be_delivered_five_times() {
    let scene = Scene::new().await;
    let click = json!({
        "who": "alice",
        "activity_id": scene.card().await,
        "action": { "verb": "isolate", "title": "Isolate", "data": {} },
        "repeat": 5,
    });
    let (_, reply) = json(scene.post("/api/click", &click)).await;
    assert_eq!(reply["replies"].as_array().map(Vec::len), Some(5));
    assert_eq!(reply["value"], "done");
    let heard = scene.bot.heard();
    assert_eq!(heard.len(), 5);
    assert!(heard.iter().all(|activity| activity["id"] == heard[0]["id"]), "one and the same id");
}

#[tokio::test]
async fn a_submit_button_sends_a_message() {
    let scene = Scene::new().await;
    let action = json!({ "type": "Action.Submit", "title": "Save", "data": { "note": "x" } });
    let click = json!({ "who": "bob", "activity_id": scene.card().await, "action": action });
    assert_eq!(json(scene.post("/api/click", &click)).await.0, 200);
    let heard = scene.bot.heard();
    assert_eq!((&heard[0]["type"], &heard[0]["value"]), (&json!("message"), &json!({"note": "x"})));
}

#[tokio::test]
async fn the_stream_begins_with_a_snapshot() {
    let scene = Scene::new().await;
    let mut stream = scene.get("/api/stream").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = stream.chunk().await.unwrap().unwrap();
    let mut seen = String::from_utf8_lossy(&first).into_owned();
    assert!(seen.starts_with("event: snapshot\ndata: {\"conversation\":{\"id\":\"19:soc-alerts@"));

    let card = scene.card().await;
    scene.feed.lines.store(2, Ordering::Relaxed);
    scene.world.sim.faults().record("defender", "isolate", &Machine::samples()[0].id);
    let wanted = [
        format!("event: activity\ndata: {{\"activity\":{{\"id\":\"{card}\""),
        "\"cards\":[{\"type\":\"AdaptiveCard\"".to_owned(),
        "event: audit\ndata: {\"seq\":2,".to_owned(),
        "{\"defender.isolate/ws-114.fjordbank.example\":1,\"teams.send\":1}".to_owned(),
    ];
    let all = async {
        while !wanted.iter().all(|part| seen.contains(part)) {
            seen.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), all).await;
    assert!(in_time.is_ok(), "the stream lacks something: {seen}");
}

#[tokio::test]
async fn alerts_people_and_faults_are_offered() {
    let scene = Scene::new().await;
    let (_, people) = json(scene.get("/api/people")).await;
    let ids: Vec<_> = people.as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
    assert_eq!(ids, ["alice", "dana", "bob", "carol"]);
    let (_, alerts) = json(scene.get("/api/alerts")).await;
    assert_eq!(alerts[0]["title"], "Ransomware");
    for (name, expected) in [("ransomware", 202), ("broken", 502), ("unknown", 404)] {
        let path = format!("/api/alerts/{name}");
        assert_eq!(json(scene.post(&path, &json!({}))).await.0, expected, "{name}");
    }
    let order = json!({ "system": "teams", "operation": "*", "fault": { "fail_before": 503 } });
    assert_eq!(json(scene.post("/api/faults", &order)).await.0, 200);
    assert_eq!(scene.world.sim.faults().next("teams", "send"), Some(Fault::FailBefore(503)));
}

#[tokio::test]
async fn strangers_stay_outside() {
    let scene = Scene::new().await;
    let say = || scene.post("/api/messages", &json!({ "who": "alice", "text": "x" }));
    let check = async |request: RequestBuilder, expected: u16, why: &str| {
        assert_eq!(json(request).await.0, expected, "{why}");
    };
    check(scene.get("/").header("host", "attacker.example"), 421, "rebound name").await;
    check(say().header("origin", "http://attacker.example"), 403, "foreign page").await;
    check(say().header("origin", scene.page.url()), 202, "the page itself").await;
    let form = scene.world.http.post(format!("{}/api/messages", scene.page.url()));
    check(form.body(r#"{"who":"alice","text":"x"}"#), 415, "a form").await;
    check(scene.post("/api/messages", &json!({ "who": "eve", "text": "x" })), 404, "nobody").await;
    check(scene.post("/api/messages", &json!({ "who": "bob", "text": " " })), 400, "nothing").await;
    check(scene.post("/index.html", &json!({})), 405, "files are read").await;
    let long = json!({ "who": "bob", "text": "x".repeat(300_000) });
    check(scene.post("/api/messages", &long), 413, "too long").await;
}

#[tokio::test]
async fn files_are_served_under_a_strict_policy() {
    let scene = Scene::new().await;
    std::fs::write(scene.web.path().join("app.js"), "code").unwrap();
    let file = scene.get("/app.js").send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "text/javascript; charset=utf-8");
    let policy = file.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    assert!(!policy.contains("script-src"), "scripts come from the page alone: {policy}");
    assert_eq!(file.text().await.unwrap(), "code");
    assert_eq!(scene.get("/none.js").send().await.unwrap().status(), 404);
    assert_eq!(
        scene.get("/").send().await.unwrap().text().await.unwrap(),
        "<!doctype html>the page"
    );
}

#[tokio::test]
async fn without_a_built_page_the_channel_is_text() {
    let world = World::new().await;
    let bot = Bot::start(&world.sim).await;
    let alice = world.sim.people().named("alice").unwrap().in_teams();
    world.sim.teams().say(world.sim.channel_id(), &alice, "<b>hello</b>").unwrap();
    let page = plain_page(&world, &bot).await;
    let html = world.http.get(page.url()).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("Node.js"), "{html}");
    assert!(html.contains("@Argus &lt;b&gt;hello&lt;/b&gt;"), "{html}");
}

#[tokio::test]
async fn a_bot_that_is_gone_is_reported() {
    let world = World::new().await;
    let bot = Bot::start(&world.sim).await;
    let page = plain_page(&world, &bot).await;
    drop(bot);
    let saying = json!({ "who": "alice", "text": "list" });
    let request = world.http.post(format!("{}/api/messages", page.url())).json(&saying);
    let (status, body) = json(request).await;
    assert_eq!((status, &body["title"]), (502, &json!("the bot does not answer")));
}
