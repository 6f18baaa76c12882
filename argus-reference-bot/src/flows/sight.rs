//! Who sees what: the card of an incident as it may be seen where it stands, and by whom it is
//! answered.
//!
//! What stands in a conversation is read by everybody in it, so it is the least that each of them may
//! see. The answer to a click is shown to whoever clicked, and to nobody else: they see what they may.

use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::policy::sight::{Eyes, Lookers, Sight};
use argus_soc::policy::{Action, Circumstances, Principal, Refusal, Standing};
use argus_soc::run::Run;
use serde_json::Value;

use super::Soc;
use super::access::{Access, AccessError, Person};
use super::ask::Answer;
use crate::buttons::base_conversation;
use crate::ports::ledger::{Filter, LedgerError, Summary};
use crate::view::{self, Stand};

/// Incidents that are looked through, the newest first, for those that somebody may see.
const LOOKED_THROUGH: u32 = 2_000;

/// What is recorded as the template of a card without a layout.
pub(super) const SHORT: &str = "plain";

/// What a person is told who asks for what is hidden from everybody in the conversation.
pub(super) const NOT_HERE: &str =
    "That is hidden by policy here. People of ours can ask me in a conversation of our own.";

/// Somebody who asks, where they ask, and who reads the answer.
#[derive(Clone, Debug)]
pub(super) struct Asking<'a> {
    /// The conversation.
    pub(super) conversation: &'a str,
    /// Whoever asks, and all who are there.
    pub(super) lookers: Lookers,
    /// Whoever asks, alone.
    eyes: Eyes,
}

impl Asking<'_> {
    /// Whether whoever asks sees everything, so that only the place hides something.
    fn is_ours(&self) -> bool {
        self.eyes == Eyes::Ours
    }

    /// The answer that there is no such incident, which is also that for one that is not theirs.
    pub(super) fn none(&self, key: &str) -> String {
        let key = super::regroup::key_of(key);
        if self.lookers.see_all() {
            return format!("There is no incident {key}. Write `list` to see which there are.");
        }
        format!("There is no incident {key} that can be shown here. Write `list` to see which can.")
    }
}

impl Access {
    /// What somebody sees, by where they come from.
    fn eyes(&self, principal: &Principal) -> Eyes {
        match &principal.standing {
            Standing::Home | Standing::Unknown { .. } => Eyes::Ours,
            Standing::Partner(_) => self.eyes_of(&principal.tenant),
            Standing::Stranger => Eyes::Stranger,
        }
    }

    /// What people of another tenant see. Whoever is not trusted any more sees nothing.
    fn eyes_of(&self, tenant: &str) -> Eyes {
        self.sees.get(&tenant.to_lowercase()).cloned().map_or(Eyes::Stranger, Eyes::Partner)
    }

    /// Everybody who reads what stands in a conversation.
    pub(super) fn readers(&self, conversation: &str) -> Lookers {
        let with =
            self.shared.get(base_conversation(conversation)).map(Vec::as_slice).unwrap_or_default();
        Lookers::new(with.iter().map(|tenant| self.eyes_of(tenant)))
    }

    /// Whether people of other tenants are in a conversation.
    pub(super) fn is_shared(&self, conversation: &str) -> bool {
        self.shared.contains_key(base_conversation(conversation))
    }
}

impl Soc {
    /// What everybody in a conversation may see of the incident that began with `event`.
    pub(super) fn sight_in(&self, conversation: &str, event: &SecurityEvent) -> Sight {
        self.access.readers(conversation).sight(event)
    }

    /// What `person` may see of the incident, wherever they ask; nobody else reads the answer.
    async fn sight_of(&self, person: &Person, incident: &Incident) -> Sight {
        let principal = self.access.principal(person, false).await;
        Lookers::new([self.access.eyes(&principal)]).sight(&incident.event)
    }

    /// Who asks here, and who reads what is answered.
    pub(super) async fn asking<'a>(&self, person: &Person, conversation: &'a str) -> Asking<'a> {
        let principal = self.access.principal(person, false).await;
        let eyes = self.access.eyes(&principal);
        if eyes != Eyes::Ours && !self.access.is_shared(conversation) {
            tracing::warn!(
                tenant = principal.tenant,
                "somebody of another tenant writes in a conversation that is not named in \
                 `rbac.shared`: what stands there shows everything"
            );
        }
        let lookers = self.access.readers(conversation).and(eyes.clone());
        Asking { conversation, lookers, eyes }
    }

    /// Whether an incident may be spoken of here: it is everybody's business, or it stands here anyway.
    pub(super) async fn is_in_sight(
        &self,
        asking: &Asking<'_>,
        incident: &Incident,
    ) -> Result<bool, LedgerError> {
        if asking.lookers.own(&incident.event) {
            return Ok(true);
        }
        let cards = self.ledger.cards_of(&incident.key).await?;
        Ok(cards.iter().any(|it| it.conversation == asking.conversation && it.shown > 0))
    }

    /// The incident of this key, if it may be spoken of here.
    pub(super) async fn find_for(
        &self,
        asking: &Asking<'_>,
        key: &str,
    ) -> Result<Option<Incident>, LedgerError> {
        let Some(incident) = self.find(key).await? else { return Ok(None) };
        Ok(self.is_in_sight(asking, &incident).await?.then_some(incident))
    }

    /// What has to be said instead of doing what somebody wrote, since it names an incident that is
    /// not theirs, or would show or change what is everybody's.
    pub(super) async fn out_of_sight(
        &self,
        asking: &Asking<'_>,
        asked: &super::ask::Asked,
    ) -> Result<Option<String>, LedgerError> {
        use super::ask::Asked;
        if asking.lookers.see_all() {
            return Ok(None);
        }
        let words = match asked {
            Asked::Merge(words)
            | Asked::Split(words)
            | Asked::Snooze(words)
            | Asked::Order(_, words) => words,
            Asked::Ticket(id) if !id.trim().to_uppercase().starts_with("INC-") => {
                return Ok(Some(NOT_HERE.into()));
            }
            Asked::Ticket(id) => id,
            // What is written there by one of ours stands there already.
            Asked::Suppress(words) => {
                let shows = words.split_whitespace().next() == Some("list");
                let no = shows || !asking.is_ours();
                return Ok(no.then(|| NOT_HERE.into()));
            }
            Asked::Outbox(_) | Asked::Health | Asked::Playbooks(..) => {
                return Ok(Some(NOT_HERE.into()));
            }
            _ => return Ok(None),
        };
        let keys = words.split_whitespace().map(|word| word.split('.').next().unwrap_or(word));
        for key in keys.filter(|key| key.to_uppercase().starts_with("INC-")) {
            if self.find_for(asking, key).await?.is_none() {
                return Ok(Some(asking.none(key)));
            }
        }
        Ok(None)
    }

    /// The newest incidents of a list that may be spoken of here, and how many there are of those
    /// that were looked through.
    pub(super) async fn incidents_for(
        &self,
        asking: &Asking<'_>,
        filter: Filter,
    ) -> Result<(Vec<Summary>, u64), LedgerError> {
        if asking.lookers.see_all() {
            return self.ledger.incidents(filter).await;
        }
        let limit = filter.limit;
        let (rows, _) = self.ledger.incidents(Filter { limit: LOOKED_THROUGH, ..filter }).await?;
        let mut rows = self.visible(asking, rows).await?;
        let total = rows.len() as u64;
        rows.truncate(limit as usize);
        Ok((rows, total))
    }

    /// Of these rows those that may be shown here, as they may be shown.
    pub(super) async fn visible(
        &self,
        asking: &Asking<'_>,
        rows: Vec<Summary>,
    ) -> Result<Vec<Summary>, LedgerError> {
        if asking.lookers.see_all() {
            return Ok(rows);
        }
        let mut visible = Vec::new();
        for mut row in rows {
            let Some(incident) = self.find_for(asking, &row.key).await? else { continue };
            let sight = asking.lookers.sight(&incident.event);
            row.title = sight.text(argus_soc::policy::sight::Field::Title, &row.title);
            visible.push(row);
        }
        Ok(visible)
    }

    /// The card of an incident as an answer that everybody in the conversation reads.
    pub(super) async fn answer_card(
        &self,
        asking: &Asking<'_>,
        incident: &Incident,
    ) -> Result<Answer, LedgerError> {
        let (seq, _) = self.ledger.head().await?;
        let sight = asking.lookers.sight(&incident.event);
        let stand = self.stand(asking.conversation, seq, &sight);
        Ok(match self.card(incident, None, &stand, false) {
            Ok((card, _)) => Answer::Card(card),
            Err(why) => {
                tracing::error!(incident.key = incident.key, why, "a card could not be drawn");
                Answer::Text("The card could not be drawn; the log says why.".into())
            }
        })
    }

    /// The card of an incident, or of a run of it that asks people, as it may be seen; with the name
    /// and version of its template.
    ///
    /// # Errors
    ///
    /// Why it cannot be drawn, in words for a log.
    pub(super) fn card(
        &self,
        incident: &Incident,
        run: Option<&Run>,
        stand: &Stand<'_>,
        twice: bool,
    ) -> Result<(Value, String), String> {
        if *stand.sight == Sight::Nothing {
            let mut card = view::closed(incident, run, stand);
            renew(&mut card, incident, run, stand);
            return Ok((card, SHORT.into()));
        }
        let (mut card, name) = match run {
            Some(run) => self.render("approval", &self.request(incident, run, stand))?,
            None => self.render("alert", &view::alert(incident, stand, twice))?,
        };
        renew(&mut card, incident, run, stand);
        Ok((card, name))
    }

    /// The card that somebody pressed something on, as they may see it now, and on it what has to be
    /// said first.
    ///
    /// # Errors
    ///
    /// Why it cannot be drawn, in words for a log.
    pub async fn card_for(
        &self,
        person: &Person,
        incident: &Incident,
        run: Option<&str>,
        conversation: &str,
        notice: Option<&str>,
    ) -> Result<Value, String> {
        let seq = self.ledger.head().await.map_or(0, |(seq, _)| seq);
        let sight = self.sight_of(person, incident).await;
        let notice = notice.map(|said| sight.clean(said));
        let stand = Stand { notice: notice.as_deref(), ..self.stand(conversation, seq, &sight) };
        let run = match run {
            Some(id) => Some(incident.runs.get(id).ok_or("its run does not exist")?),
            None => None,
        };
        Ok(self.card(incident, run, &stand, false)?.0)
    }

    /// The card of an incident as `person` may see it, who did nothing but look. Nothing is recorded:
    /// Teams looks for everybody in the conversation whenever the card comes into view.
    ///
    /// # Errors
    ///
    /// Why it cannot be drawn, in words for a log.
    pub async fn look(
        &self,
        person: &Person,
        key: &str,
        run: Option<&str>,
        conversation: &str,
    ) -> Result<Value, String> {
        let principal = self.access.principal(person, false).await;
        let now = Circumstances { at: Some(self.clock.now()), ..Circumstances::default() };
        let said = self.access.explain_rules(&principal, &Action::View, &now);
        if let Some(refusal) = said.refusal {
            return Ok(view::nothing(key, &self.access.explain(&refusal)));
        }
        let incident = self.ledger.incident(key).await.map_err(|error| error.to_string())?;
        let incident = incident.ok_or("its incident does not exist")?;
        self.card_for(person, &incident, run, conversation, None).await
    }

    /// What everybody in the conversation is told, without what some of them may not see.
    pub(super) async fn said_here(
        &self,
        asking: &Asking<'_>,
        key: &str,
        said: String,
    ) -> Result<String, LedgerError> {
        Ok(match self.find(key).await? {
            Some(incident) => asking.lookers.sight(&incident.event).clean(&said),
            None => said,
        })
    }

    /// What somebody is told of why nothing was done, without what they may not see.
    pub async fn said_to(&self, person: &Person, key: &str, said: String) -> String {
        let Ok(Some(incident)) = self.ledger.incident(key).await else { return said };
        self.sight_of(person, &incident).await.clean(&said)
    }

    /// Refuses a yes to what somebody may not see.
    ///
    /// # Errors
    ///
    /// As for [`Soc::authorise`].
    pub(super) async fn must_see(
        &self,
        person: &Person,
        incident: &Incident,
        correlation: &str,
    ) -> Result<(), AccessError> {
        if self.sight_of(person, incident).await.is_whole() {
            return Ok(());
        }
        let why = "What would be done is hidden from you by policy, and nobody approves what they \
                   cannot read.";
        let refusal = Refusal { code: "hidden", why: why.into(), who_can: Vec::new() };
        Err(self.refused(person.actor(), &incident.key, "approve", refusal, correlation).await?)
    }
}

/// Gives a card in a shared conversation what it needs to show each person their own.
pub(super) fn renew(card: &mut Value, incident: &Incident, run: Option<&Run>, stand: &Stand<'_>) {
    if let (Some(refresh), Some(card)) = (view::refresh(incident, run, stand), card.as_object_mut())
    {
        card.insert("refresh".into(), refresh);
    }
}
