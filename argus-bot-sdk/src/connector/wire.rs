//! Paths, error bodies and waiting times as the Connector writes them.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{SendError, SendErrorKind};

/// Nobody waits longer than this because a header says so.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Appends `/segment`. Conversation ids contain `:`, `@`, `;`, `=` and now and then `/`; everything
/// that is not unreserved in RFC 3986 is encoded, so that an id can never become two segments.
pub(crate) fn push_segment(path: &mut String, segment: &str) {
    path.push('/');
    if segment.bytes().all(|byte| byte == b'.') {
        // A client resolves `.` and `..` away, encoded or not; the Connector knows no such id.
        path.push('_');
    }
    push_encoded(path, segment);
}

/// Appends `text` with everything encoded that is not unreserved in RFC 3986.
pub(super) fn push_encoded(path: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push('%');
            for nibble in [byte >> 4, byte & 15] {
                path.push(HEX.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit)));
            }
        }
    }
}

/// A body as JSON, without members that are `null`: Teams answers 400 to some of them.
pub(super) fn json(body: &impl Serialize) -> Result<Bytes, SendError> {
    let refused = |e| SendError::new(SendErrorKind::Refused).with_source(e);
    without_nulls(serde_json::to_string(body).map_err(refused)?).map_err(refused)
}

/// The same for a body that is JSON already.
pub(super) fn without_nulls(json: String) -> Result<Bytes, serde_json::Error> {
    // Most bodies have none, and looking for the word costs next to nothing.
    if !json.contains("null") {
        return Ok(Bytes::from(json));
    }
    let mut value = serde_json::from_str(&json)?;
    strip_nulls(&mut value);
    serde_json::to_vec(&value).map(Bytes::from)
}

/// Takes out members that are `null`. Entries of lists stay, because their place means something.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(entries) => entries.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

/// `{"id": …}` of a send; everything else in it is ignored.
#[derive(Deserialize)]
struct Resource {
    id: Option<String>,
}

/// The new activity's id, if the body gives one.
pub(super) fn resource_id(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Resource>(body).ok()?.id.filter(|id| !id.is_empty())
}

#[derive(Deserialize)]
struct Failure {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
}

/// The error code of `{"error":{"code":…}}`, and the message beside it. Some answers are HTML; they
/// have none.
pub(super) fn failure(body: &[u8]) -> (Option<String>, Option<String>) {
    match serde_json::from_slice::<Failure>(body) {
        Ok(Failure { error: Detail { code, message } }) => (code.and_then(plain), message),
        Err(_) => (None, None),
    }
}

fn plain(code: String) -> Option<String> {
    // It goes into logs, so it has to look like a code.
    let plain = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then_some(code)
}

/// How long to wait, by `Retry-After` in either of its forms. A date is compared with the answer's
/// own `Date`, so that a wrong clock on our side does not matter.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<f64>() {
        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST_WAIT)
    } else {
        let date = headers.get(http::header::DATE)?.to_str().ok()?;
        let (then, now) = (instant(text)?, instant(date)?);
        Duration::try_from(then.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

fn instant(http_date: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::parse(http_date).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ids_become_one_segment() {
        let check = |id: &str, expected: &str| {
            let mut path = String::from("/v3");
            push_segment(&mut path, id);
            assert_eq!(path, format!("/v3/{expected}"), "{id}");
        };
        check("a:1", "a%3A1");
        check("19:x@thread.tacv2;messageid=17", "19%3Ax%40thread.tacv2%3Bmessageid%3D17");
        check("a/b?c#d%e\\f", "a%2Fb%3Fc%23d%25e%5Cf");
        check("ä b", "%C3%A4%20b");
        check("..", "_..");
        check("", "_");
    }

    #[test]
    fn waiting_times_in_both_forms() {
        let check = |value: &str, date: Option<&str>, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from_str(value).unwrap());
            if let Some(date) = date {
                headers.insert(http::header::DATE, HeaderValue::from_str(date).unwrap());
            }
            let wait = retry_after(&headers).map(|wait| wait.as_millis());
            assert_eq!(wait, expected.map(u128::from), "{value}");
        };
        check("7", None, Some(7_000));
        check(" 1.5 ", None, Some(1_500));
        check("-3", None, Some(0));
        check("1e30", None, Some(86_400_000));
        check("NaN", None, Some(0));
        check("soon", None, None);
        let date = Some("Fri, 20 Nov 2026 13:15:21 GMT");
        check("Fri, 20 Nov 2026 13:15:51 GMT", date, Some(30_000));
        check("Fri, 20 Nov 2026 13:15:01 GMT", date, Some(0));
        check("Fri, 20 Nov 2026 13:15:51 GMT", None, None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn nulls_are_left_out() {
        let check = |body: Value, expected: &str| {
            assert_eq!(json(&body).unwrap(), expected.as_bytes(), "{body}");
        };
        check(
            serde_json::json!({"a": null, "b": {"c": null}, "d": [null]}),
            r#"{"b":{},"d":[null]}"#,
        );
        check(serde_json::json!({"text": "null"}), r#"{"text":"null"}"#);
    }

    #[test]
    fn codes_are_read_from_json_only() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(failure(body.as_bytes()).0.as_deref(), expected, "{body}");
        };
        check(r#"{"error":{"code":"BadSyntax","message":"x"}}"#, Some("BadSyntax"));
        check(r#"{"error":{"code":"a\nb"}}"#, None);
        check(r#"{"error":{"code":7}}"#, None);
        check(r#"{"message":"Authorization has been denied"}"#, None);
        check("<html>413</html>", None);
        check("", None);
    }
}
