//! `argus score`, as a person runs it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::{Batch, Ledger, suite};
use argus_soc::enrich::{Asset, Intel, Known};
use argus_soc::event::Severity;
use argus_soc::ledger::fact::{Added, Fact, What};
use serde_json::Value;
use tempfile::TempDir;

const ALERT: &str = r#"{"id": "a-1", "source": "edr", "event_type": "ransomware",
    "severity": "critical", "entity_type": "host", "entity_value": "ws-1", "title": "Ransomware"}"#;

const PLAYBOOK: &str = "playbook: {id: contain, name: Contain, version: \"1.0.0\"}\n\
    triggers: [{source: edr}]\n\
    actions:\n  - {id: isolate, type: isolate_host, target: \"{{ entity.value }}\", \
    rollback: {id: release, type: release_host}}\n";

pub(crate) struct Scene(pub(crate) TempDir);

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self(TempDir::new().expect("a folder"));
        scene.write("alert.json", ALERT);
        scene.write("playbooks/contain.yaml", PLAYBOOK);
        scene
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        run(self.0.path(), arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (code, said) = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str(&said).expect("JSON")
    }

    /// A store with two incidents; the second one has a further event.
    pub(crate) async fn store(&self) {
        let store = Sqlite::open(&self.0.path().join("argus.db")).expect("opens");
        for n in 1..=3 {
            store.receive(suite::arrival(n)).await.expect("received");
        }
        let opened = |n, key: &str, severity| {
            let mut fact = suite::opened(&suite::arrival(n), key, severity).expect("opens");
            if let What::Opened { enrichment, .. } = &mut fact.what {
                enrichment.intel = Known::Known(Intel { malicious: true, confidence: 100 });
                let asset = Asset { criticality: 5, ..Asset::default() };
                enrichment.asset = Known::Known(asset);
            }
            fact
        };
        let added = |n: u64, key: &str| -> Fact {
            let added = Added {
                event_id: suite::arrival(n).event_id,
                correlation: None,
                observed_at: jiff::Timestamp::UNIX_EPOCH,
                severity: Severity::High,
                phase: argus_soc::event::Phase::Update,
                placement: argus_soc::correlate::Placement::Duplicate,
            };
            suite::fact(What::EventsAdded { events: vec![added] }).of(key)
        };
        let facts = vec![
            opened(1, "INC-1", Severity::High),
            opened(2, "INC-2", Severity::Low),
            added(3, "INC-2"),
        ];
        let expect = [("INC-1".to_owned(), 0), ("INC-2".to_owned(), 0)].into();
        store.append(Batch { facts, expect, claim: None }).await.expect("written");
    }
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    command.arg("score").args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    // A command that reads nothing may be gone already.
    drop(child.stdin.take().expect("piped").write_all(ALERT.as_bytes()));
    let output = child.wait_with_output().expect("ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

#[test]
fn a_score_is_explained_to_a_person() {
    let scene = Scene::new();
    let answers = ["--intel", "malicious:89", "--criticality", "5", "--playbooks", "playbooks"];
    let (code, said) = scene.run(&[&["explain", "-"], &answers[..]].concat());
    assert_eq!(code, Some(0), "{said}");
    insta::assert_snapshot!(said, @r"
    Ransomware (2729c185-e0f3-51aa-91db-bd41bcc6ab3d)
    Scored by seed-v1 1.0.0:
           +30  severity     the severity is critical
         +44.5  intel        malicious with 89 % confidence
            +0  asset        criticality 5
            +0  history      0 earlier incidents
          74.5  of 15 to 90 for severity critical
    Threshold of contain: 75, not reached
    Decision: ask_human contain
      because the score 74.5 is below 75
    It would be otherwise if
      threat intelligence called it malicious with 100 %: 80 points, run contain
      it had 10 earlier incidents: 84.5 points, run contain
    ");
}

/// The reference values of the source text, through the door that people use.
#[test]
fn the_reference_values_of_seed_v1() {
    let scene = Scene::new();
    let check = |severity: &str, intel: &str, criticality: &str, previous: &str, milli: i64| {
        scene.write("alert.json", &ALERT.replace("\"critical\"", &format!("\"{severity}\"")));
        let answers = ["--intel", intel, "--criticality", criticality, "--previous", previous];
        let said = scene.json(&[&["explain", "alert.json"], &answers[..]].concat());
        assert_eq!(said["milli"], milli, "{severity} {intel} {criticality} {previous}");
        assert_eq!(said["model"]["name"], "seed-v1");
    };
    check("critical", "malicious:100", "5", "5", 90_000);
    check("critical", "malicious:100", "9", "5", 75_000);
    check("critical", "malicious:89", "5", "0", 74_500);
    check("critical", "benign", "5", "9", 40_000);
    check("low", "malicious:100", "5", "9", 60_000);
    check("high", "malicious:0", "9", "0", 5_000);
}

#[test]
fn a_score_is_explained_to_a_program() {
    let scene = Scene::new();
    let said = scene.json(&[
        "explain",
        "alert.json",
        "--intel",
        "unavailable",
        "--criticality",
        "5",
        "--environment",
        "staging",
        "--playbooks",
        "playbooks",
        "--model",
        "argus-v1",
    ]);
    assert_eq!(
        said["confidence"]["degraded"]["missing"][0],
        "threat intelligence (threat intelligence): supposed"
    );
    assert_eq!(said["decision"]["decision"], "ask_human");
    assert_eq!(said["thresholds"][0]["playbook"], "contain");
    assert_eq!(said["thresholds"][0]["reached"], false);
    assert_eq!(said["thresholds"][0]["reachable_from"].as_array().map(Vec::len), Some(4));
    let changes = said["would_change"].as_array().expect("a list");
    assert!(changes.iter().any(|it| it["decision"]["decision"] == "run"), "{changes:#?}");
    // What `argus events normalise` writes is read as well.
    let event = Command::new(env!("CARGO_BIN_EXE_argus"))
        .args(["events", "normalise", "alert.json"])
        .current_dir(scene.0.path())
        .output()
        .expect("runs");
    std::fs::write(scene.0.path().join("event.json"), event.stdout).expect("written");
    let again = scene.json(&["explain", "event.json", "--intel", "benign"]);
    assert_eq!(again["points"], "30");
}

#[test]
fn what_cannot_be_explained_says_why() {
    let scene = Scene::new();
    let check = |arguments: &[&str], part: &str| {
        let (code, said) = scene.run(arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(part), "{part}\n{said}");
    };
    check(&["explain", "nowhere.json"], "nowhere.json");
    check(&["explain", "alert.json", "--model", "argus-v9"], "there are seed-v1, argus-v1");
    check(&["explain", "alert.json", "--intel", "evil"], "malicious:CONFIDENCE");
    check(&["explain", "alert.json", "--criticality", "11"], "0 to 10");
    scene.write("new.toml", "name = \"x\"\nversion = \"1\"\nabout = \"\"\nterms = []\n");
    check(&["explain", "alert.json", "--model", "new.toml"], "new.toml:2:11");
    check(&["compare", "--model", "new.toml"], "new.toml:4:9");
    check(&["compare", "--model", "argus-v1"], "there is no store at data/argus.db");
    let (code, said) = scene.run(&["lint", "new.toml"]);
    assert_eq!(code, Some(1), "{said}");
}

#[tokio::test]
async fn history_is_scored_again_and_nothing_is_written() {
    let scene = Scene::new();
    scene.store().await;
    let before = std::fs::read(scene.0.path().join("argus.db")).expect("a store");
    let from = ["--data", ".", "--playbooks", "playbooks"];
    let said = scene.json(&[&["compare", "--model", "argus-v1"], &from[..]].concat());
    assert_eq!((&said["incidents"], &said["other_score"]), (&2.into(), &2.into()));
    assert_eq!((&said["other_decision"], &said["decided_otherwise_then"]), (&1.into(), &1.into()));
    let change = &said["changes"][0];
    assert_eq!((&change["from"], &change["to"]), (&"ask_human".into(), &"run".into()));
    assert_eq!(change["examples"][0]["incident"], "INC-1");
    assert_eq!(change["examples"][0]["points"], serde_json::json!({"from": "70", "to": "80"}));
    let (code, text) = scene.run(&[&["compare", "--model", "argus-v1"], &from[..]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 with another score, 1 decided otherwise"), "{text}");
    assert!(text.contains("ask_human -> run: 1\n    INC-1 70 -> 80: Malware"), "{text}");
    assert_eq!(std::fs::read(scene.0.path().join("argus.db")).expect("a store"), before);

    // Events by their ids, first ones and later ones, with what was recorded.
    for n in [1, 3] {
        let id = suite::arrival(n).event_id.to_string();
        let said = scene.json(&["explain", &id, "--data", "."]);
        assert_eq!(said["event_id"], id.as_str());
        assert_eq!(said["terms"][1]["milli"], 50_000, "{said}");
    }
    let (code, said) = scene.run(&["explain", &uuid::Uuid::nil().to_string(), "--data", "."]);
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no event"), "{said}");
}
