//! The token endpoint: client credentials for access tokens, with Entra's errors.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::spec::TokenSpec;
use super::{AppRegistration, Core, assertion, check};
use crate::testing::wire::{FakeRequest, FakeResponse};

/// The tenant behind the name `botframework.com`, where multi-tenant bots get their tokens.
pub(super) const BOT_FRAMEWORK_TENANT: &str = "d6d49420-f39b-4df7-a1dc-d59a935871db";

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Answers `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn answer(core: &Core, tenant: &str, request: &FakeRequest) -> FakeResponse {
    let host = request.header("host").unwrap_or_default();
    let endpoint = format!("http://{host}/{tenant}/oauth2/v2.0/token");
    match grant(core, tenant, &endpoint, &request.form()) {
        Ok(spec) => success(core, spec),
        Err(refusal) => refusal.answer(core.now()),
    }
}

fn success(core: &Core, spec: TokenSpec) -> FakeResponse {
    // Entra's `uti` makes every token another one, also within a second.
    let unique = uuid::Uuid::new_v4().to_string();
    let token = core.mint(&spec.claim("uti", unique).expires_in(core.lifetime));
    core.issued(token.clone());
    let lasts = core.lifetime - 1;
    let body = json!({
        "token_type": "Bearer",
        "expires_in": lasts,
        "ext_expires_in": lasts,
        "access_token": token,
    });
    FakeResponse::json(200, &body).header("cache-control", "no-store, no-cache")
}

/// Why Entra gives no token.
pub(super) struct Refusal {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Refusal {
    pub(super) fn new(
        status: u16,
        error: &'static str,
        code: u32,
        text: impl Into<String>,
    ) -> Self {
        Self { status, error, code, text: text.into() }
    }

    fn answer(&self, now: Timestamp) -> FakeResponse {
        let (trace, correlation) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let at = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}",
            self.code, self.text
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace.to_string(),
            "correlation_id": correlation.to_string(),
        });
        FakeResponse::json(self.status, &body)
    }
}

fn grant(
    core: &Core,
    tenant: &str,
    endpoint: &str,
    form: &[(String, String)],
) -> Result<TokenSpec, Refusal> {
    let tenant_id = tenant_id(core, tenant)?;
    let kind = field(form, "grant_type")?;
    if !["client_credentials", ON_BEHALF_OF].contains(&kind) {
        let text = "The app requested an unsupported grant type.";
        return Err(Refusal::new(400, "unsupported_grant_type", 70003, text));
    }
    let client_id = field(form, "client_id")?;
    let scope = field(form, "scope")?;
    let app = app(core, client_id, tenant)?;
    proven(core, app, endpoint, form)?;
    let (resource, permission) = scope.rsplit_once('/').unwrap_or((scope, ""));
    if kind == ON_BEHALF_OF {
        let user = person(core, client_id, field(form, "assertion")?)?;
        if !core.gives(resource) {
            return Err(unknown_resource(resource, tenant));
        }
        let spec = TokenSpec::app(client_id, tenant_id, resource);
        return Ok(spec.claim("oid", user).claim("scp", permission));
    }
    if permission != ".default" || resource.contains(' ') {
        let text = format!("The provided value for scope {scope} is not valid.");
        return Err(Refusal::new(400, "invalid_scope", 1_002_012, text));
    }
    if resource == client_id {
        return Ok(TokenSpec::emulator(client_id, tenant_id));
    }
    if core.gives(resource) {
        return Ok(TokenSpec::app(client_id, tenant_id, resource).claim("roles", json!(app.roles)));
    }
    Err(unknown_resource(resource, tenant))
}

fn unknown_resource(resource: &str, tenant: &str) -> Refusal {
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named {tenant}."
    );
    Refusal::new(400, "invalid_resource", 500_011, text)
}

/// The app shows its secret, or an assertion in its place.
fn proven(
    core: &Core,
    app: &AppRegistration,
    endpoint: &str,
    form: &[(String, String)],
) -> Result<(), Refusal> {
    if let Ok(assertion) = field(form, "client_assertion") {
        if field(form, "client_assertion_type")? != JWT_BEARER {
            let text = "The client_assertion_type is not supported.";
            return Err(Refusal::new(401, "invalid_client", 700_029, text));
        }
        return assertion::proves(core, app, endpoint, assertion);
    }
    let Ok(secret) = field(form, "client_secret") else {
        let text = "The request body must contain the following parameter: 'client_assertion' or \
                    'client_secret'.";
        return Err(Refusal::new(401, "invalid_client", 7_000_218, text));
    };
    if secret == app.secret {
        return Ok(());
    }
    let text = "Invalid client secret provided. Ensure the secret being sent in the request is \
                the client secret value, not the client secret ID.";
    Err(Refusal::new(401, "invalid_client", 7_000_215, text))
}

/// The object id of the person for whom the app wants to act.
fn person(core: &Core, client_id: &str, token: &str) -> Result<String, Refusal> {
    let invalid = |code, text| Refusal::new(400, "invalid_grant", code, text);
    let claims = check::signed(core, Some(token), client_id)
        .map_err(|_| invalid(50_013, "Assertion failed signature validation."))?;
    let person = text(&claims, "oid").filter(|_| text(&claims, "scp").is_some());
    let person = person.ok_or_else(|| invalid(50_013, "The assertion is not a person's token."))?;
    if !core.state().consented.contains(person) && core.asks_consent {
        let text = "The user or administrator has not consented to use the application.";
        return Err(invalid(65_001, text));
    }
    Ok(person.to_owned())
}

fn tenant_id<'a>(core: &'a Core, tenant: &str) -> Result<&'a str, Refusal> {
    if tenant == "botframework.com" || tenant == BOT_FRAMEWORK_TENANT {
        return Ok(BOT_FRAMEWORK_TENANT);
    }
    core.tenants.iter().find(|known| *known == tenant).map(String::as_str).ok_or_else(|| {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        );
        Refusal::new(400, "invalid_request", 90002, text)
    })
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Result<&'a str, Refusal> {
    let mut values = form.iter().filter(|(key, value)| key == name && !value.is_empty());
    let missing = || {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Refusal::new(400, "invalid_request", 900_144, text)
    };
    values.next().map(|(_, value)| value.as_str()).ok_or_else(missing)
}

fn app<'a>(core: &'a Core, client_id: &str, tenant: &str) -> Result<&'a AppRegistration, Refusal> {
    let Some(app) = core.apps.iter().find(|app| app.client_id == client_id) else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{tenant}'."
        );
        return Err(Refusal::new(400, "unauthorized_client", 700_016, text));
    };
    if app.absent_from.iter().any(|absent| absent == tenant) {
        let text = format!(
            "The client application {client_id} is missing service principal in the tenant {tenant}."
        );
        return Err(Refusal::new(401, "invalid_client", 7_000_229, text));
    }
    Ok(app)
}

/// The claim as text, for tests and checks.
pub(super) fn text<'a>(claims: &'a Value, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}
