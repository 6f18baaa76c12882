//! People sign in, and the bot acts for them.
//!
//! [`UserTokens`] speaks to the service that keeps people's tokens. [`SignIn`] is the whole flow for
//! handlers: ask for the token, and whoever is not signed in gets a card; single sign-on and codes
//! are answered by the routes that [`Router::sign_in`](crate::Router::sign_in) adds.
//!
//! ```
//! use argus_bot_sdk::Router;
//! use argus_bot_sdk::extract::{State, Turn};
//! use argus_bot_sdk::signin::{NotSignedIn, SignIn};
//!
//! async fn mail(State(signin): State<SignIn>, turn: Turn) -> Result<String, NotSignedIn> {
//!     let token = signin.token(&turn).await?;
//!     Ok(format!("You are signed in at {}.", token.connection_name))
//! }
//! async fn signed_in() -> &'static str {
//!     "Thank you. Say mail again."
//! }
//!
//! fn router(signin: SignIn) -> Router {
//!     Router::new().command("mail", mail).sign_in(&signin, signed_in).with_state(signin)
//! }
//! # let _ = router;
//! ```

mod asked;
mod client;
mod flow;
mod needed;
mod request;
mod routes;
mod wire;

pub use self::asked::{Asked, AskedHere};
pub use self::client::{UserTokens, Whose};
pub use self::flow::SignIn;
pub use self::needed::NotSignedIn;
pub use self::request::SignInRequest;
pub use self::wire::{SignInResource, TokenOrSignIn, TokenStatus, UserToken};
