//! Canaries: whether alerts reach people is tried out, not assumed.
//!
//! At each slot of `canary.every` an alert of Argus' own goes the ordinary road: it is received,
//! placed, routed, and shown in Teams, and then Argus closes it. One that is not shown in time is an
//! error in the log, a metric, and an incident, until a later one arrives. A slot has one canary
//! whoever sends it, and what became of it is read from the records: see [`Road`].

use std::sync::Arc;
use std::time::Duration;

use argus_soc::canary::{self, ARGUS, Road};
use argus_soc::event::{Severity, Shape, Source};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Soc, correlation_id};
use crate::chain::chain;
use crate::metrics::gauge;
use crate::ports::ledger::{LedgerError, documents};

/// How often it is looked whether a canary is due, or late.
const LOOK: Duration = Duration::from_secs(5);
/// How long a card has after a start before its canary counts as late.
const GRACE: SignedDuration = SignedDuration::from_mins(1);
/// The key of the incident that no canary arrives.
const LOST: &str = "canary_lost";

/// Sends canaries and looks what becomes of them, until `halted`.
pub async fn canaries(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    if soc.canary.every.is_none() {
        return;
    }
    let started = soc.clock.now();
    while !*halted.borrow() {
        if let Err(error) = soc.mind_canaries(started).await {
            tracing::warn!(why = chain(&error), "canaries are looked after later");
        }
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = halted.changed() => {}
            () = tokio::time::sleep(LOOK.min(soc.canary.within() / 2)) => {}
        }
    }
}

impl Soc {
    /// Closes the canaries that are shown, sends the one that is due, and alarms if one is late.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store fails; what was not done is done the next time.
    pub async fn mind_canaries(&self, started: Timestamp) -> Result<(), LedgerError> {
        let Some(every) = self.canary.every.map(span) else { return Ok(()) };
        if !self.shares.placing.is_sure() {
            return Ok(());
        }
        let now = self.clock.now();
        let road = self.road().await?;
        for it in road.to_close() {
            self.say(&closing(it.slot), canary::correlation(it.slot)).await?;
        }
        let slot = canary::slot(now, every);
        if !road.has(slot) {
            self.say(&alert(slot, self.canary.severity), canary::correlation(slot)).await?;
        }
        if now.duration_since(started) < GRACE.min(span(self.canary.within())) {
            return Ok(());
        }
        let alarms = self.ledger.open_incident(Some(LOST), "").await?.is_some();
        match (self.late_canary(&road, now).await?, &road.arrived) {
            (Some(slot), _) if !alarms => {
                let within = span(self.canary.within());
                if self.say(&lost(slot, within), correlation_id()).await? {
                    tracing::error!(
                        canary.slot = %slot, within = %format!("{within:#}"),
                        "a canary was not shown in time: alerts may not reach people"
                    );
                }
            }
            (None, Some(arrived)) if alarms => {
                self.say(&found(arrived.slot), correlation_id()).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The slot of a canary that should have been shown and was not.
    async fn late_canary(
        &self,
        road: &Road,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let Some(every) = self.canary.every.map(span) else { return Ok(None) };
        let within = span(self.canary.within());
        if let Some(late) = road.overdue(now, within) {
            return Ok(Some(late.slot));
        }
        // What waits to be placed, or was set aside, is not on the road at all.
        let slot = canary::slot(now, every);
        for slot in [Some(slot), slot.checked_sub(every).ok()].into_iter().flatten() {
            if road.has(slot) {
                continue;
            }
            let raw = alert(slot, self.canary.severity).to_string();
            let source = Source { name: ARGUS, shape: Shape::Generic, tenant: None };
            let Ok(event) = self.sources.read(raw.as_bytes(), &source, now) else { continue };
            let Some(event) = self.ledger.event(event.event_id).await? else { continue };
            if event.incident.is_none() && now.duration_since(event.received_at) > within {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    async fn road(&self) -> Result<Road, LedgerError> {
        let found = documents::find::<Road>(&*self.ledger, Road::KEY).await?;
        Ok(found.map(|(_, road)| road).unwrap_or_default())
    }

    /// The canaries' part of the page for Prometheus; empty where none are sent.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if nothing is known about them now.
    pub async fn canary_page(&self) -> Result<String, LedgerError> {
        let mut page = String::new();
        if self.canary.every.is_none() {
            return Ok(page);
        }
        let road = self.road().await?;
        let late = self.late_canary(&road, self.clock.now()).await?.is_some();
        let help = "Whether a canary should have been shown and was not.";
        gauge(&mut page, "argus_canary_overdue", help, u64::from(late));
        let seconds = |it: i64| u64::try_from(it).unwrap_or(0);
        if let Some(took) = road.arrived.as_ref().and_then(canary::Canary::took) {
            let help = "How long the last canary that arrived was on the road.";
            gauge(&mut page, "argus_canary_last_seconds", help, seconds(took.as_secs()));
        }
        if let Some(shown) = road.arrived.and_then(|it| it.shown_at) {
            let help = "When the last canary arrived, in Unix time.";
            let name = "argus_canary_arrived_timestamp_seconds";
            gauge(&mut page, name, help, seconds(shown.as_second()));
        }
        Ok(page)
    }
}

fn span(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

/// The canary of a slot: the same bytes whoever sends it.
fn alert(slot: Timestamp, severity: Severity) -> Value {
    let key = canary::key(slot);
    json!({
        "id": key,
        "source": ARGUS,
        "event_type": canary::TYPE,
        "severity": severity.as_str(),
        "title": "Canary: alerts reach this channel",
        "description": "Argus sends this to itself to see that alerts reach people. Nothing has to \
                        be done; Argus closes it.",
        "incident_key": key,
        "status": "open",
        "timestamp": slot.to_string(),
    })
}

/// That the canary of a slot was shown.
fn closing(slot: Timestamp) -> Value {
    let key = canary::key(slot);
    json!({
        "id": format!("{key}/over"),
        "source": ARGUS,
        "event_type": canary::TYPE,
        "severity": "informational",
        "title": "Canary: alerts reach this channel",
        "incident_key": key,
        "status": "resolved",
    })
}

fn lost(slot: Timestamp, within: SignedDuration) -> Value {
    json!({
        "id": format!("{LOST}/{}", slot.as_millisecond()),
        "source": ARGUS,
        "event_type": LOST,
        "severity": "high",
        "title": "A canary did not arrive: alerts may not reach people",
        "description": format!(
            "The canary of {slot} was not shown in Teams within {within:#}. Look at /readyz, at \
             the routes and at `argus outbox list`."
        ),
        "incident_key": LOST,
        "status": "open",
    })
}

fn found(slot: Timestamp) -> Value {
    json!({
        "id": format!("{LOST}/over/{}", slot.as_millisecond()),
        "source": ARGUS,
        "event_type": LOST,
        "severity": "informational",
        "title": "Canaries arrive again",
        "incident_key": LOST,
        "status": "resolved",
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use argus_bot_sdk::connector::{SendError, SendErrorKind};
    use argus_soc::decide::Decision;
    use argus_soc::enrich::{Enrichment, Known};
    use argus_soc::incident::{Incident, Stage};
    use argus_soc::ledger::fact::{Actor, What};
    use argus_soc::suppress::{Scope, Suppression};
    use tokio::task::JoinSet;

    use super::*;
    use crate::config;
    use crate::flows::notify::notify;
    use crate::flows::testing::Still;
    use crate::flows::world::{World, until};
    use crate::ports::ledger::{Batch, Filter, StoredCard};

    /// Replicas on one store, a clock that stands still, and Teams as the notifier would use it.
    struct Canaries {
        world: World,
        clock: Arc<Still>,
    }

    const EVERY: &str = "
playbook: {id: every, name: Every, version: '1.0.0', owner: soc}
triggers: [{source: argus}]
actions:
  - id: ticket
    type: create_ticket
    target: '{{ entity.value }}'
    rollback: none # a ticket is closed by people
";

    impl Canaries {
        fn new() -> Self {
            Self { world: World::default(), clock: Still::new() }
        }

        /// A process that was started long ago.
        fn soc(&self) -> Soc {
            let every = Some(Duration::from_hours(1));
            let canary = config::Canary { every, ..config::Canary::default() };
            let clock = Arc::<Still>::clone(&self.clock);
            Soc { clock, canary, ..self.world.soc(&[EVERY]) }
        }

        async fn pass(&self, soc: &Soc, minutes: i64) {
            self.clock.pass(SignedDuration::from_mins(minutes));
            self.look(soc).await;
        }

        async fn look(&self, soc: &Soc) {
            soc.mind_canaries(Timestamp::UNIX_EPOCH).await.expect("a store");
            soc.triage().await.expect("a store");
        }

        /// What the notifier writes once Teams shows the card of an incident.
        async fn show(&self, soc: &Soc, key: &str) {
            let incident = self.incident(soc, key).await;
            let cards = soc.ledger.cards_of(key).await.expect("a store");
            let card = cards.first().expect("a card");
            let delivered = What::NoticeDelivered {
                incident: key.into(),
                card: card.card.clone(),
                conversation: card.conversation.clone(),
                activity_id: "1".into(),
                version: incident.version,
                template: "alert@1".into(),
            };
            let actor = Actor::service("notifier");
            let fact = soc.fact(actor, &incident.correlation, delivered);
            soc.ledger.append(Batch::one(fact)).await.expect("a store");
        }

        async fn incident(&self, soc: &Soc, key: &str) -> Incident {
            soc.ledger.incident(key).await.expect("a store").expect(key)
        }

        async fn events(&self, soc: &Soc) -> u64 {
            soc.ledger.counts().await.expect("a store").events
        }

        async fn alarm(&self, soc: &Soc) -> Option<Incident> {
            soc.ledger.open_incident(Some(LOST), "").await.expect("a store")
        }

        async fn says(&self, soc: &Soc, lines: &[&str]) {
            let page = soc.canary_page().await.expect("a store");
            for line in lines {
                assert!(page.lines().any(|it| it == *line), "{line} is not in\n{page}");
            }
        }
    }

    #[tokio::test]
    async fn one_that_is_shown_is_closed_and_is_nothing_to_anybody() {
        let canaries = Canaries::new();
        let soc = canaries.soc();
        let scope = Scope::Source(ARGUS.into());
        let until = Timestamp::MAX;
        let all =
            Suppression { id: "SUP-1".into(), scope, until, reason: "x".into(), critical: true };
        let fact = soc.fact(Actor::service("test"), "c", What::SuppressionAdded(all));
        soc.ledger.append(Batch::one(fact)).await.expect("a store");

        canaries.look(&soc).await;
        let incident = canaries.incident(&soc, "INC-1").await;
        assert!(incident.event.entities.is_empty(), "{:?}", incident.event.entities);
        let nothing = Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown);
        assert!(incident.runs.is_empty() && incident.enrichment == nothing, "{incident:?}");
        assert!(matches!(incident.decision, Decision::Notify { .. }), "{:?}", incident.decision);
        assert_eq!(incident.severity, Severity::Low);
        let everything = Filter { limit: 9, ..Filter::default() };
        assert_eq!(soc.ledger.incidents(everything).await.expect("a store").1, 0);

        canaries.pass(&soc, 2).await;
        assert_eq!(canaries.events(&soc).await, 1, "one in a slot");
        canaries.says(&soc, &["argus_canary_overdue 0"]).await;
        canaries.show(&soc, "INC-1").await;
        canaries.look(&soc).await;
        assert_eq!(canaries.incident(&soc, "INC-1").await.stage, Stage::Resolved);
        let cards = soc.ledger.cards_of("INC-1").await.expect("a store");
        assert_eq!(cards.first().map(StoredCard::state), Some("due"), "it shows that it is over");
        canaries.pass(&soc, 30).await;
        assert_eq!(canaries.events(&soc).await, 2, "nothing more is sent");
        canaries.says(&soc, &["argus_canary_overdue 0", "argus_canary_last_seconds 120"]).await;
        assert!(canaries.alarm(&soc).await.is_none());
    }

    #[tokio::test]
    async fn one_that_is_not_shown_alarms_once_until_one_arrives() {
        let canaries = Canaries::new();
        let soc = canaries.soc();
        canaries.look(&soc).await;
        canaries.pass(&soc, 5).await;
        assert!(canaries.alarm(&soc).await.is_none(), "it has five minutes");
        canaries.pass(&soc, 1).await;
        let alarm = canaries.alarm(&soc).await.expect("an alarm");
        assert_eq!(alarm.severity, Severity::High);
        canaries.says(&soc, &["argus_canary_overdue 1"]).await;

        // The next one is lost, too: the same alarm, also after a restart.
        let soc = canaries.soc();
        canaries.pass(&soc, 60).await;
        canaries.pass(&soc, 10).await;
        let again = canaries.alarm(&soc).await.expect("an alarm");
        assert_eq!((again.key.as_str(), again.count), (alarm.key.as_str(), 1));

        // What was late arrives: that of the last hour says nothing yet.
        canaries.show(&soc, "INC-1").await;
        canaries.look(&soc).await;
        assert_eq!(canaries.incident(&soc, "INC-1").await.stage, Stage::Resolved);
        assert!(canaries.alarm(&soc).await.is_some(), "the newest is still not here");
        canaries.show(&soc, "INC-3").await;
        canaries.look(&soc).await;
        assert!(canaries.alarm(&soc).await.is_none());
        canaries.says(&soc, &["argus_canary_overdue 0"]).await;
        let closed = canaries.incident(&soc, &alarm.key).await;
        assert_eq!((closed.stage, closed.count), (Stage::Resolved, 2));

        // And the next trouble is an alarm of its own.
        canaries.pass(&soc, 60).await;
        canaries.pass(&soc, 6).await;
        assert_ne!(canaries.alarm(&soc).await.expect("an alarm").key, alarm.key);
    }

    #[tokio::test]
    async fn a_restart_in_between_neither_forgets_nor_repeats() {
        let canaries = Canaries::new();
        let before = canaries.soc();
        canaries.look(&before).await;
        let after = canaries.soc();
        canaries.show(&after, "INC-1").await;
        canaries.look(&after).await;
        assert_eq!(canaries.incident(&after, "INC-1").await.stage, Stage::Resolved);
        assert_eq!(canaries.events(&after).await, 2, "a canary and its end");

        // One that was sent before an outage is not late at the first look after it.
        canaries.pass(&after, 60).await;
        canaries.clock.pass(SignedDuration::from_mins(20));
        let started = after.clock.now();
        let woken = canaries.soc();
        woken.mind_canaries(started).await.expect("a store");
        woken.triage().await.expect("a store");
        assert!(canaries.alarm(&woken).await.is_none(), "its card has a moment");
        canaries.clock.pass(GRACE);
        woken.mind_canaries(started).await.expect("a store");
        woken.triage().await.expect("a store");
        assert!(canaries.alarm(&woken).await.is_some());
    }

    #[tokio::test]
    async fn two_replicas_on_one_store_send_one() {
        let canaries = Canaries::new();
        let (one, other) = (canaries.soc(), canaries.soc());
        let both = || async {
            let (a, b) = tokio::join!(
                one.mind_canaries(Timestamp::UNIX_EPOCH),
                other.mind_canaries(Timestamp::UNIX_EPOCH)
            );
            a.and(b).expect("a store");
        };
        both().await;
        assert_eq!(canaries.events(&one).await, 1);
        // Nobody places it: it is late all the same.
        canaries.clock.pass(SignedDuration::from_mins(6));
        canaries.says(&other, &["argus_canary_overdue 1"]).await;
        both().await;
        assert_eq!(canaries.events(&one).await, 2, "one alarm");
    }

    /// Runs the notifier for as long as `then` takes.
    async fn notifying(soc: &Arc<Soc>, then: impl Future<Output = ()>) {
        let (halt, halted) = watch::channel(false);
        let mut work = JoinSet::new();
        work.spawn(notify(Arc::clone(soc), halted));
        then.await;
        halt.send_replace(true);
        work.join_all().await;
    }

    #[tokio::test]
    async fn teams_shows_it_and_then_that_it_is_over() {
        let canaries = Canaries::new();
        let soc = Arc::new(canaries.soc());
        let state = async |state: &str| {
            let cards = soc.ledger.cards_of("INC-1").await.ok()?;
            (cards.first()?.state() == state).then_some(())
        };
        notifying(&soc, async {
            canaries.look(&soc).await;
            until("its card", async || state("shown").await).await;
            canaries.look(&soc).await;
            assert_eq!(canaries.incident(&soc, "INC-1").await.stage, Stage::Resolved);
            until("its end", async || state("shown").await).await;
        })
        .await;
        let ids: Vec<_> = canaries.world.teams.asked().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [None, Some("1".to_owned())], "created once, and updated");
    }

    #[tokio::test]
    async fn one_that_teams_does_not_take_alarms() {
        let canaries = Canaries::new();
        let soc = Arc::new(canaries.soc());
        canaries.world.teams.say(Err(SendError::new(SendErrorKind::Dormant)));
        notifying(&soc, async {
            canaries.look(&soc).await;
            let asked = async || (!canaries.world.teams.asked().is_empty()).then_some(());
            until("that Teams is asked", asked).await;
        })
        .await;
        canaries.pass(&soc, 6).await;
        assert!(canaries.alarm(&soc).await.is_some());
    }
}
