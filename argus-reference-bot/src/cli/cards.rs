//! `argus cards`.

mod contract;
mod desk;
mod dev;
mod differences;
mod flatten;
mod history;
mod lint;
mod pin;
mod place;
mod pull;
mod rollback;
mod test;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use argus_bot_sdk::{Clock, SystemClock};
use argus_cards::model::AdaptiveCard;
use argus_cards::{Options, Template, ael};
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::output::{complain, read, say};
use super::{Complaint, Ended, Outcome};
use crate::chain::chain;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Render a template with data; the card goes to standard output.
    #[command(after_help = "\
Example:
  argus cards render card-templates/alert/alert.card.json \\
    --data card-templates/alert/samples/queued.json

What is odd about template or data goes to standard error, with file, line and column.")]
    Render {
        /// The template.
        template: PathBuf,
        /// The data, or - for standard input.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// What `$host` means.
        #[arg(long, value_name = "FILE")]
        host_data: Option<PathBuf>,
        /// Whose semantics.
        #[arg(long, value_enum, default_value = "argus")]
        profile: Profile,
    },
    /// Render many: lines {id, template, root, host} in, lines {id, card} or {id, error} out.
    Batch {
        /// Whose semantics.
        #[arg(long, value_enum, default_value = "argus")]
        profile: Profile,
    },
    /// Evaluate expressions: lines {id, expression, scope} in, lines {id, value} or {id, error} out.
    Eval {
        /// Whose semantics.
        #[arg(long, value_enum, default_value = "argus")]
        profile: Profile,
    },
    /// Say what is wrong with cards and templates, for the host where they will be shown.
    Lint(lint::Args),
    /// List the rules of `lint`, with who says so.
    Rules(lint::RulesArgs),
    /// Compare what templates read with the types of their data.
    Contract(contract::Args),
    /// Read cards into the typed model and write them again: lines {id, card} in and out.
    Roundtrip,
    /// Render every sample and compare it with the card that is expected.
    Test(test::Args),
    /// Show the cards as they will look, redrawn with each save.
    Dev(dev::Args),
    /// Make one file of a template and all that it includes.
    Flatten(flatten::Args),
    /// Copy the templates of the bot's source into a folder.
    Pull(pull::Args),
    /// List the versions that were in use.
    History(history::Args),
    /// Keep a version of a template in use, whatever comes.
    Pin(pin::Args),
    /// Use the version before again.
    Rollback(rollback::Args),
}

/// Whose semantics an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// What Microsoft's npm engine does.
    Compat,
    /// The same language without its traps.
    Argus,
}

impl Profile {
    fn options(self) -> Options {
        Options::default().profile(match self {
            Self::Compat => argus_cards::Profile::Compat,
            Self::Argus => argus_cards::Profile::Argus,
        })
    }
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Render { template, data, host_data, profile } => {
            render(template, data, host_data.as_deref(), *profile)
        }
        Command::Batch { profile } => lines(|line| batch(line, profile.options())),
        Command::Eval { profile } => lines(|line| eval(line, profile.options())),
        Command::Lint(args) => lint::run(args),
        Command::Rules(args) => lint::rules(args),
        Command::Contract(args) => contract::run(args),
        Command::Roundtrip => lines(roundtrip),
        Command::Test(args) => test::run(args),
        Command::Dev(args) => dev::run(args),
        Command::Flatten(args) => flatten::run(args),
        Command::Pull(args) => pull::run(args),
        Command::History(args) => history::run(args),
        Command::Pin(args) => pin::run(args),
        Command::Rollback(args) => rollback::run(args),
    }
}

fn render(template: &Path, data: &Path, host: Option<&Path>, profile: Profile) -> Outcome {
    let source = String::from_utf8(read(template)?)
        .map_err(|_| Complaint(format!("{}: it is not UTF-8", template.display())))?;
    let options = at(profile.options(), SystemClock.now());
    let file = template.display().to_string();
    let root = flatten::root_of(template);
    let partials = |path: &str| {
        // One that is named from the template has the way to it already.
        let path = Path::new(path);
        let path = if path.starts_with(&root) { path.to_owned() } else { root.join(path) };
        std::fs::read_to_string(path).ok()
    };
    let compiled = Template::parse_with(&file, &source, &options, &partials)?;
    let host = host.map(value).transpose()?;
    let expansion = compiled.expand(&value(data)?, host.as_ref(), &options)?;
    for diagnostic in compiled.diagnostics().iter().chain(&expansion.diagnostics) {
        complain(&diagnostic.to_string());
    }
    let card: Value = serde_json::from_slice(&expansion.json)?;
    say(&serde_json::to_string_pretty(&card)?)?;
    Ok(Ended::Well)
}

/// A JSON file; the complaint has file, line and column.
fn value(path: &Path) -> Result<Value, Complaint> {
    serde_json::from_slice(&read(path)?)
        .map_err(|error| Complaint(format!("{}: {error}", path.display())))
}

/// Answers each line of standard input with a line. A line that cannot be answered gets an error
/// and the next one is read.
fn lines(answer: impl Fn(&Map<String, Value>) -> Result<Value, String>) -> Outcome {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let request: Result<Map<String, Value>, _> = serde_json::from_str(&line);
        let reply = match request {
            Ok(request) => {
                let id = request.get("id").cloned().unwrap_or(Value::Null);
                match answer(&request) {
                    Ok(Value::Object(reply)) => {
                        let mut with_id = Map::from_iter([("id".to_owned(), id)]);
                        with_id.extend(reply);
                        Value::Object(with_id)
                    }
                    Ok(other) => json!({"id": id, "value": other}),
                    Err(error) => json!({"id": id, "error": error}),
                }
            }
            Err(error) => {
                json!({"id": null, "error": format!("the line is not a JSON object: {error}")})
            }
        };
        say(&reply.to_string())?;
    }
    Ok(Ended::Well)
}

fn batch(line: &Map<String, Value>, options: Options) -> Result<Value, String> {
    let template = line.get("template").ok_or("there is no `template`")?;
    let options = at(options, clock(line)?);
    let compiled = Template::parse("template", &template.to_string(), &options)
        .map_err(|error| chain(&error))?;
    let expansion = compiled
        .expand(line.get("root"), line.get("host"), &options)
        .map_err(|error| chain(&error))?;
    let card: Value = serde_json::from_slice(&expansion.json).map_err(|error| error.to_string())?;
    Ok(json!({"card": card}))
}

fn eval(line: &Map<String, Value>, options: Options) -> Result<Value, String> {
    let expression = line.get("expression").and_then(Value::as_str);
    let expression = expression.ok_or("there is no `expression`, or it is no text")?;
    let options = at(options, clock(line)?);
    let scope = line.get("scope").cloned().unwrap_or_else(|| json!({}));
    match ael::eval(expression, &scope, &options).map_err(|error| chain(&error))? {
        Some(value) => Ok(json!({"value": value})),
        None => Ok(json!({"value": null, "undefined": true})),
    }
}

fn roundtrip(line: &Map<String, Value>) -> Result<Value, String> {
    let card = line.get("card").cloned().ok_or("there is no `card`")?;
    let card: AdaptiveCard = serde_json::from_value(card).map_err(|error| error.to_string())?;
    Ok(json!({"card": card}))
}

/// The time of the line: its `clock` if it has one, so that a recorded case gives what it gave.
fn clock(line: &Map<String, Value>) -> Result<Timestamp, String> {
    match line.get("clock").and_then(Value::as_str) {
        Some(clock) => clock.parse().map_err(|error| format!("`clock`: {error}")),
        None => Ok(SystemClock.now()),
    }
}

/// With the time, and with chance for `rand()` and `newGuid()`.
fn at(options: Options, now: Timestamp) -> Options {
    let (chance, _) = uuid::Uuid::new_v4().as_u64_pair();
    options.now_unix_ms(now.as_millisecond()).random_seed(chance)
}
