//! Pictures and media.

use super::source::{ARGUS, CARDS_REFERENCE, FORMAT_CARDS, MEDIA, MODEL};
use super::{On, Rule};
use crate::json::Kind;
use crate::lint::Severity::{Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "image.alt",
        severity: Warning,
        summary: "Who cannot see the picture learns nothing from it.",
        help: "Set `altText` to what the picture says.",
        source: CARDS_REFERENCE,
        on: On::Object(&["Image", "ImageRun"], image_alt),
    },
    Rule {
        id: "image.format",
        severity: Warning,
        summary: "Teams shows png, jpg and gif pictures.",
        help: "Convert the picture.",
        source: FORMAT_CARDS,
        on: On::Object(&["Image"], image_format),
    },
    Rule {
        id: "image.side",
        severity: Warning,
        summary: "Teams shows pictures of up to 1024 x 1024 pixels.",
        help: "Make it smaller.",
        source: FORMAT_CARDS,
        on: On::Object(&["Image"], image_side),
    },
    Rule {
        id: "image.bytes",
        severity: Warning,
        summary: "Teams shows pictures of less than 1 MB.",
        help: "Make it smaller, or give its address instead of its bytes.",
        source: FORMAT_CARDS,
        on: On::Card(image_bytes),
    },
    Rule {
        id: "media.source",
        severity: Warning,
        summary: "Teams plays media from SharePoint, OneDrive, YouTube, Vimeo and Dailymotion only.",
        help: "Put it there and use its share link, or use Action.OpenUrl.",
        source: MEDIA,
        on: On::Object(&["MediaSource"], media_source),
    },
    Rule {
        id: "media.one",
        severity: Warning,
        summary: "A film on YouTube, Vimeo or Dailymotion is the only source of its element.",
        help: "Keep one source.",
        source: MODEL,
        on: On::Object(&["Media"], media_one),
    },
    Rule {
        id: "media.none",
        severity: Warning,
        summary: "Media without sources plays nothing.",
        help: "Add `sources`.",
        source: ARGUS,
        on: On::Object(&["Media"], media_none),
    },
    Rule {
        id: "media.alt",
        severity: Info,
        summary: "Who cannot see or hear the media learns nothing from it.",
        help: "Set `altText`.",
        source: MEDIA,
        on: On::Object(&["Media"], media_alt),
    },
    Rule {
        id: "icon.none",
        severity: Warning,
        summary: "An icon without a name is an empty spot.",
        help: "Set `name` to one of Fluent's icons.",
        source: MODEL,
        on: On::Object(&["Icon", "IconRun"], icon_none),
    },
];

fn image_alt(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    // A background says nothing, and an icon of an action has the action's title.
    let is_part = object.key != "backgroundImage" && object.key != "iconUrl";
    let named = object.has("altText")
        || card.text(object, "role").is_some_and(|role| role == "presentation");
    if is_part && !named {
        found.at(object.at, "this picture has no `altText`");
    }
}

fn image_format(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(url) = card.text(object, "url").filter(|_| card.host.picture_side.is_some()) else {
        return;
    };
    let at = object.get("url").map_or(object.at, |node| node.at);
    let ending = if let Some(rest) = url.strip_prefix("data:image/") {
        rest.split([';', ',', '+']).next().unwrap_or_default()
    } else {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file.rsplit_once('.').map_or("", |(_, ending)| ending)
    };
    let ending = ending.to_ascii_lowercase();
    if ["svg", "webp", "bmp", "tif", "tiff", "avif", "heic", "ico"].contains(&&*ending) {
        found.at(at, format!("Teams does not promise to show a {ending} picture"));
    }
}

fn image_side(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(most) = card.host.picture_side.map(f64::from) else { return };
    for key in ["width", "height"] {
        let pixels = card.text(object, key).and_then(|side| side.strip_suffix("px"));
        if pixels.and_then(|side| side.parse::<f64>().ok()).is_some_and(|side| side > most) {
            let at = object.get(key).map_or(object.at, |node| node.at);
            found.at(at, format!("more than {most} pixels"));
        }
    }
}

fn image_bytes(card: &Card<'_>, found: &mut Found) {
    let Some(most) = card.host.picture_bytes else { return };
    for words in card.words.iter().filter(|words| words.text.starts_with("data:image/")) {
        // Base64 has four letters for three bytes.
        if words.text.len() / 4 * 3 > most {
            found.at(words.at, format!("this picture has more than {} KB", most / 1024));
        }
    }
}

/// The host of an https address.
fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_ascii_lowercase)
}

fn is_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn media_source(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(url) = card.text(object, "url") else { return };
    let allowed = card.host.media;
    let fits = host(url).is_some_and(|host| allowed.iter().any(|end| is_below(&host, end)));
    if !allowed.is_empty() && !fits {
        let at = object.get("url").map_or(object.at, |node| node.at);
        found.at(at, format!("{} does not play media from here", card.host.title));
    }
}

fn media_one(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    const FILMS: [&str; 5] = ["youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "dai.ly"];
    let sources = object.list("sources");
    let is_film = |node: &crate::json::Node<'_>| match &node.kind {
        Kind::Object(members) => {
            let url = members.iter().find(|member| member.key == "url");
            let host = url.and_then(|member| text(&member.value)).and_then(host);
            host.is_some_and(|host| FILMS.iter().any(|end| is_below(&host, end)))
        }
        _ => false,
    };
    if let [_, second, ..] = sources
        && sources.iter().any(is_film)
        && !card.host.media.is_empty()
    {
        found.at(second.at, "only one source is played");
    }
}

fn media_none(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let none = match object.get("sources").map(|node| &node.kind) {
        None => true,
        Some(Kind::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if none {
        found.at(object.at, "there are no sources");
    }
}

fn media_alt(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("altText") {
        found.at(object.at, "this media has no `altText`");
    }
}

fn icon_none(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("name") {
        found.at(object.at, "`name` is missing");
    }
}
