//! What Teams says in `channelData`.

use std::fmt;

use serde_json::Value;

/// A view of `channelData` by the names that Teams uses; what is missing is `None`.
///
/// ```
/// let moved: argus_bot_sdk::Activity = serde_json::from_str(
///     r#"{"type": "message", "channelData": {
///         "team": {"id": "19:team@thread.tacv2", "aadGroupId": "0f0e"},
///         "channel": {"id": "19:soc@thread.tacv2"}, "meeting": {"id": "MCMx"},
///         "settings": {"selectedChannel": {"id": "19:all@thread.tacv2"}}, "source": {"name": "message"}
///     }}"#,
/// )?;
/// let channel = moved.channel();
/// assert_eq!(channel.team_id(), Some("19:team@thread.tacv2"));
/// assert_eq!(channel.team_group_id(), Some("0f0e"));
/// assert_eq!(channel.channel_id(), Some("19:soc@thread.tacv2"));
/// assert_eq!(channel.selected_channel_id(), Some("19:all@thread.tacv2"));
/// assert_eq!(channel.meeting_id(), Some("MCMx"));
/// assert_eq!(channel.source_name(), Some("message"));
/// assert_eq!(channel.event_type(), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ChannelData<'a> {
    data: Option<&'a Value>,
}

impl<'a> ChannelData<'a> {
    pub(crate) fn new(data: Option<&'a Value>) -> Self {
        Self { data }
    }

    /// All of it, as it came.
    pub(crate) fn data(self) -> Option<&'a Value> {
        self.data
    }

    /// The Entra tenant of the conversation.
    pub fn tenant_id(self) -> Option<&'a str> {
        self.text(&["tenant", "id"])
    }

    /// The team.
    pub fn team_id(self) -> Option<&'a str> {
        self.text(&["team", "id"])
    }

    /// The Entra group behind the team.
    pub fn team_group_id(self) -> Option<&'a str> {
        self.text(&["team", "aadGroupId"])
    }

    /// The channel of the team.
    pub fn channel_id(self) -> Option<&'a str> {
        self.text(&["channel", "id"])
    }

    /// The channel that was chosen when the app was installed.
    pub fn selected_channel_id(self) -> Option<&'a str> {
        self.text(&["settings", "selectedChannel", "id"])
    }

    /// What happened, such as `teamMemberAdded`.
    pub fn event_type(self) -> Option<&'a str> {
        self.text(&["eventType"])
    }

    /// The meeting.
    pub fn meeting_id(self) -> Option<&'a str> {
        self.text(&["meeting", "id"])
    }

    /// Where a click comes from, `message` for a card in a chat.
    pub fn source_name(self) -> Option<&'a str> {
        self.text(&["source", "name"])
    }

    /// Not by `Value::pointer`, which copies each name: every activity is asked for its tenant.
    fn text(self, path: &[&str]) -> Option<&'a str> {
        path.iter().try_fold(self.data?, |data, name| data.get(name))?.as_str()
    }
}

impl fmt::Debug for ChannelData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelData")
            .field("event_type", &self.event_type())
            .finish_non_exhaustive()
    }
}
