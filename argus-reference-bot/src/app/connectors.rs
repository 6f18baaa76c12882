//! The systems in which Argus does something, as the settings name them.

use std::sync::Arc;

use super::resolve;
use crate::adapters::defender::{self, Defender};
use crate::adapters::servicenow::ServiceNow;
use crate::adapters::teams::Teams;
use crate::config::{Config, ConfigError};
use crate::flows::connectors::Connectors;
use crate::identity::Identity;
use crate::ports::connector::Connector;
use crate::ports::itsm::Itsm;

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
    identity: &Identity,
    teams: &Arc<dyn argus_bot_sdk::Connector>,
) -> Result<Doing, ConfigError> {
    let mut connectors: Vec<Arc<dyn Connector>> = Vec::new();
    for (name, connector) in &config.connectors {
        let key = format!("connectors.{name}");
        if connector.kind != "defender" {
            let why = format!("kind `{}` is not known; there is `defender`", connector.kind);
            return Err(ConfigError::value(key, why));
        }
        let defender = Defender::new(name, &connector.url, identity.tokens(defender::SCOPE))
            .map_err(|why| ConfigError::value(key, why))?;
        connectors.push(Arc::new(defender));
    }
    let mut itsm: Option<Arc<dyn Itsm>> = None;
    for (name, it) in &config.itsm {
        let servicenow = Arc::new(servicenow(name, it)?);
        connectors.push(Arc::clone(&servicenow) as _);
        itsm = Some(servicenow);
    }
    connectors.push(Arc::new(Teams::new(Arc::clone(teams))));
    Ok(Doing { connectors: Connectors::of(connectors), itsm })
}

fn servicenow(name: &str, it: &crate::config::Itsm) -> Result<ServiceNow, ConfigError> {
    let key = format!("itsm.{name}");
    if it.kind != "servicenow" {
        let why = format!("kind `{}` is not known; there is `servicenow`", it.kind);
        return Err(ConfigError::value(key, why));
    }
    let login = match (&it.user, &it.password) {
        (Some(user), Some(password)) => {
            Some((user.clone(), resolve(&format!("{key}.password"), password)?))
        }
        (None, None) => None,
        _ => return Err(ConfigError::value(key, "give both user and password")),
    };
    ServiceNow::new(name, &it.url, login).map_err(|why| ConfigError::value(key, why))
}
