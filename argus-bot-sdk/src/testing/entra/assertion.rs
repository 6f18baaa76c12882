//! What stands in for a client secret: an assertion that a certificate or another issuer signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::check;
use super::keys::Alg;
use super::token::{Refusal, text};
use super::{AppRegistration, Core};

/// The audience of assertions for a federated credential.
pub(super) const EXCHANGE: &str = "api://AzureADTokenExchange";

/// Entra takes assertions of ten minutes; the rest is for clocks that differ.
const LONGEST: i64 = 20 * 60;

/// Somebody else's tokens that prove an app: the issuer and the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FederatedCredential {
    pub(super) issuer: String,
    pub(super) subject: String,
}

/// Checks an assertion of `app` for the token endpoint `audience`.
pub(super) fn proves(
    core: &Core,
    app: &AppRegistration,
    audience: &str,
    assertion: &str,
) -> Result<(), Refusal> {
    let malformed = || refusal(50_027, "JWT token is invalid or malformed.");
    let (message, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
    let header = json(header).ok_or_else(malformed)?;
    let claims = json(claims).ok_or_else(malformed)?;
    if header.get("x5t#S256").is_none() {
        return federated(core, app, assertion, &claims);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    certificate(app, &header, message, &signature)?;
    let said = [text(&claims, "iss"), text(&claims, "sub")];
    if said != [Some(app.client_id.as_str()); 2] {
        let why = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err(refusal(700_021, why));
    }
    if text(&claims, "aud") != Some(audience) {
        let why = "Client assertion audience claim does not match Realm issuer.";
        return Err(refusal(700_023, why));
    }
    let date = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = core.now().as_second();
    let in_time = matches!(
        (date("nbf"), date("exp")),
        (Some(from), Some(until)) if from <= now && now < until && until - from <= LONGEST
    );
    let unseen = text(&claims, "jti").is_some_and(|id| core.state().assertions.insert(id.into()));
    if in_time && unseen {
        return Ok(());
    }
    Err(refusal(700_024, "Client assertion is not within its valid time range."))
}

/// The header names a certificate of the app, and that certificate's key signed.
fn certificate(
    app: &AppRegistration,
    header: &Value,
    message: &str,
    signature: &[u8],
) -> Result<(), Refusal> {
    let alg = match text(header, "alg") {
        Some("PS256") => Some(Alg::Ps256),
        Some("RS256") => Some(Alg::Rs256),
        _ => None,
    };
    let named = text(header, "x5t#S256");
    let own = app.certificates.iter().find(|own| Some(own.thumbprint().as_str()) == named);
    let chain = header.pointer("/x5c/0");
    let is_signed = own.zip(alg).is_some_and(|(own, alg)| {
        let is_chained = chain.is_none_or(|chain| *chain == own.x5c());
        is_chained && own.verifies(alg, message.as_bytes(), signature)
    });
    if is_signed {
        return Ok(());
    }
    Err(refusal(
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    ))
}

/// One of the app's federated credentials trusts the issuer and the subject.
fn federated(
    core: &Core,
    app: &AppRegistration,
    assertion: &str,
    claims: &Value,
) -> Result<(), Refusal> {
    check::signed(core, Some(assertion), EXCHANGE).map_err(|denied| match denied.reason() {
        "exp" | "nbf" => refusal(700_024, "Client assertion is not within its valid time range."),
        "aud" => refusal(
            700_212,
            "No matching federated identity record found for presented assertion audience.",
        ),
        _ => refusal(700_027, "Client assertion failed signature validation."),
    })?;
    let said = |name: &str| text(claims, name).unwrap_or_default().to_owned();
    let presented = FederatedCredential { issuer: said("iss"), subject: said("sub") };
    if app.federated.contains(&presented) {
        return Ok(());
    }
    let why = "No matching federated identity record found for presented assertion subject.";
    Err(refusal(700_213, why))
}

fn refusal(code: u32, text: &str) -> Refusal {
    Refusal::new(401, "invalid_client", code, text)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
