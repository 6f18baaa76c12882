//! One call as a request, and its answer as what it means.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;

use super::failure::kind_of;
use super::{Reply, SendError, SendErrorKind, StreamRefusal, wire};
use crate::auth::SecretToken;

const USER_AGENT: &str = concat!("argus-bot-sdk/", env!("CARGO_PKG_VERSION"));

pub(super) fn prepare(
    method: &Method,
    address: &Uri,
    body: Option<Bytes>,
    token: Option<&SecretToken>,
) -> Result<Request<Full<Bytes>>, SendError> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    // The client would add the same, by way of two strings.
    if let Some(host) = address.authority().and_then(|it| HeaderValue::from_str(it.as_str()).ok()) {
        headers.insert(header::HOST, host);
    }
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(token) = token {
        let bearer = token.header().ok_or_else(|| SendError::new(SendErrorKind::Refused))?;
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let mut request = Request::new(Full::new(body.unwrap_or_default()));
    *request.method_mut() = method.clone();
    // What the request line says; whom it is for is in the header `Host`.
    *request.uri_mut() = address.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
    *request.headers_mut() = headers;
    Ok(request)
}

pub(super) fn understand(response: Response<Bytes>, is_raw: bool) -> Result<Reply, SendError> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    // The correlation vector by which Microsoft's support finds a call.
    let ms_cv = text(&head.headers, "ms-cv");
    let correlation = || ms_cv.map(Box::from);
    // Teams says 202 to a part of a stream that it does not take.
    let is_refused_part = status == 202 && wire::failure(&body).0.is_some();
    if head.status.is_success() && !is_refused_part {
        tracing::debug!(status, ms_cv, "the Connector took a call");
        let is_json = is_json(&head.headers, &body);
        if !is_json && !is_raw && !body.is_empty() {
            // A sign-in page or a proxy's apology with status 200 is not Teams' word.
            tracing::warn!(status, ms_cv, bytes = body.len(), "a 2xx that is not JSON");
            let error = SendError::new(SendErrorKind::Ambiguous).with_status(status);
            return Err(error.with_correlation(correlation()));
        }
        return Ok(Reply { correlation: correlation(), ..Reply::new(status, body) });
    }
    let (code, message) = wire::failure(&body);
    if code.is_none() {
        tracing::debug!(status, ms_cv, bytes = body.len(), "an error without a code");
    }
    let mut error = SendError::new(kind_of(status, code.as_deref()))
        .with_status(status)
        .with_correlation(correlation())
        .with_stream_refusal(StreamRefusal::of(code.as_deref(), message.as_deref()));
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(wait) = wire::retry_after(&head.headers) {
        error = error.after(wait);
    }
    tracing::debug!(status, ms_cv, "the Connector refused a call");
    Err(error)
}

/// A body that nobody describes is judged by how it begins: some gateways drop the header.
fn is_json(headers: &HeaderMap, body: &[u8]) -> bool {
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) => kind.as_bytes().windows(4).any(|it| it.eq_ignore_ascii_case(b"json")),
        None => matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
