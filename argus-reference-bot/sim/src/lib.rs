#![doc = include_str!("../README.md")]

mod answer;
mod defender;
mod graph;
mod odata;
mod people;
mod servicenow;
mod window;

pub use defender::{ActionKind, Defender, Machine};
pub use people::{
    ARGUS_ADMINISTRATORS, HOME_TENANT, PARTNER_TENANT, People, Person, SOC_ENGINEERS,
    SOC_NIGHT_SHIFT,
};
pub use servicenow::ServiceNow;
