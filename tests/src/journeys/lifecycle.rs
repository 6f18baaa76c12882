//! A playbook goes from a folder to an isolated host: read by two people, tried, live, retired.

use argus_soc::ledger::fact::What;
use serde_json::Value;

use super::world::{Left, Plan, World, alert, texts};

/// Isolates by itself whatever host an alert names.
const CUT: &str = r#"playbook: {id: cut, name: Cut, version: "1.0.0"}
triggers:
  - {source: edr}
conditions: {risk_threshold: 0}
actions:
  - {id: iso, type: isolate_host, target: "{{ entity.host }}", rollback: {id: back, type: release_host}}
"#;

/// A world in which people review the folder, and no day of dry run is asked for.
async fn reviewed() -> World {
    let playbook_settings = "review = \"on\"\ndry_run_days = 0\npoll_secs = 1\n";
    World::with(Plan { playbooks: &[CUT], playbook_settings, ..Plan::default() }).await
}

/// The text of the folder as `GET /playbooks` has it, once it is in this state.
async fn cut(world: &World, state: &str) -> Value {
    world
        .until(&format!("the playbook in the state {state}"), async || {
            let (_, all) = world.get("/playbooks").await;
            let mut all = all["playbooks"].as_array()?.iter();
            all.find(|it| it["id"] == "cut" && it["state"] == state).cloned()
        })
        .await
}

async fn says(world: &World, who: &str, text: &str, wanted: &str) {
    let said = texts(&world.say(who, text).await).join("\n");
    assert!(said.contains(wanted), "{who}: {text}: {said}");
}

#[tokio::test]
async fn a_text_of_the_folder_acts_once_two_people_have_read_it_and_also_after_a_restart() {
    let mut world = reviewed().await;
    let draft = cut(&world, "draft").await;
    let sha: String = draft["sha256"].as_str().unwrap().chars().take(8).collect();
    assert_eq!(draft["origin"], "folder:own-0.yaml", "{draft}");
    says(&world, "alice", "playbooks", "0 of 2 reviews").await;
    says(&world, "alice", &format!("playbooks cut {sha}"), "isolate_host").await;
    says(&world, "bob", &format!("review cut {sha}"), "role").await;
    says(&world, "alice", &format!("review cut {sha}"), "1 of 2 reviews").await;
    says(&world, "alice", &format!("promote cut {sha} live"), "1 of 2 reviews").await;
    says(&world, "alice", &format!("promote cut {sha} dry-run"), "only says what it would do")
        .await;

    // It says what it would do, and does nothing.
    world.ingest(&alert("a-1", "ws-114")).await;
    let rehearsed = |what: &What| matches!(what, What::PlaybookRehearsed { failed: None, .. });
    world
        .until("the end of the dry run", async || {
            (world.recorded(rehearsed).await == 1).then_some(())
        })
        .await;
    assert_eq!(world.effects("defender.isolate"), 0);

    says(&world, "dana", &format!("review cut {sha}"), "2 of 2 reviews").await;
    says(&world, "dana", &format!("promote cut {sha} live"), "It acts from now on").await;
    // The file is gone, and the process is another one.
    std::fs::remove_file(world.data("playbooks/own-0.yaml")).unwrap();
    world.crash().await;
    world.start().await;
    cut(&world, "live").await;
    says(&world, "alice", "retire cut \"the night is over\"", "the night is over").await;
    cut(&world, "retired").await;
    world.finish(Left::default()).await;
}
