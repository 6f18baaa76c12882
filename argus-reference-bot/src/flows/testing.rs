//! An Argus without a world around it, for the tests of flows and of doors.

use std::sync::{Arc, Mutex};

use argus_bot_sdk::auth::{Cloud, ServiceUrlPolicy};
use argus_bot_sdk::{Clock, HttpConnector};
use argus_cards::Library;
use argus_cards::source::Memory as Templates;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::access::Access;
use super::playbooks::Playbooks;
use super::sources::Sources;
use super::{Needs, Soc};
use crate::buttons::Buttons;
use crate::config::Rbac;
use crate::ports::directory::{Directory, DirectoryError};
use crate::ports::ledger::Ledger;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct Still(Mutex<Timestamp>);

impl Still {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-20T08:00:00Z".parse().expect("a time"))))
    }
}

impl Still {
    pub(crate) fn pass(&self, time: SignedDuration) {
        *self.0.lock().expect("nobody panicked") += time;
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panicked")
    }
}

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Directory for Nobody {
    async fn groups_of(&self, _: &str, _: &[String]) -> Result<Vec<String>, DirectoryError> {
        Ok(Vec::new())
    }
}

/// Argus on this store, with these sources of events.
pub(crate) fn soc(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, sources: Sources) -> Soc {
    let policy = ServiceUrlPolicy::new(Cloud::Public);
    let needs = Needs {
        ledger,
        clock,
        connector: Arc::new(HttpConnector::without_tokens(policy).expect("a connector")),
        access: Access::new("tenant", &Rbac::default(), Arc::new(Nobody)).expect("no roles"),
        knowledge: Arc::default(),
        templates: Arc::new(Library::of(Templates::new::<&str, &str>([])).0),
        playbooks: Playbooks::of(&[]).expect("no playbooks"),
        buttons: Buttons::new("the secret of a test"),
    };
    Soc { sources, ..Soc::new(needs) }
}
