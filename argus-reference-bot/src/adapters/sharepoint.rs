//! The way to Graph for templates in SharePoint: our HTTP client and our token.
//!
//! What is asked, and what is believed, is decided in `argus_cards::source::sharepoint`.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{SecretToken, TokenSource};
use argus_cards::Error;
use argus_cards::source::sharepoint::{Method, Request, Response, Transport};
use async_trait::async_trait;
use reqwest::redirect;

use crate::chain::chain;

/// The headers of an answer that matter.
const HEADERS: [&str; 2] = ["location", "retry-after"];

/// Sends requests with an HTTP client that follows nothing and adds nothing.
#[derive(Debug)]
pub struct ToGraph {
    client: reqwest::Client,
    tokens: Arc<dyn TokenSource>,
}

impl ToGraph {
    /// With tokens for Graph.
    ///
    /// # Errors
    ///
    /// Why there is no HTTP client.
    pub fn new(tokens: Arc<dyn TokenSource>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, tokens })
    }
}

#[async_trait]
impl Transport for ToGraph {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let method = match request.method {
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            _ => reqwest::Method::GET,
        };
        let mut sent = self.client.request(method, &request.url);
        if let Some(token) = &request.bearer {
            sent = sent.bearer_auth(token);
        }
        if let Some(tag) = &request.if_none_match {
            sent = sent.header("if-none-match", tag);
        }
        if let Some(json) = &request.json {
            sent = sent.header("content-type", "application/json").body(json.clone());
        }
        // Addresses may carry a permission, so none is in what is said.
        let broke = |error: reqwest::Error| {
            let what = if error.is_connect() {
                "cannot be connected to"
            } else if error.is_timeout() {
                "does not answer in time"
            } else {
                "broke off"
            };
            Error::unavailable(format!("{request:?}: it {what}"))
        };
        let mut answer = sent.send().await.map_err(broke)?;
        let mut response = Response::new(answer.status().as_u16());
        for name in HEADERS {
            if let Some(value) = answer.headers().get(name).and_then(|it| it.to_str().ok()) {
                response = response.header(name, value);
            }
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broke)? {
            if body.len() + chunk.len() > request.limit {
                let limit = request.limit;
                return Err(Error::unavailable(format!(
                    "{request:?}: more than {limit} bytes came"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body))
    }

    async fn token(&self, stale: Option<&str>) -> Result<String, Error> {
        let token = match stale {
            None => self.tokens.token().await,
            Some(stale) => self.tokens.refresh(&SecretToken::new(stale)).await,
        };
        let none = |error| Error::unavailable(format!("no token for Graph: {}", chain(&error)));
        token.map(|token| token.expose().to_owned()).map_err(none)
    }
}
