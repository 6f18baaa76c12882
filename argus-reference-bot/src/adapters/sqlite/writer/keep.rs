//! What the writer does beside writing: ids filed, the end of the chain noted, the log carried over.

use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::{LOG_PAGES, PATIENCE, Writer};

/// Pages after which that is tried again, when a reader kept some of them back.
const LOG_STEP: u32 = 1_000;

impl Writer {
    /// Files the ids that are only remembered. If that cannot be done now, they stay remembered.
    pub(super) fn file_ids(&mut self) {
        if self.filed == self.seq {
            return;
        }
        let done = self
            .connection
            .execute_batch("BEGIN IMMEDIATE")
            .and_then(|()| self.ids.file(&self.connection, self.seq))
            .and_then(|()| self.connection.execute_batch("COMMIT"));
        match done {
            Ok(()) => {
                self.filed = self.seq;
                self.ids.forget_filed(self.seq);
            }
            Err(error) => {
                tracing::warn!(error = %error, "the ids of events cannot be filed now");
                self.give_up(&error);
            }
        }
    }

    /// Notes the end of the chain beside the store. It is not synced: it need not survive a power
    /// cut, after which the chain is at least as long; it must survive somebody cutting the tail.
    pub(super) fn note_head(&self) {
        let Some(note) = &self.note else { return };
        let line = format!("{:020} {}\n", self.seq, self.head);
        if let Err(error) = note.write_all_at(line.as_bytes(), 0) {
            tracing::warn!(error = %error, "cannot note the end of the chain");
        }
    }

    /// Carries the log over into the file when it has grown long.
    pub(super) fn mind_log(&mut self) {
        let (seen, wanted) = self.log;
        let Some((pages, _)) = self.wal("NOOP") else { return };
        // A shorter log is a new one.
        let wanted = if pages < seen { LOG_PAGES } else { wanted };
        self.log = (pages, wanted);
        if pages >= wanted {
            self.log.1 = pages + LOG_STEP;
            if let Some((_, carried)) = self.wal("PASSIVE") {
                self.pages.take(carried);
            }
        }
    }

    /// Leaves everything in the file, so that a copy of it alone is whole and every byte of it is
    /// vouched for. A reader that keeps the log is not waited for.
    pub(super) fn settle(&mut self) {
        if self.broken.borrow().is_some() {
            return;
        }
        self.file_ids();
        let Some((pages, carried)) = self.wal("PASSIVE") else { return };
        self.pages.take(carried);
        // Should a reader elsewhere keep some pages back, the next start goes on with the log.
        if pages == carried {
            match self.pages.close() {
                Ok(()) => {
                    drop(self.connection.busy_timeout(Duration::ZERO));
                    let _log = self.wal("TRUNCATE");
                    drop(self.connection.busy_timeout(PATIENCE));
                }
                Err(error) => tracing::warn!(error = %error, "cannot close the list of pages"),
            }
        }
    }

    /// Pages in the log, and how many of them are in the file.
    pub(super) fn wal(&self, mode: &'static str) -> Option<(u32, u32)> {
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        let sizes = self.connection.prepare_cached(&pragma).and_then(|mut statement| {
            statement.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        });
        match sizes {
            // Without a log both are -1.
            Ok((pages, carried)) => {
                Some((u32::try_from(pages).unwrap_or(0), u32::try_from(carried).unwrap_or(0)))
            }
            Err(error) => {
                tracing::warn!(error = %error, "the log cannot be carried over into the file now");
                self.mind_disk(&error);
                None
            }
        }
    }
}
