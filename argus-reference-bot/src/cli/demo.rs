//! `argus demo`.

use std::path::PathBuf;

use super::output::{complain, say};
use super::serve::{LogFormat, interrupted, log, runtime};
use super::{Complaint, Ended, Outcome};
use crate::demo::{Demo, DemoConfig, page_folder};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus demo
  argus demo --port 8080 --data-dir ./demo-data --open")]
pub(super) struct Args {
    /// The page's port; 0 is any free one.
    #[arg(long, value_name = "N", default_value_t = 3900)]
    port: u16,
    /// Where the store is; a new temporary folder by default.
    #[arg(long, value_name = "D")]
    data_dir: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    log(LogFormat::Text, "warn");
    let web_root = match page_folder(&mut |step| complain(step)) {
        Ok(folder) => Some(folder),
        Err(why) => {
            complain(&format!("no channel page: {why}. The rest runs; see below."));
            None
        }
    };
    let data_dir = args.data_dir.clone().unwrap_or_else(|| {
        let name = format!("argus-demo-{}", uuid::Uuid::new_v4().simple());
        std::env::temp_dir().join(name)
    });
    runtime()?.block_on(async {
        let demo = Demo::start(DemoConfig {
            port: args.port,
            data_dir: data_dir.clone(),
            web_root,
            templates: None,
        })
        .await?;
        introduce(&demo, &data_dir)?;
        if args.open {
            open(&demo.page_url());
        }
        demo.run(interrupted(), |line| drop(say(&format!("  {line}")))).await?;
        Ok(Ended::Well)
    })
}

fn introduce(demo: &Demo, data_dir: &std::path::Path) -> Result<(), Complaint> {
    say(&format!("The channel    {}", demo.page_url()))?;
    say(&format!("The bot        {}", demo.bot_url()))?;
    say(&format!("The simulator  {}  (POST /_sim/faults, GET /_sim/effects)", demo.control_url()))?;
    say(&format!("The store      {}", data_dir.join("argus.db").display()))?;
    // The program may not be on the PATH: `cargo run` puts it into the target folder.
    let argus = std::env::current_exe().unwrap_or_else(|_| "argus".into());
    let (argus, data) = (argus.display(), data_dir.display());
    say(&format!("Its proof      {argus} audit verify --data {data}"))?;
    say("Ctrl-C ends it.\n\nAlerts go in:")
}

/// Opens the page with the desktop's own command. If there is none, the address is printed anyway.
pub(super) fn open(url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(program).arg(url).spawn() {
        complain(&format!("cannot open a browser: {error}"));
    }
}
