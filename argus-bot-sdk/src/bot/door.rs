//! From a request to a verified activity, and from an outcome to a response.
//!
//! What costs nothing is checked first, then the token, then the body: a stranger makes the bot
//! read nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use http_body_util::Full;
use tracing::Span;
use tracing::field::Empty;

use super::Inner;
use crate::Activity;
use crate::auth::{Authenticator, Rejection, Verified, Vouched};
use crate::dedup::Outcome;
use crate::metrics::{self, SYSTEM};
use crate::server::{body_timeout, is_spent, read_body};
use crate::turns::Refused;

/// The span of a request. What is in the activity is told when it was read.
pub(super) fn span(headers: &HeaderMap) -> Span {
    tracing::info_span!(
        "process",
        otel.kind = "consumer",
        messaging.system = SYSTEM.1,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = Empty,
        messaging.message.id = Empty,
        argus.correlation = Empty,
        ms_cv = ms_cv(headers),
    )
}

/// Microsoft's correlation vector, unless it is none: it is at most 128 characters long.
fn ms_cv(headers: &HeaderMap) -> Option<&str> {
    let vector = headers.get("ms-cv")?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/.=-_!".contains(&byte);
    (vector.len() <= 128 && vector.bytes().all(is_plain)).then_some(vector)
}

pub(super) async fn answer<B>(
    inner: Arc<Inner>,
    body_timeout: Option<Duration>,
    head: Parts,
    body: B,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
{
    let admitted = match vouch(&inner, &head, body.size_hint().lower()).await {
        Ok(vouched) => read(&inner, body_timeout, &head, body, vouched).await,
        Err(problem) => Err(problem.closing(!Box::pin(is_spent(&head.headers, body)).await)),
    };
    // The header shares the connection's buffer, which is wanted for the next request.
    drop(head);
    Ok(match admitted {
        Ok(activity) => match inner.dispatch_recorded(activity).await {
            Ok(outcome) => respond(outcome),
            Err(Refused::Full) => {
                tracing::warn!("there is no room for an activity; it should come again later");
                metrics::count(&inner.metrics, metrics::REFUSED, Some("full"));
                Problem::status(StatusCode::TOO_MANY_REQUESTS).response()
            }
            Err(Refused::Closed) => {
                metrics::count(&inner.metrics, metrics::REFUSED, Some("closed"));
                Problem::status(StatusCode::SERVICE_UNAVAILABLE).response()
            }
        },
        Err(problem) => {
            if let Some(recorder) = &inner.recorder {
                recorder.refused(problem.status.as_u16());
            }
            metrics::count(&inner.metrics, metrics::REJECTED, Some(problem.rule()));
            problem.response()
        }
    })
}

/// What can be said without the body, of which so many bytes are to come at least.
async fn vouch(inner: &Inner, head: &Parts, announced: u64) -> Result<Vouched, Problem> {
    let settings = &inner.settings;
    if head.uri.path() != settings.path {
        return Err(Problem::status(StatusCode::NOT_FOUND));
    }
    if head.method != Method::POST {
        return Err(Problem::status(StatusCode::METHOD_NOT_ALLOWED));
    }
    if announced > settings.max_body as u64 {
        return Err(Problem::status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    if !is_plain_json(&head.headers) {
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let authorization = Authenticator::authorization(&head.headers).map_err(refused)?;
    inner.auth.authenticate(authorization).await.map_err(refused)
}

/// The activity is large, so it goes into its `Arc` where it is made and is not moved again.
async fn read<B>(
    inner: &Inner,
    served: Option<Duration>,
    head: &Parts,
    body: B,
    vouched: Vouched,
) -> Result<Arc<Verified<Activity>>, Problem>
where
    B: Body<Data = Bytes>,
{
    let settings = &inner.settings;
    let limit = settings.body_timeout.or(served).unwrap_or_else(|| body_timeout(&head.extensions));
    let body = read_body(body, settings.max_body, limit).await.map_err(|error| {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Problem::status(status).closing(true)
    })?;
    vouched.read_shared(&body).map_err(refused)
}

/// JSON in UTF-8, not compressed.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return false;
    }
    let Some(Ok(media)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let mut parts = media.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn refused(rejection: Rejection) -> Problem {
    tracing::warn!(rule = rejection.rule(), status = rejection.status(), "refused a request");
    let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    Problem { rule: Some(rejection.rule()), ..Problem::status(status) }
}

fn respond(outcome: Outcome) -> Response<Full<Bytes>> {
    let is_empty = outcome.body.is_empty();
    let mut response = Response::new(Full::new(outcome.body));
    *response.status_mut() = outcome.status;
    if !is_empty {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    response
}

/// A refusal as RFC 9457 has it. The texts are fixed: what exactly was wrong is for the log.
#[derive(Clone, Copy, Debug)]
struct Problem {
    status: StatusCode,
    /// The body was not read to its end, so nothing can follow on this connection.
    closes: bool,
    rule: Option<&'static str>,
}

impl Problem {
    fn status(status: StatusCode) -> Self {
        Self { status, closes: false, rule: None }
    }

    /// What was wrong, in a word.
    fn rule(self) -> &'static str {
        self.rule.unwrap_or(match self.status.as_u16() {
            404 => "path",
            405 => "method",
            408 => "slow",
            413 => "size",
            415 => "media_type",
            _ => "request",
        })
    }

    fn closing(self, closes: bool) -> Self {
        Self { closes, ..self }
    }

    fn response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from_static(self.body())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, "application/problem+json");
        match self.status.as_u16() {
            401 => drop(set(header::WWW_AUTHENTICATE, "Bearer")),
            405 => drop(set(header::ALLOW, "POST")),
            429 => drop(set(header::RETRY_AFTER, "2")),
            503 => drop(set(header::RETRY_AFTER, "5")),
            _ => {}
        }
        if self.closes {
            set(header::CONNECTION, "close");
        }
        response
    }

    fn body(self) -> &'static [u8] {
        match self.status.as_u16() {
            401 => br#"{"type":"urn:argus:problem:unauthorized","title":"No valid token","status":401}"#,
            403 => br#"{"type":"urn:argus:problem:forbidden","title":"The token is not for this activity","status":403}"#,
            404 => br#"{"type":"urn:argus:problem:not-found","title":"Nothing is here","status":404}"#,
            405 => br#"{"type":"urn:argus:problem:method","title":"Only POST is answered here","status":405}"#,
            408 => br#"{"type":"urn:argus:problem:slow","title":"The body did not arrive in time","status":408}"#,
            413 => br#"{"type":"urn:argus:problem:too-big","title":"The body is too long","status":413}"#,
            415 => br#"{"type":"urn:argus:problem:media-type","title":"The body has to be JSON in UTF-8","status":415}"#,
            429 => br#"{"type":"urn:argus:problem:busy","title":"Too much is waiting","status":429}"#,
            503 => br#"{"type":"urn:argus:problem:unavailable","title":"Not available now","status":503}"#,
            _ => br#"{"type":"urn:argus:problem:bad-request","title":"The body is not an activity","status":400}"#,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_json_is_read() {
        let check = |fields: &[(header::HeaderName, &str)], expected: bool| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(is_plain_json(&headers), expected, "{fields:?}");
        };
        let kind = header::CONTENT_TYPE;
        check(&[(kind.clone(), "application/json")], true);
        check(&[(kind.clone(), "Application/JSON; charset=UTF-8")], true);
        check(&[(kind.clone(), "application/json;charset=\"utf-8\"")], true);
        check(&[(kind.clone(), "application/json; charset=utf-16")], false);
        check(&[(kind.clone(), "application/jsonp")], false);
        check(&[(kind.clone(), "text/plain")], false);
        check(&[], false);
        let coding = header::CONTENT_ENCODING;
        check(&[(kind.clone(), "application/json"), (coding.clone(), "gzip")], false);
        check(&[(kind, "application/json"), (coding, "identity")], true);
    }

    #[test]
    fn each_problem_says_its_own_status() {
        for status in [400, 401, 403, 404, 405, 408, 413, 415, 429, 503] {
            let problem = Problem::status(StatusCode::from_u16(status).unwrap());
            let body: serde_json::Value = serde_json::from_slice(problem.body()).unwrap();
            assert_eq!(body["status"], status);
        }
    }
}
