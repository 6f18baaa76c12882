//! What the token service says.

use std::fmt;

use serde_json::{Map, Value};

use crate::activity::card::{Button, ButtonKind, OAuthCard, SigninCard, TokenExchangeResource};
use crate::auth::SecretToken;

/// A person's token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserToken {
    /// The bot's OAuth connection that it is of.
    pub connection_name: String,
    /// The token.
    pub token: SecretToken,
    /// When it ends, as the service writes it.
    pub expiration: Option<String>,
}

impl UserToken {
    /// A token of this connection; for fakes of your own.
    pub fn new(connection_name: impl Into<String>, token: SecretToken) -> Self {
        Self { connection_name: connection_name.into(), token, expiration: None }
    }

    pub(super) fn read(value: &Value, connection: &str) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let token = text("token").filter(|token| !token.is_empty())?;
        Some(Self {
            connection_name: text("connectionName").unwrap_or(connection).to_owned(),
            token: SecretToken::new(token),
            expiration: text("expiration").map(str::to_owned),
        })
    }
}

/// Whether a person is signed in at one of the bot's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenStatus {
    /// The connection.
    pub connection_name: String,
    /// Whether the service has a token.
    pub has_token: bool,
    /// What people call the identity provider.
    pub provider: Option<String>,
}

impl TokenStatus {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let provider = value.get("serviceProviderDisplayName").and_then(Value::as_str);
        Some(Self {
            connection_name: value.get("connectionName")?.as_str()?.to_owned(),
            has_token: value.get("hasToken")?.as_bool()?,
            provider: provider.map(str::to_owned),
        })
    }
}

/// What a person needs to sign in. It carries a secret of that person's.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SignInResource {
    /// The page.
    pub sign_in_link: String,
    /// What a client needs for single sign-on, if the connection allows it.
    pub token_exchange_resource: Option<TokenExchangeResource>,
    /// Where a client may leave its token.
    pub token_post_resource: Option<Value>,
}

impl SignInResource {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let object = |name: &str| value.get(name).filter(|it| it.is_object());
        let exchange = object("tokenExchangeResource");
        Some(Self {
            sign_in_link: value.get("signInLink")?.as_str()?.to_owned(),
            token_exchange_resource: exchange
                .and_then(|it| serde::Deserialize::deserialize(it).ok())
                .map(without_nulls),
            token_post_resource: object("tokenPostResource").cloned(),
        })
    }

    /// The card by which Teams signs a person in, by itself if it can.
    pub fn oauth_card(&self, connection: &str, text: &str, button: &str) -> OAuthCard {
        let card = OAuthCard::new(connection).text(text).buttons(vec![self.button(button)]);
        // Teams refuses `null` in place of what is not there.
        let card = match &self.token_exchange_resource {
            Some(resource) => card.token_exchange_resource(resource.clone()),
            None => card,
        };
        match &self.token_post_resource {
            Some(resource) => card.token_post_resource(resource.clone()),
            None => card,
        }
    }

    /// A card with a button to the page and nothing else, for channels without OAuth cards.
    ///
    /// ```
    /// use argus_bot_sdk::signin::{SignInRequest, UserTokens};
    /// use argus_bot_sdk::{Attachment, Error};
    ///
    /// async fn ask(tokens: &UserTokens, request: &SignInRequest) -> Result<Attachment, Error> {
    ///     let way = tokens.sign_in_resource(request, None).await?;
    ///     Ok(way.signin_card("Please sign in.", "Sign in").into())
    /// }
    /// ```
    pub fn signin_card(&self, text: &str, button: &str) -> SigninCard {
        SigninCard::default().text(text).buttons(vec![self.button(button)])
    }

    fn button(&self, title: &str) -> Button {
        Button::new(ButtonKind::SignIn).title(title).value(self.sign_in_link.clone())
    }
}

impl fmt::Debug for SignInResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInResource")
            .field("single_sign_on", &self.token_exchange_resource.is_some())
            .finish_non_exhaustive()
    }
}

/// What is unknown stays, but no `null`.
fn without_nulls(mut resource: TokenExchangeResource) -> TokenExchangeResource {
    let extra: Map<String, Value> = std::mem::take(&mut resource.extra);
    resource.extra = extra.into_iter().filter(|(_, value)| !value.is_null()).collect();
    resource
}

/// A person's token, or what the person needs to sign in.
///
/// ```
/// use argus_bot_sdk::signin::{SignInRequest, TokenOrSignIn, UserTokens, Whose};
/// use argus_bot_sdk::{Activity, Error};
///
/// /// The page that somebody has to see first, if they have to.
/// async fn page(tokens: &UserTokens, app: &str, asked: &Activity) -> Result<Option<String>, Error> {
///     let Some(whose) = Whose::sent(asked, "graph") else { return Ok(None) };
///     let request = SignInRequest::new(app, "graph", asked);
///     Ok(match tokens.get_or_sign_in(&whose, &request).await? {
///         TokenOrSignIn::SignIn(way) => Some(way.sign_in_link),
///         _ => None,
///     })
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenOrSignIn {
    /// The token.
    Token(UserToken),
    /// The way to one.
    SignIn(SignInResource),
}
