//! `argus cards`.
use super::Outcome;
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Lint,
}
pub(super) fn run(_: &Command) -> Outcome {
    Ok(super::Ended::Well)
}
