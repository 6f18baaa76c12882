//! People, files and events of Microsoft Graph.

use super::macros::object;
use super::{
    ElementHeight, ElementId, HorizontalAlignment, PersonaDisplayStyle, PersonaIconStyle, Strings,
    Url,
};

object! {
    /// A person, as Microsoft Graph knows them.
    UserComponent = "Component" named "graph.microsoft.com/user" only "Teams" has [element] with [named height aligned] () {
        /// What is shown.
        properties: Persona = "properties",
    }
}

object! {
    /// Several people, as Microsoft Graph knows them.
    UsersComponent = "Component" named "graph.microsoft.com/users" only "Teams" has [element] with [named height aligned] () {
        /// What is shown.
        properties: PersonaSet = "properties",
    }
}

object! {
    /// A person.
    Persona only "Teams" with [keyed] {
        /// The name with which the person signs in.
        user_principal_name: String = "userPrincipalName",
        /// The name that people read.
        display_name: String = "displayName",
        /// How the picture of the person is shown.
        icon_style: PersonaIconStyle = "iconStyle",
        /// What is shown of the person.
        style: PersonaDisplayStyle = "style",
        /// The id of the person.
        id: String = "id",
    }
}

impl Persona {
    /// A person by the name with which they sign in.
    #[must_use]
    pub fn new(user_principal_name: impl Into<String>) -> Self {
        Self::default().user_principal_name(user_principal_name)
    }
}

object! {
    /// Several people.
    PersonaSet only "Teams" with [keyed] () {
        /// The people.
        users: [Persona] = "users",
        /// How the picture of the person is shown.
        icon_style: PersonaIconStyle = "iconStyle",
        /// What is shown of each person.
        style: PersonaDisplayStyle = "style",
    }
}

object! {
    /// Something that Microsoft Graph knows.
    ResourceComponent = "Component" named "graph.microsoft.com/resource" only "Teams" has [element] with [named height aligned] () {
        /// What is shown.
        properties: ResourceProperties = "properties",
    }
}

object! {
    /// Which thing of Microsoft Graph is shown, and how.
    ResourceProperties only "Teams" with [keyed] () {
        /// What leads to the thing.
        resource_reference: Strings = "resourceReference",
        /// How it is shown.
        resource_visualization: ResourceVisualization = "resourceVisualization",
        /// The id of the thing.
        id: String = "id",
    }
}

object! {
    /// How a thing of Microsoft Graph is shown.
    ResourceVisualization only "Teams" with [keyed] () {
        /// The kind of its content.
        media: String = "media",
    }
}

object! {
    /// A file.
    FileComponent = "Component" named "graph.microsoft.com/file" only "Teams" has [element] with [named height aligned] () {
        /// What is shown.
        properties: FileProperties = "properties",
    }
}

object! {
    /// Which file is shown.
    FileProperties only "Teams" with [keyed] () {
        /// What the file is called.
        name: String = "name",
        /// The ending of its file name, like `pdf`.
        extension: String = "extension",
        /// Where the file is.
        url: Url = "url",
    }
}

object! {
    /// An event in a calendar.
    EventComponent = "Component" named "graph.microsoft.com/event" only "Teams" has [element] with [named height aligned] () {
        /// What is shown.
        properties: CalendarEvent = "properties",
    }
}

object! {
    /// Which event is shown.
    CalendarEvent only "Teams" with [keyed] () {
        /// What the event is called.
        title: String = "title",
        /// When it begins, as `2026-01-31T14:30:00Z`.
        start: String = "start",
        /// When it ends.
        end: String = "end",
        /// Whether it takes place.
        status: String = "status",
        /// Where it takes place.
        locations: [String] = "locations",
        /// Where one joins.
        online_meeting_url: Url = "onlineMeetingUrl",
        /// Takes all day.
        is_all_day: bool = "isAllDay" as all_day,
        /// The ending of its file name, like `pdf`.
        extension: String = "extension",
        /// Where the event can be read.
        url: Url = "url",
        /// Who takes part.
        attendees: [EventAttendee] = "attendees",
        /// Who invites.
        organizer: EventAttendee = "organizer",
        /// The id of the event.
        id: String = "id",
    }
}

object! {
    /// Somebody who takes part in an event.
    EventAttendee only "Teams" with [keyed] () {
        /// What it is called.
        name: String = "name",
        /// The address of the person.
        email: String = "email",
        /// What the person does.
        title: String = "title",
        /// Whether the person must come.
        kind: String = "type",
        /// What the person answered.
        status: String = "status",
    }
}
