//! Running a recording through a bot, without Teams and without a network.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::Bot;
use super::record::{Recorder, Recording};
use crate::auth::{Authenticator, Cloud, InboundConfig, Verified};
use crate::clock::ManualClock;
use crate::connector::{
    Connector, ConversationRef, CreatedConversation, NewConversation, SendError, SendErrorKind,
    Sent,
};
use crate::{Activity, Error, ErrorKind, Router};

/// One line of a recording; what a line does not have is not there.
#[derive(Deserialize)]
struct Line {
    process: Option<u64>,
    words: Option<bool>,
    request: Option<u64>,
    at: Option<String>,
    heard: Option<Value>,
    call: Option<String>,
    result: Option<Value>,
    answer: Option<Value>,
}

/// What a bot said in a recording, and what it says to the same now.
///
/// Each is the lines of calls and answers, in the order of the requests that they belong to.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replay {
    /// What the recording has.
    pub recorded: String,
    /// What was said now.
    pub outbound: String,
    /// The whole of the new recording.
    pub recording: String,
}

impl Replay {
    /// Whether the bot says the same, byte for byte.
    pub fn is_same(&self) -> bool {
        self.recorded == self.outbound
    }
}

impl std::fmt::Debug for Replay {
    /// Without what was said: it may be anybody's words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("is_same", &self.is_same()).finish_non_exhaustive()
    }
}

/// Runs a recording through a bot, offline: what was heard is heard again, one after the other, at
/// the recorded times, and calls give what they gave then.
///
/// Times come from the recording and so do the ids of posted messages and of turns; what a handler
/// takes from elsewhere (its own clock, random numbers) has to come from state that the test gives
/// to the router. A secret that the recorded bot made, such as the signature in a button, is
/// replaced by the one that the bot makes now. Requests that were refused are left out, because
/// they were not kept; and a handler that was too slow then is not too slow now.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] if the text is no recording, or one without words.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::bot::Recording;
/// use argus_bot_sdk::extract::Text;
/// use argus_bot_sdk::testing::{TestTeams, replay};
///
/// async fn echo(Text(text): Text) -> String {
///     format!("You said: {text}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let router = Router::new().message(echo);
/// let path = std::env::temp_dir().join(format!("argus-replay-{}", std::process::id()));
/// let recording = Recording::to(std::fs::File::create(&path)?).with_words();
/// let teams = TestTeams::builder(router.clone()).bot(|bot| bot.record(recording)).start().await?;
/// teams.user("Alice").says("hello").await;
///
/// let replayed = replay(&std::fs::read_to_string(&path)?, router).await?;
/// assert!(replayed.is_same() && replayed.outbound.contains("You said: hello"));
/// # std::fs::remove_file(path)?;
/// # Ok(()) }
/// ```
pub async fn replay(recording: &str, router: Router) -> Result<Replay, Error> {
    let lines = read(recording)?;
    let first = lines.first().filter(|line| line.process.is_some());
    let first = first.ok_or_else(|| invalid("this is no recording"))?;
    if first.words != Some(true) {
        return Err(invalid("a recording without words cannot be replayed"));
    }
    let clock = Arc::new(ManualClock::at(0));
    let written = Written::default();
    let process = first.process.unwrap_or_default();
    let to = Recording::to(written.clone()).with_words();
    let recorder = Recorder::new(to, Arc::clone(&clock) as Arc<dyn crate::Clock>, process);
    let recorder = Arc::new(recorder.play(Played::of(&lines)));
    let bot = bot(router, &clock, Arc::clone(&recorder), process)?;
    for line in lines {
        let Some(heard) = line.heard else { continue };
        if let Some(at) = line.at.and_then(|at| at.parse().ok()) {
            clock.set(at);
        }
        let activity: Activity = serde_json::from_value(recorder.revealed(heard))
            .map_err(|source| invalid("an activity cannot be read").with_source(source))?;
        // The recorded bot verified it before it wrote it down.
        let activity = Arc::new(Verified::for_test(activity));
        // What is answered is in the new recording, refusals by a full queue included.
        drop(bot.inner.dispatch_recorded(activity).await);
        bot.idle().await;
    }
    let new = written.text();
    Ok(Replay { recorded: outbound(recording)?, outbound: outbound(&new)?, recording: new })
}

/// The bot of a replay: its door is never asked, and its connector leads nowhere.
fn bot(
    router: Router,
    clock: &Arc<ManualClock>,
    recorder: Arc<Recorder>,
    process: u64,
) -> Result<Bot, Error> {
    let clock = Arc::clone(clock) as Arc<dyn crate::Clock>;
    let auth = Authenticator::new(InboundConfig::new("replay", Cloud::Public), Arc::clone(&clock))?;
    let mut builder = Bot::builder(router, Arc::new(auth), Arc::new(Nowhere)).clock(clock);
    builder.process = Some(process);
    let mut bot = builder.build();
    if let Some(inner) = Arc::get_mut(&mut bot.inner) {
        inner.recorder = Some(recorder);
    }
    Ok(bot)
}

fn read(recording: &str) -> Result<Vec<Line>, Error> {
    let line = |text| {
        serde_json::from_str(text)
            .map_err(|source| invalid("a line of the recording cannot be read").with_source(source))
    };
    recording.lines().map(line).collect()
}

/// The lines of calls and answers, those of one request together and its answer first: a message is
/// answered while its handler speaks.
fn outbound(recording: &str) -> Result<String, Error> {
    let mut lines = Vec::new();
    for (text, line) in recording.lines().zip(read(recording)?) {
        if line.call.is_some() || line.answer.is_some() {
            lines.push((line.request, line.answer.is_none(), text));
        }
    }
    lines.sort_by_key(|(request, is_call, _)| (*request, *is_call));
    Ok(lines.into_iter().flat_map(|(_, _, text)| [text, "\n"]).collect())
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::Invalid, why)
}

/// What calls gave in a recording, by request, in their order.
#[derive(Debug)]
pub(super) struct Played(Mutex<BTreeMap<u64, VecDeque<Value>>>);

impl Played {
    fn of(lines: &[Line]) -> Self {
        let mut results: BTreeMap<u64, VecDeque<Value>> = BTreeMap::new();
        for line in lines {
            if let (Some(request), Some(result)) = (line.request, &line.result) {
                results.entry(request).or_default().push_back(result.clone());
            }
        }
        Self(Mutex::new(results))
    }

    /// The result of the request's next call; one that was not made then does not arrive now.
    pub(super) fn next(&self, request: u64) -> Value {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = results.get_mut(&request).and_then(VecDeque::pop_front);
        next.unwrap_or_else(|| serde_json::json!({ "failed": "NotSent" }))
    }
}

/// Where a new recording is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connector that reaches nobody.
struct Nowhere;

fn nowhere<T>() -> Result<T, SendError> {
    Err(SendError::new(SendErrorKind::NotSent))
}

#[async_trait]
impl Connector for Nowhere {
    async fn send(&self, _: &ConversationRef, _: &Activity) -> Result<Sent, SendError> {
        nowhere()
    }

    async fn reply(&self, _: &ConversationRef, _: &str, _: &Activity) -> Result<Sent, SendError> {
        nowhere()
    }

    async fn update(&self, _: &ConversationRef, _: &str, _: &Activity) -> Result<Sent, SendError> {
        nowhere()
    }

    async fn delete(&self, _: &ConversationRef, _: &str) -> Result<Sent, SendError> {
        nowhere()
    }

    async fn create_conversation(
        &self,
        _: &str,
        _: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        nowhere()
    }
}
