//! The flow for handlers: a token, or the card that leads to one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

use super::asked::{Asked, AskedHere};
use super::client::{SignInRequest, UserTokens, Whose};
use super::needed::NotSignedIn;
use super::wire::{TokenOrSignIn, UserToken};
use crate::Clock;
use crate::auth::{SecretToken, subject};
use crate::dedup::{Bounds, Key, Memory, Outcome, Seen};
use crate::error::{Error, ErrorKind};
use crate::extract::Turn;
use crate::invoke::{TokenExchangeRequest, VerifyState};

/// How long a person may take to sign in.
const PATIENCE: Duration = Duration::from_hours(1);

/// Codes have six digits; ids and tokens are longer, but not without end.
const MAX_CODE: usize = 128;
const MAX_ID: usize = 1024;
const MAX_TOKEN: usize = 32 * 1024;

/// Signs people in at one OAuth connection of the bot. A clone is the same flow.
///
/// Whoever was not asked cannot answer: a token or a code counts only for the person and the
/// conversation that asked, for an hour. When all clients of a person offer their token at once, it
/// is exchanged once and all get the same answer.
#[derive(Clone)]
pub struct SignIn {
    inner: Arc<Inner>,
    asked: Arc<dyn Asked>,
    text: Arc<str>,
    button: Arc<str>,
}

struct Inner {
    users: UserTokens,
    app_id: String,
    connection: String,
    clock: Arc<dyn Clock>,
    exchanges: Memory,
    /// What goes on after a sign-in; it ends with the flow at the latest.
    tasks: Mutex<JoinSet<()>>,
}

/// How an offer of a token ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exchanged {
    /// It is exchanged, by this call.
    Now,
    /// It was exchanged before, or by another client at the same time.
    Before,
    /// It is not, for this reason.
    Failed(String),
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("connection", &self.inner.connection)
            .field("users", &self.inner.users)
            .finish_non_exhaustive()
    }
}

impl SignIn {
    /// Signs people in at the connection of this name of the bot `app_id`.
    pub fn new(
        users: UserTokens,
        app_id: impl Into<String>,
        connection: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let exchanges = Memory::new(Arc::clone(&clock), Bounds::default());
        let (app_id, connection, tasks) = (app_id.into(), connection.into(), Mutex::default());
        Self {
            inner: Arc::new(Inner { users, app_id, connection, clock, exchanges, tasks }),
            asked: Arc::new(AskedHere::default()),
            text: "Please sign in to go on.".into(),
            button: "Sign in".into(),
        }
    }

    /// Sets what the card says.
    #[must_use]
    pub fn text(mut self, text: impl Into<Arc<str>>) -> Self {
        self.text = text.into();
        self
    }

    /// Sets what the card's button says.
    #[must_use]
    pub fn button(mut self, title: impl Into<Arc<str>>) -> Self {
        self.button = title.into();
        self
    }

    /// Remembers elsewhere who was asked, for a bot of several processes.
    #[must_use]
    pub fn asked(mut self, asked: Arc<dyn Asked>) -> Self {
        self.asked = asked;
        self
    }

    /// The connection's name.
    pub fn connection(&self) -> &str {
        &self.inner.connection
    }

    /// The token of the person who sent this turn's activity.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`], which is an answer as well: return it, and the person gets the card.
    pub async fn token(&self, turn: &Turn) -> Result<UserToken, NotSignedIn> {
        let whose = self.whose(turn).ok_or(NotSignedIn::Nobody)?;
        if let Some(offer) = offer(turn) {
            return self.inline(turn, &whose, offer).await;
        }
        let (app_id, connection) = (&self.inner.app_id, &self.inner.connection);
        let request = SignInRequest::new(app_id, connection, turn.activity());
        let found = self.inner.users.get_or_sign_in(&whose, &request).await;
        let resource = match found.map_err(|error| NotSignedIn::unavailable(&error))? {
            TokenOrSignIn::Token(token) => return Ok(token),
            TokenOrSignIn::SignIn(resource) => resource,
        };
        let now = self.inner.clock.now();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        let remembered = self.asked.remember(&self.key(turn, &whose), until).await;
        remembered.map_err(|error| NotSignedIn::unavailable(&error))?;
        let card = resource.oauth_card(&self.inner.connection, &self.text, &self.button);
        Err(NotSignedIn::Asked(Box::new(card)))
    }

    /// The person's token if there is one, without asking anybody.
    ///
    /// # Errors
    ///
    /// Those of [`UserTokens::get`].
    ///
    /// ```
    /// use argus_bot_sdk::Error;
    /// use argus_bot_sdk::extract::Turn;
    /// use argus_bot_sdk::signin::SignIn;
    ///
    /// async fn is_known(signin: &SignIn, turn: &Turn) -> Result<bool, Error> {
    ///     Ok(signin.token_if_any(turn).await?.is_some())
    /// }
    /// ```
    pub async fn token_if_any(&self, turn: &Turn) -> Result<Option<UserToken>, Error> {
        match self.whose(turn) {
            Some(whose) => self.inner.users.get(&whose, None).await,
            None => Ok(None),
        }
    }

    /// Signs the person out.
    ///
    /// # Errors
    ///
    /// Those of [`UserTokens::sign_out`].
    pub async fn sign_out(&self, turn: &Turn) -> Result<(), Error> {
        match self.whose(turn) {
            Some(whose) => self.inner.users.sign_out(&whose).await,
            None => Ok(()),
        }
    }

    /// A button's press or a search that brings a client's token or a code along.
    async fn inline(
        &self,
        turn: &Turn,
        whose: &Whose,
        offer: Offer,
    ) -> Result<UserToken, NotSignedIn> {
        if !self.was_asked(turn, whose).await.map_err(|error| NotSignedIn::unavailable(&error))? {
            return Err(NotSignedIn::Refused("nobody asked this person here".into()));
        }
        match offer {
            Offer::Token(token) => {
                let token = self.checked(turn, &token).map_err(NotSignedIn::Refused)?;
                self.inner.users.exchange(whose, &token).await.map_err(|error| match error.kind() {
                    ErrorKind::Interaction => NotSignedIn::Refused(error.to_string()),
                    _ => NotSignedIn::unavailable(&error),
                })
            }
            Offer::Code(code) => {
                let found = self.inner.users.get(whose, Some(&code)).await;
                let found = found.map_err(|error| NotSignedIn::unavailable(&error))?;
                found.ok_or(NotSignedIn::WrongCode)
            }
        }
    }

    /// Takes the token that a client offers, once for all clients of the person.
    pub(super) async fn exchange(&self, turn: &Turn, offer: &TokenExchangeRequest) -> Exchanged {
        let failed = |why: &str| Exchanged::Failed(why.to_owned());
        let Some(whose) = self.whose(turn) else { return failed("the sender is not known") };
        let named = offer.connection_name.as_ref();
        if named.is_some_and(|name| *name != self.inner.connection) {
            return failed("this bot does not sign in at that connection here");
        }
        if offer.id.is_empty() || offer.id.len() > MAX_ID {
            return failed("the request has no usable id");
        }
        let key = self.inner.exchanges.key(&[&self.key(turn, &whose), &offer.id]);
        let mut other = match self.inner.exchanges.begin(key) {
            Seen::Done(outcome) => return before(&outcome),
            Seen::Running(other) => other,
            Seen::Fresh(_) => return self.exchange_once(turn, &whose, offer, key).await,
        };
        let outcome = other.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        outcome.map_or_else(|| failed("the token could not be exchanged now"), |it| before(&it))
    }

    async fn exchange_once(
        &self,
        turn: &Turn,
        whose: &Whose,
        offer: &TokenExchangeRequest,
        key: Key,
    ) -> Exchanged {
        let mut ending = Ending { memory: &self.inner.exchanges, key, outcome: None };
        match self.was_asked(turn, whose).await {
            Ok(true) => {}
            Ok(false) => return Exchanged::Failed("nobody asked this person here".into()),
            Err(error) => return Exchanged::Failed(error.to_string()),
        }
        let exchanged = match self.checked(turn, &offer.token) {
            Ok(token) => self.inner.users.exchange(whose, &token).await.map(drop),
            Err(why) => Err(Error::new(ErrorKind::Interaction, why)),
        };
        let Err(error) = exchanged else {
            ending.outcome = Some(Outcome { status: StatusCode::OK, body: Bytes::new() });
            return Exchanged::Now;
        };
        let why = error.to_string();
        // What may work in a moment is not remembered: the client's next try counts.
        if error.kind() == ErrorKind::Interaction {
            let (status, body) = (StatusCode::PRECONDITION_FAILED, Bytes::from(why.clone()));
            ending.outcome = Some(Outcome { status, body });
        }
        tracing::info!(correlation = turn.correlation(), why, "single sign-on failed");
        Exchanged::Failed(why)
    }

    /// Takes the code that a person brings from the sign-in page; says whether it is good.
    pub(super) async fn verify(&self, turn: &Turn, brought: &VerifyState) -> Result<bool, Error> {
        let Some(whose) = self.whose(turn) else { return Ok(false) };
        let code = brought.state.as_deref().unwrap_or_default();
        if code.is_empty() || code.len() > MAX_CODE || !self.was_asked(turn, &whose).await? {
            return Ok(false);
        }
        Ok(self.inner.users.get(&whose, Some(code)).await?.is_some())
    }

    /// Goes on with what the person wanted, without keeping the client waiting.
    pub(super) fn go_on(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    fn whose(&self, turn: &Turn) -> Option<Whose> {
        Whose::sent(turn.activity(), &self.inner.connection)
    }

    async fn was_asked(&self, turn: &Turn, whose: &Whose) -> Result<bool, Error> {
        self.asked.knows(&self.key(turn, whose), self.inner.clock.now()).await
    }

    /// Names the person, the conversation and the connection; a thread is not a conversation of its
    /// own.
    fn key(&self, turn: &Turn, whose: &Whose) -> String {
        let conversation = turn.conversation().conversation_id;
        let conversation = conversation.split(";messageid=").next().unwrap_or_default();
        let parts = [
            self.inner.app_id.as_str(),
            &whose.connection_name,
            &whose.channel_id,
            conversation,
            &whose.user_id,
        ];
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(context.finish())
    }

    /// The offered token, unless it says that it is somebody else's. Whether it is genuine is for
    /// the token service to say.
    fn checked(&self, turn: &Turn, token: &str) -> Result<SecretToken, String> {
        if token.is_empty() || token.len() > MAX_TOKEN {
            return Err("the offer has no usable token".into());
        }
        let sender = turn.activity().from.as_ref().and_then(|from| from.aad_object_id.as_deref());
        let is_other = subject(token)
            .zip(sender)
            .is_some_and(|(subject, sender)| !subject.eq_ignore_ascii_case(sender));
        if is_other {
            tracing::warn!(
                correlation = turn.correlation(),
                connection = self.inner.connection,
                "a client offered the token of another person"
            );
            return Err("the token is of another person".into());
        }
        Ok(SecretToken::new(token))
    }
}

/// Remembers how an exchange ended, or that it did not: also when whoever waits for it is gone.
struct Ending<'a> {
    memory: &'a Memory,
    key: Key,
    outcome: Option<Outcome>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        match self.outcome.take() {
            Some(outcome) => self.memory.finish(self.key, outcome),
            None => self.memory.forget(self.key),
        }
    }
}

fn before(outcome: &Outcome) -> Exchanged {
    if outcome.status == StatusCode::OK {
        return Exchanged::Before;
    }
    Exchanged::Failed(String::from_utf8_lossy(&outcome.body).into_owned())
}

/// What a button's press or a search brings along.
enum Offer {
    Token(String),
    Code(String),
}

fn offer(turn: &Turn) -> Option<Offer> {
    let activity = turn.activity();
    activity.invoke_name()?;
    let value = activity.value.as_ref()?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let some = |text: &&str| !text.is_empty();
    let token = text("/authentication/token").filter(some);
    let code = text("/state").filter(some).filter(|code| code.len() <= MAX_CODE);
    token.map(|it| Offer::Token(it.into())).or(code.map(|it| Offer::Code(it.into())))
}
