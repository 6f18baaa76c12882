//! The accept loop, one task per connection, and the way out.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tower_service::Service;

use super::{
    BodyTimeout, Limits, PeerCertificate, Tls,
    gate::{Gate, Phase},
};
use crate::{Error, ErrorKind};

/// Serves `service` on `listener` until `shutdown` is ready, then waits for running requests.
///
/// Each connection is a task of its own: a client that is slow or breaks the protocol costs its own
/// connection and nothing else. A panic in the service becomes a 500 and a line in the log.
///
/// # Errors
///
/// [`ErrorKind::Io`] if the listener is broken. Everything that was accepted has been answered or
/// given up by then.
///
/// ```
/// use std::convert::Infallible;
/// use argus_bot_sdk::server::{Limits, serve};
/// use http::{Request, Response};
/// use http_body_util::Full;
///
/// #[derive(Clone)]
/// struct Hello;
/// impl tower_service::Service<Request<hyper::body::Incoming>> for Hello {
///     type Response = Response<Full<bytes::Bytes>>;
///     type Error = Infallible;
///     type Future = std::future::Ready<Result<Self::Response, Infallible>>;
///     fn poll_ready(
///         &mut self,
///         _: &mut std::task::Context<'_>,
///     ) -> std::task::Poll<Result<(), Infallible>> {
///         std::task::Poll::Ready(Ok(()))
///     }
///     fn call(&mut self, _: Request<hyper::body::Incoming>) -> Self::Future {
///         std::future::ready(Ok(Response::new("hello".into())))
///     }
/// }
///
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # rt.block_on(async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let shutdown = async { /* a signal */ };
/// serve(listener, Hello, Limits::default(), shutdown).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = Telling { service, body_timeout: BodyTimeout(limits.body_timeout) };
    accept_all(listener, None, service, limits, shutdown).await
}

/// The same as [`serve`] with TLS. The handshake counts as a part of the first request's header.
///
/// # Errors
///
/// As for [`serve`].
///
/// ```
/// use argus_bot_sdk::Bot;
/// use argus_bot_sdk::server::{Limits, Tls, serve_tls};
///
/// async fn secured(bot: Bot, tls: Tls) -> Result<(), Box<dyn std::error::Error>> {
///     let listener = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
///     serve_tls(listener, tls, bot, Limits::default(), std::future::pending()).await?;
///     Ok(())
/// }
/// ```
pub async fn serve_tls<S, B>(
    listener: TcpListener,
    tls: Tls,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = Telling { service, body_timeout: BodyTimeout(limits.body_timeout) };
    accept_all(listener, Some(tls), service, limits, shutdown).await
}

/// Tells the service with each request how long its body may take.
#[derive(Clone)]
struct Telling<S> {
    service: S,
    body_timeout: BodyTimeout,
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for Telling<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> S::Future {
        request.extensions_mut().insert(self.body_timeout);
        self.service.call(request)
    }
}

/// The same as [`serve`] for a service that knows how long a body may take.
pub(crate) async fn run<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    accept_all(listener, None, service, limits, shutdown).await
}

async fn accept_all<S, B>(
    listener: TcpListener,
    tls: Option<Tls>,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut shutdown = pin!(shutdown);
    let mut tasks = JoinSet::new();
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let (stop, stopped) = watch::channel(false);
    let broken = loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break None,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let (tls, service, stopped) = (tls.clone(), service.clone(), stopped.clone());
                tasks.spawn(async move {
                    connection(stream, tls, service, limits, stopped).await;
                    drop(slot);
                });
            }
            Err(error) if is_fatal(&error) => break Some(error),
            Err(error) => {
                // Out of file descriptors, or a client that left in the queue. Wait a moment, so
                // that the loop does not spin while running requests give descriptors back.
                tracing::warn!(error = %error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    drop(listener);
    stop.send_replace(true);
    let left =
        tokio::time::timeout(limits.drain, async { while tasks.join_next().await.is_some() {} });
    if left.await.is_err() {
        tracing::warn!(connections = tasks.len(), "gave up on requests that did not end in time");
        tasks.shutdown().await;
    }
    match broken {
        None => Ok(()),
        Some(error) => Err(Error::new(ErrorKind::Io, "the listener broke").with_source(error)),
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Replies are small and whole; waiting to fill a segment only delays them.
    stream.set_nodelay(true)?;
    Ok((stream, slot))
}

fn is_fatal(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::NotConnected)
        || error.raw_os_error() == Some(9) // EBADF: the listener itself is gone.
}

async fn connection<S, B>(
    stream: TcpStream,
    tls: Option<Tls>,
    service: S,
    limits: Limits,
    stopped: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let phase = Arc::new(Phase::default());
    let io = Gate::new(stream, Arc::clone(&phase), limits.header_timeout, limits.idle);
    let Some(tls) = tls else {
        return requests(io, phase, None, service, limits, stopped).await;
    };
    // Boxed, so that connections without TLS do not make room for it.
    let secured = async {
        match tls.acceptor().accept(io).await {
            Ok(io) => {
                let peer = PeerCertificate::shown(io.get_ref().1.peer_certificates());
                requests(io, phase, peer, service, limits, stopped).await;
            }
            Err(error) => tracing::debug!(error = %error, "no TLS with this client"),
        }
    };
    Box::pin(secured).await;
}

/// Answers the requests of one connection, of whose client `peer` is known.
async fn requests<I, S, B>(
    io: I,
    phase: Arc<Phase>,
    peer: Option<PeerCertificate>,
    service: S,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let guarded = service_fn(move |mut request: Request<Incoming>| {
        phase.busy();
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        let (service, phase) = (service.clone(), Arc::clone(&phase));
        async move {
            let response = guard(service, request).await;
            let closes = response.headers().get(header::CONNECTION);
            phase.answered(closes.is_some_and(|value| value == "close"));
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None) // The gate has it, and tells it from idle time.
        .max_header_size(limits.max_header_bytes)
        // Of header fields it takes at most a hundred; to say so here would cost each request a
        // list that is made on the heap.
        .max_buf_size(limits.max_header_bytes.max(64 * 1024));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), guarded));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = until(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(error = %error, "connection ended early");
    }
}

/// Ready when the server is told to stop, or is gone.
async fn until(stopped: &mut watch::Receiver<bool>) {
    while !*stopped.borrow_and_update() {
        if stopped.changed().await.is_err() {
            return;
        }
    }
}

/// Calls the service; whatever happens in it, there is a response.
async fn guard<S, B>(mut service: S, request: Request<Incoming>) -> Response<Either<B, Full<Bytes>>>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
{
    let answer = async {
        std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(Ok(response)) => response.map(Either::Left),
        Ok(Err(never)) => match never {},
        Err(_) => {
            tracing::error!("a request's handler panicked");
            let body = Bytes::from_static(
                br#"{"type":"urn:argus:problem:internal","title":"Internal error","status":500}"#,
            );
            let mut response = Response::new(Either::Right(Full::new(body)));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            let json = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
    }
}
