//! From a checked token and a body to an activity that somebody vouched for.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use crate::activity::{Activity, ActivityKind, Found, Lazy, strict};
use crate::auth::service_url;
use crate::auth::{Rejection, ServiceUrlPolicy};

/// Something of which the authenticator proved where it comes from.
///
/// Only [`Vouched::read`] makes one, and the router takes nothing else, so code that forgets to ask
/// does not compile.
///
/// ```compile_fail
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::auth::Verified;
///
/// let forged = Verified { inner: Activity::default() };
/// ```
///
/// ```compile_fail
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::auth::Verified;
///
/// let forged: Verified<Activity> = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<T> {
    inner: T,
}

impl<T> Verified<T> {
    /// The thing without its proof.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl Verified<Activity> {
    /// The tenant in which it happened, if the activity names one.
    pub fn tenant_id(&self) -> Option<&str> {
        self.inner.tenant_id()
    }

    /// An activity for which a test vouches.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_test(activity: Activity) -> Self {
        Self { inner: activity }
    }
}

/// What a checked token says about activities.
pub(crate) struct Grant {
    /// The only service URL, normalised; `None` if no claim covers it.
    pub(crate) service_url: Option<String>,
    /// The channels for which the signing key may vouch; `None` if keys have no endorsements.
    pub(crate) endorsements: Option<Vec<String>>,
    /// The only tenant, for tokens of one tenant.
    pub(crate) tenant: Option<String>,
    /// The roles that Entra's tenant gave to the app.
    pub(crate) roles: Vec<String>,
}

/// What an activity must fulfil apart from its token.
pub(crate) struct Rules {
    pub(crate) policy: ServiceUrlPolicy,
    /// Empty for any.
    pub(crate) tenants: Vec<String>,
    pub(crate) channels: Vec<String>,
}

/// A checked token whose body was not read yet.
///
/// Reading the body only now means that strangers cannot make the bot read or parse anything.
#[must_use = "the token was checked, the body was not"]
pub struct Vouched {
    pub(crate) rules: Arc<Rules>,
    pub(crate) grant: Voucher,
}

/// Who answers for the body.
pub(crate) enum Voucher {
    /// A token.
    Token(Arc<Grant>),
    /// Nobody: the bot was started that way, on loopback.
    #[cfg(feature = "danger-anonymous")]
    Nobody,
}

impl fmt::Debug for Vouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vouched(..)")
    }
}

impl Vouched {
    /// Reads the activity and checks that the token is for it.
    ///
    /// # Errors
    ///
    /// Status 400 if the body is not an activity, 403 if channel, endorsement, service URL or
    /// tenant are not what the token or the configuration allows.
    pub fn read(self, body: &[u8]) -> Result<Verified<Activity>, Rejection> {
        let mut activity = Activity::default();
        self.read_into(&mut activity, body)?;
        Ok(Verified { inner: activity })
    }

    /// The same, made where it stays: an activity is large, and each move would copy it.
    pub(crate) fn read_shared(self, body: &[u8]) -> Result<Arc<Verified<Activity>>, Rejection> {
        let mut shared = Arc::new(Verified { inner: Activity::default() });
        match Arc::get_mut(&mut shared) {
            Some(verified) => self.read_into(&mut verified.inner, body)?,
            None => return Err(Rejection::body()),
        }
        Ok(shared)
    }

    fn read_into(&self, activity: &mut Activity, body: &[u8]) -> Result<(), Rejection> {
        strict::text(body).and_then(|text| activity.read(text)).map_err(|_| Rejection::body())?;
        if activity.kind == ActivityKind::default() {
            return Err(Rejection::body());
        }
        // Who called is what the token says, not what the body claims (A2251).
        activity.caller_id = None;
        match &self.grant {
            Voucher::Token(grant) => self.rules.check(grant, activity),
            #[cfg(feature = "danger-anonymous")]
            Voucher::Nobody => self.rules.check_service_url(None, activity),
        }
    }
}

impl Rules {
    fn check(&self, grant: &Grant, activity: &Activity) -> Result<(), Rejection> {
        let channel = activity.channel_id.as_deref().unwrap_or_default();
        if !self.channels.iter().any(|known| known == channel) {
            return Err(Rejection::mismatch("channel"));
        }
        if grant.endorsements.as_ref().is_some_and(|endorsed| !may_vouch(endorsed, channel)) {
            return Err(Rejection::mismatch("endorsement"));
        }
        self.check_service_url(grant.service_url.as_deref(), activity)?;
        self.check_tenant(grant, activity)
    }

    /// The address is the one that the token claims, if it claims one, and one of those to which
    /// answers may go.
    fn check_service_url(
        &self,
        claimed: Option<&str>,
        activity: &Activity,
    ) -> Result<(), Rejection> {
        let refused = Rejection::mismatch("serviceurl");
        let stated = activity.service_url.as_deref().ok_or(refused)?;
        let proven = self.policy.check(stated);
        let is_claimed = claimed.is_none_or(|claimed| match &proven {
            Ok(proven) => proven.as_str() == claimed,
            Err(_) => service_url::normalised(stated).as_deref() == Some(claimed),
        });
        match (is_claimed, proven) {
            (false, _) => Err(refused),
            (true, Err(_)) => Err(Rejection::mismatch("service_host")),
            (true, Ok(_)) => Ok(()),
        }
    }

    fn check_tenant(&self, grant: &Grant, activity: &Activity) -> Result<(), Rejection> {
        let refused = Rejection::mismatch("tenant");
        let in_data = tenant_in(activity.channel_data.as_ref()).map_err(|Odd| refused)?;
        let of_conversation = tenant_of_conversation(activity).map_err(|Odd| refused)?;
        let tenant = match (in_data.as_deref(), of_conversation) {
            (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => return Err(refused),
            (one, other) => one.or(other),
        };
        let is = |known: &String| tenant.is_some_and(|tenant| tenant.eq_ignore_ascii_case(known));
        let allowed = self.tenants.is_empty() || self.tenants.iter().any(is);
        // A token of one tenant cannot speak for another; an activity need not name one.
        let granted = tenant.is_none() || grant.tenant.as_ref().is_none_or(is);
        if allowed && granted { Ok(()) } else { Err(refused) }
    }
}

/// Something that is there, but is no tenant.
struct Odd;

fn tenant_in(data: Option<&Lazy<Value>>) -> Result<Option<Cow<'_, str>>, Odd> {
    match data.map_or(Found::Nothing, |data| data.find(&["tenant", "id"])) {
        Found::Nothing => Ok(None),
        Found::Text(tenant) if !tenant.is_empty() => Ok(Some(tenant)),
        Found::Text(_) | Found::Other => Err(Odd),
    }
}

fn tenant_of_conversation(activity: &Activity) -> Result<Option<&str>, Odd> {
    let Some(conversation) = &activity.conversation else { return Ok(None) };
    match (&conversation.tenant_id, conversation.extra.get("tenantId")) {
        (Some(tenant), _) if !tenant.is_empty() => Ok(Some(tenant)),
        (None, None | Some(Value::Null)) => Ok(None),
        _ => Err(Odd),
    }
}

/// Whether a key may vouch for a channel.
///
/// Keys for Teams always carry endorsements. Those for Web Chat and Direct Line lost theirs on
/// 2023-09-11 (MicrosoftDocs/bot-docs#2300), so a key without any may vouch for other channels.
fn may_vouch(endorsements: &[String], channel: &str) -> bool {
    let endorsed = endorsements.iter().any(|endorsed| endorsed == channel);
    endorsed || (endorsements.is_empty() && channel != "msteams")
}
