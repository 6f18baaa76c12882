//! `argus cards dev`: the cards as they will look, redrawn with each save.

mod hint;
mod problem;
mod server;
mod studio;
mod twist;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_cards::Host;
use argus_cards::lint::Linter;
use argus_cards::source::{Folder, TemplateSource};
use tokio::net::TcpListener;

use self::studio::Studio;
use super::desk::Rendering;
use crate::buttons::Act;
use crate::cli::demo::open;
use crate::cli::output::{complain, say};
use crate::cli::serve::{interrupted, runtime};
use crate::cli::{Ended, Outcome};
use crate::demo::page_folder;

const EXAMPLES: &str = "\
Examples:
  argus cards dev                     ./card-templates, on a free port
  argus cards dev my-cards --port 8080
  argus cards dev --open              in the browser, if there is one

Each save is shown within a moment: side by side in Teams' light, dark and high contrast themes, at
each width, with each sample, with other people's data (long, empty, null, right to left, Markdown),
and in each language that the card has texts for. Mistakes are shown where they are.";

/// An editor writes in several steps; so long after the last one the file is whole. A person sees no
/// difference up to a tenth of a second.
const QUIET: Duration = Duration::from_millis(15);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The folder of templates.
    #[arg(default_value = "card-templates", value_name = "DIR")]
    folder: PathBuf,
    /// The port on 127.0.0.1; 0 is any free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// The folder of the built page, instead of the one of the repository.
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    /// A verb that the bot answers, instead of those of this one; any other in a template is a
    /// mistake.
    #[arg(long = "verb", value_name = "VERB")]
    verbs: Vec<String>,
    #[command(flatten)]
    rendering: Rendering,
}

pub(super) fn run(args: &Args) -> Outcome {
    let page = match &args.page {
        Some(page) => page.clone(),
        None => page_folder(&mut |step| complain(step))?,
    };
    let linter = Linter::new(Host::TEAMS);
    let linter = match args.verbs.as_slice() {
        [] => linter.verbs(Act::VERBS),
        verbs => linter.verbs(verbs),
    };
    let studio = Arc::new(Studio::open(&args.folder, args.rendering.options(), linter)?);
    let watched = Arc::clone(&studio);
    let source = Folder::new(&args.folder).quiet(QUIET);
    let _watching = source.watch(Box::new(move || watched.look()))?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}/preview.html");
        say(&format!("{}: {url}", args.folder.display()))?;
        if args.open {
            open(&url);
        }
        tokio::select! {
            () = server::serve(listener, address.port(), studio, page) => {}
            () = interrupted() => {}
        }
        Ok(Ended::Well)
    })
}
