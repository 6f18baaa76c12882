//! `argus explain-token`: why an inbound token is believed, or which rule it breaks.

use std::path::PathBuf;
use std::sync::Arc;

use argus_bot_sdk::auth::{Authenticator, Finding, Rejection, Verdict, token_contents};
use argus_bot_sdk::{Clock, SystemClock};
use serde_json::{Value, json};

use super::output::{Format, read, say};
use super::{Complaint, Ended, Outcome};
use crate::{config, identity};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus explain-token token.txt --config argus.toml
  argus explain-token - --config argus.toml --format json < token.txt
  argus explain-token token.txt --activity body.json --config argus.toml

The token may stand alone or as the whole Authorization header. Its signature is checked with the keys
that the settings name, so this asks Microsoft for them; no secret of the bot is read.

Exit codes: 0 the bot believes the token, 1 it does not, or it cannot be said, 2 usage or settings.")]
pub(super) struct Args {
    /// The token's file, or - for standard input.
    #[arg(value_name = "FILE")]
    token: PathBuf,
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// The body that came with the token; checks that the token is for it.
    #[arg(long, value_name = "FILE")]
    activity: Option<PathBuf>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// All that is to be said about a token.
struct Report {
    findings: Vec<Finding>,
    activity: Option<Result<(), Rejection>>,
    header: Value,
    claims: Value,
    now: i64,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = config::load(&args.config)?;
    let bytes = read(&args.token)?;
    let body = args.activity.as_deref().map(read).transpose()?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Complaint(format!("{}: this is not text", args.token.display())))?;
    let token = bare(&text);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now().as_second();
    let door =
        Authenticator::new(identity::inbound(&config.bot, identity::cloud(&config.bot)?), clock)?;
    let report = super::serve::runtime()?.block_on(async {
        let findings = door.explain(token).await;
        let activity = match &body {
            Some(body) => {
                let header = format!("Bearer {token}");
                Some(door.verify(Some(&header), body).await.map(drop))
            }
            None => None,
        };
        let (header, claims) = token_contents(token).unwrap_or_default();
        Report { findings, activity, header, claims, now }
    });
    match args.format {
        Format::Json => say(&report.json().to_string())?,
        Format::Text => say(&report.words())?,
    }
    Ok(if report.is_believed() { Ended::Well } else { Ended::WithFindings })
}

/// The token itself, also if somebody pasted the whole header.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let value = match text.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("authorization") => value.trim(),
        _ => text,
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    }
}

impl Report {
    fn is_believed(&self) -> bool {
        let holds = self.findings.iter().all(|it| it.verdict == Verdict::Holds);
        holds && self.activity.is_none_or(|it| it.is_ok())
    }

    /// `believed`, `refused` or `unknown`, and the first rule that decides.
    fn verdict(&self) -> (&'static str, Option<&'static str>) {
        let first = |verdict| self.findings.iter().find(|it| it.verdict == verdict);
        if let Some(broken) = first(Verdict::Broken) {
            return ("refused", Some(broken.rule));
        }
        if let Some(unknown) = first(Verdict::Unknown) {
            return ("unknown", Some(unknown.rule));
        }
        match self.activity {
            Some(Err(rejection)) => ("refused", Some(rejection.rule())),
            _ => ("believed", None),
        }
    }

    /// Seconds from now to a date of the token.
    fn until(&self, claim: &str) -> Option<i64> {
        let date = self.claims.get(claim)?.as_f64().filter(|date| date.abs() < 1e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is a date, far from the limits")]
        Some(date as i64 - self.now)
    }

    fn json(&self) -> Value {
        let (verdict, rule) = self.verdict();
        let findings = self.findings.iter().map(|it| {
            json!({
                "rule": it.rule, "verdict": word(it.verdict), "detail": it.detail,
                "advice": it.advice(),
            })
        });
        let activity = self.activity.map(|it| match it {
            Ok(()) => json!({ "verdict": "holds" }),
            Err(why) => json!({ "verdict": "broken", "rule": why.rule(), "status": why.status() }),
        });
        json!({
            "verdict": verdict,
            "rule": rule,
            "findings": findings.collect::<Vec<_>>(),
            "activity": activity,
            "header": self.header,
            "claims": self.claims,
            "clock": {
                "now": self.now, "issued_in": self.until("iat"), "starts_in": self.until("nbf"),
                "ends_in": self.until("exp"), "tolerance": 300,
            },
        })
    }

    fn words(&self) -> String {
        let mut lines = Vec::new();
        for finding in &self.findings {
            let verdict = match finding.verdict {
                Verdict::Holds => "ok     ",
                Verdict::Broken => "BROKEN ",
                _ => "unknown",
            };
            lines.push(format!("{verdict}  {:11}  {}", finding.rule, finding.detail));
            if let Some(advice) = finding.advice() {
                lines.push(format!("                      -> {advice}"));
            }
        }
        match self.activity {
            Some(Ok(())) => {
                lines.push("ok       activity     the token is for this activity".into());
            }
            Some(Err(why)) => lines.push(format!(
                "BROKEN   activity     {why}: rule {}, status {}",
                why.rule(),
                why.status()
            )),
            None => {}
        }
        lines.push(self.clock());
        for (name, part) in [("header", &self.header), ("claims", &self.claims)] {
            if part.is_object() {
                lines.push(format!("\n{name}, without any proof:\n{part:#}"));
            }
        }
        lines.push(match self.verdict() {
            ("believed", _) => "\nThe bot believes this token.".into(),
            (word, rule) => {
                format!(
                    "\nThe bot does not let this token in: {word}, rule {}.",
                    rule.unwrap_or("-")
                )
            }
        });
        lines.join("\n")
    }

    /// Where the token's dates lie by this computer's clock.
    fn clock(&self) -> String {
        let at = |name: &str, claim: &str| match self.until(claim) {
            Some(seconds) if seconds < 0 => format!("{name} {} s ago", seconds.unsigned_abs()),
            Some(seconds) => format!("{name} in {seconds} s"),
            None => format!("{name}: not said"),
        };
        let dates = [at("starts", "nbf"), at("ends", "exp"), at("issued", "iat")].join(", ");
        format!("clock    {dates}; by this computer's clock, 300 s either way are allowed")
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Broken => "broken",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_token_may_come_with_its_header() {
        for text in [
            "a.b.c",
            " a.b.c\n",
            "Bearer a.b.c",
            "bearer  a.b.c",
            "Authorization: Bearer a.b.c\r\n",
        ] {
            assert_eq!(bare(text), "a.b.c", "{text:?}");
        }
        assert_eq!(bare("not a token"), "not a token");
    }
}
