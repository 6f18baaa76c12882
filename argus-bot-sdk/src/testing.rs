//! A small Microsoft on loopback, for your bot's tests and for ours.
//!
//! - [`wire`]: the HTTP server that every fake stands on.
//! - [`fault`]: what goes wrong on order, and counters of what really happened.
//! - [`FakeEntra`]: keys and tokens, good and hostile ones.
//! - [`FakeTokens`]: what people signed in to.
//! - [`FakeTeams`]: conversations, the Connector's REST interface, and people who talk to the bot.
//! - [`TestTeams`]: your bot between the two.

pub mod fault;
pub mod wire;

mod entra;
mod stage;
mod teams;
mod tokens;

pub use self::entra::{
    APP_ID, APP_SECRET, Alg, AppRegistration, CONNECTOR, Claims, DEFENDER, Denied, EntraEndpoint,
    FakeEntra, FakeEntraBuilder, GRAPH, IDENTITY, IDENTITY_HEADER, Signer, TENANT, TestCertificate,
    TokenSpec,
};
pub use self::fault::Faults;
pub use self::stage::{Answer, TestTeams, TestTeamsBuilder};
pub use self::teams::{
    Change, ConversationKind, FakeTeams, FakeTeamsBuilder, Life, Person, Shown, Snapshot,
    TeamsChange, TeamsLimits,
};
pub use self::tokens::FakeTokens;
pub use crate::clock::ManualClock;
