//! `argus firewall`: what Argus has blocked, for a firewall that has no API. Works offline, and beside
//! a running bot.

use argus_soc::blocklist::BlockList;
use serde_json::json;

use super::audit::{self, facts};
use super::output::say;
use super::{Ended, Outcome};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write the block list that the runs of playbooks have made.
    #[command(after_help = "\
Examples:
  argus firewall export --data ./data/argus.db > argus.nft && nft -f argus.nft
  argus firewall export --config argus.toml --format json

An address is on the list from where a step `block_ip` was seen to be done until a step `unblock_ip` was.
What was blocked before Argus came is not. The script for nftables fills the sets `blocked4` and `blocked6`
of the table `inet argus` and can be loaded again and again; the rules that use them are yours:
  nft add chain inet argus in '{ type filter hook input priority -10; }'
  nft add rule inet argus in ip saddr @blocked4 drop
  nft add rule inet argus in ip6 saddr @blocked6 drop

Exit codes: 0 written, 2 usage or settings.")]
    Export(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: audit::Store,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "nftables")]
    format: Form,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    /// A script for `nft -f`.
    Nftables,
    /// An object for each address, a line each.
    Json,
    /// An address a line.
    Addresses,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Export(args) = command;
    let mut list = BlockList::default();
    facts(&args.store.place()?, |fact, _| {
        list.take(&fact);
        Ok(())
    })?;
    match args.format {
        Form::Nftables => say(list.nftables().trim_end())?,
        Form::Json => list.blocked().try_for_each(|(address, it)| {
            let (incident, run, at) = (&it.incident, &it.run, it.at);
            say(&json!({"address": address, "incident": incident, "run": run, "at": at})
                .to_string())
        })?,
        Form::Addresses => {
            list.blocked().try_for_each(|(address, _)| say(&address.to_string()))?;
        }
    }
    Ok(Ended::Well)
}
