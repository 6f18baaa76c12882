//! What the bot needs from the world: one trait per role, and the suite that each adapter passes.

pub mod anchor;
pub mod archives;
pub mod chain;
pub mod connector;
pub mod directory;
pub mod itsm;
pub mod knowledge;
pub mod ledger;
pub mod playbooks;
pub mod vault;
