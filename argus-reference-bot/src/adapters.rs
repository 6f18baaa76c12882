//! The world behind the ports, one module per product.

pub mod defender;
pub mod files;
pub mod graph;
pub mod memory;
pub mod postgres;
pub mod servicenow;
pub mod sharepoint;
pub mod sqlite;
mod tables;
pub mod verify;
mod web;
