//! The Bot Framework's token service.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::wire::{SignInResource, TokenOrSignIn, TokenStatus, UserToken};
use crate::Activity;
use crate::activity::strict;
use crate::auth::{Cloud, SecretToken, TokenSource, fetch, is_loopback};
use crate::connector::ConversationRef;
use crate::error::{Error, ErrorKind};

/// Keeps people's tokens, so that the bot need not. Its wire is that of the Bot Framework's
/// `tokenservice.tsp`.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{ClientSecret, Cloud, Secret};
/// use argus_bot_sdk::signin::UserTokens;
///
/// let cloud = Cloud::Public;
/// let bot = ClientSecret::new(
///     &cloud.token_url("11111111-2222-4333-8444-555555555555"),
///     "0f0e0d0c-1111-4222-8333-444455556666",
///     Secret::new("x"),
///     cloud.constants().bot_scope,
///     Arc::new(SystemClock),
/// )?;
/// let users = UserTokens::new(cloud, Arc::new(bot))?;
/// # drop(users);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
pub struct UserTokens {
    base: Url,
    bot: Arc<dyn TokenSource>,
    client: reqwest::Client,
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokens").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Whose token, of which connection.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Whose {
    /// The channel's id of the person, `29:…` in Teams.
    pub user_id: String,
    /// The channel, `msteams` for Teams.
    pub channel_id: String,
    /// The bot's OAuth connection.
    pub connection_name: String,
}

impl Whose {
    /// This person's, in this channel, of this connection.
    pub fn new(
        user_id: impl Into<String>,
        channel_id: impl Into<String>,
        connection_name: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            channel_id: channel_id.into(),
            connection_name: connection_name.into(),
        }
    }

    /// Of the person who sent `activity`; `None` if it says neither who nor where.
    pub fn sent(activity: &Activity, connection_name: impl Into<String>) -> Option<Self> {
        let user = activity.from.as_ref()?.id.as_deref().filter(|id| !id.is_empty())?;
        let channel = activity.channel_id.as_deref().filter(|id| !id.is_empty())?;
        Some(Self::new(user, channel, connection_name))
    }

    fn query(&self) -> [(&'static str, &str); 3] {
        [
            ("userId", &self.user_id),
            ("connectionName", &self.connection_name),
            ("channelId", &self.channel_id),
        ]
    }
}

impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whose")
            .field("connection_name", &self.connection_name)
            .finish_non_exhaustive()
    }
}

/// What the page at which a person signs in has to know: who asks, and where.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignInRequest {
    state: String,
}

impl SignInRequest {
    /// The bot `app_id` asks the person who sent `activity`.
    pub fn new(app_id: &str, connection_name: &str, activity: &Activity) -> Self {
        let place = ConversationRef::of(activity);
        let mut conversation = json!({
            "serviceUrl": place.service_url,
            "conversation": { "id": place.conversation_id },
        });
        if let Some(members) = conversation.as_object_mut() {
            let known = [
                ("activityId", activity.id.as_ref().map(|id| json!(id))),
                ("channelId", activity.channel_id.as_ref().map(|id| json!(id))),
                ("user", activity.from.as_ref().map(|it| json!({ "id": it.id }))),
                ("bot", place.bot.as_ref().map(|it| json!({ "id": it.id }))),
            ];
            let known = known.into_iter();
            members.extend(known.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let state = json!({
            "connectionName": connection_name, "msAppId": app_id, "conversation": conversation
        });
        Self { state: STANDARD.encode(state.to_string()) }
    }
}

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInRequest(..)")
    }
}

impl UserTokens {
    /// The service of `cloud`, to which the bot proves itself with `bot`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if no HTTP client can be set up.
    pub fn new(cloud: Cloud, bot: Arc<dyn TokenSource>) -> Result<Self, Error> {
        let base = address(cloud.constants().token_service)?;
        Ok(Self { base, bot, client: fetch::client()? })
    }

    /// Asks here instead of the cloud's own service; `http` on loopback only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it is not such an address.
    pub fn at(self, base: &str) -> Result<Self, Error> {
        Ok(Self { base: address(base)?, ..self })
    }

    /// The person's token, if the service has one or `code` is that of a finished sign-in.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Unavailable`] if the service does not answer.
    /// - [`ErrorKind::Credentials`] if it refuses the bot's own token.
    /// - [`ErrorKind::Invalid`] if it refuses the request.
    pub async fn get(&self, whose: &Whose, code: Option<&str>) -> Result<Option<UserToken>, Error> {
        let mut query = whose.query().to_vec();
        query.extend(code.map(|code| ("code", code)));
        let answer = self.call(Method::GET, "api/usertoken/GetToken", &query, None).await?;
        match answer.status {
            200 => Ok(UserToken::read(&answer.body, &whose.connection_name)),
            404 => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    /// At which of the bot's connections the person is signed in; `only` names some of them, with
    /// commas between.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub async fn status(
        &self,
        user_id: &str,
        channel_id: &str,
        only: Option<&str>,
    ) -> Result<Vec<TokenStatus>, Error> {
        let mut query = vec![("userId", user_id), ("channelId", channel_id)];
        query.extend(only.map(|only| ("include", only)));
        let answer = self.call(Method::GET, "api/usertoken/GetTokenStatus", &query, None).await?;
        match answer.status {
            200 => {
                let list = answer.body.as_array().into_iter().flatten();
                Ok(list.filter_map(TokenStatus::read).collect())
            }
            404 => Ok(Vec::new()),
            _ => Err(answer.refusal()),
        }
    }

    /// Tokens of the person for several resources of Entra, by resource; those that cannot be had
    /// are left out.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    ///
    /// ```
    /// use argus_bot_sdk::Error;
    /// use argus_bot_sdk::signin::{UserTokens, Whose};
    ///
    /// async fn graph(users: &UserTokens, alice: &Whose) -> Result<bool, Error> {
    ///     let tokens = users.aad_tokens(alice, &["https://graph.microsoft.com"]).await?;
    ///     Ok(tokens.contains_key("https://graph.microsoft.com"))
    /// }
    /// ```
    pub async fn aad_tokens(
        &self,
        whose: &Whose,
        resources: &[&str],
    ) -> Result<BTreeMap<String, UserToken>, Error> {
        let body = json!({ "resourceUrls": resources });
        let path = "api/usertoken/GetAadTokens";
        let answer = self.call(Method::POST, path, &whose.query(), Some(&body)).await?;
        match answer.status {
            200 => {
                let found = answer.body.as_object().into_iter().flatten();
                let tokens = found.filter_map(|(resource, value)| {
                    Some((resource.clone(), UserToken::read(value, &whose.connection_name)?))
                });
                Ok(tokens.collect())
            }
            404 => Ok(BTreeMap::new()),
            _ => Err(answer.refusal()),
        }
    }

    /// Exchanges the token that a client offers for one of the connection.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Interaction`] if it cannot be exchanged, for example because the person has not
    /// consented: show the sign-in card. Otherwise as for [`get`](Self::get).
    ///
    /// ```
    /// use argus_bot_sdk::Error;
    /// use argus_bot_sdk::auth::SecretToken;
    /// use argus_bot_sdk::signin::{UserToken, UserTokens, Whose};
    ///
    /// async fn silently(users: &UserTokens, alice: &Whose, sso: &SecretToken) -> Result<UserToken, Error> {
    ///     users.exchange(alice, sso).await
    /// }
    /// ```
    pub async fn exchange(&self, whose: &Whose, offered: &SecretToken) -> Result<UserToken, Error> {
        let body = json!({ "token": offered.expose() });
        let path = "api/usertoken/exchange";
        let answer = self.call(Method::POST, path, &whose.query(), Some(&body)).await?;
        let refused = || {
            let code = answer.code().unwrap_or("no consent, or a token of another app");
            Error::new(ErrorKind::Interaction, format!("the token cannot be exchanged ({code})"))
        };
        match answer.status {
            200 => UserToken::read(&answer.body, &whose.connection_name).ok_or_else(refused),
            400 | 404 | 409 | 412 => Err(refused()),
            _ => Err(answer.refusal()),
        }
    }

    /// Forgets the person's token.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub async fn sign_out(&self, whose: &Whose) -> Result<(), Error> {
        let path = "api/usertoken/SignOut";
        let answer = self.call(Method::DELETE, path, &whose.query(), None).await?;
        match answer.status {
            // Whoever has no token is signed out.
            200..=299 | 404 => Ok(()),
            _ => Err(answer.refusal()),
        }
    }

    /// The person's token, or the way to one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the bot has no such connection; otherwise as for [`get`](Self::get).
    pub async fn get_or_sign_in(
        &self,
        whose: &Whose,
        request: &SignInRequest,
    ) -> Result<TokenOrSignIn, Error> {
        let mut query = whose.query().to_vec();
        query.push(("state", &request.state));
        let path = "api/usertoken/GetTokenOrSignInResource";
        let answer = self.call(Method::GET, path, &query, None).await?;
        if answer.status != 200 {
            return Err(answer.no_connection());
        }
        let part = |name: &str| answer.body.get(name).filter(|it| it.is_object());
        let token =
            part("tokenResponse").and_then(|it| UserToken::read(it, &whose.connection_name));
        if let Some(token) = token {
            return Ok(TokenOrSignIn::Token(token));
        }
        let resource = part("signInResource").and_then(SignInResource::read);
        resource.map(TokenOrSignIn::SignIn).ok_or_else(|| answer.no_connection())
    }

    /// The page at which the person signs in.
    ///
    /// # Errors
    ///
    /// As for [`get_or_sign_in`](Self::get_or_sign_in).
    pub async fn sign_in_url(&self, request: &SignInRequest) -> Result<String, Error> {
        let query = [("state", request.state.as_str())];
        let answer = self.call(Method::GET, "api/botsignin/GetSignInUrl", &query, None).await?;
        let url = answer.text.trim().trim_matches('"');
        if answer.status == 200 && url.starts_with("https://") {
            return Ok(url.to_owned());
        }
        Err(answer.no_connection())
    }

    /// The page and what clients need for single sign-on. `code_challenge` ties the page to whoever
    /// has the verifier (RFC 7636).
    ///
    /// # Errors
    ///
    /// As for [`get_or_sign_in`](Self::get_or_sign_in).
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::OAuthCard;
    /// use argus_bot_sdk::signin::{SignInRequest, UserTokens};
    /// use argus_bot_sdk::{Activity, Error};
    ///
    /// async fn card(users: &UserTokens, asked: &Activity) -> Result<OAuthCard, Error> {
    ///     let request = SignInRequest::new("0f0e0d0c-1111-4222-8333-444455556666", "graph", asked);
    ///     println!("or by hand: {}", users.sign_in_url(&request).await?);
    ///     let resource = users.sign_in_resource(&request, None).await?;
    ///     Ok(resource.oauth_card("graph", "Please sign in.", "Sign in"))
    /// }
    /// ```
    pub async fn sign_in_resource(
        &self,
        request: &SignInRequest,
        code_challenge: Option<&str>,
    ) -> Result<SignInResource, Error> {
        let mut query = vec![("state", request.state.as_str())];
        query.extend(code_challenge.map(|challenge| ("code_challenge", challenge)));
        let path = "api/botsignin/GetSignInResource";
        let answer = self.call(Method::GET, path, &query, None).await?;
        let resource = Some(&answer.body).filter(|_| answer.status == 200);
        resource.and_then(SignInResource::read).ok_or_else(|| answer.no_connection())
    }

    /// One call; a 401 is answered with one fresh token of the bot.
    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url.query_pairs_mut().extend_pairs(query);
        let request = |token: &SecretToken| {
            let request = self.client.request(method.clone(), url.clone());
            let request = request.bearer_auth(token.expose());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        let token = self.bot.token().await?;
        let answer = send(request(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        let fresh = self.bot.refresh(&token).await?;
        send(request(&fresh)).await
    }
}

struct Answer {
    status: u16,
    text: String,
    body: Value,
}

impl Answer {
    /// A code that may stand in a log: nothing but letters, digits and dots.
    fn code(&self) -> Option<&str> {
        let code = self.body.pointer("/error/code").and_then(Value::as_str)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_';
        (code.len() <= 64 && code.bytes().all(plain)).then_some(code)
    }

    fn refusal(&self) -> Error {
        let status = self.status;
        let code = self.code().map(|code| format!(", {code}")).unwrap_or_default();
        match status {
            401 | 403 => {
                let why = "the token service does not take the bot's token: check app id, tenant and cloud";
                Error::new(ErrorKind::Credentials, format!("{why} (status {status}{code})"))
            }
            408 | 429 | 500.. => {
                let why = format!("the token service answered {status}{code}");
                Error::new(ErrorKind::Unavailable, why)
            }
            _ => {
                let why = format!("the token service refused the request (status {status}{code})");
                Error::new(ErrorKind::Invalid, why)
            }
        }
    }

    fn no_connection(&self) -> Error {
        match self.status {
            200..=299 | 400 | 404 => Error::new(
                ErrorKind::Config,
                "the bot has no OAuth connection of this name: add it to the bot's resource",
            ),
            _ => self.refusal(),
        }
    }
}

async fn send(request: RequestBuilder) -> Result<Answer, Error> {
    let answer = request.send().await.map_err(fetch::unreachable)?;
    let status = answer.status().as_u16();
    let bytes = fetch::body(answer).await?;
    let body = strict::parse(&bytes).unwrap_or(Value::Null);
    Ok(Answer { status, text: String::from_utf8_lossy(&bytes).into_owned(), body })
}

fn address(base: &str) -> Result<Url, Error> {
    let url = Url::parse(base).ok();
    let is_safe =
        |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    url.filter(is_safe).ok_or_else(|| {
        Error::new(ErrorKind::Config, "the token service's address is not an https URL")
    })
}
