//! What a world is made of: settings, templates, events, signatures.

use std::fs;
use std::path::Path;

use argus_sim::{
    ARGUS_ADMINISTRATORS, PARTNER_TENANT, SERVICENOW_PASSWORD, SERVICENOW_USER, SOC_ENGINEERS, Sim,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{API_KEY, SIGNING_KEY};
use crate::files::root;

/// An event of the generic shape about a machine of the simulated Defender.
pub(crate) fn alert(id: &str, host: &str) -> Value {
    let machines = argus_sim::Machine::samples();
    let machine = machines.iter().find(|it| it.name.starts_with(host)).unwrap();
    json!({
        "id": id,
        "source": "edr",
        "event_type": format!("malware_on_{host}"),
        "severity": "high",
        "title": format!("Malware on {host}"),
        "entity_type": "host",
        "entity_value": machine.name,
        "metadata": { "mde_device_id": machine.id },
    })
}

/// RFC 2104 in lower hex, apart from the bot's own.
pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    argus_reference_bot::hex::hex(&outer)
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(super) fn settings(sim: &Sim, data: &Path, templates: &Path, approval_secs: u32) -> String {
    let secret = |name: &str, value: &str| {
        let path = data.join(name);
        fs::write(&path, value).unwrap();
        format!("file:{}", path.display())
    };
    let bot_secret = secret("bot.secret", sim.app_secret());
    let api_key = secret("api.secret", API_KEY);
    let signing_key = secret("signing.secret", SIGNING_KEY);
    let password = secret("servicenow.secret", SERVICENOW_PASSWORD);
    let assets = root().join("argus-reference-bot/demo/assets.json");
    format!(
        r#"[server]
listen = "127.0.0.1:0"
[store]
url = "sqlite:{store}"
[bot]
app_id = "{app_id}"
tenant_id = "{tenant}"
credential = {{ secret = "{bot_secret}" }}
openid_metadata_url = "{metadata}"
token_url = "{token}"
graph_url = "{graph}"
default_service_url = "{service}"
allowed_service_urls = ["{service}"]
[templates]
source = "folder:{templates}"
[ingest.sources.keyed]
kind = "auto"
auth = {{ api_key = "{api_key}" }}
[ingest.sources.signed]
kind = "auto"
auth = {{ hmac = "{signing_key}" }}
[[routes]]
to = {{ conversation = "{channel}" }}
[rbac.roles.soc_engineer]
groups = ["{SOC_ENGINEERS}"]
label = "SOC Engineers"
[rbac.roles.argus_admin]
groups = ["{ARGUS_ADMINISTRATORS}"]
label = "Argus Administrators"
[rbac.trust.{PARTNER_TENANT}]
roles = ["viewer"]
[approvals]
expires_secs = {approval_secs}
[itsm.servicenow]
kind = "servicenow"
url = "{servicenow}"
user = "{SERVICENOW_USER}"
password = "{password}"
[connectors.defender]
kind = "defender"
url = "{defender}"
[connectors.entra]
kind = "entra"
url = "{graph}"
[enrichment]
assets = "file:{assets}"
"#,
        store = data.join("argus.db").display(),
        app_id = sim.app_id(),
        tenant = sim.tenant_id(),
        metadata = sim.metadata_url(),
        token = sim.token_url(),
        graph = sim.graph_url(),
        service = sim.service_url(),
        templates = templates.display(),
        channel = sim.channel_id(),
        servicenow = sim.servicenow_url(),
        defender = sim.defender_url(),
        assets = assets.display(),
    )
}

/// The caller's own arithmetic is right: RFC 4231, test case 2.
#[test]
fn the_signature_is_that_of_the_rfc() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hmac_sha256(b"Jefe", b"what do ya want for nothing?"), expected);
}
