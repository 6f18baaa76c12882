//! The bot as a process of its own, and what is sent to it.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use argus_reference_bot::app::App;
use argus_reference_bot::config;

/// What the source `bench` shows.
pub(crate) const KEY: &str = "bench-key";

/// A bot that runs.
pub(crate) struct Bot {
    pub(crate) process: Child,
    pub(crate) address: String,
}

impl Bot {
    /// Starts a bot with its data in `folder` and with these settings more.
    pub(crate) fn start(folder: &Path, more: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["argus", folder.to_str().unwrap(), more])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().to_owned() }
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Is the bot, until killed.
pub(crate) async fn serve(folder: &Path, more: &str) {
    let app = App::build(&settings(folder, more)).await.unwrap();
    println!("{}", app.address().unwrap());
    app.run(std::future::pending()).await.unwrap();
}

/// A bot that takes events and has nobody to tell: what is measured is the door and the store.
fn settings(folder: &Path, more: &str) -> config::Config {
    let shown = folder.display();
    std::fs::write(folder.join("key"), KEY).unwrap();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("card-templates");
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
[store]
url = "sqlite:{shown}/argus.db"
[bot]
app_id = "0f0e0d0c-1111-4222-8333-444455556666"
tenant_id = "11111111-2222-4333-8444-555555555555"
credential = {{ secret = "file:{shown}/key" }}
openid_metadata_url = "http://127.0.0.1:9/metadata"
[templates]
source = "folder:{}"
[ingest.sources.bench]
kind = "generic"
auth = {{ api_key = "file:{shown}/key" }}
{more}
"#,
        templates.display()
    );
    config::parse("bench.toml", &text, []).unwrap()
}

/// An event of 1 KiB, each another one, all of one fingerprint.
pub(crate) fn event(number: u64) -> String {
    let mut text = format!(
        r#"{{"id":"edr-{number:010}","timestamp":"2026-11-20T08:00:00Z","source":"edr","event_type":"malware","severity":"medium","title":"A file was quarantined","entity_type":"host","entity_value":"ws-001.fjordbank.example","metadata":{{"file":"invoice.exe","user":"m.holm"}},"context":{{"command":""#
    );
    while text.len() < 1_021 {
        text.push('x');
    }
    text.push_str("\"}}");
    text
}
