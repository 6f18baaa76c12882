//! One request and its answer over TCP or TLS: bounded in time and in size, and sent nowhere else.
//!
//! There is no redirect, no proxy and no cookie here: where the bot's token goes is decided by the
//! caller alone. Nothing of which a byte was written is written again.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::aws_lc_rs;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower_service::Service;

use super::pool::{Line, Origin, Pool, Question, Sent};
use super::{SendError, SendErrorKind};
use crate::handler::BoxFuture;
use crate::{Error, ErrorKind};

/// For the name, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(3);
/// Teams' answers are a few hundred bytes; more than this is not Teams.
const MAX_ANSWER: usize = 1024 * 1024;

/// A pool of HTTP/1.1 connections.
pub(super) struct Transport {
    ways: Arc<Ways>,
}

/// How to get a connection: an old one, or a new one.
struct Ways {
    pool: Pool,
    dial: HttpsConnector<HttpConnector>,
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
        Ok(Self { ways: Arc::new(Ways { pool: Pool::default(), dial: tls }) })
    }

    /// Sends a request once and reads the answer to its end. `address` says to whom; the request
    /// names the rest.
    ///
    /// A body that breaks off, does not come in time or is too long counts as empty: the status,
    /// which came before it, says what is true.
    pub(super) fn exchange(
        &self,
        address: &Uri,
        request: Question,
        limit: Duration,
    ) -> BoxFuture<Result<Response<Bytes>, SendError>> {
        let Some(origin) = Origin::of(address) else {
            return Box::pin(async { Err(SendError::new(SendErrorKind::Refused)) });
        };
        let (ways, over) = (Arc::clone(&self.ways), Instant::now() + limit);
        // The request is under way before there is a future that had room for it.
        match ways.pool.take(&origin) {
            Some(mut line) => {
                let sending = line.send(request);
                Box::pin(over_kept(Call { ways, origin, over }, line, sending))
            }
            None => Box::pin(over_new(Call { ways, origin, over }, request)),
        }
    }
}

/// What an exchange knows beside the request.
struct Call {
    ways: Arc<Ways>,
    origin: Origin,
    over: Instant,
}

/// An exchange over a connection that was used before.
async fn over_kept(
    call: Call,
    mut line: Box<Line>,
    sending: impl Future<Output = Sent>,
) -> Result<Response<Bytes>, SendError> {
    let mut timer = pin!(sleep_until(call.over));
    let answer = match before(timer.as_mut(), pin!(line.during(pin!(sending)))).await {
        Some(Ok(answer)) => answer,
        Some(Err(mut error)) => match error.take_message() {
            // The far side closed the connection before any of the request was written.
            Some(request) => return Box::pin(over_new(call, request)).await,
            None => return Err(ambiguous(error.into_error())),
        },
        None => return Err(ambiguous(Late)),
    };
    Ok(finish(call, line, answer, timer).await)
}

/// An exchange over a connection of its own.
async fn over_new(call: Call, request: Question) -> Result<Response<Bytes>, SendError> {
    let mut timer = pin!(sleep_until(call.over));
    let connecting = pin!(connect(call.ways.dial.clone(), call.origin.address()));
    let mut line = match before(timer.as_mut(), connecting).await {
        Some(line) => line.map_err(not_sent)?,
        None => return Err(not_sent(Late)),
    };
    let sending = line.send(request);
    let answer = match before(timer.as_mut(), pin!(line.during(pin!(sending)))).await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => return Err(ambiguous(error.into_error())),
        None => return Err(ambiguous(Late)),
    };
    Ok(finish(call, line, answer, timer).await)
}

/// A new connection, which comes about in [`CONNECT`] or not at all.
async fn connect(
    mut dial: HttpsConnector<HttpConnector>,
    to: Uri,
) -> Result<Box<Line>, Box<dyn StdError + Send + Sync>> {
    let connecting = async {
        poll_fn(|cx| dial.poll_ready(cx)).await?;
        Ok(Box::new(Line::new(dial.call(to).await?).await?))
    };
    timeout(CONNECT, connecting).await?
}

/// Reads the body, and keeps the connection if that was all of it.
async fn finish(
    call: Call,
    mut line: Box<Line>,
    answer: Response<Incoming>,
    timer: Pin<&mut Sleep>,
) -> Response<Bytes> {
    let (head, body) = answer.into_parts();
    let body = before(timer, pin!(line.during(pin!(collect(body))))).await.flatten();
    if body.is_some() {
        call.ways.pool.keep(call.origin, line);
    }
    Response::from_parts(head, body.unwrap_or_default())
}

fn not_sent(error: impl Into<Box<dyn StdError + Send + Sync>>) -> SendError {
    SendError::new(SendErrorKind::NotSent).with_source(error)
}

fn ambiguous(error: impl Into<Box<dyn StdError + Send + Sync>>) -> SendError {
    SendError::new(SendErrorKind::Ambiguous).with_source(error)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::{Method, Request};
    use http_body_util::Full;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    use super::*;

    const KEPT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const LAST: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    const UNTIL_CLOSED: &str = "HTTP/1.0 200 OK\r\n\r\nok";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n";

    /// A server that gives each connection the same answers and then closes it.
    struct Server {
        address: Uri,
        connections: Arc<AtomicUsize>,
        closed: Arc<AtomicUsize>,
        _tasks: JoinSet<()>,
    }

    impl Server {
        async fn start(answers: &'static [&'static str]) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}/a?b", listener.local_addr().unwrap());
            let (connections, closed) = (Arc::default(), Arc::default());
            let (opened, over) = (Arc::clone(&connections), Arc::clone(&closed));
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                let mut running = JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    AtomicUsize::fetch_add(&opened, 1, Ordering::SeqCst);
                    let over = Arc::clone(&over);
                    running.spawn(async move {
                        answer(stream, answers).await;
                        AtomicUsize::fetch_add(&over, 1, Ordering::SeqCst);
                    });
                }
            });
            Self { address: address.parse().unwrap(), connections, closed, _tasks: tasks }
        }

        fn connections(&self) -> usize {
            self.connections.load(Ordering::SeqCst)
        }

        async fn call(&self, transport: &Transport) -> Result<Bytes, SendErrorKind> {
            let request = Request::builder().method(Method::POST).uri("/a?b").header("host", "it");
            let request = request.body(Full::new(Bytes::from_static(b"{}"))).unwrap();
            let answer = transport.exchange(&self.address, request, Duration::from_secs(5)).await;
            answer.map(Response::into_body).map_err(|error| error.kind())
        }
    }

    /// Each answer follows one request; an empty one is none, and the connection ends.
    async fn answer(mut stream: TcpStream, answers: &[&str]) {
        let mut buffer = vec![0; 4096];
        for answer in answers {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n{}") {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            assert!(request.starts_with(b"POST /a?b HTTP/1.1\r\n"), "{request:?}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        if answers.last() == Some(&KEPT) {
            drop(stream.read(&mut buffer).await);
        }
    }

    #[tokio::test]
    async fn connections_are_used_again_while_they_are_good() {
        async fn check(answers: &'static [&'static str], connections: usize) {
            let (server, transport) = (Server::start(answers).await, Transport::new().unwrap());
            for _ in 0..4 {
                let answer = server.call(&transport).await;
                assert_eq!(answer.as_deref(), Ok(b"ok".as_slice()), "{answers:?}");
            }
            assert_eq!(server.connections(), connections, "{answers:?}");
        }
        check(&[KEPT, KEPT, KEPT, KEPT], 1).await;
        check(&[CHUNKED, KEPT, CHUNKED, KEPT], 1).await;
        check(&[KEPT, LAST], 2).await;
        check(&[LAST], 4).await;
        check(&[UNTIL_CLOSED], 4).await;
    }

    #[tokio::test]
    async fn a_kept_connection_that_was_closed_costs_no_message() {
        // Without a word the server closes each connection after its answer.
        let server = Server::start(&[CHUNKED]).await;
        let transport = Transport::new().unwrap();
        for round in 1..=20 {
            assert_eq!(server.call(&transport).await.as_deref(), Ok(b"ok".as_slice()));
            while server.closed.load(Ordering::SeqCst) < round {
                tokio::task::yield_now().await;
            }
            // What the far side did has come to this side's notice.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(server.connections(), 20);
    }

    #[tokio::test]
    async fn a_request_that_may_have_arrived_is_not_written_again() {
        for answers in [&["", ""][..1], &[KEPT, ""]] {
            let (server, transport) = (Server::start(answers).await, Transport::new().unwrap());
            for _ in 1..answers.len() {
                assert_eq!(server.call(&transport).await.as_deref(), Ok(b"ok".as_slice()));
            }
            assert_eq!(server.call(&transport).await, Err(SendErrorKind::Ambiguous));
            assert_eq!(server.connections(), 1);
        }
    }

    #[tokio::test]
    async fn what_nobody_wants_is_closed() {
        let (server, transport) = (Server::start(&[KEPT, KEPT]).await, Transport::new().unwrap());
        let (one, other) = tokio::join!(server.call(&transport), server.call(&transport));
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(server.connections(), 2);
        tokio::time::pause();
        while server.closed.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(server.call(&transport).await.is_ok());
        assert_eq!(server.connections(), 3);
    }

    #[test]
    fn a_connector_outlives_a_runtime() {
        let transport = Transport::new().unwrap();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let server = Server::start(&[KEPT, KEPT]).await;
                for _ in 0..2 {
                    assert_eq!(server.call(&transport).await.as_deref(), Ok(b"ok".as_slice()));
                }
                assert_eq!(server.connections(), 1);
                tokio::time::pause();
                while server.closed.load(Ordering::SeqCst) < 1 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                tokio::time::resume();
            });
            // Left behind in the pool when this runtime ends.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let server = Server::start(&[KEPT, KEPT]).await;
                assert!(server.call(&transport).await.is_ok());
            });
        }
    }

    #[tokio::test]
    async fn calls_at_once_have_connections_of_their_own() {
        let (server, transport) = (Server::start(&[KEPT; 8]).await, Transport::new().unwrap());
        for _ in 0..4 {
            let calls = (0..8).map(|_| server.call(&transport));
            let answers = futures_util::future::join_all(calls).await;
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
        assert_eq!(server.connections(), 8);
    }

    #[tokio::test]
    async fn nobody_there_means_not_sent() {
        let server = Server::start(&[]).await;
        let nobody = Server { address: "http://127.0.0.1:9/".parse().unwrap(), ..server };
        let transport = Transport::new().unwrap();
        assert_eq!(nobody.call(&transport).await, Err(SendErrorKind::NotSent));
    }
}
