//! A folder to a bundle.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Bundle, Entry};
use crate::error::{Diagnostic, Error, ErrorKind};
use crate::options::Options;
use crate::template::Template;

const ENDING: &str = ".card.json";
/// A whole file of minijinja.
const JINJA_ENDING: &str = ".card.json.j2";
/// A card of more than 100 KB is refused by Teams; a template ten times that is a mistake.
const MAX_BYTES: u64 = 1 << 20;

/// Compiles a template and remembers its hash.
pub(super) fn compile(
    file: &str,
    source: &str,
    options: &Options,
    partials: &dyn Fn(&str) -> Option<String>,
) -> Result<Entry, Error> {
    let template = Template::parse_with(file, source, options, partials)?;
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16);
    let mut hash = Sha256::new();
    template.files().for_each(|(_, text)| hash.update(text));
    let sha256 = hash
        .finalize()
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
        .flatten()
        .collect();
    Ok(Entry { template, sha256 })
}

/// Reads all templates of a folder; one that is refused is taken from `before`.
pub(super) fn folder(
    folder: &Path,
    before: &Bundle,
    options: &Options,
) -> (Bundle, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let found = match templates(folder) {
        Ok(found) => found,
        Err(error) => {
            diagnostics.push(Diagnostic::from(&error));
            return (before.clone(), diagnostics);
        }
    };
    let mut bundle = Bundle::new();
    for (name, path) in found {
        let file = shown(folder, &path);
        if bundle.contains_key(&name) {
            let message = format!("there is another template `{name}`; this one is not used");
            diagnostics.push(Diagnostic::new(&file, None, message));
            continue;
        }
        let partials = |name: &str| read(&folder.join(name)).ok();
        match accept(&file, &path, options, &partials, &mut diagnostics) {
            Ok(entry) => {
                bundle.insert(name, Arc::new(entry));
            }
            Err(error) => {
                let mut refusal = Diagnostic::from(&error);
                if let Some(last_good) = before.get(&name) {
                    refusal.message.push_str("; the last good version stays in use");
                    bundle.insert(name, Arc::clone(last_good));
                }
                diagnostics.push(refusal);
            }
        }
    }
    (bundle, diagnostics)
}

fn shown(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let context = format!("`{}` cannot be read", path.display());
    Error::new(ErrorKind::SourceUnavailable, context).because(error)
}

/// The templates of a folder, by name.
fn templates(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() {
            let files = [ENDING, JINJA_ENDING].map(|ending| path.join(format!("{name}{ending}")));
            if let Some(template) = files.into_iter().find(|file| file.is_file()) {
                found.push((name.to_owned(), template));
            }
        } else if let Some(name) =
            name.strip_suffix(ENDING).or_else(|| name.strip_suffix(JINJA_ENDING))
        {
            found.push((name.to_owned(), path.clone()));
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut paths: Vec<PathBuf> = read
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
        })
        .collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Error> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if size > MAX_BYTES {
        let context = format!("`{}` has more than {MAX_BYTES} bytes", path.display());
        return Err(Error::new(ErrorKind::TemplateInvalid, context));
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

/// Compiles a template and renders its samples.
fn accept(
    file: &str,
    path: &Path,
    options: &Options,
    partials: &dyn Fn(&str) -> Option<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Entry, Error> {
    let in_file = |error: Error| match error.file() {
        None => error.at(file, crate::Position::of("", 0)),
        Some(_) => error,
    };
    let source = read(path).map_err(in_file)?;
    let entry = compile(file, &source, options, partials)?;
    diagnostics.extend(entry.template.diagnostics().iter().cloned());
    let samples = path.with_file_name("samples");
    if !samples.is_dir() {
        return Ok(entry);
    }
    for sample in entries(&samples)? {
        if sample.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = shown(&samples, &sample);
        let data: Value = serde_json::from_str(&read(&sample)?).map_err(|error| {
            let context = format!("the sample {name} is not JSON");
            in_file(Error::new(ErrorKind::TemplateInvalid, context).because(error))
        })?;
        let expansion = entry.template.expand(&data, None, options)?;
        let card: Value = serde_json::from_slice(&expansion.json).unwrap_or_default();
        if !card.is_object() {
            let context = format!("the sample {name} does not give a card");
            return Err(in_file(Error::new(ErrorKind::TemplateInvalid, context)));
        }
        for mut found in expansion.diagnostics {
            found.message = format!("{} (sample {name})", found.message);
            diagnostics.push(found);
        }
    }
    Ok(entry)
}
