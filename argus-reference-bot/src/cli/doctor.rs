//! `argus doctor`: whether the settings can be used, and the systems in which Argus acts are there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::{Clock, SystemClock};
use futures_util::future::join_all;
use serde_json::json;

use super::output::{Format, say};
use super::{Ended, Outcome};
use crate::app::{self, connectors_of};
use crate::config;
use crate::ports::connector::Connector;

/// How long one system has.
const WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus doctor --config argus.toml
  argus doctor --config argus.toml --format json

Reads the settings and the secrets of the bot and its connectors, and asks each connector for something
that changes nothing. It needs no store and can run beside a bot. It does not try whether Argus may do what
a playbook wants: docs/operate.md, Systems in which Argus acts, says which permissions that takes. For sources of enrichment
see `argus enrich`, for tokens that come in `argus explain-token`, for the store `argus store verify`.

Exit codes: 0 all is well, 1 a system is not there or does not let Argus in, 2 usage or settings.")]
pub(super) struct Args {
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What was found out about a connector.
struct Found {
    name: String,
    does: Vec<&'static str>,
    /// Why it is not as it should be.
    wrong: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = config::load(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let found = super::serve::runtime()?.block_on(async {
        let connectors = connectors_of(&config, &clock)?;
        Ok::<_, app::AppError>(join_all(connectors.all().iter().map(ask)).await)
    })?;
    let git = app::playbooks::git(&config)?.map(|it| it.ping().err());
    let folder = app::playbooks::said(&config);
    match args.format {
        Format::Json => {
            let all = found.iter().map(|it| {
                json!({"name": it.name, "actions": it.does, "ok": it.wrong.is_none(), "why": it.wrong})
            });
            let git = git.as_ref().map(|wrong| json!({"ok": wrong.is_none(), "why": wrong}));
            let playbooks = json!({"folder": folder, "git": git});
            let all = all.collect::<Vec<_>>();
            let said = json!({"settings": "ok", "connectors": all, "playbooks": playbooks});
            say(&said.to_string())?;
        }
        Format::Text => {
            say("settings: ok")?;
            for it in &found {
                say(&line(it))?;
            }
            if let Some(folder) = &folder {
                say(&format!("playbooks of {folder}"))?;
            }
            match &git {
                None => {}
                Some(None) => say("playbooks of git: ok")?,
                Some(Some(why)) => say(&format!(
                    "playbooks of git: {why}; look at playbooks.git, and whether git may read it without \
                     being asked. What was read before stays"
                ))?,
            }
        }
    }
    let well = found.iter().all(|it| it.wrong.is_none()) && git.flatten().is_none();
    Ok(if well { Ended::Well } else { Ended::WithFindings })
}

async fn ask(connector: &Arc<dyn Connector>) -> Found {
    let asked = tokio::time::timeout(WITHIN, connector.ping()).await;
    let late = |_| Err(format!("no answer within {} s", WITHIN.as_secs()));
    Found {
        name: connector.name().to_owned(),
        does: connector.actions().iter().map(|it| it.name()).collect(),
        wrong: asked.unwrap_or_else(late).err(),
    }
}

fn line(it: &Found) -> String {
    let does = it.does.join(", ");
    match &it.wrong {
        None => format!("{}: ok ({does})", it.name),
        Some(why) => format!(
            "{}: {why}; look at its address, its secret and its permissions (docs/operate.md, \
             Systems in which Argus acts). Until then it does none of: {does}",
            it.name
        ),
    }
}
