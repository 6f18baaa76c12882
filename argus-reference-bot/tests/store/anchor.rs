//! The anchor in Azure Table Storage: against Azurite, which npm brings (`azurite-npm`).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::SystemClock;
use argus_bot_sdk::auth::Secret;
use argus_reference_bot::adapters::azure_tables::{AccountKey, AzureTable, Proof};
use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::anchor::suite::{head, notes_are_kept};
use argus_reference_bot::ports::anchor::{Anchor, AnchorError, Head};
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Ledger, LedgerError};
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::outsider::said;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// Azurite in a folder of its own, gone with the test.
struct Azurite {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Azurite {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Azurite's program, installed if npm can; `None` with a word about what is skipped.
fn program() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("azurite-npm");
    let program = folder.join("node_modules/azurite/dist/src/table/main.js");
    let lock = std::fs::File::create(std::env::temp_dir().join("argus-azurite.lock")).ok()?;
    lock.lock().ok()?;
    if !program.is_file() {
        let mut npm = Command::new("npm");
        let npm = npm.arg("ci").current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        drop(npm.status());
    }
    if program.is_file() {
        return Some(program);
    }
    let ci = std::env::var_os("CI").is_some_and(|it| it == "true");
    assert!(!ci, "no Azurite: run npm ci in argus-reference-bot/azurite-npm");
    let said = "SKIPPED: the anchor against Azurite needs Node.js 20.19 or newer with npm\n";
    drop(std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()));
    None
}

/// An account and a key that nobody else has.
fn key() -> Secret {
    Secret::new(base64::engine::general_purpose::STANDARD.encode([7; 32]))
}

impl Azurite {
    async fn start() -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let child = Command::new("node")
            .arg(program)
            .args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--tableHost"])
            .args(["127.0.0.1", "--tablePort", &port.to_string(), "--location"])
            .arg(folder.path())
            .env("AZURITE_ACCOUNTS", format!("argus:{}", key().expose()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let url = format!("http://127.0.0.1:{port}/argus");
        let azurite = Self { child, url, _folder: folder };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "Azurite does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(azurite)
    }

    fn table(&self, name: &str, key: &Secret) -> AzureTable {
        let key = Proof::Key(Box::new(AccountKey::new(&self.url, key).expect("a key")));
        AzureTable::new(&self.url, name, TENANT, key, Arc::new(SystemClock)).expect("a table")
    }
}

#[tokio::test]
async fn azure_tables_owe_what_every_anchor_owes() -> Result<(), AnchorError> {
    let Some(azurite) = Azurite::start().await else { return Ok(()) };
    notes_are_kept(&azurite.table("Suite", &key())).await?;
    // More than a page of the service has.
    let many = Arc::new(azurite.table("Many", &key()));
    many.note(&head(1, 0)).await?;
    for block in 0..21 {
        let mut work = tokio::task::JoinSet::new();
        for seq in (block * 50 + 2)..(block * 50 + 52) {
            let table = Arc::clone(&many);
            work.spawn(async move { table.note(&head(seq, 0)).await });
        }
        while let Some(done) = work.join_next().await {
            done.expect("nobody panicked")?;
        }
    }
    let noted = many.noted(Timestamp::UNIX_EPOCH).await?;
    assert!(noted.iter().map(|it| it.seq).eq(1..=1_051), "{} notes", noted.len());
    // Another tenant's notes in the same table are nobody's business here.
    let other = AccountKey::new(&azurite.url, &key()).expect("a key");
    let other = Proof::Key(Box::new(other));
    let other = AzureTable::new(&azurite.url, "Many", "other", other, Arc::new(SystemClock));
    assert_eq!(other.expect("a table").noted(Timestamp::UNIX_EPOCH).await?, []);
    let wrong = azurite.table("Many", &Secret::new("d3Jvbmc="));
    match wrong.note(&head(2_000, 0)).await {
        Err(AnchorError::Refused(why)) => assert!(why.contains("does not let us in"), "{why}"),
        said => panic!("a wrong key: {said:?}"),
    }
    drop(azurite);
    match many.note(&head(2_000, 0)).await {
        Err(AnchorError::Unreachable(_)) => Ok(()),
        said => panic!("Azurite is gone: {said:?}"),
    }
}

/// Runs `argus audit verify`; gives its exit code and its findings.
fn verify(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut argus = Command::new(env!("CARGO_BIN_EXE_argus"));
    argus.args(["audit", "verify", "--format", "json"]).args(arguments);
    let (code, said) = said(&argus.output().expect("argus runs"));
    (code, serde_json::from_str(&said).unwrap_or_default())
}

/// A store whose head was noted twice; gives the folder, the settings and the table.
async fn noted(azurite: &Azurite) -> Result<(tempfile::TempDir, AzureTable), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(&folder.path().join("argus.db"))?;
    let table = azurite.table("Verify", &key());
    let mut before = 0;
    for n in [6, 12] {
        for n in n - 6..n {
            store.receive(arrival(n)).await?;
        }
        let (seq, hash) = store.head().await?;
        let first = store.records_after(0, 1).await?[0].hash.to_string();
        let at = Timestamp::now();
        let head = Head { seq, hash: hash.to_string(), at, store: first, before };
        table.note(&head).await.expect("noted");
        before = seq;
    }
    store.settle().await?;
    let at = folder.path();
    std::fs::write(at.join("key"), key().expose()).expect("a file");
    let (url, at) = (&azurite.url, at.display());
    let settings = format!(
        "server.listen = \"127.0.0.1:0\"\nstore.url = \"sqlite:{at}/argus.db\"\n\
         templates.source = \"folder:none\"\n[bot]\napp_id = \"{TENANT}\"\ntenant_id = \"{TENANT}\"\n\
         credential = {{ secret = \"file:{at}/key\" }}\n[audit.anchor]\nazure_table = \"{url}\"\n\
         key = \"file:{at}/key\"\ntable = \"Verify\"\n"
    );
    std::fs::write(folder.path().join("argus.toml"), settings).expect("a file");
    Ok((folder, table))
}

#[tokio::test]
async fn a_chain_that_was_cut_or_written_anew_is_found_by_its_notes() -> Result<(), LedgerError> {
    let Some(azurite) = Azurite::start().await else { return Ok(()) };
    let (folder, table) = noted(&azurite).await?;
    let settings = folder.path().join("argus.toml");
    let online = ["--config", settings.to_str().expect("a path"), "--anchor"];
    let (code, said) = verify(&online);
    assert!(code == Some(0) && said["notes"] == 2, "{said}");

    // What root on the host can do: a shorter chain, with a note beside it that agrees.
    let path = folder.path().join("argus.db");
    let cut = folder.path().join("cut.db");
    let shorter = Sqlite::open(&cut)?;
    let whole = Sqlite::open(&path)?;
    drop(whole);
    for n in 0..6 {
        shorter.receive(arrival(n)).await?;
    }
    shorter.settle().await?;
    drop(shorter);
    let notes = table.noted(Timestamp::UNIX_EPOCH).await.expect("read");
    let rows: Vec<Value> = notes
        .iter()
        .map(|it| {
            serde_json::json!({
                "RowKey": format!("{:020}", it.seq), "PartitionKey": "t|20261101", "Hash": it.hash,
                "At": it.at, "Store": it.store, "Before": it.before.to_string(),
            })
        })
        .collect();
    let file = folder.path().join("notes.json");
    std::fs::write(&file, serde_json::to_vec(&rows).expect("JSON")).expect("a file");
    let offline = |store: &Path| {
        let (store, file) = (store.to_str().expect("a path"), file.to_str().expect("a path"));
        verify(&["--data", store, "--notes", file])
    };
    let (code, said) = offline(&path);
    assert!(code == Some(0) && said["notes"] == 2, "{said}");
    let (code, said) = offline(&cut);
    let words = said.to_string();
    assert!(code == Some(1) && words.contains("its end was cut off"), "{words}");
    Ok(())
}
