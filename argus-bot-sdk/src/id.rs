//! Identifiers that cannot be mixed up.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Marks the id of a Microsoft Entra tenant.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Tenant {}

/// Marks the Entra object id of a person.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum User {}

/// Marks the id of a conversation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ConversationId {}

/// An identifier that knows what it identifies, so that a tenant cannot be passed for a user.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::Id;
/// use argus_bot_sdk::id::{Tenant, User};
///
/// let tenant: Id<Tenant> = Id::new("11111111-2222-4333-8444-555555555555");
/// assert_eq!(tenant.as_str(), "11111111-2222-4333-8444-555555555555");
/// ```
///
/// ```compile_fail
/// # use argus_bot_sdk::Id;
/// # use argus_bot_sdk::id::{Tenant, User};
/// fn greet(_: &Id<User>) {}
/// greet(&Id::<Tenant>::new("11111111-2222-4333-8444-555555555555"));
/// ```
pub struct Id<Kind> {
    text: Box<str>,
    kind: PhantomData<fn() -> Kind>,
}

impl<Kind> Id<Kind> {
    /// Names something.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), kind: PhantomData }
    }

    /// The identifier as the wire has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        Self::new(self.text.clone())
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<Kind> Borrow<str> for Id<Kind> {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl<Kind> AsRef<str> for Id<Kind> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<Kind> From<&str> for Id<Kind> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<Kind> From<String> for Id<Kind> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
