//! Orchestration inside the bot: how fast a click on Approve is answered with the new card, and
//! whether many runs that go on starve the road on which alerts become cards.
//!
//! `cargo bench -p argus-reference-bot --bench orchestrate` starts the bot and the simulated Microsoft
//! on loopback. It presses Approve on `CLICKS` (100) requests, one after the other; then it sends
//! `ALERTS` (300) alerts, one every 50 ms, and waits for each card: first with no run, then while
//! `RUNS` (1,000) runs go on, each of which has a timer every two seconds. It prints both and their
//! ratio. Each alert goes to a channel of its own: Teams' limits of one channel are not measured here.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argus_reference_bot::app::App;
use argus_reference_bot::config;
use argus_reference_bot::flows::Soc;
use argus_reference_bot::flows::execute::new_run;
use argus_reference_bot::ports::ledger::Batch;
use argus_sim::{Machine, SOC_ENGINEERS, Sim, SimConfig};
use argus_soc::ledger::fact::Actor;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the source `bench` shows.
const KEY: &str = "bench-key";
/// A playbook about one click, and one that keeps a run busy.
const ASK: &str = "playbook: {id: ask, name: Ask, version: \"1.0.0\"}\n\
                   triggers: [{event_type: ask}]\n\
                   gates: {human_approval: always}\n\
                   actions: [{id: pause, type: wait, parameters: {for: 1ms}}]\n";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().map_or(otherwise, |it| it.parse().unwrap())
}

/// A playbook whose run takes a step every two seconds, for as long as anybody measures.
fn busy() -> String {
    let step = |at: usize| format!("  - {{id: s{at}, type: wait, parameters: {{for: 2s}}}}\n");
    let steps: String = (0..90).map(step).collect();
    format!("playbook: {{id: busy, name: Busy, version: \"1.0.0\"}}\nactions:\n{steps}")
}

struct World {
    sim: Sim,
    soc: Arc<Soc>,
    http: reqwest::Client,
    url: String,
}

async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start(SimConfig::default()).await.unwrap();
    let alerts = number("ALERTS", 300);
    for at in 0..alerts {
        sim.teams().open_channel(&channel(at), "Alerts", []);
    }
    let app = App::build(&settings(&sim, folder.path(), alerts)).await.unwrap();
    let url = format!("http://{}", app.address().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let world = World { sim, soc: app.soc(), http, url };
    let serving = tokio::spawn(app.run(std::future::pending()));

    let clicks = world.clicks(number("CLICKS", 100)).await;
    print("a click on Approve, to the answer with the new card", &clicks);
    world.alerts("warm", alerts).await;
    let idle = world.alerts("idle", alerts).await;
    print("an alert, to its card, no runs", &idle);
    let runs = number("RUNS", 1_000);
    world.begin(runs).await;
    let before = world.soc.ledger.head().await.unwrap().0;
    let began = Instant::now();
    let loaded = world.alerts("loaded", alerts).await;
    let records = world.soc.ledger.head().await.unwrap().0 - before;
    print(&format!("an alert, to its card, {runs} runs"), &loaded);
    println!(
        "  records beside it a second     {:>8.0}",
        f64::from(u32::try_from(records).unwrap()) / began.elapsed().as_secs_f64()
    );
    for part in [500, 990] {
        let ratio = at(&loaded, part).as_secs_f64() / at(&idle, part).as_secs_f64();
        println!(
            "  {:>4.1} %, of idle               {ratio:>8.2}",
            f64::from(u32::try_from(part).unwrap()) / 10.0
        );
    }
    serving.abort();
}

impl World {
    async fn ingest(&self, event: &Value) {
        let request = self.http.post(format!("{}/ingest/bench", self.url));
        let request = request.header("x-api-key", KEY).json(event);
        assert_eq!(request.send().await.unwrap().status(), 202);
    }

    /// Presses Approve on so many requests; how long each answer took.
    async fn clicks(&self, clicks: usize) -> Vec<Duration> {
        let channel = self.sim.channel_id();
        let mut took = Vec::new();
        for at in 0..clicks {
            self.ingest(&event("ask", at)).await;
        }
        let person = self.sim.people().named("dana").unwrap().in_teams();
        let mut pressed = 0;
        while pressed < clicks {
            let messages = self.sim.teams().bot_messages(channel);
            let open: Vec<(String, Value)> = messages.iter().filter_map(approve).collect();
            if open.len() < clicks {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            for (id, button) in open {
                let click = self.sim.teams().click(channel, &person, &id, &button).unwrap();
                let request = self.http.post(format!("{}/api/messages", self.url));
                let request = request.bearer_auth(self.sim.teams().token()).json(&click);
                let began = Instant::now();
                let answer: Value = request.send().await.unwrap().json().await.unwrap();
                took.push(began.elapsed());
                assert_eq!(answer["type"], "application/vnd.microsoft.card.adaptive", "{answer}");
                pressed += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        took.sort_unstable();
        took
    }

    /// Sends so many alerts; how long it took from the first byte to each card.
    async fn alerts(&self, name: &str, alerts: usize) -> Vec<Duration> {
        let mut took = Vec::new();
        for at in 0..alerts {
            let mut seen = self.sim.faults().on_change();
            let began = Instant::now();
            self.ingest(&event(name, at)).await;
            loop {
                let effect = seen.recv().await.unwrap();
                if (effect.system.as_str(), effect.operation.as_str()) == ("teams", "send") {
                    break;
                }
            }
            took.push(began.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        took.sort_unstable();
        took
    }

    /// Begins so many runs, each on an incident of its own that has no card.
    async fn begin(&self, runs: usize) {
        let known = self.soc.ledger.counts().await.unwrap().open;
        for at in 0..runs {
            self.ingest(&event("load", at)).await;
        }
        let wanted = known + runs as u64;
        while self.soc.ledger.counts().await.unwrap().open < wanted {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let playbook = self.soc.playbooks.find("busy").unwrap();
        let actor = Actor::service("bench");
        let mut begun = 0;
        let mut number = 0;
        while begun < runs {
            number += 1;
            let Some(incident) = self.soc.ledger.incident(&format!("INC-{number}")).await.unwrap()
            else {
                break;
            };
            if incident.event.event_type.starts_with("load") {
                let facts =
                    new_run(&self.soc, &incident, &playbook, &actor, "bench", None).unwrap();
                self.soc.ledger.append(Batch::on(&incident, facts)).await.unwrap();
                begun += 1;
            }
        }
        assert_eq!(begun, runs);
        self.soc.bells.execute.ring_for_new();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// The id of a message with an Approve button, and the button.
fn approve(message: &Value) -> Option<(String, Value)> {
    let actions = message.pointer("/attachments/0/content/actions")?.as_array()?;
    let button = actions.iter().find(|it| it["verb"] == "approve")?;
    Some((message["id"].as_str()?.to_owned(), button.clone()))
}

fn event(kind: &str, at: usize) -> Value {
    let host =
        Machine::samples().into_iter().find(|it| it.name.starts_with("ws-114")).unwrap().name;
    json!({
        "id": format!("{kind}-{at}"),
        "source": kind,
        "event_type": if kind == "ask" { "ask".to_owned() } else { format!("{kind}-{at}") },
        "severity": "high",
        "title": format!("Something happened, {at}"),
        "entity_type": "host",
        "entity_value": if kind == "ask" { format!("ws-{at}.fjordbank.example") } else { host },
    })
}

fn at(took: &[Duration], part: usize) -> Duration {
    took[(took.len() * part / 1_000).min(took.len() - 1)]
}

fn print(what: &str, took: &[Duration]) {
    println!(
        "{what}: 50 % {:.1?}, 99 % {:.1?}, all {:.1?}",
        at(took, 500),
        at(took, 990),
        at(took, 1_000)
    );
}

/// The channel of the alerts with this number.
fn channel(at: usize) -> String {
    format!("19:bench-{at}@thread.tacv2")
}

fn settings(sim: &Sim, folder: &Path, alerts: usize) -> config::Config {
    let route = |at: usize| {
        let of = |kind: &str| format!("event_type == '{kind}-{at}'");
        let when = ["warm", "idle", "loaded"].map(of).join(" || ");
        format!("[[routes]]\nwhen = \"{when}\"\nto = {{ conversation = \"{}\" }}\n", channel(at))
    };
    let routes: String = (0..alerts).map(route).collect();
    let shown = folder.display();
    let playbooks = folder.join("playbooks");
    std::fs::create_dir_all(&playbooks).unwrap();
    std::fs::write(playbooks.join("ask.yaml"), ASK).unwrap();
    std::fs::write(playbooks.join("busy.yaml"), busy()).unwrap();
    std::fs::write(folder.join("key"), KEY).unwrap();
    std::fs::write(folder.join("secret"), sim.app_secret()).unwrap();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("card-templates");
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
[store]
url = "sqlite:{shown}/argus.db"
[bot]
app_id = "{app}"
tenant_id = "{tenant}"
credential = {{ secret = "file:{shown}/secret" }}
openid_metadata_url = "{metadata}"
token_url = "{token}"
graph_url = "{graph}"
default_service_url = "{service}"
allowed_service_urls = ["{service}"]
[templates]
source = "folder:{templates}"
[playbooks]
source = "folder:{shown}/playbooks"
[ingest.sources.bench]
kind = "generic"
auth = {{ api_key = "file:{shown}/key" }}
[[routes]]
when = "source == 'ask'"
to = {{ conversation = "{channel}" }}
[rbac.roles.soc_engineer]
groups = ["{SOC_ENGINEERS}"]
[storm]
digest_above = 1000000
runs_per_playbook = 1000000
runs_per_source = 1000000
runs = 1000000
{routes}"#,
        app = sim.app_id(),
        tenant = sim.tenant_id(),
        metadata = sim.metadata_url(),
        token = sim.token_url(),
        graph = sim.graph_url(),
        service = sim.service_url(),
        templates = templates.display(),
        channel = sim.channel_id(),
    );
    config::parse("bench.toml", &text, []).unwrap()
}
