//! HTTP between the page and the studio, on loopback only.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_sim::page::body::PageBody;
use argus_sim::page::{files, guard};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::studio::{Studio, Wish};
use super::twist::Twist;

const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a page that waits hears that the server is there.
const BEAT: Duration = Duration::from_secs(15);
/// Events that a page may be behind.
const WAITING: usize = 16;
/// The renderer of cards sets styles, so inline styles are allowed; scripts come from us alone.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What every connection needs.
#[derive(Debug)]
struct Door {
    studio: Arc<Studio>,
    page: PathBuf,
    port: u16,
    /// The pages that are open.
    pages: Mutex<Vec<mpsc::Sender<Bytes>>>,
}

/// Serves connections until it is dropped.
pub(super) async fn serve(listener: TcpListener, port: u16, studio: Arc<Studio>, page: PathBuf) {
    let door = Arc::new(Door { studio, page, port, pages: Mutex::default() });
    let mut connections = JoinSet::new();
    let telling = Arc::clone(&door);
    connections.spawn(async move { telling.tell().await });
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&door)))),
                // Out of descriptors, for example; the next accept may work.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(&request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        // A page that was closed in the middle of a stream is the usual reason.
        tracing::debug!(%error, "a connection of the page ended early");
    }
}

impl Door {
    async fn answer(&self, request: &Request<Incoming>) -> Response<PageBody> {
        let mut response = match guard::admit(request.method(), request.headers(), self.port) {
            Err(refusal) => plain(refusal.status(), refusal.title()),
            Ok(()) if request.method() != Method::GET => {
                plain(405, "there is nothing to change here")
            }
            Ok(()) => match request.uri().path() {
                "/api/desk" => json(&self.studio.desk()),
                "/api/card" => json(&self.studio.card(&wish(request.uri().query()))),
                "/api/stream" => self.stream(),
                path => self.file(path.to_owned()).await,
            },
        };
        for (name, value) in [
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// The desk, now and after each change.
    fn stream(&self) -> Response<PageBody> {
        let (sender, receiver) = mpsc::channel(WAITING);
        // The channel is empty and open, so this is taken.
        sender.try_send(self.desk()).ok();
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        respond(200, "text/event-stream", PageBody::Stream(receiver))
    }

    fn desk(&self) -> Bytes {
        format!("event: desk\ndata: {}\n\n", self.studio.desk()).into()
    }

    /// Tells all open pages of each change, and from time to time that the server is there.
    async fn tell(&self) {
        let mut changes = self.studio.changes();
        loop {
            let event = tokio::select! {
                seen = changes.changed() => match seen {
                    Ok(()) => self.desk(),
                    Err(_) => return,
                },
                () = tokio::time::sleep(BEAT) => Bytes::from_static(b":\n\n"),
            };
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            // A page that is gone, or that reads nothing any more, connects again.
            pages.retain(|page| page.try_send(event.clone()).is_ok());
        }
    }

    async fn file(&self, path: String) -> Response<PageBody> {
        let page = self.page.clone();
        let path = if path == "/" { "/preview.html".to_owned() } else { path };
        match tokio::task::spawn_blocking(move || files::read(&page, &path)).await {
            Ok(Some(file)) => {
                respond(200, file.content_type, PageBody::Whole(Some(file.bytes.into())))
            }
            _ => plain(404, "there is no such file"),
        }
    }
}

/// What the page wants to see.
fn wish(query: Option<&str>) -> Wish {
    let mut wish = Wish::default();
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "template" => wish.template = value.into_owned(),
            "sample" => wish.sample = value.into_owned(),
            "twist" => wish.twist = Twist::named(&value).unwrap_or_default(),
            "locale" => wish.locale = Some(value.into_owned()).filter(|it| !it.is_empty()),
            _ => {}
        }
    }
    wish
}

fn json(body: &Value) -> Response<PageBody> {
    respond(200, "application/json", PageBody::Whole(Some(body.to_string().into())))
}

fn plain(status: u16, text: &'static str) -> Response<PageBody> {
    respond(status, "text/plain; charset=utf-8", PageBody::Whole(Some(text.into())))
}

fn respond(status: u16, content_type: &'static str, body: PageBody) -> Response<PageBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
