//! The bot under measurement as a process of its own.

use std::ops::Deref;
use std::process::{Child, Command, Stdio};

use argus_bot_sdk::testing::{APP_ID, APP_SECRET, FakeEntra, TENANT};

pub(crate) const NOTIFY_KEY: &str = "only-the-load-has-it";

/// A card of a usual size; its first text is the incident's id, by which it is recognised.
const CARD: &str = r#"{"type":"AdaptiveCard","$schema":"http://adaptivecards.io/schemas/adaptive-card.json","version":"1.5","body":[
{"type":"TextBlock","text":"${id}","weight":"Bolder","size":"Large"},
{"type":"TextBlock","text":"${title}","wrap":true},
{"type":"TextBlock","text":"${summary}","wrap":true,"$when":"${severity == 'high'}"},
{"type":"ColumnSet","columns":[
{"type":"Column","width":"stretch","items":[{"type":"TextBlock","text":"Status: ${status}","color":"${if(status == 'New', 'Attention', 'Good')}"}]},
{"type":"Column","width":"stretch","items":[{"type":"TextBlock","text":"Assignee: ${assignee}"}]}]},
{"type":"FactSet","facts":[{"$data":"${facts}","title":"${title}","value":"${value}"}]}],
"actions":[{"type":"Action.Execute","title":"Acknowledge","verb":"ack","data":{"id":"${id}"}}]}"#;

/// Where a bot listens.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) address: String,
}

pub(crate) struct Process {
    child: Child,
    place: Place,
    _cards: tempfile::TempDir,
}

impl Deref for Process {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Process {
    pub(crate) fn start(entra: &FakeEntra, service: &str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let cards = tempfile::tempdir().unwrap();
        std::fs::write(cards.path().join("incident.template.json"), CARD).unwrap();
        // This file is in `target/release/deps`.
        let own = std::env::current_exe().unwrap();
        let own = own.ancestors().nth(2).unwrap().join("examples/bench-bot");
        let command = std::env::var("BENCH_BOT").unwrap_or(own.display().to_string());
        let mut words = command.split_whitespace();
        let child = Command::new(words.next().unwrap())
            .args(words)
            .envs([("HOST", "127.0.0.1"), ("NOTIFY_KEY", NOTIFY_KEY)])
            .envs([("APP_ID", APP_ID), ("APP_SECRET", APP_SECRET), ("TENANT_ID", TENANT)])
            .env("PORT", free.port().to_string())
            .env("METADATA_URL", entra.metadata_url())
            .env("TOKEN_URL", entra.token_url(TENANT))
            .env("SERVICE_URL", service)
            .env("CARD_DIR", cards.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command}: {error}; is the example built?"));
        Self { child, place: Place { address: free.to_string() }, _cards: cards }
    }

    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// User and system time so far (`/proc/PID/stat`, fields 14 and 15, in hundredths of a second).
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u32>().unwrap();
        f64::from(ticks(11) + ticks(12)) / 100.0
    }

    /// What is in memory now, and what was at most.
    pub(crate) fn resident(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        format!("{} now, {} at most (goal: 25 MB)", line("VmRSS:"), line("VmHWM:"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
