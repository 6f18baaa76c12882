//! The disk fails or fills up: nothing acknowledged is lost, and what may not be retried is not.
//!
//! The faults are those of the system: a small library loaded before the C library fails syncs and
//! writes while a file says so. The program under test is the one that runs in production.

use std::path::{Path, PathBuf};
use std::process::Command;

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Ledger, LedgerError};

use super::worker::Worker;

const FAULTS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int told(const char *name) {
    const char *path = getenv(name);
    return path && access(path, F_OK) == 0;
}
static int refuse(int code) { errno = code; return -1; }

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return told("FAIL_SYNC") ? refuse(EIO) : real(fd);
}
int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return told("FAIL_SYNC") ? refuse(EIO) : real(fd);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return told("FAIL_WRITE") ? refuse(ENOSPC) : real(fd, from, count, at);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    return told("FAIL_WRITE") ? refuse(ENOSPC) : real(fd, from, count, at);
}
"#;

/// A worker whose disk does what two files in its folder say.
struct Faulty {
    folder: tempfile::TempDir,
    worker: Worker,
}

impl Faulty {
    /// `None`, said aloud, where no C compiler is.
    fn start(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let library = library(folder.path(), test)?;
        let (sync, write) = (folder.path().join("fail-sync"), folder.path().join("fail-write"));
        let mut worker = Worker::obedient(&folder.path().join("argus.db"), |command| {
            command.env("LD_PRELOAD", library).env("FAIL_SYNC", sync).env("FAIL_WRITE", write);
        });
        assert_eq!(worker.hear().as_deref(), Some("open"));
        Some(Self { folder, worker })
    }

    fn fault(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("argus.db")
    }
}

fn library(folder: &Path, test: &str) -> Option<PathBuf> {
    let (source, library) = (folder.join("faults.c"), folder.join("faults.so"));
    std::fs::write(&source, FAULTS).expect("room");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    match built {
        Ok(status) => {
            assert!(status.success(), "the faults do not compile");
            Some(library)
        }
        Err(error) => {
            skipped(test, &format!("no C compiler: {error}"));
            None
        }
    }
}

#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn skipped(test: &str, why: &str) {
    eprintln!("skipped: store::disk::{test}: {why}");
}

#[tokio::test]
async fn a_failed_sync_is_fatal() -> Result<(), LedgerError> {
    let Some(mut faulty) = Faulty::start("a_failed_sync_is_fatal") else { return Ok(()) };
    assert_eq!(faulty.worker.tell("receive 1"), "ok");
    std::fs::write(faulty.fault("fail-sync"), "").expect("room");
    let refused = faulty.worker.tell("receive 2");
    assert!(refused.contains("disk I/O error"), "{refused}");
    std::fs::remove_file(faulty.fault("fail-sync")).expect("it is there");
    // The disk seems well again; what it dropped meanwhile nobody knows.
    let refused = faulty.worker.tell("receive 3");
    assert!(refused.contains("the disk failed"), "{refused}");
    assert!(faulty.worker.tell("append").contains("the disk failed"));
    assert!(faulty.worker.tell("broken").contains("the disk failed"));
    assert_eq!(faulty.worker.tell("find 1"), "true", "queries go on");
    let (store, Faulty { folder, worker }) = (faulty.store(), faulty);
    worker.kill();
    assert_eq!(verify(&store)?.findings, []);
    let reopened = Sqlite::open(&store)?;
    assert!(reopened.event(arrival(1).event_id).await?.is_some(), "it was acknowledged");
    assert!(reopened.event(arrival(3).event_id).await?.is_none(), "it was refused");
    drop((reopened, folder));
    Ok(())
}

#[tokio::test]
async fn a_full_disk_heals_by_itself() -> Result<(), LedgerError> {
    let Some(mut faulty) = Faulty::start("a_full_disk_heals_by_itself") else { return Ok(()) };
    let mut taken = Vec::new();
    for n in 0..30 {
        let full = n % 10 >= 5;
        if full {
            std::fs::write(faulty.fault("fail-write"), "").expect("room");
        }
        let said = faulty.worker.tell(&format!("receive {n}"));
        if full {
            assert!(said.contains("full"), "event {n}: {said}");
            std::fs::remove_file(faulty.fault("fail-write")).expect("it is there");
        } else {
            assert_eq!(said, "ok", "event {n}: there is room again");
            taken.push(n);
        }
        for &n in &taken {
            assert_eq!(faulty.worker.tell(&format!("find {n}")), "true", "queries go on");
        }
    }
    let (store, Faulty { folder, worker }) = (faulty.store(), faulty);
    worker.kill();
    assert_eq!(verify(&store)?.findings, []);
    let counts = Sqlite::open(&store)?.counts().await?;
    assert_eq!(counts.events, taken.len() as u64, "what was refused is not there");
    drop(folder);
    Ok(())
}

/// A real small disk: events stop at the mark, records of what runs go on, and room heals it.
#[tokio::test]
async fn the_last_room_is_kept_for_what_runs() {
    let test = "the_last_room_is_kept_for_what_runs";
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("room");
    let mount = |args: &[&str]| Command::new(args[0]).args(&args[1..]).arg(&disk).status();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=12m", "argus-test"]);
    if !mounted.is_ok_and(|status| status.success()) {
        return skipped(test, "a small disk cannot be mounted here (it takes root)");
    }
    let ran = std::panic::catch_unwind(|| small_disk(&disk));
    mount(&["umount", "-l"]).expect("umount is there");
    if let Err(panic) = ran {
        std::panic::resume_unwind(panic);
    }
}

fn small_disk(disk: &Path) {
    let ballast = disk.join("ballast");
    let store = disk.join("argus.db");
    let mut worker = Worker::obedient(&store, |_| {});
    assert_eq!(worker.hear().as_deref(), Some("open"));
    assert_eq!(worker.tell("receive 1"), "ok");
    // 12 MB minus 11.2 MB leaves more than the store needs now, and less than five percent later.
    std::fs::write(&ballast, vec![0; 10_500_000]).expect("room");
    let refused = (2..5_000).find_map(|n| {
        let said = worker.tell(&format!("receive {n}"));
        (said != "ok").then_some((n, said))
    });
    let (n, said) = refused.expect("the disk fills up");
    assert!(said.contains("almost full"), "event {n}: {said}");
    for _ in 0..20 {
        assert_eq!(worker.tell("append"), "ok", "what runs can still be recorded");
    }
    assert!(worker.tell("receive 6000").contains("almost full"));
    assert_eq!(worker.tell("find 1"), "true");
    std::fs::remove_file(&ballast).expect("it is there");
    assert_eq!(worker.tell(&format!("receive {n}")), "ok", "there is room again");
    worker.kill();
    assert_eq!(verify(&store).expect("it is readable").findings, []);
}
