//! Why there is no token, and what the person sees then.

use std::fmt;

use crate::Activity;
use crate::activity::card::OAuthCard;
use crate::error::Error;
use crate::invoke::{ExtensionResponse, IntoResponse, Link, TaskResponse};
use crate::reply::{CardReply, IntoActionReply, IntoReply};

/// Why a handler got no token. Return it, and the person is asked to sign in or told why not: a
/// message is answered with the card, a button with a request to log in, a search with a link.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::activity::card::OAuthCard;
/// use argus_bot_sdk::reply::{IntoActionReply, IntoReply, MessageKind};
/// use argus_bot_sdk::signin::NotSignedIn;
///
/// let asked = || NotSignedIn::Asked(Box::new(OAuthCard::new("graph")));
/// let message: Vec<Activity> = IntoReply::<MessageKind>::into_reply(asked());
/// let kind = message[0].attachments.as_ref().unwrap()[0].content_type.clone();
/// assert_eq!(kind.as_deref(), Some("application/vnd.microsoft.card.oauth"));
/// assert_eq!(asked().into_action_reply().status_code(), 401);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum NotSignedIn {
    /// The person is asked with this card.
    Asked(Box<OAuthCard>),
    /// The code that the person brought from the sign-in page is not good.
    WrongCode,
    /// The client's token could not be used, for this reason; the client then shows a card.
    Refused(String),
    /// The activity does not say who sent it.
    Nobody,
    /// The token service cannot be asked; the text is for the log.
    Unavailable(String),
}

impl NotSignedIn {
    pub(super) fn unavailable(error: &Error) -> Self {
        Self::Unavailable(error.to_string())
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Asked(_) => "Please sign in.",
            Self::WrongCode => "This code is not right. Please sign in again.",
            Self::Refused(_) => "You have to sign in for this.",
            Self::Nobody => "I cannot see who you are.",
            Self::Unavailable(_) => "Signing in does not work now. Try again in a moment.",
        }
    }

    /// The page of the card, and what the button to it says.
    fn link(&self) -> Option<Link> {
        let Self::Asked(card) = self else { return None };
        let button = card.buttons.as_ref()?.first()?;
        let title = button.title.as_deref().unwrap_or("Sign in");
        Some(Link::new(title, button.value.as_ref()?.as_str()?))
    }

    fn log(&self) {
        if let Self::Unavailable(why) = self {
            tracing::warn!(why, "a person cannot sign in");
        }
    }
}

impl fmt::Display for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked(_) => "the person is asked to sign in",
            Self::WrongCode => "the code of the sign-in page is wrong",
            Self::Refused(_) => "the client's token cannot be used",
            Self::Nobody => "the activity names no sender",
            Self::Unavailable(_) => "the token service cannot be asked",
        })
    }
}

impl fmt::Debug for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The card has a link that is as good as a password.
        write!(f, "NotSignedIn({self})")
    }
}

impl std::error::Error for NotSignedIn {}

impl IntoReply for NotSignedIn {
    fn into_reply(self) -> Vec<Activity> {
        self.log();
        match self {
            Self::Asked(card) => vec![Activity::message("").attach(*card)],
            other => vec![Activity::message(other.text())],
        }
    }
}

impl IntoActionReply for NotSignedIn {
    fn into_action_reply(self) -> CardReply {
        self.log();
        match self {
            Self::Asked(card) => CardReply::login_request(&card),
            Self::WrongCode => CardReply::incorrect_auth_code(),
            Self::Refused(ref why) => {
                tracing::debug!(why, "single sign-on failed");
                CardReply::precondition_failed("412", self.text())
            }
            Self::Nobody => CardReply::error("NoSender", self.text()),
            Self::Unavailable(_) => CardReply::error("SignInUnavailable", self.text()).status(500),
        }
    }
}

impl IntoResponse<CardReply> for NotSignedIn {
    fn into_response(self) -> CardReply {
        self.into_action_reply()
    }
}

impl IntoResponse<ExtensionResponse> for NotSignedIn {
    fn into_response(self) -> ExtensionResponse {
        self.log();
        self.link().map_or_else(|| ExtensionResponse::message(self.text()), ExtensionResponse::auth)
    }
}

impl IntoResponse<TaskResponse> for NotSignedIn {
    fn into_response(self) -> TaskResponse {
        self.log();
        TaskResponse::message(self.text())
    }
}
