//! `argus store copy`: a chain from one store into another.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::{done, named};
use crate::app::Place;
use crate::cli::output::{Format, complain};
use crate::cli::serve::runtime;
use crate::cli::{Complaint, Outcome};
use crate::config::SecretRef;
use crate::ports::chain::{Chain, Link};

/// Records in one transaction.
const PIECE: u32 = 500;
/// Records after which one is told how far it is.
const TELL: u64 = 20_000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    target: Target,
    /// The password for a PostgreSQL in --from or --to: `env:NAME` or `file:PATH`.
    #[arg(long, value_name = "SECRET")]
    password: Option<SecretRef>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// The store to copy: a file, a folder, `postgres://user@host/db`, or an export (`.jsonl`).
    #[arg(long, value_name = "PLACE")]
    from: Option<PathBuf>,
    /// The settings that name the store to copy.
    #[arg(long, value_name = "FILE")]
    from_config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// The store to copy into.
    #[arg(long, value_name = "PLACE")]
    to: Option<PathBuf>,
    /// The settings that name the store to copy into.
    #[arg(long, value_name = "FILE")]
    to_config: Option<PathBuf>,
}

impl Args {
    /// The store that an end names.
    fn place(&self, data: Option<&Path>, config: Option<&Path>) -> Result<Place, Complaint> {
        named(data, config, self.password.as_ref())
    }
}

/// Whether a file is an export, by its name.
pub(super) fn is_export(file: &Path) -> bool {
    file.extension().is_some_and(|it| it.eq_ignore_ascii_case("jsonl"))
}

pub(super) fn run(args: &Args) -> Outcome {
    let (Source { from, from_config }, Target { to, to_config }) = (&args.source, &args.target);
    if (from, from_config) == (to, to_config) {
        return Err(Complaint("the two are the same store".into()));
    }
    let target = args.place(to.as_deref(), to_config.as_deref())?;
    let (before, records, head) = runtime()?.block_on(async {
        // What is to be copied is looked for before the other store is made.
        let source = if let Some(file) = from.as_deref().filter(|it| is_export(it)) {
            From::Export(file, export(file)?)
        } else {
            let source = args.place(from.as_deref(), from_config.as_deref())?;
            From::Store(source.records().await?)
        };
        let target = target.chain().await?;
        let (before, _) = target.end().await?;
        match source {
            From::Export(file, records) => from_export(file, records, target.as_ref()).await?,
            From::Store(source) => from_store(source.as_ref(), target.as_ref()).await?,
        }
        let (records, head) = target.end().await?;
        Ok::<_, Complaint>((before, records, head))
    })?;
    let copied = records - before;
    done(
        args.format,
        &format!("copied {copied} records, {before} were there; {records} records, head {head}"),
        &json!({
            "copied": copied,
            "there": before,
            "records": records,
            "head": head.to_string(),
        }),
    )
}

/// What is copied.
enum From<'a, Records> {
    Export(&'a Path, Records),
    Store(Arc<dyn Chain>),
}

async fn from_store(source: &dyn Chain, target: &dyn Chain) -> Result<(), Complaint> {
    let ((all, _), (mut at, head)) = (source.end().await?, target.end().await?);
    if at > 0 {
        let same = source.links(at - 1, 1).await?;
        if same.first().is_none_or(|link| link.hash != head.as_bytes()) {
            return Err(other_chain(at));
        }
    }
    loop {
        let links = source.links(at, PIECE).await?;
        let Some(last) = links.last().map(|link| link.seq) else { return Ok(()) };
        target.take_over(links).await?;
        tell(at, last, Some(all));
        at = last;
    }
}

async fn from_export(
    file: &Path,
    records: impl Iterator<Item = Result<Link, Complaint>>,
    target: &dyn Chain,
) -> Result<(), Complaint> {
    let (there, head) = target.end().await?;
    let (mut at, mut end) = (there, 0);
    let mut links = Vec::new();
    for link in records {
        let link = link?;
        end = link.seq;
        if link.seq == at && link.hash != head.as_bytes() {
            return Err(other_chain(at));
        }
        if link.seq <= at {
            continue;
        }
        links.push(link);
        if links.len() >= PIECE as usize {
            at = take(target, &mut links, at).await?;
        }
    }
    if !links.is_empty() {
        take(target, &mut links, at).await?;
    }
    let name = file.display();
    match end {
        0 => Err(Complaint(format!("{name}: there is no record in it"))),
        _ if end < there => Err(Complaint(format!(
            "{name} ends at record {end}, and the store to copy into has {there}: nothing was copied"
        ))),
        _ => Ok(()),
    }
}

async fn take(target: &dyn Chain, links: &mut Vec<Link>, at: u64) -> Result<u64, Complaint> {
    let last = links.last().map_or(at, |link| link.seq);
    target.take_over(std::mem::take(links)).await?;
    tell(at, last, None);
    Ok(last)
}

fn other_chain(at: u64) -> Complaint {
    Complaint(format!(
        "the store to copy into holds another chain: its record {at} is not that of the other one; \
         copy into an empty store"
    ))
}

fn tell(before: u64, now: u64, all: Option<u64>) {
    if before / TELL != now / TELL {
        let all = all.map_or_else(String::new, |all| format!(" of {all}"));
        complain(&format!("{now}{all} records"));
    }
}

/// The records of an export.
///
/// # Errors
///
/// Which line is not a record, and why.
pub(super) fn export(
    file: &Path,
) -> Result<impl Iterator<Item = Result<Link, Complaint>>, Complaint> {
    let name = file.display().to_string();
    let opened =
        std::fs::File::open(file).map_err(|error| Complaint(format!("{name}: {error}")))?;
    let lines = std::io::BufReader::new(opened).lines().zip(1_u64..);
    Ok(lines.map(move |(line, number)| {
        let wrong = |why: String| Complaint(format!("{name}:{number}: {why}"));
        let line = line.map_err(|error| wrong(error.to_string()))?;
        Link::from_line(&line).map_err(wrong)
    }))
}
