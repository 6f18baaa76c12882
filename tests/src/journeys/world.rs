//! One test's world: the bot, the simulated Microsoft, and people who talk to both.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::testing::fault::Fault;
use argus_reference_bot::adapters::sqlite::verify;
use argus_reference_bot::app::{App, AppError};
use argus_reference_bot::config;
use argus_reference_bot::flows::Soc;
use argus_reference_bot::ports::ledger::Recorded;
use argus_sim::{Person, Sim, SimConfig};
use argus_soc::ledger::fact::What;
use reqwest::RequestBuilder;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use super::scenery::alert;
use super::scenery::{copy, hmac_sha256, settings};
use crate::files::root;

/// What the source `keyed` shows.
pub(crate) const API_KEY: &str = "the-key-of-a-test";
/// What the source `signed` signs with.
pub(crate) const SIGNING_KEY: &str = "the-signing-key-of-a-test";
/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(25);

/// What is special about a test's world.
#[derive(Default)]
pub(crate) struct Plan {
    /// The simulated Microsoft.
    pub(crate) sim: SimConfig,
    /// Seconds after which nobody can decide about a request; 900 unless said.
    pub(crate) approval_secs: Option<u32>,
    /// Whether the test writes to the templates; it gets a copy then.
    pub(crate) own_templates: bool,
    /// Settings beside those of every world.
    pub(crate) settings: String,
    /// Playbooks of the test's own, in YAML.
    pub(crate) playbooks: &'static [&'static str],
    /// Settings of playbooks beside their folder, if they have one.
    pub(crate) playbook_settings: &'static str,
}

/// What a test may leave behind; everything else is a failure at its end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Left {
    /// Cards that were given up.
    pub(crate) dead: u64,
    /// Incidents with a run that is not over.
    pub(crate) runs: usize,
}

/// The bot between the simulated Microsoft and a caller.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) http: reqwest::Client,
    data: TempDir,
    settings: String,
    running: Option<Running>,
    finished: bool,
}

struct Running {
    url: String,
    soc: Arc<Soc>,
    stop: oneshot::Sender<()>,
    task: JoinSet<Result<(), AppError>>,
}

/// A card of the bot's that stands in the channel.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Teams' id of it.
    pub(crate) id: String,
    /// The card.
    pub(crate) card: Value,
}

impl Shown {
    /// Whether some text of the card has this in it.
    pub(crate) fn says(&self, text: &str) -> bool {
        texts(&self.card).iter().any(|found| found.contains(text))
    }

    /// The button with this verb, as the card has it.
    pub(crate) fn button(&self, verb: &str) -> Option<Value> {
        let actions = self.card["actions"].as_array()?;
        actions.iter().find(|action| action["verb"] == verb).cloned()
    }
}

/// All strings in a value.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Waits until there is something to see, but not for ever.
async fn within<T>(patience: Duration, look: impl AsyncFn() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        let seen = look().await;
        if seen.is_some() || Instant::now() > end {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Plan::default()).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let sim = Sim::start(plan.sim).await.unwrap();
        let data = TempDir::new().unwrap();
        let templates = if plan.own_templates {
            let own = data.path().join("card-templates");
            copy(&root().join("card-templates"), &own);
            own
        } else {
            root().join("card-templates")
        };
        let seconds = plan.approval_secs.unwrap_or(900);
        let mut settings = settings(&sim, data.path(), &templates, seconds);
        settings.push_str(&plan.settings);
        if !plan.playbooks.is_empty() {
            let folder = data.path().join("playbooks");
            std::fs::create_dir_all(&folder).unwrap();
            for (n, playbook) in plan.playbooks.iter().enumerate() {
                std::fs::write(folder.join(format!("own-{n}.yaml")), playbook).unwrap();
            }
            let source = format!("[playbooks]\nsource = \"folder:{}\"\n", folder.display());
            settings.push_str(&source);
            settings.push_str(plan.playbook_settings);
        }
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        let mut world = Self { sim, http, data, settings, running: None, finished: false };
        world.start().await;
        world
    }

    /// Starts the bot on the data that are there.
    pub(crate) async fn start(&mut self) {
        let config = config::parse("argus.toml", &self.settings, []).unwrap();
        let start = async || App::build(&config).await.ok();
        let app = within(PATIENCE, start).await.expect("the bot starts");
        let url = format!("http://{}", app.address().unwrap());
        let soc = app.soc();
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(app.run(async move { drop(stopped.await) }));
        self.running = Some(Running { url, soc, stop, task });
    }

    /// Stops the bot and starts it with other settings: each first text in place of the second one.
    pub(crate) async fn again_with(&mut self, settings: &[(&str, &str)]) {
        self.crash().await;
        for (new, old) in settings {
            assert!(self.settings.contains(old), "no {old:?} in the settings");
            self.settings = self.settings.replacen(old, new, 1);
        }
        self.start().await;
    }

    /// Takes the bot away in the middle of whatever it does: nothing is finished, nothing is said.
    pub(crate) async fn crash(&mut self) {
        let mut running = self.running.take().unwrap();
        drop(running.soc);
        running.task.shutdown().await;
        drop(running.stop);
    }

    fn bot(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn soc(&self) -> &Soc {
        &self.bot().soc
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.bot().url)
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Waits until there is something to see; fails with the end of the audit trail if it takes too
    /// long.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        if let Some(seen) = within(PATIENCE, look).await {
            return seen;
        }
        let records = self.audit().await;
        let tail: Vec<String> =
            records.iter().rev().take(10).map(|it| format!("{:?}", it.fact.what)).collect();
        panic!("not in time: {what}; the newest records: {tail:#?}");
    }

    /// Ends the test: the bot stops in order, the audit trail holds, and nothing is left undone but
    /// what the test says.
    pub(crate) async fn finish(mut self, left: Left) {
        self.until("all work is done", async || {
            let ledger = &self.soc().ledger;
            let counts = ledger.counts().await.unwrap();
            let runs = ledger.with_active_runs().await.unwrap().len();
            let found = Left { dead: counts.dead, runs };
            (counts.waiting == 0 && counts.cards_due == 0 && found == left).then_some(())
        })
        .await;
        let mut running = self.running.take().unwrap();
        drop(running.soc);
        running.stop.send(()).unwrap();
        running.task.join_next().await.unwrap().unwrap().unwrap();
        let report = verify(&self.data("argus.db")).unwrap();
        assert!(report.intact(), "{report:?}");
        self.finished = true;
    }

    /// The events door of a source that shows a key.
    pub(crate) fn keyed(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.http.post(self.url("/ingest/keyed")).header("x-api-key", API_KEY);
        request.header("content-type", "application/json").body(body)
    }

    /// The events door of a source that signs.
    pub(crate) fn signed(&self, body: &str) -> RequestBuilder {
        let tag = hmac_sha256(SIGNING_KEY.as_bytes(), body.as_bytes());
        self.http
            .post(self.url("/ingest/signed"))
            .header("x-hub-signature-256", format!("sha256={tag}"))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// Sends an event that must be accepted.
    pub(crate) async fn ingest(&self, event: &Value) -> Value {
        let (status, body) = answer(self.keyed(event.to_string())).await;
        assert_eq!(status, 202, "{body}");
        body
    }

    /// What a reader on this computer gets.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(self.url(path))).await
    }

    /// The cards that the bot has in the channel, oldest first.
    pub(crate) fn cards(&self) -> Vec<Shown> {
        let messages = self.sim.teams().bot_messages(self.sim.channel_id());
        let shown = |message: &Value| {
            let card = message.pointer("/attachments/0/content")?.clone();
            Some(Shown { id: message["id"].as_str()?.to_owned(), card })
        };
        messages.iter().filter_map(shown).collect()
    }

    /// The living cards of an incident; it should be one.
    pub(crate) fn cards_of(&self, key: &str) -> Vec<Shown> {
        let of = format!(" incident {key}: ");
        let is = |shown: &Shown| shown.card["fallbackText"].as_str().unwrap().contains(&of);
        self.cards().into_iter().filter(is).collect()
    }

    /// The newest living card of an incident, once it is as wanted.
    pub(crate) async fn card(&self, key: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let what = format!("a card of {key} as wanted");
        self.until(&what, async || self.cards_of(key).pop().filter(&wanted)).await
    }

    /// The card that asks people about something on an incident, once it is as wanted.
    pub(crate) async fn request(&self, key: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let of = format!("({key})");
        let is = |it: &Shown| it.card["fallbackText"].as_str().unwrap().ends_with(&of);
        self.until("a request as wanted", async || {
            self.cards().into_iter().rfind(is).filter(&wanted)
        })
        .await
    }

    pub(crate) fn person(&self, key: &str) -> Person {
        self.sim.people().named(key).unwrap().clone()
    }

    /// The invoke of somebody who presses a button of a card.
    pub(crate) fn press_of(&self, who: &str, shown: &Shown, button: &Value) -> Value {
        let person = self.person(who).in_teams();
        self.sim.teams().click(self.sim.channel_id(), &person, &shown.id, button).unwrap()
    }

    /// Delivers an activity as Teams would; gives status and body.
    pub(crate) async fn deliver(&self, activity: &Value) -> (u16, Value) {
        let request = self.http.post(self.url("/api/messages"));
        answer(request.bearer_auth(self.sim.teams().token()).json(activity)).await
    }

    /// Somebody presses the button with this verb; gives the invoke response's body.
    pub(crate) async fn press(&self, who: &str, shown: &Shown, verb: &str) -> Value {
        let button = shown.button(verb).unwrap_or_else(|| panic!("no {verb} on {shown:?}"));
        self.press_button(who, shown, &button).await
    }

    /// Somebody says why and presses the button with this verb of a request.
    pub(crate) async fn decide(&self, who: &str, shown: &Shown, verb: &str, why: &str) -> Value {
        let mut button = shown.button(verb).unwrap_or_else(|| panic!("no {verb} on {shown:?}"));
        button["data"]["reason"] = Value::from(why);
        self.press_button(who, shown, &button).await
    }

    /// Somebody presses a button, whatever is in it.
    pub(crate) async fn press_button(&self, who: &str, shown: &Shown, button: &Value) -> Value {
        let (status, body) = self.deliver(&self.press_of(who, shown, button)).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Somebody mentions the bot in the channel; gives what the bot says in that thread.
    pub(crate) async fn say(&self, who: &str, text: &str) -> Value {
        let channel = self.sim.channel_id();
        let person = self.person(who).in_teams();
        let said = self.sim.teams().say(channel, &person, text).unwrap();
        let (status, body) = self.deliver(&said).await;
        assert_eq!(status, 202, "{body}");
        let thread = said["id"].as_str().unwrap();
        self.until(&format!("an answer to {text:?}"), async || {
            let seen = self.sim.teams().snapshot(channel)?.activities;
            let answers = |it: &&argus_bot_sdk::testing::Shown| {
                it.from_bot && it.thread.as_deref() == Some(thread)
            };
            seen.iter().find(answers).map(|it| it.activity.clone())
        })
        .await
    }

    /// The audit trail.
    pub(crate) async fn audit(&self) -> Vec<Recorded> {
        self.soc().ledger.records_after(0, 100_000).await.unwrap()
    }

    /// How many records satisfy something.
    pub(crate) async fn recorded(&self, is: impl Fn(&What) -> bool) -> usize {
        self.audit().await.iter().filter(|record| is(&record.fact.what)).count()
    }

    /// How often somebody was refused with this code.
    pub(crate) async fn refused(&self, wanted: &str) -> usize {
        self.recorded(|what| matches!(what, What::Refused { code, .. } if code == wanted)).await
    }

    /// The next call of an operation goes wrong.
    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        let (system, operation) = operation.split_once('.').unwrap();
        self.sim.faults().push(system, operation, fault);
    }

    /// How often an operation was asked for.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        let (system, operation) = operation.split_once('.').unwrap();
        self.sim.faults().calls(system, operation)
    }

    /// How often an operation really happened.
    pub(crate) fn effects(&self, operation: &str) -> u64 {
        self.sim.faults().totals().get(operation).copied().unwrap_or(0)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "a test ended without looking at what it leaves: call finish"
        );
    }
}

/// Sends a request; gives status and body, null if that is not JSON.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
