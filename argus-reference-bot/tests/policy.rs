//! `argus policy explain`: offline, with the roles that the question supposes.

use std::process::Command;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::suite::{arrival, opened};
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::event::Severity;
use serde_json::Value;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.example.toml");

#[tokio::test]
async fn each_rule_says_why_and_a_no_is_an_exit_code() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display();
    let store = Sqlite::open(&folder.path().join("argus.db"))?;
    store.receive(arrival(1)).await?;
    let facts = vec![opened(&arrival(1), "INC-1", Severity::High)?];
    store.append(Batch { facts, ..Batch::default() }).await?;
    store.settle().await?;
    drop(store);
    std::fs::write(folder.path().join("key"), "a secret of the tests").expect("a file");
    let settings = format!(
        "server.listen = \"127.0.0.1:0\"\nstore.url = \"sqlite:{at}/argus.db\"\n\
         templates.source = \"folder:none\"\n[bot]\napp_id = \"{TENANT}\"\ntenant_id = \"{TENANT}\"\n\
         credential = {{ secret = \"file:{at}/key\" }}\n[rbac]\npolicy = \"file:{EXAMPLE}\"\n\
         roles = {{ viewer = {{ groups = [\"v\"] }}, soc_engineer = {{ groups = [\"e\"] }}, \
         argus_admin = {{ groups = [\"a\"] }} }}\n"
    );
    let config = folder.path().join("argus.toml");
    std::fs::write(&config, settings).expect("a file");
    let ask = |action: &str, incident: &str, more: &[&str]| {
        let mut argus = Command::new(env!("CARGO_BIN_EXE_argus"));
        argus.args(["policy", "explain", "ann", action, incident, "--config"]).arg(&config);
        let done = argus.args(more).output().expect("argus runs");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        (done.status.code(), said, String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (day, night) = ("2026-11-20T10:00:00Z", "2026-11-20T02:00:00Z");
    let engineer = ["--roles", "soc_engineer", "--at"];
    let (code, said, _) = ask("isolate_host", "INC-1", &[&engineer[..], &[day]].concat());
    assert!(code == Some(0) && said.contains("YES, by the role soc_engineer"), "{said}");
    let (code, said, _) = ask("isolate_host", "INC-1", &[&engineer[..], &[night]].concat());
    for words in [
        "NO (limit): ",
        "criticality 6 or less, and nobody knows this one's",
        "only at these hours: mon-fri 08:00-18:00 +01:00",
        "does not have the role argus_admin",
        "does not grant isolate_host",
        "who can, somewhere and at some time: argus_admin, soc_engineer",
    ] {
        assert!(code == Some(1) && said.contains(words), "{words}: {said}");
    }
    let (code, said, _) = ask("view", "-", &["--roles", "viewer", "--format", "json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (code, &said["yes"], &said["explanation"]["role"]),
        (Some(0), &true.into(), &"viewer".into())
    );
    for (action, incident, words) in
        [("fly", "INC-1", "`fly` is no action"), ("view", "INC-9", "no incident INC-9")]
    {
        let (code, _, why) = ask(action, incident, &["--roles", "viewer"]);
        assert!(code == Some(2) && why.contains(words), "{why}");
    }
    Ok(())
}
