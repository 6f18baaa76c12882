//! Files to compiled templates: all of them, or the reason why not.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::hash::sha256;
use crate::contract::{Contract, FILE};
use crate::error::{Diagnostic, Error, ErrorKind, Level, Position};
use crate::lint::{Linter, Reading};
use crate::options::Options;
use crate::source::{Snapshot, TemplateFiles, template_name, template_path};
use crate::template::Template;

/// Templates by name; everything or nothing of it is replaced.
pub(super) type Entries = BTreeMap<String, Arc<Entry>>;

/// A template that was accepted.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) template: Template,
    pub(super) sha256: String,
}

/// What came of compiling all templates of a snapshot.
pub(super) struct Compiled {
    /// Those that are good.
    pub(super) entries: Entries,
    /// Those that are not: their names and why.
    pub(super) refused: Vec<(String, Diagnostic)>,
    /// What authors should hear about the good ones.
    pub(super) odd: Vec<Diagnostic>,
}

/// What is said of a refused template that was there before.
pub(super) const LAST_GOOD: &str = "; the last good version stays in use";

impl Compiled {
    /// Refuses the bundle if one of these templates is not in it at all.
    pub(super) fn require(&mut self, names: &[String]) {
        let refused: Vec<&String> = self.refused.iter().map(|(name, _)| name).collect();
        let missing = |name: &&String| !self.entries.contains_key(*name) && !refused.contains(name);
        let missing: Vec<String> = names.iter().filter(missing).cloned().collect();
        for name in missing {
            let file = template_path(&name);
            let message = "there is no such file, but this template is needed";
            let refusal = Diagnostic::new(&file, None, message);
            self.refused.push((name, Diagnostic { level: Level::Refused, ..refusal }));
        }
    }
}

/// Compiles all templates of a snapshot and renders their samples. A template that the snapshot had
/// to leave out is refused, not gone.
pub(super) fn compile(snapshot: &Snapshot, options: &Options) -> Compiled {
    let mut compiled = Compiled { entries: Entries::new(), refused: Vec::new(), odd: Vec::new() };
    for left_out in snapshot.left_out().iter().filter(|it| it.level == Level::Refused) {
        if let Some(name) = template_name(&left_out.file) {
            compiled.refused.push((name.to_owned(), left_out.clone()));
        }
    }
    for files in snapshot.templates() {
        let name = files.name.to_owned();
        if compiled.entries.contains_key(&name) {
            let message = format!("there is another template `{name}`; this one is not used");
            compiled.odd.push(Diagnostic::new(files.path, None, message));
            continue;
        }
        match accept(snapshot, &files, options, &mut compiled.odd) {
            Ok(entry) => {
                compiled.entries.insert(name, Arc::new(entry));
            }
            Err(error) => compiled.refused.push((name, Diagnostic::from(&error))),
        }
    }
    compiled
}

/// Compiles the template `name` of a snapshot, if it is in there and good.
pub(super) fn one(snapshot: &Snapshot, name: &str, options: &Options) -> Result<Entry, Error> {
    let found = snapshot.templates().into_iter().find(|files| files.name == name);
    let files = found.ok_or_else(|| {
        Error::new(ErrorKind::TemplateNotFound, format!("there is no template `{name}`"))
    })?;
    accept(snapshot, &files, options, &mut Vec::new())
}

/// Compiles a template and renders its samples.
fn accept(
    snapshot: &Snapshot,
    files: &TemplateFiles<'_>,
    options: &Options,
    odd: &mut Vec<Diagnostic>,
) -> Result<Entry, Error> {
    let path = files.path;
    let source = text(snapshot, path)?;
    let partials = |path: &str| {
        snapshot.file(path)?;
        text(snapshot, path).ok().map(str::to_owned)
    };
    let template = Template::parse_with(path, source, options, &partials)?;
    odd.extend(template.diagnostics().iter().cloned());
    let mut data = Vec::new();
    for sample in &files.samples {
        data.push(try_sample(&template, path, sample, text(snapshot, sample)?, options, odd)?);
    }
    let agreed = contract_of(path).filter(|path| snapshot.file(path).is_some());
    if let Some(agreed) = agreed {
        Contract::parse(&agreed, text(snapshot, &agreed)?)?.accept(&template)?;
    }
    if let Some(linter) = &options.lint {
        lint(linter, &template, source, &data, options)?;
    }
    // What it includes belongs to its version.
    let texts: String = template.files().map(|(_, text)| text).collect();
    let sha256 = sha256(texts.as_bytes());
    Ok(Entry { template, sha256 })
}

/// Rules look at one file. If there are several, it is the one that `flatten` makes of them; a file
/// of minijinja is none before it is rendered.
fn lint(
    linter: &Linter,
    template: &Template,
    source: &str,
    samples: &[(String, Value)],
    options: &Options,
) -> Result<(), Error> {
    let path = template.file();
    match template.flatten() {
        Some(_) if template.files().count() == 1 => linter.accept(path, source, samples, options),
        Some(flat) => {
            linter.accept(&format!("{path} (flattened)"), &format!("{flat:#}"), samples, options)
        }
        None => samples.iter().try_for_each(|(name, data)| {
            let card = template.expand(data, None, options)?.json;
            let rules = linter.clone().reading(Reading::Card);
            let report = rules.check(path, &String::from_utf8_lossy(&card));
            report.refusal(&format!(", in the card of the sample {name}"))
        }),
    }
}

/// Where the contract of the template `path` is; only one with a folder of its own has any.
fn contract_of(path: &str) -> Option<String> {
    let (folder, _) = path.rsplit_once('/')?;
    Some(format!("{folder}/{FILE}"))
}

fn try_sample(
    template: &Template,
    path: &str,
    sample: &str,
    text: &str,
    options: &Options,
    odd: &mut Vec<Diagnostic>,
) -> Result<(String, Value), Error> {
    let name = sample.rsplit('/').next().unwrap_or(sample);
    let data: Value = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        // The place stands before it already.
        let said = said.split(" at line ").next().unwrap_or_default();
        let message = format!("the sample is not JSON: {said}");
        Error::invalid(sample, &message, error.line(), error.column())
    })?;
    let expansion = template.expand(&data, None, options)?;
    let card: Value = serde_json::from_slice(&expansion.json).unwrap_or_default();
    if !card.is_object() {
        let context = format!("the sample {name} does not give a card");
        return Err(Error::new(ErrorKind::TemplateInvalid, context).at(path, Position::of("", 0)));
    }
    for mut found in expansion.diagnostics {
        found.message = format!("{} (sample {name})", found.message);
        odd.push(found);
    }
    Ok((name.to_owned(), data))
}

fn text<'a>(snapshot: &'a Snapshot, path: &str) -> Result<&'a str, Error> {
    let missing = || Error::new(ErrorKind::SourceUnavailable, format!("there is no {path}"));
    let bytes = snapshot.file(path).map(|file| file.bytes.as_slice()).ok_or_else(missing)?;
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let at = Position::of(&String::from_utf8_lossy(good), good.len());
        Error::new(ErrorKind::TemplateInvalid, "it is not UTF-8").at(path, at)
    })
}

/// Says of each refusal what is in use instead, and of the good rest of the change that it waits.
pub(super) fn held_back(compiled: Compiled, before: &Entries) -> Vec<Diagnostic> {
    let Compiled { entries, refused, odd } = compiled;
    let mut said: Vec<Diagnostic> = refused
        .into_iter()
        .map(|(name, mut refusal)| {
            if before.contains_key(&name) {
                refusal.message.push_str(LAST_GOOD);
            }
            refusal
        })
        .collect();
    let waits = |(name, entry): (&String, &Arc<Entry>)| {
        let same = before.get(name).is_some_and(|it| it.sha256 == entry.sha256);
        let message =
            "good, but not in use yet, since another template of the same change is refused";
        let waiting = Diagnostic::new(entry.template.file(), None, message);
        (!same).then_some(Diagnostic { level: Level::Refused, ..waiting })
    };
    said.extend(entries.iter().filter_map(waits));
    said.extend(odd);
    said
}
