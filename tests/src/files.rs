//! The files of the repository, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// What nobody wrote. In a worktree `.git` is a file.
const MADE: [&str; 4] = ["target", "node_modules", "dist", ".git"];

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

/// One file.
pub(crate) struct File {
    /// Its place, from the top folder, with slashes.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

/// All text files under a folder, in order of their path.
pub(crate) fn under(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    let start = if folder.is_empty() { root() } else { root().join(folder) };
    walk(&start, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "there are no files under {folder:?}");
    found
}

/// One file's text.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    for entry in entries {
        let entry = entry.expect("an entry can be read");
        let kind = entry.file_type().expect("an entry has a type");
        let path = entry.path();
        if MADE.iter().any(|made| path.ends_with(made)) {
            continue;
        }
        if kind.is_dir() {
            walk(&path, found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(&path)
        {
            let path = path.strip_prefix(root()).expect("it is in the repository");
            found.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
