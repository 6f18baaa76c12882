//! `/readyz` and `/metrics`.

use serde_json::{Map, Value, json};

use super::reply;
use super::{Answer, Inner};
use crate::chain::chain;
use crate::ports::ledger::Counts;

impl Inner {
    /// Whether each dependency is there. Teams' keys may be missing at a cold start; events are
    /// taken all the same, so that is reported and does not make the whole not ready.
    pub(super) async fn ready(&self) -> Answer {
        let counts = self.soc.ledger.counts().await;
        let keys = self.auth.keys_age();
        let ready = counts.is_ok();
        let body = json!({
            "ready": ready,
            "store": if ready { "ok" } else { "does not answer" },
            "teams_keys": keys.map_or("not fetched yet".into(), |age| {
                format!("fetched {} s ago", age.as_secs())
            }),
            "automation": self.automation().await,
            "cards_in_digest": counts.as_ref().ok().map(|counts| counts.digested),
            "cards_abandoned": counts.as_ref().ok().map(|counts| counts.dead),
            "audit_anchor": self.anchored(counts.as_ref().ok()),
            "sources": self.sources_heard(),
            "playbooks": self.playbooks_heard(),
            "events_waiting": counts.as_ref().ok().map(|counts| counts.waiting),
        });
        reply::json_with(if ready { 200 } else { 503 }, &body)
    }

    /// The breakers that hold automation back. That they cannot be read does not mean that none does.
    async fn automation(&self) -> Value {
        match self.soc.paused().await {
            Ok(paused) => paused
                .iter()
                .map(|(scope, it)| format!("{scope}: {}", crate::view::bulletin::state(it.state)))
                .collect(),
            Err(error) => {
                tracing::error!(why = chain(&error), "cannot see whether automation is paused");
                "unknown".into()
            }
        }
    }

    /// How far the head of the chain is noted outside. That it is not does not make Argus unready.
    fn anchored(&self, counts: Option<&Counts>) -> String {
        match (&self.soc.anchoring, counts) {
            (None, _) => "none".into(),
            (Some(it), Some(counts)) => it.words(counts.records, self.soc.clock.now()),
            (Some(_), None) => "unknown".into(),
        }
    }

    /// How long ago each source was heard. One that is silent does not make Argus unready; it is an
    /// incident.
    fn sources_heard(&self) -> Map<String, Value> {
        let now = self.soc.clock.now();
        let said = |age: Option<i64>| match age {
            Some(age) => format!("heard {age} s ago"),
            None => "not heard since the start".to_owned(),
        };
        self.soc.sources.ages(now).map(|(name, age)| (name.to_owned(), said(age).into())).collect()
    }

    /// How the sources of playbooks stand. One that cannot be read does not make Argus unready: what
    /// people have reviewed is in the store.
    fn playbooks_heard(&self) -> Map<String, Value> {
        let heard = self.soc.playbooks.sources.heard();
        heard.into_iter().map(|(name, it)| (name.to_owned(), it.words().into())).collect()
    }

    async fn metrics_page(&self, counts: Counts) -> String {
        let mut page = self.soc.metrics.page(counts);
        if let Some(anchoring) = &self.soc.anchoring {
            page.push_str(&anchoring.page(counts.records, self.soc.clock.now()));
        }
        // What is not known is left out: no breaker that is open would be a false comfort.
        if let Ok(paused) = self.soc.paused().await {
            crate::metrics::gauge(
                &mut page,
                "argus_breakers_open",
                "Breakers that hold automation back.",
                paused.len() as u64,
            );
        }
        page.push_str(&self.soc.sources.page(self.soc.clock.now()));
        // None before they were folded first: no figure is better than a wrong one.
        if let Some(report) = self.soc.measured.report() {
            page.push_str(&crate::metrics::measures(&report));
        }
        match self.soc.canary_page().await {
            Ok(canaries) => page.push_str(&canaries),
            Err(error) => tracing::error!(why = chain(&error), "nothing is known of canaries"),
        }
        crate::metrics::gauge(
            &mut page,
            "argus_events_in_flight_limit",
            "Events that may wait for the disk at once.",
            self.admission.limit() as u64,
        );
        page
    }

    pub(super) async fn metrics(&self) -> Answer {
        match self.soc.ledger.counts().await {
            Ok(counts) => reply::raw(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                self.metrics_page(counts).await.into(),
            ),
            Err(error) => reply::unavailable(&error),
        }
    }
}
