//! Reports for code scanning: SARIF 2.1.0.

use serde_json::{Value, json};

use super::{Finding, Report, Rule, Severity, rules};

/// A report in SARIF 2.1.0, as GitHub and Azure DevOps show it beside the code.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::lint::{Linter, to_sarif};
///
/// let sarif = to_sarif(&[Linter::new(Host::TEAMS).check("a.json", "[]")]);
/// assert_eq!(sarif["version"], "2.1.0");
/// assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "type.missing");
/// ```
pub fn to_sarif(reports: &[Report]) -> Value {
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| report.findings.iter().map(move |found| result(report, found)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "argus cards lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules().map(described).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "help": { "text": format!("{} Source: {}.", rule.help, rule.source) },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(report: &Report, finding: &Finding) -> Value {
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rules().position(|rule| rule.id == finding.rule.id),
        "level": level(finding.rule.severity),
        "message": { "text": finding.message },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&report.file) },
                "region": {
                    "startLine": finding.at.line,
                    "startColumn": finding.at.column,
                    "endLine": finding.end.line,
                    "endColumn": finding.end.column,
                },
            },
            "logicalLocations": [{ "fullyQualifiedName": finding.pointer }],
        }],
    })
}

/// A path as a relative or file address: slashes forward, and nothing in it that an address cannot
/// have.
fn uri(file: &str) -> String {
    let mut address = String::with_capacity(file.len());
    for byte in file.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
            let digits = [digit(byte >> 4), digit(byte & 0xf)];
            address.push('%');
            address.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
    if address.starts_with('/') { format!("file://{address}") } else { address }
}
