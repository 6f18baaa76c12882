//! Figures in words, for the chat and for a terminal.

use argus_soc::measures::{Figures, Rate, Report};
use jiff::SignedDuration;

/// A line for each figure of which there is one.
pub fn brief(report: &Report) -> Vec<String> {
    let named = [
        ("Detected", &report.detect),
        ("Shown", &report.deliver),
        ("Acknowledged", &report.acknowledge),
        ("Contained", &report.contain),
        ("Approved or denied", &report.approve),
    ];
    let mut lines: Vec<String> = named
        .into_iter()
        .filter(|(_, it)| it.n > 0)
        .map(|(name, it)| {
            let (p50, p95) = (time(it.p50_ms), time(it.p95_ms));
            format!("{name} in {p50}, 95 of 100 in {p95} ({} times)", it.n)
        })
        .collect();
    if report.automatic.of > 0 {
        let (automatic, undone) = (rate(report.automatic), report.undone.part);
        lines.push(format!("Effects without a person: {automatic}; {undone} undone within a day"));
    }
    lines
}

/// All figures, as a table.
pub fn table(report: &Report) -> String {
    let Report { from, until, incidents, .. } = report;
    let mut lines = vec![
        format!("{incidents} incidents that were opened from {from} to {until}"),
        String::new(),
        row("time to", "n", "p50", "p95", "mean"),
    ];
    for (name, figures) in report.times() {
        let Figures { n, p50_ms, p95_ms, mean_ms } = figures;
        lines.push(row(name, &n.to_string(), &time(*p50_ms), &time(*p95_ms), &time(*mean_ms)));
    }
    lines.push(String::new());
    let said = [
        ("effects without a person", report.automatic),
        ("of these undone within a day", report.undone),
        ("duplicates among events", report.duplicates),
    ];
    lines.extend(said.map(|(name, it)| format!("{name:<30}{}", rate(it))));
    lines.push(format!("{:<30}{}", "storm", time(Some(report.storm_ms))));
    if report.left_out > 0 {
        lines.push(format!("{} older incidents were too many and are left out", report.left_out));
    }
    lines.join("\n")
}

fn row(name: &str, n: &str, p50: &str, p95: &str, mean: &str) -> String {
    format!("{name:<14}{n:>8}{p50:>18}{p95:>18}{mean:>18}")
}

/// A time as people say it: seconds from ten of them on.
fn time(ms: Option<u64>) -> String {
    let Some(ms) = ms else { return "-".to_owned() };
    let ms = i64::try_from(if ms < 10_000 { ms } else { ms - ms % 1_000 }).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_millis(ms))
}

fn rate(rate: Rate) -> String {
    let Rate { part, of } = rate;
    match rate.share() {
        Some(share) => format!("{part} of {of} ({:.1} %)", share * 100.0),
        None => format!("{part} of {of}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn report() -> Report {
        let figures = |n, p50, p95| Figures {
            n,
            p50_ms: Some(p50),
            p95_ms: Some(p95),
            mean_ms: Some(p50 + 1),
        };
        Report {
            from: Timestamp::UNIX_EPOCH,
            until: "1970-01-08T00:00:00Z".parse().expect("a time"),
            incidents: 12,
            left_out: 0,
            detect: figures(12, 96_400, 3_723_000),
            deliver: figures(11, 850, 9_999),
            acknowledge: Figures::default(),
            contain: Figures::default(),
            approve: Figures::default(),
            automatic: Rate { part: 1, of: 3 },
            undone: Rate { part: 0, of: 1 },
            duplicates: Rate { part: 0, of: 0 },
            storm_ms: 720_000,
        }
    }

    #[test]
    fn only_what_there_is_stands_in_the_chat() {
        let lines = [
            "Detected in 1m 36s, 95 of 100 in 1h 2m 3s (12 times)",
            "Shown in 850ms, 95 of 100 in 9s 999ms (11 times)",
            "Effects without a person: 1 of 3 (33.3 %); 0 undone within a day",
        ];
        assert_eq!(brief(&report()), lines);
    }

    #[test]
    fn the_table_has_every_figure() {
        let table = table(&report());
        for line in [
            "12 incidents that were opened from 1970-01-01T00:00:00Z to 1970-01-08T00:00:00Z",
            "detect              12            1m 36s         1h 2m 3s            1m 36s",
            "acknowledge          0                 -                 -                 -",
            "effects without a person      1 of 3 (33.3 %)",
            "duplicates among events       0 of 0",
            "storm                         12m",
        ] {
            let same = |it: &str| it.split_whitespace().eq(line.split_whitespace());
            assert!(table.lines().any(same), "{line} is not in\n{table}");
        }
    }
}
