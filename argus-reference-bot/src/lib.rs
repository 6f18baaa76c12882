//! The reference SOC bot: an alert comes in, a card stands in Teams, one click acts, and there is
//! proof.
//!
//! Inside, arrows point one way: `http`, `handlers` -> `flows` -> `ports` <- `adapters`, and only
//! [`app`] sees both a port and its adapter. What a SOC *decides* is in `argus_soc`, which knows no
//! clock, network or file.

pub mod adapters;
pub mod app;
pub mod buttons;
pub mod chain;
pub mod cli;
pub mod config;
pub mod correlations;
pub mod demo;
pub mod flows;
pub mod handlers;
pub mod hex;
pub mod http;
pub mod identity;
pub mod metrics;
pub mod ports;
pub mod routes;
pub mod secrets;
pub mod templates;
pub mod view;
