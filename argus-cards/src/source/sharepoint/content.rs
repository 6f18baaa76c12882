//! The content of a file: from an address without the token, on a host that is on the list.

use serde_json::Value;

use super::call::Graph;
use super::port::{Method, Request};
use crate::error::Error;
use crate::source::MAX_FILE_BYTES;

impl Graph {
    /// The content at a path of Graph, or nothing if it is what `held` is the tag of.
    pub(super) async fn content(
        &self,
        path: &[&str],
        held: Option<&str>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let url = self.url(path);
        // One byte more shows that it is too much.
        let limit = MAX_FILE_BYTES + 1;
        let mut request = Request::new(Method::Get, url.as_str(), limit);
        request.if_none_match = held.map(str::to_owned);
        let response = self.call(request).await?;
        match response.status {
            304 if held.is_some() => return Ok(None),
            301 | 302 | 303 | 307 | 308 => {}
            // Without a detour it is the content itself.
            _ => return Ok(Some(Self::accepted(&url, response)?.body)),
        }
        let location = response.get("location").unwrap_or_default();
        let there = self.content_url(location)?;
        let response = self.without_token(&there, limit).await?;
        if (300..400).contains(&response.status) {
            return Err(Error::unavailable("Graph: content leads on to yet another address"));
        }
        Ok(Some(Self::accepted(&there, response)?.body))
    }

    /// The newest version of a file that is published, if any is.
    pub(super) async fn published_version(
        &self,
        drive: &str,
        id: &str,
    ) -> Result<Option<String>, Error> {
        let url = self.url(&["v1.0", "drives", drive, "items", id, "versions"]);
        let versions = self.json(&url).await?;
        let versions = versions.get("value").and_then(Value::as_array);
        let is_published = |version: &&Value| {
            version.pointer("/publication/level").and_then(Value::as_str) == Some("published")
        };
        // Graph lists the newest first.
        let found = versions.and_then(|versions| versions.iter().find(is_published));
        Ok(found.and_then(|it| it.get("id")).and_then(Value::as_str).map(str::to_owned))
    }
}
