//! `argus serve`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Ended, Outcome};
use crate::app::App;
use crate::config::{self, Part, Roles};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus serve --config argus.toml
  ARGUS__SERVER__LISTEN=127.0.0.1:4000 argus serve --config argus.toml
  argus serve --config argus.toml --roles bot,ingest
  ARGUS_LOG=argus_reference_bot=debug argus serve --config argus.toml --log-format json")]
pub(super) struct Args {
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// The parts that this process runs; by default all. Others on the same PostgreSQL run the rest.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE,…")]
    roles: Vec<Part>,
    /// How log lines look.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(super) fn run(args: &Args) -> Outcome {
    log(args.log_format, "info");
    let config = config::load(&args.config)?;
    runtime()?.block_on(async {
        let app = App::build_as(&config, Roles::of(&args.roles)).await?;
        let address = app.address()?;
        tracing::info!(%address, "argus listens");
        app.run(interrupted()).await?;
        Ok(Ended::Well)
    })
}

/// The runtime of long-running commands.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Writes the log to standard error. `ARGUS_LOG` says how much, as `RUST_LOG` does elsewhere.
pub(super) fn log(format: LogFormat, default: &str) {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_env_var("ARGUS_LOG")
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .from_env_lossy();
    let filter = if std::env::var_os("ARGUS_LOG").is_some() {
        filter
    } else {
        tracing_subscriber::EnvFilter::new(default)
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match format {
        LogFormat::Text => {
            lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
        LogFormat::Json => lines.json().try_init(),
    };
    // A log that is already there (in a test) stays.
    drop(set);
}

/// Resolves on Ctrl-C or SIGTERM.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
