//! Entra ID through Microsoft Graph: sessions and accounts of users.
//!
//! Source: Microsoft Graph v1.0 `user: revokeSignInSessions`, `update user`; facts/external-apis.md 2.5.
//! What an account was before is read first: what somebody else has blocked is not ours to unblock.

use argus_bot_sdk::auth::TokenSource;
use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Back, Budget, Credential, Far, Lost};
use crate::ports::connector::{Connector, Order, Preview};

/// Entra ID behind Microsoft Graph.
#[derive(Debug)]
pub struct Entra {
    name: String,
    far: Far,
}

impl Entra {
    /// Graph at `url`.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        tokens: std::sync::Arc<dyn TokenSource>,
    ) -> Result<Self, String> {
        let far = Far::new(url, Credential::Token(tokens))?.paced(Budget::usual());
        Ok(Self { name: name.into(), far })
    }

    fn user(&self, user: &str, more: &[&str]) -> url::Url {
        let mut segments = vec!["v1.0", "users", user];
        segments.extend(more);
        self.far.url(&segments)
    }

    fn request(&self, order: &Order) -> Result<(Method, url::Url, Option<Value>), String> {
        let user = user_id(order)?;
        Ok(match order.action {
            ActionKind::RevokeToken => {
                (Method::POST, self.user(user, &["revokeSignInSessions"]), None)
            }
            ActionKind::DisableUser => {
                (Method::PATCH, self.user(user, &[]), Some(json!({"accountEnabled": false})))
            }
            ActionKind::EnableUser => {
                (Method::PATCH, self.user(user, &[]), Some(json!({"accountEnabled": true})))
            }
            ActionKind::ForcePasswordChange => {
                let body = json!({"passwordProfile": {"forceChangePasswordNextSignIn": true}});
                (Method::PATCH, self.user(user, &[]), Some(body))
            }
            other => return Err(format!("Entra does no {other}")),
        })
    }

    /// Whether the account is enabled, or why nobody knows.
    async fn is_enabled(&self, user: &str) -> Result<bool, String> {
        let account = self.account(user).await?;
        let enabled = account.get("accountEnabled").and_then(Value::as_bool);
        enabled.ok_or_else(|| "Graph answered something else".into())
    }

    /// What Graph says of the account, or why it says nothing.
    async fn account(&self, user: &str) -> Result<Value, String> {
        let mut url = self.user(user, &[]);
        url.query_pairs_mut().append_pair("$select", "id,accountEnabled,userType");
        let back = self.far.call(Method::GET, url, None).await.map_err(Lost::why)?;
        if back.status != StatusCode::OK {
            return Err(said(&back));
        }
        back.json.ok_or_else(|| "Graph answered something else".into())
    }
}

#[async_trait]
impl Connector for Entra {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[
            ActionKind::RevokeToken,
            ActionKind::DisableUser,
            ActionKind::EnableUser,
            ActionKind::ForcePasswordChange,
        ]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let (method, url, body) = self.request(order)?;
        Ok(Preview { method: method.to_string(), url: url.into(), body })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        let (method, url, body) = match self.request(order) {
            Ok(request) => request,
            Err(why) => return Outcome::Failed { why },
        };
        let user = user_id(order).unwrap_or_default();
        if let Some(wanted) = wanted(order.action) {
            match self.is_enabled(user).await {
                Ok(enabled) if enabled == wanted => {
                    let by = format!("somebody before: the account was {} already", word(wanted));
                    return Outcome::AlreadyThere { remote: user.into(), by };
                }
                Ok(_) => {}
                // Nothing was sent: without knowing what was, nothing could be undone rightly.
                Err(why) => {
                    return Outcome::NotYet { why: format!("Graph: {why}"), retry_after_ms: 2_000 };
                }
            }
        }
        if order.action == ActionKind::RevokeToken {
            // For a guest Graph ends nothing, whatever it answers: a yes would be believed.
            match self.account(user).await {
                Ok(account) if account.get("userType").is_some_and(|it| it == "Guest") => {
                    return Outcome::Failed {
                        why: format!(
                            "{} is a guest: Graph ends no sessions of guests; ask their \
                             organisation, or disable the account here",
                            order.target.value
                        ),
                    };
                }
                Ok(_) => {}
                Err(why) => {
                    return Outcome::NotYet { why: format!("Graph: {why}"), retry_after_ms: 2_000 };
                }
            }
        }
        match self.far.call(method, url, body.as_ref()).await {
            // Revoking is known to answer with other codes than the documented one.
            Ok(back) if back.status.is_success() => {
                Outcome::Accepted { remote: user.into(), detail: None }
            }
            Ok(back) => back.refusal("Graph"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let Some(wanted) = wanted(order.action) else {
            // Doing it again does no more than doing it once.
            return Probe::NotFound;
        };
        match user_id(order) {
            Err(_) => Probe::NotFound,
            Ok(user) => match self.is_enabled(user).await {
                Ok(enabled) if enabled == wanted => {
                    Probe::Found { remote: user.into(), detail: None }
                }
                Ok(_) => Probe::NotFound,
                Err(why) => Probe::Unknown { why: format!("Graph: {why}") },
            },
        }
    }

    async fn stands(&self, order: &Order) -> Option<bool> {
        let Some(wanted) = wanted(order.action) else { return Some(false) };
        self.is_enabled(user_id(order).ok()?).await.ok().map(|enabled| enabled == wanted)
    }

    async fn ping(&self) -> Result<(), String> {
        let mut url = self.far.url(&["v1.0", "users"]);
        url.query_pairs_mut().append_pair("$top", "1").append_pair("$select", "id");
        match self.far.call(Method::GET, url, None).await {
            Ok(back) if back.status.is_success() => Ok(()),
            Ok(back) => Err(said(&back)),
            Err(lost) => Err(lost.why()),
        }
    }
}

/// Whether the account shall be enabled, where the action is about that.
fn wanted(action: ActionKind) -> Option<bool> {
    match action {
        ActionKind::DisableUser => Some(false),
        ActionKind::EnableUser => Some(true),
        _ => None,
    }
}

fn word(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

fn said(back: &Back) -> String {
    let code = back.text("/error/code").map(super::web::words);
    code.unwrap_or_else(|| format!("HTTP {}", back.status.as_u16()))
}

/// What Graph calls the user: the object id, or the user principal name. Nothing else goes into a
/// path.
///
/// # Errors
///
/// Why there is none, for a card.
fn user_id(order: &Order) -> Result<&str, String> {
    let target = &order.target;
    if let Some(id) = target.ids.get("aad_user_id") {
        return uuid::Uuid::try_parse(id)
            .map(|_| id.as_str())
            .map_err(|_| format!("the alert's object id of {} is none", target.value));
    }
    let upn = target.value.as_str();
    if upn.to_ascii_uppercase().contains("#EXT#") {
        return Err(format!(
            "{upn} is a guest: Graph ends no sessions of guests, and blocks none by this name; ask \
             their organisation"
        ));
    }
    let plain = |it: char| it.is_alphanumeric() || "._-'!^~+".contains(it);
    let good = upn.split_once('@').is_some_and(|(name, domain)| {
        let host = |it: char| it.is_ascii_alphanumeric() || it == '.' || it == '-';
        !name.is_empty()
            && name.chars().all(plain)
            && domain.contains('.')
            && domain.chars().all(host)
    });
    if good {
        Ok(upn)
    } else {
        Err(format!("{upn} is no user principal name, and has no object id"))
    }
}
