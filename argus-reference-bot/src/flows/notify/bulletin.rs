//! Cards of Argus' own: digests and alarms.

use argus_bot_sdk::Activity;
use argus_bot_sdk::connector::{SendError, SendErrorKind};
use argus_soc::ledger::fact::{Fact, What};
use argus_soc::storm::bulletin::{About, Bulletin, Change};
use argus_soc::storm::place::Place;
use serde_json::Value;

use super::show::{Done, Trouble, keep_what_was_said};
use crate::chain::chain;
use crate::flows::Soc;
use crate::ports::ledger::documents::all;
use crate::ports::ledger::{Batch, LedgerError};
use crate::view::{self, bulletin};

/// The alarm about cards that could not be delivered.
pub(super) const UNDELIVERED: &str = "undelivered";
/// The alarm about automation that is paused.
const AUTOMATION: &str = "automation";
/// Rows of an alarm; the list has all.
const ROWS: u32 = 10;

impl Soc {
    /// Brings a bulletin up to date.
    pub(super) async fn announce(&self, id: &str, it: &Bulletin) -> Result<Done, Trouble> {
        let mut data = self.bulletin_data(id, it).await?;
        if !self.access.readers(&it.conversation).see_all() {
            bulletin::hide(&mut data, it.about);
        }
        let (card, is_plain) = match self.render("bulletin", &data) {
            Ok((card, _)) => (card, false),
            Err(why) => {
                tracing::error!(why, "a bulletin is sent without its layout");
                (bulletin::plain(&data), true)
            }
        };
        let mut error = match self.put_up(id, it, &data, card).await? {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if error.code() == Some("ActivityNotFoundInConversation") {
            let why = "somebody deleted its message".to_owned();
            let conversation = it.conversation.clone();
            self.bulletin_changed(id, Change::Move { conversation, why }).await?;
            return Ok(Done::Settled);
        }
        if is_refused(&error) && !is_plain {
            tracing::error!(bulletin = id, why = chain(&error), "a bulletin is sent shortened");
            error = match self.put_up(id, it, &data, bulletin::plain(&data)).await? {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
        }
        if is_refused(&error) {
            return self.bulletin_abandoned(id, it, chain(&error)).await;
        }
        Err(Trouble::of(&error))
    }

    /// Sends a bulletin and records what became of it.
    async fn put_up(
        &self,
        id: &str,
        it: &Bulletin,
        data: &Value,
        card: Value,
    ) -> Result<Result<Done, SendError>, LedgerError> {
        let mut activity = Activity::card(card);
        activity.summary = data.pointer("/title").and_then(|it| it.as_str()).map(str::to_owned);
        let to = self.conversation(&it.conversation);
        // Teams took it once without saying its id; then it cannot be updated.
        let known = it.activity_id.as_deref().filter(|id| !id.is_empty());
        self.is_our_turn()?;
        let sent = if let Some(activity_id) = known {
            self.connector.update(&to, activity_id, &activity).await
        } else {
            let what = What::BulletinChanged { bulletin: id.into(), change: Change::Attempt };
            let claim = self.shares.cards.claim();
            self.ledger.append(Batch { claim, ..Batch::one(self.notifiers(what)) }).await?;
            self.connector.send(&to, &activity).await
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                if known.is_none() && error.is_undelivered() {
                    let refused = Change::Refuse { why: chain(&error) };
                    keep_what_was_said(self.bulletin_changed(id, refused).await);
                }
                return Ok(Err(error));
            }
        };
        let activity_id = sent.activity_id.or_else(|| known.map(str::to_owned)).unwrap_or_default();
        let change = Change::Deliver { activity_id, version: it.want };
        let what = What::BulletinChanged { bulletin: id.into(), change };
        self.write_down(vec![self.notifiers(what)]).await?;
        Ok(Ok(Done::Shown))
    }

    /// Teams will not take it, whatever is done: it is given up, and an alarm says so elsewhere.
    async fn bulletin_abandoned(
        &self,
        id: &str,
        it: &Bulletin,
        why: String,
    ) -> Result<Done, Trouble> {
        tracing::error!(
            bulletin = id,
            why,
            "a bulletin cannot be delivered and is given up; see `argus outbox list`"
        );
        let change = Change::Abandon { why };
        let mut facts = vec![self.notifiers(What::BulletinChanged { bulletin: id.into(), change })];
        // An alarm about the alarm would only send it again.
        if it.about != About::Undelivered {
            facts.extend(self.alarm(&it.conversation));
        }
        self.write_down(facts).await?;
        Ok(Done::Settled)
    }

    async fn bulletin_data(&self, id: &str, it: &Bulletin) -> Result<Value, LedgerError> {
        let now = self.clock.now();
        Ok(match it.about {
            About::Storm => bulletin::storm(id, it, now),
            About::Undelivered => {
                let dead = self.ledger.dead_cards(ROWS).await?;
                let count = self.ledger.counts().await?.dead;
                let places = all::<Place>(&*self.ledger).await?.into_iter();
                let parked = places.filter_map(|(name, place)| Some((name, place.parked?)));
                let bulletins = all::<Bulletin>(&*self.ledger).await?.into_iter();
                let given_up = bulletins.filter_map(|(name, it)| Some((name, it.dead?)));
                let others: Vec<_> = parked.chain(given_up).collect();
                bulletin::undelivered(it, &dead, count, &others, now)
            }
            About::Automation => bulletin::automation(it, &self.breakers().await?, now),
        })
    }

    async fn bulletin_changed(&self, id: &str, change: Change) -> Result<(), LedgerError> {
        let what = What::BulletinChanged { bulletin: id.into(), change };
        self.ledger.append(Batch::one(self.notifiers(what))).await
    }

    /// The record that puts up, or renews, the alarm about cards that could not be delivered. None
    /// if there is no conversation for it but the one that is in trouble.
    pub(super) fn alarm(&self, trouble: &str) -> Option<Fact> {
        self.alarm_about(UNDELIVERED, About::Undelivered, trouble)
    }

    /// The record that puts up, or renews, the alarm about automation.
    pub(crate) fn automation_alarm(&self) -> Option<Fact> {
        self.alarm_about(AUTOMATION, About::Automation, "")
    }

    fn alarm_about(&self, id: &str, about: About, trouble: &str) -> Option<Fact> {
        let fallback = self.notify.fallback.as_ref().map(|it| it.conversation.as_str());
        let places = self.routes.places().map(|it| it.conversation.as_str());
        let mut places: Vec<&str> = fallback.into_iter().chain(places).collect();
        places.retain(|it| *it != trouble);
        // It says more where nobody else reads along.
        let ours = places.iter().find(|it| !self.access.is_shared(it));
        let conversation = ours.or(places.first()).copied();
        let Some(conversation) = conversation else {
            tracing::error!(
                alarm = id,
                "there is no conversation for an alarm; set notify.fallback"
            );
            return None;
        };
        let change = Change::Place { conversation: conversation.into(), about };
        Some(self.notifiers(What::BulletinChanged { bulletin: id.into(), change }))
    }
}

/// Whether Teams will never take it as it is.
fn is_refused(error: &SendError) -> bool {
    matches!(error.kind(), SendErrorKind::TooBig | SendErrorKind::Refused)
}

/// How much an incident's title takes in a digest's record.
pub(super) fn line(title: &str) -> String {
    view::clip(title, 120)
}
