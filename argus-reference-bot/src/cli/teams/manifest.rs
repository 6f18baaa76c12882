//! The app manifest: what Teams is told about the bot.

use serde_json::{Value, json};

use crate::handlers;

/// The newest released schema (learn.microsoft.com, "App manifest change log").
pub(super) const VERSION: &str = "1.30";
/// The files of the icons.
pub(super) const COLOR: &str = "color.png";
pub(super) const OUTLINE: &str = "outline.png";
/// Where people may have the bot.
pub(super) const SCOPES: [&str; 3] = ["personal", "team", "groupChat"];

/// What the manifest is made of, beside the bot's own words.
pub(super) struct App<'a> {
    pub(super) id: &'a str,
    pub(super) host: &'a str,
    pub(super) version: &'a str,
    pub(super) name: &'a str,
    pub(super) developer: &'a str,
    pub(super) website: String,
    pub(super) privacy: String,
    pub(super) terms: String,
    pub(super) rsc: &'a [String],
}

/// The words that Teams offers while somebody types: it takes ten at most, and the bot has more.
const SHOWN: [&str; 10] =
    ["halt", "help", "list", "outbox", "resume", "show", "snooze", "status", "suppress", "ticket"];

pub(super) fn manifest(app: &App<'_>) -> Value {
    let commands: Vec<Value> = handlers::words()
        .into_iter()
        .filter(|(word, _)| SHOWN.contains(&word.as_str()))
        .map(|(word, about)| json!({ "title": word, "description": about }))
        .collect();
    let mut manifest = json!({
        "$schema": format!(
            "https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json"
        ),
        "manifestVersion": VERSION,
        "version": app.version,
        "id": app.id,
        "developer": {
            "name": app.developer,
            "websiteUrl": app.website,
            "privacyUrl": app.privacy,
            "termsOfUseUrl": app.terms,
        },
        "name": { "short": app.name, "full": format!("{} security operations bot", app.name) },
        "description": {
            "short": "Shows security incidents, answers questions, and acts with approval.",
            "full": "Posts one card for each incident, answers questions about incidents and \
                     tickets, and isolates hosts or opens tickets when somebody with the right to \
                     do so presses the button. Whatever happens is recorded.",
        },
        "icons": { "color": COLOR, "outline": OUTLINE },
        "accentColor": "#1F3A5F",
        "bots": [{
            "botId": app.id,
            "scopes": SCOPES,
            "supportsFiles": false,
            "isNotificationOnly": false,
            "commandLists": [{ "scopes": SCOPES, "commands": commands }],
        }],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [app.host],
        // Shared and private channels: partner tenants are met there.
        "supportsChannelFeatures": "tier1",
    });
    if let Some(members) = manifest.as_object_mut().filter(|_| !app.rsc.is_empty()) {
        let permissions: Vec<Value> =
            app.rsc.iter().map(|name| json!({ "name": name, "type": "Application" })).collect();
        // Teams asks for a resource and does not look at it.
        let resource = format!("api://{}/{}", app.host, app.id);
        members.insert("webApplicationInfo".into(), json!({ "id": app.id, "resource": resource }));
        let permissions = json!({ "permissions": { "resourceSpecific": permissions } });
        members.insert("authorization".into(), permissions);
    }
    manifest
}
