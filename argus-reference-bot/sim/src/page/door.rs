//! HTTP between the page and its server.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::api::Api;
use super::body::PageBody;
use super::{files, guard, plain};

/// No request of the page is larger.
const MAX_BODY: usize = 256 << 10;
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The renderer of cards sets styles, so inline styles are allowed; scripts come from us alone.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) api: Api,
    pub(crate) web_root: Option<PathBuf>,
    pub(crate) port: u16,
}

/// Serves connections until it is dropped.
pub(crate) async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&door)));
                }
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
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        // A page that was closed in the middle of a stream is the usual reason.
        tracing::debug!(%error, "A connection of the page ended early.");
    }
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<PageBody> {
        let (parts, body) = request.into_parts();
        let mut response = match guard::admit(&parts.method, &parts.headers, self.port) {
            Err(refusal) => problem(refusal.status(), refusal.title()),
            Ok(()) => match parts.uri.path().strip_prefix("/api/") {
                Some(call) => self.call(&parts.method, call, body).await,
                None if parts.method == Method::GET => self.file(parts.uri.path()).await,
                None => problem(405, "files can only be read"),
            },
        };
        protect(&mut response);
        response
    }

    async fn call(&self, method: &Method, call: &str, body: Incoming) -> Response<PageBody> {
        let path: Vec<&str> = call.split('/').collect();
        let api = &self.api;
        match (method.as_str(), path.as_slice()) {
            ("GET", ["people"]) => json_body(200, &api.people()),
            ("GET", ["state"]) => json_body(200, &api.state()),
            ("GET", ["alerts"]) => json_body(200, &api.alerts()),
            ("GET", ["stream"]) => {
                let events = PageBody::Stream(api.events());
                respond(200, "text/event-stream", events)
            }
            ("DELETE", ["faults"]) => json_body(200, &api.clear_faults()),
            ("POST", ["alerts", name]) => {
                let name = files::percent_decoded(name).unwrap_or_default();
                told(api.send_alert(&name).await)
            }
            ("POST", [name @ ("messages" | "click" | "faults")]) => {
                let read = Limited::new(body, MAX_BODY).collect();
                let Ok(Ok(body)) = tokio::time::timeout(BODY_TIMEOUT, read).await else {
                    return problem(413, "the request is too large or too slow");
                };
                let body = body.to_bytes();
                told(match *name {
                    "messages" => api.say(&body).await,
                    "click" => api.click(&body).await,
                    _ => api.fault(&body),
                })
            }
            _ => problem(404, "no such call"),
        }
    }

    async fn file(&self, path: &str) -> Response<PageBody> {
        let Some(root) = self.web_root.clone() else {
            return self.plain_page(path);
        };
        let path = path.to_owned();
        let found = tokio::task::spawn_blocking(move || files::read(&root, &path)).await;
        match found {
            Ok(Some(file)) => {
                respond(200, file.content_type, PageBody::Whole(Some(file.bytes.into())))
            }
            _ => problem(404, "no such file"),
        }
    }

    fn plain_page(&self, path: &str) -> Response<PageBody> {
        if path != "/" {
            return problem(404, "no such file");
        }
        let html = plain::page(self.api.channel_name(), &self.api.activities());
        respond(200, "text/html; charset=utf-8", PageBody::Whole(Some(html.into())))
    }
}

fn told(result: Result<(u16, Value), (u16, String)>) -> Response<PageBody> {
    match result {
        Ok((status, body)) => json_body(status, &body),
        Err((status, title)) => problem(status, &title),
    }
}

fn json_body(status: u16, body: &Value) -> Response<PageBody> {
    let bytes = Bytes::from(body.to_string());
    respond(status, "application/json", PageBody::Whole(Some(bytes)))
}

fn problem(status: u16, title: &str) -> Response<PageBody> {
    let body = json!({ "type": "about:blank", "title": title, "status": status });
    let bytes = Bytes::from(body.to_string());
    respond(status, "application/problem+json", PageBody::Whole(Some(bytes)))
}

fn respond(status: u16, content_type: &'static str, body: PageBody) -> Response<PageBody> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn protect(response: &mut Response<PageBody>) {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
