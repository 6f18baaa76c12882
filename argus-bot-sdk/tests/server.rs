//! What a client can do to the server over a real socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use argus_bot_sdk::server::{Limits, body_timeout, read_body, serve};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const MAX_BODY: usize = 64;

/// Says the length of the body back; some paths do something else.
#[derive(Clone)]
struct Counting;

impl tower_service::Service<Request<Incoming>> for Counting {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        Box::pin(async move {
            match request.uri().path() {
                "/panic" => panic!("on purpose"),
                "/slow" => sleep(Duration::from_millis(300)).await,
                _ => {}
            }
            let limit = body_timeout(request.extensions());
            let answer = match read_body(request.into_body(), MAX_BODY, limit).await {
                Ok(body) => Response::builder().body(Full::from(format!("[{}]", body.len()))),
                Err(error) => Response::builder()
                    .status(error.status())
                    .header("connection", "close")
                    .body(Full::from(error.to_string())),
            };
            Ok(answer.unwrap())
        })
    }
}

struct Scene {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinSet<()>,
}

impl Scene {
    async fn new() -> Self {
        let limits = Limits::default()
            .header_timeout(Duration::from_millis(300))
            .body_timeout(Duration::from_millis(300))
            .idle(Duration::from_millis(600));
        Self::with(limits).await
    }

    async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let shutdown = async { stopped.await.unwrap_or_default() };
            serve(listener, Counting, limits, shutdown).await.unwrap();
        });
        Self { address, stop, server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back until the server closes; it has to close.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let read = timeout(Duration::from_secs(5), stream.read_to_end(&mut heard)).await;
    // A reset after the answer is as good as an end.
    assert!(read.is_ok(), "still open: {}", String::from_utf8_lossy(&heard));
    String::from_utf8_lossy(&heard).into_owned()
}

fn statuses(heard: &str) -> Vec<u16> {
    let lines = heard.split("HTTP/1.").skip(1);
    lines.map(|line| line.get(2..5).unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn odd_requests_get_their_status_and_an_end() {
    let scene = Scene::new().await;
    let check = async |request: &str, expected: &[u16]| {
        let heard = scene.say(request.as_bytes()).await;
        let shown: String = request.chars().take(60).collect();
        assert_eq!(statuses(&heard), expected, "{shown:?} -> {heard:?}");
    };
    let post = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    check(&format!("{post}content-length: 4\r\n\r\nfour"), &[200]).await;
    check("GET / HTTP/1.0\r\n\r\n", &[200]).await;
    check("POST / HTTP/1.0\r\ncontent-length: 4\r\n\r\nfour", &[200]).await;
    check(&format!("{post}transfer-encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n"), &[200]).await;
    check(&format!("{post}transfer-encoding: chunked\r\n\r\nZZ\r\nfour\r\n"), &[400]).await;
    check(&format!("{post}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"), &[400]).await;
    // A body that never comes, one that stops half-way, one that is too long.
    check(&format!("{post}content-length: 4\r\n\r\n"), &[408]).await;
    check(&format!("{post}transfer-encoding: chunked\r\n\r\n4\r\nfo"), &[408]).await;
    check(&format!("{post}content-length: 65\r\n\r\n"), &[413]).await;
    check(&format!("{post}content-length: 99999999999\r\n\r\n"), &[413]).await;
    let long =
        format!("{post}transfer-encoding: chunked\r\n\r\n64\r\n{}\r\n0\r\n\r\n", "x".repeat(100));
    check(&long, &[413]).await;
    check(&format!("{post}content-length: -1\r\n\r\n"), &[400]).await;
    check(&format!("{post}content-length: 99999999999999999999999\r\n\r\n"), &[400]).await;
    check(&format!("{post}content-length: 4\r\ncontent-length: 5\r\n\r\nfour"), &[400]).await;
    // What is not HTTP, and a header that is too long.
    check("\x16\x03\x01\x02\x00\x01\x00", &[400]).await;
    check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]).await; // Not spoken here.
    check("G@T / HTTP/1.1\r\n\r\n", &[400]).await;
    check("GET / HTTP/9.9\r\n\r\n", &[400]).await;
    check(&format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000)), &[431]).await;
    check(&format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101)), &[431]).await;
    // Two in one packet: the first is answered, the garbage behind it is not the server's fault.
    let two = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    check(&format!("{two}{post}\r\n"), &[200, 200]).await;
    check(&format!("{two}\0\0garbage\r\n\r\n"), &[200, 400]).await;
}

#[tokio::test]
async fn a_cut_off_body_is_broken() {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nfour").await.unwrap();
    stream.shutdown().await.unwrap();
    let heard = rest(&mut stream).await;
    assert!(heard.is_empty() || statuses(&heard) == [400], "{heard}");
    assert_eq!(statuses(&scene.say(b"GET / HTTP/1.0\r\n\r\n").await), [200], "the server lives on");
}

#[tokio::test]
async fn continue_is_sent_only_for_a_body_that_is_wanted() {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\n";
    stream.write_all(format!("{head}content-length: 4\r\n\r\n").as_bytes()).await.unwrap();
    let mut buffer = [0; 25];
    timeout(Duration::from_secs(5), stream.read_exact(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(&buffer[..], b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"four").await.unwrap();
    assert_eq!(statuses(&rest(&mut stream).await), [200]);
    let refused = scene.say(format!("{head}content-length: 400\r\n\r\n").as_bytes()).await;
    assert_eq!(statuses(&refused), [413], "nobody is asked for a body that is not wanted");
}

#[tokio::test]
async fn a_big_body_is_refused_and_the_client_sees_why() {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 500000\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    // The client goes on sending, as most do. A reset now would be all that many clients see.
    for sent in 0..10 {
        let write = stream.write_all(&[b'x'; 1_000]).await;
        assert!(write.is_ok(), "reset after {sent} pieces: {write:?}");
        sleep(Duration::from_millis(10)).await;
    }
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
}

#[tokio::test]
async fn slow_clients_are_cut_and_delay_nobody() {
    let scene = Scene::new().await;
    let mut slow = Vec::new();
    for n in 0..45 {
        let mut stream = scene.connect().await;
        let head: &[u8] = match n % 3 {
            0 => b"",
            1 => b"POST / HTTP/1.1\r\nhost: a\r\nx: ",
            _ => b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nfo",
        };
        stream.write_all(head).await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    assert_eq!(statuses(&scene.say(b"GET / HTTP/1.0\r\n\r\n").await), [200]);
    assert!(started.elapsed() < Duration::from_secs(2), "a good client waited");
    for stream in &mut slow {
        let heard = rest(stream).await;
        assert!(heard.is_empty() || statuses(&heard) == [408], "{heard}");
    }
}

#[tokio::test]
async fn a_dripping_header_is_cut_although_bytes_keep_coming() {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    let started = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    while started.elapsed() < Duration::from_secs(5) {
        if stream.write_all(b"y").await.is_err() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("a header dripped for 5 s");
}

#[tokio::test]
async fn idle_is_not_header_time() {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut answer = vec![0; 1024];
    for _ in 0..2 {
        stream.write_all(request).await.unwrap();
        let read = timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
        assert!(read.unwrap().unwrap() > 0);
        // Longer than the header's limit of 300 ms, shorter than the idle limit of 600 ms.
        sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(rest(&mut stream).await, "", "idle for ever");
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_server_lives_on() {
    let scene = Scene::new().await;
    let heard = scene.say(b"GET /panic HTTP/1.0\r\n\r\n").await;
    assert_eq!(statuses(&heard), [500]);
    assert!(heard.contains("application/problem+json"), "{heard}");
    assert_eq!(statuses(&scene.say(b"GET / HTTP/1.0\r\n\r\n").await), [200]);
}

#[tokio::test]
async fn shutdown_finishes_what_was_begun() {
    let Scene { address, stop, mut server } = Scene::new().await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut some = [0; 16];
    idle.read_exact(&mut some).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    assert_eq!(statuses(&rest(&mut busy).await), [200]);
    rest(&mut idle).await;
    timeout(Duration::from_secs(5), server.join_next()).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "still listening");
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let limits = Limits::default().max_connections(2).header_timeout(Duration::from_millis(300));
    let scene = Scene::with(limits).await;
    let _slow = [scene.connect().await, scene.connect().await];
    sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    assert_eq!(statuses(&scene.say(b"GET / HTTP/1.0\r\n\r\n").await), [200]);
    assert!(started.elapsed() > Duration::from_millis(100), "nobody waited");
}
