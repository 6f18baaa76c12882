//! What Teams would refuse in a manifest: lengths, patterns and counts of its schema.

use serde_json::Value;
use uuid::Uuid;

use super::manifest::SCOPES;

/// Places of texts, and the most characters that they may have.
const LENGTHS: [(&str, usize); 7] = [
    ("/name/short", 30),
    ("/name/full", 100),
    ("/description/short", 80),
    ("/description/full", 4000),
    ("/developer/name", 32),
    ("/version", 256),
    ("/developer/websiteUrl", 2048),
];
const URLS: [&str; 3] =
    ["/developer/websiteUrl", "/developer/privacyUrl", "/developer/termsOfUseUrl"];
/// Teams' clients show ten, although the schema takes twelve since 1.24.
const MOST_COMMANDS: usize = 10;
const MOST_DOMAINS: usize = 16;

/// What is wrong, one sentence each, with its place.
pub(super) fn findings(manifest: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let text = |at: &str| manifest.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let mut must = |holds: bool, at: &str, rule: &str| {
        if !holds {
            found.push(format!("{at}: {rule}"));
        }
    };
    for (at, most) in LENGTHS {
        let length = text(at).chars().count();
        must(
            (1..=most).contains(&length),
            at,
            &format!("has {length} characters, may have 1 to {most}"),
        );
    }
    for at in URLS {
        let is_https = url::Url::parse(text(at)).is_ok_and(|url| url.scheme() == "https");
        must(is_https, at, "is no https URL");
    }
    for at in ["/id", "/bots/0/botId"] {
        must(is_guid(text(at)), at, "is no GUID");
    }
    must(is_version(text("/version")), "/version", "is not like 1.2.3");
    must(is_color(text("/accentColor")), "/accentColor", "is not like #1F3A5F");
    let domains = list(manifest, "/validDomains");
    must((1..=MOST_DOMAINS).contains(&domains.len()), "/validDomains", "has none or too many");
    must(
        domains.iter().all(|it| it.as_str().is_some_and(is_host)),
        "/validDomains",
        "has something that is no host name",
    );
    let commands = list(manifest, "/bots/0/commandLists/0/commands");
    let at = "/bots/0/commandLists/0/commands";
    must((1..=MOST_COMMANDS).contains(&commands.len()), at, "has none, or more than 10");
    for command in commands {
        let length = |name: &str| {
            command.get(name).and_then(Value::as_str).map_or(0, |it| it.chars().count())
        };
        must(
            (1..=32).contains(&length("title")),
            at,
            "has a title without or with more than 32 characters",
        );
        must(
            (1..=128).contains(&length("description")),
            at,
            "has a description without or with more than 128 characters",
        );
    }
    let scopes = list(manifest, "/bots/0/scopes");
    let known = |it: &Value| it.as_str().is_some_and(|it| SCOPES.contains(&it));
    must(
        !scopes.is_empty() && scopes.iter().all(known),
        "/bots/0/scopes",
        "has none or an unknown scope",
    );
    for permission in list(manifest, "/authorization/permissions/resourceSpecific") {
        let name = permission.get("name").and_then(Value::as_str).unwrap_or_default();
        must(
            is_permission(name),
            "/authorization",
            "has a permission that is not like TeamMember.Read.Group",
        );
    }
    found
}

fn list<'a>(manifest: &'a Value, at: &str) -> &'a [Value] {
    manifest.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::parse_str(text).is_ok()
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A host name: no scheme, no path, no port, and not everything.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Three names: `Resource.Operation.Where`.
fn is_permission(text: &str) -> bool {
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ends = ["Group", "Chat", "User"];
    let parts: Vec<&str> = text.split('.').collect();
    (3..=4).contains(&parts.len())
        && parts.iter().all(|part| is_name(part))
        && parts.last().is_some_and(|end| ends.contains(end))
}
