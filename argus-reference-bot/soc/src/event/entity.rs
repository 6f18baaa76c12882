//! Canonical forms: equal things must have equal values, or they are correlated as two.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::json::Json;
use super::{Entity, EntityKind, look};

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

    /// Adds another name for it, unless it says nothing new.
    pub(super) fn alias(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.map(str::trim)
            && !look::is_nothing(value)
            && !value.eq_ignore_ascii_case(&self.value)
        {
            self.ids.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    /// Whether this is what the other one says under another name: `ann` is in `corp\\ann`, `ws-1`
    /// is `ws-1.corp.example`.
    pub(super) fn covers(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        let value = other.value.as_str();
        let short = match self.kind {
            EntityKind::User => {
                let bare = self.value.rsplit('\\').next().unwrap_or_default();
                bare.split('@').next() == Some(value)
            }
            EntityKind::Host => self.value.split('.').next() == Some(value),
            _ => false,
        };
        short || self.value == value || self.ids.values().any(|id| id.eq_ignore_ascii_case(value))
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

/// The parts that products spread a name over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts<'p> {
    /// A name that is whole by itself: a principal name, a fully qualified one.
    pub(super) whole: Option<&'p str>,
    pub(super) name: Option<&'p str>,
    pub(super) domain: Option<&'p str>,
    pub(super) sid: Option<&'p str>,
    pub(super) id: Option<&'p str>,
    /// What people call it.
    pub(super) shown: Option<&'p str>,
}

/// An account; its other names are kept beside the canonical one.
pub(super) fn account(parts: &Parts<'_>) -> Option<Entity> {
    let domain = parts.domain.filter(|domain| !look::is_nothing(domain));
    let name = parts.name.or(parts.sid).or(parts.id);
    // A domain or what people call somebody is nobody by itself.
    let mut account = user(parts.whole, name, domain.filter(|_| parts.name.is_some()))?;
    let split = parts.name.and_then(|name| name.split_once('\\'));
    account.alias("name", split.map(|(_, name)| name).or(parts.name));
    account.alias("domain", domain.or(split.map(|(domain, _)| domain)));
    account.alias("sid", parts.sid);
    account.alias("id", parts.id);
    account.alias("display_name", parts.shown);
    Some(account)
}

/// A computer by its full name, or by its name and the domain it is in.
pub(super) fn machine(parts: &Parts<'_>) -> Option<Entity> {
    let domain = parts.domain.filter(|domain| look::is_domain(domain));
    let joined = match (parts.name, domain) {
        (Some(name), Some(domain))
            if !name.contains('.') && !domain.to_lowercase().starts_with(&name.to_lowercase()) =>
        {
            Some(format!("{name}.{domain}"))
        }
        _ => None,
    };
    let value = parts.whole.or(joined.as_deref()).or(parts.name).or(parts.id)?;
    // `name (shown name) [instance]`: the first word is the machine.
    let value = match value.split_once(' ') {
        Some((first, rest)) if rest.starts_with(['(', '[']) => first,
        _ => value,
    };
    let mut machine = entity(EntityKind::Host, value)?;
    machine.alias("name", parts.name);
    machine.alias("domain", domain);
    machine.alias("id", parts.id);
    Some(machine)
}

fn canonical(kind: &EntityKind, value: &str) -> String {
    match kind {
        EntityKind::Ip => ip(value),
        EntityKind::Url => url(value),
        EntityKind::Domain => domain(value),
        EntityKind::Host => domain(value.trim_start_matches('\\')),
        EntityKind::User if look::is_sid(value) => value.to_uppercase(),
        EntityKind::User => account_name(value),
        EntityKind::Mailbox => address(value).to_lowercase(),
        EntityKind::FileHash => hash(value).to_lowercase(),
        // Azure does not tell upper from lower case in the ids of its resources.
        EntityKind::CloudResource
            if value.get(..15).is_some_and(|v| v.eq_ignore_ascii_case("/subscriptions/")) =>
        {
            value.to_lowercase()
        }
        EntityKind::Process | EntityKind::CloudResource | EntityKind::Other(_) => value.to_owned(),
    }
}

/// An address in its shortest form; an IPv4 address mapped into IPv6 is that IPv4 address. The
/// port is no part of it, nor is the zone of a link-local address.
fn ip(value: &str) -> String {
    look::ip(value).map_or_else(|| value.to_lowercase(), |ip| ip.to_canonical().to_string())
}

/// A name in lower case without the root's dot; people write `[.]` to make one harmless.
fn domain(value: &str) -> String {
    refanged(value.strip_suffix('.').unwrap_or(value)).to_lowercase()
}

/// An account's name without the scheme of an address.
fn account_name(value: &str) -> String {
    value.strip_prefix("mailto:").unwrap_or(value).to_lowercase()
}

/// The address in `Ann Lee <ann@corp.example>`.
fn address(value: &str) -> &str {
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split('>').next());
    let bare = inner.unwrap_or(value).trim();
    bare.strip_prefix("mailto:").unwrap_or(bare)
}

/// The digits in `sha256:ab…`, `SHA256=ab…`.
fn hash(value: &str) -> &str {
    value.rsplit([':', '=']).next().map_or(value, str::trim)
}

fn refanged(value: &str) -> Cow<'_, str> {
    if value.contains("[.]") { value.replace("[.]", ".").into() } else { value.into() }
}

/// Scheme and host of a URL do not distinguish case; its path does. `hxxp` and `[.]`, which
/// people write to make a link harmless, and the scheme's own port do not make another URL.
fn url(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let scheme = scheme.to_lowercase();
    let (scheme, own_port) = match scheme.as_str() {
        "hxxp" | "http" => ("http", ":80"),
        "hxxps" | "https" => ("https", ":443"),
        other => (other, ""),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let host = if own_port.is_empty() { host } else { host.strip_suffix(own_port).unwrap_or(host) };
    format!("{scheme}://{user}{}{path}", refanged(host).to_lowercase())
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
        check(EntityKind::Ip, "192.0.2.1:443", "192.0.2.1");
        check(EntityKind::User, "CORP\\Ann", "corp\\ann");
        check(EntityKind::User, "s-1-5-21-7", "S-1-5-21-7");
        check(EntityKind::Mailbox, "Ann Lee <Ann@Corp.Example>", "ann@corp.example");
        check(EntityKind::Domain, "Evil[.]Example.", "evil.example");
        check(EntityKind::Url, "hxxps://Evil[.]example:443/A", "https://evil.example/A");
        check(EntityKind::FileHash, "SHA256=ABCDEF", "abcdef");
        check(EntityKind::CloudResource, "/Subscriptions/1/X", "/subscriptions/1/x");
        check(EntityKind::CloudResource, "arn:aws:s3:::B", "arn:aws:s3:::B");
        check(EntityKind::Url, "HTTPS://Evil.Example/Path?Q=A", "https://evil.example/Path?Q=A");
        check(EntityKind::Url, "https://Me:Pw@Evil.Example", "https://Me:Pw@evil.example");
        check(EntityKind::FileHash, "ABCDEF", "abcdef");
        check(EntityKind::Process, "C:\\Temp\\A.exe", "C:\\Temp\\A.exe");
        check(EntityKind::Host, "  ", "");
    }
}
