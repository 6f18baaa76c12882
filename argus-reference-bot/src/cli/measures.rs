//! `argus measures`: works offline, and beside a running bot.

use std::str::FromStr;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::measures::{Measures, Report};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::audit::{self, facts};
use super::output::{Format, say};
use super::{Complaint, Ended, Outcome};
use crate::view::measures::table;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus measures --data ./data/argus.db
  argus measures --config argus.toml --since 30d
  argus measures --data postgres://argus@127.0.0.1/argus --since 2026-11-01T00:00:00Z \\
      --until 2026-12-01T00:00:00Z --format json

Times to detect, deliver, acknowledge, contain and approve; how much was done without a person, and how
much of that was undone within a day; duplicates; storms. What each of them is, is in docs/operate.md. An
incident belongs to the window in which it was opened. Canaries, dry runs and snoozed incidents are left
out. The same records and times give the same figures.

Exit codes: 0 measured, 1 no incident was opened in the window, 2 usage or settings.")]
pub(super) struct Args {
    #[command(flatten)]
    store: audit::Store,
    /// What began from then on: so long before the end (`90m`, `24h`, `7d`), or a time.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: Since,
    /// As of then; by default now.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// When a window begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    /// So long before its end.
    Before(SignedDuration),
    /// Then.
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("`{text}` is neither like 90m, 24h or 7d nor like 2026-11-01T00:00:00Z");
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let unit = text.chars().next_back().ok_or_else(expected)?;
        let number = text.strip_suffix(unit).and_then(|it| it.parse::<u32>().ok());
        let number = i64::from(number.ok_or_else(expected)?);
        Ok(Self::Before(match unit {
            'm' => SignedDuration::from_mins(number),
            'h' => SignedDuration::from_hours(number),
            'd' => SignedDuration::from_hours(number * 24),
            _ => return Err(expected()),
        }))
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let until = args.until.unwrap_or_else(|| SystemClock.now());
    let from = match args.since {
        Since::At(time) => time,
        Since::Before(span) => until.checked_sub(span).unwrap_or(Timestamp::MIN),
    };
    if from >= until {
        return Err(Complaint(format!("--since: {from} is not before {until}")));
    }
    let mut measures = Measures::new(from);
    facts(&args.store.place()?, |fact, _| {
        if fact.at <= until {
            measures.take(&fact);
        }
        Ok(())
    })?;
    let report = measures.report(until);
    match args.format {
        Format::Json => say(&as_json(&report).to_string())?,
        Format::Text => say(&table(&report))?,
    }
    Ok(if report.incidents == 0 { Ended::WithFindings } else { Ended::Well })
}

fn as_json(report: &Report) -> Value {
    let times: Map<_, _> =
        report.times().map(|(name, it)| (name.to_owned(), json!(it))).into_iter().collect();
    let rates = report.rates().map(|(name, it)| {
        (name.to_owned(), json!({ "part": it.part, "of": it.of, "share": it.share() }))
    });
    json!({
        "from": report.from,
        "until": report.until,
        "incidents": report.incidents,
        "left_out": report.left_out,
        "times": times,
        "rates": Map::from_iter(rates),
        "storm_ms": report.storm_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_so_long_before_its_end_or_at_a_time() {
        let hours = |hours| Some(Since::Before(SignedDuration::from_hours(hours)));
        let check = |text: &str, since| assert_eq!(text.parse::<Since>().ok(), since, "{text}");
        check("7d", hours(168));
        check("24h", hours(24));
        check("120m", hours(2));
        check("365d", hours(8_760));
        let time = "2026-11-01T00:00:00Z";
        check(time, Some(Since::At(time.parse().expect("a time"))));
        for wrong in ["", "d", "-1d", "7w", "yesterday", "99999999999d"] {
            check(wrong, None);
        }
    }
}
