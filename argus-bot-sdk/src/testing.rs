//! A small Microsoft on loopback, for your bot's tests and for ours.
//!
//! - [`wire`]: the HTTP server that every fake stands on.
//! - [`fault`]: what goes wrong on order, and counters of what really happened.
//! - [`FakeEntra`]: keys and tokens, good and hostile ones.

pub mod fault;
pub mod wire;

mod entra;

pub use self::entra::{
    APP_ID, APP_SECRET, Alg, AppRegistration, CONNECTOR, Claims, DEFENDER, Denied, EntraEndpoint,
    FakeEntra, FakeEntraBuilder, GRAPH, Signer, TENANT, TokenSpec,
};
pub use self::fault::Faults;
pub use crate::clock::ManualClock;
