//! Cards: what facts change, and what queries read.

use std::cmp::Reverse;

use argus_soc::event::Severity;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::What;

use super::Tables;
use crate::adapters::tables::project::rank;
use crate::ports::ledger::{DueCard, DuePlace, DueSlice, SentCard, StoredCard, Summary, Which};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    stored: StoredCard,
    attempts: u32,
    severity: Severity,
    since: u64,
}

impl Card {
    pub(super) fn is_due(&self) -> bool {
        let it = &self.stored;
        it.want > it.shown && it.dead.is_none() && it.digest.is_none()
    }

    fn is_new(&self) -> bool {
        self.stored.activity_id.is_none()
    }

    fn order(&self) -> (Reverse<u8>, bool, u64) {
        (Reverse(rank(self.severity)), !self.is_new(), self.since)
    }

    /// It should show `version` now. A digest covers it no longer when its severity rises.
    pub(super) fn wanted(&mut self, version: u64, severity: Severity) {
        if rank(severity) > rank(self.severity) {
            self.stored.digest = None;
        }
        self.stored.want = version;
        self.severity = severity;
    }
}

/// Writing.
impl Tables {
    pub(super) fn enter_card(&mut self, seq: u64, what: &What) {
        match what {
            What::NoticePlaced { incident, card, conversation } => {
                self.add_card(seq, incident, card, conversation);
            }
            What::NoticeAttempted { incident, card, .. } => {
                self.card(incident, card, |it| it.attempts += 1);
            }
            What::NoticeRefused { incident, card, .. } => {
                self.card(incident, card, |it| it.attempts = it.attempts.saturating_sub(1));
            }
            What::NoticeDelivered { incident, card, activity_id, version, .. } => {
                self.card(incident, card, |it| {
                    it.stored.shown = *version;
                    it.stored.activity_id = Some(activity_id.clone());
                    it.stored.digest = None;
                    it.attempts = 0;
                });
            }
            What::NoticeAbandoned { incident, card, why } => {
                self.card(incident, card, |it| {
                    it.stored.dead = Some(why.clone());
                    it.stored.dropped = false;
                });
            }
            What::NoticeMoved { incident, card, conversation, .. } => {
                self.card(incident, card, |it| {
                    it.stored = StoredCard {
                        conversation: conversation.clone(),
                        activity_id: None,
                        shown: 0,
                        digest: None,
                        dead: None,
                        dropped: false,
                        ..it.stored.clone()
                    };
                    it.attempts = 0;
                });
            }
            What::NoticeRevived { incident, card } => {
                self.card(incident, card, |it| {
                    (it.stored.dead, it.stored.dropped, it.attempts) = (None, false, 0);
                });
            }
            What::NoticeDropped { incident, card } => {
                self.card(incident, card, |it| it.stored.dropped = it.stored.dead.is_some());
            }
            What::NoticesDigested { digest, cards, .. } => {
                for covered in cards {
                    self.card(&covered.incident, &covered.card, |it| {
                        if it.is_new() && it.stored.dead.is_none() {
                            it.stored.digest = Some(digest.clone());
                        }
                    });
                }
            }
            _ => {}
        }
    }

    fn add_card(&mut self, seq: u64, incident: &str, card: &str, conversation: &str) {
        let Some(it) = self.incidents.get(incident) else { return };
        let stored = StoredCard {
            incident: incident.into(),
            card: card.into(),
            conversation: conversation.into(),
            activity_id: None,
            want: it.version,
            shown: 0,
            digest: None,
            dead: None,
            dropped: false,
        };
        let new = Card { stored, attempts: 0, severity: it.severity, since: seq };
        self.cards.entry((incident.into(), card.into())).or_insert(new);
    }

    fn card(&mut self, incident: &str, card: &str, change: impl FnOnce(&mut Card)) {
        if let Some(card) = self.cards.get_mut(&(incident.into(), card.into())) {
            change(card);
        }
    }
}

/// Reading.
impl Tables {
    pub(in super::super) fn due_places(&self) -> Vec<DuePlace> {
        let mut places: Vec<DuePlace> = Vec::new();
        let mut due: Vec<&Card> = self.cards.values().filter(|card| card.is_due()).collect();
        due.sort_by(|a, b| a.stored.conversation.cmp(&b.stored.conversation));
        for card in due {
            let conversation = &card.stored.conversation;
            if places.last().is_none_or(|it| it.conversation != *conversation) {
                places.push(DuePlace {
                    conversation: conversation.clone(),
                    urgent: 0,
                    routine: 0,
                    changed: 0,
                });
            }
            let Some(place) = places.last_mut() else { continue };
            let urgent = rank(card.severity) >= rank(Severity::High);
            match (card.is_new(), urgent) {
                (true, true) => place.urgent += 1,
                (true, false) => place.routine += 1,
                (false, _) => place.changed += 1,
            }
        }
        places
    }

    pub(in super::super) fn due_cards(&self, slice: &DueSlice) -> Vec<DueCard> {
        let meant = |card: &&Card| {
            card.is_due()
                && card.stored.conversation == slice.conversation
                && (slice.which == Which::All || card.is_new())
        };
        let mut due: Vec<&Card> = self.cards.values().filter(meant).collect();
        due.sort_by_key(|card| card.order());
        let due = due.into_iter().skip(slice.skip as usize).take(slice.limit as usize);
        due.map(|card| DueCard {
            incident: card.stored.incident.clone(),
            card: card.stored.card.clone(),
            conversation: card.stored.conversation.clone(),
            activity_id: card.stored.activity_id.clone(),
            want: card.stored.want,
            attempts: card.attempts,
            severity: card.severity,
        })
        .collect()
    }

    pub(in super::super) fn cards_of(&self, incident: &str) -> Vec<StoredCard> {
        let cards = self.cards.values().filter(|card| card.stored.incident == incident);
        cards.map(|card| card.stored.clone()).collect()
    }

    pub(in super::super) fn dead_cards(&self, limit: u32) -> Vec<StoredCard> {
        let mut dead: Vec<&Card> = self.cards.values().filter(|card| card.is_dead()).collect();
        dead.sort_by_key(|card| (Reverse(rank(card.severity)), card.since));
        dead.into_iter().take(limit as usize).map(|card| card.stored.clone()).collect()
    }

    pub(in super::super) fn digested(
        &self,
        digest: &str,
        skip: u32,
        limit: u32,
    ) -> (Vec<Summary>, u64) {
        let covers = |card: &&Card| {
            card.stored.digest.as_deref() == Some(digest) && card.stored.card == "card"
        };
        let mut covered: Vec<&Card> = self.cards.values().filter(covers).collect();
        covered.sort_by_key(|card| (Reverse(rank(card.severity)), card.since));
        let total = covered.len() as u64;
        let incidents = covered.iter().filter_map(|it| self.incidents.get(&it.stored.incident));
        let lines = incidents.skip(skip as usize).take(limit as usize).map(summary);
        (lines.collect(), total)
    }

    pub(in super::super) fn sent_card(
        &self,
        conversation: &str,
        activity_id: &str,
    ) -> Option<SentCard> {
        let stands = |card: &&Card| {
            let it = &card.stored;
            it.conversation == conversation && it.activity_id.as_deref() == Some(activity_id)
        };
        let it = &self.cards.values().find(stands)?.stored;
        Some(SentCard { incident: it.incident.clone(), card: it.card.clone(), version: it.shown })
    }

    /// Cards that are due, given up, and covered by a digest.
    pub(super) fn count_cards(&self) -> (u64, u64, u64) {
        let count = |is: fn(&Card) -> bool| self.cards.values().filter(|it| is(it)).count() as u64;
        (count(Card::is_due), count(Card::is_dead), count(|it| it.stored.digest.is_some()))
    }
}

impl Card {
    fn is_dead(&self) -> bool {
        self.stored.dead.is_some() && !self.stored.dropped
    }
}

/// A line of a list.
pub(super) fn summary(it: &Incident) -> Summary {
    Summary {
        key: it.key.clone(),
        title: it.event.title.clone(),
        severity: it.severity,
        stage: it.stage,
        opened_at: it.opened_at,
        count: it.count,
    }
}
