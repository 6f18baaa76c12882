//! Messages that one person sees.

use serde_json::Value;

use super::rest::{error, room};
use super::{Core, FakeTeams, Person};
use crate::testing::wire::{FakeRequest, FakeResponse};

fn is_targeted(request: &FakeRequest) -> bool {
    request.query("isTargetedActivity") == Some("true")
}

/// Who alone is to see a message; nobody, if it is for all.
pub(super) fn person(
    core: &Core,
    request: &FakeRequest,
    to: &str,
    activity: &Value,
) -> Result<Option<String>, FakeResponse> {
    if !is_targeted(request) {
        return Ok(None);
    }
    let recipient = activity.pointer("/recipient/id").and_then(Value::as_str);
    let mut state = core.state();
    let members = &room(&mut state.world, to)?.shown.members;
    let known = recipient.filter(|id| members.iter().any(|person| person.id == *id));
    let missing =
        || error(400, "BadArgument", "A targeted activity needs a recipient in the chat.");
    known.map(|id| Some(id.to_owned())).ok_or_else(missing)
}

/// Whether an activity is edited as what it was sent as.
pub(super) fn matches(core: &Core, request: &FakeRequest, id: &str) -> Result<(), FakeResponse> {
    if core.state().more.targeted.contains_key(id) == is_targeted(request) {
        return Ok(());
    }
    Err(error(404, "ActivityNotFoundInConversation", "Activity not found in conversation."))
}

impl FakeTeams {
    /// What this person sees in a conversation: everything but what is for others only.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{FakeEntra, FakeTeams, Person};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let teams = FakeTeams::start(&FakeEntra::start().await?).await?;
    /// let alice = Person::new("Alice");
    /// let chat = teams.personal(&alice);
    /// teams.say(&chat, &alice, "hello");
    /// assert_eq!(teams.messages_for(&chat, &alice).len(), 1);
    /// // What is not there is not stopped, nor are batches that nobody began.
    /// teams.stop_stream(&chat, "1700000000000");
    /// teams.hold_batches();
    /// teams.release_batches();
    /// # Ok(()) }
    /// ```
    pub fn messages_for(&self, conversation: &str, person: &Person) -> Vec<Value> {
        let all = self.snapshot(conversation).map(|snapshot| snapshot.activities);
        let state = self.core.state();
        let is_seen = |id: &str| state.more.targeted.get(id).is_none_or(|one| *one == person.id);
        let seen = all.into_iter().flatten().filter(|shown| is_seen(&shown.id));
        seen.map(|shown| shown.activity).collect()
    }
}
