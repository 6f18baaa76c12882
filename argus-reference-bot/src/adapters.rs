//! The world behind the ports, one module per product.

pub mod archive;
pub mod azure_tables;
pub mod cmdb;
pub mod defender;
pub mod defender_ti;
pub mod devices;
pub mod entra;
pub mod files;
pub mod firewall;
pub mod folder;
pub mod git;
pub mod graph;
pub mod hook;
pub mod jira;
mod kept;
pub mod key_vault;
pub mod logic_apps;
pub mod lookup;
pub mod memory;
pub mod notebook;
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod sentinel;
pub mod servicenow;
pub mod sharepoint;
pub mod sqlite;
mod tables;
pub mod taxii;
pub mod teams;
pub mod verify;
pub mod web;
