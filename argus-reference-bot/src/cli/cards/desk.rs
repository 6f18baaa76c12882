//! What a designer's commands have in common: a folder of templates, and how to render them so that
//! the same files give the same cards.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use argus_cards::source::{Folder, Snapshot, TemplateSource};
use argus_cards::{Diagnostic, Error, Options, Template};
use clap::Args as Arguments;
use jiff::Timestamp;
use serde_json::Value;

use super::{Profile, place};
use crate::cli::Complaint;

/// How templates are rendered for their designers.
#[derive(Clone, Debug, Arguments)]
pub(super) struct Rendering {
    /// Whose semantics.
    #[arg(long, value_enum, default_value = "argus")]
    profile: Profile,
    /// What `utcNow()` takes for now, so that a card does not change with the day.
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z")]
    now: Timestamp,
    /// A host that links from data may lead to; `.example.com` allows every host below it.
    #[arg(long = "allow-host", value_name = "HOST", default_value = ".example.com")]
    allowed_hosts: Vec<String>,
}

impl Rendering {
    pub(super) fn options(&self) -> Options {
        let options = self.profile.options().now_unix_ms(self.now.as_millisecond()).random_seed(0);
        self.allowed_hosts.iter().fold(options, Options::allow_host)
    }
}

/// All files of a folder.
pub(super) fn files(folder: &Path) -> Result<Snapshot, Complaint> {
    let source = Folder::new(folder);
    let nothing = Snapshot::default();
    // A folder is read without waiting.
    match pin!(source.fetch(&nothing)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(found) => Ok(found?.unwrap_or_default()),
        Poll::Pending => Err(Complaint(format!("{}: it cannot be read", folder.display()))),
    }
}

/// All templates of a folder, of which there must be some.
pub(super) fn templates(folder: &Path) -> Result<Snapshot, Complaint> {
    let found = files(folder)?;
    if found.templates().is_empty() {
        let folder = folder.display();
        return Err(Complaint(format!(
            "{folder}: there is no template; a template is NAME/NAME.card.json or NAME.card.json"
        )));
    }
    Ok(found)
}

/// The text of a file of a snapshot; what is no UTF-8 in it is replaced.
pub(super) fn text(files: &Snapshot, path: &str) -> String {
    let bytes = files.file(path).map(|file| file.bytes.as_slice()).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// Compiles a template with what it includes.
pub(super) fn compile(files: &Snapshot, path: &str, options: &Options) -> Result<Template, Error> {
    let partials = |path: &str| files.file(path).map(|_| text(files, path));
    Template::parse_with(path, &text(files, path), options, &partials)
}

/// The JSON in a file of a snapshot.
pub(super) fn json_of(files: &Snapshot, path: &str) -> Result<Value, Error> {
    let bytes = files.file(path).map(|file| file.bytes.as_slice()).unwrap_or_default();
    serde_json::from_slice(bytes).map_err(|error| {
        let said = error.to_string();
        // The place stands before it.
        let said = said.split(" at line ").next().unwrap_or_default();
        Error::invalid(path, &format!("not JSON: {said}"), error.line(), error.column())
    })
}

/// `1 sample`, `2 samples`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// A diagnostic with its line, a caret, and its path in the JSON.
pub(super) fn explain(files: &Snapshot, diagnostic: &Diagnostic) -> String {
    let mut said = diagnostic.to_string();
    if let Some(at) = diagnostic.at {
        let text = text(files, &diagnostic.file);
        let pointer = place::pointer(&text, at);
        if !pointer.is_empty() {
            said.extend([" (at ", &pointer, ")"]);
        }
        if let Some(snippet) = place::snippet(&text, at) {
            said.extend(["\n", &snippet]);
        }
    }
    said
}

/// Writes a file in one piece: whoever reads it meanwhile sees the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Complaint> {
    let complaint = |error: std::io::Error| Complaint(format!("{}: {error}", path.display()));
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    std::fs::create_dir_all(&folder).map_err(complaint)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.new"));
    std::fs::write(&draft, bytes).map_err(complaint)?;
    std::fs::rename(&draft, path).map_err(complaint)
}
