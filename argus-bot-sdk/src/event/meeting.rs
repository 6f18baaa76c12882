//! Meetings, and what people read.

use crate::event::{Event, carried};
use crate::record::record;
use crate::{Account, Activity};

const START: &str = "application/vnd.microsoft.meetingStart";
const END: &str = "application/vnd.microsoft.meetingEnd";
const JOIN: &str = "application/vnd.microsoft.meetingParticipantJoin";
const LEAVE: &str = "application/vnd.microsoft.meetingParticipantLeave";
const READ: &str = "application/vnd.microsoft.readReceipt";

record! {
    /// A meeting began.
    pub struct MeetingStart {
        /// The meeting's id.
        id: String = "Id",
        /// Its title.
        title: String = "Title",
        /// `Scheduled`, `Adhoc` and others.
        meeting_type: String = "MeetingType",
        /// The link by which people join it.
        join_url: String = "JoinUrl",
        /// When it began, as RFC 3339 text.
        start_time: String = "StartTime",
    }
}

record! {
    /// A meeting ended.
    pub struct MeetingEnd {
        /// The meeting's id.
        id: String = "Id",
        /// Its title.
        title: String = "Title",
        /// `Scheduled`, `Adhoc` and others.
        meeting_type: String = "MeetingType",
        /// The link by which people joined it.
        join_url: String = "JoinUrl",
        /// When it ended, as RFC 3339 text.
        end_time: String = "EndTime",
    }
}

record! {
    /// People joined a meeting.
    pub struct MeetingParticipantJoin {
        /// Who.
        members: Vec<MeetingMember> = "members",
    }
}

record! {
    /// People left a meeting.
    pub struct MeetingParticipantLeave {
        /// Who.
        members: Vec<MeetingMember> = "members",
    }
}

record! {
    /// Somebody in a meeting.
    pub struct MeetingMember {
        /// Who.
        user: Account = "user",
        /// What they are in the meeting.
        meeting: MeetingRole = "meeting",
    }
}

record! {
    /// What somebody is in a meeting.
    pub struct MeetingRole {
        /// Whether they are in it now.
        in_meeting: bool = "inMeeting",
        /// `Organizer`, `Presenter`, `Attendee` and others.
        role: String = "role",
    }
}

record! {
    /// Somebody read what the bot wrote in a personal chat.
    ///
    /// ```
    /// use argus_bot_sdk::event::ReadReceipt;
    ///
    /// let read = ReadReceipt::default().last_read_message_id("1772050244572");
    /// assert!(read.has_read("1772050244000"));
    /// assert!(!read.has_read("1772050244573"));
    /// ```
    pub struct ReadReceipt {
        /// The last message that they read.
        last_read_message_id: String = "lastReadMessageId",
    }
}

impl ReadReceipt {
    /// Whether they read the message with this id; ids of messages are times.
    pub fn has_read(&self, message_id: &str) -> bool {
        let time = |id: &str| id.parse::<u64>().ok();
        let last = self.last_read_message_id.as_deref().and_then(time);
        time(message_id).zip(last).is_some_and(|(this, last)| this <= last)
    }
}

macro_rules! named {
    ($($Event:ident = $name:expr;)*) => { $(
        impl Event for $Event {
            fn of(activity: &Activity) -> Option<Self> {
                carried(activity, $name)
            }
        }
    )* };
}

named! {
    MeetingStart = START;
    MeetingEnd = END;
    MeetingParticipantJoin = JOIN;
    MeetingParticipantLeave = LEAVE;
    ReadReceipt = READ;
}

/// Any event of a meeting.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MeetingEvent {
    /// It began.
    Start(MeetingStart),
    /// It ended.
    End(MeetingEnd),
    /// People joined.
    ParticipantJoin(MeetingParticipantJoin),
    /// People left.
    ParticipantLeave(MeetingParticipantLeave),
}

impl Event for MeetingEvent {
    fn of(activity: &Activity) -> Option<Self> {
        match activity.event_name()? {
            START => MeetingStart::of(activity).map(Self::Start),
            END => MeetingEnd::of(activity).map(Self::End),
            JOIN => MeetingParticipantJoin::of(activity).map(Self::ParticipantJoin),
            LEAVE => MeetingParticipantLeave::of(activity).map(Self::ParticipantLeave),
            _ => None,
        }
    }
}
