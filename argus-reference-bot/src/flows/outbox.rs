//! What did not reach people, and what was stopped: asked about, tried again, given up, let go on.

use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::policy::Action;
use argus_soc::storm::breaker::Scope;
use argus_soc::storm::bulletin::{Bulletin, Change};
use argus_soc::storm::place::{self, Place};

use super::Soc;
use super::access::{AccessError, Person};
use super::ask::{Answer, LINES};
use super::automation::Resumed;
use super::sight::Asking;
use crate::ports::ledger::documents::all;
use crate::ports::ledger::{Batch, Ledger, LedgerError, StoredCard};
use crate::view;

/// Cards revived or dropped in one batch; few in tests, so that they see more than one.
const MANY: u32 = if cfg!(test) { 2 } else { 10_000 };

/// What to do with cards that were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Try again.
    Retry,
    /// Nobody wants them any more.
    Drop,
}

/// What was given up.
#[derive(Clone, Debug, Default)]
pub struct GivenUp {
    /// Cards of incidents.
    pub cards: Vec<StoredCard>,
    /// Cards of Argus' own, by their names. A digest is all that shows the incidents it covers.
    pub bulletins: Vec<(String, Bulletin)>,
}

impl GivenUp {
    /// These cards, which were given up, and those of the bulletins that were.
    pub fn of(cards: Vec<StoredCard>, mut bulletins: Vec<(String, Bulletin)>) -> Self {
        bulletins.retain(|(_, it)| it.dead.is_some());
        Self { cards, bulletins }
    }

    /// How many cards these are, of whatever kind.
    pub fn len(&self) -> usize {
        self.cards.len() + self.bulletins.len()
    }

    /// Whether nothing was given up.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Decides about what was given up: what shows one incident, one digest by its name, or all. Gives
/// what it was about. Conversations that were gone are tried again, too.
///
/// # Errors
///
/// [`LedgerError`]; what was decided before stays decided, and the same question decides the rest.
pub async fn settle(
    ledger: &dyn Ledger,
    fate: Fate,
    about: Option<&str>,
    fact: impl Fn(What) -> Fact,
) -> Result<GivenUp, LedgerError> {
    let mut settled = GivenUp::default();
    let mut facts = Vec::new();
    if fate == Fate::Retry {
        settled.bulletins = dead_bulletins(ledger, about).await?;
        for (bulletin, _) in &settled.bulletins {
            let (bulletin, change) = (bulletin.clone(), Change::Revive);
            facts.push(fact(What::BulletinChanged { bulletin, change }));
        }
        for (conversation, place) in all::<Place>(ledger).await? {
            if place.parked.is_some() {
                let change = place::Change::Return;
                facts.push(fact(What::PlaceChanged { conversation, change }));
            }
        }
    }
    loop {
        let dead = match about {
            Some(incident) => dead_of(ledger, incident).await?,
            None => ledger.dead_cards(MANY).await?,
        };
        facts.extend(dead.iter().map(|card| {
            let (incident, card) = (card.incident.clone(), card.card.clone());
            fact(match fate {
                Fate::Retry => What::NoticeRevived { incident, card },
                Fate::Drop => What::NoticeDropped { incident, card },
            })
        }));
        let more = about.is_none() && dead.len() >= MANY as usize;
        settled.cards.extend(dead);
        if !facts.is_empty() {
            let facts = std::mem::take(&mut facts);
            ledger.append(Batch { facts, ..Batch::default() }).await?;
        }
        if !more {
            return Ok(settled);
        }
    }
}

/// The cards of an incident that were given up and that nobody dropped.
async fn dead_of(ledger: &dyn Ledger, incident: &str) -> Result<Vec<StoredCard>, LedgerError> {
    let mut cards = ledger.cards_of(incident).await?;
    cards.retain(|card| card.dead.is_some() && !card.dropped);
    Ok(cards)
}

/// The bulletins that were given up: all, the one of this name, or what covers this incident.
async fn dead_bulletins(
    ledger: &dyn Ledger,
    about: Option<&str>,
) -> Result<Vec<(String, Bulletin)>, LedgerError> {
    let mut bulletins = GivenUp::of(Vec::new(), all(ledger).await?).bulletins;
    if let Some(about) = about {
        let cards = ledger.cards_of(about).await?;
        bulletins.retain(|(id, _)| {
            id.eq_ignore_ascii_case(about)
                || cards.iter().any(|card| card.digest.as_ref() == Some(id))
        });
    }
    Ok(bulletins)
}

impl Soc {
    /// `outbox`, `outbox retry [INC-7|D-1]`, `outbox drop INC-7`.
    pub(super) async fn outbox(
        &self,
        person: &Person,
        words: &str,
        correlation: &str,
    ) -> Result<Answer, LedgerError> {
        let mut words = words.split_whitespace();
        let fate = match words.next().map(str::to_lowercase).as_deref() {
            None | Some("list") => return self.undelivered().await,
            Some("retry") => Fate::Retry,
            Some("drop") => Fate::Drop,
            Some(_) => {
                let known = "`outbox`, `outbox retry`, `outbox retry INC-7`, `outbox drop INC-7`";
                return Ok(Answer::Text(format!("I know {known}.")));
            }
        };
        let incident = words.next().map(str::to_uppercase);
        if fate == Fate::Drop && incident.is_none() {
            return Ok(Answer::Text("Say which: `outbox drop INC-7`.".into()));
        }
        let action = Action::Acknowledge { incident: incident.clone().unwrap_or_default() };
        match self.authorise(person, action, incident.as_deref(), correlation).await {
            Ok(_permit) => {}
            Err(AccessError::Refused(refusal)) => {
                return Ok(Answer::Text(self.access.explain(&refusal)));
            }
            Err(AccessError::Unrecorded(error)) => return Err(error),
        }
        let actor: Actor = person.actor();
        let fact = |what| self.fact(actor.clone(), correlation, what);
        let settled = settle(&*self.ledger, fate, incident.as_deref(), fact).await?;
        self.bells.notify.notify_one();
        let what = match (fate, settled.len()) {
            (_, 0) => {
                let whose = incident.map(|it| format!(" of {}", plain(&it))).unwrap_or_default();
                return Ok(Answer::Text(format!("No card{whose} was given up.")));
            }
            (Fate::Retry, 1) => "card is tried again",
            (Fate::Retry, _) => "cards are tried again",
            (Fate::Drop, 1) => "card is dropped",
            (Fate::Drop, _) => "cards are dropped",
        };
        Ok(Answer::Text(format!("{} {what}.", settled.len())))
    }

    async fn undelivered(&self) -> Result<Answer, LedgerError> {
        let dead = self.ledger.dead_cards(LINES).await?;
        let bulletins = dead_bulletins(&*self.ledger, None).await?;
        let cards = self.ledger.counts().await?.dead;
        let count = cards + bulletins.len() as u64;
        let mut lines = self.parked().await?;
        lines.extend(bulletins.iter().map(|(id, it)| {
            let covers = it.digest.as_ref().map_or(0, |it| it.incidents);
            let covers = if covers > 0 {
                format!(" (which shows {covers} incidents)")
            } else {
                String::new()
            };
            format!("{}{covers}: {}", plain(id), plain(it.dead.as_deref().unwrap_or_default()))
        }));
        lines.extend(dead.iter().map(|card| {
            let why = plain(card.dead.as_deref().unwrap_or_default());
            format!("{} ({}): {why}", card.incident, card.card)
        }));
        if lines.is_empty() {
            return Ok(Answer::Text("Every card was delivered.".into()));
        }
        let more = cards.saturating_sub(dead.len() as u64);
        let more = if more > 0 { format!("\n\n… and {more} more") } else { String::new() };
        let lines: Vec<String> = lines.into_iter().map(|line| format!("- {line}")).collect();
        Ok(Answer::Text(format!("Given up: {count}\n\n{}{more}", lines.join("\n"))))
    }

    /// `list D-3`: what a digest covers, a page at a time.
    pub(super) async fn list_digest(
        &self,
        digest: &str,
        page: u32,
        asking: &Asking<'_>,
    ) -> Result<Answer, LedgerError> {
        let skip = page.saturating_sub(1).saturating_mul(LINES);
        let (rows, total) = self.ledger.digested(digest, skip, LINES).await?;
        let hidden = rows.len();
        let rows = self.visible(asking, rows).await?;
        let hidden = hidden - rows.len();
        let total = total.saturating_sub(hidden as u64);
        let name: String = digest.chars().filter(|it| it.is_alphanumeric() || *it == '-').collect();
        if rows.is_empty() {
            return Ok(Answer::Text(format!("{name} covers no incidents there.")));
        }
        let hint = format!("Write \"list {name} {}\" for more, \"show INC-7\" for one.", page + 1);
        let data = view::list(&format!("Incidents in {name}"), &rows, total, &hint);
        Ok(self.drawn("query-list", &data))
    }

    /// `halt [scope] [why]`
    pub(super) async fn halted(
        &self,
        person: &Person,
        words: &str,
        correlation: &str,
    ) -> Result<Answer, LedgerError> {
        let first = words.split_whitespace().next().unwrap_or_default();
        let (scope, why) = match first.parse::<Scope>() {
            Ok(scope) => (scope, words.trim_start().strip_prefix(first).unwrap_or_default()),
            Err(_) => (Scope::Global, words),
        };
        let why = match why.trim() {
            "" => "a person stopped it".to_owned(),
            why => view::clip(why, 200),
        };
        Ok(Answer::Text(match self.halt(person, &scope, &why, correlation).await {
            Ok(()) => format!(
                "Automation is paused ({}). Write `resume` to let it go on.",
                plain(&scope.to_string())
            ),
            Err(error) => return self.not_switched(error),
        }))
    }

    /// `resume [scope]`
    pub(super) async fn resumed(
        &self,
        person: &Person,
        words: &str,
        asking: &Asking<'_>,
        correlation: &str,
    ) -> Result<Answer, LedgerError> {
        let scope = match words.split_whitespace().next().map(str::parse::<Scope>).transpose() {
            Ok(scope) => scope,
            Err(error) => return Ok(Answer::Text(plain(&error.to_string()))),
        };
        Ok(Answer::Text(match self.resume(person, scope.as_ref(), correlation).await {
            Ok(Resumed { goes_on, waits }) => {
                let names = |scopes: &[Scope]| {
                    if !asking.lookers.see_all() {
                        return "what was paused".to_owned();
                    }
                    let names: Vec<String> =
                        scopes.iter().map(|it| plain(&it.to_string())).collect();
                    names.join(", ")
                };
                let on = (!goes_on.is_empty())
                    .then(|| format!("Automation goes on: {}.", names(&goes_on)));
                let waits = (!waits.is_empty()).then(|| {
                    format!(
                        "A person has halted {}: it takes two to let it go on. You are the first; \
                         somebody else has to write `resume` within an hour.",
                        names(&waits)
                    )
                });
                let said: Vec<String> = [on, waits].into_iter().flatten().collect();
                if said.is_empty() { "Automation is not paused.".into() } else { said.join(" ") }
            }
            Err(error) => return self.not_switched(error),
        }))
    }

    fn not_switched(&self, error: AccessError) -> Result<Answer, LedgerError> {
        match error {
            AccessError::Refused(refusal) => Ok(Answer::Text(self.access.explain(&refusal))),
            AccessError::Unrecorded(error) => Err(error),
        }
    }

    /// What is out of order, a line each.
    pub(super) async fn trouble(&self) -> Result<Vec<String>, LedgerError> {
        let mut lines = self.parked().await?;
        for (scope, breaker) in self.paused().await? {
            lines.push(format!(
                "Automation {}: {} ({})",
                plain(&scope.to_string()),
                view::bulletin::state(breaker.state),
                plain(&breaker.why)
            ));
        }
        for (name, heard) in self.playbooks.sources.heard() {
            if heard.unread.is_some() || !heard.refused.is_empty() {
                lines.push(format!("Playbooks of {name}: {}", plain(&heard.words())));
            }
        }
        Ok(lines)
    }

    async fn parked(&self) -> Result<Vec<String>, LedgerError> {
        let places = all::<Place>(&*self.ledger).await?;
        let parked = places.into_iter().filter_map(|(conversation, place)| {
            let why = plain(&place.parked?);
            Some(format!("Conversation {} takes no cards: {why}", plain(&conversation)))
        });
        Ok(parked.collect())
    }
}

/// Text without the marks that Teams would read, and not too long.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|it| !"*[]`<>~|".contains(*it)).collect();
    view::clip(&text, 200)
}
