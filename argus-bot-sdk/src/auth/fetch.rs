//! Small HTTP: every answer is bounded in time and size, and nobody is sent elsewhere.

use std::time::Duration;

use reqwest::header::{ETAG, IF_NONE_MATCH};
use url::Url;

use crate::error::{Error, ErrorKind};

/// Key lists have some 20 KiB, token answers 2 KiB.
const MAX_ANSWER: usize = 256 * 1024;

const CONNECT: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(5);

/// A document, or the news that it has not changed.
pub(crate) enum Document {
    New { body: Vec<u8>, etag: Option<String> },
    Unchanged,
}

/// A client that follows no redirect and no proxy: where a secret goes is decided here alone.
pub(crate) fn client() -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("argus-bot-sdk/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|source| {
            Error::new(ErrorKind::Config, "the HTTP client cannot be set up").with_source(source)
        })
}

/// Gets a document, unless it is still the one with this `etag`.
pub(crate) async fn document(
    client: &reqwest::Client,
    url: &Url,
    etag: Option<&str>,
) -> Result<Document, Error> {
    let mut request = client.get(url.clone());
    if let Some(etag) = etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let answer = request.send().await.map_err(unreachable)?;
    match answer.status().as_u16() {
        304 if etag.is_some() => Ok(Document::Unchanged),
        200 => {
            let etag = answer.headers().get(ETAG).and_then(|value| value.to_str().ok());
            let etag = etag.map(str::to_owned);
            Ok(Document::New { body: body(answer).await?, etag })
        }
        status => {
            Err(Error::new(ErrorKind::Unavailable, format!("the key server answered {status}")))
        }
    }
}

/// The body of an answer, up to the usual limit.
pub(crate) async fn body(answer: reqwest::Response) -> Result<Vec<u8>, Error> {
    body_up_to(answer, MAX_ANSWER).await
}

/// The body of an answer, up to this limit.
pub(crate) async fn body_up_to(
    mut answer: reqwest::Response,
    most: usize,
) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > most {
            let why = format!("an answer is larger than {} KiB", most / 1024);
            return Err(Error::new(ErrorKind::Unavailable, why));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The other side did not answer; the URL is left out, because it may carry a tenant.
pub(crate) fn unreachable(source: reqwest::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the other side does not answer")
        .with_source(source.without_url())
}
