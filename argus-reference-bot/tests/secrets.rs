//! Secrets of a vault, as the bot reads them from the simulated one.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use argus_bot_sdk::SystemClock;
use argus_bot_sdk::auth::{ClientSecret, Cloud, Secret, TokenSource};
use argus_bot_sdk::testing::fault::Fault;
use argus_reference_bot::adapters::firewall::Firewall;
use argus_reference_bot::adapters::key_vault::KeyVault;
use argus_reference_bot::ports::connector::Connector;
use argus_reference_bot::ports::vault::Vault;
use argus_reference_bot::secrets::{Held, Kept};
use argus_sim::{FIREWALL_TOKEN, SERVICENOW_PASSWORD, SERVICENOW_USER, Sim, SimConfig};
use jiff::SignedDuration;
use serde_json::Value;
use tempfile::TempDir;

/// Worth nothing anywhere; it shall stand in nothing that is said.
const WRONG: &str = "c4n4ry-5e0d";
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

struct Scene {
    sim: Sim,
    folder: TempDir,
}

impl Scene {
    /// A vault with the secrets of a ticket system and of a firewall.
    async fn new() -> Self {
        let sim = Sim::start(SimConfig::default()).await.expect("starts");
        let now = sim.now();
        for (name, value) in [("wall", FIREWALL_TOKEN), ("tickets", SERVICENOW_PASSWORD)] {
            sim.hold().vault().put(name, value, now);
        }
        let scene = Self { sim, folder: tempfile::tempdir().expect("a folder") };
        scene.settings("env:VAULT_BOT", "keyvault:argus-kv/tickets");
        scene
    }

    fn settings(&self, credential: &str, tickets: &str) {
        let (sim, url) = (&self.sim, self.sim.vault_url());
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:x\"\n[templates]\n\
             source = \"folder:x\"\n[bot]\napp_id = \"{}\"\ntenant_id = \"{}\"\n\
             credential = {{ secret = \"{credential}\" }}\ntoken_url = \"{}\"\n\
             openid_metadata_url = \"{}\"\n[key_vault]\nurl = \"{url}\"\n[connectors.wall]\n\
             kind = \"firewall\"\nurl = \"{url}\"\ntoken = \"keyvault:argus-kv/wall\"\n\
             [itsm.tickets]\nkind = \"servicenow\"\nurl = \"{url}\"\nuser = \"{SERVICENOW_USER}\"\n\
             password = \"{tickets}\"\n",
            sim.app_id(),
            sim.tenant_id(),
            sim.token_url(),
            sim.metadata_url(),
        );
        std::fs::write(self.file(), text).expect("written");
    }

    fn file(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("argus.toml")
    }

    async fn doctor(&self) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
        command.args(["doctor", "--format", "json"]).current_dir(self.folder.path());
        command.env("VAULT_BOT", self.sim.app_secret());
        let ran = tokio::task::spawn_blocking(move || command.output().expect("runs"));
        let output = ran.await.expect("ends");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        for secret in [FIREWALL_TOKEN, SERVICENOW_PASSWORD, self.sim.app_secret(), WRONG] {
            assert!(!said.contains(secret), "{said}");
        }
        (output.status.code(), said)
    }
}

#[tokio::test]
async fn connectors_prove_themselves_with_what_is_in_the_vault() {
    let scene = Scene::new().await;
    let (code, said) = scene.doctor().await;
    assert_eq!(code, Some(0), "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let secrets = said["secrets"].as_array().expect("a list");
    let of = |setting: &str| {
        secrets.iter().find(|it| it["setting"] == setting).unwrap_or_else(|| panic!("{said}"))
    };
    assert_eq!(of("connectors.wall.token")["reference"], "keyvault:argus-kv/wall");
    assert_eq!(of("connectors.wall.token")["why"], "does not end");
    assert_eq!(of("bot.credential.secret")["why"], "no expiry known");
}

#[tokio::test]
async fn one_that_ends_within_a_week_is_a_finding() {
    let scene = Scene::new().await;
    let soon = scene.sim.now() + WEEK - SignedDuration::from_hours(1);
    scene.sim.hold().vault().ends("wall", soon);
    let (code, said) = scene.doctor().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("ends in 6 days") && said.contains("\"days_left\":6"), "{said}");
}

#[tokio::test]
async fn one_that_cannot_be_used_stops_the_start_and_is_named() {
    type Wrong = fn(&mut argus_sim::Vault, jiff::Timestamp);
    let scene = Scene::new().await;
    let (hour, now) = (SignedDuration::from_hours(1), scene.sim.now());
    let wrongs: [(&str, Wrong); 3] = [
        ("ended", |vault, at| vault.ends("wall", at - SignedDuration::from_hours(2))),
        ("is good from", |vault, at| vault.begins("wall", at)),
        ("disabled", |vault, _| vault.disable("wall")),
    ];
    for (word, wrong) in wrongs {
        scene.sim.hold().vault().put("wall", WRONG, now);
        wrong(scene.sim.hold().vault(), now + hour);
        let (code, said) = scene.doctor().await;
        assert_eq!(code, Some(2), "{said}");
        for word in [word, "connectors.wall.token", "keyvault:argus-kv/wall"] {
            assert!(said.contains(word), "{word} in: {said}");
        }
    }
}

#[tokio::test]
async fn one_that_is_not_there_is_named_with_what_to_do() {
    let scene = Scene::new().await;
    scene.settings("env:VAULT_BOT", "keyvault:argus-kv/tikets");
    let (code, said) = scene.doctor().await;
    assert_eq!(code, Some(2), "{said}");
    for word in ["itsm.tickets.password", "keyvault:argus-kv/tikets", "no such secret"] {
        assert!(said.contains(word), "{word} in: {said}");
    }
}

#[tokio::test]
async fn a_busy_vault_is_asked_again_at_the_start() {
    let scene = Scene::new().await;
    scene.sim.faults().push("vault", "get_secret", Fault::FailBefore(503));
    let (code, said) = scene.doctor().await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn what_opens_the_vault_cannot_be_in_it() {
    let scene = Scene::new().await;
    scene.settings("keyvault:argus-kv/bot", "keyvault:argus-kv/tickets");
    let (code, said) = scene.doctor().await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("bot.credential.secret") && said.contains("managed_identity"), "{said}");
}

/// A firewall whose token is in the vault as `value`.
async fn firewall(sim: &Sim, value: &str) -> (Arc<Kept>, Firewall) {
    sim.hold().vault().put("wall", value, sim.now());
    let secret = Secret::new(sim.app_secret().to_owned());
    let (clock, scope) = (Arc::new(SystemClock), KeyVault::scope(Cloud::Public));
    let tokens =
        ClientSecret::new(&sim.token_url(), sim.app_id(), secret, &scope, Arc::clone(&clock) as _);
    let tokens: Arc<dyn TokenSource> = Arc::new(tokens.expect("a token source"));
    let vault = KeyVault::new(Cloud::Public, Some(&sim.vault_url()), tokens).expect("an address");
    let path = "argus-kv/wall".parse().expect("a path");
    let vault: Arc<dyn Vault> = Arc::new(vault);
    let kept = Kept::open(path, vault, clock, SignedDuration::from_hours(1)).await;
    let kept = Arc::new(kept.expect("a secret"));
    let held = Some(Held::Kept(Arc::clone(&kept)));
    (kept, Firewall::new("wall", &sim.vault_url(), held).expect("an address"))
}

#[tokio::test]
async fn a_change_while_everybody_works_is_one_question_and_stops_nobody() {
    let sim = Sim::start(SimConfig::default()).await.expect("starts");
    let (_, wall) = firewall(&sim, WRONG).await;
    sim.hold().vault().put("wall", FIREWALL_TOKEN, sim.now());
    let pings = futures_util::future::join_all((0..20).map(|_| wall.ping())).await;
    assert!(pings.iter().all(Result::is_ok), "{pings:?}");
    assert_eq!(sim.faults().calls("vault", "get_secret"), 2, "one at the start, one for all");
    assert_eq!(sim.faults().calls("firewall", "look"), 40, "each exactly once more");
}

#[tokio::test]
async fn a_system_that_is_slower_than_the_vault_gets_the_version_before() {
    let sim = Sim::start(SimConfig::default()).await.expect("starts");
    let (kept, wall) = firewall(&sim, FIREWALL_TOKEN).await;
    sim.hold().vault().put("wall", WRONG, sim.now());
    let changed = kept.instead_of(&Secret::new(FIREWALL_TOKEN)).await;
    assert!(changed.is_some_and(|it| it.expose() == WRONG));
    assert_eq!(wall.ping().await, Ok(()));
}

#[tokio::test]
async fn a_vault_that_is_down_takes_nothing_away() {
    let sim = Sim::start(SimConfig::default()).await.expect("starts");
    let (_, wall) = firewall(&sim, FIREWALL_TOKEN).await;
    sim.faults().always("vault", "*", Fault::Reset);
    sim.faults().push("firewall", "look", Fault::Status { code: 401, retry_after: None });
    assert!(wall.ping().await.is_err(), "the 401 stands, since there is nothing else to show");
    assert_eq!(wall.ping().await, Ok(()));
}

#[tokio::test]
async fn a_vault_that_does_not_let_us_in_says_which_role_is_missing() {
    let sim = Sim::start(SimConfig::default()).await.expect("starts");
    let tokens = ClientSecret::new(
        &sim.token_url(),
        sim.app_id(),
        Secret::new(sim.app_secret().to_owned()),
        "https://graph.microsoft.com/.default",
        Arc::new(SystemClock),
    );
    let tokens = Arc::new(tokens.expect("a token source"));
    let vault = KeyVault::new(Cloud::Public, Some(&sim.vault_url()), tokens).expect("an address");
    let error = vault.read(&"argus-kv/wall".parse().expect("a path")).await.expect_err("refused");
    assert!(error.to_string().contains("Key Vault Secrets User"), "{error}");
}

#[tokio::test]
async fn a_stand_in_is_on_this_computer_or_behind_tls() {
    let sim = Sim::start(SimConfig::default()).await.expect("starts");
    for (url, fine) in [
        ("http://10.0.0.5:8443", false),
        ("http://kv.example", false),
        ("https://kv.example", true),
        ("http://127.0.0.1:1", true),
    ] {
        let tokens = ClientSecret::new(
            &sim.token_url(),
            sim.app_id(),
            Secret::new("x"),
            "y",
            Arc::new(SystemClock),
        );
        let made = KeyVault::new(Cloud::Public, Some(url), Arc::new(tokens.expect("a source")));
        assert_eq!(made.is_ok(), fine, "{url}");
    }
}
