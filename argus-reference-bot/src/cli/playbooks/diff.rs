//! `argus playbooks diff`: what differs between two playbooks in what they do, not in how they are written.

use std::path::PathBuf;

use argus_soc::playbook::{Playbook, parse};
use serde_json::{Value, json};

use super::text;
use crate::cli::output::{Format, say};
use crate::cli::{Complaint, Ended, Outcome};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The playbook as it was.
    old: PathBuf,
    /// As it is.
    new: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let load = |path: &PathBuf| {
        parse(&path.display().to_string(), &text(path)?)
            .map_err(|error| Complaint(error.to_string()))
    };
    let changes = differences(&load(&args.old)?, &load(&args.new)?);
    match args.format {
        Format::Json => {
            let changes: Vec<Value> = changes
                .iter()
                .map(|(at, old, new)| json!({"at": at, "old": old, "new": new}))
                .collect();
            say(&serde_json::to_string_pretty(&changes)?)?;
        }
        Format::Text if changes.is_empty() => say("They do the same.")?,
        Format::Text => {
            for (at, old, new) in &changes {
                let line = match (old, new) {
                    (Value::Null, new) => format!("+ {at}: {new}"),
                    (old, Value::Null) => format!("- {at}: {old}"),
                    (old, new) => format!("~ {at}: {old} -> {new}"),
                };
                say(&line)?;
            }
        }
    }
    Ok(if changes.is_empty() { Ended::Well } else { Ended::WithFindings })
}

type Change = (String, Value, Value);

/// Each difference: where, what was, what is. Steps are compared by their names, whatever their order.
fn differences(old: &Playbook, new: &Playbook) -> Vec<Change> {
    let (old, new) = (by_name(old.document()), by_name(new.document()));
    let mut changes = Vec::new();
    compare("", &old, &new, &mut changes);
    changes
}

fn by_name(mut document: Value) -> Value {
    let actions = document.get_mut("actions").map(Value::take);
    let named = actions
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|it| Some((it.get("id")?.as_str()?.to_owned(), it.clone())));
    let named: serde_json::Map<String, Value> = named.collect();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("actions".into(), Value::Object(named));
    }
    document
}

fn compare(at: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let of = |fields: &serde_json::Map<String, Value>| {
                    fields.get(name).cloned().unwrap_or_default()
                };
                compare(&at, &of(a), &of(b), changes);
            }
        }
        (old, new) => changes.push((at.to_owned(), old.clone(), new.clone())),
    }
}
