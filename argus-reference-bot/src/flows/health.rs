//! How Argus itself is: which secrets end, which systems answer, how far the audit trail is noted.

use std::sync::Arc;
use std::time::Duration;

use argus_soc::policy::Standing;
use futures_util::future::join_all;

use super::Soc;
use super::access::Person;
use super::ask::Answer;
use crate::ports::connector::Connector;
use crate::ports::ledger::LedgerError;

/// How long one system has.
const WITHIN: Duration = Duration::from_secs(20);
/// How long one system has while somebody waits in a chat.
const IN_CHAT: Duration = Duration::from_secs(5);

/// What was found out about a system in which Argus acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its name in the settings.
    pub name: String,
    /// The actions that it has.
    pub does: Vec<&'static str>,
    /// Why it is not as it should be.
    pub wrong: Option<String>,
}

/// Asks each system for something that changes nothing, all at once.
pub async fn reach(connectors: &[Arc<dyn Connector>]) -> Vec<Reached> {
    join_all(connectors.iter().map(|it| ask(it, WITHIN))).await
}

async fn ask(connector: &Arc<dyn Connector>, within: Duration) -> Reached {
    let asked = tokio::time::timeout(within, connector.ping()).await;
    let late = |_| Err(format!("no answer within {} s", within.as_secs()));
    Reached {
        name: connector.name().to_owned(),
        does: connector.actions().iter().map(|it| it.name()).collect(),
        wrong: asked.unwrap_or_else(late).err(),
    }
}

impl Soc {
    pub(super) async fn health(&self, person: &Person) -> Result<Answer, LedgerError> {
        let all = self.connectors.all();
        let reached = join_all(all.iter().map(|it| ask(it, IN_CHAT))).await;
        let now = self.clock.now();
        let mut lines = Vec::new();
        // Where secrets are is for the house, whoever else may read incidents.
        let home = self.access.principal(person, false).await.standing == Standing::Home;
        for (setting, reference) in self.secrets.iter().filter(|_| home) {
            let health = reference.health(setting);
            let mark = if health.is_well(now) { "" } else { "**Look:** " };
            lines.push(format!(
                "{mark}`{setting}` (`{}`): {}",
                plain(&health.reference),
                plain(&health.words(now))
            ));
        }
        for it in &reached {
            lines.push(match &it.wrong {
                None => format!("`{}` answers", it.name),
                Some(why) => {
                    tracing::warn!(system = it.name, why, "a system is not as it should be");
                    format!("**Look:** `{}`: {}", it.name, plain(why))
                }
            });
        }
        if let Some(anchoring) = &self.anchoring {
            let (seq, _) = self.ledger.head().await?;
            lines.push(format!("Notes of the audit trail: {}", plain(&anchoring.words(seq, now))));
        }
        let wrong = lines.iter().filter(|it| it.starts_with("**Look:**")).count();
        let head = match wrong {
            0 => "**All is well.**".to_owned(),
            1 => "**One thing to look at.**".to_owned(),
            more => format!("**{more} things to look at.**"),
        };
        let lines: Vec<String> = lines.into_iter().map(|line| format!("- {line}")).collect();
        Ok(Answer::Text(format!("{head}\n\n{}", lines.join("\n"))))
    }
}

/// Without marks that Teams would read.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_control() && !['*', '[', ']', '`', '<', '>'].contains(it))
        .collect()
}
