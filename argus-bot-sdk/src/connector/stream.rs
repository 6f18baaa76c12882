//! Answers that grow while people watch.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::{Connector, ConversationRef, SendError, SendErrorKind, Sent, StreamRefusal};
use crate::{Activity, ActivityKind};

/// Teams takes about one part a second, and asks for text to be collected for 1.5 to 2 s
/// (learn.microsoft.com, "Stream bot messages").
const GAP: Duration = Duration::from_millis(1_500);
/// No part comes sooner after another than this (same source).
const LEAST_GAP: Duration = Duration::from_secs(1);
/// Teams ends a stream after two minutes; before that it is ended here, so that it ends well.
const LONGEST: Duration = Duration::from_secs(110);

/// A message that grows: what is [pushed](Self::push) is shown about once a second, and
/// [`finish`](Self::finish) replaces it with the whole message.
///
/// Where messages cannot grow, in channels and group chats, the whole message is sent at the end.
/// After two minutes no message grows; then it rests, and the end comes as an edit of it.
///
/// ```
/// use argus_bot_sdk::connector::{Finished, StreamReply};
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::{Activity, ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let chat = teams.teams().personal(&Person::new("Alice Berg"));
/// let to = ConversationRef::new(teams.teams().service_url(), &chat);
///
/// let mut answer = StreamReply::new(teams.connector(), &to);
/// answer.push("The host ").await?;
/// answer.push("is isolated.").await?; // kept: the first part was shown just now
/// assert!(matches!(answer.finish().await?, Finished::Streamed(_)));
/// assert_eq!(teams.teams().bot_messages(&chat)[0]["text"], "The host is isolated.");
/// # Ok(()) }
/// ```
#[must_use = "it ends with `finish`"]
pub struct StreamReply<'a, C: ?Sized> {
    connector: &'a C,
    to: &'a ConversationRef,
    gap: Duration,
    text: String,
    /// How much of the text people see.
    shown: usize,
    phase: Phase,
    /// When the next part may go.
    next: Option<Instant>,
}

enum Phase {
    New,
    Growing {
        id: String,
        sequence: u64,
        ends: Instant,
    },
    /// It is a message like others now, and can be edited.
    Resting {
        id: String,
    },
    /// It cannot grow here.
    Plain,
    Stopped,
}

/// What became of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Growth {
    /// People see it.
    Shown,
    /// It is kept and comes with the next part.
    Kept,
    /// The reader pressed "Stop": nobody waits for more.
    Stopped,
}

/// How a growing message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finished {
    /// The message grew to its end.
    Streamed(Sent),
    /// It could not grow, or not long enough; it came whole.
    Plain(Sent),
    /// The reader pressed "Stop".
    Stopped,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamInfo<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    stream_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_sequence: Option<u64>,
}

impl<'a, C: Connector + ?Sized> StreamReply<'a, C> {
    /// A message in this conversation; nothing is sent yet.
    pub fn new(connector: &'a C, to: &'a ConversationRef) -> Self {
        Self {
            connector,
            to,
            gap: GAP,
            text: String::new(),
            shown: 0,
            phase: Phase::New,
            next: None,
        }
    }

    /// The time between two parts, instead of 1.5 s; less than 1 s is not taken.
    pub fn gap(mut self, gap: Duration) -> Self {
        self.gap = gap.max(LEAST_GAP);
        self
    }

    /// Says what the bot is doing, such as "Reading the logs…", until there is text.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::connector::{SendError, StreamReply};
    /// use argus_bot_sdk::{Activity, Connector, ConversationRef};
    ///
    /// async fn tell(teams: &dyn Connector, to: &ConversationRef) -> Result<(), SendError> {
    ///     let mut answer = StreamReply::new(teams, to).gap(Duration::from_secs(2));
    ///     answer.inform("Reading the logs…").await?;
    ///     answer.push("Nothing was found.").await?;
    ///     answer.finish_with(Activity::message("Nothing was found in 3 logs.")).await?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn inform(&mut self, what: &str) -> Result<Growth, SendError> {
        if !self.text.is_empty() {
            return Ok(Growth::Kept);
        }
        self.part("informative", what.to_owned()).await
    }

    /// Adds text to the message.
    ///
    /// # Errors
    ///
    /// What is neither "too soon" nor "not here" nor "no more": the conversation is gone, or the
    /// service cannot be reached. The text is kept, and `finish` tries again.
    pub async fn push(&mut self, text: &str) -> Result<Growth, SendError> {
        self.text.push_str(text);
        if self.text.len() == self.shown {
            return Ok(Growth::Kept);
        }
        let all = self.text.clone();
        let growth = self.part("streaming", all).await?;
        if growth == Growth::Shown {
            self.shown = self.text.len();
        }
        Ok(growth)
    }

    /// Ends with the text that was pushed.
    ///
    /// # Errors
    ///
    /// As for [`finish_with`](Self::finish_with).
    pub async fn finish(self) -> Result<Finished, SendError> {
        self.finish_with(Activity::message("")).await
    }

    /// Ends with this message, which may have cards; without text it has the text that was pushed.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says what is true after it.
    pub async fn finish_with(mut self, mut last: Activity) -> Result<Finished, SendError> {
        last.kind = ActivityKind::Message;
        if last.text.as_deref().is_none_or(str::is_empty) {
            last.text = Some(std::mem::take(&mut self.text)).filter(|text| !text.is_empty());
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Plain);
        let id = match phase {
            Phase::Stopped => return Ok(Finished::Stopped),
            Phase::New | Phase::Plain => return self.plain(&last).await,
            Phase::Resting { id } => return self.edit(&id, &last).await,
            Phase::Growing { id, .. } => id,
        };
        self.wait().await;
        let whole = with_info(last.clone(), "final", Some(&id), None)?;
        match self.connector.send(self.to, &whole).await {
            Ok(sent) => Ok(Finished::Streamed(Sent { activity_id: Some(id), ..sent })),
            Err(error) => match error.stream_refusal() {
                Some(StreamRefusal::Stopped) => Ok(Finished::Stopped),
                Some(_) => self.edit(&id, &last).await,
                None => Err(error),
            },
        }
    }

    async fn part(&mut self, kind: &'static str, text: String) -> Result<Growth, SendError> {
        let now = Instant::now();
        let (id, sequence, is_late) = match &self.phase {
            Phase::Stopped => return Ok(Growth::Stopped),
            Phase::Plain | Phase::Resting { .. } => return Ok(Growth::Kept),
            Phase::New => (None, 1, false),
            Phase::Growing { id, sequence, ends } => (Some(id.clone()), sequence + 1, now >= *ends),
        };
        if self.next.is_some_and(|next| now < next) {
            return Ok(Growth::Kept);
        }
        if let (true, Some(id)) = (is_late, &id) {
            return self.rest(id.clone(), text).await;
        }
        let typing = Activity { kind: ActivityKind::Typing, ..Activity::message(text) };
        let part = with_info(typing, kind, id.as_deref(), Some(sequence))?;
        let sent = self.connector.send(self.to, &part).await;
        // From the answer on: Teams counted the part at some time before.
        let now = Instant::now();
        self.next = Some(now + self.gap);
        let error = match sent {
            Ok(sent) => {
                let ends = match &self.phase {
                    Phase::Growing { ends, .. } => *ends,
                    _ => now + LONGEST,
                };
                self.phase = match id.or(sent.activity_id) {
                    Some(id) => Phase::Growing { id, sequence, ends },
                    // A message without a name cannot grow.
                    None => Phase::Plain,
                };
                return Ok(Growth::Shown);
            }
            Err(error) => error,
        };
        if let Phase::Growing { sequence: last, .. } = &mut self.phase {
            // Whatever became of the part, its number is not given twice.
            *last = sequence;
        }
        self.refused(id, now, error)
    }

    /// What a part that was not taken means for those to come.
    fn refused(
        &mut self,
        id: Option<String>,
        now: Instant,
        error: SendError,
    ) -> Result<Growth, SendError> {
        match (error.stream_refusal(), id) {
            (Some(StreamRefusal::Stopped), _) => {
                self.phase = Phase::Stopped;
                return Ok(Growth::Stopped);
            }
            (Some(StreamRefusal::OutOfOrder), _) => return Ok(Growth::Kept),
            (Some(_), Some(id)) => {
                self.phase = Phase::Resting { id };
                return Ok(Growth::Kept);
            }
            (Some(_), None) => {
                self.phase = Phase::Plain;
                return Ok(Growth::Kept);
            }
            (None, _) => {}
        }
        let is_first = matches!(self.phase, Phase::New);
        match error.kind() {
            SendErrorKind::Throttled => {
                let wait = error.retry_after().unwrap_or(self.gap).max(self.gap);
                self.next = Some(now + wait);
                Ok(Growth::Kept)
            }
            SendErrorKind::Conflict => Ok(Growth::Kept),
            // A later part has all the text, so one that is lost does no harm.
            SendErrorKind::Ambiguous if !is_first => Ok(Growth::Kept),
            // 405 and its like: messages do not grow here. When the answer to the first part is
            // lost, nobody knows the message's name, and it cannot grow either.
            SendErrorKind::Ambiguous | SendErrorKind::Refused if is_first => {
                self.phase = Phase::Plain;
                Ok(Growth::Kept)
            }
            _ => Err(error),
        }
    }

    /// Ends the growing before Teams does.
    async fn rest(&mut self, id: String, text: String) -> Result<Growth, SendError> {
        let whole = with_info(Activity::message(text), "final", Some(&id), None)?;
        match self.connector.send(self.to, &whole).await {
            Err(error) if error.stream_refusal() == Some(StreamRefusal::Stopped) => {
                self.phase = Phase::Stopped;
                Ok(Growth::Stopped)
            }
            Err(error) if error.stream_refusal().is_none() => Err(error),
            ended => {
                self.phase = Phase::Resting { id };
                Ok(if ended.is_ok() { Growth::Shown } else { Growth::Kept })
            }
        }
    }

    /// The whole message in place of what there is.
    async fn edit(&self, id: &str, last: &Activity) -> Result<Finished, SendError> {
        match self.connector.update(self.to, id, last).await {
            Ok(sent) => Ok(Finished::Plain(Sent { activity_id: Some(id.to_owned()), ..sent })),
            Err(error) if error.kind() == SendErrorKind::Refused => self.plain(last).await,
            Err(error) => Err(error),
        }
    }

    async fn plain(&self, last: &Activity) -> Result<Finished, SendError> {
        self.connector.send(self.to, last).await.map(Finished::Plain)
    }

    async fn wait(&self) {
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
    }
}

impl<C: ?Sized> fmt::Debug for StreamReply<'_, C> {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReply").field("gap", &self.gap).finish_non_exhaustive()
    }
}

fn with_info(
    mut activity: Activity,
    stream_type: &'static str,
    stream_id: Option<&str>,
    stream_sequence: Option<u64>,
) -> Result<Activity, SendError> {
    let info = StreamInfo { kind: "streaminfo", stream_type, stream_id, stream_sequence };
    let info = serde_json::to_value(info)
        .map_err(|e| SendError::new(SendErrorKind::Refused).with_source(e))?;
    activity.entities.get_or_insert_default().push(info);
    Ok(activity)
}
