//! The Connector's REST interface, as Teams answers it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::limits::Kind as Metered;
use super::more::{More, on_its_host};
use super::roster;
pub(super) use super::size::object;
use super::stream::{self, Step};
use super::world::{self, Kind, Room, Shown, World};
use super::{Change, Core, Person, put, targeted};
use crate::testing::entra::CONNECTOR;
use crate::testing::wire::{FakeRequest, FakeResponse};

/// An answer, or the error that came first.
pub(super) type Answer = Result<FakeResponse, FakeResponse>;

#[derive(Clone, Copy)]
enum Call<'a> {
    Create,
    Send { to: &'a str, reply_to: Option<&'a str> },
    Update { to: &'a str, id: &'a str },
    Delete { to: &'a str, id: &'a str },
    Members { of: &'a str },
    Member { of: &'a str, id: &'a str },
    PagedMembers { of: &'a str },
    More(More<'a>),
}

impl<'a> Call<'a> {
    fn read(method: &Method, segments: &[&'a str]) -> Option<Self> {
        if let Some(more) = More::read(method, segments) {
            return Some(Self::More(more));
        }
        let ["v3", "conversations", path @ ..] = segments else { return None };
        match (method.as_str(), path) {
            ("POST", []) => Some(Self::Create),
            ("POST", [to, "activities"]) => Some(Self::Send { to, reply_to: None }),
            ("POST", [to, "activities", id]) => Some(Self::Send { to, reply_to: Some(id) }),
            ("PUT", [to, "activities", id]) => Some(Self::Update { to, id }),
            ("DELETE", [to, "activities", id]) => Some(Self::Delete { to, id }),
            ("GET", [of, "members"] | [of, "activities", _, "members"]) => {
                Some(Self::Members { of })
            }
            ("GET", [of, "members", id]) => Some(Self::Member { of, id }),
            ("GET", [of, "pagedmembers"]) => Some(Self::PagedMembers { of }),
            _ => None,
        }
    }

    /// Its name in fault scripts and effects.
    fn operation(self) -> &'static str {
        match self {
            Self::Create => "create_conversation",
            Self::Send { reply_to: None, .. } => "send",
            Self::Send { .. } => "reply",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Members { .. } | Self::Member { .. } | Self::PagedMembers { .. } => "members",
            Self::More(more) => more.operation(),
        }
    }

    /// What it counts as, and in which conversation.
    fn metered(self) -> (Metered, &'a str) {
        match self {
            Self::Create => (Metered::Send, ""),
            Self::Send { to, .. } => (Metered::Send, world::root(to)),
            Self::Update { to, .. } | Self::Delete { to, .. } => (Metered::Edit, world::root(to)),
            Self::Members { of } | Self::Member { of, .. } | Self::PagedMembers { of } => {
                (Metered::Read, world::root(of))
            }
            Self::More(more) => more.metered(),
        }
    }
}

/// Answers one request. Whatever comes before `v3` is the region and tenant of the service URL.
pub(super) async fn answer(core: &Core, request: &FakeRequest) -> FakeResponse {
    let segments = request.segments();
    let path: Vec<&str> = segments
        .iter()
        .map(String::as_str)
        .skip_while(|part| !["v1", "v3"].contains(part))
        .collect();
    let Some(call) = Call::read(&request.method, &path) else {
        return FakeResponse::html(404, "<!doctype html><title>404</title><h2>Not found</h2>");
    };
    // Held until the answer is on its way, so that a scripted delay keeps the conversation busy.
    let turn = Turn::take(core, call);
    let answer = core.faults.around("teams", call.operation(), async {
        match serve(core, request, call, &turn).await {
            Ok(answer) | Err(answer) => answer,
        }
    });
    let vector = STANDARD.encode(Uuid::new_v4().as_bytes());
    let answer = answer.await;
    if core.is_noted {
        core.traffic.said(request, &path, &answer);
    }
    answer.header("ms-cv", format!("{}.0", vector.trim_end_matches('=')))
}

async fn serve(core: &Core, request: &FakeRequest, call: Call<'_>, turn: &Turn<'_>) -> Answer {
    let claims =
        core.entra.check(request.bearer(), CONNECTOR).map_err(|denied| denied.response())?;
    if claims.app_id != core.app_id {
        return Err(error(401, "BotNotRegistered", "The bot is not registered."));
    }
    let (metered, conversation) = call.metered();
    throttle(core, metered, conversation)?;
    on_its_host(core, request, conversation)?;
    match call {
        Call::Create => create(core, request),
        Call::Send { to, reply_to } => send(core, request, to, reply_to, call.operation()),
        Call::Update { to, id } => {
            turn.work(core).await?;
            targeted::matches(core, request, id)?;
            update(core, request, to, id)
        }
        Call::Delete { to, id } => {
            turn.work(core).await?;
            targeted::matches(core, request, id)?;
            delete(core, to, id)
        }
        Call::Members { of } => roster::members(core, of),
        Call::Member { of, id } => roster::member(core, of, id),
        Call::PagedMembers { of } => roster::paged_members(core, request, of),
        Call::More(more) => more.answer(core, request),
    }
}

/// The right to edit in a conversation, which one request has at a time.
enum Turn<'a> {
    NotNeeded,
    Taken,
    Mine { core: &'a Core, conversation: &'a str },
}

impl<'a> Turn<'a> {
    fn take(core: &'a Core, call: Call<'a>) -> Self {
        let (Metered::Edit, conversation) = call.metered() else { return Self::NotNeeded };
        match core.state().world.room(conversation) {
            None => Self::NotNeeded,
            Some(room) if room.editing => Self::Taken,
            Some(room) => {
                room.editing = true;
                Self::Mine { core, conversation }
            }
        }
    }

    async fn work(&self, core: &Core) -> Result<(), FakeResponse> {
        if matches!(self, Self::Taken) {
            let text = "Another operation on the conversation is in progress.";
            return Err(error(412, "PreconditionFailed", text));
        }
        if !core.edit_time.is_zero() {
            tokio::time::sleep(core.edit_time).await;
        }
        Ok(())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Self::Mine { core, conversation } = self
            && let Some(room) = core.state().world.room(conversation)
        {
            room.editing = false;
        }
    }
}

fn throttle(core: &Core, kind: Metered, conversation: &str) -> Result<(), FakeResponse> {
    let now = core.now_ms();
    let mut state = core.state();
    let limits = state.limits.clone();
    state.meter.admit(&limits, kind, conversation, now).map_err(slow_down)
}

fn slow_down(wait_ms: i64) -> FakeResponse {
    // Whole seconds, rounded up: who waits that long is let through.
    let seconds = (wait_ms + 999) / 1000;
    error(429, "Throttled", "Too many requests.").header("retry-after", seconds.to_string())
}

fn create(core: &Core, request: &FakeRequest) -> Answer {
    let incorrect = || error(400, "BadSyntax", "Incorrect conversation creation parameters");
    let body = object(core, request)?;
    let channel = body.pointer("/channelData/channel/id").and_then(Value::as_str);
    let is_group = body.get("isGroup").and_then(Value::as_bool).unwrap_or(false);
    let activity = body.get("activity").filter(|activity| activity.is_object());
    // The two shapes that Teams takes; every other one gets the same 400.
    match (is_group, channel, activity) {
        (true, Some(channel), Some(activity)) => {
            let sent = post(core, channel, None, activity, "create_conversation")?;
            let id = format!("{};messageid={sent}", world::root(channel));
            Ok(FakeResponse::json(201, &json!({"id": id, "activityId": sent})))
        }
        (false, None, _) => {
            let person = only_member(core, &body).ok_or_else(incorrect)?;
            let id = world::personal_id(&core.bot_id(), &person.id);
            {
                let members = vec![person.clone()];
                let world = &mut core.state().world;
                world.open(&id, Kind::Personal, &person.tenant_id, None, members);
            }
            // As observed, the answer does not tell the id of a first activity in a personal chat.
            match activity {
                Some(activity) => drop(post(core, &id, None, activity, "create_conversation")?),
                None => core.faults.record("teams", "create_conversation", &id),
            }
            Ok(FakeResponse::json(201, &json!({"id": id})))
        }
        _ => Err(incorrect()),
    }
}

/// The one member of a personal chat: an id towards the bot, and a tenant.
fn only_member(core: &Core, body: &Value) -> Option<Person> {
    let [member] = body.get("members")?.as_array()?.as_slice() else { return None };
    let id = member.get("id")?.as_str().filter(|id| id.starts_with("29:"))?;
    let tenant =
        body.get("tenantId").or_else(|| body.pointer("/channelData/tenant/id"))?.as_str()?;
    Some(core.state().world.person(id).unwrap_or_else(|| Person::by_id(id, tenant)))
}

fn send(
    core: &Core,
    request: &FakeRequest,
    to: &str,
    reply_to: Option<&str>,
    operation: &str,
) -> Answer {
    let activity = object(core, request)?;
    if stream::info(&activity).is_some() {
        return streamed(core, to, &activity);
    }
    if activity.get("type").and_then(Value::as_str) == Some("typing") {
        let mut state = core.state();
        room(&mut state.world, to)?;
        core.faults.record("teams", "typing", to);
        return Ok(FakeResponse::status(202));
    }
    let person = targeted::person(core, request, to, &activity)?;
    let id = post(core, to, reply_to, &activity, operation)?;
    if let Some(person) = person {
        core.state().more.targeted.insert(id.clone(), person);
    }
    Ok(FakeResponse::json(201, &json!({"id": id})))
}

/// One part of a message that grows: 201 with the id for the first, 202 for what follows.
fn streamed(core: &Core, to: &str, activity: &Value) -> Answer {
    let Some(info) = stream::info(activity) else { return Err(unknown_activity()) };
    let now = core.now_ms();
    let mut state = core.state();
    let gap = i64::try_from(state.limits.stream_gap.as_millis()).unwrap_or(0);
    let target = room(&mut state.world, to)?;
    let kind = target.shown.kind;
    let id = info.get("streamId").and_then(Value::as_str);
    if let Some(wait_ms) = target.streams.too_soon(id, gap, now) {
        return Err(slow_down(wait_ms));
    }
    let step = target.streams.step(kind, activity, info, now);
    let step = step.map_err(|(status, code, message)| error(status, code, message))?;
    if let Step::Grow(id) | Step::Finish(id) = step {
        let mut activity = activity.clone();
        stamp(core, &mut activity, target, None, id);
        let shown = own(target, id)?;
        shown.activity = activity;
        let shown = shown.clone();
        core.faults.record("teams", "stream", id);
        core.announce(to, Change::Updated, &shown);
        return Ok(FakeResponse::json(202, &json!({})));
    }
    let id = state.world.next_id(now);
    let target = room(&mut state.world, to)?;
    target.streams.begin(&id, now);
    let mut activity = activity.clone();
    stamp(core, &mut activity, target, None, &id);
    let (thread, from_bot, edited) = (None, true, false);
    let shown = Shown { id: id.clone(), thread, from_bot, edited, activity };
    target.shown.activities.push(shown.clone());
    core.faults.record("teams", "stream", &id);
    core.announce(to, Change::Posted, &shown);
    Ok(FakeResponse::json(201, &json!({"id": id})))
}

/// Shows a new activity of the bot and gives its id.
pub(super) fn post(
    core: &Core,
    to: &str,
    reply_to: Option<&str>,
    activity: &Value,
    operation: &str,
) -> Result<String, FakeResponse> {
    sendable(activity)?;
    let now = core.now_ms();
    let mut state = core.state();
    room(&mut state.world, to)?;
    let id = state.world.next_id(now);
    let room = room(&mut state.world, to)?;
    let thread = match (room.shown.kind, world::thread(to), reply_to) {
        (Kind::Channel, Some(thread), _) => Some(thread.to_owned()),
        (Kind::Channel, None, Some(parent)) => {
            Some(room.thread_of(parent).unwrap_or_else(|| parent.to_owned()))
        }
        (Kind::Channel, None, None) => Some(id.clone()),
        _ => None,
    };
    let mut activity = activity.clone();
    stamp(core, &mut activity, room, thread.as_deref(), &id);
    if let Some(parent) = reply_to {
        put(&mut activity, "replyToId", json!(parent));
    }
    let shown = Shown { id: id.clone(), thread, from_bot: true, edited: false, activity };
    room.shown.activities.push(shown.clone());
    core.faults.record("teams", operation, world::root(to));
    core.announce(to, Change::Posted, &shown);
    Ok(id)
}

fn update(core: &Core, request: &FakeRequest, to: &str, id: &str) -> Answer {
    let mut activity = object(core, request)?;
    sendable(&activity)?;
    let mut state = core.state();
    let room = room(&mut state.world, to)?;
    let thread = own(room, id)?.thread.clone();
    stamp(core, &mut activity, room, thread.as_deref(), id);
    let shown = own(room, id)?;
    shown.activity = activity;
    shown.edited = true;
    let shown = shown.clone();
    core.faults.record("teams", "update", id);
    core.announce(to, Change::Updated, &shown);
    Ok(FakeResponse::json(200, &json!({"id": id})))
}

fn delete(core: &Core, to: &str, id: &str) -> Answer {
    let mut state = core.state();
    let room = room(&mut state.world, to)?;
    own(room, id)?;
    let shown = room.remove(id).ok_or_else(unknown_activity)?;
    core.faults.record("teams", "delete", id);
    core.announce(to, Change::Deleted, &shown);
    Ok(FakeResponse::status(200))
}

/// The conversation, if the bot may act in it.
pub(super) fn room<'a>(
    world: &'a mut World,
    conversation: &str,
) -> Result<&'a mut Room, FakeResponse> {
    let gone = || error(404, "ConversationNotFound", "Conversation not found.");
    let room = world.room(conversation).ok_or_else(gone)?;
    match room.refusal() {
        None => Ok(room),
        Some((status, code)) => Err(error(status, code, "The bot may not do this here.")),
    }
}

/// The bot's own activity.
fn own<'a>(room: &'a mut Room, id: &str) -> Result<&'a mut Shown, FakeResponse> {
    let shown = room.find(id).ok_or_else(unknown_activity)?;
    if shown.from_bot {
        return Ok(shown);
    }
    Err(error(403, "NotEnoughPermissions", "The bot can change its own messages only."))
}

fn unknown_activity() -> FakeResponse {
    error(404, "ActivityNotFoundInConversation", "Activity not found in conversation.")
}

/// Whether Teams can show it: a message with something in it.
fn sendable(activity: &Value) -> Result<(), FakeResponse> {
    if activity.get("type").and_then(Value::as_str) != Some("message") {
        return Err(error(400, "BadArgument", "Unknown activity type"));
    }
    let text = activity.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let attached = activity.get("attachments").and_then(Value::as_array);
    if text || attached.is_some_and(|attachments| !attachments.is_empty()) {
        return Ok(());
    }
    let message = "Activity must include non empty 'text' field or at least 1 attachment";
    Err(error(400, "BadSyntax", message))
}

/// What Teams adds to, or does not take from, what a bot sends.
fn stamp(core: &Core, activity: &mut Value, room: &Room, thread: Option<&str>, id: &str) {
    let now = core.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    put(activity, "id", json!(id));
    put(activity, "timestamp", json!(now));
    put(activity, "channelId", json!("msteams"));
    put(activity, "from", json!({"id": core.bot_id(), "name": core.bot_name}));
    put(activity, "conversation", room.conversation(thread));
}

pub(super) fn error(status: u16, code: &str, message: &str) -> FakeResponse {
    FakeResponse::json(status, &json!({"error": {"code": code, "message": message}}))
}
