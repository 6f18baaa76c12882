//! One call of Graph: with the token, to Graph only, with limits and plain words about refusals.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::location::Location;
use super::port::{Method, Request, Response, Transport};
use crate::error::Error;

/// Most bytes of one answer in JSON; a page of 200 items has some 200 KB.
const MAX_JSON: usize = 8 << 20;
/// How long to wait if Graph is busy and does not say how long.
const BUSY: Duration = Duration::from_secs(30);
/// A `Retry-After` beyond this is taken for this: somebody has to look at it anyway.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Where SharePoint keeps content, in all clouds.
const CONTENT_HOSTS: [&str; 5] =
    [".sharepoint.com", ".1drv.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn"];

/// Graph, as far as it is needed here.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    base: Url,
    transport: Arc<dyn Transport>,
    content_hosts: Vec<String>,
    /// The id of the library, once it is known.
    drive: Arc<Mutex<Option<String>>>,
}

impl Graph {
    pub(super) fn new(base: &str, transport: Arc<dyn Transport>) -> Result<Self, Error> {
        let wrong = |why: &str| Error::unavailable(format!("Graph at `{base}`: {why}"));
        let url = Url::parse(base).map_err(|error| wrong("this is no address").because(error))?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(wrong("only https, or http on this computer"));
        }
        let content_hosts = CONTENT_HOSTS.map(str::to_owned).to_vec();
        Ok(Self { base: url, transport, content_hosts, drive: Arc::default() })
    }

    pub(super) fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.content_hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// The address with these path segments, each encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// An address that Graph gave us and that will get the token: it must be Graph's own.
    pub(super) fn own(&self, link: &str) -> Result<Url, Error> {
        let url = Url::parse(link).map_err(|error| {
            Error::unavailable("Graph: a link in its answer is none").because(error)
        })?;
        if url.origin() != self.base.origin() || !url.username().is_empty() {
            let host = url.host_str().unwrap_or_default();
            return Err(Error::unavailable(format!("Graph: a link leads to another host, {host}")));
        }
        Ok(url)
    }

    /// An address from which content may be loaded, without the token.
    pub(super) fn content_url(&self, link: &str) -> Result<Url, Error> {
        let wrong = |why: String| Error::unavailable(format!("Graph: content is not loaded {why}"));
        let url = Url::parse(link)
            .map_err(|error| wrong("from what is no address".into()).because(error))?;
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let here = is_loopback(&url) && is_loopback(&self.base);
        let known = self.content_hosts.iter().any(|allowed| match allowed.strip_prefix('.') {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
            None => host == *allowed,
        });
        let plain = url.username().is_empty() && url.password().is_none();
        if here && plain || known && plain && url.scheme() == "https" && url.port().is_none() {
            return Ok(url);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Err(wrong(format!(
            "from {}://{host}{port}, which is none of SharePoint's hosts; allow it if it is yours",
            url.scheme()
        )))
    }

    /// Reads JSON.
    pub(super) async fn json(&self, url: &Url) -> Result<Value, Error> {
        let response = self.call(Request::new(Method::Get, url.as_str(), MAX_JSON)).await?;
        body(url, &Self::accepted(url, response)?)
    }

    /// Writes JSON and reads the answer.
    pub(super) async fn write(
        &self,
        method: Method,
        url: &Url,
        json: &Value,
    ) -> Result<Response, Error> {
        let mut request = Request::new(method, url.as_str(), MAX_JSON);
        request.json = Some(json.to_string());
        self.call(request).await
    }

    /// Sends a request with the token; one that Graph does not accept is renewed once.
    pub(super) async fn call(&self, mut request: Request) -> Result<Response, Error> {
        let token = self.transport.token(None).await?;
        request.bearer = Some(token.clone());
        let response = self.transport.send(request.clone()).await?;
        if response.status != 401 {
            return Ok(response);
        }
        request.bearer = Some(self.transport.token(Some(&token)).await?);
        self.transport.send(request).await
    }

    /// Sends a request that must not have the token.
    pub(super) async fn without_token(&self, url: &Url, limit: usize) -> Result<Response, Error> {
        self.transport.send(Request::new(Method::Get, url.as_str(), limit)).await
    }

    /// What a status means, in words that say what to do.
    pub(super) fn accepted(url: &Url, response: Response) -> Result<Response, Error> {
        let status = response.status;
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let error = |what: &str| {
            Error::unavailable(format!("Graph: HTTP {status} for {}: {what}", url.path()))
        };
        Err(match status {
            401 => error("it does not accept the bot's token"),
            403 => error(
                "the bot may not read this; give its app registration Sites.Selected with this site, \
                 or Files.Read.All",
            ),
            404 => error("there is nothing there, or the bot may not see it"),
            429 | 500..=599 => {
                let asked = response.get("retry-after").and_then(|it| it.trim().parse().ok());
                let wait = asked.map_or(BUSY, Duration::from_secs).min(LONGEST_WAIT);
                let wait_secs = wait.as_secs();
                error(&format!("it is busy or down; asked again in {wait_secs} s")).after(wait)
            }
            _ => error("it does not say what we asked for"),
        })
    }

    /// The id of the library.
    pub(super) async fn drive(&self, place: &Location) -> Result<String, Error> {
        // An id begins so, and a library's name does not.
        if place.drive.starts_with("b!") {
            return Ok(place.drive.clone());
        }
        let known = self.drive.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(drive) = known {
            return Ok(drive);
        }
        let mut segments = vec!["v1.0", "sites"];
        segments.extend(place.site.iter().map(String::as_str));
        let site = self.json(&self.url(&segments)).await?;
        let site = text(&site, "id")?;
        let drives = self.json(&self.url(&["v1.0", "sites", &site, "drives"])).await?;
        let id = drive_of(&drives, place)?;
        *self.drive.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(id)
    }
}

/// The library of a site that is meant, by its name or the last part of its address.
fn drive_of(drives: &Value, place: &Location) -> Result<String, Error> {
    let drives =
        drives.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let field = |drive: &Value, name| {
        drive.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let is_meant = |drive: &&Value| {
        let address = field(drive, "webUrl").replace("%20", " ");
        let last = address.rsplit('/').next().unwrap_or_default().to_owned();
        [field(drive, "name"), field(drive, "id"), last]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(&place.drive))
    };
    if let Some(drive) = drives.iter().find(is_meant) {
        return text(drive, "id");
    }
    let names: Vec<String> = drives.iter().map(|drive| field(drive, "name")).collect();
    let (wanted, there) = (&place.drive, names.join(", "));
    Err(Error::unavailable(format!("the site has no library `{wanted}`; it has: {there}")))
}

/// A text that must be in Graph's answer.
pub(super) fn text(value: &Value, name: &str) -> Result<String, Error> {
    let found = value.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    let missing = || Error::unavailable(format!("Graph: its answer has no `{name}`"));
    found.map(str::to_owned).ok_or_else(missing)
}

/// The JSON of an answer.
pub(super) fn body(url: &Url, response: &Response) -> Result<Value, Error> {
    serde_json::from_slice(&response.body).map_err(|error| {
        Error::unavailable(format!("Graph: no JSON came from {}", url.path())).because(error)
    })
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}
