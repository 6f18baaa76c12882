//! Serving a bot: HTTP/1.1 with a limit on everything a stranger can make large or slow.
//!
//! A connection costs memory for as long as a client pleases, unless somebody says when it is over.
//! Here every wait on a client has an end: for the first byte, for the header, for the body, between
//! two requests and for the client to take its reply. HTTP/2 is left to the ingress in front.

#[cfg(feature = "server")]
mod gate;

use std::{
    fmt,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::EXPECT;
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::{Error, ErrorKind};

/// The longest body of a refused request that is thrown away instead of closing the connection;
/// a message has one to two kilobytes.
const SPENT_AT_MOST: u64 = 16 * 1024;

/// What a client may cost.
///
/// ```
/// use std::time::Duration;
/// use argus_bot_sdk::server::Limits;
///
/// let limits = Limits::default().drain(Duration::from_secs(5));
/// assert_eq!(limits.header_timeout, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From the first byte of a request (or from the connection) to the end of its header.
    pub header_timeout: Duration,
    /// From the end of the header to the end of the body; see [`body_timeout`].
    pub body_timeout: Duration,
    /// Between two requests of one connection, and for a client that does not take its reply.
    pub idle: Duration,
    /// The request line and all header fields together.
    pub max_header_bytes: usize,
    /// Connections at once; more wait in the listener's backlog.
    pub max_connections: usize,
    /// How long [`serve`] waits for running requests after the shutdown signal.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            body_timeout: DEFAULT_BODY_TIMEOUT,
            idle: Duration::from_mins(1),
            max_header_bytes: 16 * 1024,
            max_connections: 4096,
            drain: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// Sets how long a request's header may take.
    #[must_use]
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.header_timeout = limit;
        self
    }

    /// Sets how long a request's body may take.
    #[must_use]
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.body_timeout = limit;
        self
    }

    /// Sets how long a connection may do nothing.
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// Sets how many connections may be open at once.
    ///
    /// ```
    /// use argus_bot_sdk::server::Limits;
    ///
    /// let limits = Limits::default().max_connections(256);
    /// # drop(limits);
    /// ```
    #[must_use]
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.max_connections = limit;
        self
    }

    /// Sets how long a shutdown waits for running requests.
    #[must_use]
    pub fn drain(mut self, limit: Duration) -> Self {
        self.drain = limit;
        self
    }
}

const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The server's [`Limits::body_timeout`], as it travels with each request.
#[derive(Clone, Copy, Debug)]
struct BodyTimeout(Duration);

/// How long the body of this request may take: the server's limit, or 10 s when another server
/// than [`serve`] carries the request.
///
/// ```
/// use argus_bot_sdk::server::body_timeout;
///
/// assert_eq!(body_timeout(&http::Extensions::new()).as_secs(), 10);
/// ```
pub fn body_timeout(extensions: &http::Extensions) -> Duration {
    extensions.get::<BodyTimeout>().map_or(DEFAULT_BODY_TIMEOUT, |timeout| timeout.0)
}

/// Why a request's body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than allowed, or says that it will be; answer 413.
    TooBig,
    /// It did not arrive in time; answer 408.
    Slow,
    /// It ended early or was not framed properly; answer 400.
    Broken,
}

impl BodyError {
    /// The HTTP status that says so.
    pub fn status(self) -> u16 {
        match self {
            Self::TooBig => 413,
            Self::Slow => 408,
            Self::Broken => 400,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooBig => "request body is too long",
            Self::Slow => "request body did not arrive in time",
            Self::Broken => "request body is broken",
        })
    }
}

impl std::error::Error for BodyError {}

/// Reads a whole body, but no more than `max_bytes` and for no longer than `deadline`.
///
/// # Errors
///
/// - [`BodyError::TooBig`] before the first byte is read if the declared length says so already.
/// - [`BodyError::Slow`] and [`BodyError::Broken`]: nothing of what arrived is returned. Close the
///   connection after the answer, since the rest of the body may still be on its way.
///
/// ```
/// use std::time::Duration;
/// use argus_bot_sdk::server::{BodyError, read_body};
/// use http_body_util::Full;
///
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # rt.block_on(async {
/// let body = || Full::new(bytes::Bytes::from_static(b"four"));
/// assert_eq!(read_body(body(), 4, Duration::from_secs(1)).await.unwrap(), "four");
/// assert_eq!(read_body(body(), 3, Duration::from_secs(1)).await, Err(BodyError::TooBig));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn read_body<B>(body: B, max_bytes: usize, deadline: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(BodyError::TooBig);
    }
    let mut reading = pin!(collect(body, max_bytes));
    if let Some(read) = at_once(reading.as_mut()).await {
        return read;
    }
    tokio::time::timeout(deadline, reading).await.unwrap_or(Err(BodyError::Slow))
}

/// Whether the connection is good for a next request although the body of this one was not read:
/// it is small and came with the header, so that it is thrown away and costs nobody a new
/// connection. Any other body stays unread, and that spoils the connection: answer with
/// `Connection: close`, and [`serve`] waits a moment for the rest of it, so that the client sees the
/// answer and not a reset.
///
/// ```
/// use argus_bot_sdk::server::is_spent;
/// use http::HeaderMap;
/// use http_body_util::Full;
///
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # rt.block_on(async {
/// let body = |bytes| Full::new(bytes::Bytes::from(vec![b' '; bytes]));
/// assert!(is_spent(&HeaderMap::new(), body(1_000)).await);
/// assert!(!is_spent(&HeaderMap::new(), body(1_000_000)).await);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn is_spent<B: Body<Data = Bytes>>(headers: &HeaderMap, body: B) -> bool {
    if body.is_end_stream() {
        return true;
    }
    let is_small = body.size_hint().upper().is_some_and(|bytes| bytes <= SPENT_AT_MOST);
    // To read on would tell who asks first to send it.
    is_small && !headers.contains_key(EXPECT) && is_there(body).await
}

/// Whether the rest of a body has come already; it is thrown away. Whoever sends slowly is not
/// waited for.
async fn is_there<B: Body<Data = Bytes>>(body: B) -> bool {
    let thrown_away = async {
        let mut body = pin!(body);
        while let Some(frame) = body.as_mut().frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    at_once(pin!(thrown_away)).await.unwrap_or(false)
}

/// What the future gives within two polls. Most bodies came with their header: hyper has them ready
/// at the second poll, and a timer for each would cost more than reading them.
async fn at_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls > 1 => Poll::Ready(None),
            Poll::Pending => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}

/// Most bodies are one frame, which is then returned as it is, without a copy.
async fn collect<B: Body<Data = Bytes>>(body: B, max_bytes: usize) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut all: Option<BytesMut> = None;
    while let Some(frame) = body.as_mut().frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue; // Trailers: we need none.
        };
        let length = all.as_ref().map_or(first.len(), BytesMut::len);
        if length.saturating_add(data.len()) > max_bytes {
            return Err(BodyError::TooBig);
        }
        match &mut all {
            Some(all) => all.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut joined = BytesMut::with_capacity((first.len() + data.len()) * 2);
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&data);
                all = Some(joined);
            }
        }
    }
    Ok(all.map_or(first, BytesMut::freeze))
}

/// Refuses an address that others can reach, if what is to be served trusts everybody who can.
///
/// # Errors
///
/// [`ErrorKind::Config`] if `required` and `address` is not a loopback address.
///
/// ```
/// use argus_bot_sdk::server::check_loopback;
///
/// assert!(check_loopback("127.0.0.1:3978".parse()?, true).is_ok());
/// assert!(check_loopback("0.0.0.0:3978".parse()?, true).is_err());
/// assert!(check_loopback("0.0.0.0:3978".parse()?, false).is_ok());
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn check_loopback(address: SocketAddr, required: bool) -> Result<(), Error> {
    // A dual-stack listener reports IPv4 peers as ::ffff:127.0.0.1.
    if !required || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("an anonymous bot may listen on loopback addresses only, not on {address}"),
    ))
}

#[cfg(feature = "server")]
mod run;
#[cfg(feature = "server")]
mod tls;
#[cfg(feature = "server")]
pub(crate) use run::run;
#[cfg(feature = "server")]
pub use run::{serve, serve_tls};
#[cfg(feature = "server")]
pub use tls::{PeerCertificate, Tls};

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;

    fn chunks(parts: &[&'static str]) -> impl Body<Data = Bytes, Error = std::convert::Infallible> {
        let frames: Vec<_> = parts
            .iter()
            .map(|p| Ok(http_body::Frame::data(Bytes::from_static(p.as_bytes()))))
            .collect();
        StreamBody::new(futures_util::stream::iter(frames))
    }

    #[tokio::test]
    async fn chunks_are_joined_and_counted() {
        async fn check(parts: &[&'static str], max: usize, expected: Result<&str, BodyError>) {
            let read = read_body(chunks(parts), max, Duration::from_secs(1)).await;
            assert_eq!(read.as_deref(), expected.map(str::as_bytes).as_ref().copied(), "{parts:?}");
        }
        check(&[], 0, Ok("")).await;
        check(&["one"], 3, Ok("one")).await;
        check(&["one", "two", "three"], 11, Ok("onetwothree")).await;
        check(&["one", "two", "three"], 10, Err(BodyError::TooBig)).await;
        check(&["", "one", ""], 3, Ok("one")).await;
        check(&["four"], 3, Err(BodyError::TooBig)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_slow() {
        let never = StreamBody::new(futures_util::stream::pending::<
            Result<http_body::Frame<Bytes>, std::convert::Infallible>,
        >());
        assert_eq!(read_body(never, 10, Duration::from_secs(10)).await, Err(BodyError::Slow));
    }
}
