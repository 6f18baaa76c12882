#![doc = include_str!("../README.md")]

mod answer;
mod azure;
mod cloud;
mod defender;
mod firewall;
mod graph;
mod jira;
mod odata;
pub mod page;
mod people;
mod servicenow;
mod sharepoint;
mod sim;
mod vault;
mod window;

pub use azure::Azure;
pub use cloud::{FIREWALL_TOKEN, SERVICENOW_PASSWORD, SERVICENOW_USER};
pub use defender::{ActionKind, Defender, Machine};
pub use firewall::Firewall;
pub use jira::Jira;
pub use page::{AlertError, Feed, Page, PageConfig, PageError, SampleAlert};
pub use people::{
    ARGUS_ADMINISTRATORS, HOME_TENANT, PARTNER_TENANT, People, Person, SOC_ENGINEERS,
    SOC_NIGHT_SHIFT,
};
pub use servicenow::ServiceNow;
pub use sharepoint::SharePoint;
pub use sim::{Hold, Sim, SimConfig};
pub use vault::Vault;
