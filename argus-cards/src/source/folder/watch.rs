//! Tells when something in a folder changes.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use notify::{Event, EventKind, RecursiveMode, Watcher};

use crate::error::{Error, ErrorKind};
use crate::source::{OnChange, Watching};

/// Editors write a file in several steps; this long after the last one it is complete.
pub(super) const QUIET: Duration = Duration::from_millis(100);

/// So many events without a pause are enough to look at the folder; a large copy has fewer per file.
const MOST_EVENTS: usize = 10_000;

/// Calls `on_change` on a thread of its own after each change that has calmed down.
pub(super) fn start(
    folder: &Path,
    quiet: Duration,
    on_change: OnChange,
) -> Result<Watching, Error> {
    let unwatched = |error: notify::Error| {
        let context = format!("`{}` cannot be watched", folder.display());
        Error::new(ErrorKind::SourceUnavailable, context).because(error)
    };
    let (tell, told) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading a file is an event too, and whoever is told reads all of them. An error means
        // that events may have been lost.
        let changed = event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_)));
        if changed {
            // Nobody listens any more once the watch is dropped.
            tell.send(()).ok();
        }
    })
    .map_err(unwatched)?;
    watcher.watch(folder, RecursiveMode::Recursive).map_err(unwatched)?;
    thread::spawn(move || follow(&told, quiet, &on_change));
    Ok(Watching::new(watcher))
}

/// Waits for changes, lets them calm down, tells; ends when the watcher is gone.
fn follow(told: &Receiver<()>, quiet: Duration, on_change: &OnChange) {
    while told.recv().is_ok() {
        // What never calms down, such as a log in the folder, must not hide the rest.
        for _ in 0..MOST_EVENTS {
            match told.recv_timeout(quiet) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        on_change();
    }
}
