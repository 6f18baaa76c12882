//! Where addresses lead.

use super::source::{ARGUS, CARDS_REFERENCE, SCHEMA};
use super::{On, Rule};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Words};
use crate::lint::found::Found;
use crate::lint::marks::Marks;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "url.scheme",
        severity: Error,
        summary: "The address would run something or read a file instead of opening a page.",
        help: "Use an https address.",
        source: ARGUS,
        on: On::Card(scheme),
    },
    Rule {
        id: "url.http",
        severity: Warning,
        summary: "Pictures are only fetched by https, and what is opened by http can be changed on \
                  its way.",
        help: "Use https.",
        source: CARDS_REFERENCE,
        on: On::Card(http),
    },
    Rule {
        id: "url.form",
        severity: Error,
        summary: "An address must be complete: a card has no page that it could be relative to.",
        help: "Begin with `https://`.",
        source: SCHEMA,
        on: On::Card(form),
    },
    Rule {
        id: "url.picture",
        severity: Warning,
        summary: "A picture is only fetched from a complete address.",
        help: "Begin with `https://`, or give the bytes as `data:image/png;base64,…`.",
        source: CARDS_REFERENCE,
        on: On::Other,
    },
    Rule {
        id: "url.app",
        severity: Info,
        summary: "The address opens a program, if the reader has it.",
        help: "Use https where there is a page for it.",
        source: ARGUS,
        on: On::Card(app),
    },
    Rule {
        id: "url.login",
        severity: Warning,
        summary: "The address has a name or password in front of its host, which hides where it \
                  leads and shows the password to everybody.",
        help: "Remove what stands before the `@`.",
        source: ARGUS,
        on: On::Card(login),
    },
];

/// What a place does with an address.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Opened,
    Fetched,
}

/// The addresses of a card, those in Markdown links too.
fn addresses<'a, 't>(card: &'a Card<'t>) -> impl Iterator<Item = (&'t str, usize, Use)> + 'a {
    let link = Marks::of("(");
    let told = move |words: &&Words<'_>| words.marks.has(link) || used(card, words).is_some();
    card.words.iter().filter(told).flat_map(move |words| {
        let whole = used(card, words).map(|used| (words.text.trim(), words.at, used));
        let links = words.text.match_indices("](").filter_map(move |(at, _)| {
            let (before, rest) = words.text.split_at_checked(at)?;
            let (address, _) = rest.split_at_checked(rest.find([')', ' ', '\n'])?)?;
            let address = address.strip_prefix("](")?.trim_start_matches('<');
            // A bracket with a backslash before it is only a bracket.
            (!before.ends_with('\\')).then_some((address, words.at, Use::Opened))
        });
        let links = links.filter(move |_| whole.is_none() && words.key != "codeSnippet");
        whole.into_iter().chain(links)
    })
}

fn used(card: &Card<'_>, words: &Words<'_>) -> Option<Use> {
    let kind = card.objects.get(words.object).map_or("", |object| object.kind);
    match words.key {
        "url" if kind.starts_with("Action.") => Some(Use::Opened),
        "url" | "iconUrl" | "poster" | "backgroundImage" => Some(Use::Fetched),
        "image" if kind == "AuthCardButton" || kind == "signin" => Some(Use::Fetched),
        "value" if kind == "signin" => Some(Use::Opened),
        _ => None,
    }
}

/// The scheme of an address as a browser sees it, which ignores white space and controls in it.
fn scheme_of(address: &str) -> Option<String> {
    let shown: String = address.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let (scheme, _) = shown.split_once(':')?;
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (begins && fits).then(|| scheme.to_ascii_lowercase())
}

/// Schemes that run something or read files.
const ACTIVE: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "view-source", "jar", "ms-msdt"];

fn scheme(card: &Card<'_>, found: &mut Found) {
    for (address, at, used) in addresses(card) {
        let Some(scheme) = scheme_of(address) else { continue };
        let picture = scheme == "data" && used == Use::Fetched && {
            let lower = address.get(..11).unwrap_or_default().to_ascii_lowercase();
            lower == "data:image/"
                || lower.starts_with("data:audio")
                || lower.starts_with("data:video")
        };
        if ACTIVE.contains(&&*scheme) && !picture {
            found.at(at, format!("`{scheme}:` is no address of a page"));
        }
    }
}

fn http(card: &Card<'_>, found: &mut Found) {
    for (address, at, used) in addresses(card) {
        if scheme_of(address).as_deref() == Some("http") {
            found.at(
                at,
                match used {
                    Use::Opened => "this page is opened without encryption",
                    Use::Fetched => "Teams does not fetch this",
                },
            );
        }
    }
}

fn form(card: &Card<'_>, found: &mut Found) {
    for (address, at, used) in addresses(card) {
        // Teams puts string resources in before it looks at the address.
        if card.is_open_text(address) || address.contains("${") {
            continue;
        }
        let rule = if used == Use::Opened { "url.form" } else { "url.picture" };
        match scheme_of(address) {
            None => found.say(rule, at, "this address is not complete"),
            Some(scheme) if scheme.starts_with("http") && url::Url::parse(address).is_err() => {
                found.say(rule, at, "this is no address that a browser understands");
            }
            Some(_) => {}
        }
    }
}

fn app(card: &Card<'_>, found: &mut Found) {
    const USUAL: [&str; 7] = ["http", "https", "mailto", "tel", "data", "icon", "cite"];
    for (address, at, _) in addresses(card).filter(|(_, _, used)| *used == Use::Opened) {
        let Some(scheme) = scheme_of(address) else { continue };
        if !USUAL.contains(&&*scheme) && !ACTIVE.contains(&&*scheme) && !card.is_open_text(address)
        {
            found.at(at, format!("`{scheme}:` opens a program"));
        }
    }
}

fn login(card: &Card<'_>, found: &mut Found) {
    for (address, at, _) in addresses(card) {
        let Some((scheme, rest)) = address.split_once("://") else { continue };
        let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        if scheme.starts_with("http") && host.contains('@') && !host.contains("${") {
            found.at(at, "what stands before the `@` is not where this leads");
        }
    }
}
