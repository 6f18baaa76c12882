//! A Connector that takes everything and says when what somebody waits for has arrived.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

type Waiting = Mutex<HashMap<String, oneshot::Sender<()>>>;

pub(crate) struct Connector {
    url: String,
    waiting: Arc<Waiting>,
    _tasks: JoinSet<()>,
}

impl Connector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let waiting = Arc::new(Waiting::default());
        let mut tasks = JoinSet::new();
        let heard = Arc::clone(&waiting);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let heard = Arc::clone(&heard);
                connections.spawn(async move {
                    let take = service_fn(|request| take(request, Arc::clone(&heard)));
                    let http = hyper::server::conn::http1::Builder::new();
                    drop(http.serve_connection(TokioIo::new(stream), take).await);
                });
            }
        });
        Self { url, waiting, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Resolves when an activity with this text, or with a card that begins with it, is here.
    pub(crate) fn expect(&self, text: &str) -> oneshot::Receiver<()> {
        let (arrived, wait) = oneshot::channel();
        self.waiting.lock().unwrap().insert(text.to_owned(), arrived);
        wait
    }
}

async fn take(
    request: Request<Incoming>,
    waiting: Arc<Waiting>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let activity: Value = serde_json::from_slice(&body).unwrap();
    let shown = activity["text"].as_str();
    let shown = shown.or(activity["attachments"][0]["content"]["body"][0]["text"].as_str());
    if let Some(arrived) = waiting.lock().unwrap().remove(shown.unwrap_or_default()) {
        arrived.send(()).unwrap_or_default();
    }
    let mut answer = Response::new(Full::new(Bytes::from_static(b"{\"id\":\"1700000000000\"}")));
    *answer.status_mut() = StatusCode::CREATED;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    Ok(answer)
}
