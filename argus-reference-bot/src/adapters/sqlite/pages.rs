//! A digest of every page of the store's file, so that a changed byte is found wherever it stands.
//!
//! The chain proves the records and a rebuild proves the tables. Neither sees the bytes that SQLite
//! keeps without using them: gaps in pages, tails of overflow pages, free pages, reserved fields.
//! So the writer keeps a list beside the store (`-pages`): 16 bytes of SHA-256 for each page, as the
//! last checkpoint left it.
//!
//! The list is never ahead of the file and never behind what the write-ahead log can explain:
//! SQLite copies frames of the log into the file, then the list takes over their digests and is
//! synced, and only the next transaction may start the log again from its beginning. At every
//! instant a page is thus either as listed, or as in a frame of the log. A kill between any two
//! steps leaves nothing to repair. A page that stands in the log is not compared: the file's copy of
//! it is dead and will be written anew.
//!
//! Another program may carry the log over into the file after a crash (`sqlite3` does when it
//! closes). The log then no longer follows from the list, which its salt tells; nothing is reported
//! from such a list, and the next start makes a new one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use argus_soc::ledger::Hash;

const MAGIC: [u8; 8] = *b"ARGUSPG1";
/// Magic, page size, state, salt, and room for more.
const HEADER: usize = 32;
const DIGEST: usize = 16;
/// The write-ahead log's own header, and that of each frame (sqlite.org/fileformat2.html, 4.1).
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

type Digest = [u8; DIGEST];

/// What the write-ahead log must be for the list to say something about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The store was closed: all is in the file. Whatever log there is came later.
    Closed,
    /// The store was opened and the log not yet carried over: there must be one.
    Opened,
    /// The log with this salt was carried over: it is still there, or the next one is.
    Follows(u32),
}

impl State {
    fn fits(self, log: Option<u32>) -> bool {
        match (self, log) {
            (Self::Closed, _) | (Self::Opened, Some(_)) => true,
            // SQLite counts the first salt up by one whenever the log starts again.
            (Self::Follows(salt), Some(log)) => log == salt || log == salt.wrapping_add(1),
            (Self::Opened | Self::Follows(_), None) => false,
        }
    }
}

/// The list, as its writer holds it.
#[derive(Debug)]
pub(super) struct Pages {
    /// Held open as long as the store is: closing any handle of the file would drop the locks that
    /// SQLite holds on it in this process.
    store: File,
    log: PathBuf,
    list: File,
    page_size: u32,
    /// Salt of the log, and how many of its frames the list has taken over.
    taken: (u32, u32),
    /// The list could not be written and must be made anew.
    lost: bool,
}

impl Pages {
    /// Opens the list of the store at `path`, or makes it from the file as it is.
    pub(super) fn open(path: &Path, page_size: u32) -> io::Result<Self> {
        let store = File::open(path)?;
        let log = beside(path, "-wal");
        let list = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(beside(path, "-pages"))?;
        let salt = Log::open(&log)?.map(|log| log.salt);
        let mut pages = Self { store, log, list, page_size, taken: (0, 0), lost: false };
        match header(&pages.list)? {
            Some((size, state)) if size == page_size && state.fits(salt) => {
                if state == State::Closed {
                    pages.write_header(State::Opened)?;
                }
            }
            _ => pages.make()?,
        }
        Ok(pages)
    }

    /// Takes over the first `frames` frames of the log, which are in the file now.
    pub(super) fn take(&mut self, frames: u32) {
        let taken = if self.lost { self.make() } else { self.take_frames(frames) };
        self.lost = match taken {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!(error = %error, "cannot write the list of pages; it is made anew later");
                // An empty list claims nothing. Should even that fail, a later start finds that the
                // log does not follow.
                drop(self.list.set_len(0));
                true
            }
        };
    }

    /// Notes that all is in the file and the log may go.
    pub(super) fn close(&self) -> io::Result<()> {
        if self.lost {
            return Ok(());
        }
        self.write_header(State::Closed)?;
        self.list.sync_data()
    }

    fn take_frames(&mut self, frames: u32) -> io::Result<()> {
        let Some(log) = Log::open(&self.log)? else { return Ok(()) };
        if log.salt != self.taken.0 {
            self.taken = (log.salt, 0);
        }
        let mut newest = BTreeMap::new();
        for frame in self.taken.1..frames {
            if let Some(page) = log.page_of(frame)? {
                newest.insert(page, frame);
            }
        }
        let mut buffer = log.buffer();
        for (page, frame) in newest {
            let digest = log.digest(frame, &mut buffer)?;
            self.list.write_all_at(&digest, place_of(page))?;
        }
        self.write_header(State::Follows(log.salt))?;
        // Before the next transaction overwrites the frames that vouch for these pages.
        self.list.sync_data()?;
        self.taken.1 = frames;
        Ok(())
    }

    /// Makes the list from the file as it is.
    fn make(&mut self) -> io::Result<()> {
        self.list.set_len(0)?;
        self.list.sync_data()?;
        let mut buffer = vec![0; self.page_size as usize];
        let pages = self.store.metadata()?.len() / u64::from(self.page_size);
        let mut digests = Vec::new();
        for page in 0..pages {
            self.store.read_exact_at(&mut buffer, page * u64::from(self.page_size))?;
            digests.extend(digest_of(&buffer));
        }
        self.list.write_all_at(&digests, HEADER as u64)?;
        self.list.sync_data()?;
        let salt = Log::open(&self.log)?.map(|log| log.salt);
        self.taken = (0, 0);
        self.write_header(salt.map_or(State::Opened, State::Follows))?;
        self.list.sync_data()
    }

    fn write_header(&self, state: State) -> io::Result<()> {
        let (code, salt) = match state {
            State::Closed => (0u32, 0u32),
            State::Opened => (1, 0),
            State::Follows(salt) => (2, salt),
        };
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(self.page_size.to_be_bytes());
        header.extend(code.to_be_bytes());
        header.extend(salt.to_be_bytes());
        header.resize(HEADER, 0);
        self.list.write_all_at(&header, 0)
    }
}

/// What a look at every page gave.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Pages that are as they were written; `None` if nothing vouches for them.
    pub(super) pages: Option<u64>,
    /// Which are not, in words.
    pub(super) changed: Vec<String>,
}

impl Looked {
    /// Nothing could be looked at.
    pub(super) fn failed(why: &str) -> Self {
        Self { pages: None, changed: vec![format!("its pages cannot be read: {why}")] }
    }
}

/// Compares every page of the store at `path`, open as `store`, with the list and the log. The
/// caller holds a read transaction, so that no page changes that the log does not keep.
pub(super) fn look(path: &Path, store: &File) -> io::Result<Looked> {
    let list = match File::open(beside(path, "-pages")) {
        Ok(list) => list,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Looked::default()),
        Err(error) => return Err(error),
    };
    // The writer may be carrying the log over meanwhile: the list before covers a page that is not
    // copied yet, the list after covers a log that has started again.
    let before = digests(&list)?;
    let log = Log::open(&beside(path, "-wal"))?;
    // A page that the log holds is dead in the file: SQLite reads it from the log, and carrying the
    // log over writes it anew. Whether the file has it yet, the list cannot know at every instant.
    let in_log = log.as_ref().map(Log::pages).transpose()?.unwrap_or_default();
    let after = digests(&list)?;
    let Some((page_size, state)) = header(&list)? else {
        let damaged = (list.metadata()?.len() > 0)
            .then(|| "the list of pages beside the store is damaged".to_owned());
        return Ok(Looked { pages: None, changed: damaged.into_iter().collect() });
    };
    if !state.fits(log.map(|log| log.salt)) {
        return Ok(Looked::default());
    }
    let empty = digest_of(&vec![0; page_size as usize]);
    let vouched = |page: u32, digest: Option<&Digest>| {
        let at = page as usize - 1;
        in_log.contains(&page)
            || page == lock_page(page_size) && digest == Some(&empty)
            || digest.is_some() && (before.get(at) == digest || after.get(at) == digest)
    };
    compare(store, page_size, before.len(), vouched)
}

fn compare(
    store: &File,
    page_size: u32,
    listed: usize,
    vouched: impl Fn(u32, Option<&Digest>) -> bool,
) -> io::Result<Looked> {
    let (size, length) = (u64::from(page_size), store.metadata()?.len());
    let mut buffer = vec![0; page_size as usize];
    let (mut good, mut changed) = (0, Vec::new());
    let last = u32::try_from(length / size).unwrap_or(u32::MAX);
    for page in 1..=last {
        let start = u64::from(page - 1) * size;
        store.read_exact_at(&mut buffer, start)?;
        if vouched(page, Some(&digest_of(&buffer))) {
            good += 1;
        } else {
            let end = start + size - 1;
            changed.push(format!(
                "page {page} (bytes {start} to {end}) does not hold what was written there"
            ));
        }
    }
    let missing =
        (last + 1..=u32::try_from(listed).unwrap_or(u32::MAX)).any(|it| !vouched(it, None));
    if length % size != 0 || missing {
        changed.push(format!("it ends at byte {length}, within or before its {listed} pages"));
    }
    Ok(Looked { pages: Some(good), changed })
}

/// The write-ahead log, as far as its frames belong to its header.
struct Log {
    file: File,
    page_size: u32,
    salt: u32,
    salts: [u8; 8],
}

impl Log {
    /// `None` if there is no log, or nothing in it.
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut header = [0; WAL_HEADER];
        if !read_whole(&file, &mut header, 0)? {
            return Ok(None);
        }
        let (page_size, salt) = (number(&header, 8), number(&header, 16));
        if !is_size(page_size) {
            return Ok(None);
        }
        let salts = header.get(16..24).and_then(|it| it.try_into().ok()).unwrap_or_default();
        Ok(Some(Self { file, page_size, salt, salts }))
    }

    fn buffer(&self) -> Vec<u8> {
        vec![0; self.page_size as usize]
    }

    fn start(&self, frame: u32) -> u64 {
        WAL_HEADER as u64 + u64::from(frame) * (FRAME_HEADER as u64 + u64::from(self.page_size))
    }

    /// The page that a frame is about; `None` behind the last frame of this log.
    fn page_of(&self, frame: u32) -> io::Result<Option<u32>> {
        let mut header = [0; FRAME_HEADER];
        let whole = read_whole(&self.file, &mut header, self.start(frame))?;
        let page = number(&header, 0);
        Ok((whole && header.get(8..16) == Some(&self.salts) && page > 0).then_some(page))
    }

    fn digest(&self, frame: u32, buffer: &mut [u8]) -> io::Result<Digest> {
        self.file.read_exact_at(buffer, self.start(frame) + FRAME_HEADER as u64)?;
        Ok(digest_of(buffer))
    }

    /// Every page that a frame holds.
    fn pages(&self) -> io::Result<BTreeSet<u32>> {
        let (mut all, mut frame) = (BTreeSet::new(), 0);
        while let Some(page) = self.page_of(frame)? {
            all.insert(page);
            frame += 1;
        }
        Ok(all)
    }
}

fn header(list: &File) -> io::Result<Option<(u32, State)>> {
    let mut header = [0; HEADER];
    if !read_whole(list, &mut header, 0)? || header.get(..8) != Some(&MAGIC) {
        return Ok(None);
    }
    let state = match number(&header, 12) {
        0 => State::Closed,
        1 => State::Opened,
        2 => State::Follows(number(&header, 16)),
        _ => return Ok(None),
    };
    let page_size = number(&header, 8);
    Ok(is_size(page_size).then_some((page_size, state)))
}

fn digests(list: &File) -> io::Result<Vec<Digest>> {
    let length = usize::try_from(list.metadata()?.len()).unwrap_or(0).saturating_sub(HEADER);
    let mut bytes = vec![0; length - length % DIGEST];
    if !read_whole(list, &mut bytes, HEADER as u64)? {
        return Ok(Vec::new());
    }
    Ok(bytes.chunks_exact(DIGEST).filter_map(|it| it.try_into().ok()).collect())
}

/// Whether `buffer` could be filled; the file may be shorter.
fn read_whole(file: &File, buffer: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether SQLite has pages of this size; anything else is a changed byte.
fn is_size(page: u32) -> bool {
    page.is_power_of_two() && (512..=32_768).contains(&page)
}

fn digest_of(page: &[u8]) -> Digest {
    let hash = Hash::of(page);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// The page that SQLite never writes, because the byte at 1 GiB stands for its locks
/// (sqlite.org/fileformat2.html, 1.5). In a file that reaches so far it is empty.
fn lock_page(page_size: u32) -> u32 {
    (1 << 30) / page_size + 1
}

fn place_of(page: u32) -> u64 {
    HEADER as u64 + u64::from(page - 1) * DIGEST as u64
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// A file that belongs to the store and is named after it.
pub(super) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of more than a gibibyte, mostly a hole, with every page in the list but the one that
    /// the writer never writes.
    #[test]
    fn the_page_of_locks_is_vouched_for_while_it_is_empty() {
        const SIZE: u32 = 32_768;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("argus.db");
        let store = File::create_new(&path).expect("a store");
        let last = lock_page(SIZE) + 1;
        store.set_len(u64::from(last) * u64::from(SIZE)).expect("a hole");
        let empty = digest_of(&vec![0; SIZE as usize]);
        let pages = File::create_new(beside(&path, "-pages")).expect("a list");
        let mut listed = Vec::from(MAGIC);
        listed.extend(SIZE.to_be_bytes());
        listed.resize(HEADER, 0);
        listed.extend(empty.repeat(last as usize));
        let lock_at = usize::try_from(place_of(lock_page(SIZE))).expect("fits");
        listed[lock_at..lock_at + DIGEST].fill(0);
        pages.write_all_at(&listed, 0).expect("the list");

        let again = || look(&path, &File::open(&path).expect("the store")).expect("a look");
        let looked = again();
        assert_eq!((looked.pages, looked.changed), (Some(u64::from(last)), vec![]));
        store.write_all_at(b"x", 1 << 30).expect("a changed byte");
        let changed = again().changed;
        assert!(changed.len() == 1 && changed[0].contains("page 32769"), "{changed:?}");
    }
}
