//! One message to very many.

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Connector, SendError};
use crate::Activity;

/// Sends one message to many people, teams or channels, without a call for each.
///
/// Teams does it in its own time: each call gives an [`Operation`], which is asked about or taken
/// back later.
///
/// ```
/// use argus_bot_sdk::connector::Batch;
/// use argus_bot_sdk::testing::{Person, TENANT, TestTeams};
/// use argus_bot_sdk::{Activity, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = TestTeams::start(Router::new()).await?;
/// let people: Vec<_> = (0..5).map(|n| Person::new(format!("Person {n}"))).collect();
/// let mut ids: Vec<_> = people.iter().map(|person| person.id.as_str()).collect();
/// people.iter().for_each(|person| drop(world.teams().personal(person)));
/// ids.push("29:nobody");
///
/// let url = world.teams().service_url();
/// let batch = Batch::new(world.connector(), &url, TENANT);
/// let drill = batch.users(&Activity::message("This is a drill."), &ids).await?;
/// assert_eq!(batch.state(&drill).await?.status_map.get("201"), Some(&5));
/// assert_eq!(batch.failed(&drill).await?[0].id, "29:nobody");
/// # Ok(()) }
/// ```
#[must_use]
pub struct Batch<'a, C: ?Sized> {
    connector: &'a C,
    service_url: &'a str,
    tenant_id: &'a str,
}

/// Names a batch that Teams works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Operation(String);

impl Operation {
    /// The operation of this id, which was kept somewhere.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a, C: Connector + ?Sized> Batch<'a, C> {
    /// Sends in this tenant, through the Connector at this service URL.
    pub fn new(connector: &'a C, service_url: &'a str, tenant_id: &'a str) -> Self {
        Self { connector, service_url, tenant_id }
    }

    /// Sends to people, by their `29:…` ids or object ids.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says what is true after it; after
    /// [`SendErrorKind::Ambiguous`](super::SendErrorKind::Ambiguous) the batch may be under way.
    pub async fn users(&self, activity: &Activity, ids: &[&str]) -> Result<Operation, SendError> {
        self.start("users", activity, Some(("members", named(ids)))).await
    }

    /// Sends to everybody in the tenant who has the bot.
    ///
    /// # Errors
    ///
    /// As for [`users`](Self::users).
    pub async fn tenant(&self, activity: &Activity) -> Result<Operation, SendError> {
        self.start("tenant", activity, None).await
    }

    /// Sends to everybody in a team.
    ///
    /// # Errors
    ///
    /// As for [`users`](Self::users).
    pub async fn team(&self, activity: &Activity, team_id: &str) -> Result<Operation, SendError> {
        self.start("team", activity, Some(("teamId", json!(team_id)))).await
    }

    /// Sends to channels, by their conversation ids.
    ///
    /// # Errors
    ///
    /// As for [`users`](Self::users).
    pub async fn channels(
        &self,
        activity: &Activity,
        ids: &[&str],
    ) -> Result<Operation, SendError> {
        self.start("channels", activity, Some(("members", named(ids)))).await
    }

    /// How far an operation is.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says why nothing was told.
    pub async fn state(&self, operation: &Operation) -> Result<BatchState, SendError> {
        let call = self.call(Method::GET, &operation.0);
        self.connector.perform(call).await?.json()
    }

    /// Whom an operation did not reach, all pages of them.
    ///
    /// # Errors
    ///
    /// As for [`state`](Self::state).
    pub async fn failed(&self, operation: &Operation) -> Result<Vec<FailedEntry>, SendError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            #[serde(default, alias = "failedEntries")]
            failed_entry_responses: Vec<FailedEntry>,
            #[serde(default)]
            continuation_token: Option<String>,
        }
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut call = self.call(Method::GET, "failedentries").at([operation.0.as_str()]);
            if let Some(token) = &token {
                call = call.query("continuationToken", token);
            }
            let page: Page = self.connector.perform(call).await?.json()?;
            all.extend(page.failed_entry_responses);
            // A token that comes back would lead around for ever.
            let next =
                page.continuation_token.filter(|it| !it.is_empty() && token.as_ref() != Some(it));
            if next.is_none() {
                return Ok(all);
            }
            token = next;
        }
    }

    /// Stops an operation; what was sent stays.
    ///
    /// # Errors
    ///
    /// As for [`state`](Self::state).
    pub async fn cancel(&self, operation: &Operation) -> Result<(), SendError> {
        self.connector.perform(self.call(Method::DELETE, &operation.0)).await.map(drop)
    }

    async fn start(
        &self,
        to: &str,
        activity: &Activity,
        who: Option<(&str, Value)>,
    ) -> Result<Operation, SendError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Started {
            operation_id: Operation,
        }
        let mut body = serde_json::Map::new();
        let activity = serde_json::to_value(activity)
            .map_err(|e| SendError::new(super::SendErrorKind::Refused).with_source(e))?;
        body.insert("activity".to_owned(), activity);
        body.insert("tenantId".to_owned(), json!(self.tenant_id));
        body.extend(who.map(|(name, who)| (name.to_owned(), who)));
        let call = self.call(Method::POST, to).json(&body)?;
        Ok(self.connector.perform(call).await?.json::<Started>()?.operation_id)
    }

    fn call(&self, method: Method, last: &str) -> Call {
        Call::new(method, self.service_url)
            .at(["v3", "batch", "conversation", last])
            .tenant(self.tenant_id)
    }
}

fn named(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id})).collect()
}

impl<C: ?Sized> std::fmt::Debug for Batch<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}

/// How far a batch is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct BatchState {
    /// `Ongoing`, `Completed`, `Failed` or `Canceled`.
    pub state: String,
    /// How many messages got which HTTP status.
    pub status_map: BTreeMap<String, u64>,
    /// How many there are altogether.
    pub total_entries_count: Option<u64>,
    /// When to go on after a pause that Teams made.
    pub retry_after: Option<String>,
}

impl BatchState {
    /// Whether nothing more will happen.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Batch, Connector, Operation, SendError};
    ///
    /// /// Waits no longer than it has to, and gives up what is not done then.
    /// async fn end(
    ///     connector: &dyn Connector,
    ///     service_url: &str,
    ///     tenant: &str,
    ///     operation: &Operation,
    /// ) -> Result<(), SendError> {
    ///     let batch = Batch::new(connector, service_url, tenant);
    ///     if !batch.state(operation).await?.is_done() {
    ///         batch.cancel(operation).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn is_done(&self) -> bool {
        matches!(self.state.as_str(), "Completed" | "Failed" | "Canceled")
    }
}

/// Somebody whom a batch did not reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FailedEntry {
    /// Who.
    #[serde(alias = "entryId")]
    pub id: String,
    /// Why.
    pub error: String,
}
