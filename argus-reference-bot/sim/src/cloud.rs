//! Graph, Defender, ServiceNow and SharePoint on one loopback port, and the control endpoints of the simulator.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argus_bot_sdk::Clock;
use argus_bot_sdk::testing::fault::FaultOrder;
use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
use argus_bot_sdk::testing::{DEFENDER, FakeEntra, Faults, GRAPH};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Ask};
use crate::azure::{self, Azure};
use crate::defender::{self, ActionKind, Defender};
use crate::firewall::{self, Firewall};
use crate::graph;
use crate::jira::{self, Jira};
use crate::people::{HOME_TENANT, People};
use crate::servicenow::{self, ServiceNow};
use crate::sharepoint::{self, SITES_SELECTED, SharePoint};
use crate::vault::{self, Vault};

/// The user that ServiceNow knows.
pub const SERVICENOW_USER: &str = "argus";
/// That user's password. Worth nothing anywhere else.
pub const SERVICENOW_PASSWORD: &str = "only-the-fake-servicenow-takes-this";
/// The token that the firewall takes. Worth nothing anywhere else.
pub const FIREWALL_TOKEN: &str = "only-the-fake-firewall-takes-this";
/// The audience of tokens for Resource Manager.
pub(crate) const AZURE: &str = "https://management.azure.com";
/// The audience of tokens for Key Vault.
pub(crate) const VAULT: &str = "https://vault.azure.net";
/// The application role without which Defender isolates nothing.
pub(crate) const MACHINE_ISOLATE: &str = "Machine.Isolate";

/// What the systems know.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) people: People,
    pub(crate) defender: Defender,
    pub(crate) servicenow: ServiceNow,
    pub(crate) sharepoint: SharePoint,
    pub(crate) azure: Azure,
    pub(crate) jira: Jira,
    pub(crate) firewall: Firewall,
    pub(crate) vault: Vault,
}

/// What the server's task and the handles share.
#[derive(Debug)]
pub(crate) struct Cloud {
    entra: FakeEntra,
    faults: Faults,
    clock: Arc<dyn Clock>,
    world: Mutex<World>,
}

#[derive(Clone, Copy, Debug)]
enum System {
    Graph,
    Defender,
    ServiceNow,
    SharePoint,
    Azure,
    Jira,
    Firewall,
    Vault,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Defender => "defender",
            Self::ServiceNow => "servicenow",
            Self::SharePoint => "sharepoint",
            Self::Azure => "azure",
            Self::Jira => "jira",
            Self::Firewall => "firewall",
            Self::Vault => "vault",
        }
    }
}

impl Cloud {
    /// Serves a world on a port of 127.0.0.1; 0 is any free port.
    pub(crate) async fn start(
        port: u16,
        entra: FakeEntra,
        world: World,
    ) -> io::Result<(Arc<Self>, FakeServer)> {
        let (faults, clock) = (entra.faults().clone(), entra.clock());
        let cloud = Arc::new(Self { entra, faults, clock, world: Mutex::new(world) });
        let shared = Arc::clone(&cloud);
        let server = FakeServer::start_on(port, move |request| {
            let cloud = Arc::clone(&shared);
            async move { cloud.serve(&request).await }
        })
        .await?;
        Ok((cloud, server))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn serve(&self, request: &FakeRequest) -> FakeResponse {
        let ask = Ask::of(request);
        if ask.path.first().is_some_and(|first| first == "_sim") {
            return control(self, request, &ask);
        }
        let candidates = [
            (System::Graph, graph::operation(&ask)),
            (System::Defender, defender::operation(&ask)),
            (System::ServiceNow, servicenow::operation(&ask)),
            (System::SharePoint, sharepoint::operation(&ask)),
            (System::Azure, azure::operation(&ask)),
            (System::Jira, jira::operation(&ask)),
            (System::Firewall, firewall::operation(&ask)),
            (System::Vault, vault::operation(&ask)),
        ];
        let found =
            candidates.into_iter().find_map(|(system, operation)| Some((system, operation?)));
        let Some((system, operation)) = found else {
            let error = json!({ "error": { "code": "NotFound", "message": "Nothing is here." } });
            return FakeResponse::json(404, &error);
        };
        let name = system.name();
        let effect = async {
            let refusal = match operation {
                "subscribe" => sharepoint::handshake(&ask).await,
                _ => None,
            };
            match refusal {
                Some(refusal) => on_the_wire(refusal),
                None => self.answer(system, operation, request, &ask),
            }
        };
        self.faults.around(name, operation, effect).await
    }

    fn answer(
        &self,
        system: System,
        operation: &str,
        request: &FakeRequest,
        ask: &Ask,
    ) -> FakeResponse {
        let now = self.now();
        let mut world = self.world();
        let refusal = match system {
            System::Graph => self.refused_by_graph(request),
            System::Defender => self.refused_by_defender(request, operation, &world.defender),
            System::ServiceNow => refused_by_servicenow(request),
            System::SharePoint => self.refused_by_sharepoint(request, operation),
            System::Azure => self.refused_by_azure(request),
            System::Jira => refused_by_jira(request),
            System::Firewall => {
                (request.bearer() != Some(FIREWALL_TOKEN)).then(|| Answer::empty(401))
            }
            System::Vault => self.refused_by_vault(request),
        };
        let answer = refusal.unwrap_or_else(|| match system {
            System::Graph => graph::answer(&mut world.people, ask),
            System::Defender => world.defender.answer(ask, now),
            System::ServiceNow => world.servicenow.answer(ask, now),
            System::SharePoint => world.sharepoint.answer(ask, now),
            System::Azure => world.azure.answer(ask, now),
            System::Jira => world.jira.answer(ask, now),
            System::Firewall => world.firewall.answer(ask),
            System::Vault => world.vault.answer(ask),
        });
        drop(world);
        for effect in &answer.effects {
            self.faults.record(system.name(), effect.operation, &effect.key);
        }
        on_the_wire(answer)
    }

    fn refused_by_graph(&self, request: &FakeRequest) -> Option<Answer> {
        let denied = self.entra.check(request.bearer(), GRAPH).err()?;
        let message = format!("Access token validation failure: {}.", denied.reason());
        Some(graph::error(401, "InvalidAuthenticationToken", &message))
    }

    fn refused_by_azure(&self, request: &FakeRequest) -> Option<Answer> {
        let denied = self.entra.check(request.bearer(), AZURE).err()?;
        Some(azure::error(401, "AuthenticationFailed", denied.reason()))
    }

    fn refused_by_vault(&self, request: &FakeRequest) -> Option<Answer> {
        self.entra.check(request.bearer(), VAULT).err()?;
        Some(vault::challenge(&self.entra.token_url(HOME_TENANT), VAULT))
    }

    fn refused_by_sharepoint(&self, request: &FakeRequest, operation: &str) -> Option<Answer> {
        let Ok(claims) = self.entra.check(request.bearer(), GRAPH) else {
            return self.refused_by_graph(request);
        };
        let of_sites = !operation.contains("subscri") && operation != "renew";
        let may = claims.roles.iter().any(|role| role == SITES_SELECTED);
        (of_sites && !may).then(|| graph::error(403, "accessDenied", "Access denied"))
    }

    /// The other address, at which content is: with a ticket and without a token.
    pub(crate) async fn content(&self, request: &FakeRequest) -> FakeResponse {
        let ask = Ask::of(request);
        let (method, path) = ask.route();
        let ("GET", ["dl", ticket]) = (method, path.as_slice()) else {
            return FakeResponse::status(404);
        };
        if request.header("authorization").is_some() {
            self.faults.record("sharepoint", "token_leaked", ticket);
            return FakeResponse::status(401);
        }
        let effect = async {
            self.faults.record("sharepoint", "download", "all");
            match self.world().sharepoint.redeem(ticket) {
                Some(bytes) => FakeResponse::status(200).body(bytes),
                None => FakeResponse::status(404),
            }
        };
        self.faults.around("sharepoint", "download", effect).await
    }

    fn refused_by_defender(
        &self,
        request: &FakeRequest,
        operation: &str,
        defender: &Defender,
    ) -> Option<Answer> {
        let claims = match self.entra.check(request.bearer(), DEFENDER) {
            Ok(claims) => claims,
            Err(denied) => {
                return Some(defender.error(401, "Unauthorized", &denied.to_string()));
            }
        };
        let acts = matches!(operation, "isolate" | "unisolate" | "scan" | "collect" | "quarantine");
        let may = claims.roles.iter().any(|role| role == MACHINE_ISOLATE);
        (acts && !may).then(|| {
            let message = "The application does not have the role Machine.Isolate.";
            defender.error(403, "Forbidden", message)
        })
    }
}

fn refused_by_jira(request: &FakeRequest) -> Option<Answer> {
    let wanted = STANDARD.encode(format!("{SERVICENOW_USER}:{SERVICENOW_PASSWORD}"));
    let given = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    (given != Some(wanted.as_str())).then(|| jira::error(401, "Client must be authenticated."))
}

fn refused_by_servicenow(request: &FakeRequest) -> Option<Answer> {
    let wanted = STANDARD.encode(format!("{SERVICENOW_USER}:{SERVICENOW_PASSWORD}"));
    let given = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    (given != Some(wanted.as_str())).then(|| {
        servicenow::error(401, "User Not Authenticated", "Required to provide Auth information")
            .header("www-authenticate", "BASIC realm=\"Service-now\"")
    })
}

fn on_the_wire(answer: Answer) -> FakeResponse {
    let response = match &answer.body {
        Some(body) => FakeResponse::json(answer.status, body),
        None => FakeResponse::status(answer.status),
    };
    answer
        .headers
        .into_iter()
        .fold(response, |response, (name, value)| response.header(name, value))
}

/// Something that somebody does in a portal, behind the bot's back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InPortal {
    machine: String,
    requestor: String,
    #[serde(default)]
    unisolate: bool,
}

/// A change of the SharePoint library.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    path: String,
    /// What is in the file from now on; without it, it is removed.
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    draft: bool,
}

/// A change of a group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Membership {
    group: String,
    member: String,
    #[serde(default)]
    leave: bool,
}

/// The endpoints under `/_sim`, for tests outside the process.
fn control(cloud: &Cloud, request: &FakeRequest, ask: &Ask) -> FakeResponse {
    let (method, path) = ask.route();
    // A page of another origin can send a form or text without asking, but no JSON.
    let json =
        request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if method == "POST" && !json {
        return FakeResponse::text(415, "send application/json");
    }
    match (method, path.as_slice()) {
        ("POST", ["_sim", "faults"]) => obey(ask, |order: FaultOrder| {
            cloud.faults.order(order);
            true
        }),
        ("DELETE", ["_sim", "faults"]) => {
            cloud.faults.clear();
            FakeResponse::status(204)
        }
        ("GET", ["_sim", "effects"]) => FakeResponse::json(200, &json!(effects(&cloud.faults))),
        ("POST", ["_sim", "portal"]) => obey(ask, |order: InPortal| {
            let kind = if order.unisolate { ActionKind::Unisolate } else { ActionKind::Isolate };
            let now = cloud.now();
            cloud.world().defender.act_in_portal(kind, &order.machine, &order.requestor, now)
        }),
        ("POST", ["_sim", "sharepoint"]) => obey(ask, |edit: Edit| {
            let library = &mut cloud.world().sharepoint;
            match edit.text {
                None => library.remove(&edit.path),
                Some(text) if edit.draft => library.draft(&edit.path, text),
                Some(text) => library.put(&edit.path, text),
            }
            true
        }),
        ("POST", ["_sim", "groups"]) => obey(ask, |order: Membership| {
            let people = &mut cloud.world().people;
            if order.leave {
                people.leave(&order.group, &order.member);
            } else {
                people.join(&order.group, &order.member);
            }
            true
        }),
        _ => FakeResponse::text(404, "see the README of argus-sim for what /_sim understands"),
    }
}

/// Reads an order and carries it out; 409 if it cannot be.
fn obey<T: for<'de> Deserialize<'de>>(ask: &Ask, act: impl FnOnce(T) -> bool) -> FakeResponse {
    match serde_json::from_slice(&ask.body) {
        Ok(order) => {
            let done = act(order);
            if done {
                FakeResponse::status(204)
            } else {
                FakeResponse::text(409, "the machine is unknown or busy")
            }
        }
        Err(error) => FakeResponse::text(400, error.to_string()),
    }
}

/// What really happened, by `system.operation/key`.
pub(crate) fn effects(faults: &Faults) -> BTreeMap<String, u64> {
    faults
        .all_effects()
        .into_iter()
        .map(|effect| {
            (format!("{}.{}/{}", effect.system, effect.operation, effect.key), effect.count)
        })
        .collect()
}
