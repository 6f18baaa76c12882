//! Files to compiled templates: all of them, or the reason why not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::hash::sha256;
use crate::error::{Diagnostic, Error, ErrorKind, Level, Position};
use crate::options::Options;
use crate::source::Snapshot;
use crate::template::Template;

const ENDING: &str = ".card.json";

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
            let file = format!("{name}/{name}{ENDING}");
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
    for (name, path) in templates(snapshot) {
        if compiled.entries.contains_key(name) {
            let message = format!("there is another template `{name}`; this one is not used");
            compiled.odd.push(Diagnostic::new(path, None, message));
            continue;
        }
        match accept(snapshot, path, options, &mut compiled.odd) {
            Ok(entry) => {
                compiled.entries.insert(name.to_owned(), Arc::new(entry));
            }
            Err(error) => compiled.refused.push((name.to_owned(), Diagnostic::from(&error))),
        }
    }
    compiled
}

/// The templates of a snapshot: names and paths, those with a folder of their own first.
pub(super) fn templates(snapshot: &Snapshot) -> Vec<(&str, &str)> {
    let named = |path| Some((template_name(path)?, path));
    let mut found: Vec<(&str, &str)> = snapshot.paths().filter_map(named).collect();
    found.sort_by_key(|(name, path)| (*name, !path.contains('/')));
    found
}

/// The template that a file is: `NAME/NAME.card.json` or `NAME.card.json`.
fn template_name(path: &str) -> Option<&str> {
    let stem = path.strip_suffix(ENDING)?;
    match stem.split_once('/') {
        None => Some(stem),
        Some((folder, name)) => (folder == name).then_some(name),
    }
}

/// Compiles the template `name` of a snapshot, if it is in there and good.
pub(super) fn one(snapshot: &Snapshot, name: &str, options: &Options) -> Result<Entry, Error> {
    let found = templates(snapshot).into_iter().find(|(other, _)| *other == name);
    let (_, path) = found.ok_or_else(|| {
        Error::new(ErrorKind::TemplateNotFound, format!("there is no template `{name}`"))
    })?;
    accept(snapshot, path, options, &mut Vec::new())
}

/// Compiles a template and renders its samples.
fn accept(
    snapshot: &Snapshot,
    path: &str,
    options: &Options,
    odd: &mut Vec<Diagnostic>,
) -> Result<Entry, Error> {
    let source = text(snapshot, path)?;
    let template = Template::parse(path, source, options)?;
    odd.extend(template.diagnostics().iter().cloned());
    let mut data = Vec::new();
    for sample in samples(snapshot, path) {
        data.push(try_sample(&template, path, sample, text(snapshot, sample)?, options, odd)?);
    }
    if let Some(linter) = &options.lint {
        linter.accept(path, source, &data, options)?;
    }
    Ok(Entry { template, sha256: sha256(source.as_bytes()) })
}

/// The samples of the template `path`; only one with a folder of its own has any.
fn samples<'a>(snapshot: &'a Snapshot, path: &str) -> Vec<&'a str> {
    let Some((folder, _)) = path.rsplit_once('/') else { return Vec::new() };
    let folder = format!("{folder}/samples/");
    let is_sample = |path: &&str| {
        let name = path.strip_prefix(&folder);
        name.is_some_and(|name| !name.contains('/') && is_json(name))
    };
    snapshot.paths().filter(is_sample).collect()
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
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
        let context = format!("the sample is not JSON: {}", without_place(&error));
        Error::new(ErrorKind::TemplateInvalid, context).at(sample, place(&error))
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

/// What `serde_json` says, but for the place, which stands before it.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.split(" at line ").next().unwrap_or_default().to_owned()
}

fn place(error: &serde_json::Error) -> Position {
    let mut at = Position::of("", 0);
    at.line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
    at.column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
    at
}

fn text<'a>(snapshot: &'a Snapshot, path: &str) -> Result<&'a str, Error> {
    let bytes = snapshot.file(path).map(|file| file.bytes.as_slice()).unwrap_or_default();
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
