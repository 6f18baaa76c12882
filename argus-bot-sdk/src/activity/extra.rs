//! Members that the protocol does not name.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Members that the protocol does not name, or whose value has another JSON type than it says. Most
/// objects have none, so this is one word until the first is put in; it is used like the map that
/// it is.
///
/// ```
/// use argus_bot_sdk::Activity;
///
/// let mut activity = Activity::message("hello");
/// assert!(activity.extra.is_empty());
/// activity.extra.insert("mood".to_owned(), "calm".into());
/// assert_eq!(serde_json::to_string(&activity)?, r#"{"type":"message","text":"hello","mood":"calm"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Extra(Option<Box<Map<String, Value>>>);

static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(members: Map<String, Value>) -> Self {
        Self(Some(Box::new(members)))
    }
}

impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        (**self).iter()
    }
}
