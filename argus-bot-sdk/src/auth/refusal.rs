//! What Entra's refusals mean, and what to do about them.
//!
//! Entra's own text is not repeated: it names tenants and apps. Source: Microsoft's list of
//! "Microsoft Entra authentication and authorization error codes".

use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// Refusals that only whoever runs the bot can help.
const REFUSALS: [(u64, &str); 22] = [
    (7_000_215, "the client secret is wrong: use the secret's value, not its id"),
    (
        7_000_222,
        "the client secret or certificate has expired: add a new one to the app registration",
    ),
    (
        7_000_229,
        "the app has no service principal in this tenant: create one (az ad sp create --id APP_ID) or grant admin consent",
    ),
    (
        7_000_218,
        "the app must show a credential: it is a confidential client, so give it a secret or a certificate",
    ),
    (700_016, "the app is not known in this tenant: check app id, tenant id and cloud"),
    (700_021, "the client assertion is of another app: check the app id"),
    (
        700_023,
        "the client assertion is for another audience: check the token URL and the cloud; a federated credential needs the audience api://AzureADTokenExchange",
    ),
    (700_024, "the client assertion is not valid now: check this computer's clock"),
    (
        700_027,
        "the client assertion is signed with a certificate that the app registration does not have: upload the certificate, or check that key and certificate belong together",
    ),
    (
        700_030,
        "the certificate's subject name is not trusted for this app: upload the certificate itself, or send the chain",
    ),
    (
        70_021,
        "no federated credential of the app fits the assertion: issuer, subject and audience must be exactly those of the assertion",
    ),
    (700_211, "no federated credential of the app has the assertion's issuer"),
    (700_212, "no federated credential of the app has the assertion's audience"),
    (700_213, "no federated credential of the app has the assertion's subject"),
    (50_027, "the assertion is not a token that Entra can read"),
    (
        50_194,
        "the app registration is for one tenant only: use the token URL of that tenant, not the multi-tenant one",
    ),
    (
        500_011,
        "the scope's resource is not known in this tenant: check that cloud and scope belong together",
    ),
    (1_002_012, "the scope is not valid: an app asks for RESOURCE/.default"),
    (90_002, "the tenant does not exist: check tenant id and cloud"),
    (900_023, "the tenant is neither a tenant id nor a domain name"),
    (53_003, "a conditional access policy refuses the app: exclude its service principal"),
    (7_000_112, "the app is disabled in this tenant: enable it in enterprise applications"),
];

/// Refusals that the person for whom the app wants to act can help.
const INTERACTIONS: [(u64, &str); 8] = [
    (
        65_001,
        "nobody has consented to what the app wants to do: sign in again, or ask an administrator",
    ),
    (50_076, "the person has to sign in with a second factor"),
    (50_079, "the person has to register a second factor"),
    (50_158, "the person has to pass another check of their organisation"),
    (50_173, "the person's sign-in was revoked: sign in again"),
    (50_013, "the person's token is not good for this: it is over, or for another app"),
    (70_008, "the person's sign-in is too old: sign in again"),
    (70_043, "the person's sign-in is too old for the organisation's policy: sign in again"),
];

/// The error of an answer that is not 200.
pub(super) fn of(status: u16, body: &Value) -> Error {
    if status >= 500 || status == 429 || status == 408 {
        return Error::new(ErrorKind::Unavailable, format!("the token service answered {status}"));
    }
    let code = code(body);
    let find = |table: &[(u64, &'static str)]| {
        table.iter().find(|(known, _)| Some(*known) == code).map(|(_, advice)| *advice)
    };
    let error = body.get("error").and_then(Value::as_str);
    let said = code.map(|code| format!(" (AADSTS{code})")).unwrap_or_default();
    if let Some(advice) = find(&INTERACTIONS) {
        return Error::new(ErrorKind::Interaction, format!("{advice}{said}"));
    }
    if error == Some("interaction_required") {
        let context = format!("the person has to sign in again{said}");
        return Error::new(ErrorKind::Interaction, context);
    }
    let context = match (find(&REFUSALS), code) {
        (Some(advice), _) => format!("{advice}{said}"),
        (None, Some(_)) => format!("the token service refused the bot's credential{said}"),
        (None, None) => format!("the token service answered {status}"),
    };
    Error::new(ErrorKind::Credentials, context)
}

/// The number behind `AADSTS`.
fn code(body: &Value) -> Option<u64> {
    let listed = body.pointer("/error_codes/0").and_then(Value::as_u64);
    listed.or_else(|| {
        let text = body.get("error_description")?.as_str()?;
        let (_, after) = text.split_once("AADSTS")?;
        after.split(|digit: char| !digit.is_ascii_digit()).next()?.parse().ok()
    })
}
