//! Cards of Argus' own: digests and alarms.

use argus_bot_sdk::Activity;
use argus_soc::ledger::fact::{Fact, What};
use argus_soc::storm::bulletin::{About, Bulletin, Change};
use argus_soc::storm::place::Place;

use super::show::{Done, Trouble};
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
        let data = self.bulletin_data(id, it).await?;
        let card = match self.render("bulletin", &data) {
            Ok((card, _)) => card,
            Err(why) => {
                tracing::error!(why, "a bulletin is sent without its layout");
                bulletin::plain(&data)
            }
        };
        let mut activity = Activity::card(card);
        activity.summary = data.pointer("/title").and_then(|it| it.as_str()).map(str::to_owned);
        let to = self.conversation(&it.conversation);
        self.is_our_turn()?;
        let sent = if let Some(activity_id) = &it.activity_id {
            self.connector.update(&to, activity_id, &activity).await
        } else {
            let what = What::BulletinChanged { bulletin: id.into(), change: Change::Attempt };
            let claim = self.shares.cards.claim();
            self.ledger.append(Batch { claim, ..Batch::one(self.notifiers(what)) }).await?;
            self.connector.send(&to, &activity).await
        };
        match sent {
            Ok(sent) => {
                let activity_id = sent.activity_id.or_else(|| it.activity_id.clone());
                let activity_id = activity_id.unwrap_or_default();
                let change = Change::Deliver { activity_id, version: it.want };
                let what = What::BulletinChanged { bulletin: id.into(), change };
                self.write_down(vec![self.notifiers(what)]).await?;
                Ok(Done::Shown)
            }
            Err(error) => {
                if it.activity_id.is_none() && error.is_undelivered() {
                    self.bulletin_changed(id, Change::Refuse { why: chain(&error) }).await?;
                }
                if error.code() == Some("ActivityNotFoundInConversation") {
                    let why = "somebody deleted its message".to_owned();
                    let conversation = it.conversation.clone();
                    self.bulletin_changed(id, Change::Move { conversation, why }).await?;
                    return Ok(Done::Settled);
                }
                Err(Trouble::of(&error))
            }
        }
    }

    async fn bulletin_data(
        &self,
        id: &str,
        it: &Bulletin,
    ) -> Result<serde_json::Value, LedgerError> {
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
        let conversation = fallback.into_iter().chain(places).find(|it| *it != trouble);
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

/// How much an incident's title takes in a digest's record.
pub(super) fn line(title: &str) -> String {
    view::clip(title, 120)
}
