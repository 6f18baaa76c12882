//! The systems in which Argus does something, as the settings name them.

use std::sync::Arc;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::Cloud;

use super::secrets::held;
use crate::adapters::defender::{self, Defender};
use crate::adapters::entra::Entra;
use crate::adapters::firewall::Firewall;
use crate::adapters::hook::{Hook, HookOptions};
use crate::adapters::jira::Jira;
use crate::adapters::logic_apps::LogicApps;
use crate::adapters::sentinel::{self, Sentinel};
use crate::adapters::servicenow::ServiceNow;
use crate::adapters::teams::Teams;
use crate::buttons::Buttons;
use crate::config::{self, Config, ConfigError};
use crate::flows::connectors::Connectors;
use crate::identity::Identity;
use crate::ports::connector::Connector;
use crate::ports::itsm::Itsm;
use crate::secrets::Held;

/// What Argus does something with, and where it reads tickets.
pub(super) struct Doing {
    pub(super) connectors: Connectors,
    pub(super) itsm: Option<Arc<dyn Itsm>>,
}

/// Makes every connector that the settings name.
///
/// # Errors
///
/// [`ConfigError`] names the setting, and what there is.
pub(super) fn doing(
    config: &Config,
    cloud: Cloud,
    identity: &Identity,
    teams: &Arc<dyn argus_bot_sdk::Connector>,
    clock: &Arc<dyn Clock>,
) -> Result<Doing, ConfigError> {
    let mut connectors: Vec<Arc<dyn Connector>> = Vec::new();
    for (name, it) in &config.connectors {
        connectors.push(connector(config, name, it, cloud, identity)?);
    }
    let mut itsm: Option<Arc<dyn Itsm>> = None;
    for (name, it) in &config.itsm {
        let key = format!("itsm.{name}");
        let login = login(&key, it)?;
        let wrong = |why| ConfigError::value(&key, why);
        match it.kind.as_str() {
            "servicenow" => {
                let made = Arc::new(ServiceNow::new(name, &it.url, login).map_err(wrong)?);
                connectors.push(Arc::clone(&made) as _);
                itsm = Some(made);
            }
            "jira" => {
                let project = it.project.as_deref().unwrap_or_default();
                let made = Jira::new(name, &it.url, project, it.issue_type.as_deref(), login);
                let made = Arc::new(made.map_err(wrong)?);
                connectors.push(Arc::clone(&made) as _);
                itsm = Some(made);
            }
            other => {
                let why = format!("kind `{other}` is not known; there are `servicenow` and `jira`");
                return Err(ConfigError::value(key, why));
            }
        }
    }
    let buttons = Buttons::new(identity.button_key().expose());
    connectors.push(Arc::new(Teams::new(Arc::clone(teams), buttons, Arc::clone(clock))));
    Ok(Doing { connectors: Connectors::of(connectors), itsm })
}

fn connector(
    config: &Config,
    name: &str,
    it: &config::Connector,
    cloud: Cloud,
    identity: &Identity,
) -> Result<Arc<dyn Connector>, ConfigError> {
    let key = format!("connectors.{name}");
    let wrong = |why| ConfigError::value(&key, why);
    let secret = |field: &str, reference: &Option<config::SecretRef>| {
        let field = format!("{key}.{field}");
        reference.as_ref().map(|it| held(&field, it)).transpose()
    };
    let arm = || identity.tokens(sentinel::SCOPE);
    Ok(match it.kind.as_str() {
        "defender" => {
            Arc::new(Defender::new(name, &it.url, identity.tokens(defender::SCOPE)).map_err(wrong)?)
        }
        "entra" => {
            let tokens = identity.tokens(cloud.constants().graph_scope);
            Arc::new(Entra::new(name, &it.url, tokens).map_err(wrong)?)
        }
        "sentinel" => {
            let workspace = it.workspace.as_deref().unwrap_or_default();
            let tenant = &config.bot.tenant_id;
            let workflows = it.workflows.iter().map(|(name, id)| (name.as_str(), id.as_str()));
            let made = Sentinel::new(name, &it.url, workspace, tenant, arm())
                .and_then(|it| it.workflows(workflows));
            Arc::new(made.map_err(wrong)?)
        }
        "logic_apps" => {
            let workflows = it.workflows.iter().map(|(name, id)| (name.as_str(), id.as_str()));
            Arc::new(LogicApps::new(name, &it.url, workflows, arm()).map_err(wrong)?)
        }
        "http" => {
            let options = HookOptions {
                secret: secret("secret", &it.secret)?,
                token: secret("token", &it.token)?,
                allow_private: it.allow_private,
                can_look: it.can_look,
            };
            Arc::new(Hook::new(name, &it.url, options).map_err(wrong)?)
        }
        "firewall" => {
            let token = secret("token", &it.token)?;
            Arc::new(Firewall::new(name, &it.url, token).map_err(wrong)?)
        }
        other => {
            let why = format!(
                "kind `{other}` is not known; there are `defender`, `entra`, `sentinel`, \
                 `logic_apps`, `http` and `firewall`"
            );
            return Err(ConfigError::value(key, why));
        }
    })
}

fn login(key: &str, it: &config::Itsm) -> Result<Option<(String, Held)>, ConfigError> {
    match (&it.user, &it.password) {
        (Some(user), Some(password)) => {
            Ok(Some((user.clone(), held(&format!("{key}.password"), password)?)))
        }
        (None, None) => Ok(None),
        _ => Err(ConfigError::value(key, "give both user and password")),
    }
}
