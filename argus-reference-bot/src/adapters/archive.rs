//! Archives as files in a folder: JSON lines as those of `argus audit export`, packed with gzip.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::What;
use async_trait::async_trait;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::verify::line;
use crate::hex::hex;
use crate::ports::archives::Archives;
use crate::ports::chain::Link;

/// A folder of archives.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    fn write(&self, name: &str, links: &[Link]) -> io::Result<String> {
        let (path, draft) = (self.0.join(name), self.0.join(format!("{name}.draft")));
        let mut packed =
            GzEncoder::new(Digesting::new(File::create(&draft)?), Compression::default());
        for link in links {
            writeln!(packed, "{}", line(link))?;
        }
        let Digesting { file, hasher } = packed.finish()?;
        // The store gives the bodies up once this is recorded, so it has to survive a power cut.
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        File::open(&self.0)?.sync_all()?;
        Ok(hex(&hasher.finalize()))
    }
}

#[async_trait]
impl Archives for Folder {
    async fn keep(&self, name: String, links: Vec<Link>) -> io::Result<String> {
        let folder = self.clone();
        let written = tokio::task::spawn_blocking(move || folder.write(&name, &links));
        written.await.map_err(io::Error::other)?
    }
}

/// A file whose digest is taken while it is written.
struct Digesting {
    file: File,
    hasher: Sha256,
}

impl Digesting {
    fn new(file: File) -> Self {
        Self { file, hasher: Sha256::new() }
    }
}

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What a record says of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The record.
    pub seq: u64,
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// How many bodies it holds.
    pub events: u64,
}

/// Checks an archive in `folder` against its record: the file byte for byte, and in it every body
/// against the digest in its event's record.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check(folder: &Path, recorded: &Recorded) -> Result<(), String> {
    let path = folder.join(&recorded.file);
    let cannot = |error: io::Error| format!("{}: {error}", path.display());
    let mut hasher = Sha256::new();
    let mut file = File::open(&path).map_err(cannot)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(cannot)?;
        if read == 0 {
            break;
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
    if hex(&hasher.finalize()) != recorded.sha256 {
        return Err(format!("{}: it is not the file that was recorded", path.display()));
    }
    let mut events = 0;
    for line in BufReader::new(GzDecoder::new(File::open(&path).map_err(cannot)?)).lines() {
        let link = Link::from_line(&line.map_err(cannot)?)?;
        let raw = link.raw.as_deref().filter(|raw| !raw.is_empty());
        let fact = link.fact().map_err(|error| error.to_string())?;
        let What::Received { raw_sha256, .. } = fact.what else {
            return Err(format!("{}: record {} is no event", path.display(), link.seq));
        };
        let is_its = raw.is_some_and(|raw| raw_sha256 == Hash::of(raw).to_string());
        let before = Hash::from_slice(&link.prev);
        let hash = before.map(|before| Hash::link(&before, &link.payload));
        if !is_its || hash.is_none_or(|hash| link.hash != hash.as_bytes()) {
            let (path, seq) = (path.display(), link.seq);
            return Err(format!("{path}: the event of record {seq} is not as it was received"));
        }
        events += 1;
    }
    if events != recorded.events {
        let (path, wanted) = (path.display(), recorded.events);
        return Err(format!("{path}: there are {events} bodies in it, and {wanted} were recorded"));
    }
    Ok(())
}
