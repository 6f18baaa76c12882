//! Cards that come too fast are covered by one digest for each conversation.

use argus_soc::ledger::fact::What;
use argus_soc::storm::bulletin::{Bulletin, Change, Covered};
use argus_soc::storm::display::{Display, Show, Waiting};

use super::Desk;
use super::bulletin::line;
use crate::flows::Soc;
use crate::ports::ledger::documents::find;
use crate::ports::ledger::{Batch, DueCard, DuePlace, DueSlice, LedgerError, Which};

/// Cards covered by one record.
const BATCH: u32 = 500;
/// How often it is looked whether a storm goes on.
const LOOK: u64 = 5_000;

/// How a conversation shows incidents.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    display: Display,
    digest: Option<String>,
    looked: Option<u64>,
}

impl Gathering {
    /// A storm that went on when the process before this one ended.
    pub(super) fn going_on(digest: &str, now: u64) -> Self {
        Self { display: Display::in_storm(now), digest: Some(digest.into()), looked: None }
    }

    /// How long until it has to be looked at again, if it storms.
    pub(super) fn rest(&self, now: u64) -> Option<u64> {
        let looked = self.looked.filter(|_| self.display.is_storm())?;
        Some((looked + LOOK).saturating_sub(now).max(1))
    }
}

impl Desk {
    /// Covers what comes too fast for a conversation. Says whether anything was written.
    pub(super) async fn gather(
        &mut self,
        soc: &Soc,
        place: &DuePlace,
        now: u64,
    ) -> Result<bool, LedgerError> {
        let conversation = &place.conversation;
        let gathering = self.gatherings.entry(conversation.clone()).or_default();
        if gathering.rest(now).is_some_and(|rest| rest > 1) {
            return Ok(false);
        }
        let waiting = Waiting { urgent: place.urgent, routine: place.routine };
        let show = gathering.display.look(waiting, &soc.storm.display(), now);
        gathering.looked = Some(now);
        match show {
            Show::Alone => Ok(false),
            Show::Over => {
                let Some(digest) = gathering.digest.take() else { return Ok(false) };
                tracing::info!(digest, conversation, "the storm is over; cards stand alone again");
                let what = What::BulletinChanged { bulletin: digest, change: Change::End };
                soc.ledger.append(Batch::one(soc.notifiers(what))).await?;
                Ok(true)
            }
            Show::Gathered { alone } => {
                // One that was given up shows nothing; what comes goes to the next.
                if let Some(digest) = gathering.digest.clone()
                    && let Some((_, it)) = find::<Bulletin>(&*soc.ledger, &digest).await?
                    && it.dead.is_some()
                {
                    gathering.digest = None;
                }
                let digest = if let Some(digest) = &gathering.digest {
                    digest.clone()
                } else {
                    let digest = format!("D-{}", self.digests + 1);
                    tracing::warn!(
                        digest,
                        conversation,
                        urgent = place.urgent,
                        routine = place.routine,
                        "more incidents than Teams takes cards; a digest covers them"
                    );
                    digest
                };
                let covered = soc.cover(&digest, conversation, alone).await?;
                if covered > 0 && self.gathered(conversation, &digest) {
                    self.digests += 1;
                }
                Ok(covered > 0)
            }
        }
    }

    /// Notes the digest of a conversation; says whether it is new.
    fn gathered(&mut self, conversation: &str, digest: &str) -> bool {
        let gathering = self.gatherings.entry(conversation.to_owned()).or_default();
        let new = gathering.digest.is_none();
        gathering.digest = Some(digest.to_owned());
        new
    }
}

impl Soc {
    /// Covers all new cards of a conversation but the first `alone`; says how many.
    async fn cover(
        &self,
        digest: &str,
        conversation: &str,
        alone: u64,
    ) -> Result<usize, LedgerError> {
        let slice = DueSlice {
            conversation: conversation.to_owned(),
            which: Which::New,
            skip: u32::try_from(alone).unwrap_or(u32::MAX),
            limit: BATCH,
        };
        let mut count = 0;
        loop {
            let due = self.ledger.due_cards(slice.clone()).await?;
            if due.is_empty() {
                return Ok(count);
            }
            let mut cards = Vec::with_capacity(due.len());
            for card in due {
                cards.push(self.covered(card).await?);
            }
            count += cards.len();
            let what = What::NoticesDigested {
                digest: digest.to_owned(),
                conversation: conversation.to_owned(),
                cards,
            };
            self.ledger.append(Batch::one(self.notifiers(what))).await?;
        }
    }

    async fn covered(&self, card: DueCard) -> Result<Covered, LedgerError> {
        let incident = self.ledger.incident(&card.incident).await?;
        let event = incident.map(|incident| incident.event);
        let entity = event.as_ref().and_then(|it| it.principal()).map(|it| it.value.clone());
        Ok(Covered {
            incident: card.incident,
            card: card.card,
            severity: card.severity,
            source: event.as_ref().map(|it| line(&it.source)).unwrap_or_default(),
            entity: entity.as_deref().map(line),
            title: event.as_ref().map(|it| line(&it.title)).unwrap_or_default(),
        })
    }
}

/// How many digests there were.
pub(super) fn digests(bulletins: &[(String, Bulletin)]) -> u64 {
    let number = |(id, _): &(String, Bulletin)| id.strip_prefix("D-")?.parse::<u64>().ok();
    bulletins.iter().filter_map(number).max().unwrap_or(0)
}
