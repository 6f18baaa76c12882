//! Templates in a folder.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::Watching;
use super::snapshot::too_large;
use super::{File, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, OnChange, Snapshot, TemplateSource};
use crate::error::{Error, ErrorKind};

/// Templates in a folder: `NAME/NAME.card.json` with samples beside it in `NAME/samples/*.json`, or
/// just `NAME.card.json`.
///
/// With the feature `watch` it tells when something changes. A link is followed if it leads to
/// somewhere in the folder, as those of Kubernetes' volumes do, and left out otherwise.
///
/// ```no_run
/// use argus_cards::Library;
/// use argus_cards::source::Folder;
///
/// let (library, trouble) = Library::of(Folder::new("card-templates"));
/// # let _ = (library, trouble);
/// ```
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    #[cfg(feature = "watch")]
    quiet: std::time::Duration,
}

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            #[cfg(feature = "watch")]
            quiet: watch::QUIET,
        }
    }

    /// How long nothing must happen until a change counts as complete; editors write a file in
    /// several steps. 100 ms unless set.
    #[cfg(feature = "watch")]
    #[must_use]
    pub fn quiet(mut self, quiet: std::time::Duration) -> Self {
        self.quiet = quiet;
        self
    }

    fn read(&self) -> Result<Snapshot, Error> {
        let root = fs::canonicalize(&self.path).map_err(|error| unreadable(&self.path, error))?;
        let mut snapshot = Snapshot::default().at("folder");
        let mut folders = vec![(self.path.clone(), String::new(), 1)];
        let mut seen = 0;
        while let Some((folder, prefix, depth)) = folders.pop() {
            for (name, path) in entries(&folder)? {
                seen += 1;
                if seen > MOST_ENTRIES {
                    return Err(self.too_many());
                }
                let shown = format!("{prefix}{name}");
                match kind(&path, &root)? {
                    Kind::Folder if depth < MAX_DEPTH => {
                        folders.push((path, format!("{shown}/"), depth + 1));
                    }
                    Kind::File if Snapshot::wants(&shown) => take(&mut snapshot, &path, shown)?,
                    Kind::Outside if Snapshot::wants(&shown) => {
                        snapshot.leave_out(shown, "it is a link out of the folder");
                    }
                    _ => {}
                }
            }
        }
        Ok(snapshot)
    }

    fn too_many(&self) -> Error {
        let context = format!(
            "`{}` has more than {MOST_ENTRIES} files and folders; it is no folder of templates",
            self.path.display(),
        );
        Error::new(ErrorKind::SourceUnavailable, context)
    }
}

/// Whoever names the wrong folder, such as their home, is told so instead of waiting.
const MOST_ENTRIES: usize = 10 * MAX_FILES;

enum Kind {
    File,
    Folder,
    Outside,
    Other,
}

fn kind(path: &Path, root: &Path) -> Result<Kind, Error> {
    let found = fs::symlink_metadata(path).and_then(|found| {
        if !found.is_symlink() {
            return Ok((found, true));
        }
        let target = fs::canonicalize(path)?;
        Ok((fs::metadata(&target)?, target.starts_with(root)))
    });
    Ok(match found {
        Ok((_, false)) => Kind::Outside,
        Ok((found, _)) if found.is_dir() => Kind::Folder,
        Ok((found, _)) if found.is_file() => Kind::File,
        Ok(_) => Kind::Other,
        // It was removed or renamed since it was listed, as editors do; or a link leads nowhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Kind::Other,
        Err(error) => return Err(unreadable(path, error)),
    })
}

/// What is in a folder, in order and without what is hidden.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let named = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name().into_string().unwrap_or_default(), entry.path()))
    };
    let read =
        fs::read_dir(folder).and_then(|read| read.map(named).collect::<io::Result<Vec<_>>>());
    let mut entries = read.map_err(|error| unreadable(folder, error))?;
    entries.retain(|(name, _)| !name.is_empty() && !name.starts_with('.'));
    entries.sort();
    Ok(entries)
}

fn take(snapshot: &mut Snapshot, path: &Path, shown: String) -> Result<(), Error> {
    let mut bytes = Vec::new();
    // Never more than a file may have, even if it grows while it is read.
    let most = MAX_FILE_BYTES as u64 + 1;
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() > MAX_FILE_BYTES => {
            let size = fs::metadata(path)
                .map_or(bytes.len(), |it| it.len().try_into().unwrap_or(usize::MAX));
            snapshot.leave_out(shown, &too_large(size));
        }
        Ok(_) => snapshot.insert(shown, File::new(bytes)),
        // It was removed or renamed between listing and reading, as editors do.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(path, error)),
    }
    Ok(())
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let context = format!("`{}` cannot be read", path.display());
    Error::new(ErrorKind::SourceUnavailable, context).because(error)
}

#[async_trait]
impl TemplateSource for Folder {
    fn name(&self) -> String {
        format!("folder:{}", self.path.display())
    }

    async fn fetch(&self, held: &Snapshot) -> Result<Option<Snapshot>, Error> {
        let snapshot = self.read()?;
        let same = held.cursor().is_some() && snapshot.same(held);
        Ok((!same).then_some(snapshot))
    }

    #[cfg(feature = "watch")]
    fn watch(&self, on_change: OnChange) -> Result<Option<Watching>, Error> {
        watch::start(&self.path, self.quiet, on_change).map(Some)
    }

    #[cfg(not(feature = "watch"))]
    fn watch(&self, _: OnChange) -> Result<Option<Watching>, Error> {
        Ok(None)
    }
}

#[cfg(feature = "watch")]
mod watch;
