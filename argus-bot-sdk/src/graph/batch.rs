//! Many calls in one: `$batch`.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::call::{Graph, pause};
use super::failure::{GraphError, GraphErrorKind};
use super::request::GraphRequest;

/// Graph takes at most twenty requests in one.
const MOST: usize = 20;

type Outcome = Result<Value, GraphError>;

impl Graph {
    /// Makes all calls, twenty in one request, and gives what came of each in their order. What Graph
    /// throttled is asked again after the time that it said, and so is what may be done twice and met
    /// a server in trouble; the others are not.
    ///
    /// ```
    /// use argus_bot_sdk::graph::{Graph, GraphError, GraphRequest, path};
    ///
    /// async fn enabled(graph: &Graph, people: &[&str]) -> Result<usize, GraphError> {
    ///     let asks: Vec<_> =
    ///         people.iter().map(|person| GraphRequest::get(path(&["users", person]))).collect();
    ///     let all = graph.batch(&asks).await?;
    ///     Ok(all.iter().flatten().filter(|user| user["accountEnabled"] == true).count())
    /// }
    /// # let _ = enabled;
    /// ```
    ///
    /// # Errors
    ///
    /// [`GraphError`] if a request as a whole failed. The calls in it may have been done if its kind
    /// is [`GraphErrorKind::Ambiguous`]; what was done in requests before it is done.
    pub async fn batch(&self, requests: &[GraphRequest]) -> Result<Vec<Outcome>, GraphError> {
        let mut outcomes = Vec::with_capacity(requests.len());
        for some in requests.chunks(MOST) {
            outcomes.extend(self.batch_of(some).await?);
        }
        Ok(outcomes)
    }

    async fn batch_of(&self, requests: &[GraphRequest]) -> Result<Vec<Outcome>, GraphError> {
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        let mut open: Vec<usize> = (0..requests.len()).collect();
        let (_, mut left) = self.tries_and_patience();
        let mut tries = 1;
        while !open.is_empty() {
            let mut answers = self.ask(requests, &open).await?;
            let mut again = Vec::new();
            let mut wait = Duration::ZERO;
            for at in std::mem::take(&mut open) {
                let outcome = answers.remove(&at).unwrap_or_else(|| {
                    let why = "Graph left out the answer to one of several calls";
                    Err(GraphError::new(GraphErrorKind::Ambiguous, why))
                });
                let is_repeatable = requests.get(at).is_some_and(GraphRequest::is_repeatable);
                let pause = outcome.as_ref().err().and_then(|error| {
                    pause(error, is_repeatable && error.status().is_some(), tries, left)
                });
                if let Some(pause) = pause {
                    wait = wait.max(pause);
                    again.push(at);
                }
                outcomes.insert(at, outcome);
            }
            if !again.is_empty() {
                left = left.saturating_sub(wait);
                tries += 1;
                tokio::time::sleep(wait).await;
            }
            open = again;
        }
        Ok(outcomes.into_values().collect())
    }

    /// One `$batch` with those of the requests that are open.
    async fn ask(
        &self,
        requests: &[GraphRequest],
        open: &[usize],
    ) -> Result<BTreeMap<usize, Outcome>, GraphError> {
        let mut items = Vec::with_capacity(open.len());
        let mut is_repeatable = true;
        for (at, request) in open.iter().filter_map(|&at| Some((at, requests.get(at)?))) {
            // The same rules as for a call of its own.
            self.url(&request.path)?;
            is_repeatable &= request.is_repeatable();
            items.push(item(at, request));
        }
        let body = json!({ "requests": items });
        let request = GraphRequest::post("$batch").body(body);
        let url = self.url(&request.path)?;
        let answer = self.repeat(&request, is_repeatable, &url).await?.body;
        let answers = answer.get("responses").and_then(Value::as_array).into_iter().flatten();
        Ok(answers.filter_map(read).collect())
    }
}

fn item(at: usize, request: &GraphRequest) -> Value {
    let path = request.path.trim_start_matches('/');
    let mut headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut item = json!({
        "id": at.to_string(), "method": request.method.as_str(), "url": format!("/{path}"),
    });
    if let Some(members) = item.as_object_mut() {
        if let Some(body) = &request.body {
            headers.insert("Content-Type".to_owned(), json!("application/json"));
            members.insert("body".to_owned(), body.clone());
        }
        if !headers.is_empty() {
            members.insert("headers".to_owned(), Value::Object(headers));
        }
    }
    item
}

/// The number of a call and what came of it.
fn read(answer: &Value) -> Option<(usize, Outcome)> {
    let at = answer.get("id")?.as_str()?.parse().ok()?;
    let status = u16::try_from(answer.get("status")?.as_u64()?).ok()?;
    let body = answer.get("body").cloned().unwrap_or_default();
    if (200..300).contains(&status) {
        return Some((at, Ok(body)));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str()).ok();
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    Some((at, Err(GraphError::answered(status, &headers, &body))))
}
