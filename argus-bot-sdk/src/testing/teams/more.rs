//! The calls beside conversations: teams, meetings, reactions, attachments, batches.

mod batch;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use self::batch::Batches;
use super::limits::Kind as Metered;
use super::rest::{Answer, error, object, room};
use super::world;
use super::{Core, FakeTeams, Person};
use crate::testing::wire::{FakeRequest, FakeResponse};

/// What is remembered beside the conversations.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Who alone sees an activity, by its id.
    pub(super) targeted: BTreeMap<String, String>,
    reactions: BTreeSet<(String, String)>,
    meetings: BTreeMap<String, Meeting>,
    attachments: BTreeMap<String, Value>,
    batches: Batches,
}

#[derive(Clone, Debug)]
struct Meeting {
    title: String,
    members: Vec<Person>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum More<'a> {
    Team { id: &'a str, channels: bool },
    Meeting { id: &'a str },
    Participant { id: &'a str, person: &'a str },
    Notify { id: &'a str },
    React { to: &'a str, id: &'a str, kind: &'a str, on: bool },
    Attach { to: &'a str },
    Attachment { id: &'a str, view: Option<&'a str> },
    StartBatch { kind: &'a str },
    Batch { id: &'a str },
    Failed { id: &'a str },
    Cancel { id: &'a str },
}

impl<'a> More<'a> {
    pub(super) fn read(method: &Method, segments: &[&'a str]) -> Option<Self> {
        Some(match (method.as_str(), segments) {
            ("GET", ["v3", "teams", id]) => Self::Team { id, channels: false },
            ("GET", ["v3", "teams", id, "conversations"]) => Self::Team { id, channels: true },
            ("GET", ["v1", "meetings", id]) => Self::Meeting { id },
            ("GET", ["v1", "meetings", id, "participants", person]) => {
                Self::Participant { id, person }
            }
            ("POST", ["v1", "meetings", id, "notification"]) => Self::Notify { id },
            (
                "PUT" | "DELETE",
                ["v3", "conversations", to, "activities", id, "reactions", kind],
            ) => Self::React { to, id, kind, on: method == Method::PUT },
            ("POST", ["v3", "conversations", to, "attachments"]) => Self::Attach { to },
            ("GET", ["v3", "attachments", id]) => Self::Attachment { id, view: None },
            ("GET", ["v3", "attachments", id, "views", view]) => {
                Self::Attachment { id, view: Some(view) }
            }
            ("POST", ["v3", "batch", "conversation", kind]) => Self::StartBatch { kind },
            ("GET", ["v3", "batch", "conversation", "failedentries", id]) => Self::Failed { id },
            ("GET", ["v3", "batch", "conversation", id]) => Self::Batch { id },
            ("DELETE", ["v3", "batch", "conversation", id]) => Self::Cancel { id },
            _ => return None,
        })
    }

    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Team { .. } => "teams",
            Self::Meeting { .. } | Self::Participant { .. } => "meetings",
            Self::Notify { .. } => "notification",
            Self::React { .. } => "reactions",
            Self::Attach { .. } | Self::Attachment { .. } => "attachments",
            Self::StartBatch { .. }
            | Self::Batch { .. }
            | Self::Failed { .. }
            | Self::Cancel { .. } => "batch",
        }
    }

    pub(super) fn metered(self) -> (Metered, &'a str) {
        match self {
            Self::Team { id, .. } => (Metered::Read, world::root(id)),
            Self::React { to, .. } | Self::Attach { to } => (Metered::Edit, world::root(to)),
            _ => (Metered::Edit, ""),
        }
    }

    pub(super) fn answer(self, core: &Core, request: &FakeRequest) -> Answer {
        match self {
            Self::Team { id, channels } => team(core, id, channels),
            Self::Meeting { id } => meeting(core, id),
            Self::Participant { id, person } => participant(core, request, id, person),
            Self::Notify { id } => notify(core, request, id),
            Self::React { to, id, kind, on } => react(core, to, id, kind, on),
            Self::Attach { to } => attach(core, request, to),
            Self::Attachment { id, view } => attachment(core, id, view),
            Self::StartBatch { kind } => batch::start(core, request, kind),
            Self::Batch { id } => batch::state(core, id),
            Self::Failed { id } => batch::failed(core, request, id),
            Self::Cancel { id } => batch::cancel(core, id),
        }
    }
}

/// A conversation of a government tenant is found at that cloud's address only.
pub(super) fn on_its_host(
    core: &Core,
    request: &FakeRequest,
    to: &str,
) -> Result<(), FakeResponse> {
    let mut state = core.state();
    let is_gcc = state.world.room(to).is_some_and(|room| room.life == world::Life::OnGccHost);
    if !is_gcc || request.path().starts_with("/gcc/") {
        return Ok(());
    }
    Err(error(403, "InvalidBotApiHost", "The tenant's conversations are at another host."))
}

fn team(core: &Core, id: &str, channels: bool) -> Answer {
    let mut state = core.state();
    let team = room(&mut state.world, id)?;
    if team.shown.kind != world::Kind::Channel {
        return Err(error(404, "NotFound", "Team not found."));
    }
    // The fake's teams have one channel each; clients name the first one, so it has no name here.
    let answer = if channels {
        json!({"conversations": [{"id": team.shown.id, "type": "standard"}]})
    } else {
        let group = Uuid::new_v5(&Uuid::NAMESPACE_URL, team.shown.id.as_bytes());
        json!({
            "id": team.shown.id,
            "name": team.shown.name,
            "aadGroupId": group.to_string(),
            "channelCount": 1,
            "memberCount": team.shown.members.len(),
        })
    };
    Ok(FakeResponse::json(200, &answer))
}

fn found(core: &Core, id: &str) -> Result<Meeting, FakeResponse> {
    let meeting = core.state().more.meetings.get(id).cloned();
    meeting.ok_or_else(|| error(404, "MeetingNotFound", "Meeting not found."))
}

fn meeting(core: &Core, id: &str) -> Answer {
    let meeting = found(core, id)?;
    let chat = world::group_id(&meeting.title);
    let organizer = meeting.members.first().map(|person| person.account(&core.tenant));
    let answer = json!({
        "details": {
            "id": id,
            "title": meeting.title,
            "type": "Scheduled",
            "joinUrl": format!("https://teams.example/l/meetup-join/{id}"),
        },
        "conversation": {"id": chat, "isGroup": true, "conversationType": "groupChat"},
        "organizer": organizer,
    });
    Ok(FakeResponse::json(200, &answer))
}

fn participant(core: &Core, request: &FakeRequest, id: &str, object_id: &str) -> Answer {
    let meeting = found(core, id)?;
    let tenant = request.query("tenantId").unwrap_or_default();
    let is_them = |it: &&Person| it.object_id == object_id && it.tenant_id == tenant;
    let person = meeting.members.iter().find(is_them);
    let person = person.ok_or_else(|| error(404, "NotFound", "Participant not found."))?;
    let role = if meeting.members.first() == Some(person) { "Organizer" } else { "Attendee" };
    let answer = json!({
        "user": person.member(),
        "meeting": {"role": role, "inMeeting": true},
        "conversation": {"id": world::group_id(&meeting.title), "isGroup": true},
    });
    Ok(FakeResponse::json(200, &answer))
}

fn notify(core: &Core, request: &FakeRequest, id: &str) -> Answer {
    let meeting = found(core, id)?;
    let body = object(core, request)?;
    let recipients = body.pointer("/value/recipients").and_then(Value::as_array);
    let is_known = body.get("type").and_then(Value::as_str) == Some("targetedMeetingNotification");
    let Some(recipients) = recipients.filter(|all| is_known && !all.is_empty()) else {
        return Err(error(400, "BadArgument", "Recipients are missing."));
    };
    let mut failures = Vec::new();
    for id in recipients.iter().filter_map(Value::as_str) {
        if meeting.members.iter().any(|person| person.id == id) {
            core.faults.record("teams", "notification", id);
        } else {
            failures.push(json!({
                "recipientMri": id,
                "errorCode": "BadArgument",
                "failureReason": "The recipient is not in the meeting.",
            }));
        }
    }
    if failures.is_empty() {
        return Ok(FakeResponse::status(202));
    }
    Ok(FakeResponse::json(207, &json!({"recipientsFailureInfo": failures})))
}

fn react(core: &Core, to: &str, id: &str, kind: &str, on: bool) -> Answer {
    let mut state = core.state();
    let unknown =
        || error(404, "ActivityNotFoundInConversation", "Activity not found in conversation.");
    room(&mut state.world, to)?.find(id).ok_or_else(unknown)?;
    let reaction = (id.to_owned(), kind.to_owned());
    if on {
        state.more.reactions.insert(reaction);
    } else {
        state.more.reactions.remove(&reaction);
    }
    core.faults.record("teams", "reactions", id);
    Ok(FakeResponse::status(200))
}

fn attach(core: &Core, request: &FakeRequest, to: &str) -> Answer {
    let body = request.json().filter(Value::is_object);
    let body = body.ok_or_else(|| error(400, "BadSyntax", "Invalid JSON body."))?;
    if !["originalBase64", "thumbnailBase64"].iter().any(|name| body.get(name).is_some()) {
        let text = "You must provide an original or thumbnail property";
        return Err(error(400, "MissingProperty", text));
    }
    let mut state = core.state();
    room(&mut state.world, to)?;
    let id = Uuid::new_v4().simple().to_string();
    state.more.attachments.insert(id.clone(), body);
    core.faults.record("teams", "attachments", to);
    Ok(FakeResponse::json(200, &json!({"id": id})))
}

fn attachment(core: &Core, id: &str, view: Option<&str>) -> Answer {
    let missing = || error(404, "NotFound", "Attachment not found.");
    let kept = core.state().more.attachments.get(id).cloned().ok_or_else(missing)?;
    let text = |name: &str| kept.get(name).and_then(Value::as_str);
    let content = |view: &str| {
        let encoded = kept.get(format!("{view}Base64"))?.as_str()?;
        STANDARD.decode(encoded).ok()
    };
    let Some(view) = view else {
        let views = ["original", "thumbnail"]
            .into_iter()
            .filter_map(|view| Some(json!({"viewId": view, "size": content(view)?.len()})));
        let info =
            json!({"name": text("name"), "type": text("type"), "views": views.collect::<Vec<_>>()});
        return Ok(FakeResponse::json(200, &info));
    };
    let bytes = content(view).ok_or_else(missing)?;
    let kind = text("type").unwrap_or("application/octet-stream");
    Ok(FakeResponse::status(200).header("content-type", kind).body(bytes))
}

impl FakeTeams {
    /// Plans a meeting, whose first member holds it, and gives its id.
    pub fn meeting(&self, title: &str, members: impl IntoIterator<Item = Person>) -> String {
        let chat = self.group_chat(title, []);
        let id = STANDARD.encode(format!("0#{chat}#0"));
        let meeting = Meeting { title: title.to_owned(), members: members.into_iter().collect() };
        self.core.state().more.meetings.insert(id.clone(), meeting);
        id
    }

    /// The bot's reactions to an activity, in the order of their names.
    pub fn reactions(&self, _conversation: &str, activity: &str) -> Vec<String> {
        let state = self.core.state();
        let own = state.more.reactions.iter().filter(|(id, _)| id == activity);
        own.map(|(_, kind)| kind.clone()).collect()
    }

    /// The service URL at which conversations of government tenants are found.
    pub fn gcc_url(&self) -> String {
        format!("{}/gcc/teams/", self.url())
    }

    /// Lets batches wait until [`FakeTeams::release_batches`], so that they can be cancelled.
    pub fn hold_batches(&self) {
        self.core.state().more.batches.is_held = true;
    }

    /// Sends what the batches that were held, and not cancelled, are about.
    pub fn release_batches(&self) {
        batch::release(&self.core);
    }
}
