//! Addresses in sentences, and `key=value` in log lines.

use super::group::Groups;
use super::keys::{About, Key, Meaning};
use super::{Walk, entity, look};
use crate::event::EntityKind;

impl<'w> Walk<'w> {
    /// Looks through a text for people: only what cannot be anything else counts.
    pub(super) fn prose(&mut self, text: &'w str) {
        let mut before = "";
        let mut groups = Groups::default();
        for word in
            text.split([' ', '\n', '\t', '\r', '"', '\'', '`', ',', ';', '(', ')', '<', '>'])
        {
            let word = word.trim_matches(['.', ':', '[', ']', '{', '}', '|', '!', '?', '*']);
            if word.len() < 3 {
                continue;
            }
            self.word(word, before, &mut groups);
            before = word;
        }
        self.close(groups);
    }

    fn word(&mut self, word: &'w str, before: &str, groups: &mut Groups<'w>) {
        if let Some((name, value)) = word.split_once('=')
            && !value.is_empty()
            && name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        {
            return self.pair(name, value, groups);
        }
        let mut bytes = word.bytes();
        let is_version = || {
            let before = before.to_ascii_lowercase();
            before.ends_with("version") || before.ends_with("build") || before == "v"
        };
        if bytes.clone().any(|byte| byte == b'@') && look::is_mail(word) {
            self.found(entity::entity(EntityKind::User, word));
        } else if word.contains("://") && look::is_url(word) {
            if !is_documentation(word) {
                self.found(entity::entity(EntityKind::Url, word));
            }
        } else if bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit())
            && let Some(ip) = look::ip(word)
            && !is_version()
        {
            self.found(entity::entity(EntityKind::Ip, &ip.to_string()));
        } else if word.starts_with("arn:aws") && look::is_resource(word) && !is_own_resource(word) {
            self.found(entity::entity(EntityKind::CloudResource, word));
        }
    }

    /// A field of a log line counts as if it were a field of the message.
    fn pair(&mut self, name: &'w str, value: &'w str, groups: &mut Groups<'w>) {
        let key = Key::of(name);
        match key.meaning() {
            Some((
                Meaning::User(_)
                | Meaning::Host(_)
                | Meaning::Address
                | Meaning::Mailbox
                | Meaning::Domain
                | Meaning::Hash
                | Meaning::Url,
                _,
            )) => self.text(value, key, About::Anything, groups),
            _ if names_file_hash(name) => self.hashed(value, About::Hashes),
            _ => self.word(value, "", groups),
        }
    }
}

/// Whether `SHA256=…` names a hash of a file; `IMPHASH=…` and `X509SHA256=…` do not.
pub(super) fn names_file_hash(part: &str) -> bool {
    let name = part.split(['=', ':']).next().unwrap_or_default();
    ["md5", "sha1", "sha256", "sha512", "sha-1", "sha-256", "sha-512"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a web address explains something instead of being part of what happened.
pub(super) fn is_documentation(url: &str) -> bool {
    const HOSTS: [&str; 16] = [
        "schemas.",
        "www.w3.org",
        "attack.mitre.org",
        "cve.mitre.org",
        "cwe.mitre.org",
        "nvd.nist.gov",
        "json-schema.org",
        "docs.",
        "learn.microsoft.com",
        "support.",
        "developer.",
        "go.microsoft.com",
        "sts.windows.net",
        "management.core.windows.net",
        "management.azure.com",
        "aka.ms",
    ];
    let Some((_, rest)) = url.split_once("://") else { return false };
    HOSTS.iter().any(|host| rest.starts_with(host))
}

/// Whether a resource is the report itself: a finding, a detector, a rule of the product.
pub(super) fn is_own_resource(text: &str) -> bool {
    [
        "/finding/",
        ":detector/",
        "::product/",
        ":securityhub:",
        "/providers/Microsoft.SecurityInsights/",
    ]
    .iter()
    .any(|own| text.contains(own))
}
