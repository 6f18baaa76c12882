//! Which connector does what.

use std::sync::Arc;

use argus_soc::playbook::ActionKind;
use serde_json::Value;

use crate::ports::connector::Connector;

/// The systems in which Argus can do something, in the order of the settings.
///
/// A step names one with its parameter `connector`; then it is that one or none. The parameter
/// `system` of a ticket is a wish: where no connector of that name does the action, the first one
/// that does it is taken, as it is where a step names none.
#[derive(Clone, Debug, Default)]
pub struct Connectors(Vec<Arc<dyn Connector>>);

impl Connectors {
    /// These.
    pub fn of(connectors: impl IntoIterator<Item = Arc<dyn Connector>>) -> Self {
        Self(connectors.into_iter().collect())
    }

    /// The one that does a step with these parameters.
    pub fn find(&self, action: ActionKind, parameters: &Value) -> Option<&Arc<dyn Connector>> {
        let mut able = self.0.iter().filter(|it| it.actions().contains(&action));
        let named = |name: &str| able.clone().find(|it| it.name().eq_ignore_ascii_case(name));
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        match (text("connector"), text("system")) {
            (Some(name), _) => named(name),
            (None, Some(name)) => named(name).or_else(|| able.next()),
            (None, None) => able.next(),
        }
    }

    /// Whether one of them can do this.
    pub fn can(&self, action: ActionKind) -> bool {
        self.0.iter().any(|it| it.actions().contains(&action))
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<dyn Connector>] {
        &self.0
    }
}
