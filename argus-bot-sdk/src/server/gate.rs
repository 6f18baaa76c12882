//! A connection that ends by itself when its client does nothing.
//!
//! hyper's own header timeout arms a new timer for each request and counts idle time as header
//! time. This gate knows the difference and keeps one timer for the life of the connection.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How long a refused client may go on sending before the connection is dropped. Closing a socket
/// with unread input resets it, and then the client never sees why it was refused.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const WAITING: u8 = 2;

/// What the request side tells the connection side.
#[derive(Debug, Default)]
pub(super) struct Phase {
    state: AtomicU8,
    linger: AtomicBool,
}

impl Phase {
    /// A request's header is complete; its body and its handler have deadlines of their own.
    pub(super) fn busy(&self) {
        self.state.store(BUSY, Ordering::Release);
    }

    /// The reply is ready; from now on the client has the idle limit to take it and to go on.
    pub(super) fn answered(&self, refused: bool) {
        if refused {
            self.linger.store(true, Ordering::Release);
        }
        self.state.store(WAITING, Ordering::Release);
    }
}

/// The stream, its phase and the one timer.
#[derive(Debug)]
pub(super) struct Gate {
    stream: TcpStream,
    phase: Arc<Phase>,
    header_timeout: Duration,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    /// When the present phase began, or the last byte went out while waiting; none while nobody
    /// asked, because most phases are over before that.
    since: Option<Instant>,
    known: u8,
    stalled_since: Option<Instant>,
    lingered: usize,
    linger_since: Option<Instant>,
}

impl Gate {
    pub(super) fn new(
        stream: TcpStream,
        phase: Arc<Phase>,
        header_timeout: Duration,
        idle: Duration,
    ) -> Self {
        Self {
            stream,
            phase,
            header_timeout,
            idle,
            timer: Box::pin(sleep(header_timeout)),
            since: Some(Instant::now()),
            known: HEAD,
            stalled_since: None,
            lingered: 0,
            linger_since: None,
        }
    }

    /// Ready when the deadline is over; otherwise wakes the task when it will be.
    fn poll_over(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        // A timer that fires early is set again; one that would fire late is set back.
        if self.timer.is_elapsed() || self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn enter(&mut self, state: u8) {
        if self.known != state {
            self.known = state;
            self.since = None;
        }
    }

    fn since(&mut self) -> Instant {
        *self.since.get_or_insert_with(Instant::now)
    }

    fn wrote(&mut self, result: &Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<()> {
        if result.is_ready() {
            self.stalled_since = None;
            if self.known == WAITING {
                self.since = None;
            }
            return Poll::Pending;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        self.poll_over(cx, since + self.idle)
    }
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl AsyncRead for Gate {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let state = this.phase.state.load(Ordering::Acquire);
        if let Poll::Ready(result) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if state == WAITING && buf.filled().len() > before {
                // The first byte of the next request.
                this.phase.state.store(HEAD, Ordering::Release);
                this.enter(HEAD);
            }
            return Poll::Ready(result);
        }
        this.enter(state);
        let limit = match state {
            BUSY => return Poll::Pending,
            WAITING => this.idle,
            _ => this.header_timeout,
        };
        let deadline = this.since() + limit;
        ready!(this.poll_over(cx, deadline));
        Poll::Ready(Err(timed_out("the client sends nothing")))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        if self.wrote(&result, cx).is_ready() {
            return Poll::Ready(Err(timed_out("the client takes nothing")));
        }
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if self.wrote(&result, cx).is_ready() {
            return Poll::Ready(Err(timed_out("the client takes nothing")));
        }
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // After a reply hyper looks at the input again only when something wakes it, so the idle
        // limit is armed here, at the last thing that it does with a reply.
        if this.phase.state.load(Ordering::Acquire) == WAITING {
            this.enter(WAITING);
            let deadline = this.since() + this.idle;
            if this.poll_over(cx, deadline).is_ready() {
                return Poll::Ready(Err(timed_out("the client does nothing")));
            }
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        if !this.phase.linger.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let since = *this.linger_since.get_or_insert_with(Instant::now);
        let mut scratch = [0_u8; 8192];
        while this.lingered < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    this.lingered += buf.filled().len();
                }
                Poll::Ready(_) => break,
                Poll::Pending => {
                    ready!(this.poll_over(cx, since + LINGER));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
