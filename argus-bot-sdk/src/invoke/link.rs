//! A link that Teams shows as a button: to sign in, or to settings.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// A page that Teams opens, and what the button to it says.
///
/// ```
/// use argus_bot_sdk::invoke::{ExtensionResponse, Link};
///
/// let reply = ExtensionResponse::auth(Link::new("Sign in", "https://contoso.example/signin"));
/// assert_ne!(reply, ExtensionResponse::config(Link::new("Sign in", "https://contoso.example")));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    title: String,
    url: String,
}

/// The button on the wire.
#[derive(Serialize)]
struct OpenUrl<'a> {
    r#type: &'static str,
    title: &'a str,
    value: &'a str,
}

impl Link {
    /// A button that says `title` and opens `url`.
    pub fn new(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self { title: title.into(), url: url.into() }
    }

    /// `{"actions":[…]}` as it stands in `suggestedActions`.
    pub(crate) fn actions(&self) -> Value {
        let open = OpenUrl { r#type: "openUrl", title: &self.title, value: &self.url };
        json!({ "actions": [open] })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a sign-in page may carry a secret.
        f.debug_struct("Link").finish_non_exhaustive()
    }
}
