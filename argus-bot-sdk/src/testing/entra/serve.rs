//! Which document or token a request asks for.

use std::sync::atomic::Ordering;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use super::{CONNECTOR, Core, ENTRA_KEY, EntraEndpoint, identity, keys, token};
use crate::testing::wire::{FakeRequest, FakeResponse};

impl Core {
    pub(super) async fn answer(&self, request: &FakeRequest) -> FakeResponse {
        if self.down.load(Ordering::Relaxed) {
            return FakeResponse::reset();
        }
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let around = |endpoint: EntraEndpoint, answer: FakeResponse| async move {
            self.faults.around("entra", endpoint.operation(), async { answer }).await
        };
        let host = format!("http://{}", request.header("host").unwrap_or_default());
        match (&request.method, segments.as_slice()) {
            (&Method::GET, ["v1", ".well-known", "openidconfiguration"]) => {
                let document = bot_framework_metadata(&host);
                around(EntraEndpoint::Metadata, cached(request, document.to_string())).await
            }
            (&Method::GET, ["v1", ".well-known", "keys"]) => {
                around(EntraEndpoint::Keys, cached(request, self.bot_keys())).await
            }
            (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                let document = tenant_metadata(&host, tenant);
                around(EntraEndpoint::Metadata, cached(request, document.to_string())).await
            }
            (&Method::GET, [tenant, "discovery", "v2.0", "keys"]) => {
                around(EntraEndpoint::Keys, cached(request, Self::tenant_keys(tenant))).await
            }
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => {
                let answer = async { token::answer(self, tenant, request) };
                self.faults.around("entra", EntraEndpoint::Token.operation(), answer).await
            }
            (_, ["metadata", "identity", "oauth2", "token"]) => {
                let answer = async { identity::imds(self, request) };
                self.faults.around("entra", EntraEndpoint::Identity.operation(), answer).await
            }
            (_, ["msi", "token"]) => {
                let answer = async { identity::app_service(self, request) };
                self.faults.around("entra", EntraEndpoint::Identity.operation(), answer).await
            }
            _ => FakeResponse::html(404, "<!doctype html><title>Not found</title>"),
        }
    }

    fn bot_keys(&self) -> String {
        let state = self.state();
        if let Some(document) = &state.key_document {
            return document.clone();
        }
        let endorsed =
            |key: &usize| with(keys::key(*key).jwk(), "endorsements", json!(state.endorsements));
        json!({"keys": state.bot.iter().map(endorsed).collect::<Vec<_>>()}).to_string()
    }

    fn tenant_keys(tenant: &str) -> String {
        let key = with(keys::key(ENTRA_KEY).jwk(), "issuer", json!(issuer(tenant)));
        json!({"keys": [key]}).to_string()
    }
}

pub(super) fn issuer(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

fn bot_framework_metadata(host: &str) -> Value {
    json!({
        "issuer": CONNECTOR,
        "authorization_endpoint": "https://invalid.botframework.com/",
        "jwks_uri": format!("{host}/v1/.well-known/keys"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    })
}

fn tenant_metadata(host: &str, tenant: &str) -> Value {
    json!({
        "issuer": issuer(tenant),
        "token_endpoint": format!("{host}/{tenant}/oauth2/v2.0/token"),
        "jwks_uri": format!("{host}/{tenant}/discovery/v2.0/keys"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    object
}

/// A document with an `ETag`, or 304 for a client that has it.
fn cached(request: &FakeRequest, document: String) -> FakeResponse {
    let hash = digest::digest(&digest::SHA256, document.as_bytes());
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash));
    if request.header("if-none-match") == Some(&etag) {
        return FakeResponse::status(304).header("etag", etag);
    }
    FakeResponse::status(200)
        .header("content-type", "application/json; charset=utf-8")
        .header("etag", etag)
        .body(document)
}
