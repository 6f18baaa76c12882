//! Commands that say too little, as the activity protocol wants them treated.

use bytes::Bytes;
use http::StatusCode;

use crate::dedup::Outcome;
use crate::{Activity, ActivityKind};

/// The reserved commands of the protocol's appendix VI, which are no media types.
const RESERVED: &str = "session.";

/// The outcome of a command that no handler may see; `None` if handlers decide.
///
/// Without a sound name or value a command is ignored (A6312, A6322, A6412), and a result without
/// a value is refused (A6422).
pub(super) fn settled(activity: &Activity) -> Option<Outcome> {
    let is_result = match &activity.kind {
        ActivityKind::Command => false,
        ActivityKind::CommandResult => true,
        _ => return None,
    };
    let has_value = activity.value.as_ref().is_some_and(serde_json::Value::is_object);
    let status = match (is_named(activity.name.as_deref().unwrap_or_default()), has_value) {
        (true, true) => return None,
        (_, false) if is_result => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    Some(Outcome { status, body: Bytes::new() })
}

/// Whether this is a media type (A6311) or a reserved name.
fn is_named(name: &str) -> bool {
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_graphic());
    let media_type = name.split_once('/').is_some_and(|(a, b)| is_token(a) && is_token(b));
    media_type || name.strip_prefix(RESERVED).is_some_and(is_token)
}
