//! A small Microsoft on loopback, for your bot's tests and for ours.
//!
//! - [`wire`]: the HTTP server that every fake stands on.
//! - [`vectors`]: tokens, good and hostile, to measure any bot with.
//! - [`fault`]: what goes wrong on order, and counters of what really happened.
//! - [`FakeEntra`]: keys and tokens, good and hostile ones.
//! - [`FakeTokens`]: what people signed in to.
//! - [`FakeTeams`]: conversations, the Connector's REST interface, and people who talk to the bot.
//! - [`replay`]: a recording of a bot, run again without Teams.
//! - [`TestTeams`]: your bot between the two, and [`User`]s who say and press.

pub mod fault;
pub mod vectors;
pub mod wire;

mod entra;
mod stage;
mod teams;
mod tokens;
mod traffic;
mod user;

pub use self::entra::{
    APP_ID, APP_SECRET, Alg, AppRegistration, CONNECTOR, Claims, DEFENDER, Denied, EntraEndpoint,
    FakeEntra, FakeEntraBuilder, GRAPH, IDENTITY, IDENTITY_HEADER, Signer, TENANT, TestCertificate,
    TokenSpec,
};
pub use self::fault::Faults;
pub use self::stage::{Answer, TestTeams, TestTeamsBuilder};
pub use self::teams::{
    Amend, Change, ConversationKind, FakeTeams, FakeTeamsBuilder, Life, Person, Shown, Snapshot,
    TeamsChange, TeamsLimits, Toggle,
};
pub use self::tokens::FakeTokens;
pub use self::user::{Press, User};
pub use crate::bot::{Replay, replay};
pub use crate::clock::ManualClock;
