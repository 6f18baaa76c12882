//! Playbooks as files in a folder of this computer.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::ports::playbooks::{LONGEST, MOST, PlaybookSource, Texts};

/// A folder of playbooks.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn texts(&self) -> Result<Texts, String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", self.0.display());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.0).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if is_playbook(&path) && path.is_file() {
                names.push(path);
            }
        }
        if names.len() > MOST {
            return Err(format!("{}: more than {MOST} playbooks", self.0.display()));
        }
        names.sort();
        let name_of =
            |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = names.iter().map(|path| (name_of(path), text(path))).collect();
        Ok(Texts { at: None, files })
    }
}

/// Whether a file's name is that of a playbook; its tests lie beside it.
pub(super) fn is_playbook(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|it| !it.starts_with('.') && it.rsplit('.').next() != Some("test"))
}

/// The text of a file's bytes.
pub(super) fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let most = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    utf8(bytes)
}

#[async_trait]
impl PlaybookSource for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    async fn read(&self) -> Result<Texts, String> {
        let folder = self.clone();
        let read = tokio::task::spawn_blocking(move || folder.texts());
        read.await.map_err(|error| error.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn playbooks_are_read_and_what_lies_beside_them_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        };
        write("b.yml", b"two");
        write("a.yaml", b"one");
        write("a.test.yaml", b"tests");
        write("README.md", b"words");
        write(".a.yaml", b"an editor's");
        write("latin.yaml", b"caf\xe9");
        write("long.yaml", &vec![b'x'; LONGEST + 1]);
        std::fs::create_dir(folder.path().join("folder.yaml")).expect("made");
        let texts = Folder::new(folder.path()).read().await.expect("texts");
        let names: Vec<&str> = texts.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.yaml", "b.yml", "latin.yaml", "long.yaml"]);
        let good = texts.files.iter().filter_map(|(_, text)| text.as_deref().ok());
        assert_eq!(good.collect::<Vec<_>>(), ["one", "two"]);
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let why = Folder::new(folder.path().join("gone")).read().await.expect_err("why");
        assert!(why.contains("gone"), "{why}");
    }
}
