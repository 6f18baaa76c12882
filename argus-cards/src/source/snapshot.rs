//! All files of a source at one moment.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Diagnostic, Level};

/// Most files that a source may have.
pub const MAX_FILES: usize = 2_000;
/// Most bytes of one file: Teams refuses cards above 100 KB, ten times that is a mistake.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Most bytes of all files together.
pub const MAX_TOTAL_BYTES: usize = 32 << 20;
/// Most folders in each other, the file's name included.
pub const MAX_DEPTH: usize = 6;

/// All files of a source at one moment, and where the source goes on from there.
///
/// Only files that a template can be made of are taken: `*.json` and `*.json.j2`, at most
/// [`MAX_FILES`] of them, each of at most [`MAX_FILE_BYTES`]. What is left out is said.
///
/// ```
/// use argus_cards::source::{File, Snapshot};
///
/// let mut snapshot = Snapshot::default();
/// snapshot.insert("alert/alert.card.json", File::new("{}"));
/// snapshot.insert("../passwd.json", File::new("{}"));
/// assert_eq!(snapshot.paths().collect::<Vec<_>>(), ["alert/alert.card.json"]);
/// assert_eq!(
///     snapshot.left_out()[0].to_string(),
///     "../passwd.json: left out, since a path must stay in the folder and have no odd characters",
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    files: BTreeMap<String, File>,
    bytes: usize,
    cursor: Option<String>,
    left_out: Vec<Diagnostic>,
}

/// One file of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// What is in it.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// What the source calls this version, such as an entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Who changed it last, as the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

impl File {
    /// A file of which nothing but the content is known.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), tag: None, author: None }
    }

    /// Sets what the source calls this version.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Sets who changed it last.
    #[must_use]
    pub fn author(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }
}

impl Snapshot {
    /// Whether a file of that path is taken at all; the others are none of a template's.
    pub fn wants(path: &str) -> bool {
        let hidden = path.split('/').any(|part| part.starts_with('.') && !is_dots(part));
        let plain = path.strip_suffix(".j2").unwrap_or(path);
        !hidden && Path::new(plain).extension().is_some_and(|extension| extension == "json")
    }

    /// Takes a file, `path` being relative and with `/` between its parts. What breaks a limit is
    /// left out, and said in [`Snapshot::left_out`]; what is no template's file is just left out.
    pub fn insert(&mut self, path: impl Into<String>, file: File) {
        let path = path.into();
        if !Self::wants(&path) {
            return;
        }
        let size = file.bytes.len();
        let before = self.files.get(&path).map_or(0, |it| it.bytes.len());
        let total = self.bytes - before + size;
        let why = if !is_safe(&path) {
            "a path must stay in the folder and have no odd characters".to_owned()
        } else if path.split('/').count() > MAX_DEPTH {
            format!("it lies deeper than {MAX_DEPTH} folders")
        } else if size > MAX_FILE_BYTES {
            too_large(size)
        } else if before == 0 && self.files.len() >= MAX_FILES {
            format!("there are more than {MAX_FILES} files")
        } else if total > MAX_TOTAL_BYTES {
            format!("all files together have more than {MAX_TOTAL_BYTES} bytes")
        } else {
            self.bytes = total;
            self.files.insert(path, file);
            return;
        };
        self.leave_out(path, &why);
    }

    /// Says that a file is there but could not be taken, and why. If it is a template, that is an
    /// error of the template: it is not gone.
    pub fn leave_out(&mut self, path: impl Into<String>, why: &str) {
        let said = Diagnostic::new(&path.into(), None, format!("left out, since {why}"));
        self.left_out.push(Diagnostic { level: Level::Refused, ..said });
    }

    /// Says of a file that it is not there yet, such as a draft that nobody has published.
    pub fn note(&mut self, path: impl Into<String>, message: &str) {
        self.left_out.push(Diagnostic::new(&path.into(), None, message));
    }

    /// Sets where the source goes on next time; a text that only the source understands.
    #[must_use]
    pub fn at(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Where the source goes on.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// A file, if it is there.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// All paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// All files with their paths, in order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// What the source has, but this snapshot has not.
    pub fn left_out(&self) -> &[Diagnostic] {
        &self.left_out
    }

    /// Whether both have the same files with the same content, and left out the same.
    pub fn same(&self, other: &Self) -> bool {
        self.same_files(other) && self.left_out == other.left_out
    }

    /// Whether both have the same files with the same content.
    pub fn same_files(&self, other: &Self) -> bool {
        let both = || self.files.iter().zip(&other.files);
        self.files.len() == other.files.len()
            && both().all(|((path, file), (other_path, other))| {
                path == other_path && file.bytes == other.bytes
            })
    }
}

/// Why a file of that size is left out.
pub(crate) fn too_large(size: usize) -> String {
    format!("it has {size} bytes, more than {MAX_FILE_BYTES}")
}

fn is_dots(part: &str) -> bool {
    matches!(part, "." | "..")
}

/// Whether a path stays where it is put, on every system: `argus cards pull` writes it.
fn is_safe(path: &str) -> bool {
    let odd = |letter: char| {
        letter.is_control() || matches!(letter, '\\' | ':' | '"' | '<' | '>' | '|' | '?' | '*')
    };
    path.len() <= 400
        && !path.contains(odd)
        && path.split('/').all(|part| !part.is_empty() && !is_dots(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_templates_are_taken() {
        let check = |path: &str, taken: bool, said: bool| {
            let mut snapshot = Snapshot::default();
            snapshot.insert(path, File::new("{}"));
            assert_eq!(snapshot.paths().count() == 1, taken, "{path}");
            assert_eq!(snapshot.left_out().len() == 1, said, "{path}");
        };
        check("a.card.json", true, false);
        check("a/samples/b.json", true, false);
        check("a/a.card.json.j2", true, false);
        check("README.md", false, false);
        check(".git/x.json", false, false);
        check("a/.b.json", false, false);
        check("../a.json", false, true);
        check("/etc/a.json", false, true);
        check("a//b.json", false, true);
        check("c:\\a.json", false, true);
        check("a/b/c/d/e/f/g.json", false, true);
        check("a\n.json", false, true);
    }

    #[test]
    fn limits_are_kept_and_a_file_can_be_replaced() {
        let mut snapshot = Snapshot::default();
        for n in 0..=MAX_FILES {
            snapshot.insert(format!("{n}.json"), File::new("{}"));
        }
        assert_eq!(snapshot.paths().count(), MAX_FILES);
        let last = format!("{MAX_FILES}.json: left out, since there are more than 2000 files");
        assert_eq!(snapshot.left_out()[0].to_string(), last);

        let mut snapshot = Snapshot::default();
        let large = || File::new(vec![b' '; MAX_FILE_BYTES]);
        for n in 0..32 {
            snapshot.insert(format!("{n}.json"), large());
        }
        snapshot.insert("0.json", large());
        assert_eq!(snapshot.left_out(), []);
        snapshot.insert("more.json", large());
        snapshot.insert("larger.json", File::new(vec![b' '; MAX_FILE_BYTES + 1]));
        assert_eq!(snapshot.left_out().len(), 2);
    }
}
