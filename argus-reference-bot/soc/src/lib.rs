//! What a security operations centre decides. Pure: no async, no clock, no network, no files.

pub mod effect;
pub mod incident;
pub mod ledger;
pub mod run;
