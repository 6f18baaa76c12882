//! Questions: what stands in the store and in the ITSM, for whoever may see it.

use argus_soc::event::Severity;
use argus_soc::incident::Incident;
use argus_soc::policy::{Action, Standing};
use serde_json::Value;

use super::Soc;
use super::access::{AccessError, Person};
use super::orders::Verb;
use super::playbooks::Word;
use super::regroup::{Said, Unsaid, key_of};
use super::sight::{Asking, NOT_HERE};
use crate::buttons::base_conversation;
use crate::chain::chain;
use crate::ports::ledger::{Filter, LedgerError};
use crate::view;

/// Lines of a list in chat.
pub(super) const LINES: u32 = 15;

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Which roles they have.
    Whoami,
    /// Incidents; words narrow it down.
    List(String),
    /// One incident, by key.
    Show(String),
    /// A ticket, by its number or its incident's key.
    Ticket(String),
    /// How Argus is doing.
    Status,
    /// How Argus itself is.
    Health,
    /// Cards that were given up; words say what to do with them.
    Outbox(String),
    /// Stop automation, of a scope or all of it, for a reason.
    Halt(String),
    /// Let automation go on, of a scope or all of it.
    Resume(String),
    /// Make one incident of two.
    Merge(String),
    /// Undo that, or make an incident of some events.
    Split(String),
    /// Keep events back for a while.
    Suppress(String),
    /// Keep an incident quiet for a while.
    Snooze(String),
    /// See playbooks, or decide what becomes of a text.
    Playbooks(Word, String),
    /// Run a playbook, or steer a run.
    Order(Verb, String),
}

/// What they get.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Markdown.
    Text(String),
    /// A card.
    Card(Value),
}

impl Soc {
    /// Answers a question. Problems are answers too: the person reads why, the log has the rest.
    pub async fn ask(
        &self,
        person: &Person,
        asked: Asked,
        conversation: &str,
        correlation: &str,
    ) -> Answer {
        if asked == Asked::Whoami {
            return Answer::Text(self.whoami(person).await);
        }
        match self.authorise(person, Action::View, None, correlation).await {
            Ok(_permit) => {}
            Err(AccessError::Refused(refusal)) => {
                let why = self.access.explain(&refusal);
                return match asked {
                    Asked::Show(key) if refusal.code == "stranger" => {
                        Answer::Card(view::nothing(&key_of(&key), &why))
                    }
                    _ => Answer::Text(why),
                };
            }
            Err(AccessError::Unrecorded(error)) => return unavailable(&error),
        }
        let asking = self.asking(person, base_conversation(conversation)).await;
        match self.out_of_sight(&asking, &asked).await {
            Ok(None) => {}
            Ok(Some(said)) => return Answer::Text(said),
            Err(error) => return unavailable(&error),
        }
        let answer = match asked {
            Asked::Outbox(words) => self.outbox(person, &words, correlation).await,
            Asked::Halt(words) => self.halted(person, &words, correlation).await,
            Asked::Resume(words) => self.resumed(person, &words, &asking, correlation).await,
            Asked::List(words) => self.list(&words, &asking).await,
            Asked::Show(key) => self.show_incident(&key, &asking).await,
            Asked::Ticket(id) => self.show_ticket(&id, &asking).await,
            Asked::Merge(words) => self.told(self.merge(person, &words, correlation).await),
            Asked::Split(words) => self.told(self.split(person, &words, correlation).await),
            Asked::Suppress(words) => self.told(self.suppress(person, &words, correlation).await),
            Asked::Snooze(words) => self.told(self.snooze(person, &words, correlation).await),
            Asked::Playbooks(word, words) => {
                self.told(self.on_playbooks(person, word, &words, correlation).await)
            }
            Asked::Order(verb, words) => {
                self.ordered(person, verb, &words, &asking, correlation).await
            }
            Asked::Health => self.health(person).await,
            Asked::Whoami | Asked::Status if asking.lookers.see_all() => self.status().await,
            Asked::Whoami | Asked::Status => Ok(Answer::Text("**Argus is up.**".into())),
        };
        answer.unwrap_or_else(|error| unavailable(&error))
    }

    /// What somebody is told who wanted to change something.
    fn told(&self, said: Said) -> Result<Answer, LedgerError> {
        match said {
            Ok(text) => Ok(Answer::Text(text)),
            Err(Unsaid::Access(AccessError::Refused(refusal))) => {
                Ok(Answer::Text(self.access.explain(&refusal)))
            }
            Err(Unsaid::Store(LedgerError::Conflict { stream })) => Ok(Answer::Text(format!(
                "{stream} was changed by somebody else at this moment. Nothing was done; please try again."
            ))),
            Err(Unsaid::Access(AccessError::Unrecorded(error)) | Unsaid::Store(error)) => {
                Err(error)
            }
        }
    }

    async fn whoami(&self, person: &Person) -> String {
        let principal = self.access.principal(person, true).await;
        let named = |roles: &[String]| {
            let labels: Vec<String> = roles.iter().map(|role| self.access.label(role)).collect();
            if labels.is_empty() { "no role".into() } else { labels.join(", ") }
        };
        let here = match &principal.standing {
            Standing::Home => format!("You have {} here.", named(&principal.roles)),
            Standing::Partner(roles) => {
                format!("You are of a partner organisation and have {} here.", named(roles))
            }
            Standing::Stranger => "Your organisation is not known here; you have no role.".into(),
            Standing::Unknown { why } => {
                format!("Your groups cannot be checked at the moment ({why}), so you have no role.")
            }
        };
        let name =
            person.name.as_deref().unwrap_or("Somebody").replace(['*', '[', ']', '_', '`'], "");
        format!("{name}. {here}\n\nObject id `{}`, tenant `{}`.", person.object_id, person.tenant)
    }

    async fn list(&self, words: &str, asking: &Asking<'_>) -> Result<Answer, LedgerError> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        if let Some(digest) = words.first().filter(|word| word.starts_with("d-")) {
            let page = words.get(1).and_then(|page| page.parse().ok()).unwrap_or(1);
            return self.list_digest(&digest.to_uppercase(), page, asking).await;
        }
        let mut filter = Filter { open_only: true, severity: None, limit: LINES };
        for word in &words {
            match word.trim_start_matches("sev:") {
                "all" => filter.open_only = false,
                "open" => filter.open_only = true,
                "critical" => filter.severity = Some(Severity::Critical),
                "high" => filter.severity = Some(Severity::High),
                "medium" => filter.severity = Some(Severity::Medium),
                _ => {
                    let known = "`list`, `list all`, `list medium`, `list high`, `list critical`";
                    return Ok(Answer::Text(format!("I can list: {known}.")));
                }
            }
        }
        let title = match (filter.open_only, filter.severity) {
            (true, None) => "Open incidents".to_owned(),
            (false, None) => "All incidents".to_owned(),
            (_, Some(severity)) => format!("Incidents, {} and above", severity.as_str()),
        };
        let (rows, total) = self.incidents_for(asking, filter).await?;
        if rows.is_empty() {
            return Ok(Answer::Text(format!("{title}: none.")));
        }
        let hint = "Write \"show INC-7\" to see one with its buttons.";
        let data = view::list(&title, &rows, total, hint);
        Ok(self.drawn("query-list", &data))
    }

    async fn show_incident(&self, key: &str, asking: &Asking<'_>) -> Result<Answer, LedgerError> {
        match self.find_for(asking, key).await? {
            Some(incident) => self.answer_card(asking, &incident).await,
            None if key_of(key).is_empty() => Ok(Answer::Text("Say which: `show INC-7`.".into())),
            None => Ok(Answer::Text(asking.none(key))),
        }
    }

    async fn show_ticket(&self, id: &str, asking: &Asking<'_>) -> Result<Answer, LedgerError> {
        let Some(itsm) = &self.itsm else {
            return Ok(Answer::Text("No ticket system is configured.".into()));
        };
        let id = id.trim().to_uppercase();
        let number = match self.find(&id).await? {
            Some(incident) if !asking.lookers.sight(&incident.event).is_whole() => {
                return Ok(Answer::Text(NOT_HERE.into()));
            }
            Some(incident) => match incident.ticket {
                Some(ticket) => ticket.number,
                None => return Ok(Answer::Text(format!("{id} has no ticket yet."))),
            },
            None if id.is_empty() => {
                return Ok(Answer::Text(
                    "Say which: `ticket INC-7` or `ticket INC0010001`.".into(),
                ));
            }
            None => id,
        };
        Ok(Answer::Text(match itsm.find(&number).await {
            Ok(Some(ticket)) => {
                let who = ticket.assigned_to.as_deref().unwrap_or("nobody");
                let link = ticket.url.map(|url| format!("\n\n{url}")).unwrap_or_default();
                let plain = |text: &str| text.replace(['*', '[', ']', '_', '`', '<', '>'], "");
                format!(
                    "**{}** {}\n\nState: {}. Assigned to: {}.{link}",
                    plain(&ticket.number),
                    plain(&ticket.summary),
                    plain(&ticket.state),
                    plain(who),
                )
            }
            Ok(None) => "There is no such ticket.".into(),
            Err(error) => {
                tracing::warn!(why = chain(&error), "a ticket could not be read");
                format!("{} does not answer at the moment. Please try again.", itsm.system())
            }
        }))
    }

    async fn status(&self) -> Result<Answer, LedgerError> {
        let counts = self.ledger.counts().await?;
        let (seq, hash) = self.ledger.head().await?;
        let head: String = hash.to_string().chars().take(12).collect();
        let mut lines = vec![
            format!("Events: {} accepted, {} waiting", counts.events, counts.waiting),
            format!("Incidents: {} open of {}", counts.open, counts.incidents),
            format!(
                "Cards: {} to be sent, {} in digests, {} given up",
                counts.cards_due, counts.digested, counts.dead
            ),
            format!("Audit trail: {seq} records, head `{head}`"),
        ];
        lines.extend(self.trouble().await?);
        if let Some(report) = self.measured.report() {
            let brief = view::measures::brief(&report);
            lines.extend(brief.into_iter().map(|line| format!("Last 7 days: {line}")));
        }
        let lines: Vec<String> = lines.into_iter().map(|line| format!("- {line}")).collect();
        Ok(Answer::Text(format!("**Argus is up.**\n\n{}", lines.join("\n"))))
    }

    pub(super) async fn find(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        self.ledger.incident(&key.trim().to_uppercase()).await
    }

    pub(super) fn drawn(&self, template: &str, data: &Value) -> Answer {
        match self.render(template, data) {
            Ok((card, _)) => Answer::Card(card),
            Err(why) => {
                tracing::error!(template, why, "a card could not be drawn");
                Answer::Text("The card could not be drawn; the log says why.".into())
            }
        }
    }
}

fn unavailable(error: &LedgerError) -> Answer {
    tracing::error!(why = chain(error), "a question could not be answered");
    Answer::Text("I cannot answer at the moment; the store does not. Please try again.".into())
}
