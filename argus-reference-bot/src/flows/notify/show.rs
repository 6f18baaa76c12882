//! One card is brought up to date, or it is said why not.

use std::time::Duration;

use argus_bot_sdk::connector::{SendError, SendErrorKind};
use argus_bot_sdk::{Activity, ConversationRef};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::policy::sight::{Field, Sight};
use argus_soc::run::Run;
use jiff::SignedDuration;

use crate::chain::chain;
use crate::flows::Soc;
use crate::flows::sight::{SHORT, renew};
use crate::ports::ledger::{Batch, DueCard, LedgerError};
use crate::view::{self, Stand};

/// Tries before a card that is too old is given up: a clock that jumped ahead gives up nothing that
/// Teams would have taken.
const LEAST_TRIES: u32 = 3;

/// What a card is about.
#[derive(Clone, Copy)]
enum Subject<'a> {
    /// Its incident.
    Alert,
    /// A run that asks people.
    Request(&'a Run),
}

impl<'a> Subject<'a> {
    /// `None` if the incident has no such run.
    fn of(incident: &'a Incident, due: &DueCard) -> Option<Self> {
        match due.card.strip_prefix("approval/") {
            // `approval/INC-7.r1`, and `/reminder` or `/escalated` behind it.
            Some(card) => {
                let run = card.split_once('/').map_or(card, |(run, _)| run);
                incident.runs.get(run).map(Self::Request)
            }
            None => Some(Self::Alert),
        }
    }

    fn run(self) -> Option<&'a Run> {
        match self {
            Self::Alert => None,
            Self::Request(run) => Some(run),
        }
    }
}

/// A card that may be sent: rendered, with what is recorded of it.
struct Drawn {
    activity: Activity,
    template: String,
    version: u64,
}

/// How a send ended that needs no other try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Teams shows it.
    Shown,
    /// It was given up, or put somewhere else.
    Settled,
}

/// Why a send has to be tried again.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Teams did not take it now.
    Later {
        /// What it said.
        why: String,
        /// How long it wants us to wait.
        after: Option<Duration>,
        /// Whether it said "too often".
        throttled: bool,
    },
    /// The conversation is gone, or the bot was removed.
    Gone {
        /// What Teams said.
        why: String,
    },
    /// The store is in the way; Teams is not.
    Ours(String),
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Ours(chain(&error))
    }
}

impl Trouble {
    /// What an error of Teams' means for the conversation.
    pub(super) fn of(error: &SendError) -> Self {
        let why = chain(error);
        match error.kind() {
            SendErrorKind::Dormant => Self::Gone { why },
            kind => Self::Later {
                why,
                after: error.retry_after(),
                throttled: kind == SendErrorKind::Throttled,
            },
        }
    }

    /// What it is, for a log.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Later { why, .. } | Self::Gone { why } | Self::Ours(why) => why,
        }
    }
}

impl Soc {
    /// Brings one card up to date; it was tried `tried` times in vain before.
    pub(super) async fn show(&self, due: &DueCard, tried: u32) -> Result<Done, Trouble> {
        let Some(incident) = self.ledger.incident(&due.incident).await? else {
            return self.abandon(due, "its incident does not exist").await;
        };
        let (seq, _) = self.ledger.head().await?;
        let Some(what) = Subject::of(&incident, due) else {
            return self.abandon(due, "its run does not exist").await;
        };
        let drawn = self.draw(&incident, what, due, seq);
        let is_short = drawn.template == SHORT;
        let error = match self.send(&incident, due, drawn).await? {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if gone(due, &error) {
            return self.again(due, "somebody deleted its message").await;
        }
        // Whatever a designer did, or an alert carried: something of it is shown.
        if matches!(error.kind(), SendErrorKind::TooBig | SendErrorKind::Refused) && !is_short {
            let why = chain(&error);
            tracing::error!(incident.key = incident.key, why, "a card is sent shortened");
            let short = self.shortened(&incident, what, due, seq, &why);
            return match self.send(&incident, due, short).await? {
                Ok(done) => Ok(done),
                Err(error) => self.failed(due, &incident, tried, &error).await,
            };
        }
        self.failed(due, &incident, tried, &error).await
    }

    /// Sends one card and records what became of it.
    async fn send(
        &self,
        incident: &Incident,
        due: &DueCard,
        drawn: Drawn,
    ) -> Result<Result<Done, SendError>, LedgerError> {
        let to = self.conversation(&due.conversation);
        // Teams took it once without saying its id; then it cannot be updated.
        let known = due.activity_id.as_deref().filter(|id| !id.is_empty());
        self.is_our_turn()?;
        let sent = if let Some(id) = known {
            self.connector.update(&to, id, &drawn.activity).await
        } else {
            let attempted = What::NoticeAttempted {
                incident: due.incident.clone(),
                card: due.card.clone(),
                conversation: due.conversation.clone(),
            };
            let fact = self.fact(Actor::service("notifier"), &incident.correlation, attempted);
            let claim = self.shares.cards.claim();
            self.ledger.append(Batch { claim, ..Batch::one(fact) }).await?;
            self.connector.send(&to, &drawn.activity).await
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                if known.is_none() && error.is_undelivered() {
                    let refused = What::NoticeRefused {
                        incident: due.incident.clone(),
                        card: due.card.clone(),
                        why: chain(&error),
                    };
                    keep_what_was_said(self.record(incident, refused).await);
                }
                return Ok(Err(error));
            }
        };
        let delivered = What::NoticeDelivered {
            incident: due.incident.clone(),
            card: due.card.clone(),
            conversation: due.conversation.clone(),
            activity_id: sent.activity_id.or_else(|| known.map(str::to_owned)).unwrap_or_default(),
            version: drawn.version,
            template: drawn.template,
        };
        // Without its id the card would be created again.
        let fact = self.fact(Actor::service("notifier"), &incident.correlation, delivered);
        self.write_down(vec![fact]).await?;
        Ok(Ok(Done::Shown))
    }

    async fn failed(
        &self,
        due: &DueCard,
        incident: &Incident,
        tried: u32,
        error: &SendError,
    ) -> Result<Done, Trouble> {
        let why = chain(error);
        if matches!(error.kind(), SendErrorKind::TooBig | SendErrorKind::Refused) {
            return self.abandon(due, &why).await;
        }
        let began =
            if due.activity_id.is_some() { incident.updated_at } else { incident.opened_at };
        let hours = i64::from(self.notify.dead_after_hours);
        let age = self.clock.now().duration_since(began);
        if tried >= LEAST_TRIES && age >= SignedDuration::from_hours(hours) {
            return self.abandon(due, &format!("not delivered in {hours} hours: {why}")).await;
        }
        Err(Trouble::of(error))
    }

    /// The card is created once more, since what stood there is gone.
    async fn again(&self, due: &DueCard, why: &str) -> Result<Done, Trouble> {
        let moved = What::NoticeMoved {
            incident: due.incident.clone(),
            card: due.card.clone(),
            conversation: due.conversation.clone(),
            why: why.into(),
        };
        self.ledger.append(Batch::one(self.notifiers(moved))).await?;
        Ok(Done::Settled)
    }

    async fn abandon(&self, due: &DueCard, why: &str) -> Result<Done, Trouble> {
        let mut facts = vec![self.abandoned(due, why)];
        facts.extend(self.alarm(&due.conversation));
        // A card that is not known to be given up would be created again.
        self.write_down(facts).await?;
        Ok(Done::Settled)
    }

    /// Nothing is sent once another replica may have the cards.
    pub(super) fn is_our_turn(&self) -> Result<(), LedgerError> {
        if self.shares.cards.is_sure() {
            return Ok(());
        }
        Err(LedgerError::Unavailable("another replica sends cards now".into()))
    }

    /// The record that a card is given up, which is also logged.
    pub(super) fn abandoned(&self, due: &DueCard, why: &str) -> Fact {
        tracing::error!(
            incident.key = due.incident,
            card = due.card,
            why,
            "a card cannot be delivered and is given up; see `argus outbox list`"
        );
        self.notifiers(What::NoticeAbandoned {
            incident: due.incident.clone(),
            card: due.card.clone(),
            why: why.into(),
        })
    }

    /// A record of the notifier's that is about no incident's history.
    pub(super) fn notifiers(&self, what: What) -> Fact {
        self.fact(Actor::service("notifier"), "", what)
    }

    async fn record(&self, incident: &Incident, what: What) -> Result<(), LedgerError> {
        let fact = self.fact(Actor::service("notifier"), &incident.correlation, what);
        self.ledger.append(Batch::one(fact)).await
    }

    fn draw(&self, incident: &Incident, what: Subject<'_>, due: &DueCard, seq: u64) -> Drawn {
        let sight = self.sight_in(&due.conversation, &incident.event);
        let stand = self.stand(&due.conversation, seq, &sight);
        let twice = due.attempts > 0 || due.activity_id.as_deref() == Some("");
        match self.card(incident, what.run(), &stand, twice) {
            Ok((card, name)) => drawn(incident, card, name, &sight),
            // Whatever a designer did: it is shown.
            Err(why) => {
                tracing::error!(card = due.card, why, "a card is sent without its layout");
                self.shortened(incident, what, due, seq, &why)
            }
        }
    }

    /// The card without its layout: what it is about, and its buttons.
    fn shortened(
        &self,
        incident: &Incident,
        what: Subject<'_>,
        due: &DueCard,
        seq: u64,
        why: &str,
    ) -> Drawn {
        let sight = self.sight_in(&due.conversation, &incident.event);
        let stand = self.stand(&due.conversation, seq, &sight);
        let mut card = match what {
            Subject::Alert => view::plain(incident, &stand, why),
            Subject::Request(run) => view::approval::plain(incident, run, &stand, why),
        };
        renew(&mut card, incident, what.run(), &stand);
        drawn(incident, card, SHORT.into(), &sight)
    }

    /// Renders a card and says from which template and version.
    ///
    /// # Errors
    ///
    /// Why it cannot be rendered, in words for a log.
    pub fn render(
        &self,
        template: &str,
        data: &serde_json::Value,
    ) -> Result<(serde_json::Value, String), String> {
        let rendered =
            self.templates.render(template, data, None).map_err(|error| chain(&error))?;
        for diagnostic in &rendered.diagnostics {
            tracing::debug!(template, diagnostic = %diagnostic, "a template read what is not there");
        }
        let card = serde_json::from_slice(&rendered.json).map_err(|error| error.to_string())?;
        Ok((card, format!("{}@{}", rendered.template, rendered.version)))
    }

    /// What the buttons of a card in `conversation` need.
    pub fn stand<'a>(&'a self, conversation: &'a str, seq: u64, sight: &'a Sight) -> Stand<'a> {
        Stand {
            seq,
            sight,
            shared: self.access.is_shared(conversation),
            conversation,
            buttons: &self.buttons,
            connectors: &self.connectors,
            playbooks: &self.playbooks,
            notice: None,
        }
    }

    /// The data of the card that asks people about a run.
    pub fn request(&self, incident: &Incident, run: &Run, stand: &Stand<'_>) -> serde_json::Value {
        let next = self.approvals.escalate_to.as_deref().filter(|_| run.may_escalate());
        let asks = view::approval::Asks {
            deciders: self.access.who_decides(run),
            next: next.map(|to| self.access.label(to)),
        };
        view::approval::request(incident, run, &asks, stand)
    }

    /// Where a conversation is.
    pub(crate) fn conversation(&self, id: &str) -> ConversationRef {
        let place = self.routes.places().find(|place| place.conversation == id);
        let fallback = self.notify.fallback.as_ref().filter(|it| it.conversation == id);
        let url = place
            .and_then(|place| place.service_url.clone())
            .or_else(|| fallback.and_then(|it| it.service_url.clone()));
        ConversationRef::new(url.unwrap_or_else(|| self.default_service_url.clone()), id)
    }
}

/// That nothing arrived could not be written down, perhaps: then the next one says that it may be
/// there twice. What Teams said counts all the same, above all how long it wants us to wait.
pub(super) fn keep_what_was_said(written: Result<(), LedgerError>) {
    if let Err(error) = written {
        tracing::error!(why = chain(&error), "that a card was refused was not recorded");
    }
}

/// Whether the message that should be updated is not there any more.
fn gone(due: &DueCard, error: &SendError) -> bool {
    due.activity_id.is_some() && error.code() == Some("ActivityNotFoundInConversation")
}

fn drawn(incident: &Incident, card: serde_json::Value, template: String, sight: &Sight) -> Drawn {
    let mut activity = Activity::card(card);
    let title = sight.text(Field::Title, &incident.event.title);
    activity.summary = Some(format!("{} {}", incident.key, view::clip(&title, view::TITLE)));
    Drawn { activity, template, version: incident.version }
}
