//! Configuration items of ServiceNow, asked for by name.
//!
//! Source: ServiceNow's REST documentation, "Table API"; facts/external-apis.md 2.6. Which field says
//! how critical an item is differs between customers, so that it is a setting.

use std::net::IpAddr;

use argus_soc::enrich::Asset;
use argus_soc::enrich::assets::{Criticality, names};
use argus_soc::event::{Entity, EntityKind};
use async_trait::async_trait;
use reqwest::StatusCode;
use serde_json::Value;

use super::web::{Credential, Far, words};
use crate::ports::knowledge::{Finding, Reach, Silent, Source};
use crate::secrets::Held;

/// Largest answer, in bytes.
const LARGEST: usize = 1 << 20;
/// Items of one name that are looked at.
const ITEMS: &str = "20";

/// ServiceNow's configuration items.
#[derive(Debug)]
pub struct Cmdb {
    name: String,
    far: Far,
    table: String,
    criticality: Criticality,
    environment: Option<String>,
}

impl Cmdb {
    /// The items in `table` of the instance at `url`.
    ///
    /// # Errors
    ///
    /// Why the address or a field cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        login: (String, Held),
        table: &str,
        criticality: Criticality,
        environment: Option<String>,
    ) -> Result<Self, String> {
        let plain = |it: &str| {
            !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.".contains(&it))
        };
        let fields = [Some(table), Some(criticality.by.as_str()), environment.as_deref()];
        if let Some(odd) = fields.into_iter().flatten().find(|it| !plain(it)) {
            return Err(format!("`{odd}` is not the name of a table or field"));
        }
        let (user, password) = login;
        let far = Far::new(url, Credential::Basic(user, password))?;
        Ok(Self { name: name.into(), far, table: table.into(), criticality, environment })
    }

    fn asset(&self, row: &Value) -> Option<Asset> {
        let text = |name: &str| row.get(name).and_then(shown).filter(|it| !it.is_empty());
        Some(Asset {
            name: words(text("name")?),
            criticality: self.criticality.of(text(&self.criticality.by).unwrap_or_default())?,
            environment: self.environment.as_deref().and_then(text).map(words),
            production_critical: false,
            tags: text("sys_class_name").map(words).into_iter().collect(),
            owner: text("owned_by").or_else(|| text("assigned_to")).map(words),
        })
    }
}

#[async_trait]
impl Source<Asset> for Cmdb {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Away
    }

    fn covers(&self, entity: &Entity) -> bool {
        query(entity).is_some()
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Asset>, Silent> {
        let Some(query) = query(entity) else { return Ok(Finding::nothing()) };
        let mut url = self.far.url(&["api", "now", "v1", "table", &self.table]);
        let mut fields =
            vec!["name", "sys_class_name", "owned_by", "assigned_to", self.criticality.by.as_str()];
        fields.extend(self.environment.as_deref());
        url.query_pairs_mut()
            .append_pair("sysparm_query", &query)
            .append_pair("sysparm_fields", &fields.join(","))
            .append_pair("sysparm_display_value", "true")
            .append_pair("sysparm_exclude_reference_link", "true")
            .append_pair("sysparm_limit", ITEMS);
        let back = self.far.get(url, "application/json", LARGEST).await?;
        if back.status != StatusCode::OK {
            return Err(back.silent());
        }
        let rows = back.json.as_ref().and_then(|it| it.get("result")).and_then(Value::as_array);
        // A sleeping instance answers 200 with a page.
        let rows = rows.ok_or_else(|| Silent::because("it answered something else"))?;
        let assets = rows.iter().filter_map(|row| self.asset(row));
        let known = assets.max_by_key(|it| it.criticality);
        let note = match rows.len() {
            0 | 1 => None,
            many => Some(format!("{many} items have this name; the most critical counts")),
        };
        let unsaid = || format!("its `{}` says nothing that the table knows", self.criticality.by);
        let note = if known.is_none() && !rows.is_empty() { Some(unsaid()) } else { note };
        Ok(Finding { known, as_of: None, note })
    }
}

/// A field's text, also in the form with a display value.
fn shown(value: &Value) -> Option<&str> {
    value.get("display_value").unwrap_or(value).as_str()
}

/// The condition for a computer or an address. Only characters of names go into it: `^` would begin
/// another condition.
fn query(entity: &Entity) -> Option<String> {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.:".contains(&it);
    let value = entity.value.as_str();
    if value.is_empty() || value.len() > 253 || !value.bytes().all(plain) {
        return None;
    }
    match entity.kind {
        EntityKind::Ip if value.parse::<IpAddr>().is_ok() => Some(format!("ip_address={value}")),
        EntityKind::Host => {
            let mut conditions: Vec<String> = names(value).map(|it| format!("name={it}")).collect();
            conditions.push(format!("fqdn={value}"));
            Some(conditions.join("^OR"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_adds_no_condition() {
        fn check(kind: EntityKind, value: &str, expected: Option<&str>) {
            let entity = Entity::canonical(kind, value).expect("a name");
            assert_eq!(query(&entity).as_deref(), expected, "{value}");
        }
        let full = "name=ws-1.corp.example^ORname=ws-1^ORfqdn=ws-1.corp.example";
        check(EntityKind::Host, "WS-1.corp.example", Some(full));
        check(EntityKind::Host, "ws-1", Some("name=ws-1^ORfqdn=ws-1"));
        check(EntityKind::Ip, "2001:DB8::1", Some("ip_address=2001:db8::1"));
        check(EntityKind::Host, "ws-1^ORname=dc-1", None);
        check(EntityKind::Host, "ws-1=x", None);
        check(EntityKind::User, "ann", None);
    }
}
