//! Senders that ask first whether they may come: Event Grid, in its own words and in `CloudEvents`'.
//!
//! They are answered only once they have proven who they are.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::super::Answer;
use super::super::reply::{self, Problem};

const ORIGIN: &str = "webhook-request-origin";
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

/// Whether an `OPTIONS` request asks that.
pub(in super::super) fn asks(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

/// Yes, at any rate: too much is answered with 429 and 503.
pub(super) fn greeted(headers: &HeaderMap) -> Answer {
    let mut answer = reply::raw(200, "text/plain; charset=utf-8", "".into());
    if let Some(origin) = headers.get(ORIGIN) {
        answer.headers_mut().insert(ALLOWED_ORIGIN, origin.clone());
        answer.headers_mut().insert(ALLOWED_RATE, HeaderValue::from_static("*"));
    }
    answer
}

/// Whether Event Grid checks the address of a new subscription; what comes is no event then.
pub(super) fn is_validation(headers: &HeaderMap) -> bool {
    let kind = headers.get("aeg-event-type").map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"SubscriptionValidation"))
}

/// Gives the code back that Event Grid sent.
pub(super) fn validated(raw: &[u8]) -> Result<Answer, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        validation_code: String,
    }
    #[derive(Deserialize)]
    struct Validation {
        data: Data,
    }
    let read = serde_json::from_slice::<[Validation; 1]>(raw);
    let Ok([Validation { data }]) = read else {
        let detail = "A validation of Event Grid is a list of one event with data.validationCode.";
        return Err(Problem::new(400, "bad-validation", detail));
    };
    let code = serde_json::json!({ "validationResponse": data.validation_code });
    Ok(reply::json_with(200, &code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_given_back_and_nothing_else_is_one() {
        let status = |raw: &[u8]| match validated(raw) {
            Ok(answer) => answer.status().as_u16(),
            Err(problem) => problem.status(),
        };
        let code = br#"[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent",
            "data":{"validationCode":"512d38b6","validationUrl":"https://example.com/"}}]"#;
        assert_eq!(status(code), 200);
        for bad in ["", "{}", "[]", "[{\"data\":{}}]", "[{\"data\":{\"validationCode\":7}}]"] {
            assert_eq!(status(bad.as_bytes()), 400, "{bad:?}");
        }
    }
}
