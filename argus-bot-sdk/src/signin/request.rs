//! Who asks whom to sign in, as the token service is told.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Activity;
use crate::connector::ConversationRef;

/// What the page at which a person signs in has to know: who asks, and where.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignInRequest {
    pub(super) state: String,
}

impl SignInRequest {
    /// The bot `app_id` asks the person who sent `activity`.
    pub fn new(app_id: &str, connection_name: &str, activity: &Activity) -> Self {
        let place = ConversationRef::of(activity);
        let mut conversation = json!({
            "serviceUrl": place.service_url,
            "conversation": { "id": place.conversation_id },
        });
        if let Some(members) = conversation.as_object_mut() {
            let known = [
                ("activityId", activity.id.as_ref().map(|id| json!(id))),
                ("channelId", activity.channel_id.as_ref().map(|id| json!(id))),
                ("user", activity.from.as_ref().map(|it| json!({ "id": it.id }))),
                ("bot", place.bot.as_ref().map(|it| json!({ "id": it.id }))),
            ];
            let known = known.into_iter();
            members.extend(known.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let state = json!({
            "connectionName": connection_name, "msAppId": app_id, "conversation": conversation
        });
        Self { state: STANDARD.encode(state.to_string()) }
    }
}

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInRequest(..)")
    }
}
