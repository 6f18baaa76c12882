//! The notifier: whatever card does not show the newest state is sent, paced, until it does.
//!
//! The outbox is not a queue of messages but a list of cards with the version that they should
//! show. A card that changed ten times while Teams was away is sent once, with the latest state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::connector::{Pace, SendError, SendErrorKind};
use argus_bot_sdk::{Activity, ConversationRef};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, What};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Soc;
use super::shares::{Share, TRY};
use crate::chain::chain;
use crate::ports::ledger::{Batch, DueCard, LedgerError};
use crate::view::{self, Stand};

/// Cards looked at in one round.
const ROUND: u32 = 256;
/// Longest wait between two tries of the same card.
const SLOWEST: u64 = 60_000;
/// How often the notifier says that it is still there, to keep its claim.
const RENEWED: u64 = 4_000;
/// The longest of Teams' windows.
const WINDOW: Duration = Duration::from_hours(1);
/// Creates without a known end before a card is given up. Each may have put a card into Teams.
const MOST_ATTEMPTS: u32 = 8;

/// The bot writes on behalf of one tenant, so all its sends share one window.
const TENANT: &str = "home";

/// A card that may be sent: rendered, with what is recorded of it.
struct Drawn {
    activity: Activity,
    template: String,
    version: u64,
}

/// When each card may be tried again, in milliseconds of the notifier's own clock.
#[derive(Debug, Default)]
struct Tries {
    again: BTreeMap<(String, String), (u64, u32)>,
}

/// Sends what is due until told to stop. What is being sent then is finished.
pub async fn notify(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    let started = tokio::time::Instant::now();
    let mut windows = Windows::default();
    let mut tries = Tries::default();
    let mut sending: JoinSet<(DueCard, Result<(), Failure>)> = JoinSet::new();
    let mut busy = BTreeSet::new();
    while !*stop.borrow() {
        if !soc.may_send(&mut windows, started).await {
            tokio::select! {
                () = tokio::time::sleep(TRY) => {}
                _ = stop.changed() => {}
            }
            continue;
        }
        let now = now_ms(started);
        let mut view = windows.seen_at(now);
        let mut idle = SLOWEST.min(RENEWED);
        match soc.ledger.due_cards(ROUND).await {
            Ok(due) => {
                for card in due {
                    let name = (card.incident.clone(), card.card.clone());
                    let again = tries.again.get(&name).map_or(0, |(at, _)| *at);
                    if busy.contains(&name) {
                        continue;
                    }
                    let ready = view.ready_at(&card.conversation, TENANT, now).max(again);
                    if ready > now {
                        idle = idle.min(ready - now);
                        continue;
                    }
                    view.record(&card.conversation, TENANT, now);
                    windows.leaves(name.clone(), &card.conversation);
                    busy.insert(name);
                    let soc = Arc::clone(&soc);
                    sending.spawn(async move { (card.clone(), soc.show(&card).await) });
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "cannot see which cards are due");
                idle = 1_000;
            }
        }
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            Some(sent) = sending.join_next(), if !sending.is_empty() => {
                let Ok((card, result)) = sent else {
                    tracing::error!("sending a card failed and is begun again");
                    busy.clear();
                    windows.all_landed(now_ms(started));
                    continue;
                };
                let name = (card.incident.clone(), card.card.clone());
                busy.remove(&name);
                windows.lands(&name, now_ms(started));
                soc.metrics.card(result.is_ok());
                match result {
                    Ok(()) => drop(tries.again.remove(&name)),
                    Err(failure) => {
                        let now = now_ms(started);
                        let at = tries.failed(name, &card, &failure, now);
                        if failure.throttled {
                            windows.pace.hold(&card.conversation, at);
                        }
                    }
                }
            }
            () = soc.bells.notify.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(idle)) => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

/// What Teams has let through, as far as it can be known here.
///
/// When a request that is under way arrives, only Teams knows. Until it is answered it counts as
/// arriving now, and afterwards as having arrived just before the answer: so Teams never sees more
/// in a window than we do, however long the way is.
#[derive(Debug, Default)]
struct Windows {
    pace: Pace,
    under_way: BTreeMap<(String, String), String>,
}

impl Windows {
    fn seen_at(&self, now: u64) -> Pace {
        let mut view = self.pace.clone();
        self.under_way.values().for_each(|conversation| view.record(conversation, TENANT, now));
        view
    }

    fn leaves(&mut self, name: (String, String), conversation: &str) {
        self.under_way.insert(name, conversation.into());
    }

    fn lands(&mut self, name: &(String, String), now: u64) {
        if let Some(conversation) = self.under_way.remove(name) {
            self.pace.record(&conversation, TENANT, now);
        }
    }

    fn all_landed(&mut self, now: u64) {
        for conversation in std::mem::take(&mut self.under_way).into_values() {
            self.pace.record(&conversation, TENANT, now);
        }
    }
}

/// Why a card was not sent, and when to try again.
#[derive(Debug)]
struct Failure {
    why: String,
    after: Option<Duration>,
    throttled: bool,
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self { why: error.to_string(), after: None, throttled: false }
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, after: None, throttled: false }
    }
}

impl Tries {
    /// Notes a failure; gives the time of the next try. Waits double, from one second to a minute.
    fn failed(
        &mut self,
        name: (String, String),
        card: &DueCard,
        failure: &Failure,
        now: u64,
    ) -> u64 {
        let tried = self.again.get(&name).map_or(0, |(_, tried)| *tried);
        let backoff = (1_000u64 << tried.min(6)).min(SLOWEST);
        let asked = failure.after.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(SLOWEST));
        let at = now + backoff.max(asked);
        tracing::warn!(
            incident.key = card.incident,
            card = card.card,
            why = failure.why,
            wait_ms = at - now,
            "a card was not sent and will be tried again"
        );
        self.again.insert(name, (at, tried + 1));
        at
    }
}

impl Soc {
    /// Whether this replica sends cards now. If it did not until now, what the others have sent
    /// counts in Teams' windows.
    async fn may_send(&self, windows: &mut Windows, started: tokio::time::Instant) -> bool {
        let shared = match self.shares.cards.share(self.ledger.as_ref()).await {
            Ok(Share::Ours) => return true,
            Ok(Share::Others) => return false,
            Ok(Share::OursNow) => self.ledger.sends(WINDOW).await,
            Err(error) => Err(error),
        };
        match shared {
            Ok(sends) => {
                let now = now_ms(started);
                for (conversation, ago) in sends {
                    let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
                    windows.pace.record(&conversation, TENANT, now.saturating_sub(ago));
                }
                true
            }
            Err(error) => {
                tracing::error!(why = chain(&error), "cannot see whose turn it is to send cards");
                self.shares.cards.doubt();
                false
            }
        }
    }

    /// Brings one card up to date.
    async fn show(&self, due: &DueCard) -> Result<(), Failure> {
        let Some(incident) = self.ledger.incident(&due.incident).await? else {
            return self.abandon(due, "its incident does not exist").await;
        };
        let (seq, _) = self.ledger.head().await?;
        let drawn = self.draw(&incident, due, seq)?;
        let to = self.conversation(&due.conversation);
        if !self.shares.cards.is_sure() {
            return Err("another replica sends cards now".to_owned().into());
        }
        let sent = if let Some(id) = &due.activity_id {
            self.connector.update(&to, id, &drawn.activity).await
        } else {
            let attempted = What::NoticeAttempted {
                incident: due.incident.clone(),
                card: due.card.clone(),
                conversation: due.conversation.clone(),
            };
            let fact = self.fact(Actor::service("notifier"), &incident.correlation, attempted);
            let claim = self.shares.cards.claim();
            self.ledger.append(Batch { claim, ..Batch::one(fact) }).await?;
            self.connector.send(&to, &drawn.activity).await
        };
        match sent {
            Ok(sent) => {
                let activity_id = sent.activity_id.or_else(|| due.activity_id.clone());
                let Some(activity_id) = activity_id else {
                    // Accepted, but without an id the card can never be updated: a repeat would
                    // only add another one like it.
                    return self.abandon(due, "Teams accepted it without an id").await;
                };
                let delivered = What::NoticeDelivered {
                    incident: due.incident.clone(),
                    card: due.card.clone(),
                    conversation: due.conversation.clone(),
                    activity_id,
                    version: drawn.version,
                    template: drawn.template,
                };
                // Without its id the card would be created again.
                let fact = self.fact(Actor::service("notifier"), &incident.correlation, delivered);
                Ok(self.write_down(vec![fact]).await?)
            }
            Err(error) => self.failed(due, &incident, &error).await,
        }
    }

    async fn failed(
        &self,
        due: &DueCard,
        incident: &Incident,
        error: &SendError,
    ) -> Result<(), Failure> {
        let why = chain(error);
        if due.activity_id.is_none() && error.is_undelivered() {
            let refused = What::NoticeRefused {
                incident: due.incident.clone(),
                card: due.card.clone(),
                why: why.clone(),
            };
            self.record(incident, refused).await?;
        }
        let final_kind = matches!(
            error.kind(),
            SendErrorKind::Dormant | SendErrorKind::TooBig | SendErrorKind::Refused
        );
        if final_kind {
            return self.abandon(due, &why).await;
        }
        if due.activity_id.is_none() && due.attempts + 1 >= MOST_ATTEMPTS && !error.is_undelivered()
        {
            return self
                .abandon(due, &format!("{MOST_ATTEMPTS} creates without an answer: {why}"))
                .await;
        }
        let throttled = error.kind() == SendErrorKind::Throttled;
        Err(Failure { why, after: error.retry_after(), throttled })
    }

    async fn abandon(&self, due: &DueCard, why: &str) -> Result<(), Failure> {
        tracing::error!(
            incident.key = due.incident,
            card = due.card,
            why,
            "a card cannot be delivered and is given up; look at the conversation"
        );
        let abandoned = What::NoticeAbandoned {
            incident: due.incident.clone(),
            card: due.card.clone(),
            why: why.into(),
        };
        let fact = self.fact(Actor::service("notifier"), "", abandoned);
        // A card that is not known to be given up would be created again.
        Ok(self.write_down(vec![fact]).await?)
    }

    async fn record(&self, incident: &Incident, what: What) -> Result<(), LedgerError> {
        let fact = self.fact(Actor::service("notifier"), &incident.correlation, what);
        self.ledger.append(Batch::one(fact)).await
    }

    fn draw(&self, incident: &Incident, due: &DueCard, seq: u64) -> Result<Drawn, String> {
        let stand = self.stand(&due.conversation, seq);
        let (template, data) = match due.card.strip_prefix("approval/") {
            Some(run) => {
                let run = incident.runs.get(run).ok_or("its run does not exist")?;
                ("approval", view::approval(incident, run, &stand))
            }
            None => ("alert", view::alert(incident, &stand, due.attempts > 0)),
        };
        let (card, name) = match self.render(template, &data) {
            Ok(rendered) => rendered,
            // Whatever a designer did: an alert is shown.
            Err(why) if template == "alert" => {
                tracing::error!(template, why, "a card is sent without its layout");
                (view::plain(incident, &stand, &why), "plain".into())
            }
            Err(why) => return Err(why),
        };
        let mut activity = Activity::card(card);
        activity.summary =
            Some(format!("{} {}", incident.key, view::clip(&incident.event.title, view::TITLE)));
        Ok(Drawn { activity, template: name, version: incident.version })
    }

    /// Renders a card and says from which template and version.
    ///
    /// # Errors
    ///
    /// Why it cannot be rendered, in words for a log.
    pub fn render(
        &self,
        template: &str,
        data: &serde_json::Value,
    ) -> Result<(serde_json::Value, String), String> {
        let rendered =
            self.templates.render(template, data, None).map_err(|error| chain(&error))?;
        for diagnostic in &rendered.diagnostics {
            tracing::debug!(template, diagnostic = %diagnostic, "a template read what is not there");
        }
        let card = serde_json::from_slice(&rendered.json).map_err(|error| error.to_string())?;
        Ok((card, format!("{}@{}", rendered.template, rendered.version)))
    }

    /// What the buttons of a card in `conversation` need.
    pub fn stand<'a>(&'a self, conversation: &'a str, seq: u64) -> Stand<'a> {
        Stand {
            seq,
            conversation,
            buttons: &self.buttons,
            can_isolate: self.edr.is_some(),
            can_ticket: self.itsm.is_some(),
        }
    }

    fn conversation(&self, id: &str) -> ConversationRef {
        let place = self.routes.places().find(|place| place.conversation == id);
        let url = place.and_then(|place| place.service_url.clone());
        ConversationRef::new(url.unwrap_or_else(|| self.default_service_url.clone()), id)
    }
}

fn now_ms(started: tokio::time::Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
