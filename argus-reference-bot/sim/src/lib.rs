#![doc = include_str!("../README.md")]

mod answer;
mod cloud;
mod defender;
mod graph;
mod odata;
pub mod page;
mod people;
mod servicenow;
mod sharepoint;
mod sim;
mod window;

pub use cloud::{SERVICENOW_PASSWORD, SERVICENOW_USER};
pub use defender::{ActionKind, Defender, Machine};
pub use page::{AlertError, Feed, Page, PageConfig, PageError, SampleAlert};
pub use people::{
    ARGUS_ADMINISTRATORS, HOME_TENANT, PARTNER_TENANT, People, Person, SOC_ENGINEERS,
    SOC_NIGHT_SHIFT,
};
pub use servicenow::ServiceNow;
pub use sharepoint::SharePoint;
pub use sim::{Hold, Sim, SimConfig};
