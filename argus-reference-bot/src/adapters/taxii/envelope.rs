//! What a TAXII server answers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::web::Back;
use crate::ports::knowledge::Silent;

/// Discovery, or an API root.
#[derive(Debug, Deserialize)]
pub(super) struct Root {
    /// Only discovery has them.
    #[serde(default)]
    pub(super) api_roots: Option<Vec<String>>,
    #[serde(default)]
    pub(super) default: Option<String>,
}

/// The collections of an API root.
#[derive(Debug, Deserialize)]
pub(super) struct Collections {
    #[serde(default)]
    pub(super) collections: Vec<Collection>,
}

/// One collection.
#[derive(Debug, Deserialize)]
pub(super) struct Collection {
    pub(super) id: String,
    pub(super) can_read: bool,
}

/// A page of objects.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    #[serde(default)]
    pub(super) more: bool,
    #[serde(default)]
    pub(super) next: Option<String>,
    #[serde(default)]
    pub(super) objects: Vec<Value>,
}

/// Reads an answer; another shape is no answer.
pub(super) fn read<T: DeserializeOwned>(back: Back) -> Result<T, Silent> {
    let json = back.json.filter(Value::is_object);
    json.and_then(|it| serde_json::from_value(it).ok())
        .ok_or_else(|| Silent::because("it answered something else than TAXII 2.1"))
}
