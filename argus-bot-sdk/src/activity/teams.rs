//! What Teams says in `channelData`, typed; see [`TeamsData`].

use crate::activity::Activity;
use crate::record::record;

record! {
    /// `channelData` of an activity in Teams.
    ///
    /// [`Activity::channel`] looks at single members without copying; this is all of it.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let installed: Activity = serde_json::from_str(
    ///     r#"{ "type": "installationUpdate", "channelData": {
    ///          "settings": { "selectedChannel": { "id": "19:a@thread.tacv2", "name": "Alerts" } } } }"#,
    /// )?;
    /// let chosen = installed.teams_data().settings.unwrap().selected_channel.unwrap();
    /// assert_eq!(chosen.name.as_deref(), Some("Alerts"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct TeamsData {
        /// The tenant.
        tenant: Tenant = "tenant",
        /// The team.
        team: Team = "team",
        /// The channel of the team.
        channel: Channel = "channel",
        /// What happened, such as `teamMemberAdded`.
        event_type: String = "eventType",
        /// What was chosen when the app was installed.
        settings: Settings = "settings",
        /// The meeting.
        meeting: Meeting = "meeting",
        /// Whether people are told by their devices.
        notification: Notification = "notification",
        /// How people say whether an answer is good.
        feedback_loop: FeedbackLoop = "feedbackLoop",
        /// The older way to ask for the usual feedback buttons.
        feedback_loop_enabled: bool = "feedbackLoopEnabled",
        /// For whom the message was written.
        on_behalf_of: Vec<OnBehalfOf> = "onBehalfOf",
        /// The app.
        app: AppInfo = "app",
        /// By which team or chat somebody is a member of a shared channel.
        membership_source: MembershipSource = "membershipSource",
        /// Where a click comes from.
        source: Source = "source",
        /// The teams with which a channel is shared now.
        shared_with_teams: Vec<Team> = "sharedWithTeams",
        /// The teams with which a channel is shared no more.
        unshared_from_teams: Vec<Team> = "unsharedFromTeams",
        /// The stream to which the message belongs.
        stream_id: String = "streamId",
        /// `informative`, `streaming` or `final`.
        stream_type: String = "streamType",
        /// The number of the message in its stream, from 1.
        stream_sequence: u64 = "streamSequence",
    }
}

record! {
    /// An Entra tenant.
    pub struct Tenant {
        /// Its id.
        id: String = "id",
    }
}

record! {
    /// A team.
    pub struct Team {
        /// The id of its General channel's thread.
        id: String = "id",
        /// Its name.
        name: String = "name",
        /// The Entra group behind it.
        aad_group_id: String = "aadGroupId",
        /// The tenant to which it belongs.
        tenant_id: String = "tenantId",
        /// `standard`, `sharedChannel` or `privateChannel`.
        kind: String = "type",
        /// How many channels it has.
        channel_count: u64 = "channelCount",
        /// How many members it has.
        member_count: u64 = "memberCount",
    }
}

record! {
    /// A channel of a team.
    pub struct Channel {
        /// Its thread.
        id: String = "id",
        /// Its name; the General channel has none.
        name: String = "name",
        /// `standard`, `shared` or `private`.
        kind: String = "type",
    }
}

record! {
    /// What was chosen when the app was installed.
    pub struct Settings {
        /// The channel for which it was installed.
        selected_channel: Channel = "selectedChannel",
    }
}

record! {
    /// A meeting.
    pub struct Meeting {
        /// Its id.
        id: String = "id",
    }
}

record! {
    /// Whether people are told by their devices.
    pub struct Notification {
        /// Whether they are told at all.
        alert: bool = "alert",
        /// Whether it is shown in the meeting in which they are.
        alert_in_meeting: bool = "alertInMeeting",
        /// A page that opens in the meeting.
        external_resource_url: String = "externalResourceUrl",
    }
}

record! {
    /// How people say whether an answer is good.
    pub struct FeedbackLoop {
        /// `default`, or `custom` for a form of the bot's own, which is asked for by
        /// [`MessageFetchTask`](crate::invoke::MessageFetchTask).
        kind: String = "type",
    }
}

record! {
    /// For whom a message was written.
    pub struct OnBehalfOf {
        /// Its place in the list, from 0.
        item_id: i64 = "itemid",
        /// `person`.
        mention_type: String = "mentionType",
        /// The person's channel id.
        mri: String = "mri",
        /// Their name.
        display_name: String = "displayName",
    }
}

record! {
    /// An app.
    pub struct AppInfo {
        /// Its id.
        id: String = "id",
        /// Its version.
        version: String = "version",
    }
}

record! {
    /// By which team or chat somebody is a member of a shared channel.
    pub struct MembershipSource {
        /// `channel` or `team`.
        source_type: String = "sourceType",
        /// The thread of the channel or team.
        id: String = "id",
        /// `direct` or `transitive`.
        membership_type: String = "membershipType",
        /// The Entra group behind the team.
        team_group_id: String = "teamGroupId",
        /// The person's tenant.
        tenant_id: String = "tenantId",
    }
}

record! {
    /// Where a click comes from.
    pub struct Source {
        /// `message` for a card in a chat, `compose` for a message extension.
        name: String = "name",
    }
}

impl Activity {
    /// `channelData` by the names of Teams; empty if there is none.
    pub fn teams_data(&self) -> TeamsData {
        let typed = self.channel().data().map(<TeamsData as serde::Deserialize>::deserialize);
        typed.and_then(Result::ok).unwrap_or_default()
    }

    /// Replaces `channelData`. What stood there and is not in `data` is gone.
    #[must_use]
    pub fn with_teams_data(mut self, data: &TeamsData) -> Self {
        self.channel_data = serde_json::to_value(data).ok().map(Into::into);
        self
    }

    /// Asks for feedback on the message by the usual buttons, which comes back as
    /// [`MessageSubmitAction`](crate::invoke::MessageSubmitAction).
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let answer = Activity::message("It was a false alarm.").with_feedback();
    /// assert_eq!(answer.teams_data().feedback_loop.unwrap().kind.as_deref(), Some("default"));
    /// ```
    #[must_use]
    pub fn with_feedback(self) -> Self {
        self.feedback_of("default")
    }

    /// The same with a form of the bot's own, which Teams asks for by
    /// [`MessageFetchTask`](crate::invoke::MessageFetchTask).
    #[must_use]
    pub fn with_custom_feedback(self) -> Self {
        self.feedback_of("custom")
    }

    fn feedback_of(mut self, kind: &str) -> Self {
        let mut data = self.teams_data();
        data.feedback_loop = Some(FeedbackLoop::default().kind(kind));
        self.channel_data = serde_json::to_value(data).ok().map(Into::into);
        self
    }

    /// Sets whether people's devices tell of the message.
    #[must_use]
    pub fn with_notification(mut self, notification: Notification) -> Self {
        let mut data = self.teams_data();
        data.notification = Some(notification);
        self.channel_data = serde_json::to_value(data).ok().map(Into::into);
        self
    }
}
