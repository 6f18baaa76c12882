//! The bot as a process of its own, with its log at its most talkative, between systems that misbehave.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
use argus_sim::{ARGUS_ADMINISTRATORS, SOC_ENGINEERS, Sim, SimConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// Every canary, by what it is.
pub(super) const CANARIES: [&str; 24] = [
    "button-key",
    "admin-key",
    "source-api-key",
    "source-hmac",
    "source-hmac-old",
    "source-timestamp",
    "wall-token",
    "wall-token-next",
    "hook-token",
    "hook-signature",
    "snow-password",
    "jira-password",
    "intel-bearer",
    "intel-header",
    "intel-basic",
    "intel-sas",
    "feed-password",
    "cmdb-password",
    "anchor-key",
    "vault-old",
    "new-password",
    "pasted",
    "url-password",
    "strangers-token",
];

const PATIENCE: Duration = Duration::from_secs(40);

/// The secret of that name; worth nothing anywhere.
pub(super) fn canary(name: &str) -> String {
    format!("c4n4ry-{name}-7e1f5a")
}

pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Which canaries stand in a text, in any form that a program gives them by accident.
pub(super) fn found(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    let is = |name: &&&str| {
        let secret = canary(name);
        // Base64 of a text depends on what stands before it; these are its three alignments, without
        // the signs at their ends that depend on neighbours.
        let inside = (0..3).map(|skip| {
            let padded = format!("{}{secret}", "x".repeat(skip));
            let encoded = STANDARD.encode(padded);
            let encoded = encoded.trim_end_matches('=');
            encoded.chars().skip(4).take(encoded.len().saturating_sub(6)).collect::<String>()
        });
        lower.contains(&secret) || inside.into_iter().any(|it| text.contains(&it))
    };
    CANARIES.iter().filter(is).copied().collect()
}

/// An alert that a playbook could act on.
pub(super) fn attack(n: u32) -> Value {
    json!({
        "id": format!("attack-{n}"), "source": "edr", "event_type": format!("attack_{n}"),
        "severity": "high", "title": "Somebody knocks", "entity_type": "ip",
        "entity_value": format!("203.0.113.{}", n + 1),
    })
}

/// What the planted secrets met.
pub(super) struct Planted {
    /// How often the service that says everything back was called.
    pub(super) asked: u64,
}

pub(super) struct Scene {
    pub(super) sim: Sim,
    echo: FakeServer,
    echoed: Arc<AtomicU64>,
    folder: TempDir,
    settings: String,
    bot: std::sync::Mutex<Option<Child>>,
    url: String,
    http: reqwest::Client,
    answers: std::sync::Mutex<String>,
}

/// Says back all that it was sent, as a page for developers does.
async fn echo(counter: Arc<AtomicU64>) -> FakeServer {
    let answer = move |request: FakeRequest| {
        if request.path().starts_with("/hook") {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        async move {
            let text =
                |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers: Vec<String> =
                request.headers.iter().map(|(name, it)| format!("{name}: {}", text(it))).collect();
            let all = headers.join("; ");
            FakeResponse::json(500, &json!({"error": {"code": all, "message": all}, "id": all}))
        }
    };
    FakeServer::start(answer).await.expect("starts")
}

impl Scene {
    pub(super) async fn start() -> Self {
        let sim = Sim::start(SimConfig::default()).await.expect("starts");
        let echoed = Arc::new(AtomicU64::new(0));
        let echo = echo(Arc::clone(&echoed)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let now = sim.now();
        for name in ["vault-old", "wall-token"] {
            sim.hold().vault().put("wall", &canary(name), now);
        }
        for name in ["hook-token", "hook-signature", "jira-password", "source-hmac"] {
            sim.hold().vault().put(name, &canary(name), now);
        }
        let settings = settings(&sim, &echo.url(), folder.path());
        std::fs::write(
            folder.path().join("argus.toml"),
            settings.replace("@WALL@", &sim.vault_url()),
        )
        .expect("written");
        let log = std::fs::File::create(folder.path().join("log")).expect("a file");
        let bot = Command::new(env!("CARGO_BIN_EXE_argus"))
            .args(["serve", "--config", "argus.toml", "--log-format", "json"])
            .current_dir(folder.path())
            .env("ARGUS_LOG", "trace")
            .env("CANARY_BOT", sim.app_secret())
            .env("RUST_BACKTRACE", "full")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("starts");
        let http =
            reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let mut scene = Self {
            sim,
            echo,
            echoed,
            folder,
            settings,
            bot: std::sync::Mutex::new(Some(bot)),
            url: String::new(),
            http,
            answers: std::sync::Mutex::default(),
        };
        let address = scene.until("it listens", async || scene.address()).await;
        scene.url = format!("http://{address}");
        scene
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn address(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find(|it| it.contains("argus listens"))?;
        let line: Value = serde_json::from_str(line).ok()?;
        Some(line["fields"]["address"].as_str()?.to_owned())
    }

    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            assert!(Instant::now() < end, "not in time: {what}; the log ends with {}", {
                let log = self.log();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                tail.join("\n")
            });
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Keeps an answer for the search.
    async fn ask(&self, request: reqwest::RequestBuilder) -> String {
        let response = request.send().await.expect("an answer");
        let head = format!("{:?} {:?}", response.status(), response.headers());
        let body = response.text().await.unwrap_or_default();
        let text = format!("{head}\n{body}\n");
        self.answers.lock().expect("whole").push_str(&text);
        text
    }

    pub(super) async fn ingest(&self, event: &Value) {
        let request = self.http.post(format!("{}/ingest/keyed", self.url));
        let request = request.header("x-api-key", canary("source-api-key")).json(event);
        let said = self.ask(request).await;
        assert!(said.starts_with("202"), "{said}");
    }

    /// Callers without a right, each with a secret in it.
    pub(super) async fn knock(&self) {
        let stranger = canary("strangers-token");
        let at = |path: &str| format!("{}{path}", self.url);
        let bodies = [json!({"type": "message"}), json!({"x": canary("pasted")})];
        for path in
            ["/api/messages", "/ingest/keyed", "/ingest/signed", "/ingest/timed", "/playbooks"]
        {
            for body in &bodies {
                let request = self.http.post(at(path)).bearer_auth(&stranger).json(body);
                self.ask(request.header("x-api-key", &stranger)).await;
                let sas = format!("{}?sig={stranger}&code={stranger}", at(path));
                self.ask(self.http.post(sas).json(body)).await;
                let signed = self.http.post(at(path)).header("x-hub-signature-256", &stranger);
                self.ask(signed.json(body)).await;
            }
        }
        for path in ["/metrics", "/readyz", "/events/1", "/incidents/INC-1", "/nowhere"] {
            self.ask(self.http.get(format!("{}?sig={stranger}", at(path)))).await;
            self.ask(self.http.get(at(path)).header("x-api-key", canary("admin-key"))).await;
            self.ask(self.http.get(at(path)).basic_auth("ann", Some(&stranger))).await;
        }
    }

    pub(super) async fn until_card(&self, incident: &str) {
        let of = format!(" incident {incident}: ");
        self.until(&format!("a card of {incident}"), async || {
            let cards = self.sim.teams().bot_messages(self.sim.channel_id());
            cards.iter().any(|it| it.to_string().contains(&of)).then_some(())
        })
        .await;
    }

    /// Somebody else agrees to the run that an administrator began.
    pub(super) async fn agree(&self) {
        let channel = self.sim.channel_id();
        let (id, button) = self
            .until("a request", async || {
                let messages = self.sim.teams().bot_messages(channel);
                messages.iter().rev().find_map(|message| {
                    let actions = message.pointer("/attachments/0/content/actions")?.as_array()?;
                    let button = actions.iter().find(|it| it["verb"] == "approve")?;
                    Some((message["id"].as_str()?.to_owned(), button.clone()))
                })
            })
            .await;
        let alice = self.sim.people().named("alice").expect("a person").in_teams();
        let press = self.sim.teams().click(channel, &alice, &id, &button).expect("a click");
        let request = self.http.post(format!("{}/api/messages", self.url));
        self.ask(request.bearer_auth(self.sim.teams().token()).json(&press)).await;
    }

    /// Waits until a run has met each system.
    pub(super) async fn until_asked(&self) {
        self.until("a run has met the firewall and the hook", async || {
            let wall = self.sim.faults().calls("firewall", "look") > 0;
            (wall && self.planted().asked > 0).then_some(())
        })
        .await;
    }

    /// An administrator writes to the bot, and presses `approve` where that is asked.
    pub(super) async fn say(&self, words: &str) {
        let channel = self.sim.channel_id();
        let dana = self.sim.people().named("dana").expect("a person").in_teams();
        let said = self.sim.teams().say(channel, &dana, words).expect("a message");
        let before = self.sim.teams().bot_messages(channel).len();
        let request = self.http.post(format!("{}/api/messages", self.url));
        self.ask(request.bearer_auth(self.sim.teams().token()).json(&said)).await;
        self.until(&format!("an answer to {words:?}"), async || {
            (self.sim.teams().bot_messages(channel).len() > before).then_some(())
        })
        .await;
    }

    /// New versions of the secrets in the vault.
    pub(super) fn rotate(&self) {
        let now = self.sim.now();
        self.sim.hold().vault().put("wall", &canary("wall-token-next"), now);
    }

    pub(super) fn planted(&self) -> Planted {
        Planted { asked: self.echoed.load(Ordering::SeqCst) }
    }

    /// The settings with something else in them.
    pub(super) fn settings_with(&self, from: &str, to: &str) -> String {
        assert!(self.settings.contains(from), "{from}");
        self.settings.replacen(from, to, 1).replace("@WALL@", &self.sim.vault_url())
    }

    /// What `argus doctor` says with these settings.
    pub(super) async fn doctor_with(&self, settings: &str) -> String {
        let folder = self.folder.path().join("other");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("argus.toml"), settings).expect("written");
        self.run(&folder, &["doctor"]).await
    }

    async fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
        command.args(arguments).current_dir(folder).env("ARGUS_LOG", "trace");
        command.env("CANARY_BOT", self.sim.app_secret());
        let ran = tokio::task::spawn_blocking(move || command.output().expect("runs"));
        let output = ran.await.expect("ends");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Ends the bot, and gives all that it said, by where it said it.
    pub(super) async fn stop(&self) -> Vec<(String, String)> {
        let metrics = self.http.get(format!("{}/metrics", self.url));
        self.ask(metrics.header("x-api-key", canary("admin-key"))).await;
        let bot = self.bot.lock().expect("whole").take();
        let mut bot = bot.expect("it runs");
        let ended = tokio::task::spawn_blocking(move || {
            let kill = Command::new("kill").args(["-TERM", &bot.id().to_string()]).status();
            assert!(kill.expect("kill runs").success());
            bot.wait().expect("it ends")
        });
        assert!(ended.await.expect("waited").success());
        let here = self.folder.path();
        let cards = self.sim.teams().bot_messages(self.sim.channel_id());
        let answers = self.answers.lock().expect("whole").clone();
        let mut outputs = vec![
            ("log".to_owned(), self.log()),
            ("answers".to_owned(), answers),
            ("cards".to_owned(), Value::from(cards).to_string()),
            (
                "records".to_owned(),
                self.run(here, &["audit", "export", "--data", "data/argus.db"]).await,
            ),
        ];
        for arguments in [
            &["doctor"][..],
            &["doctor", "--format", "json"],
            &["audit", "verify", "--data", "data/argus.db"],
            &["audit", "verify", "--config", "argus.toml", "--anchor"],
            &["audit", "search", "--data", "data/argus.db", "--limit", "0"],
            &["enrich", "ip", "203.0.113.7", "--config", "argus.toml"],
            &["outbox", "list", "--data", "data/argus.db"],
            &["store", "verify", "--data", "data/argus.db"],
            &["routes", "explain", "--incident", "INC-1", "--config", "argus.toml"],
            &["firewall", "export", "--data", "data/argus.db"],
        ] {
            outputs
                .push((format!("argus {}", arguments.join(" ")), self.run(here, arguments).await));
        }
        // It lives until here.
        let _url = self.echo.url();
        outputs
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // A test that failed leaves no bot behind.
        if let Some(mut bot) = self.bot.lock().ok().and_then(|mut it| it.take()) {
            drop(bot.kill());
            drop(bot.wait());
        }
    }
}

const PLAYBOOK: &str = r#"
playbook: {id: canaries, name: "Everything that goes wrong", version: "1.0.0"}
triggers:
  - {source: nobody, event_type: never, severity: [high]}
actions:
  - {id: block, type: block_ip, target: "{{ entity.ip }}", on_error: continue, rollback: {id: undo, type: unblock_ip}}
  - id: tell
    type: http_request
    target: "{{ entity.ip }}"
    on_error: continue
    rollback: none # it is said
  - id: ticket
    type: create_ticket
    on_error: continue
    rollback: none # people close it
execution: {retry_policy: {max_attempts: 2, backoff_ms: 10}}
"#;

#[expect(clippy::too_many_lines, reason = "settings with a secret in every place that takes one")]
fn settings(sim: &Sim, echo: &str, folder: &Path) -> String {
    let file = |name: &str| {
        let path = folder.join(format!("{name}.secret"));
        std::fs::write(&path, canary(name)).expect("written");
        format!("\"file:{}\"", path.display())
    };
    let anchor = folder.join("anchor.secret");
    std::fs::write(&anchor, base64(&canary("anchor-key"))).expect("written");
    let playbooks = folder.join("playbooks");
    std::fs::create_dir_all(&playbooks).expect("a folder");
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    std::fs::write(playbooks.join("canaries.yaml"), PLAYBOOK).expect("written");
    let templates: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates");
    let url = sim.vault_url();
    format!(
        r#"[server]
listen = "127.0.0.1:0"
admin_key = {admin}
[store]
url = "sqlite:data/argus.db"
[bot]
app_id = "{app_id}"
tenant_id = "{tenant}"
credential = {{ secret = "env:CANARY_BOT" }}
button_key = {button}
openid_metadata_url = "{metadata}"
token_url = "{token}"
graph_url = "{url}"
default_service_url = "{service}"
allowed_service_urls = ["{service}"]
[key_vault]
url = "{url}"
soft_ttl_secs = 1
[templates]
source = "folder:{templates}"
[playbooks]
source = "folder:{playbooks}"
[ingest.sources.keyed]
kind = "auto"
auth = {{ api_key = {api_key} }}
[ingest.sources.signed]
kind = "auto"
auth = {{ hmac = ["keyvault:argus-kv/source-hmac", {hmac_old}] }}
[ingest.sources.timed]
kind = "auto"
auth = {{ hmac_timestamp = {timed} }}
[[routes]]
to = {{ conversation = "{channel}" }}
[rbac.roles.soc_engineer]
groups = ["{SOC_ENGINEERS}"]
label = "SOC Engineers"
[rbac.roles.argus_admin]
groups = ["{ARGUS_ADMINISTRATORS}"]
label = "Argus Administrators"
[audit.anchor]
azure_table = "http://127.0.0.1:1/argus"
key = "file:{anchor}"
[itsm.jira]
kind = "jira"
url = "{url}"
project = "SEC"
user = "argus"
password = "keyvault:argus-kv/jira-password"
[itsm.snow]
kind = "servicenow"
url = "{echo}"
user = "argus"
password = {snow}
[connectors.wall]
kind = "firewall"
url = "@WALL@"
token = "keyvault:argus-kv/wall"
[connectors.hook]
kind = "http"
url = "{echo}/hook?sig=c4n4ry-intel-sas-7e1f5a"
allow_private = true
can_look = true
token = "keyvault:argus-kv/hook-token"
secret = "keyvault:argus-kv/hook-signature"
[connectors.defender]
kind = "defender"
url = "{url}"
[enrichment.sources.bearer]
kind = "intel_http"
url = "{echo}/a/{{value}}?sig=c4n4ry-intel-sas-7e1f5a"
types = ["ip"]
auth = {{ bearer = {bearer} }}
allow_private = true
[enrichment.sources.header]
kind = "intel_http"
url = "{echo}/b/{{value}}"
types = ["ip"]
auth = {{ header = {{ name = "x-key", key = {header} }} }}
allow_private = true
[enrichment.sources.basic]
kind = "assets_http"
url = "{echo}/c/{{value}}"
types = ["ip"]
auth = {{ basic = {{ user = "argus", password = {basic} }} }}
allow_private = true
[enrichment.sources.feed]
kind = "taxii"
url = "{echo}/taxii2/"
auth = {{ basic = {{ user = "argus", password = {feed} }} }}
allow_private = true
[enrichment.sources.cmdb]
kind = "servicenow_cmdb"
url = "{echo}"
user = "argus"
password = {cmdb}
criticality = {{ by = "busines_criticality", words = {{ "1" = 10 }} }}
"#,
        admin = file("admin-key"),
        app_id = sim.app_id(),
        tenant = sim.tenant_id(),
        button = file("button-key"),
        metadata = sim.metadata_url(),
        token = sim.token_url(),
        service = sim.service_url(),
        templates = templates.display(),
        playbooks = playbooks.display(),
        api_key = file("source-api-key"),
        hmac_old = file("source-hmac-old"),
        timed = file("source-timestamp"),
        channel = sim.channel_id(),
        anchor = anchor.display(),
        snow = file("snow-password"),
        bearer = file("intel-bearer"),
        header = file("intel-header"),
        basic = file("intel-basic"),
        feed = file("feed-password"),
        cmdb = file("cmdb-password"),
    )
}
