//! What is known about the things in an event: assets and indicators.

use argus_soc::enrich::{Asset, Intel, Known};
use argus_soc::event::Entity;
use async_trait::async_trait;

/// An asset inventory and a threat-intelligence source. An outage is a value, never "benign".
#[async_trait]
pub trait Knowledge: Send + Sync + std::fmt::Debug {
    /// What is known about the asset.
    async fn asset(&self, entity: &Entity) -> Known<Asset>;

    /// What is known about the indicator.
    async fn intel(&self, entity: &Entity) -> Known<Intel>;
}
