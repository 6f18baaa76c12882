//! `argus store`: from one store into another and back, every byte of the chain.

use std::path::Path;
use std::process::Command;

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::suite::{self, arrival};
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::ledger::fact::What;
use serde_json::Value;

use super::outsider;
use super::server::Server;
use super::worker::place_all;

/// Runs a command of `argus store`; gives its exit code, its answer and its complaint.
fn argus(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_argus"))
        .arg("store")
        .args(arguments)
        .args(["--format", "json"])
        .output()
        .expect("argus runs");
    let answer = serde_json::from_slice(&done.stdout).unwrap_or_default();
    (done.status.code(), answer, String::from_utf8_lossy(&done.stderr).into_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A store with events in incidents, cards, documents and leases.
async fn filled(path: &Path) -> Result<(), LedgerError> {
    let store = Sqlite::open(path)?;
    suite::documents_follow(&store).await?;
    for n in 1..=150 {
        store.receive(arrival(n)).await?;
    }
    place_all(&store).await?;
    store.receive(arrival(200)).await.map(drop)
}

#[tokio::test]
async fn a_backup_is_whole_and_a_rebuild_changes_nothing() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, copy) = (folder.path().join("argus.db"), folder.path().join("copy.db"));
    filled(&path).await?;
    let store = Sqlite::open(&path)?;
    let (code, said, why) = argus(&["backup", "--data", text(&path), "--to", text(&copy)]);
    assert_eq!(code, Some(0), "while the bot runs: {why}");
    assert_eq!(said["records"], store.head().await?.0);
    let (code, _, why) = argus(&["backup", "--data", text(&path), "--to", text(&copy)]);
    assert!(code == Some(2) && why.contains("is there already"), "{why}");
    let (code, _, why) = argus(&["rebuild", "--data", text(&path)]);
    assert!(code == Some(2) && why.contains("stop it first"), "{why}");
    drop(store);

    let lost = rusqlite::Connection::open(&copy).expect("the copy");
    lost.execute_batch("DELETE FROM cards; DELETE FROM incidents").expect("tables are lost");
    drop(lost);
    let (code, said, _) = argus(&["verify", "--data", text(&copy)]);
    assert_eq!((code, &said["intact"]), (Some(1), &Value::Bool(false)));
    let (code, _, why) = argus(&["rebuild", "--data", text(&copy)]);
    assert_eq!(code, Some(0), "{why}");
    assert_eq!(verify(&copy)?.findings, []);
    Ok(())
}

#[tokio::test]
async fn old_bodies_go_into_archives_that_are_proven() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (path, archives, lines) = (at("argus.db"), at("archives"), at("lines.jsonl"));
    let store = Sqlite::open(&path)?;
    for n in 1..=3 {
        store.receive(arrival(n)).await?;
        let (event_id, reasons) = (arrival(n).event_id, vec!["noise".into()]);
        let facts = vec![suite::fact(What::Ignored { event_id, reasons })];
        store.append(Batch { facts, ..Batch::default() }).await?;
    }
    store.receive(arrival(4)).await?;
    drop(store);
    let archive = ["archive", "--data", text(&path), "--days", "1", "--to", text(&archives)];
    let (code, said, why) = argus(&archive);
    assert_eq!((code, &said["events"]), (Some(0), &3.into()), "{said} {why}");
    let file = archives.join(said["files"][0].as_str().expect("a name"));
    let (code, again, _) = argus(&archive);
    assert_eq!((code, &again["events"]), (Some(0), &0.into()));
    let typo = at("typo.db");
    let (code, _, why) =
        argus(&["archive", "--data", text(&typo), "--days", "1", "--to", text(&archives)]);
    assert!(code == Some(2) && why.contains("there is no store"), "{why}");
    assert!(!typo.exists(), "a mistyped name makes no store");
    let (code, _, why) = argus(&["archive", "--data", text(&path)]);
    assert!(code == Some(2) && why.contains("--days"), "{why}");

    let store = Sqlite::open(&path)?;
    let record = store.head().await?.0;
    assert_eq!(store.event(arrival(2).event_id).await?.map(|it| it.raw), Some(Vec::new()));
    drop(store);
    let proof = ["verify", "--data", text(&path), "--archives", text(&archives)];
    let (code, said, _) = argus(&proof);
    assert_eq!((code, &said["intact"]), (Some(0), &Value::Bool(true)), "{said}");
    let exported = Command::new(env!("CARGO_BIN_EXE_argus"))
        .args(["audit", "export", "--data", text(&path)])
        .output()
        .expect("argus runs");
    std::fs::write(&lines, exported.stdout).expect("the export");
    let (code, said, _) = argus(&["verify", "--data", text(&lines), "--archives", text(&archives)]);
    assert_eq!(code, Some(0), "{said}");
    let outsider = || outsider::said(&outsider::python(&[text(&path)]));
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    if has_python {
        assert_eq!(outsider().0, Some(0), "{outsider:?}", outsider = outsider());
    }

    let good = std::fs::read(&file).expect("the archive");
    let mut bad = good.clone();
    *bad.last_mut().expect("bytes") ^= 1;
    for (bytes, what) in [(Some(bad), "not the file that was recorded"), (None, "No such file")] {
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).expect("damage"),
            None => std::fs::remove_file(&file).expect("loss"),
        }
        let (code, said, _) = argus(&proof);
        let finding = &said["findings"][0];
        assert_eq!((code, &finding["seq"]), (Some(1), &record.into()), "{said}");
        assert!(finding["what"].as_str().is_some_and(|it| it.contains(what)), "{said}");
    }
    std::fs::write(&file, good).expect("as it was");

    // A body that no archive took is missed, wherever it stood.
    let thief = rusqlite::Connection::open(&path).expect("the store");
    thief
        .execute("UPDATE records SET raw = x'' WHERE seq = (SELECT max(seq) FROM records WHERE length(raw) > 0)", [])
        .expect("a theft");
    drop(thief);
    let (code, said, _) = argus(&["verify", "--data", text(&path)]);
    let found = said["findings"].to_string();
    assert!(code == Some(1) && found.contains("no archive took it"), "{said}");
    if has_python {
        let (code, said) = outsider();
        assert!(code == Some(1) && said.contains("no archive took it"), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_has_every_byte_and_goes_on_where_it_was_broken_off() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (first, back, lines) = (at("first.db"), at("back.db"), at("lines.jsonl"));
    filled(&first).await?;
    let place = server.database().await;
    let (code, said, why) = argus(&["copy", "--from", text(&first), "--to", &place]);
    assert_eq!(code, Some(0), "{why}");
    let head = said["head"].clone();
    assert_eq!(head, verify(&first)?.head);
    let (code, said, why) = argus(&["verify", "--data", &place]);
    assert_eq!((code, &said["head"]), (Some(0), &head), "{said} {why}");

    // More comes in at the first store; the next copy takes only that.
    Sqlite::open(&first)?.receive(arrival(300)).await?;
    let (code, said, why) = argus(&["copy", "--from", text(&first), "--to", &place]);
    assert_eq!((code, &said["copied"]), (Some(0), &1.into()), "{why}");
    let head = said["head"].clone();

    // Tables that are lost come back from the records.
    let client = server.client(place.rsplit('/').next().expect("a database")).await;
    client.batch_execute("DELETE FROM incidents; UPDATE cards SET shown = 7").await.expect("lost");
    assert_eq!(argus(&["verify", "--data", &place]).0, Some(1));
    let (code, _, why) = argus(&["rebuild", "--data", &place]);
    assert_eq!(code, Some(0), "{why}");
    assert_eq!(argus(&["verify", "--data", &place]).0, Some(0));

    let (code, said, why) = argus(&["backup", "--data", &place, "--to", text(&lines)]);
    assert_eq!((code, &said["head"]), (Some(0), &head), "{why}");
    for from in [place.as_str(), text(&lines)] {
        let (code, said, why) = argus(&["copy", "--from", from, "--to", text(&back)]);
        assert_eq!((code, &said["head"]), (Some(0), &head), "{why}");
    }
    assert_eq!(verify(&back)?.findings, []);

    // Another chain is not mixed in, and one changed byte of a backup is found.
    let other = at("other.db");
    Sqlite::open(&other)?.receive(arrival(9)).await?;
    let (code, _, why) = argus(&["copy", "--from", text(&other), "--to", &place]);
    assert!(code == Some(2) && why.contains("another chain"), "{why}");
    let forged = std::fs::read_to_string(&lines).expect("a backup").replacen("ws-3", "ws-4", 1);
    let forged = forged.replacen("c-7", "c-8", 1);
    std::fs::write(&lines, forged).expect("room");
    let (code, said, _) = argus(&["verify", "--data", text(&lines)]);
    assert_eq!((code, &said["intact"]), (Some(1), &Value::Bool(false)));

    // A changed byte on the server is found with its record.
    let forge = "UPDATE records SET payload = set_byte(payload, 20, 88) WHERE seq = 9";
    client.batch_execute(forge).await.expect("forged");
    let (code, said, _) = argus(&["verify", "--data", &place]);
    assert_eq!((code, &said["findings"][0]["seq"]), (Some(1), &9.into()), "{said}");
    Ok(())
}

/// A name that is mistyped is no store, and makes none.
#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_up() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (typo, to) = (at("typo.db"), at("to.db"));
    for arguments in [
        ["migrate", "--data", text(&typo), "--format", "json"].as_slice(),
        &["copy", "--from", text(&typo), "--to", text(&to)],
        &["copy", "--from", text(&at("typo.jsonl")), "--to", text(&to)],
    ] {
        let (code, _, why) = argus(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {why}");
        assert!(!typo.exists() && !to.exists(), "{arguments:?} made a store");
    }
    let Some(server) = Server::start() else { return Ok(()) };
    let empty = server.database().await;
    for arguments in [
        ["copy", "--from", empty.as_str(), "--to", text(&to)].as_slice(),
        &["rebuild", "--data", &empty],
    ] {
        let (code, _, why) = argus(arguments);
        assert!(code == Some(2) && why.contains("no store"), "{arguments:?}: {why}");
        assert!(!to.exists(), "{arguments:?} made a store");
    }
    Ok(())
}

/// A backup that is older than the store it is to be copied into says so, as does an empty one.
#[tokio::test]
async fn a_backup_that_ends_too_early_is_told() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (path, lines, copy) = (at("argus.db"), at("lines.jsonl"), at("copy.db"));
    filled(&path).await?;
    let mut kept = Vec::new();
    argus_reference_bot::adapters::sqlite::export(&path, |line| {
        kept.push(line.to_string());
        Ok(())
    })
    .expect("an export");
    std::fs::write(&lines, kept.join("\n")).expect("room");
    let (code, _, why) = argus(&["copy", "--from", text(&lines), "--to", text(&copy)]);
    assert_eq!(code, Some(0), "{why}");
    let early = kept[..9].join("\n");
    for (left, said) in [(early.as_str(), "ends at record 9"), ("", "no record")] {
        std::fs::write(&lines, left).expect("room");
        let (code, _, why) = argus(&["copy", "--from", text(&lines), "--to", text(&copy)]);
        assert!(code == Some(2) && why.contains(said), "{why}");
    }
    Ok(())
}

/// Settings name both stores, each with its own password; the bot may run on the first meanwhile.
#[tokio::test]
async fn settings_name_what_is_copied_while_the_bot_runs() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    filled(&at("first.db")).await?;
    let running = Sqlite::open(&at("first.db"))?;
    let settings = |name: &str, url: &str, more: &str| {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"{url}\"\n{more}\n\
             [templates]\nsource = \"folder:x\"\n[bot]\n\
             app_id = \"00000000-0000-0000-0000-000000000001\"\n\
             tenant_id = \"00000000-0000-0000-0000-000000000002\"\n\
             credential = {{ secret = \"env:ARGUS_NOT_THERE\" }}\n"
        );
        std::fs::write(at(name), text).expect("room");
    };
    settings("old.toml", &format!("sqlite:{}", text(&at("first.db"))), "");
    settings("new.toml", &format!("sqlite:{}", text(&at("second.db"))), "");
    let (old, new) = (at("old.toml"), at("new.toml"));
    let ends = ["--from-config", text(&old), "--to-config", text(&new)];
    let (code, said, why) = argus(&[["copy"].as_slice(), &ends].concat());
    assert_eq!((code, &said["records"]), (Some(0), &running.head().await?.0.into()), "{why}");
    drop(running);
    assert_eq!(verify(&at("second.db"))?.head, verify(&at("first.db"))?.head);

    // What the settings say of a server is used: a certificate that is not there is told.
    settings("new.toml", "postgres://argus@db.example/argus", "tls_ca = \"no-such.pem\"");
    let (code, _, why) = argus(&[["copy"].as_slice(), &ends].concat());
    assert!(code == Some(2) && why.contains("no-such.pem"), "{why}");
    Ok(())
}
