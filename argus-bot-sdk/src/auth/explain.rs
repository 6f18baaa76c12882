//! Why a token is not believed, rule by rule.

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
