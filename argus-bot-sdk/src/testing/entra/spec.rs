//! What a token says and who signs it, freely chosen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::keys::{Alg, SigningKey};

/// Issuer of tokens from the public Bot Framework to bots
/// (bot-framework-rest-connector-authentication, "Authenticate requests from the Bot Connector").
const BOT_FRAMEWORK: &str = "https://api.botframework.com";

/// Entra's access tokens last 3,600 s less one; Teams' tokens to bots last an hour too.
const LIFETIME: i64 = 3600;

/// Describes a token: start from a good one and spoil what your test is about.
///
/// ```
/// use argus_bot_sdk::testing::{Signer, TokenSpec};
///
/// let good = TokenSpec::bot("app-id", "https://smba.trafficmanager.net/teams/");
/// let expired = good.clone().expires_in(-301);
/// let foreign = good.clone().claim("aud", "another-app");
/// let unsigned = good.signed_by(Signer::Unsigned);
/// # let _ = (expired, foreign, unsigned);
/// ```
#[derive(Clone, Debug)]
#[must_use = "FakeEntra::mint makes a token of it"]
pub struct TokenSpec {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    without: Vec<String>,
    without_header: Vec<String>,
    raw_header: Option<String>,
    raw_claims: Option<String>,
    not_before: i64,
    expires_in: i64,
    signer: Signer,
    alg: Alg,
}

/// Who signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signer {
    /// The Bot Framework's current key.
    Bot,
    /// The current key of the Entra tenants.
    Entra,
    /// The Bot Framework's first key that is published no more; a stranger's if there is none.
    Retired,
    /// A key that was never published, under the current key's id.
    Stranger,
    /// HS256 with the Bot Framework's public key as the secret.
    PublicKeyAsSecret,
    /// Nobody: `alg` is `none` and the signature is empty.
    Unsigned,
    /// The Bot Framework's current key, and then one bit of the signature flips.
    Tampered,
}

impl TokenSpec {
    /// The token that Teams sends to a bot with an activity.
    pub fn bot(app_id: &str, service_url: &str) -> Self {
        let claims = [("serviceurl", service_url), ("iss", BOT_FRAMEWORK), ("aud", app_id)];
        Self::new(Signer::Bot, claims)
    }

    /// The token that the Agents Playground sends to a bot: Entra's, of the bot's own app.
    pub fn emulator(app_id: &str, tenant: &str) -> Self {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let claims = [
            ("aud", app_id),
            ("iss", &issuer),
            ("azp", app_id),
            ("azpacr", "1"),
            ("tid", tenant),
            ("ver", "2.0"),
        ];
        Self::new(Signer::Entra, claims)
    }

    /// The access token that an app gets for a resource, for example a bot for the Connector.
    pub fn app(client_id: &str, tenant: &str, audience: &str) -> Self {
        let issuer = format!("https://sts.windows.net/{tenant}/");
        let claims = [
            ("aud", audience),
            ("iss", &issuer),
            ("appid", client_id),
            ("appidacr", "1"),
            ("tid", tenant),
            ("ver", "1.0"),
        ];
        Self::new(Signer::Entra, claims)
    }

    /// The token of another issuer that proves an app by a federated credential, for example of a
    /// cluster; the fakes' Entra signs it all the same.
    pub fn federated(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        let (issuer, subject) = (issuer.into(), subject.into());
        let audience = super::assertion::EXCHANGE;
        Self::new(Signer::Entra, [("aud", audience), ("iss", &issuer), ("sub", &subject)])
    }

    /// The token of a person for an app, as single sign-on gives it.
    pub fn user(client_id: &str, tenant: &str, object_id: &str) -> Self {
        let issuer = super::serve::issuer(tenant);
        let claims = [
            ("aud", client_id),
            ("iss", issuer.as_str()),
            ("azp", "1fec8e78-bce4-4aaf-ab1b-5451cc387264"),
            ("scp", "access_as_user"),
            ("oid", object_id),
            ("sub", object_id),
            ("tid", tenant),
            ("ver", "2.0"),
        ];
        Self::new(Signer::Entra, claims)
    }

    fn new<const N: usize>(signer: Signer, claims: [(&str, &str); N]) -> Self {
        Self {
            header: Map::new(),
            claims: claims.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            without: Vec::new(),
            without_header: Vec::new(),
            raw_header: None,
            raw_claims: None,
            not_before: 0,
            expires_in: LIFETIME,
            signer,
            alg: Alg::Rs256,
        }
    }

    /// Sets a claim, `exp` and `nbf` included.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.without.push(name.into());
        self
    }

    /// Sets a field of the header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Leaves a field of the header out.
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.without_header.push(name.into());
        self
    }

    /// The header as this text, for JSON that no library would write.
    pub fn raw_header(mut self, text: impl Into<String>) -> Self {
        self.raw_header = Some(text.into());
        self
    }

    /// The claims as this text, for JSON that no library would write.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{APP_ID, Alg, CONNECTOR, FakeEntra, TENANT, TokenSpec};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// let good = TokenSpec::app(APP_ID, TENANT, CONNECTOR);
    /// let fails = |spec: TokenSpec| entra.check(Some(&entra.mint(&spec)), CONNECTOR).is_err();
    /// assert!(!fails(good.clone()));
    /// assert!(fails(good.clone().not_before(600)));
    /// assert!(fails(good.clone().without("aud")));
    /// assert!(fails(good.clone().without_header("kid")));
    /// assert!(fails(good.clone().alg(Alg::Ps256)));
    /// assert!(fails(good.clone().raw_header("{")));
    /// assert!(fails(good.raw_claims(r#"{"aud":"a","aud":"b"}"#)));
    /// # Ok(()) }
    /// ```
    pub fn raw_claims(mut self, text: impl Into<String>) -> Self {
        self.raw_claims = Some(text.into());
        self
    }

    /// `exp`, in seconds from now.
    pub fn expires_in(mut self, seconds: i64) -> Self {
        self.expires_in = seconds;
        self
    }

    /// `nbf`, in seconds from now.
    pub fn not_before(mut self, seconds: i64) -> Self {
        self.not_before = seconds;
        self
    }

    /// Who signs.
    pub fn signed_by(mut self, signer: Signer) -> Self {
        self.signer = signer;
        self
    }

    /// How an RSA key signs.
    pub fn alg(mut self, alg: Alg) -> Self {
        self.alg = alg;
        self
    }

    pub(super) fn signer(&self) -> Signer {
        self.signer
    }

    /// Writes and signs. `key` is the signer's; `kid` what the header claims about it.
    pub(super) fn sign(&self, now: i64, key: &SigningKey, kid: &str) -> String {
        let alg = match self.signer {
            Signer::Unsigned => "none",
            Signer::PublicKeyAsSecret => "HS256",
            _ => self.alg.name(),
        };
        let header = json!({"alg": alg, "kid": kid, "x5t": kid, "typ": "JWT"});
        let times = json!({
            "nbf": now.saturating_add(self.not_before),
            "exp": now.saturating_add(self.expires_in),
        });
        let header = written(&header, &self.header, &self.without_header, self.raw_header.as_ref());
        let claims = written(&times, &self.claims, &self.without, self.raw_claims.as_ref());
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = match self.signer {
            Signer::Unsigned => Vec::new(),
            Signer::PublicKeyAsSecret => key.sign_with_public_half(message.as_bytes()),
            Signer::Tampered => flipped(key.sign(self.alg, message.as_bytes())),
            _ => key.sign(self.alg, message.as_bytes()),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// `base`, overridden by `set`, less `without`; or `raw` if there is one.
fn written(
    base: &Value,
    set: &Map<String, Value>,
    without: &[String],
    raw: Option<&String>,
) -> String {
    if let Some(raw) = raw {
        return raw.clone();
    }
    let mut object = base.as_object().cloned().unwrap_or_default();
    object.extend(set.clone());
    object.retain(|name, _| !without.contains(name));
    Value::Object(object).to_string()
}

fn flipped(mut signature: Vec<u8>) -> Vec<u8> {
    if let Some(byte) = signature.first_mut() {
        *byte ^= 1;
    }
    signature
}
