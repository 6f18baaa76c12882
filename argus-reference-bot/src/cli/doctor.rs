//! `argus doctor`: whether the settings can be used, and the systems in which Argus acts are there.

use std::path::PathBuf;
use std::sync::Arc;

use argus_bot_sdk::{Clock, SystemClock};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::output::{Format, say};
use super::{Ended, Outcome};
use crate::app::{self, connectors_of};
use crate::config;
use crate::flows::health::{Reached, reach};
use crate::secrets::{Expiry, Health};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus doctor --config argus.toml
  argus doctor --config argus.toml --format json

Reads the settings and the secrets of the bot and its connectors, and asks each connector for something
that changes nothing. It says of each secret where it is and when it ends, never what it is. It needs no store and can run beside a bot. It does not try whether Argus may do what
a playbook wants: docs/operate.md, Systems in which Argus acts, says which permissions that takes. For sources of enrichment
see `argus enrich`, for tokens that come in `argus explain-token`, for the store `argus store verify`.

Exit codes: 0 all is well, 1 a system is not there or does not let Argus in, or a secret ends within
7 days, 2 usage or settings.")]
pub(super) struct Args {
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = config::load(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    super::open_secrets(&config)?;
    let found = super::serve::runtime()?.block_on(async {
        let connectors = connectors_of(&config, &clock)?;
        Ok::<_, app::AppError>(reach(connectors.all()).await)
    })?;
    let secrets: Vec<_> =
        config.secrets().iter().map(|(setting, reference)| reference.health(setting)).collect();
    let now = clock.now();
    let git = app::playbooks::git(&config)?.map(|it| it.ping().err());
    let folder = app::playbooks::said(&config);
    match args.format {
        Format::Json => {
            let all = found.iter().map(|it| {
                json!({"name": it.name, "actions": it.does, "ok": it.wrong.is_none(), "why": it.wrong})
            });
            let git = git.as_ref().map(|wrong| json!({"ok": wrong.is_none(), "why": wrong}));
            let playbooks = json!({"folder": folder, "git": git});
            let secrets = secrets.iter().map(|it| secret(it, now)).collect::<Vec<_>>();
            let all = all.collect::<Vec<_>>();
            let said = json!({
                "settings": "ok", "secrets": secrets, "connectors": all, "playbooks": playbooks,
            });
            say(&said.to_string())?;
        }
        Format::Text => {
            say("settings: ok")?;
            for it in &secrets {
                say(&format!("{}: {}, {}", it.setting, it.reference, it.words(now)))?;
            }
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
    let well = found.iter().all(|it| it.wrong.is_none())
        && secrets.iter().all(|it| it.is_well(now))
        && git.flatten().is_none();
    Ok(if well { Ended::Well } else { Ended::WithFindings })
}

fn secret(it: &Health, now: Timestamp) -> Value {
    let end = match it.expiry {
        Expiry::At(end) => Some(end.to_string()),
        Expiry::Never | Expiry::Unknown => None,
    };
    json!({
        "setting": it.setting, "reference": it.reference, "ok": it.is_well(now),
        "expires": end, "days_left": it.days_left(now), "why": it.words(now),
    })
}

fn line(it: &Reached) -> String {
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
