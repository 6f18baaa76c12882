//! The state directory on a disk that breaks at every step.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;

/// A disk that forgets, on a crash, what was not synced: content before `sync`, names before
/// `sync_folder`. It fails from a step on, or once.
#[derive(Clone, Debug, Default)]
struct BadDisk(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    /// Names as a running program sees them.
    names: BTreeMap<PathBuf, usize>,
    /// Names as they are after a crash.
    safe_names: BTreeMap<PathBuf, usize>,
    /// Contents by number, and how much of each is safe.
    contents: Vec<(Vec<u8>, Vec<u8>)>,
    steps: usize,
    /// Every step from this one on fails: the disk is full, or the program is dead.
    dead_from: Option<usize>,
}

impl BadDisk {
    fn step(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.0.lock().unwrap();
        state.steps += 1;
        match state.dead_from {
            Some(from) if state.steps > from => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => Ok(state),
        }
    }

    fn dies_after(&self, steps: Option<usize>) {
        let mut state = self.0.lock().unwrap();
        state.steps = 0;
        state.dead_from = steps;
    }

    /// The disk after a loss of power: only what is safe is there. With `lucky`, names had reached
    /// the disk although nobody asked for it, but the contents had not.
    fn after_crash(&self, lucky: bool) -> Self {
        let mut state = self.0.lock().unwrap().clone();
        state.names = if lucky { state.names.clone() } else { state.safe_names.clone() };
        state.safe_names = state.names.clone();
        for (content, safe) in &mut state.contents {
            *content = safe.clone();
        }
        state.dead_from = None;
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Disk for BadDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.0.lock().unwrap();
        let number = state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.contents[*number].0.clone())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock().unwrap();
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect())
    }

    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let outcome = self.step().map(drop);
        let mut state = self.0.lock().unwrap();
        // A full disk takes half of it; what is not synced yet, a crash leaves half of.
        let half = bytes[..bytes.len() / 2].to_vec();
        let content = if outcome.is_ok() { bytes.to_vec() } else { half.clone() };
        state.contents.push((content, half));
        let number = state.contents.len() - 1;
        state.names.insert(path.to_owned(), number);
        outcome
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        let number = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        state.contents[number].1 = state.contents[number].0.clone();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        state.safe_names.retain(|path, _| path.parent() != Some(folder));
        let inside: Vec<_> = state
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder))
            .map(|(path, number)| (path.clone(), *number))
            .collect();
        state.safe_names.extend(inside);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }
}

fn store(disk: &BadDisk) -> Store {
    Store::new(Box::new(disk.clone()), PathBuf::from("state")).unwrap()
}

fn snapshot(text: &str) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.insert("alert/alert.card.json", File::new(format!("the alert is {text}")));
    snapshot.insert("shared.card.json", File::new("the same in every version"));
    snapshot.at(format!("after {text}"))
}

fn save(store: &Store, text: &str) -> io::Result<()> {
    let templates = BTreeMap::from([("alert".to_owned(), sha256(text.as_bytes()))]);
    store.save(&snapshot(text), templates, "a test", 1)
}

/// The last good bundle: what its alert says.
fn last_good(store: &Store) -> Option<String> {
    let (manifests, _) = store.manifests().unwrap();
    let mut usable = manifests.iter().filter_map(|manifest| store.load(manifest).ok());
    let file = usable.next()?.file("alert/alert.card.json")?.clone();
    Some(String::from_utf8(file.bytes).unwrap())
}

#[test]
fn a_crash_at_any_step_leaves_the_old_or_the_new_bundle() {
    let good = BadDisk::default();
    save(&store(&good), "old").unwrap();
    let (mut old, mut new) = (0, 0);
    for steps in 0..200 {
        for lucky in [false, true] {
            // Each round begins with the same disk.
            let disk = good.after_crash(false);
            let kept = store(&disk);
            disk.dies_after(Some(steps));
            let saved = save(&kept, "new");
            let after = store(&disk.after_crash(lucky));
            let found = last_good(&after).unwrap();
            match found.as_str() {
                "the alert is old" => old += 1,
                "the alert is new" => new += 1,
                other => panic!("after {steps} steps: {other}"),
            }
            if saved.is_ok() {
                assert_eq!(found, "the alert is new", "it was promised after {steps} steps");
            }
            // And the next save works, whatever lies around.
            save(&after, "newest").unwrap();
            assert_eq!(last_good(&after).unwrap(), "the alert is newest");
        }
    }
    assert!(old > 5 && new > 5, "{old} times the old one, {new} times the new one");
}

#[test]
fn a_full_disk_says_so_and_harms_nothing() {
    let disk = BadDisk::default();
    let store = store(&disk);
    save(&store, "old").unwrap();
    for steps in 0..4 {
        disk.dies_after(Some(steps));
        let error = save(&store, "new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "after {steps} steps");
        disk.dies_after(None);
        assert_eq!(last_good(&store).unwrap(), "the alert is old", "after {steps} steps");
    }
    save(&store, "new").unwrap();
    assert_eq!(last_good(&store).unwrap(), "the alert is new");
}

#[test]
fn what_the_disk_damages_is_noticed() {
    let check = |damage: fn(&mut Vec<u8>)| {
        for part in ["bundles", "files"] {
            let disk = BadDisk::default();
            let store = store(&disk);
            save(&store, "old").unwrap();
            save(&store, "new").unwrap();
            let newest = store.manifests().unwrap().0.remove(0);
            let alert = newest.files["alert/alert.card.json"].sha256.clone();
            let mut state = disk.0.lock().unwrap();
            let hit = |path: &&PathBuf| {
                let path = path.to_string_lossy();
                path.contains(part) && (path.contains("00000002") || path.ends_with(&alert))
            };
            let number = state.names[state.names.keys().find(hit).unwrap()];
            damage(&mut state.contents[number].0);
            drop(state);
            assert_eq!(last_good(&store).unwrap(), "the alert is old", "{part}");
            save(&store, "new").unwrap();
            assert_eq!(last_good(&store).unwrap(), "the alert is new", "{part} is mended");
        }
    };
    check(Vec::clear);
    check(|bytes| bytes.truncate(bytes.len() / 2));
    check(|bytes| bytes[3] ^= 1);
    check(|bytes| bytes.push(b' '));
}

#[test]
fn the_history_is_bounded_and_keeps_what_is_pinned() {
    let disk = BadDisk::default();
    let store = store(&disk);
    for n in 0..KEPT + 10 {
        save(&store, &n.to_string()).unwrap();
        if n == 3 {
            let pinned = sha256(b"3");
            let templates = BTreeMap::from([("alert".to_owned(), pinned)]);
            store.set_pins(&Pins { bundle: None, templates }).unwrap();
        }
    }
    let (manifests, damaged) = store.manifests().unwrap();
    assert_eq!((manifests.len(), damaged.len()), (KEPT + 1, 0));
    let oldest = manifests.last().unwrap();
    assert_eq!((oldest.number, oldest.at_unix_ms), (4, 1));
    assert_eq!(store.load(oldest).unwrap().cursor(), Some("after 3"));
    let files = disk.list(Path::new("state/files")).unwrap();
    assert_eq!(files.len(), KEPT + 2, "one per version, and the one that they share");
}
