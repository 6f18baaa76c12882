//! Microsoft Graph: which groups a person is in.
//!
//! Source: graph docs, `user: checkMemberGroups` (transitive, at most 20 groups a call);
//! facts/external-apis.md 2.5.

use std::sync::Arc;

use argus_bot_sdk::auth::TokenSource;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::web::{Credential, Far};
use crate::ports::directory::{Directory, DirectoryError};

/// Groups in one call.
const GROUPS: usize = 20;

/// Graph behind its REST API.
#[derive(Debug)]
pub struct Graph {
    far: Far,
}

impl Graph {
    /// Graph at `url`.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(url: &str, tokens: Arc<dyn TokenSource>) -> Result<Self, String> {
        Ok(Self { far: Far::new(url, Credential::Token(tokens))? })
    }
}

#[async_trait]
impl Directory for Graph {
    async fn groups_of(
        &self,
        object_id: &str,
        groups: &[String],
    ) -> Result<Vec<String>, DirectoryError> {
        let down = |why: String| DirectoryError { why };
        // The id comes from an activity; only a GUID goes into a path.
        if object_id.parse::<uuid::Uuid>().is_err() {
            return Ok(Vec::new());
        }
        let mut member_of = Vec::new();
        for some in groups.chunks(GROUPS) {
            let url = self.far.url(&["v1.0", "users", object_id, "checkMemberGroups"]);
            let body = json!({"groupIds": some});
            let back = self.far.call(Method::POST, url, Some(&body)).await;
            let back = back.map_err(|lost| down(lost.why()))?;
            match back.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(Vec::new()),
                status => return Err(down(format!("Graph: HTTP {}", status.as_u16()))),
            }
            let found = back.json.as_ref().and_then(|it| it.get("value")?.as_array());
            let found = found.ok_or_else(|| down("Graph answered something else".into()))?;
            member_of.extend(found.iter().filter_map(|it| it.as_str().map(str::to_owned)));
        }
        Ok(member_of)
    }
}
