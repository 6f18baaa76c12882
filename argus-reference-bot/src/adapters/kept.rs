//! Copies on disk: put in place whole, so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file of a source's copy. Names come from the settings; what could lead elsewhere is replaced.
pub(super) fn file(folder: &Path, source: &str) -> PathBuf {
    let plain = |it: char| if it.is_alphanumeric() || it == '-' { it } else { '_' };
    folder.join(format!("{}.json", source.chars().map(plain).collect::<String>()))
}

/// Reads a copy. One that is not there or cannot be read is none: it is made anew.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(kept) => Some(kept),
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "a copy cannot be read and is made anew");
            None
        }
    }
}

/// Puts a copy in place of the one before.
///
/// # Errors
///
/// What the system says; the one before is still there.
pub(super) fn save<T: Serialize>(path: &Path, kept: &T) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A command may write beside a running bot.
    let beside = path.with_extension(format!("json.{}.new", std::process::id()));
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}
