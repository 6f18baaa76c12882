//! Microsoft Graph, as the app or as a person.
//!
//! A [`Graph`] shows its token to one host, follows no redirect, waits when Graph says so and never
//! repeats what may have had an effect. [`Graph::as_person`] makes the same client speak for
//! whoever signed in.
//!
//! ```
//! use argus_bot_sdk::graph::{Graph, GraphError, GraphRequest, path};
//!
//! async fn names(graph: &Graph, group: &str) -> Result<Vec<String>, GraphError> {
//!     let members = GraphRequest::get(path(&["groups", group, "members"]));
//!     let members = graph.all(&members, 1_000).await?;
//!     Ok(members.iter().filter_map(|it| Some(it["displayName"].as_str()?.to_owned())).collect())
//! }
//! # let _ = names;
//! ```

mod batch;
mod call;
mod failure;
mod request;

pub use self::call::Graph;
pub use self::failure::{GraphError, GraphErrorKind};
pub use self::request::{GraphRequest, path};
