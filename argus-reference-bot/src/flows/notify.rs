//! The notifier: whatever card does not show the newest state is sent, paced, until it does.
//!
//! The outbox is not a queue of messages but a list of cards with the version that they should
//! show. A card that changed ten times while Teams was away is sent once, with the latest state.
//! Each conversation is a queue of its own, most severe first, so that one that is dead blocks no
//! other.
//!
//! Long because the one loop and everything that it decides stand together.

mod bulletin;
mod gather;
mod park;
mod show;
#[cfg(test)]
mod tests;
mod tries;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use argus_soc::event::Severity;
use argus_soc::ledger::fact::{Fact, What};
use argus_soc::storm::bulletin::{About, Bulletin};
use argus_soc::storm::place::{Change as PlaceChange, Place};
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use self::gather::{Gathering, digests};
use self::show::{Done, Trouble};
use self::tries::{Name, Tries};
use self::windows::{Lane, Windows};
use super::Soc;
use super::shares::{Share, TRY};
use crate::chain::chain;
use crate::ports::ledger::documents;
use crate::ports::ledger::{Batch, DueCard, DuePlace, DueSlice, LedgerError, Which};

/// Due cards of a conversation looked at at once.
const ROUND: u32 = 64;
/// How long nobody looks when nobody rings.
const SLOWEST: u64 = 60_000;
/// How often the notifier says that it is still there, to keep its claim.
const RENEWED: u64 = 4_000;
/// How long bulletins are remembered before the store is asked again.
const BULLETINS: u64 = 1_000;
/// Cards due from which on it is looked at them less often than the bell rings.
const MANY: u64 = 1_000;
/// How often then, and otherwise.
const GAPS: (u64, u64) = (250, 5);
/// The notifier's clock begins here, so that what was sent in the hour before has a time.
const HOUR: u64 = 3_600_000;
/// Records looked through at the start for what was sent in the last hour.
const LOOKED_THROUGH: u64 = 20_000;

/// What is sent.
#[derive(Clone, Debug)]
enum Parcel {
    /// A card of an incident, tried so often in vain.
    Card(DueCard, u32),
    /// A card of Argus' own.
    Bulletin(String, Bulletin),
}

impl Parcel {
    fn name(&self) -> Name {
        match self {
            Self::Card(card, _) => (card.incident.clone(), card.card.clone()),
            Self::Bulletin(id, _) => (id.clone(), "bulletin".into()),
        }
    }

    fn conversation(&self) -> &str {
        match self {
            Self::Card(card, _) => &card.conversation,
            Self::Bulletin(_, it) => &it.conversation,
        }
    }

    fn lane(&self) -> Lane {
        match self {
            Self::Card(card, _) => lane(card.severity),
            Self::Bulletin(..) => Lane::Urgent,
        }
    }
}

fn lane(severity: Severity) -> Lane {
    if severity >= Severity::High { Lane::Urgent } else { Lane::Routine }
}

/// What was sent, and how that ended.
type Ended = (Parcel, Result<Done, Trouble>);

/// Everything that the notifier remembers.
#[derive(Debug, Default)]
struct Desk {
    windows: Windows,
    tries: Tries,
    gatherings: BTreeMap<String, Gathering>,
    parked: BTreeMap<String, u64>,
    bulletins: Vec<(String, Bulletin)>,
    read_at: Option<u64>,
    /// When each bulletin was shown last.
    announced: BTreeMap<String, u64>,
    digests: u64,
    /// Cards that were due at the last look.
    due: u64,
}

/// Sends what is due until told to stop. What is being sent then is finished.
pub async fn notify(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    let started = tokio::time::Instant::now();
    let now = || HOUR + u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX / 2);
    let mut desk = Desk::default();
    let mut opened = false;
    let mut sending: JoinSet<Ended> = JoinSet::new();
    while !*stop.borrow() {
        match soc.whose_turn().await {
            Share::Ours => {}
            // Another replica may have sent cards until now: what it knew is read again. What is under
            // way here ends first, since nobody else knows what Teams says to it.
            Share::OursNow => {
                while let Some(sent) = sending.join_next().await {
                    desk.landed(&soc, sent, now()).await;
                }
                opened = false;
            }
            Share::Others => {
                tokio::select! {
                    () = tokio::time::sleep(TRY) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
        }
        let looked = now();
        let mut idle = RENEWED;
        let look = async {
            if !opened {
                desk = Desk::default();
                desk.remember(&soc, looked).await?;
                opened = true;
            }
            desk.look(&soc, looked, &mut idle).await
        };
        match look.await {
            Ok(parcels) => {
                for parcel in parcels {
                    desk.windows.leaves(parcel.conversation(), parcel.lane());
                    let soc = Arc::clone(&soc);
                    sending.spawn(async move {
                        let sent = soc.hand_over(&parcel).await;
                        (parcel, sent)
                    });
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "cannot see which cards are due");
                idle = 1_000;
            }
        }
        let gap = if desk.due > MANY { GAPS.0 } else { GAPS.1 };
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            Some(sent) = sending.join_next(), if !sending.is_empty() => {
                desk.landed(&soc, sent, now()).await;
            }
            () = rung(&soc, gap) => {}
            () = tokio::time::sleep(Duration::from_millis(idle)) => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

/// Somebody rang; whoever rings in the next moment is heard with them.
async fn rung(soc: &Soc, gap: u64) {
    soc.bells.notify.notified().await;
    tokio::time::sleep(Duration::from_millis(gap)).await;
}

impl Soc {
    /// Whether this replica sends cards now.
    async fn whose_turn(&self) -> Share {
        self.shares.cards.share(self.ledger.as_ref()).await.unwrap_or_else(|error| {
            tracing::error!(why = chain(&error), "cannot see whose turn it is to send cards");
            self.shares.cards.doubt();
            Share::Others
        })
    }

    async fn hand_over(&self, parcel: &Parcel) -> Result<Done, Trouble> {
        match parcel {
            Parcel::Card(card, tried) => self.show(card, *tried).await,
            Parcel::Bulletin(id, it) => self.announce(id, it).await,
        }
    }
}

impl Desk {
    /// Reads what the process before this one knew: how conversations stand, which storms go on,
    /// and what was sent in the last hour.
    async fn remember(&mut self, soc: &Soc, now: u64) -> Result<(), LedgerError> {
        let wall = soc.clock.now();
        for (conversation, place) in documents::all::<Place>(&*soc.ledger).await? {
            let rest = u64::try_from(place.rest(wall).as_millis()).unwrap_or(0);
            if place.parked.is_some() {
                self.parked.insert(conversation, now + rest);
            } else {
                self.windows.hold(&conversation, now + rest);
            }
        }
        let bulletins = documents::all::<Bulletin>(&*soc.ledger).await?;
        self.digests = digests(&bulletins);
        for (id, it) in &bulletins {
            if it.about == About::Storm && it.ended.is_none() && it.dead.is_none() {
                self.gatherings.insert(it.conversation.clone(), Gathering::going_on(id, now));
            }
        }
        let sends = soc.ledger.sends(Duration::from_millis(HOUR)).await?;
        for (conversation, ago) in &sends {
            let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
            self.windows.sent(conversation, Lane::Urgent, now.saturating_sub(ago));
        }
        if !sends.is_empty() {
            return Ok(());
        }
        let (head, _) = soc.ledger.head().await?;
        let mut after = head.saturating_sub(LOOKED_THROUGH);
        let mut begun = BTreeSet::new();
        while after < head {
            let records = soc.ledger.records_after(after, 1_000).await?;
            let Some(last) = records.last() else { break };
            after = last.seq;
            for record in records {
                let ago = wall.duration_since(record.fact.at).as_millis();
                let at = u64::try_from(ago).ok().and_then(|ago| now.checked_sub(ago));
                if let (Some(at), Some(conversation)) = (at, sent_to(&record.fact, &mut begun)) {
                    self.windows.sent(&conversation, Lane::Urgent, at);
                }
            }
        }
        Ok(())
    }

    /// What may be sent now; `idle` says how long there will be nothing.
    async fn look(
        &mut self,
        soc: &Soc,
        now: u64,
        idle: &mut u64,
    ) -> Result<Vec<Parcel>, LedgerError> {
        let places = soc.ledger.due_places().await?;
        self.due = places.iter().map(|it| it.urgent + it.routine + it.changed).sum();
        if self.read_at.is_none_or(|at| at + BULLETINS <= now) {
            let all = documents::all::<Bulletin>(&*soc.ledger).await?;
            self.bulletins = all.into_iter().filter(|(_, it)| it.is_due()).collect();
            self.read_at = Some(now);
        } else {
            // What was read a moment ago may have changed since.
            *idle = BULLETINS;
        }
        let mut wanted: BTreeMap<String, DuePlace> =
            places.into_iter().map(|it| (it.conversation.clone(), it)).collect();
        let storms = self.gatherings.iter().filter(|(_, it)| it.rest(now).is_some());
        let others = self.bulletins.iter().map(|(_, it)| it.conversation.clone());
        for conversation in others.chain(storms.map(|(it, _)| it.clone())) {
            let none =
                DuePlace { conversation: conversation.clone(), urgent: 0, routine: 0, changed: 0 };
            wanted.entry(conversation).or_insert(none);
        }
        let mut parcels = Vec::new();
        for (conversation, place) in wanted {
            if self.windows.is_busy(&conversation) {
                continue;
            }
            if self.is_parked(&conversation, now) && self.still_parked(soc, &conversation).await? {
                self.relocate(soc, &conversation, now).await?;
                *idle = (*idle).min(1_000);
                continue;
            }
            if self.gather(soc, &place, now).await? {
                self.read_at = None;
                *idle = 0;
            }
            if let Some(rest) = self.gatherings.get(&conversation).and_then(|it| it.rest(now)) {
                *idle = (*idle).min(rest);
            }
            let again = self.tries.place(&conversation);
            if again > now {
                *idle = (*idle).min(again - now);
                continue;
            }
            match self.choose(soc, &conversation, now).await? {
                Ok(parcel) => parcels.push(parcel),
                Err(at) => *idle = (*idle).min(at.saturating_sub(now).max(1)),
            }
        }
        Ok(parcels)
    }

    /// What goes first to a conversation; or when there will be something.
    async fn choose(
        &mut self,
        soc: &Soc,
        conversation: &str,
        now: u64,
    ) -> Result<Result<Parcel, u64>, LedgerError> {
        let mut next = now + SLOWEST;
        let every = u64::from(soc.storm.digest_every_secs) * 1_000;
        let here = self.bulletins.iter().filter(|(_, it)| it.conversation == conversation);
        for (id, it) in here {
            let parcel = Parcel::Bulletin(id.clone(), it.clone());
            let shown = self.announced.get(id).map_or(0, |at| at + every);
            let ready = shown
                .max(self.tries.card(conversation, &parcel.name()))
                .max(self.windows.ready_at(conversation, Lane::Urgent, now));
            if ready <= now {
                return Ok(Ok(parcel));
            }
            next = next.min(ready);
        }
        let mut slice = DueSlice {
            conversation: conversation.into(),
            which: Which::All,
            skip: 0,
            limit: ROUND,
        };
        loop {
            let cards = soc.ledger.due_cards(slice.clone()).await?;
            let last = cards.len() < ROUND as usize;
            for card in cards {
                let name = (card.incident.clone(), card.card.clone());
                let window = self.windows.ready_at(conversation, lane(card.severity), now);
                let ready = window.max(self.tries.card(conversation, &name));
                if ready <= now {
                    let tried = self.tries.tried(conversation, &name);
                    return Ok(Ok(Parcel::Card(card, tried)));
                }
                next = next.min(ready);
                if window > now {
                    // Those after it are no more urgent and fit no earlier.
                    return Ok(Err(next));
                }
            }
            if last {
                return Ok(Err(next));
            }
            // These all wait for themselves, which must not keep the others waiting.
            slice.skip += ROUND;
        }
    }

    /// A send has ended, somehow.
    async fn landed(&mut self, soc: &Soc, sent: Result<Ended, JoinError>, now: u64) {
        let Ok((parcel, result)) = sent else {
            tracing::error!("sending a card failed and is begun again");
            self.windows.all_landed(now);
            return;
        };
        soc.metrics.card(matches!(result, Ok(Done::Shown)));
        if let Err(error) = self.sent(soc, &parcel, result, now).await {
            tracing::error!(error = %error, "how a conversation stands was not recorded");
        }
    }

    /// Takes into account how a send ended.
    async fn sent(
        &mut self,
        soc: &Soc,
        parcel: &Parcel,
        result: Result<Done, Trouble>,
        now: u64,
    ) -> Result<(), LedgerError> {
        let (conversation, name) = (parcel.conversation(), parcel.name());
        self.windows.lands(conversation, now);
        if let Parcel::Bulletin(id, _) = parcel {
            self.announced.insert(id.clone(), now);
        }
        // Whatever happened may have changed or put up a bulletin.
        if matches!(parcel, Parcel::Bulletin(..)) || !matches!(result, Ok(Done::Shown)) {
            self.read_at = None;
        }
        let trouble = match result {
            Ok(Done::Shown) => {
                self.tries.worked(conversation, &name);
                return self.returned(soc, conversation).await;
            }
            Ok(Done::Settled) => {
                self.tries.settled(conversation, &name);
                return Ok(());
            }
            Err(trouble) => trouble,
        };
        tracing::warn!(
            incident.key = name.0,
            card = name.1,
            conversation,
            why = trouble.why(),
            "a card was not sent and will be tried again"
        );
        match trouble {
            Trouble::Gone { why } => self.park(soc, conversation, &why, now).await,
            Trouble::Ours(_) => {
                self.tries.set_aside(conversation, &name, now);
                Ok(())
            }
            Trouble::Later { after, throttled, .. } => {
                let again = self.tries.failed(conversation, &name, now);
                if !throttled {
                    return Ok(());
                }
                let asked = after.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(HOUR));
                let until = again.max(now + asked);
                self.windows.hold(conversation, until);
                held(soc, conversation, until - now).await
            }
        }
    }

    /// A conversation that was gone takes cards again.
    async fn returned(&mut self, soc: &Soc, conversation: &str) -> Result<(), LedgerError> {
        if self.parked.remove(conversation).is_none() {
            return Ok(());
        }
        tracing::info!(conversation, "a conversation takes cards again");
        let change = PlaceChange::Return;
        let returned = What::PlaceChanged { conversation: conversation.into(), change };
        let mut facts = vec![soc.notifiers(returned)];
        facts.extend(soc.alarm(""));
        soc.ledger.append(Batch { facts, ..Batch::default() }).await
    }
}

/// Writes down that Teams wants nothing for so long: a restart must not forget it.
async fn held(soc: &Soc, conversation: &str, wait: u64) -> Result<(), LedgerError> {
    let at = soc.clock.now();
    let wait = SignedDuration::from_millis(i64::try_from(wait).unwrap_or(i64::MAX));
    let until = at.checked_add(wait).unwrap_or(at);
    let change = PlaceChange::Hold { until };
    let held = What::PlaceChanged { conversation: conversation.into(), change };
    soc.ledger.append(Batch::one(soc.notifiers(held))).await
}

/// The conversation to which a record says that something was sent. A create is recorded when it
/// begins and when it ends, and counts when it begins.
fn sent_to(fact: &Fact, begun: &mut BTreeSet<(String, String)>) -> Option<String> {
    match &fact.what {
        What::NoticeAttempted { incident, card, conversation } => {
            begun.insert((incident.clone(), card.clone()));
            Some(conversation.clone())
        }
        What::NoticeDelivered { incident, card, conversation, .. } => {
            let created = begun.remove(&(incident.clone(), card.clone()));
            (!created).then(|| conversation.clone())
        }
        _ => None,
    }
}
