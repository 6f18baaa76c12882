//! What replicas on one store share: each part of the work is one replica's at a time.
//!
//! There is no leader. Whoever comes first claims a part for a few seconds and claims it again while
//! it lives; when it dies, the claim ends and another replica takes the part. That is for economy and
//! for Teams' windows. Nothing depends on it that may not go wrong: an event is placed once, and an
//! incident changes only from the version that was read, whoever thinks that it is his turn.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Soc;
use crate::chain::chain;
use crate::ports::ledger::{Claim, Ledger, LedgerError};

/// How long a claim lasts. A replica that dies is missed for so long at most.
const SPAN: Duration = Duration::from_secs(10);
/// It is claimed again after so long.
const RENEW: Duration = Duration::from_secs(3);
/// It is relied on for so long: not to its end, since clocks run at different speeds and what is begun
/// takes a while.
const SURE: Duration = Duration::from_secs(8);
/// How often a replica without a claim tries to get it.
pub(super) const TRY: Duration = Duration::from_secs(2);

/// Whether a part is this replica's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// As before.
    Ours,
    /// Since now; another replica may have worked on it until a moment ago.
    OursNow,
    /// Another replica has it.
    Others,
}

/// A part of the work.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    held: Mutex<Held>,
}

#[derive(Clone, Debug, Default)]
enum Held {
    /// Nobody asked for it; whoever works then works alone.
    #[default]
    Unasked,
    No,
    /// The claim, and when it was asked for.
    Yes(Claim, Instant),
}

/// The parts.
#[derive(Debug)]
pub struct Shares {
    /// Placing events, in the order of the chain.
    pub placing: Part,
    /// Sending cards: Teams' windows are one for the bot, so two senders would gain nothing.
    pub cards: Part,
    /// Driving runs.
    pub runs: Part,
}

impl Default for Shares {
    fn default() -> Self {
        let part = |name| Part { name, held: Mutex::default() };
        Self { placing: part("placing"), cards: part("cards"), runs: part("runs") }
    }
}

impl Part {
    fn held(&self) -> Held {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Claims the part or keeps it, and says whose it is.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says; then it is not ours.
    pub async fn share(&self, ledger: &dyn Ledger) -> Result<Share, LedgerError> {
        let before = match self.held() {
            Held::Yes(_, since) if since.elapsed() < RENEW => return Ok(Share::Ours),
            Held::Yes(claim, _) => Some(claim),
            Held::No | Held::Unasked => None,
        };
        // It is ours from when it was asked for, not from when the answer came.
        let since = Instant::now();
        let claim = match ledger.claim(self.name, SPAN).await {
            Ok(claim) => claim,
            Err(error) => {
                if !self.is_sure() {
                    self.set(Held::No);
                }
                return Err(error);
            }
        };
        let Some(claim) = claim else {
            self.set(Held::No);
            return Ok(Share::Others);
        };
        let share = if before.as_ref() == Some(&claim) { Share::Ours } else { Share::OursNow };
        self.set(Held::Yes(claim, since));
        Ok(share)
    }

    /// Whether nobody else can have it now.
    pub fn is_sure(&self) -> bool {
        match self.held() {
            Held::Unasked => true,
            Held::No => false,
            Held::Yes(_, since) => since.elapsed() < SURE,
        }
    }

    /// The claim, for a write that must not happen once somebody else has it.
    pub fn claim(&self) -> Option<Claim> {
        match self.held() {
            Held::Yes(claim, _) => Some(claim),
            Held::No | Held::Unasked => None,
        }
    }

    /// Makes the next question ask the store.
    pub(super) fn doubt(&self) {
        self.set(Held::No);
    }

    async fn give_back(&self, ledger: &dyn Ledger) {
        let held = self.held();
        self.set(Held::No);
        if let Held::Yes(claim, _) = held
            && let Err(error) = ledger.unclaim(&claim).await
        {
            tracing::warn!(part = self.name, why = chain(&error), "a claim ends by itself");
        }
    }
}

impl Soc {
    /// Gives back what this replica has claimed, so that the others go on at once.
    pub async fn give_shares_back(&self) {
        for part in [&self.shares.placing, &self.shares.cards, &self.shares.runs] {
            part.give_back(self.ledger.as_ref()).await;
        }
    }

    /// Passes on what other replicas did, until the task is ended.
    pub async fn hear_others(&self) {
        loop {
            let heard = self.ledger.heard().await;
            if heard.events {
                self.look_again().await;
                self.bells.triage.notify_one();
            }
            if heard.cards {
                self.bells.notify.notify_one();
            }
            if heard.runs {
                self.bells.execute.ring_for_all();
            }
        }
    }
}
