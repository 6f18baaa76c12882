//! Routes of events: the handler's first argument says which.

use std::any::TypeId;
use std::fmt;

use crate::event::{Event, MembersAdded, MembersRemoved, MessageChange, Reactions};
use crate::handler::{BoxHandler, Handler};
use crate::reply::MessageKind;
use crate::{Activity, Router};

/// Who hears an event.
pub(crate) struct EventRoute<S> {
    event: TypeId,
    hears: fn(&Activity) -> bool,
    handler: BoxHandler<MessageKind, S>,
}

impl<S: Send + Sync + 'static> EventRoute<S> {
    pub(super) fn bind(self, state: S) -> EventRoute<()>
    where
        S: Clone,
    {
        let handler = self.handler.bind(state);
        EventRoute { event: self.event, hears: self.hears, handler }
    }
}

impl<S> EventRoute<S> {
    pub(super) fn hears(&self, activity: &Activity) -> Option<&BoxHandler<MessageKind, S>> {
        (self.hears)(activity).then_some(&self.handler)
    }
}

impl<S> Clone for EventRoute<S> {
    fn clone(&self) -> Self {
        Self { event: self.event, hears: self.hears, handler: self.handler.clone() }
    }
}

impl<S> fmt::Debug for EventRoute<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("handler")
    }
}

/// The arguments of a handler whose first argument is an event.
#[diagnostic::on_unimplemented(
    message = "the first argument of this handler is not an event",
    label = "which event is it?",
    note = "the first argument of an event's handler is a type of `argus_bot_sdk::event`, such as `MeetingStart`, or one for which you implement `Event`"
)]
pub trait Hears {
    /// The event.
    type Event: Event;
}

macro_rules! hears {
    ($($Rest:ident)*) => {
        impl<E: Event, Via, $($Rest),*> Hears for ((E, $($Rest),*), Via) {
            type Event = E;
        }
    };
}

hears! {}
hears! { A2 }
hears! { A2 A3 }
hears! { A2 A3 A4 }
hears! { A2 A3 A4 A5 }
hears! { A2 A3 A4 A5 A6 }

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Hears the event that is the handler's first argument; see [`event`](crate::event).
    ///
    /// If an activity is several events, the route that was given first is asked. A second route
    /// for an event takes the place of the first.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::event::{ChannelCreated, MeetingStart};
    ///
    /// async fn began(meeting: MeetingStart) -> String {
    ///     format!("{} begins.", meeting.title.unwrap_or_default())
    /// }
    /// async fn created(_: ChannelCreated) {}
    ///
    /// let router: Router = Router::new().on_event(began).on_event(created);
    /// # drop(router);
    /// ```
    ///
    /// A handler of something else is none of an event:
    ///
    /// ```compile_fail,E0277
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Text;
    ///
    /// async fn began(Text(_): Text) {}
    /// let router: Router = Router::new().on_event(began);
    /// ```
    pub fn on_event<T: Hears + 'static>(self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.hear::<T::Event, T>(handler)
    }

    fn hear<E: Event, T: 'static>(mut self, handler: impl Handler<MessageKind, T, S>) -> Self {
        let event = TypeId::of::<E>();
        let handler = BoxHandler::new(handler);
        let route = EventRoute { event, hears: |activity| E::of(activity).is_some(), handler };
        match self.events.iter_mut().find(|route| route.event == event) {
            Some(before) => *before = route,
            None => self.events.push(route),
        }
        self
    }

    /// Hears who joined a conversation, the bot itself included.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::event::{MembersAdded, MembersRemoved, MessageChange, Reactions};
    ///
    /// async fn hello(joined: MembersAdded) -> String {
    ///     format!("Welcome, all {} of you.", joined.members.len())
    /// }
    /// async fn goodbye(_: MembersRemoved) {}
    /// async fn edited(_: MessageChange) {}
    /// async fn liked(_: Reactions) {}
    ///
    /// let router: Router = Router::new()
    ///     .members_added(hello)
    ///     .members_removed(goodbye)
    ///     .message_change(edited)
    ///     .reactions(liked);
    /// # drop(router);
    /// ```
    pub fn members_added<T: 'static>(self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.hear::<MembersAdded, T>(handler)
    }

    /// Hears who left a conversation.
    pub fn members_removed<T: 'static>(self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.hear::<MembersRemoved, T>(handler)
    }

    /// Hears that a message was edited, deleted or brought back.
    pub fn message_change<T: 'static>(self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.hear::<MessageChange, T>(handler)
    }

    /// Hears reactions to messages.
    pub fn reactions<T: 'static>(self, handler: impl Handler<MessageKind, T, S>) -> Self {
        self.hear::<Reactions, T>(handler)
    }
}
