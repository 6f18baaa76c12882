//! What every source owes, written once: each function is one promise.
//!
//! A test of one's own source implements [`Author`], the hand that changes files, and calls [`all`].

use async_trait::async_trait;

use super::{MAX_FILE_BYTES, Snapshot, TemplateSource};
use crate::error::Error;

/// A designer at work: changes the files that the source shows, as they are changed in real life.
#[async_trait]
pub trait Author: Send + Sync {
    /// Writes a file, and the folders above it.
    async fn put(&self, path: &str, bytes: &[u8]);
    /// Removes a file.
    async fn remove(&self, path: &str);
    /// Renames a folder.
    async fn rename_folder(&self, from: &str, to: &str);
}

/// Checks everything; the source has no files at first.
///
/// # Errors
///
/// What the source says where it should have answered.
///
/// # Panics
///
/// If a promise is broken.
///
/// ```no_run
/// use argus_cards::source::{Folder, suite};
/// # async fn check(designer: impl suite::Author, path: &std::path::Path) -> Result<(), argus_cards::Error> {
/// suite::all(&Folder::new(path), &designer).await?;
/// # Ok(()) }
/// ```
pub async fn all(source: &dyn TemplateSource, author: &dyn Author) -> Result<(), Error> {
    assert!(!source.name().is_empty(), "a source has a name for people");
    let empty = an_empty_source_is_an_answer(source).await?;
    let held = a_change_is_seen_once(source, author, empty).await?;
    let held = what_is_gone_is_gone(source, author, held).await?;
    let held = a_folder_can_be_renamed(source, author, held).await?;
    what_breaks_a_limit_is_left_out_and_said(source, author, held).await?;
    a_restart_goes_on_from_what_is_held(source, author).await
}

/// Asks as a library does.
async fn next(source: &dyn TemplateSource, held: Snapshot) -> Result<Snapshot, Error> {
    Ok(source.fetch(&held).await?.unwrap_or(held))
}

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.paths().collect()
}

fn says(snapshot: &Snapshot, path: &str, bytes: &[u8]) {
    let file = snapshot.file(path).map(|file| String::from_utf8_lossy(&file.bytes));
    assert_eq!(file, Some(String::from_utf8_lossy(bytes)), "{path}");
}

async fn an_empty_source_is_an_answer(source: &dyn TemplateSource) -> Result<Snapshot, Error> {
    let first = source.fetch(&Snapshot::default()).await?;
    let first = first.ok_or_else(|| Error::unavailable("the first answer must be a snapshot"))?;
    assert_eq!(paths(&first), [""; 0], "no files yet");
    assert!(source.fetch(&first).await?.is_none(), "nothing has changed");
    Ok(first)
}

async fn a_change_is_seen_once(
    source: &dyn TemplateSource,
    author: &dyn Author,
    held: Snapshot,
) -> Result<Snapshot, Error> {
    author.put("alert/alert.card.json", b"{\"one\":1}").await;
    author.put("alert/samples/a.json", b"{}").await;
    author.put("notes.txt", b"no template").await;
    let held = next(source, held).await?;
    assert_eq!(paths(&held), ["alert/alert.card.json", "alert/samples/a.json"]);
    says(&held, "alert/alert.card.json", b"{\"one\":1}");

    author.put("alert/alert.card.json", b"{\"two\":2}").await;
    let held = next(source, held).await?;
    says(&held, "alert/alert.card.json", b"{\"two\":2}");
    says(&held, "alert/samples/a.json", b"{}");
    let again = source.fetch(&held).await?;
    assert!(again.is_none_or(|again| again.same_files(&held)), "nothing has changed since");
    Ok(held)
}

async fn what_is_gone_is_gone(
    source: &dyn TemplateSource,
    author: &dyn Author,
    held: Snapshot,
) -> Result<Snapshot, Error> {
    author.remove("alert/samples/a.json").await;
    let held = next(source, held).await?;
    assert_eq!(paths(&held), ["alert/alert.card.json"]);
    Ok(held)
}

async fn a_folder_can_be_renamed(
    source: &dyn TemplateSource,
    author: &dyn Author,
    held: Snapshot,
) -> Result<Snapshot, Error> {
    author.put("draft/samples/a.json", b"[]").await;
    let held = next(source, held).await?;
    author.rename_folder("draft", "final").await;
    let held = next(source, held).await?;
    assert_eq!(paths(&held), ["alert/alert.card.json", "final/samples/a.json"]);
    says(&held, "final/samples/a.json", b"[]");
    Ok(held)
}

async fn what_breaks_a_limit_is_left_out_and_said(
    source: &dyn TemplateSource,
    author: &dyn Author,
    held: Snapshot,
) -> Result<(), Error> {
    let before = held.paths().count();
    author.put("huge.json", &vec![b' '; MAX_FILE_BYTES + 1]).await;
    let held = next(source, held).await?;
    assert_eq!(held.paths().count(), before);
    let said = held.left_out().iter().any(|it| it.file == "huge.json");
    assert!(said, "nobody said that huge.json is left out: {:?}", held.left_out());
    author.remove("huge.json").await;
    let held = next(source, held).await?;
    assert!(held.left_out().is_empty(), "it is not there any more: {:?}", held.left_out());
    Ok(())
}

/// What is held comes from a disk then, and something has changed meanwhile.
async fn a_restart_goes_on_from_what_is_held(
    source: &dyn TemplateSource,
    author: &dyn Author,
) -> Result<(), Error> {
    let held = next(source, Snapshot::default()).await?;
    let mut kept = Snapshot::default();
    for (path, file) in held.files() {
        kept.insert(path, file.clone());
    }
    let kept = match held.cursor() {
        Some(cursor) => kept.at(cursor),
        None => kept,
    };
    author.put("later.card.json", b"{}").await;
    author.remove("alert/alert.card.json").await;
    let held = next(source, kept).await?;
    let from_nothing = next(source, Snapshot::default()).await?;
    assert!(held.same_files(&from_nothing), "{:?} {:?}", paths(&held), paths(&from_nothing));
    assert!(held.file("later.card.json").is_some());
    Ok(())
}
