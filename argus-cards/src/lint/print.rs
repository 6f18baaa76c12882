//! Reports for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::lines::Lines;
use super::{Finding, Report, Severity};

/// A report for people: each finding with its line and a mark under the place.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::lint::{Linter, to_text};
///
/// let report = Linter::new(Host::TEAMS).check("a.json", "{ \"type\": \"Card\" }");
/// let text = to_text(&[report]);
/// assert!(text.starts_with("error[type.missing]: `Card` is not `AdaptiveCard`\n"));
/// assert!(text.contains("\n  --> a.json:1:11 (/type)\n"));
/// assert!(text.contains("\n1 | { \"type\": \"Card\" }\n  |           ^^^^^^\n"));
/// ```
pub fn to_text(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let lines = Lines::of(&report.source);
        for finding in &report.findings {
            one(&mut text, report, &lines, finding);
        }
    }
    let count = |severity| count(reports, severity);
    let (errors, warnings, infos) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Info));
    let files = reports.len();
    // Writing to a string cannot fail.
    let _always = writeln!(
        text,
        "{files} {} checked: {errors} {}, {warnings} {}, {infos} {}",
        plural(files, "file"),
        plural(errors, "error"),
        plural(warnings, "warning"),
        plural(infos, "note"),
    );
    text
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn count(reports: &[Report], severity: Severity) -> usize {
    let findings = reports.iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.rule.severity == severity).count()
}

/// No terminal shows more of a line, and a card on one line is a long one.
const SHOWN: usize = 100;

fn one(text: &mut String, report: &Report, lines: &Lines<'_>, finding: &Finding) {
    let rule = finding.rule;
    let line = lines.line(finding.at.line);
    let number = finding.at.line.to_string();
    let gap = " ".repeat(number.len());
    let column = usize::try_from(finding.at.column).unwrap_or(1).max(1) - 1;
    let end = usize::try_from(finding.end.column).unwrap_or(1).max(1) - 1;
    // A place far to the right is shown with what is around it.
    let skip = if column > SHOWN * 3 / 4 { column - SHOWN / 4 } else { 0 };
    let mut shown: String = line.chars().skip(skip).take(SHOWN).map(printable).collect();
    let mut before = column - skip;
    if skip > 0 {
        shown.insert_str(0, "… ");
        before += 2;
    }
    if line.chars().count() > skip + SHOWN {
        shown.push_str(" …");
    }
    let width = end.saturating_sub(column).clamp(1, SHOWN.saturating_sub(before).max(1));
    let pointer = if finding.pointer.is_empty() { "the card" } else { &finding.pointer };
    let _always = write!(
        text,
        "{}[{}]: {}\n{gap} --> {}:{} ({pointer})\n{gap} |\n{number} | {shown}\n{gap} | {}{}\n\
         {gap} = {} {}\n{gap} = source: {}\n\n",
        rule.severity,
        rule.id,
        finding.message,
        report.file,
        finding.at,
        " ".repeat(before),
        "^".repeat(width),
        rule.summary,
        rule.help,
        rule.source,
    );
}

/// A tab would move the mark, and a control could do anything to a terminal.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) => '\u{fffd}',
        c if ('\u{2066}'..='\u{2069}').contains(&c) => '\u{fffd}',
        c => c,
    }
}

/// A report for programs: one JSON object.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::lint::{Linter, to_json};
///
/// let json = to_json(&[Linter::new(Host::TEAMS).check("a.json", "[]")]);
/// assert_eq!(json["findings"][0]["rule"], "type.missing");
/// assert_eq!(json["errors"], 1);
/// ```
pub fn to_json(reports: &[Report]) -> Value {
    let finding = |report: &Report, finding: &Finding| {
        json!({
            "rule": finding.rule.id,
            "severity": finding.rule.severity.word(),
            "file": report.file,
            "line": finding.at.line,
            "column": finding.at.column,
            "end_line": finding.end.line,
            "end_column": finding.end.column,
            "pointer": finding.pointer,
            "message": finding.message,
            "help": finding.rule.help,
        })
    };
    let findings: Vec<Value> = reports
        .iter()
        .flat_map(|report| report.findings.iter().map(move |found| finding(report, found)))
        .collect();
    json!({
        "files": reports.len(),
        "errors": count(reports, Severity::Error),
        "warnings": count(reports, Severity::Warning),
        "notes": count(reports, Severity::Info),
        "findings": findings,
    })
}
