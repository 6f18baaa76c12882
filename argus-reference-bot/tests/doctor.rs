//! `argus doctor`, as a person runs it, beside the simulated systems.

use std::process::{Command, Output};

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::{SERVICENOW_PASSWORD, SERVICENOW_USER, Sim, SimConfig};
use serde_json::Value;
use tempfile::TempDir;

/// Worth nothing anywhere; it shall stand in nothing that is said.
const WRONG: &str = "c4n4ry-7f3e";

struct Scene {
    sim: Sim,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let sim = Sim::start(SimConfig::default()).await.expect("starts");
        let scene = Self { sim, folder: tempfile::tempdir().expect("a folder") };
        scene.settings("defender");
        scene
    }

    fn settings(&self, kind: &str) {
        let sim = &self.sim;
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:x\"\n[templates]\n\
             source = \"folder:x\"\n[bot]\napp_id = \"{}\"\ntenant_id = \"{}\"\n\
             credential = {{ secret = \"env:DOCTOR_BOT\" }}\ntoken_url = \"{}\"\n\
             openid_metadata_url = \"{}\"\n[connectors.edr]\nkind = \"{kind}\"\nurl = \"{}\"\n\
             [itsm.tickets]\nkind = \"servicenow\"\nurl = \"{}\"\nuser = \"{SERVICENOW_USER}\"\n\
             password = \"env:DOCTOR_TICKETS\"\n",
            sim.app_id(),
            sim.tenant_id(),
            sim.token_url(),
            sim.metadata_url(),
            sim.defender_url(),
            sim.servicenow_url(),
        );
        std::fs::write(self.folder.path().join("argus.toml"), text).expect("written");
    }

    /// Runs the command beside the simulated systems, which answer meanwhile.
    async fn run(&self, format: &str, password: Option<&str>) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
        command.args(["doctor", "--format", format]).current_dir(self.folder.path());
        command.env("DOCTOR_BOT", self.sim.app_secret()).env_remove("DOCTOR_TICKETS");
        if let Some(password) = password {
            command.env("DOCTOR_TICKETS", password);
        }
        let ran = tokio::task::spawn_blocking(move || command.output().expect("runs"));
        let Output { status, stdout, stderr } = ran.await.expect("ends");
        let said = [stdout, stderr].concat();
        (status.code(), String::from_utf8(said).expect("text"))
    }
}

#[tokio::test]
async fn all_is_well_and_nothing_was_done() {
    let scene = Scene::new().await;
    let (code, said) = scene.run("json", Some(SERVICENOW_PASSWORD)).await;
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(code, Some(0), "{said}");
    let all = said["connectors"].as_array().expect("a list");
    let names: Vec<&str> = all.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names.get(..2), Some(&["edr", "tickets"][..]), "{said}");
    assert!(all.iter().all(|it| it["ok"] == true), "{said}");
    assert!(scene.sim.effects().is_empty(), "{:?}", scene.sim.effects());
    assert!(!scene.folder.path().join("x").exists(), "no store is made");
}

#[tokio::test]
async fn it_says_who_reviews_playbooks_and_whether_their_repository_is_there() {
    let scene = Scene::new().await;
    let file = scene.folder.path().join("argus.toml");
    let settings = std::fs::read_to_string(&file).expect("settings");
    let of = |more: &str| {
        let more = format!("{settings}[playbooks]\nsource = \"folder:pb\"\n{more}");
        std::fs::write(&file, more).expect("written");
    };
    of("");
    let (code, said) = scene.run("text", Some(SERVICENOW_PASSWORD)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("folder:pb: its playbooks act as they lie there, without a review"),
        "{said}"
    );
    of("review = \"on\"\n[playbooks.git]\nurl = \"file:///nowhere/at/all\"\n");
    let (code, said) = scene.run("text", Some(SERVICENOW_PASSWORD)).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("folder:pb: two people review") && said.contains("playbooks of git: "),
        "{said}"
    );
    of("[playbooks.git]\nurl = \"http://git.example/x\"\n");
    let (code, said) = scene.run("text", Some(SERVICENOW_PASSWORD)).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("playbooks.git.url"), "{said}");
}

#[tokio::test]
async fn who_is_not_there_or_does_not_let_us_in_is_named() {
    let scene = Scene::new().await;
    scene.sim.faults().always("defender", "*", Fault::FailBefore(503));
    let (code, said) = scene.run("text", Some(WRONG)).await;
    assert_eq!(code, Some(1), "{said}");
    for word in ["edr: Defender: HTTP 503", "tickets: HTTP 401", "isolate_host", "create_ticket"] {
        assert!(said.contains(word), "{word} in: {said}");
    }
    assert!(!said.contains(WRONG) && !said.contains(scene.sim.app_secret()), "{said}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named_before_anybody_is_asked() {
    let scene = Scene::new().await;
    let (code, said) = scene.run("text", None).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("itsm.tickets.password"), "{said}");
    scene.settings("defenderr");
    let (code, said) = scene.run("text", Some(SERVICENOW_PASSWORD)).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("connectors.edr") && said.contains("`defender`"), "{said}");
}
