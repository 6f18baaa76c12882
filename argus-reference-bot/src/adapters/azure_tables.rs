//! Azure Table Storage as the anchor: rows are inserted, never changed or removed.
//!
//! `PartitionKey` is `TENANT|YYYYMMDD`, `RowKey` the record's place with leading zeros, so that the
//! order of names is the order of the chain. The identity needs to read and to add, no more.
//! Source: facts/external-apis.md 2.8; measured against Azurite 3.35.0.

mod batch;
mod key;

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::{SecretToken, TokenSource};
use async_trait::async_trait;
use http::HeaderValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{Method, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use self::batch::{Batch, batches};
pub use self::key::AccountKey;
use crate::ports::anchor::{Anchor, AnchorError, Head};

/// The version of the service's language.
const VERSION: &str = "2019-02-02";
/// The media type of a row.
const JSON: &str = "application/json";
/// Largest answer that is read: a page of 1,000 rows of ours has 400 KiB.
const LARGEST: usize = 4 << 20;

/// How we prove who we are.
#[derive(Debug)]
pub enum Proof {
    /// The key of the account.
    Key(Box<AccountKey>),
    /// A token of Entra ID for `https://storage.azure.com`.
    Token(Arc<dyn TokenSource>),
}

/// A table that takes notes.
#[derive(Debug)]
pub struct AzureTable {
    client: reqwest::Client,
    base: Url,
    table: String,
    tenant: String,
    proof: Proof,
    clock: Arc<dyn Clock>,
}

/// A note as a row.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(rename = "PartitionKey")]
    partition: String,
    #[serde(rename = "RowKey")]
    place: String,
    #[serde(rename = "Hash")]
    hash: String,
    #[serde(rename = "At")]
    at: Timestamp,
    #[serde(rename = "Store")]
    store: String,
    #[serde(rename = "Before")]
    before: String,
}

impl AzureTable {
    /// The table `table` of the service at `url`, for the chain of `tenant`.
    ///
    /// # Errors
    ///
    /// Why the address or the name cannot be used.
    pub fn new(
        url: &str,
        table: &str,
        tenant: &str,
        proof: Proof,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let base = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let loopback = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(format!("{url}: only https, or http on this computer"));
        }
        let named = (3..=63).contains(&table.len())
            && table.starts_with(|it: char| it.is_ascii_alphabetic())
            && table.chars().all(|it| it.is_ascii_alphanumeric());
        if !named {
            return Err(format!(
                "`{table}` is no name of a table: 3 to 63 letters and digits, a letter first"
            ));
        }
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(15))
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        let (table, tenant) = (table.to_owned(), tenant.to_ascii_lowercase());
        Ok(Self { client, base, table, tenant, proof, clock })
    }

    fn url(&self, last: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(last);
        }
        url
    }

    async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<(&str, String)>,
    ) -> Result<Response, AnchorError> {
        let token = match &self.proof {
            Proof::Key(_) => None,
            Proof::Token(tokens) => Some(tokens.token().await.map_err(|it| no_token(&it))?),
        };
        let response = self.once(&method, &url, body.as_ref(), token.as_ref()).await?;
        match (&self.proof, token) {
            (Proof::Token(tokens), Some(stale))
                if response.status() == StatusCode::UNAUTHORIZED =>
            {
                let fresh = tokens.refresh(&stale).await.map_err(|it| no_token(&it))?;
                self.once(&method, &url, body.as_ref(), Some(&fresh)).await
            }
            _ => Ok(response),
        }
    }

    async fn once(
        &self,
        method: &Method,
        url: &Url,
        body: Option<&(&str, String)>,
        token: Option<&SecretToken>,
    ) -> Result<Response, AnchorError> {
        // RFC 1123, which is what the signature is made over and what the service reads.
        let date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let kind = body.map_or("", |(kind, _)| *kind);
        let authorization = match (&self.proof, token) {
            (Proof::Key(key), _) => key.sign(method.as_str(), kind, &date, url),
            (Proof::Token(_), Some(token)) => format!("Bearer {}", token.expose()),
            (Proof::Token(_), None) => String::new(),
        };
        let mut request = self
            .client
            .request(method.clone(), url.clone())
            .header("accept", "application/json;odata=nometadata")
            .header("authorization", hidden(&authorization)?)
            .header("date", &date)
            .header("x-ms-date", &date)
            .header("x-ms-version", VERSION)
            .header("dataserviceversion", "3.0;NetFx");
        if let Some((kind, body)) = body {
            request = request
                .header("content-type", *kind)
                .header("prefer", "return-no-content")
                .body(body.clone());
        }
        request.send().await.map_err(|error| {
            let what = if error.is_connect() { "cannot connect" } else { "no answer" };
            unreachable(format!("{}: {what}", self.name()))
        })
    }

    /// What another status than the expected ones means.
    fn refusal(&self, status: StatusCode) -> AnchorError {
        let what = format!("{}: HTTP {}", self.name(), status.as_u16());
        match status.as_u16() {
            401 | 403 => AnchorError::Refused(format!(
                "{what}: it does not let us in; look at the key or the role (read and add), and at the clock"
            )),
            404 => AnchorError::Refused(format!("{what}: there is no such table or account")),
            408 | 429 | 500..=599 => unreachable(what),
            _ => AnchorError::Refused(what),
        }
    }

    async fn insert(&self, row: &Value) -> Result<StatusCode, AnchorError> {
        let body = Some((JSON, row.to_string()));
        Ok(self.call(Method::POST, self.url(&self.table), body).await?.status())
    }

    /// Inserts all rows of a batch, or none of them; says whether it did.
    async fn insert_batch(&self, batch: &Batch<'_>) -> Result<bool, AnchorError> {
        let (kind, body) = batch.request(&self.url(&self.table));
        let response = self.call(Method::POST, self.url("$batch"), Some((&kind, body))).await?;
        match response.status() {
            status @ (StatusCode::ACCEPTED | StatusCode::OK) => {
                let answer = read(response).await.map_err(|why| {
                    unreachable(format!("{}: HTTP {}: {why}", self.name(), status.as_u16()))
                })?;
                Ok(batch.is_done(&answer))
            }
            status => match self.refusal(status) {
                away @ AnchorError::Unreachable(_) => Err(away),
                // What is wrong with which row, the rows say one by one.
                _ => Ok(false),
            },
        }
    }

    /// Makes the table. One that is there, made by whomever, is well.
    async fn make(&self) -> Result<(), AnchorError> {
        let body = Some((JSON, json!({"TableName": self.table}).to_string()));
        let status = self.call(Method::POST, self.url("Tables"), body).await?.status();
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok(());
        }
        Err(match self.refusal(status) {
            AnchorError::Refused(what) => AnchorError::Refused(format!(
                "{what}; there is no table {} and we may not make it: make it once by hand",
                self.table
            )),
            other => other,
        })
    }

    fn partition(&self, at: Timestamp) -> String {
        format!("{}|{}", self.tenant, at.to_zoned(TimeZone::UTC).strftime("%Y%m%d"))
    }

    fn row(&self, head: &Head) -> Row {
        Row {
            partition: self.partition(head.at),
            place: format!("{:020}", head.seq),
            hash: head.hash.clone(),
            at: head.at,
            store: head.store.clone(),
            // An integer would be cut to 32 bits.
            before: head.before.to_string(),
        }
    }

    /// The rows that a filter lets through, page by page.
    async fn query(&self, filter: &str) -> Result<Vec<Head>, AnchorError> {
        #[derive(Deserialize)]
        struct Page {
            value: Vec<Row>,
        }
        let (mut heads, mut next) = (Vec::new(), Vec::new());
        loop {
            let mut url = self.url(&format!("{}()", self.table));
            url.query_pairs_mut().append_pair("$filter", filter).extend_pairs(&next);
            let response = self.call(Method::GET, url, None).await?;
            match response.status() {
                StatusCode::OK => {}
                // Nobody has noted anything yet.
                StatusCode::NOT_FOUND if heads.is_empty() => return Ok(heads),
                status => return Err(self.refusal(status)),
            }
            next = ["NextPartitionKey", "NextRowKey"]
                .into_iter()
                .filter_map(|name| {
                    let value = response.headers().get(format!("x-ms-continuation-{name}"))?;
                    Some((name, value.to_str().ok()?.to_owned()))
                })
                .collect();
            let page = read(response)
                .await
                .map_err(|why| unreachable(format!("{}: {why}", self.name())))?;
            let page: Page = serde_json::from_slice(&page).map_err(|error| {
                AnchorError::Refused(format!("{}: rows that are not ours: {error}", self.name()))
            })?;
            for row in page.value {
                heads.push(row.head().ok_or_else(|| {
                    AnchorError::Refused(format!("{}: a row that is not ours", self.name()))
                })?);
            }
            if next.is_empty() {
                return Ok(heads);
            }
        }
    }
}

impl Row {
    fn head(self) -> Option<Head> {
        let (seq, before) = (self.place.parse().ok()?, self.before.parse().ok()?);
        Some(Head { seq, hash: self.hash, at: self.at, store: self.store, before })
    }
}

/// A note from a row of the table, as an export has it.
///
/// # Errors
///
/// What is wrong with the row.
pub fn head_of_row(row: &Value) -> Result<Head, String> {
    let row = Row::deserialize(row).map_err(|error| error.to_string())?;
    row.head().ok_or_else(|| "RowKey and Before are numbers of records".into())
}

#[async_trait]
impl Anchor for AzureTable {
    fn name(&self) -> String {
        format!("{}/{}", self.base.as_str().trim_end_matches('/'), self.table)
    }

    async fn note(&self, head: &Head) -> Result<(), AnchorError> {
        let row = json!(self.row(head));
        let mut status = self.insert(&row).await?;
        if status == StatusCode::NOT_FOUND {
            self.make().await?;
            status = self.insert(&row).await?;
        }
        match status {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::CONFLICT => {
                let there = format!(
                    "PartitionKey eq '{}' and RowKey eq '{:020}'",
                    self.partition(head.at),
                    head.seq
                );
                match self.query(&there).await?.pop() {
                    Some(noted) if noted.agrees(head) => Ok(()),
                    Some(noted) => {
                        Err(AnchorError::Fork { noted: Box::new(noted), ours: head.hash.clone() })
                    }
                    None => Err(unreachable(format!("{}: a row comes and goes", self.name()))),
                }
            }
            status => Err(self.refusal(status)),
        }
    }

    async fn note_all(&self, heads: &[Head]) -> Result<(), AnchorError> {
        if let [head] = heads {
            return self.note(head).await;
        }
        let row = |head: &Head| (self.partition(head.at), json!(self.row(head)).to_string());
        let rows: Vec<_> = heads.iter().map(row).collect();
        let mut rest = heads;
        for batch in batches(&rows) {
            let (these, later) = rest.split_at(batch.len().min(rest.len()));
            if !self.insert_batch(&batch).await? {
                // Some are noted already, or there is no table yet.
                for head in these {
                    self.note(head).await?;
                }
            }
            rest = later;
        }
        Ok(())
    }

    async fn noted(&self, since: Timestamp) -> Result<Vec<Head>, AnchorError> {
        // `}` is the sign behind `|`.
        let to = format!("{}}}", self.tenant);
        let filter =
            format!("PartitionKey ge '{}' and PartitionKey lt '{to}'", self.partition(since));
        let mut heads = self.query(&filter).await?;
        heads.sort_by_key(|head| head.seq);
        Ok(heads)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "the answer broke off")? {
        if body.len() + chunk.len() > LARGEST {
            return Err("the answer is too large");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A header that no log shows.
fn hidden(value: &str) -> Result<HeaderValue, AnchorError> {
    let refused = |_| AnchorError::Refused("the token or key cannot stand in a header".into());
    let mut value = HeaderValue::from_str(value).map_err(refused)?;
    value.set_sensitive(true);
    Ok(value)
}

fn no_token(error: &argus_bot_sdk::Error) -> AnchorError {
    unreachable(crate::chain::chain(error))
}

fn unreachable(why: String) -> AnchorError {
    AnchorError::Unreachable(why)
}
