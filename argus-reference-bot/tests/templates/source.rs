//! The source alone: the suite of all sources, and what only Graph can do.

use std::sync::Arc;

use argus_bot_sdk::auth::{EntraApp, Secret, TokenCache};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::{Clock, SystemClock};
use argus_cards::source::sharepoint::SharePoint;
use argus_cards::source::suite::{self, Author};
use argus_cards::source::{Snapshot, TemplateSource};
use argus_reference_bot::adapters::sharepoint::ToGraph;
use argus_sim::{Sim, SimConfig};
use async_trait::async_trait;

/// A designer in the browser.
struct Designer(Sim);

#[async_trait]
impl Author for Designer {
    async fn put(&self, path: &str, bytes: &[u8]) {
        self.0.hold().sharepoint().put(&format!("cards/{path}"), bytes);
    }

    async fn remove(&self, path: &str) {
        self.0.hold().sharepoint().remove(&format!("cards/{path}"));
    }

    async fn rename_folder(&self, from: &str, to: &str) {
        self.0.hold().sharepoint().rename(&format!("cards/{from}"), &format!("cards/{to}"));
    }
}

/// A library with an empty folder, and something beside it that is none of ours.
async fn library() -> (Sim, SharePoint) {
    let sim = Sim::start(SimConfig::default()).await.expect("a simulator");
    sim.hold().sharepoint().make_folder("cards");
    sim.hold().sharepoint().put("other/secret.card.json", "{}");
    let secret = Secret::new(sim.app_secret());
    let app = EntraApp::with_secret(&sim.token_url(), sim.app_id(), secret).expect("an app");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = TokenCache::new(Arc::new(app), "https://graph.microsoft.com/.default", clock);
    let way = ToGraph::new(Arc::new(tokens)).expect("a client");
    let place = sim.sharepoint_place("cards").parse().expect("a place");
    let source = SharePoint::new(&sim.graph_url(), place, Arc::new(way)).expect("a source");
    (sim, source)
}

fn leaked(sim: &Sim) -> Vec<String> {
    sim.effects().into_keys().filter(|key| key.contains("token_leaked")).collect()
}

fn downloads(sim: &Sim) -> u64 {
    sim.effects().get("sharepoint.download/all").copied().unwrap_or_default()
}

#[tokio::test]
async fn sharepoint_keeps_the_promises() {
    let (sim, source) = library().await;
    suite::all(&source, &Designer(sim.clone())).await.expect("it answers");
    assert!(downloads(&sim) > 0);
    assert_eq!(leaked(&sim), [""; 0]);
}

#[tokio::test]
async fn sharepoint_keeps_the_promises_although_it_forgets() {
    let (sim, source) = library().await;
    let designer = Forgetful(Designer(sim.clone()));
    suite::all(&source, &designer).await.expect("it answers");
}

/// Whoever does anything, SharePoint loses its memory.
struct Forgetful(Designer);

#[async_trait]
impl Author for Forgetful {
    async fn put(&self, path: &str, bytes: &[u8]) {
        self.0.put(path, bytes).await;
        self.0.0.hold().sharepoint().forget_tokens();
    }

    async fn remove(&self, path: &str) {
        self.0.remove(path).await;
        self.0.0.hold().sharepoint().forget_tokens();
    }

    async fn rename_folder(&self, from: &str, to: &str) {
        self.0.rename_folder(from, to).await;
        self.0.0.hold().sharepoint().forget_tokens();
    }
}

#[tokio::test]
async fn nothing_is_loaded_twice_whatever_happens_between() {
    let (sim, source) = library().await;
    for n in 0..8 {
        sim.hold().sharepoint().put(&format!("cards/{n}.card.json"), format!("{{\"n\":{n}}}"));
    }
    // The fifth file does not come; the four before it are not asked for again.
    sim.faults().push_times("sharepoint", "download", Fault::Delay(std::time::Duration::ZERO), 4);
    sim.faults().push("sharepoint", "download", Fault::FailBefore(503));
    let error = source.fetch(&Snapshot::default()).await.expect_err("one failed");
    assert!(error.is_transient() && error.retry_after().is_some(), "{error}");
    let held = source.fetch(&Snapshot::default()).await.expect("it answers").expect("a snapshot");
    assert_eq!((held.paths().count(), downloads(&sim)), (8, 8));

    sim.hold().sharepoint().forget_tokens();
    sim.hold().sharepoint().put("cards/9.card.json", "{}");
    let held = source.fetch(&held).await.expect("it answers").expect("a snapshot");
    assert_eq!((held.paths().count(), downloads(&sim)), (9, 9), "after 410, only what is new");
    assert_eq!(leaked(&sim), [""; 0]);
}

#[tokio::test]
async fn a_draft_is_not_used_until_it_is_published() {
    let (sim, source) = library().await;
    let says = |held: &Snapshot| {
        let file = held.file("a.card.json").expect("it is there");
        String::from_utf8_lossy(&file.bytes).into_owned()
    };
    sim.hold().sharepoint().put("cards/a.card.json", "one");
    let first = source.fetch(&Snapshot::default()).await.expect("it answers").expect("a snapshot");
    sim.hold().sharepoint().draft("cards/a.card.json", "two");
    sim.hold().sharepoint().draft("cards/b.card.json", "never published");
    let held = source.fetch(&first).await.expect("it answers").expect("a snapshot");
    assert_eq!(says(&held), "one");
    assert!(held.left_out()[0].to_string().starts_with("b.card.json: not used"));
    // Whoever has nothing in hand finds the version before in the file's history.
    let cold = source.fetch(&Snapshot::default()).await.expect("it answers").expect("a snapshot");
    assert_eq!(says(&cold), "one");
    sim.hold().sharepoint().publish("cards/a.card.json");
    let held = source.fetch(&held).await.expect("it answers").expect("a snapshot");
    assert_eq!(says(&held), "two");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let (sim, source) = library().await;
    let check = async |fault: Fault, operation: &str, why: &str| {
        sim.faults().push("sharepoint", operation, fault);
        let error = source.fetch(&Snapshot::default()).await.expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    sim.hold().sharepoint().put("cards/a.card.json", "{}");
    check(Fault::FailBefore(403), "delta", "give its app registration Sites.Selected").await;
    check(Fault::Reset, "delta", "it broke off").await;
    check(Fault::Html200, "delta", "no JSON came").await;
    check(Fault::Body("x".repeat((1 << 20) + 2)), "download", "more than 1048577 bytes came").await;
    assert!(source.fetch(&Snapshot::default()).await.is_ok());
}
