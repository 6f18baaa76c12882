#![doc = include_str!("../README.md")]

mod attack;
pub mod blast;
pub mod blocklist;
pub mod canary;
pub mod correlate;
pub mod decide;
pub mod effect;
pub mod enrich;
pub mod event;
pub mod incident;
pub mod ledger;
pub mod measures;
pub mod playbook;
pub mod policy;
pub mod run;
pub mod score;
pub mod storm;
pub mod suppress;
