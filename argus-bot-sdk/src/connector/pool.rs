//! Connections that are kept, each driven by the call that uses it.
//!
//! hyper's own client gives each connection a task, so that a call wakes a second task to write and
//! is woken by it for the answer, often on another processor. Here the call does both itself.
//! Nobody looks at a connection that is kept, so that it is looked at before it is used again: one
//! that the far side has closed is found out before anything is written.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{self, Authority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Shorter than a front end's idle limit: a send must not meet a closing connection.
const IDLE: Duration = Duration::from_secs(20);

pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
pub(super) type Question = Request<Full<Bytes>>;
pub(super) type Sent = Result<Response<Incoming>, TrySendError<Question>>;

/// To whom a connection leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl Origin {
    /// The origin of an address; none of an address without one.
    pub(super) fn of(address: &Uri) -> Option<Self> {
        Some(Self { scheme: address.scheme()?.clone(), authority: address.authority()?.clone() })
    }

    /// An address there.
    pub(super) fn address(&self) -> Uri {
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(uri::PathAndQuery::from_static("/"));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

/// A connection.
pub(super) struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: http1::Connection<Stream, Full<Bytes>>,
    is_over: bool,
}

impl Line {
    pub(super) async fn new(stream: Stream) -> hyper::Result<Self> {
        let (sender, connection) = http1::handshake(stream).await?;
        Ok(Self { sender, connection, is_over: false })
    }

    /// Gives a request to the connection; [`during`](Self::during) takes it on its way. What was
    /// not begun comes back.
    pub(super) fn send(&mut self, request: Question) -> impl Future<Output = Sent> + Send + use<> {
        self.sender.try_send_request(request)
    }

    /// What `future` gives, which waits for this connection.
    pub(super) async fn during<F: Future>(&mut self, mut future: Pin<&mut F>) -> F::Output {
        poll_fn(|cx| {
            // First the future, which says what it wants; then the connection, which gets it.
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            self.work(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    fn work(&mut self, cx: &mut Context<'_>) {
        self.is_over = self.is_over || Pin::new(&mut self.connection).poll(cx).is_ready();
    }

    /// Whether it can take a request: the last one is done, and the far side is still there.
    fn is_ready(&mut self) -> bool {
        self.work(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.sender.is_ready()
    }
}

/// Connections that wait for their next call.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    lines: Vec<(Origin, Vec<Kept>)>,
    /// Drops what was not wanted for too long; empty while nothing is kept.
    sweeper: JoinSet<()>,
}

struct Kept {
    line: Box<Line>,
    since: Instant,
}

impl Pool {
    /// A connection that can be used at once.
    pub(super) fn take(&self, origin: &Origin) -> Option<Box<Line>> {
        loop {
            let mut kept = lock(&self.0).pop(origin)?;
            if kept.since.elapsed() < IDLE && kept.line.is_ready() {
                return Some(kept.line);
            }
        }
    }

    /// Keeps a connection, if it is good for another call.
    pub(super) fn keep(&self, origin: Origin, mut line: Box<Line>) {
        if !line.is_ready() {
            return;
        }
        let kept = Kept { line, since: Instant::now() };
        let mut idle = lock(&self.0);
        match idle.lines.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, lines)) => lines.push(kept),
            None => idle.lines.push((origin, vec![kept])),
        }
        // One that ended with its runtime sweeps no more.
        while idle.sweeper.try_join_next().is_some() {}
        if idle.sweeper.is_empty() {
            idle.sweeper.spawn(sweep(Arc::downgrade(&self.0)));
        }
    }
}

impl Idle {
    /// The last one that was kept: so those that are not needed grow old.
    fn pop(&mut self, origin: &Origin) -> Option<Kept> {
        self.lines.iter_mut().find(|(known, _)| known == origin)?.1.pop()
    }

    /// Takes out what is older than [`IDLE`].
    fn old(&mut self) -> Vec<Kept> {
        let mut old = Vec::new();
        for (_, lines) in &mut self.lines {
            let young = lines.partition_point(|kept| kept.since.elapsed() >= IDLE);
            old.extend(lines.drain(..young));
        }
        self.lines.retain(|(_, lines)| !lines.is_empty());
        old
    }
}

/// Ends with the pool, or when nothing is left.
async fn sweep(pool: Weak<Mutex<Idle>>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = lock(&pool);
        let old = idle.old();
        if idle.lines.is_empty() {
            idle.sweeper.detach_all();
        }
        let is_done = idle.lines.is_empty();
        drop(idle);
        drop(old);
        if is_done {
            return;
        }
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
