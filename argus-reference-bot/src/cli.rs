//! The commands of `argus`.

mod alert;
mod audit;
mod cards;
mod demo;
mod doctor;
mod enrich;
mod events;
mod explain_token;
mod firewall;
mod measures;
mod outbox;
mod output;
mod playbooks;
mod policy;
mod routes;
mod score;
mod serve;
mod store;
mod teams;

use std::process::ExitCode;
use std::sync::Arc;

use argus_bot_sdk::{Clock, SystemClock};
use clap::{Parser, Subcommand};

use self::output::complain;
use crate::app::Place;
use crate::config::{Config, SecretRef};

/// Exit code for findings: the command ran, and something is not as it should be.
const FINDINGS: u8 = 1;
/// Exit code for wrong usage or settings.
const USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  argus demo                                      the whole product on this computer
  argus serve --config argus.toml                 the bot
  argus doctor --config argus.toml                what is wrong with the settings and connections
  argus cards render card-templates/alert/alert.card.json --data alert.json
  argus events normalise --source auto alert.json
  argus score explain alert.json --intel malicious:90
  argus enrich ip 203.0.113.7 --config argus.toml
  argus store copy --from ./data/argus.db --to postgres://argus@db/argus
  argus routes explain --event alert.json --config argus.toml
  argus outbox list --data ./data/argus.db
  argus audit verify --data ./data/argus.db
  argus firewall export --data ./data/argus.db    what is blocked, for nftables
  argus policy explain OBJECT-ID isolate_host INC-7 --config argus.toml
  argus measures --data ./data/argus.db --since 30d
  argus explain-token token.txt --config argus.toml
  argus teams package --host bot.contoso.example --out argus.zip

Exit codes: 0 ok, 1 findings, 2 usage or settings.";

/// The SOC bot for Microsoft Teams: it notifies, answers, and acts with proof.
#[derive(Debug, Parser)]
#[command(name = "argus", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole product on loopback: bot, a small simulated Microsoft, and a channel page.
    Demo(demo::Args),
    /// Run the bot.
    Serve(serve::Args),
    /// Look whether the settings can be used, and each system in which Argus acts is there.
    Doctor(doctor::Args),
    /// Say rule by rule why the bot believes a token that came with a request, or does not.
    ExplainToken(explain_token::Args),
    /// Render and check card templates.
    #[command(subcommand)]
    Cards(cards::Command),
    /// Read events.
    #[command(subcommand)]
    Events(events::Command),
    /// Ask every source what it knows about an address, a machine, a file, …
    Enrich(enrich::Args),
    /// Say where an incident's card goes, and why.
    #[command(subcommand)]
    Routes(routes::Command),
    /// Cards that did not reach people.
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// Check, test and simulate playbooks, and compare, import and export them.
    #[command(subcommand)]
    Playbooks(playbooks::Command),
    /// Explain scores, and compare score models over recorded history.
    #[command(subcommand)]
    Score(score::Command),
    /// Say who may do what, and why.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Verify, search and export the audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Write the block list that Argus has made, for nftables.
    #[command(subcommand)]
    Firewall(firewall::Command),
    /// Say how fast alerts were seen, answered and contained, and how much went by itself.
    Measures(measures::Args),
    /// Look after the store: migrate, rebuild, back up, verify, copy.
    #[command(subcommand)]
    Store(store::Command),
    /// Make the app that an administrator uploads to Teams.
    #[command(subcommand)]
    Teams(teams::Command),
}

/// How a command ended.
enum Ended {
    /// As it should.
    Well,
    /// It found something that is not as it should be.
    WithFindings,
}

/// Why a command could not do its work, for a person: what is wrong and what to do.
struct Complaint(String);

impl<E: std::error::Error + 'static> From<E> for Complaint {
    fn from(error: E) -> Self {
        Self(crate::chain::chain(&error))
    }
}

type Outcome = Result<Ended, Complaint>;

/// Reads the secrets that the settings name in a vault; asks nobody if they name none.
fn open_secrets(config: &Config) -> Result<(), Complaint> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(serve::runtime()?.block_on(crate::app::secrets::open(config, &clock))?)
}

/// The store that the settings name, whose password may be in a vault.
fn place_of(config: &Config) -> Result<Place, Complaint> {
    if matches!(config.store.password, Some(SecretRef::KeyVault(_))) {
        open_secrets(config)?;
    }
    Ok(Place::of(&config.store)?)
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap writes help to stdout and complaints to stderr; a closed pipe is no complaint.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let outcome = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::ExplainToken(args) => explain_token::run(&args),
        Command::Cards(command) => cards::run(&command),
        Command::Events(command) => events::run(&command),
        Command::Enrich(args) => enrich::run(&args),
        Command::Routes(command) => routes::run(&command),
        Command::Outbox(command) => outbox::run(&command),
        Command::Playbooks(command) => playbooks::run(&command),
        Command::Score(command) => score::run(&command),
        Command::Policy(command) => policy::run(&command),
        Command::Audit(command) => audit::run(&command),
        Command::Firewall(command) => firewall::run(&command),
        Command::Measures(args) => measures::run(&args),
        Command::Store(command) => store::run(&command),
        Command::Teams(command) => teams::run(&command),
    };
    match outcome {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithFindings) => ExitCode::from(FINDINGS),
        Err(Complaint(text)) => {
            complain(&format!("argus: {text}"));
            ExitCode::from(USAGE)
        }
    }
}
