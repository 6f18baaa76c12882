//! The endpoints at which a platform gives out its identities: a virtual machine's metadata service
//! and App Service's own.

use http::Method;
use serde_json::json;

use super::assertion::EXCHANGE;
use super::spec::TokenSpec;
use super::{Core, IDENTITY, IDENTITY_HEADER, TENANT};
use crate::testing::wire::{FakeRequest, FakeResponse};

/// Answers `GET /metadata/identity/oauth2/token`.
pub(super) fn imds(core: &Core, request: &FakeRequest) -> FakeResponse {
    if request.header("metadata") != Some("true") {
        return refused("bad_request_102", "Required metadata header not specified");
    }
    if request.query("api-version") != Some("2018-02-01") {
        return refused("bad_request", "api-version is missing or not supported");
    }
    answer(core, request, true)
}

/// Answers `GET /msi/token`.
pub(super) fn app_service(core: &Core, request: &FakeRequest) -> FakeResponse {
    if request.header("x-identity-header") != Some(IDENTITY_HEADER) {
        return FakeResponse::json(401, &json!({"statusCode": 401, "message": "Unauthorized"}));
    }
    if request.query("api-version") != Some("2019-08-01") {
        return refused("bad_request", "api-version is missing or not supported");
    }
    answer(core, request, false)
}

fn answer(core: &Core, request: &FakeRequest, with_lifetime: bool) -> FakeResponse {
    if request.method != Method::GET {
        return FakeResponse::status(405);
    }
    let Some(resource) = request.query("resource").filter(|it| core.gives(it)) else {
        return refused("invalid_resource", "AADSTS500011: The resource principal was not found");
    };
    let identity = request.query("client_id").unwrap_or(IDENTITY);
    if !core.identities.iter().any(|known| known == identity) {
        return refused("invalid_request", "Identity not found");
    }
    let unique = uuid::Uuid::new_v4().to_string();
    let tenant = core.tenants.first().map_or(TENANT, String::as_str);
    let mut spec = TokenSpec::app(identity, tenant, resource).claim("uti", unique);
    if resource == EXCHANGE {
        spec = TokenSpec::federated(super::serve::issuer(tenant), identity);
    }
    let token = core.mint(&spec.expires_in(core.lifetime));
    core.issued(token.clone());
    // Both write numbers as text; App Service says only when the token ends.
    let mut body = json!({
        "access_token": token,
        "expires_on": (core.now().as_second() + core.lifetime).to_string(),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": identity,
    });
    if let Some(members) = body.as_object_mut().filter(|_| with_lifetime) {
        members.insert("expires_in".into(), json!((core.lifetime - 1).to_string()));
    }
    FakeResponse::json(200, &body)
}

fn refused(error: &str, description: &str) -> FakeResponse {
    FakeResponse::json(400, &json!({"error": error, "error_description": description}))
}
