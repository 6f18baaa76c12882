//! People, as Teams shows them to a bot.

use serde_json::{Value, json};
use uuid::Uuid;

use super::put;
use crate::testing::entra::TENANT;

/// Somebody in the fake Teams. The ids follow from the name, so that runs can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The id towards this bot, `29:…`.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The object id in Entra.
    pub object_id: String,
    /// The home tenant.
    pub tenant_id: String,
    /// The user principal name.
    pub upn: String,
}

impl Person {
    /// Somebody of the fakes' own tenant.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let object_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        let local: String = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(".");
        Self {
            id: member_id(&object_id.to_string()),
            object_id: object_id.to_string(),
            tenant_id: TENANT.to_owned(),
            upn: format!("{local}@example.com"),
            name,
        }
    }

    /// Somebody of another tenant.
    #[must_use]
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant_id = id.into();
        self
    }

    /// With this object id, and the id towards the bot that follows from it.
    #[must_use]
    pub fn object_id(mut self, id: impl Into<String>) -> Self {
        self.object_id = id.into();
        self.id = member_id(&self.object_id);
        self
    }

    /// As the roster shows them.
    pub(super) fn member(&self) -> Value {
        let (given, sur) = self.name.split_once(' ').unwrap_or((&self.name, ""));
        json!({
            "id": self.id,
            "name": self.name,
            "givenName": given,
            "surname": sur,
            "email": self.upn,
            "userPrincipalName": self.upn,
            "tenantId": self.tenant_id,
            "userRole": "user",
            "aadObjectId": self.object_id,
            "objectId": self.object_id,
        })
    }

    /// As `from` of an activity in a conversation of `tenant`.
    pub(super) fn account(&self, tenant: &str) -> Value {
        let mut account = json!({"id": self.id, "name": self.name, "aadObjectId": self.object_id});
        if self.tenant_id != tenant {
            // Shared channels show where a guest is at home.
            put(&mut account, "tenantId", json!(self.tenant_id));
        }
        account
    }

    /// Somebody known by nothing but an id, as `POST /v3/conversations` may name one.
    pub(super) fn by_id(id: &str, tenant: &str) -> Self {
        Self { id: id.to_owned(), ..Self::new(id).tenant(tenant) }
    }
}

/// Teams' user ids are opaque and differ from bot to bot; only the prefix means something.
fn member_id(object_id: &str) -> String {
    let hidden = Uuid::new_v5(&Uuid::NAMESPACE_URL, object_id.as_bytes());
    format!("29:1{}", hidden.simple())
}
