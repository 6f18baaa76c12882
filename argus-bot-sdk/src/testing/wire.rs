//! A small HTTP server for fakes: loopback only, gone when dropped.
//!
//! A fake is an async function from [`FakeRequest`] to [`FakeResponse`]. What a real server cannot
//! promise is a response too: a connection that closes without an answer, or that is reset.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a fake reads of one body; more is answered with 413.
const MAX_BODY: usize = 4 << 20;

/// Serves a fake on a loopback port until it is dropped.
///
/// ```
/// use argus_bot_sdk::testing::wire::{FakeResponse, FakeServer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = FakeServer::start(|request| async move {
///     FakeResponse::text(200, format!("you asked for {}", request.path()))
/// })
/// .await?;
/// let tea = reqwest::Client::new().get(format!("{}/tea", server.url()));
/// let answer = tea.send().await?.text().await?;
/// assert_eq!(answer, "you asked for /tea");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FakeServer {
    addr: SocketAddr,
    // Dropping the set aborts the accept loop, which owns the set of connections.
    _tasks: JoinSet<()>,
}

impl FakeServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The socket error if no port can be bound.
    pub async fn start<H, F>(handler: H) -> io::Result<Self>
    where
        H: Fn(FakeRequest) -> F + Send + Sync + 'static,
        F: Future<Output = FakeResponse> + Send + 'static,
    {
        Self::start_on(0, handler).await
    }

    /// Starts on this port of 127.0.0.1, so that a fake can be restarted where it was.
    ///
    /// # Errors
    ///
    /// The socket error if the port cannot be bound.
    pub async fn start_on<H, F>(port: u16, handler: H) -> io::Result<Self>
    where
        H: Fn(FakeRequest) -> F + Send + Sync + 'static,
        F: Future<Output = FakeResponse> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::new(handler)));
        Ok(Self { addr, _tasks: tasks })
    }

    /// Where it listens, as `http://127.0.0.1:PORT` without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens, as an address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// A request as a fake sees it: read to its end, not interpreted.
#[derive(Clone)]
#[non_exhaustive]
pub struct FakeRequest {
    /// The method.
    pub method: Method,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    path: String,
    query: Vec<(String, String)>,
}

impl FakeRequest {
    /// The path as it was sent, still percent-encoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path's segments, percent-decoded each, so that an encoded slash stays inside its segment.
    ///
    /// ```
    /// use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
    ///
    /// async fn answer(request: FakeRequest) -> FakeResponse {
    ///     match request.segments().join("|").as_str() {
    ///         "tea" if request.bearer() == Some("guest") => FakeResponse::status(204),
    ///         "tea" => FakeResponse::html(401, "<h1>Who are you?</h1>"),
    ///         "lost" => FakeResponse::lost(),
    ///         _ => FakeResponse::reset(),
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = FakeServer::start_on(0, answer).await?;
    /// let client = reqwest::Client::new();
    /// let ask = |path: &str| client.get(format!("http://{}/{path}", server.addr())).send();
    /// assert_eq!(ask("tea").await?.status(), 401);
    /// assert!(ask("lost").await.is_err() && ask("elsewhere").await.is_err());
    /// let tea = client.get(format!("{}/tea", server.url())).bearer_auth("guest");
    /// assert_eq!(tea.send().await?.status(), 204);
    /// # Ok(()) }
    /// ```
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(decode).collect()
    }

    /// The first query parameter of this name, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's value, if it is there once and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then(|| value.to_str().ok()).flatten()
    }

    /// The token of `Authorization: Bearer TOKEN`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body's fields, if it is a form.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

impl fmt::Debug for FakeRequest {
    /// Method and path only: headers hold tokens and bodies hold people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path, self.body.len())
    }
}

/// What a fake answers, or how it fails to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeResponse {
    outcome: Outcome,
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answer,
    Close,
    Reset,
}

impl FakeResponse {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self { outcome: Outcome::Answer, status, headers: Vec::new(), body: Bytes::new() }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::status(status)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string())
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::status(status).header("content-type", "text/plain; charset=utf-8").body(body.into())
    }

    /// An answer in HTML, as proxies and gateways give.
    pub fn html(status: u16, body: impl Into<String>) -> Self {
        Self::status(status).header("content-type", "text/html; charset=utf-8").body(body.into())
    }

    /// No answer: the connection closes after the request was read.
    pub fn lost() -> Self {
        Self { outcome: Outcome::Close, ..Self::status(500) }
    }

    /// No answer: the connection is reset after the request was read.
    pub fn reset() -> Self {
        Self { outcome: Outcome::Reset, ..Self::status(500) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Replaces the status and keeps the rest.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The status, or 0 if there is no answer.
    pub(super) fn code(&self) -> u16 {
        if self.outcome == Outcome::Answer { self.status } else { 0 }
    }

    /// The body as JSON; null if it is none.
    pub(super) fn seen(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether this is an answer with a 2xx status.
    pub fn is_success(&self) -> bool {
        self.outcome == Outcome::Answer && (200..300).contains(&self.status)
    }
}

/// The handler asked for the connection to end instead of an answer.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fake gave no answer")
    }
}

impl std::error::Error for NoAnswer {}

async fn accept<H, F>(listener: TcpListener, handler: Arc<H>)
where
    H: Fn(FakeRequest) -> F + Send + Sync + 'static,
    F: Future<Output = FakeResponse> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&handler)));
                }
                // Out of descriptors, for example; the next accept may work.
                Err(_) => tokio::task::yield_now().await,
            },
            // Reap what has ended, so that a long run does not grow.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<H, F>(stream: TcpStream, handler: Arc<H>)
where
    H: Fn(FakeRequest) -> F + Send + Sync + 'static,
    F: Future<Output = FakeResponse> + Send + 'static,
{
    if stream.set_nodelay(true).is_err() {
        return; // The client has gone already.
    }
    let reset = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&reset);
    let service = service_fn(move |request| {
        let (handler, flag) = (Arc::clone(&handler), Arc::clone(&flag));
        // Boxed, because taking the stream back from hyper needs a future that may move.
        Box::pin(async move {
            let response = match read(request).await {
                Ok(request) => handler(request).await,
                Err(refusal) => refusal,
            };
            flag.store(response.outcome == Outcome::Reset, Ordering::Relaxed);
            write(response)
        })
    });
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    // With zero linger, closing the socket sends RST instead of FIN.
    if ended.is_err() && reset.load(Ordering::Relaxed) && stream.set_zero_linger().is_err() {
        tracing::debug!("The peer reset the connection first.");
    }
}

async fn read(request: http::Request<Incoming>) -> Result<FakeRequest, FakeResponse> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|_| FakeResponse::text(413, "more than a fake reads"))?
        .to_bytes();
    let query = parts.uri.query().unwrap_or_default();
    Ok(FakeRequest {
        method: parts.method,
        headers: parts.headers,
        body,
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
    })
}

fn write(response: FakeResponse) -> Result<http::Response<Full<Bytes>>, NoAnswer> {
    if response.outcome != Outcome::Answer {
        return Err(NoAnswer);
    }
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    // A fake that sets an impossible header or status breaks its connection, and its test sees that.
    builder.body(Full::new(response.body)).map_err(|_| NoAnswer)
}

/// Percent-decodes one path segment; `+` is an ordinary character in a path.
fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        let ahead = rest.clone().take(2).filter_map(|digit| char::from(digit).to_digit(16));
        let digits: Vec<u32> = ahead.collect();
        match (byte, digits.as_slice()) {
            (b'%', [high, low]) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest.nth(1);
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_segments_once() {
        let check = |raw: &str, expected: &str| assert_eq!(decode(raw), expected, "{raw}");
        check("19%3Aabc%40thread.tacv2%3Bmessageid%3D1", "19:abc@thread.tacv2;messageid=1");
        check("a%2Fb", "a/b");
        check("a+b", "a+b");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%2525", "%25");
    }

    #[tokio::test]
    async fn answers_closes_and_resets() {
        let server = FakeServer::start(|request| async move {
            match request.path() {
                "/lost" => FakeResponse::lost(),
                "/reset" => FakeResponse::reset(),
                _ => FakeResponse::json(201, &request.json().unwrap_or_default()),
            }
        })
        .await
        .unwrap();
        let client = reqwest::Client::new();
        let url = server.url();
        let post = |path: &str| client.post(format!("{url}{path}")).body("[1]").send();

        assert_eq!(post("/echo").await.unwrap().text().await.unwrap(), "[1]");
        assert!(post("/lost").await.is_err());
        let reset = format!("{:?}", post("/reset").await.unwrap_err());
        assert!(reset.contains("ConnectionReset"), "{reset}");
        assert_eq!(post("/again").await.unwrap().status(), 201);
    }

    #[tokio::test]
    async fn stops_when_dropped() {
        let server = FakeServer::start(|_| async { FakeResponse::status(204) }).await.unwrap();
        let addr = server.addr();
        drop(server);
        // The abort is asynchronous: the listener closes when the runtime next polls its task.
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
