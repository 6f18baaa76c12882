//! Meetings: what they are, who takes part, and notes to people in them.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Call, Connector, SendError};

/// Asks about meetings, and notifies people in them.
///
/// ```
/// use argus_bot_sdk::connector::{MeetingNotification, Meetings};
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::Router;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = TestTeams::start(Router::new()).await?;
/// let alice = Person::new("Alice Berg");
/// let meeting = world.teams().meeting("War room", [alice.clone()]);
///
/// let url = world.teams().service_url();
/// let meetings = Meetings::new(world.connector(), &url);
/// assert_eq!(meetings.details(&meeting).await?.details.title.as_deref(), Some("War room"));
///
/// let note = MeetingNotification::to([alice.id.as_str(), "29:stranger"])
///     .stage("Evidence", "https://soc.example/evidence");
/// let missed = meetings.notify(&meeting, &note).await?;
/// assert_eq!(missed[0].recipient_mri, "29:stranger");
/// # Ok(()) }
/// ```
#[must_use]
pub struct Meetings<'a, C: ?Sized> {
    connector: &'a C,
    service_url: &'a str,
}

impl<'a, C: Connector + ?Sized> Meetings<'a, C> {
    /// Asks the Connector at this service URL.
    pub fn new(connector: &'a C, service_url: &'a str) -> Self {
        Self { connector, service_url }
    }

    /// When a meeting is, where it can be joined and who holds it.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says why nothing was told.
    pub async fn details(&self, meeting_id: &str) -> Result<MeetingDetails, SendError> {
        self.connector.perform(self.call(Method::GET, meeting_id)).await?.json()
    }

    /// Somebody's part in a meeting, by the object id in Entra and the person's tenant.
    ///
    /// # Errors
    ///
    /// As for [`details`](Self::details).
    pub async fn participant(
        &self,
        meeting_id: &str,
        aad_object_id: &str,
        tenant_id: &str,
    ) -> Result<MeetingParticipant, SendError> {
        let call = self.call(Method::GET, meeting_id).at(["participants", aad_object_id]);
        self.connector.perform(call.query("tenantId", tenant_id)).await?.json()
    }

    /// Shows something to people in a meeting. Gives those who were not reached; when all were
    /// (202), there is none.
    ///
    /// # Errors
    ///
    /// As for [`details`](Self::details).
    pub async fn notify(
        &self,
        meeting_id: &str,
        note: &MeetingNotification,
    ) -> Result<Vec<NotificationFailure>, SendError> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Failures {
            recipients_failure_info: Vec<NotificationFailure>,
        }
        let call = self.call(Method::POST, meeting_id).at(["notification"]).json(note)?;
        let reply = self.connector.perform(call).await?;
        if reply.status != 207 {
            return Ok(Vec::new());
        }
        Ok(reply.json::<Failures>()?.recipients_failure_info)
    }

    fn call(&self, method: Method, meeting_id: &str) -> Call {
        Call::new(method, self.service_url).at(["v1", "meetings", meeting_id])
    }
}

impl<C: ?Sized> std::fmt::Debug for Meetings<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meetings").finish_non_exhaustive()
    }
}

/// A meeting as the Connector tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MeetingDetails {
    /// The meeting itself.
    pub details: Meeting,
    /// Its chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<crate::Conversation>,
    /// Who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizer: Option<crate::Account>,
    /// What else Teams says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// When a meeting is, and where.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Meeting {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id in Graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms_graph_resource_id: Option<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `Scheduled`, `Recurring`, `MeetNow` and others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it is to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_start_time: Option<String>,
    /// When it is to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_end_time: Option<String>,
    /// Where it can be joined; who has it can come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_url: Option<String>,
    /// What else Teams says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl std::fmt::Debug for Meeting {
    /// Without title and address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meeting").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Somebody's part in a meeting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MeetingParticipant {
    /// Who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<super::Member>,
    /// `role`: `Organizer`, `Presenter` or `Attendee`; `inMeeting`: whether they are there now.
    pub meeting: Map<String, Value>,
    /// The meeting's chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<crate::Conversation>,
}

impl MeetingParticipant {
    /// `Organizer`, `Presenter` or `Attendee`.
    pub fn role(&self) -> Option<&str> {
        self.meeting.get("role")?.as_str()
    }

    /// Whether they are in the meeting now.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Connector, Meetings, SendError};
    ///
    /// /// Whether somebody who leads the meeting is there to be asked.
    /// async fn can_decide(
    ///     connector: &dyn Connector,
    ///     service_url: &str,
    ///     [meeting, person, tenant]: [&str; 3],
    /// ) -> Result<bool, SendError> {
    ///     let meetings = Meetings::new(connector, service_url);
    ///     let part = meetings.participant(meeting, person, tenant).await?;
    ///     Ok(part.role() == Some("Organizer") && part.is_in_meeting())
    /// }
    /// ```
    pub fn is_in_meeting(&self) -> bool {
        self.meeting.get("inMeeting").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// What is to be shown to whom in a meeting.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
#[must_use]
pub struct MeetingNotification {
    /// `targetedMeetingNotification`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `recipients` and `surfaces`.
    pub value: Value,
}

impl MeetingNotification {
    /// For these people, by their `29:…` ids.
    pub fn to<'a>(recipients: impl IntoIterator<Item = &'a str>) -> Self {
        let recipients: Vec<&str> = recipients.into_iter().collect();
        Self {
            kind: "targetedMeetingNotification".to_owned(),
            value: json!({"recipients": recipients, "surfaces": []}),
        }
    }

    /// Opens a page of the app in front of the meeting.
    pub fn stage(self, title: &str, url: &str) -> Self {
        let value = json!({"title": title, "url": url, "height": "medium", "width": "medium"});
        let content = json!({"type": "continue", "value": value});
        let surface = json!({"surface": "meetingStage", "contentType": "task", "content": content});
        self.surface(surface)
    }

    /// Puts a dot on the app's icon, or on that of one of its tabs.
    ///
    /// ```
    /// use argus_bot_sdk::connector::MeetingNotification;
    ///
    /// let note = MeetingNotification::to(["29:ana"]).tab_icon(Some("alerts")).tab_icon(None);
    /// assert_eq!(note.value["surfaces"][0]["tabEntityId"], "alerts");
    /// assert_eq!(note.value["surfaces"][1]["surface"], "meetingTabIcon");
    /// ```
    pub fn tab_icon(self, tab_entity_id: Option<&str>) -> Self {
        let mut surface = json!({"surface": "meetingTabIcon"});
        if let (Some(id), Some(surface)) = (tab_entity_id, surface.as_object_mut()) {
            surface.insert("tabEntityId".to_owned(), json!(id));
        }
        self.surface(surface)
    }

    fn surface(mut self, surface: Value) -> Self {
        if let Some(surfaces) = self.value.pointer_mut("/surfaces").and_then(Value::as_array_mut) {
            surfaces.push(surface);
        }
        self
    }
}

/// Somebody whom a notification did not reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct NotificationFailure {
    /// The person's `29:…` id.
    pub recipient_mri: String,
    /// A code such as `BadArgument`.
    pub error_code: String,
    /// The reason in words.
    pub failure_reason: String,
}
