//! A conversation that is gone: its cards go to the next route, to the fallback, or are given up.

use argus_soc::ledger::fact::{Fact, What};
use argus_soc::storm::bulletin::{Bulletin, Change as Bulletins};
use argus_soc::storm::place;
use jiff::SignedDuration;

use super::Desk;
use crate::flows::Soc;
use crate::flows::triage::facts_of;
use crate::ports::ledger::documents::find;
use crate::ports::ledger::{Batch, DueCard, DueSlice, LedgerError, Which};

/// Cards moved with one sync.
const BATCH: u32 = 200;

impl Desk {
    /// Writes down that a conversation is gone, and for how long nobody asks again.
    pub(super) async fn park(
        &mut self,
        soc: &Soc,
        conversation: &str,
        why: &str,
        now: u64,
    ) -> Result<(), LedgerError> {
        let secs = soc.notify.park_secs;
        tracing::error!(
            conversation,
            why,
            again_in_secs = secs,
            "a conversation takes no cards; add the bot to it again, or change the routes"
        );
        self.parked.insert(conversation.into(), now + u64::from(secs) * 1_000);
        let at = soc.clock.now();
        let until = at.checked_add(SignedDuration::from_secs(secs.into())).unwrap_or(at);
        let change = place::Change::Park { why: why.into(), until };
        let parked = What::PlaceChanged { conversation: conversation.into(), change };
        let mut facts = vec![soc.notifiers(parked)];
        facts.extend(soc.alarm(conversation));
        soc.ledger.append(Batch { facts, ..Batch::default() }).await
    }

    /// Whether a conversation is gone.
    pub(super) fn is_parked(&self, conversation: &str, now: u64) -> bool {
        self.parked.get(conversation).is_some_and(|until| *until > now)
    }

    /// Whether it is gone still: somebody may have said that it is there again.
    pub(super) async fn still_parked(
        &mut self,
        soc: &Soc,
        conversation: &str,
    ) -> Result<bool, LedgerError> {
        let place = find::<place::Place>(&*soc.ledger, conversation).await?;
        let parked = place.is_some_and(|(_, place)| place.parked.is_some());
        if !parked {
            self.parked.remove(conversation);
        }
        Ok(parked)
    }

    /// Takes the cards of a conversation that is gone elsewhere.
    pub(super) async fn relocate(
        &mut self,
        soc: &Soc,
        conversation: &str,
        now: u64,
    ) -> Result<(), LedgerError> {
        let slice = DueSlice {
            conversation: conversation.into(),
            which: Which::All,
            skip: 0,
            limit: BATCH,
        };
        let due = soc.ledger.due_cards(slice).await?;
        let mut facts = Vec::new();
        let mut given_up = false;
        for card in &due {
            let incident = soc.ledger.incident(&card.incident).await?;
            let routed = incident.as_ref().and_then(|incident| {
                let facts = facts_of(incident);
                soc.routes
                    .matching(&facts)
                    .find(|place| !self.is_parked(&place.conversation, now))
                    .map(|place| place.conversation.clone())
            });
            let to = routed.or_else(|| self.fallback(soc, now));
            facts.push(moved_or_not(soc, card, to.as_deref()));
            given_up |= to.is_none();
        }
        for (id, bulletin) in
            self.bulletins.iter().filter(|(_, it)| it.conversation == conversation)
        {
            let Some(change) = self.bulletin_moved(soc, id, bulletin, now) else { continue };
            // An alarm about an alarm would be given up just the same.
            given_up |= matches!(change, Bulletins::Abandon { .. }) && bulletin.digest.is_some();
            facts.push(soc.notifiers(What::BulletinChanged { bulletin: id.clone(), change }));
        }
        if given_up {
            facts.extend(soc.alarm(conversation));
        }
        self.read_at = None;
        if facts.is_empty() {
            return Ok(());
        }
        soc.ledger.append(Batch { facts, ..Batch::default() }).await
    }

    fn fallback(&self, soc: &Soc, now: u64) -> Option<String> {
        let fallback = soc.notify.fallback.as_ref().map(|it| it.conversation.clone());
        fallback.filter(|it| !self.is_parked(it, now))
    }

    fn bulletin_moved(&self, soc: &Soc, id: &str, it: &Bulletin, now: u64) -> Option<Bulletins> {
        if !it.is_due() {
            return None;
        }
        let places = soc.routes.places().map(|place| place.conversation.clone());
        let to = self
            .fallback(soc, now)
            .or_else(|| places.into_iter().find(|place| !self.is_parked(place, now)));
        let why = format!("{} takes no cards", it.conversation);
        Some(if let Some(conversation) = to {
            Bulletins::Move { conversation, why }
        } else {
            tracing::error!(
                bulletin = id,
                why,
                "a bulletin cannot be delivered and is given up; see `argus outbox list`"
            );
            Bulletins::Abandon { why }
        })
    }
}

fn moved_or_not(soc: &Soc, card: &DueCard, to: Option<&str>) -> Fact {
    let why = format!("{} takes no cards", card.conversation);
    let Some(conversation) = to else {
        return soc.abandoned(card, &format!("{why}, and no other conversation does"));
    };
    soc.notifiers(What::NoticeMoved {
        incident: card.incident.clone(),
        card: card.card.clone(),
        conversation: conversation.into(),
        why,
    })
}
