//! The whole bot with its templates in SharePoint.

use std::path::Path;
use std::time::Duration;

use argus_bot_sdk::testing::fault::Fault;
use argus_cards::{Library, Origin};
use argus_reference_bot::app::{App, AppError};
use argus_reference_bot::config;
use argus_sim::{Sim, SimConfig};
use argus_soc::ledger::fact::What;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How long a test waits for what must happen; it only bounds how long a failing test hangs.
const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    sim: Sim,
    data: TempDir,
    port: u16,
}

struct Running {
    app: std::sync::Arc<argus_reference_bot::flows::Soc>,
    stop: oneshot::Sender<()>,
    task: JoinSet<Result<(), AppError>>,
}

impl World {
    /// The templates of the repository in a library of SharePoint.
    async fn new() -> Self {
        let sim = Sim::start(SimConfig::default()).await.expect("a simulator");
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates");
        for name in ["alert", "approval", "query-list"] {
            let path = format!("{name}/{name}.card.json");
            let text = std::fs::read_to_string(templates.join(&path)).expect("a template");
            sim.hold().sharepoint().put(&format!("cards/{path}"), text);
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        Self { sim, data: TempDir::new().expect("a folder"), port }
    }

    fn settings(&self, poll_secs: u32) -> String {
        let data = self.data.path().display();
        let secret = self.data.path().join("secret");
        std::fs::write(&secret, self.sim.app_secret()).expect("written");
        format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
[store]
url = "sqlite:{data}/argus.db"
[bot]
app_id = "{app}"
tenant_id = "{tenant}"
credential = {{ secret = "file:{secret}" }}
openid_metadata_url = "{metadata}"
token_url = "{token}"
graph_url = "{graph}"
default_service_url = "{service}"
[templates]
source = "sharepoint:{place}"
poll_secs = {poll_secs}
notification_url = "http://127.0.0.1:{port}/callbacks/sharepoint"
"#,
            port = self.port,
            app = self.sim.app_id(),
            tenant = self.sim.tenant_id(),
            secret = secret.display(),
            metadata = self.sim.metadata_url(),
            token = self.sim.token_url(),
            graph = self.sim.graph_url(),
            service = self.sim.service_url(),
            place = self.sim.sharepoint_place("cards"),
        )
    }

    async fn build(&self, poll_secs: u32) -> Result<App, AppError> {
        let settings = config::parse("argus.toml", &self.settings(poll_secs), []);
        App::build(&settings.expect("settings")).await
    }

    async fn start(&self, poll_secs: u32) -> Running {
        let app = self.build(poll_secs).await.expect("the bot starts");
        let soc = app.soc();
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(app.run(async move { drop(stopped.await) }));
        Running { app: soc, stop, task }
    }

    /// Changes the alert so that it has another version.
    fn edit(&self, word: &str) {
        let card = format!(r#"{{"type":"AdaptiveCard","version":"1.5","speak":"{word}"}}"#);
        self.sim.hold().sharepoint().put("cards/alert/alert.card.json", card);
    }

    /// Waits for the subscription, which the bot makes when it serves.
    async fn subscribed(&self) {
        until("a subscription", async || {
            (!self.sim.hold().sharepoint().subscribers().is_empty()).then_some(())
        })
        .await;
    }
}

impl Running {
    fn library(&self) -> &Library {
        &self.app.templates
    }

    fn says(&self, word: &str) -> bool {
        let card = self.library().render("alert", &serde_json::json!({}), None);
        card.is_ok_and(|card| String::from_utf8_lossy(&card.json).contains(word))
    }

    async fn until_it_says(&self, word: &str) {
        until(word, async || self.says(word).then_some(())).await;
    }

    async fn stop(self) {
        let Self { app, stop, mut task } = self;
        drop(app);
        stop.send(()).expect("it runs");
        task.join_next().await.expect("a task").expect("no panic").expect("it ends well");
    }
}

async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look().await {
                Some(seen) => return seen,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

#[tokio::test]
async fn a_change_in_sharepoint_is_told_and_used_at_once() {
    let world = World::new().await;
    // Nobody looks for a day; what is seen was told.
    let bot = world.start(86_400).await;
    world.subscribed().await;
    world.edit("first");
    assert_eq!(world.sim.tell_subscribers(None).await, 1);
    bot.until_it_says("first").await;

    // A notification with another secret is answered and not believed.
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let door = format!("http://127.0.0.1:{}/callbacks/sharepoint", world.port);
    let forged =
        serde_json::json!({ "value": [{ "clientState": "guessed", "subscriptionId": "x" }] });
    let send = async |body: String| {
        let request = client.post(&door).header("content-type", "application/json").body(body);
        request.send().await.expect("an answer").status().as_u16()
    };
    let before = world.sim.faults().calls("sharepoint", "delta");
    assert_eq!([send(forged.to_string()).await, send("{".to_owned()).await], [202, 400]);
    let got = client.get(&door).send().await.expect("an answer").status().as_u16();
    assert_eq!(got, 405);

    // A broken template is refused, on record, and the last good one stays.
    world.sim.hold().sharepoint().put("cards/alert/alert.card.json", "{\n \"type\": \"${1 +}\"\n}");
    assert_eq!(world.sim.faults().calls("sharepoint", "delta"), before, "nobody looked");
    assert_eq!(world.sim.tell_subscribers(Some("missed")).await, 1);
    let refused = until("the refusal on record", async || {
        let records = bot.app.ledger.records_after(0, 1_000).await.expect("records");
        records.into_iter().find_map(|record| match record.fact.what {
            What::TemplatesActivated { refused, .. } if !refused.is_empty() => Some(refused),
            _ => None,
        })
    })
    .await;
    assert!(refused[0].starts_with("alert/alert.card.json:2:16: "), "{refused:?}");
    assert!(bot.says("first"));

    // Graph takes the subscription away; a new one is made.
    world.sim.hold().sharepoint().lose_subscriptions();
    let gone = serde_json::json!({ "value": [{ "lifecycleEvent": "subscriptionRemoved" }] });
    assert_eq!(send(gone.to_string()).await, 202, "but whoever says so must know the secret");
    assert!(world.sim.hold().sharepoint().subscribers().is_empty());
    bot.stop().await;
    let bot = world.start(86_400).await;
    world.subscribed().await;
    bot.stop().await;
    let effects = world.sim.effects();
    assert!(!effects.keys().any(|key| key.contains("token_leaked")), "{effects:?}");
}

#[tokio::test]
async fn a_cold_start_without_graph_serves_the_last_good_templates() {
    let world = World::new().await;
    world.edit("kept");
    world.start(86_400).await.stop().await;
    world.sim.faults().always("sharepoint", "*", Fault::FailBefore(503));
    let bot = world.start(1).await;
    assert!(bot.says("kept"));
    assert_eq!(bot.library().status().origin, Origin::State);
    world.sim.faults().clear();
    world.edit("new");
    bot.until_it_says("new").await;
    assert_eq!(bot.library().status().origin, Origin::Source);
    bot.stop().await;
}

#[tokio::test]
async fn a_source_that_wants_to_be_left_alone_is() {
    let world = World::new().await;
    let bot = world.start(86_400).await;
    world.subscribed().await;
    world.sim.faults().push(
        "sharepoint",
        "delta",
        Fault::Status { code: 429, retry_after: Some(2) },
    );
    let asked = tokio::time::Instant::now();
    world.edit("late");
    world.sim.tell_subscribers(None).await;
    let calls = || world.sim.faults().calls("sharepoint", "delta");
    let refused = calls();
    // However often it rings meanwhile.
    for _ in 0..5 {
        world.sim.tell_subscribers(None).await;
    }
    bot.until_it_says("late").await;
    assert!(asked.elapsed() >= Duration::from_secs(2), "asked again after {:?}", asked.elapsed());
    assert!(calls() <= refused + 3, "{refused} and then {}", calls());
    bot.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let world = World::new().await;
    let check = async |from: &str, to: &str, why: &str| {
        let settings = world.settings(60).replace(from, to);
        let settings = config::parse("argus.toml", &settings, []).expect("settings");
        let error = App::build(&settings).await.expect_err(why);
        let said = argus_reference_bot::chain::chain(&error);
        assert!(said.contains(why), "{said}");
    };
    let place = world.sim.sharepoint_place("cards");
    let source = format!("sharepoint:{place}");
    check(&source, "git:x", "neither `folder:PATH` nor `sharepoint:SITE/DRIVE/PATH`").await;
    check(&source, "sharepoint:x", "is not SITE/DRIVE/PATH").await;
    check(&place, &place.replace("Documents", "Cards"), "it has: Site Pages, Documents").await;
    check("/cards\"", "/nowhere\"", "no usable template `alert`").await;
    let door = "notification_url = \"http://";
    check(
        &format!("{door}127.0.0.1"),
        &format!("{door}bot.example"),
        "Graph sends them to https only",
    )
    .await;
}
