//! The suite, run by the adapters of this crate, and what only a folder can do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;

use super::suite::{self, Author};
use super::{Folder, MAX_FILE_BYTES, Memory, Snapshot, TemplateSource};

/// The adapters of this crate never wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

struct Desk(PathBuf);

#[async_trait]
impl Author for Desk {
    async fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    async fn remove(&self, path: &str) {
        fs::remove_file(self.0.join(path)).unwrap();
    }

    async fn rename_folder(&self, from: &str, to: &str) {
        fs::rename(self.0.join(from), self.0.join(to)).unwrap();
    }
}

#[async_trait]
impl Author for Memory {
    async fn put(&self, path: &str, bytes: &[u8]) {
        Memory::put(self, path, bytes);
    }

    async fn remove(&self, path: &str) {
        Memory::remove(self, path);
    }

    async fn rename_folder(&self, from: &str, to: &str) {
        let held = self.fetch(&Snapshot::default()).await.unwrap().unwrap();
        for (path, file) in held.files() {
            if let Some(rest) = path.strip_prefix(from).filter(|rest| rest.starts_with('/')) {
                Memory::remove(self, path);
                Memory::put(self, format!("{to}{rest}"), file.bytes.as_slice());
            }
        }
    }
}

#[test]
fn memory_keeps_the_promises() {
    let memory = Memory::default();
    now(suite::all(&memory, &memory)).unwrap();
}

#[test]
fn a_folder_keeps_the_promises() {
    let place = tempfile::tempdir().unwrap();
    now(suite::all(&Folder::new(place.path()), &Desk(place.path().to_owned()))).unwrap();
}

#[test]
fn each_watch_is_told_until_it_is_dropped() {
    let place = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    let folder = Folder::new(place.path()).quiet(Duration::from_millis(10));
    let desk = Desk(place.path().to_owned());
    let sources: [(&dyn TemplateSource, &dyn Author); 2] = [(&memory, &memory), (&folder, &desk)];
    for (source, author) in sources {
        let (tell, told) = channel();
        let watch = source.watch(Box::new(move || tell.send(()).unwrap_or_default())).unwrap();
        assert!(watch.is_some(), "{} can tell", source.name());
        now(author.put("a.json", b"{}"));
        // Not a measurement: it only bounds how long a failing test hangs.
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        drop(watch);
        // The sender goes with the watch, so that this ends.
        while told.recv_timeout(Duration::from_secs(20)).is_ok() {}
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_folder_only() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let put = |folder: &Path, name: &str| {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), "{}").unwrap();
    };
    // As Kubernetes mounts a ConfigMap.
    put(&place.path().join("..2026_01"), "alert.card.json");
    symlink("..2026_01", place.path().join("..data")).unwrap();
    symlink("..data/alert.card.json", place.path().join("alert.card.json")).unwrap();
    put(outside.path(), "secret.json");
    symlink(outside.path().join("secret.json"), place.path().join("secret.json")).unwrap();
    symlink(outside.path(), place.path().join("other")).unwrap();
    symlink("nowhere.json", place.path().join("dangling.json")).unwrap();
    symlink(".", place.path().join("loop")).unwrap();

    let found = now(Folder::new(place.path()).fetch(&Snapshot::default())).unwrap().unwrap();
    let paths: Vec<&str> = found.paths().collect();
    assert_eq!(paths[0], "alert.card.json");
    assert!(paths.iter().all(|path| path.ends_with("alert.card.json")), "{paths:?}");
    let said: Vec<&str> = found.left_out().iter().map(|it| it.file.as_str()).collect();
    assert!(said.contains(&"secret.json"), "{said:?}");
}

#[test]
fn a_folder_that_is_not_there_is_unavailable() {
    let error = now(Folder::new("/no/such/folder").fetch(&Snapshot::default())).unwrap_err();
    assert_eq!(error.to_string(), "`/no/such/folder` cannot be read");
    assert!(error.is_transient());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("big.card.json"), vec![b' '; 3 * MAX_FILE_BYTES]).unwrap();
    let found = now(Folder::new(place.path()).fetch(&Snapshot::default())).unwrap().unwrap();
    let why = "big.card.json: left out, since it has 3145728 bytes, more than 1048576";
    assert_eq!(found.left_out()[0].to_string(), why);
}
