//! Canonical forms: equal things must have equal values, or they are correlated as two.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::json::Json;
use super::{Entity, EntityKind};

/// Makes an entity with its canonical value; nothing when the value is empty.
pub(super) fn entity(kind: EntityKind, value: &str) -> Option<Entity> {
    let value = canonical(&kind, value.trim());
    (!value.is_empty()).then(|| Entity { kind, value, ids: BTreeMap::new() })
}

/// Makes an entity from the first text that there is.
pub(super) fn first(kind: EntityKind, texts: &[Option<&Json<'_>>]) -> Option<Entity> {
    texts.iter().find_map(|text| text.and_then(Json::str)).and_then(|text| entity(kind, text))
}

impl Entity {
    /// A thing under its canonical name, so that it is found again; nothing if the name is empty.
    ///
    /// ```
    /// # use argus_soc::event::{Entity, EntityKind};
    /// let ip = Entity::canonical(EntityKind::Ip, "::ffff:192.0.2.1");
    /// assert_eq!(ip.map(|it| it.value).as_deref(), Some("192.0.2.1"));
    /// ```
    pub fn canonical(kind: EntityKind, value: &str) -> Option<Self> {
        entity(kind, value)
    }

    /// Adds what another system calls it, when that is known.
    pub(super) fn id(mut self, name: &str, value: Option<&Json<'_>>) -> Self {
        if let Some(value) = value.and_then(Json::as_text) {
            self.ids.insert(name.to_owned(), value);
        }
        self
    }
}

/// A user from the parts that products split accounts into: a principal name, or a name with a
/// directory suffix or a Windows domain.
pub(super) fn user(upn: Option<&str>, name: Option<&str>, domain: Option<&str>) -> Option<Entity> {
    if let Some(upn) = upn {
        return entity(EntityKind::User, upn);
    }
    let name = name?;
    match domain {
        Some(domain) if domain.contains('.') && !name.contains(['@', '\\']) => {
            entity(EntityKind::User, &format!("{name}@{domain}"))
        }
        Some(domain) if !name.contains(['@', '\\']) => {
            entity(EntityKind::User, &format!("{domain}\\{name}"))
        }
        _ => entity(EntityKind::User, name),
    }
}

fn canonical(kind: &EntityKind, value: &str) -> String {
    match kind {
        EntityKind::Ip => ip(value),
        EntityKind::Url => url(value),
        EntityKind::Domain | EntityKind::Host => {
            value.strip_suffix('.').unwrap_or(value).to_lowercase()
        }
        EntityKind::User | EntityKind::Mailbox | EntityKind::FileHash => value.to_lowercase(),
        EntityKind::Process | EntityKind::CloudResource | EntityKind::Other(_) => value.to_owned(),
    }
}

/// An address in its shortest form; an IPv4 address mapped into IPv6 is that IPv4 address.
fn ip(value: &str) -> String {
    let bare = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    // The zone of a link-local address belongs to one machine, not to the address.
    let bare = bare.split('%').next().unwrap_or(bare);
    bare.parse::<IpAddr>().map_or_else(|_| value.to_lowercase(), |ip| ip.to_canonical().to_string())
}

/// Scheme and host of a URL do not distinguish case; its path does.
fn url(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    format!("{}://{user}{}{path}", scheme.to_lowercase(), host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_equal_values() {
        fn check(kind: EntityKind, value: &str, expected: &str) {
            let made = entity(kind, value).map(|entity| entity.value).unwrap_or_default();
            assert_eq!(made, expected, "{value}");
        }
        check(EntityKind::Host, " WS-042.Corp.Example. ", "ws-042.corp.example");
        check(EntityKind::User, "Ann.Lee@Example.COM", "ann.lee@example.com");
        check(EntityKind::Ip, "::ffff:192.0.2.1", "192.0.2.1");
        check(EntityKind::Ip, "2001:DB8:0:0::1", "2001:db8::1");
        check(EntityKind::Ip, "[fe80::1%eth0]", "fe80::1");
        check(EntityKind::Ip, "not an address", "not an address");
        check(EntityKind::Url, "HTTPS://Evil.Example/Path?Q=A", "https://evil.example/Path?Q=A");
        check(EntityKind::Url, "https://Me:Pw@Evil.Example", "https://Me:Pw@evil.example");
        check(EntityKind::FileHash, "ABCDEF", "abcdef");
        check(EntityKind::Process, "C:\\Temp\\A.exe", "C:\\Temp\\A.exe");
        check(EntityKind::Host, "  ", "");
    }
}
