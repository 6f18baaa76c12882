//! Who answers an activity.

use crate::extract::Turn;
use crate::handler::BoxHandler;
use crate::invoke::{AdaptiveCardAction, Invoke as _};
use crate::outbox::Priority;
use crate::reply::{ActionKind, MessageKind};
use crate::router::invokes::{InvokeRoute, Told, name_in};
use crate::{Activity, ActivityKind, Router};

/// Who answers an activity that is not an invoke.
pub(crate) type Listener = BoxHandler<MessageKind, ()>;

/// Who hears an activity, and how urgent that is.
pub(crate) struct Heard<'a> {
    pub(crate) handler: &'a Listener,
    pub(crate) priority: Priority,
}

/// Who answers an invoke.
#[derive(Clone, Debug)]
pub(crate) enum Answerer {
    Action(BoxHandler<ActionKind, ()>),
    Invoke(InvokeRoute<()>),
    /// A button whose verb nobody knows, while other verbs are known.
    NoSuchAction,
    /// A dialog or a command that nobody knows, while others are known.
    NotKnown(Told),
    Nobody,
}

impl Router {
    /// Who hears this activity, if anybody does: what hears the least is asked first.
    pub(crate) fn listener(&self, turn: &Turn) -> Option<Heard<'_>> {
        let activity = turn.activity();
        let heard = || self.events.iter().find_map(|route| route.hears(activity));
        let is_message = activity.kind == ActivityKind::Message;
        let asked = || self.command_of(turn).or_else(|| self.pattern_of(turn));
        if is_message && let Some(handler) = asked() {
            return Some(Heard { handler, priority: Priority::Normal });
        }
        let own = match &activity.kind {
            ActivityKind::Message => heard().or(self.message.as_ref()),
            ActivityKind::ConversationUpdate => heard().or(self.conversation_update.as_ref()),
            ActivityKind::InstallationUpdate => heard().or(self.installation_update.as_ref()),
            _ => heard(),
        };
        let other = || self.kinds.get(activity.kind.as_str()).or(self.fallback.as_ref());
        own.or_else(other).map(|handler| Heard { handler, priority: Priority::Low })
    }

    fn command_of(&self, turn: &Turn) -> Option<&Listener> {
        if self.commands.is_empty() {
            return None;
        }
        let word = turn.text().split_whitespace().next()?;
        self.commands.get(&word.to_lowercase())
    }

    fn pattern_of(&self, turn: &Turn) -> Option<&Listener> {
        let route = self.patterns.iter().find(|route| route.pattern.is_match(turn.text()))?;
        turn.set_pattern(&route.pattern);
        Some(&route.handler)
    }

    /// Who answers this invoke.
    pub(crate) fn answerer(&self, activity: &Activity) -> Answerer {
        let name = activity.invoke_name().unwrap_or_default();
        let is_button = name == AdaptiveCardAction::NAME;
        if is_button && let Some(handler) = self.action_of(activity) {
            return Answerer::Action(handler.clone());
        }
        let named = self.named.get(name);
        let own = named.and_then(|routes| routes.get(name_in(activity)?));
        if let Some(route) = own.or_else(|| self.invokes.get(name)) {
            return Answerer::Invoke(route.clone());
        }
        match named.and_then(|routes| routes.values().next()) {
            Some(other) => Answerer::NotKnown(other.how_to_tell()),
            None if is_button && !self.actions.is_empty() => Answerer::NoSuchAction,
            None => Answerer::Nobody,
        }
    }

    fn action_of(&self, activity: &Activity) -> Option<&BoxHandler<ActionKind, ()>> {
        let verb = activity.value.as_ref()?.get("action")?.get("verb")?;
        self.actions.get(verb.as_str()?)
    }
}
