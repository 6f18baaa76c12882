//! Why a token is not believed, rule by rule.

use serde_json::Value;

use crate::auth::Rejection;
use crate::auth::callers::EntraTenant;
use crate::auth::claims::{Claims, HEADER_RULES, Header, MAX_TOKEN, Parts, Unproven};
use crate::auth::tokens::{self, Path, SKEW, Tokens};

/// Whether a token keeps a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The token keeps the rule.
    Holds,
    /// The token breaks the rule.
    Broken,
    /// It cannot be said, because something else is missing.
    Unknown,
}

/// What was found about one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, by the name that [`Rejection::rule`] has.
    pub rule: &'static str,
    /// Whether the token keeps it.
    pub verdict: Verdict,
    /// What the token says, and what it should say.
    pub detail: String,
}

impl Finding {
    /// What to change, if the token breaks the rule or it cannot be said.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use argus_bot_sdk::SystemClock;
    /// # use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public);
    /// let door = Authenticator::new(config, Arc::new(SystemClock))?;
    /// let findings = door.explain("not a token").await;
    /// assert_eq!(findings[0].advice(), None);
    /// assert!(findings[1].advice().unwrap().contains("Authorization"));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advice(&self) -> Option<&'static str> {
        if self.verdict == Verdict::Holds {
            return None;
        }
        Some(match self.rule {
            "size" | "format" | "header" | "claims" => {
                "take the whole value of the Authorization header; something in between may have cut or changed it"
            }
            "crit" | "typ" | "alg" => {
                "neither Teams nor Entra makes such tokens: find out who sent it"
            }
            "iss" => {
                "check the cloud; for another bot, an agent or the Playground, name its tenant and app id"
            }
            "aud" => {
                "the token is for another app: check the bot's app id, and where the bot's messages go"
            }
            "exp" => "take a fresh token; if it is fresh, this computer's clock is ahead",
            "nbf" | "iat" => "this computer's clock is behind: let it follow a time server",
            "serviceurl" => "the token does not come from Teams' Connector: find out who sent it",
            "appid" => {
                "name the app that calls, with its tenant, among the callers; check that it is the one you mean"
            }
            "tid" => "the token is not one of that tenant: find out who sent it",
            "ver" => "the token's version is not that of its issuer: find out who sent it",
            "app_only" => {
                "the caller has to get its token for itself (client credentials), not for a person"
            }
            "kid" => {
                "the issuer does not publish this key: check cloud and OpenID address; a new key may take a minute"
            }
            "signature" => "the token was changed, or somebody else signed it",
            "endorsement" => "the key may not speak for Teams: check cloud and OpenID address",
            "keys" => "let this computer reach the OpenID address of the cloud, and try again",
            _ => "see the rule",
        })
    }
}

/// Header and claims of a token as they are written, for people who look for a mistake. Nothing is
/// proven by them; the signature is left out.
///
/// ```
/// use argus_bot_sdk::auth::token_contents;
///
/// let (header, claims) = token_contents("eyJhbGciOiJub25lIn0.eyJhdWQiOiJhIn0.AA").unwrap();
/// assert_eq!((header["alg"].as_str(), claims["aud"].as_str()), (Some("none"), Some("a")));
/// assert!(token_contents("not a token").is_none());
/// ```
pub fn token_contents(token: &str) -> Option<(Value, Value)> {
    let parts = Parts::of(token.trim()).ok()?;
    Some((parts.header().ok()?.into_value(), parts.claims().ok()?.into_value()))
}

/// Checks all rules of a token; those about an activity need one and are not among them.
pub(crate) async fn findings(tokens: &Tokens, token: &str) -> Vec<Finding> {
    let token = token.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let mut report = Report::default();
    let size = format!("the token has {} bytes of at most {MAX_TOKEN}", token.len());
    report.rule("size", token.len() + "Bearer ".len() <= MAX_TOKEN, size);
    let Ok(parts) = Parts::of(token) else {
        report.rule("format", false, "a token is three base64url parts with dots between them");
        return report.0;
    };
    report.rule("format", true, "three parts");
    let Some(kid) = report.header(&parts) else { return report.0 };
    let Ok(claims) = parts.claims() else {
        report.rule("claims", false, "the second part is not one JSON object without duplicates");
        return report.0;
    };
    report.rule("claims", true, "one JSON object");
    let Some(path) = report.claims(tokens, &claims) else { return report.0 };
    let unproven = Unproven { signed: parts.signed, signature: parts.signature, kid, claims };
    report.signature(path, &unproven).await;
    report.0
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn rule(&mut self, rule: &'static str, holds: bool, detail: impl Into<String>) {
        let verdict = if holds { Verdict::Holds } else { Verdict::Broken };
        self.0.push(Finding { rule, verdict, detail: detail.into() });
    }

    fn unknown(&mut self, rule: &'static str, detail: &str) {
        self.0.push(Finding { rule, verdict: Verdict::Unknown, detail: detail.to_owned() });
    }

    /// The rules about the header; gives the key id if there is one.
    fn header(&mut self, parts: &Parts<'_>) -> Option<String> {
        let Ok(header) = parts.header() else {
            self.rule("header", false, "the first part is not one JSON object without duplicates");
            return None;
        };
        self.rule("header", true, "one JSON object");
        for (rule, keeps) in HEADER_RULES {
            let detail = match rule {
                "crit" => "the header must not bring its own rules or keys".to_owned(),
                name => format!("{}, must be {}", header.quote(name), Self::wanted(name)),
            };
            self.rule(rule, keeps(&header).is_ok(), detail);
        }
        let kid = Header::kid(&header).ok().map(str::to_owned);
        if kid.is_none() {
            self.rule("kid", false, format!("{}, must be the id of a key", header.quote("kid")));
        }
        kid
    }

    fn wanted(name: &str) -> &'static str {
        if name == "alg" { "RS256" } else { "JWT or missing" }
    }

    /// The rules about claims; gives the path if the issuer is known.
    fn claims<'a>(&mut self, tokens: &'a Tokens, claims: &Claims) -> Option<Path<'a>> {
        let path = tokens.path(claims).ok();
        let issuers = tokens.issuers().join(" or ");
        self.rule("iss", path.is_some(), format!("{}, must be {issuers}", claims.quote("iss")));
        let audience = format!("{}, must be the app id {}", claims.quote("aud"), tokens.app_id);
        self.rule("aud", tokens.audience(claims).is_ok(), audience);
        let now = tokens.now();
        let dates = [
            ("exp", tokens.expiry(claims).is_ok()),
            ("nbf", tokens.beginning(claims).is_ok()),
            ("iat", tokens.issued(claims).is_ok()),
        ];
        for (name, holds) in dates {
            let detail = format!("{}, now is {now:.0}, give or take {SKEW}", claims.quote(name));
            self.rule(name, holds, detail);
        }
        match path? {
            Path::BotFramework(_) => {
                let holds = tokens::service_url_claim(claims).is_ok();
                let detail = format!("{}, must be a service URL", claims.quote("serviceurl"));
                self.rule("serviceurl", holds, detail);
            }
            Path::Entra(_, entra, _) => self.caller(entra, claims),
        }
        path
    }

    /// The rules about a caller with a token of Entra.
    fn caller(&mut self, entra: &EntraTenant, claims: &Claims) {
        let said = format!("{}, {}", claims.quote("appid"), claims.quote("azp"));
        let detail = format!("{said}, one of them must be {}", entra.callers.join(" or "));
        self.rule("appid", entra.caller(claims).is_ok(), detail);
        let detail = format!("{}, must be {}", claims.quote("tid"), entra.tenant);
        self.rule("tid", entra.tenant_claim(claims).is_ok(), detail);
        let detail = format!("{}, must be that of the issuer", claims.quote("ver"));
        self.rule("ver", entra.version(claims).is_ok(), detail);
        let detail = "the token must be one of the app itself, not of a person who uses it";
        self.rule("app_only", EntraTenant::app_only(claims).is_ok(), detail);
    }

    /// The rules that need the issuer's keys.
    async fn signature(&mut self, path: Path<'_>, unproven: &Unproven<'_>) {
        let kid = &unproven.kid;
        let found = match path.keys().find(kid).await.map_err(Rejection::from) {
            Ok(found) => found,
            Err(why) if why.rule() == "keys" => {
                self.unknown("keys", "the issuer's keys cannot be fetched now");
                return;
            }
            Err(_) => {
                self.rule("kid", false, format!("the issuer publishes no key {kid:?}"));
                return;
            }
        };
        self.rule("kid", true, format!("the issuer publishes key {kid:?}"));
        match tokens::signer(&found, unproven) {
            Ok(key) => {
                self.rule("signature", true, "made with that key");
                let channels = key.endorsements.join(", ");
                let detail = format!("the key vouches for: {channels}");
                if matches!(path, Path::BotFramework(_)) {
                    self.rule(
                        "endorsement",
                        key.endorsements.iter().any(|c| c == "msteams"),
                        detail,
                    );
                }
            }
            Err(why) => self.rule(why.rule(), false, "not made with a key of that id"),
        }
    }
}
