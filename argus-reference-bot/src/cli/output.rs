//! What commands read and write. Everything to a terminal goes through here.

use std::io::{self, Read, Write};
use std::path::Path;

use clap::ValueEnum;

use super::Complaint;

/// For whom a command writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// Writes a line to standard output.
///
/// # Errors
///
/// If nobody reads it any more.
pub(super) fn say(line: &str) -> Result<(), Complaint> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(())
}

/// Writes a line to standard error. If nobody reads that, there is nobody to tell.
pub(super) fn complain(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
///
/// Which file, and why not.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Complaint> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.map_err(|error| Complaint(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}
