//! A SharePoint library behind Graph: delta, content at another address, drafts, subscriptions.
//!
//! Source: Microsoft Graph v1.0 reference, "driveItem: delta", "Download driveItem content",
//! "publicationFacet resource type", "List versions of a driveItem", "subscription resource type".

mod drive;
mod push;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::drive::SharePoint;
use self::drive::{Item, ROOT};
pub(crate) use self::push::{handshake, tell};
use crate::answer::{Answer, Ask};
use crate::graph::error;

/// The site's host and path, as Graph addresses it.
pub(crate) const SITE: &str = "fjordbank.sharepoint.example:/sites/soc:";
/// The library's name.
pub(crate) const LIBRARY: &str = "Documents";
const SITE_ID: &str = "fjordbank.sharepoint.example,5c1e,0d7a";
const DRIVE: &str = "b!c2ltLWRvY3VtZW50cw";
/// The application role without which Graph shows nothing of a site.
pub(crate) const SITES_SELECTED: &str = "Sites.Selected";
/// So few items on a page that every list has several.
const PAGE: usize = 3;

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("GET", ["v1.0", "sites", _, "drives"]) => Some("list_drives"),
        ("GET", ["v1.0", "sites", ..]) => Some("find_site"),
        ("GET", ["v1.0", "drives", _, "root", "delta"]) => Some("delta"),
        ("GET", ["v1.0", "drives", _, "items", _]) => Some("get_item"),
        ("GET", ["v1.0", "drives", _, "items", _, "content"]) => Some("content"),
        ("GET", ["v1.0", "drives", _, "items", _, "versions"]) => Some("list_versions"),
        ("GET", ["v1.0", "drives", _, "items", _, "versions", _, "content"]) => {
            Some("version_content")
        }
        ("GET", ["v1.0", "subscriptions"]) => Some("list_subscriptions"),
        ("POST", ["v1.0", "subscriptions"]) => Some("subscribe"),
        ("PATCH", ["v1.0", "subscriptions", _]) => Some("renew"),
        _ => None,
    }
}

impl SharePoint {
    /// Answers a request that carries a good token.
    pub(crate) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        let (_, path) = ask.route();
        match (operation(ask), path.as_slice()) {
            (Some("find_site"), [_, _, site @ ..]) if format!("{}:", site.join("/")) == SITE => {
                Answer::json(200, json!({ "id": SITE_ID, "displayName": "SOC" }))
            }
            (Some("list_drives"), [_, _, SITE_ID, _]) => Answer::json(
                200,
                json!({ "value": [
                    { "id": "b!cGFnZXM", "name": "Site Pages", "driveType": "documentLibrary" },
                    { "id": DRIVE, "name": LIBRARY, "driveType": "documentLibrary" },
                ]}),
            ),
            (Some("delta"), [_, _, DRIVE, ..]) => self.delta(ask),
            (Some("get_item"), [_, _, DRIVE, _, id]) => {
                self.with(id, |item| Answer::json(200, shown(id, item)))
            }
            (Some("list_versions"), [_, _, DRIVE, _, id, ..]) => self.with(id, versions),
            (Some("content"), [_, _, DRIVE, _, id, ..]) => self.content(id, ask),
            (Some("version_content"), [_, _, DRIVE, _, id, _, version, _]) => {
                let number = version.strip_suffix(".0").and_then(|it| it.parse::<usize>().ok());
                match number.and_then(|number| self.item(id)?.versions.get(number.checked_sub(1)?))
                {
                    Some(version) => self.elsewhere(version.bytes.clone()),
                    None => not_found(),
                }
            }
            (Some("list_subscriptions" | "subscribe" | "renew"), _) => self.subscriptions(ask, now),
            _ => not_found(),
        }
    }

    fn with(&self, id: &str, answer: impl FnOnce(&Item) -> Answer) -> Answer {
        self.item(id).map_or_else(not_found, answer)
    }

    /// What has changed since a token, a few items at a time.
    fn delta(&self, ask: &Ask) -> Answer {
        let link = |token: String| {
            format!("http://{}/v1.0/drives/{DRIVE}/{ROOT}/delta?token={token}", ask.host)
        };
        let token = ask.param("token").unwrap_or("all-0");
        // A list of everything goes on to its end, whatever was forgotten meanwhile.
        let rest_of_all = token.strip_prefix("all-");
        let since = match token {
            "latest" => self.clock(),
            token => rest_of_all.unwrap_or(token).parse().unwrap_or_default(),
        };
        if rest_of_all.is_none() && since < self.oldest_token() {
            let message = "The token is too old; list everything again and apply the differences.";
            let all = format!("http://{}/v1.0/drives/{DRIVE}/{ROOT}/delta", ask.host);
            return error(410, "resyncChangesApplyDifferences", message).header("location", all);
        }
        let mut changed: Vec<(&String, &Item)> = self
            .items()
            .filter(|(_, item)| item.changed > since && !(rest_of_all.is_some() && item.deleted))
            .collect();
        changed.sort_by_key(|(_, item)| item.changed);
        let page: Vec<_> = changed.iter().take(PAGE).collect();
        let value: Vec<Value> = page.iter().map(|(id, item)| shown(id, item)).collect();
        let last = page.last().map_or(since, |(_, item)| item.changed);
        let (name, token) = if changed.len() > PAGE {
            let kind = if rest_of_all.is_some() { "all-" } else { "" };
            ("@odata.nextLink", format!("{kind}{last}"))
        } else {
            ("@odata.deltaLink", self.clock().to_string())
        };
        Answer::json(200, json!({ "value": value, name: link(token) }))
    }

    /// The published content, at another address; or that the caller has it already.
    fn content(&mut self, id: &str, ask: &Ask) -> Answer {
        let Some(item) = self.item(id) else { return not_found() };
        let Some(version) = item.published() else { return not_found() };
        let tags = [item.c_tag(id), item.e_tag(id)];
        if ask.if_none_match.as_ref().is_some_and(|held| tags.contains(held)) {
            return Answer::empty(304);
        }
        let bytes = version.bytes.clone();
        self.elsewhere(bytes)
    }

    /// A detour to content that needs no token, once.
    fn elsewhere(&mut self, bytes: Vec<u8>) -> Answer {
        let url = self.ticket(bytes);
        Answer::empty(302).header("location", url)
    }
}

/// An item as a list shows it: without its path, as Graph does.
fn shown(id: &str, item: &Item) -> Value {
    if item.deleted {
        return json!({ "id": id, "deleted": { "state": "deleted" }, "parentReference": { "id": item.parent } });
    }
    let mut shown = json!({
        "id": id,
        "name": item.name,
        "eTag": item.e_tag(id),
        "cTag": item.c_tag(id),
        "parentReference": { "driveId": DRIVE, "id": item.parent },
        "lastModifiedBy": { "user": { "displayName": "Dana Lind" } },
    });
    let extra = if id == ROOT {
        json!({ "root": {}, "folder": {} })
    } else if item.is_folder {
        json!({ "folder": {} })
    } else {
        let (level, version) = if item.is_draft() {
            ("checkout", item.versions.len())
        } else {
            ("published", item.versions.len())
        };
        let size = item.versions.last().map_or(0, |it| it.bytes.len());
        json!({ "file": {}, "size": size, "publication": { "level": level, "versionId": format!("{version}.0") } })
    };
    let all: BTreeMap<String, Value> = serde_json::from_value(extra).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.extend(all);
    }
    shown
}

fn versions(item: &Item) -> Answer {
    let shown = item.versions.iter().enumerate().rev().map(|(at, version)| {
        let level = if version.is_published { "published" } else { "checkout" };
        json!({ "id": format!("{}.0", at + 1), "publication": { "level": level } })
    });
    Answer::json(200, json!({ "value": shown.collect::<Vec<_>>() }))
}

fn not_found() -> Answer {
    error(404, "itemNotFound", "The resource could not be found.")
}

#[cfg(test)]
mod tests;
