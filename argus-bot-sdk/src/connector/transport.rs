//! One request and its answer over TCP or TLS: bounded in time and in size, and sent nowhere else.
//!
//! There is no redirect, no proxy and no cookie here: where the bot's token goes is decided by the
//! caller alone. Nothing of which a byte was written is written again.

use std::error::Error as StdError;
use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower_service::Service;

use super::{SendError, SendErrorKind};
use crate::handler::BoxFuture;
use crate::{Error, ErrorKind};

/// For the name, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(3);
/// Shorter than a front end's idle limit: a send must not meet a closing connection.
const IDLE: Duration = Duration::from_secs(20);
/// Teams' answers are a few hundred bytes; more than this is not Teams.
const MAX_ANSWER: usize = 1024 * 1024;

/// A pool of HTTP/1.1 connections.
pub(super) struct Transport {
    client: Client<Hasty<HttpsConnector<HttpConnector>>, Full<Bytes>>,
}

impl Transport {
    pub(super) fn new() -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // Here the time is shared among a name's addresses, so that a dead one does not take it all.
        tcp.set_connect_timeout(Some(CONNECT));
        // Which addresses may be called without TLS is the service URL policy's to say.
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(aws_lc_rs::default_provider())
            .map_err(|e| {
                Error::new(
                    ErrorKind::Config,
                    "could not set up TLS; are root certificates installed?",
                )
                .with_source(e)
            })?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(Hasty(tls));
        Ok(Self { client })
    }

    /// Sends a request once and reads the answer to its end.
    ///
    /// A body that breaks off, does not come in time or is too long counts as empty: the status,
    /// which came before it, says what is true.
    pub(super) fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> impl Future<Output = Result<Response<Bytes>, SendError>> + Send + use<> {
        // Outside of the future, which would otherwise have room for the request as well.
        let sending = self.client.request(request);
        Self::finish(sending, limit)
    }

    async fn finish(
        sending: ResponseFuture,
        limit: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        let mut timer = pin!(sleep_until(Instant::now() + limit));
        let answer = match before(timer.as_mut(), pin!(sending)).await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) if error.is_connect() => {
                return Err(SendError::new(SendErrorKind::NotSent).with_source(error));
            }
            Some(Err(error)) => {
                return Err(SendError::new(SendErrorKind::Ambiguous).with_source(error));
            }
            None => return Err(SendError::new(SendErrorKind::Ambiguous).with_source(Late)),
        };
        let (head, body) = answer.into_parts();
        let body = before(timer, pin!(collect(body))).await.flatten().unwrap_or_default();
        Ok(Response::from_parts(head, body))
    }
}

/// What the future gives, unless the timer rings first. It is lent, because room is made for each
/// thing that moves in here.
async fn before<F: Future>(timer: Pin<&mut Sleep>, future: Pin<&mut F>) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = timer => None,
    }
}

/// The body, unless it is too long or breaks off.
async fn collect(mut body: Incoming) -> Option<Bytes> {
    if body.size_hint().lower() > MAX_ANSWER as u64 {
        return None;
    }
    let mut first = Bytes::new();
    let mut all: Option<Vec<u8>> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if first.is_empty() && all.is_none() {
            first = data;
            continue;
        }
        let all = all.get_or_insert_with(|| first.to_vec());
        all.extend_from_slice(&data);
        if all.len() > MAX_ANSWER {
            return None;
        }
    }
    Some(all.map_or(first, Bytes::from))
}

/// The answer did not come in time.
#[derive(Debug)]
struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer in time")
    }
}

impl StdError for Late {}

/// Gives up on a connection that does not come about in [`CONNECT`].
#[derive(Clone)]
struct Hasty<C>(C);

impl<C> Service<Uri> for Hasty<C>
where
    C: Service<Uri, Error = Box<dyn StdError + Send + Sync>>,
    C::Response: 'static,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = C::Error;
    type Future = BoxFuture<Result<C::Response, C::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async { timeout(CONNECT, connecting).await.map_err(Box::from).flatten() })
    }
}
