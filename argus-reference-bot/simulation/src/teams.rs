//! Teams as people see it: which cards stand where, in which state, and how often they were created.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::connector::{
    Connector, CreatedConversation, NewConversation, SendError, SendErrorKind, Sent,
};
use argus_bot_sdk::{Activity, ConversationRef};
use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;

use crate::auditor::Seen;
use crate::far::{Fate, Way};
use crate::plant::Plant;
use crate::stage::{Stage, locked};

/// The only service that may be told anything.
pub const SERVICE: &str = "https://smba.example/emea/";

/// Whoever is told to wait may have the next card in hand: the notifier hears of it once the refusal
/// is on record, and between its decision to send the next card and the sending lies a record too. On
/// a slow disk that is five seconds each.
const IN_HAND: Duration = Duration::from_secs(12);

/// Which card it is: the incident, and `card` or the digest of what is to be approved.
pub type Name = (String, String);

/// A message in a conversation.
#[derive(Clone, Debug)]
pub struct Message {
    /// Teams' id of it.
    pub id: String,
    /// Where it stands.
    pub conversation: String,
    /// Which card it is.
    pub name: Name,
    /// The version that it shows; 0 without its layout, which tells the version to nobody.
    pub version: u64,
    /// Every state it has shown, oldest first.
    pub cards: Vec<Value>,
}

/// Everything in Teams.
#[derive(Debug, Default)]
pub struct Teams {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    created: BTreeMap<Name, Creates>,
    under_way: BTreeMap<Name, u64>,
    held: BTreeMap<String, (u64, Instant, Instant)>,
    late: Vec<(Instant, String, String, Activity, bool)>,
    /// Incidents of which a card was too big, or was refused.
    refused: BTreeSet<String>,
}

/// What is known of the creates of one card.
#[derive(Debug, Default)]
struct Creates {
    made: u64,
    /// Of those, how many do not say that they may be here twice.
    unmarked: u64,
    /// Whether one of them ought to have.
    unsaid: bool,
    in_doubt: u64,
}

/// The connector as one life uses it.
#[derive(Debug)]
pub struct ToTeams {
    stage: Arc<Stage>,
    teams: Arc<Mutex<Teams>>,
    way: Arc<Way>,
    life: u64,
}

/// What a card says of itself in `speak`: `INC-7 card 3 0`.
fn read(activity: &Activity) -> Option<(Name, u64, bool, Value)> {
    let card = activity.attachments.as_ref()?.first()?.content.clone()?;
    let Some(speak) = card.get("speak").and_then(Value::as_str).map(str::to_owned) else {
        let title = card.pointer("/body/0/text")?.as_str()?;
        let body = card.get("body").and_then(Value::as_array).into_iter().flatten();
        let mut texts = body.filter_map(|it| it.get("text").and_then(Value::as_str));
        // Without its layout a request still says which one it is.
        let which = texts.find_map(|it| it.strip_prefix("Digest ")).unwrap_or("card");
        let name = (title.split_once(':')?.0.to_owned(), which.to_owned());
        return Some((name, 0, true, card));
    };
    let mut words = speak.split(' ');
    let name = (words.next()?.to_owned(), words.next()?.to_owned());
    let version = words.next()?.parse().ok()?;
    let is_marked = words.next()? != "0";
    Some((name, version, is_marked, card))
}

/// As [`read`]; `None` for a bulletin, which is about no incident. Any other card has its layout,
/// unless Teams did not take that.
fn known(
    stage: &Stage,
    refused: &BTreeSet<String>,
    activity: &Activity,
) -> Option<(Name, u64, bool, Value)> {
    let found = read(activity).filter(|it| it.1 > 0 || refused.contains(&it.0.0));
    let card = || activity.attachments.as_ref()?.first()?.content.clone();
    let speak = card().and_then(|card| card.get("speak")?.as_str().map(str::to_owned));
    if found.is_none() && speak.as_deref() != Some("bulletin") {
        stage.broke("cards", "a card came without its layout");
    }
    found
}

impl Teams {
    /// A card that is here more often than it was moved, and does not say so.
    pub fn unsaid(&self, seen: &Seen) -> Option<String> {
        let over = |(name, it): &(&Name, &Creates)| it.unsaid && it.unmarked > 1 + seen.moves(name);
        let found = self.created.iter().find(over);
        found.map(|(name, _)| format!("{name:?} is here twice and does not say so"))
    }

    /// Messages that show this card.
    pub fn of(&self, name: &Name) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.name == *name)
    }

    /// How many times a card was created although its bound allows fewer.
    pub fn created_too_often(&self, crashes: u64, seen: &Seen) -> Option<String> {
        let over =
            |(name, it): &(&Name, &Creates)| it.made > 1 + it.in_doubt + crashes + seen.moves(name);
        self.created.iter().find(over).map(|(name, it)| {
            format!(
                "{name:?} was created {} times, with {} answers lost and {crashes} crashes",
                it.made, it.in_doubt
            )
        })
    }

    /// The process died. A create may arrive still; an update dies with its connection, since nobody
    /// could keep it from undoing what the next life sends.
    pub fn crash(&mut self, way: &Way) {
        self.late.retain(|it| it.4);
        self.late.iter_mut().for_each(|it| it.0 = way.orphaned(it.0));
    }

    /// What was on its way arrives, if it is time.
    pub fn arrive_late(&mut self, stage: &Stage) {
        let now = Instant::now();
        while let Some(at) = self.late.iter().position(|it| it.0 <= now) {
            let (_, conversation, id, activity, creates) = self.late.remove(at);
            if creates {
                self.create(stage, &conversation, &id, &activity);
            } else {
                self.update(stage, &conversation, &id, &activity);
            }
        }
    }

    fn create(&mut self, stage: &Stage, conversation: &str, id: &str, activity: &Activity) {
        let Some((name, version, is_marked, card)) = known(stage, &self.refused, activity) else {
            return;
        };
        let creates = self.created.entry(name.clone()).or_default();
        creates.made += 1;
        creates.unmarked += u64::from(!is_marked);
        if creates.unmarked > 1 && name.1 == "card" {
            creates.unsaid = true;
        }
        stage.say("teams", &format!("{id} created in {conversation}: {name:?} version {version}"));
        let (id, conversation) = (id.to_owned(), conversation.to_owned());
        self.messages.push(Message { id, conversation, name, version, cards: vec![card] });
    }

    fn update(&mut self, stage: &Stage, conversation: &str, id: &str, activity: &Activity) {
        let Some((name, version, _, card)) = known(stage, &self.refused, activity) else { return };
        let found = self.messages.iter_mut().find(|it| it.id == id);
        let Some(message) = found.filter(|it| it.conversation == conversation) else {
            return stage.broke("cards", format!("{id} is not in {conversation}"));
        };
        stage.say("teams", &format!("{id} shows {name:?} version {version}"));
        if (0 < version && version < message.version) || name != message.name {
            let shown = (&message.name, message.version);
            stage.broke("I5", format!("{id} showed {shown:?} and now {name:?} {version}"));
        }
        message.version = version;
        message.cards.push(card);
    }
}

impl ToTeams {
    /// The connector for this life.
    pub fn new(stage: Arc<Stage>, teams: Arc<Mutex<Teams>>, way: Arc<Way>, life: u64) -> Self {
        Self { stage, teams, way, life }
    }

    async fn call(
        &self,
        to: &ConversationRef,
        id: Option<&str>,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        if to.service_url != SERVICE {
            self.stage.broke("I7", format!("a token would have gone to {}", to.service_url));
        }
        let conversation = to.conversation_id.clone();
        let name = read(activity).map(|(name, ..)| name).unwrap_or_default();
        self.leaves(&conversation, &name);
        let fate = self.way.fate(&self.stage);
        let new = format!("m-{}", self.way.chance().between(100_000, 999_999));
        let at = id.map_or(new.as_str(), |id| id);
        // One that names no id cannot be updated, so the next state is created beside it.
        let nameless = matches!(fate, Fate::NoId | Fate::Garbage);
        if (fate.is_in_doubt() || nameless) && id.is_none() {
            locked(&self.teams).created.entry(name.clone()).or_default().in_doubt += 1;
        }
        self.way.there(&self.stage, self.life).await;
        self.arrives(fate, &conversation, at, activity, id.is_none());
        self.way.back(&self.stage, self.life, fate).await;
        let mut teams = locked(&self.teams);
        teams.arrive_late(&self.stage);
        teams.under_way.remove(&name);
        if matches!(fate, Fate::TooBig | Fate::Refused) {
            teams.refused.insert(name.0.clone());
        }
        if let Fate::Throttled(Some(secs)) = fate {
            let now = Instant::now();
            let until = now + Duration::from_secs(secs);
            teams.held.insert(conversation, (self.life, now, until));
        }
        answer(fate, at)
    }

    /// One card is sent once at a time, and nothing is sent before it may be.
    fn leaves(&self, conversation: &str, name: &Name) {
        let mut teams = locked(&self.teams);
        let is_card = !name.0.is_empty();
        if teams.under_way.insert(name.clone(), self.life) == Some(self.life) && is_card {
            self.stage.broke("I5", format!("{name:?} is sent twice at once"));
        }
        let bound = teams.under_way.values().filter(|life| **life == self.life).count();
        if bound > 256 {
            self.stage.broke("I9", format!("{bound} cards are under way at once"));
        }
        let now = Instant::now();
        let Some(&(life, told, until)) = teams.held.get(conversation) else { return };
        if life == self.life && now < until && now > told + IN_HAND {
            let early = until.duration_since(now);
            let what = format!("{conversation} was written to {early:?} before it may be");
            self.stage.broke("G9", what);
        }
    }

    fn arrives(&self, fate: Fate, conversation: &str, at: &str, activity: &Activity, new: bool) {
        let mut teams = locked(&self.teams);
        teams.arrive_late(&self.stage);
        let plant = self.stage.plant;
        if plant == Some(Plant::CardNowhere) && new && self.way.chance().permille(200) {
            return;
        }
        let stale = plant == Some(Plant::StaleCard) && !new && self.way.chance().permille(200);
        if fate == Fate::Late || stale {
            let when =
                if stale { Instant::now() + Duration::from_secs(20) } else { self.way.late() };
            teams.late.push((when, conversation.into(), at.into(), activity.clone(), new));
        } else if fate.arrives() && new {
            teams.create(&self.stage, conversation, at, activity);
            if plant == Some(Plant::CardTwice) && fate == Fate::ResetAfter {
                teams.create(&self.stage, conversation, &format!("{at}-2"), activity);
            }
        } else if fate.arrives() {
            teams.update(&self.stage, conversation, at, activity);
        }
    }
}

/// What the connector makes of a fate.
fn answer(fate: Fate, id: &str) -> Result<Sent, SendError> {
    let error = |kind| Err(SendError::new(kind));
    match fate {
        Fate::Fine | Fate::Slow => Ok(Sent::new(Some(id.into()), 201)),
        Fate::NoId | Fate::Garbage => Ok(Sent::new(None, 200)),
        Fate::NotSent => error(SendErrorKind::NotSent),
        Fate::Throttled(wait) => {
            let throttled = SendError::new(SendErrorKind::Throttled);
            Err(match wait {
                Some(secs) => throttled.after(Duration::from_secs(secs)),
                None => throttled,
            })
        }
        Fate::Unauthorised => error(SendErrorKind::Auth),
        Fate::Precondition => error(SendErrorKind::Conflict),
        Fate::Gone => error(SendErrorKind::Dormant),
        Fate::TooBig => error(SendErrorKind::TooBig),
        Fate::Refused => error(SendErrorKind::Refused),
        Fate::ResetBefore
        | Fate::ResetAfter
        | Fate::TimeoutBefore
        | Fate::TimeoutAfter
        | Fate::Late
        | Fate::ErrorBefore
        | Fate::ErrorAfter => error(SendErrorKind::Ambiguous),
    }
}

#[async_trait]
impl Connector for ToTeams {
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        self.call(to, None, activity).await
    }

    async fn reply(
        &self,
        to: &ConversationRef,
        _: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        self.call(to, None, activity).await
    }

    async fn update(
        &self,
        to: &ConversationRef,
        id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        self.call(to, Some(id), activity).await
    }

    async fn delete(&self, _: &ConversationRef, _: &str) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }

    async fn create_conversation(
        &self,
        _: &str,
        _: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }
}
