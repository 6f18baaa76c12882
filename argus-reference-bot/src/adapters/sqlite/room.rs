//! How much room is left on the disk, and when it is too little to take in more.

use std::path::PathBuf;

use rustix::fs::statvfs;

/// Below this much room no event is taken in, however large the disk is.
const LEAST: u64 = 256 << 20;
/// Or below this part of the disk, if that is less: a small disk is not all reserve.
const PART: u64 = 20;

/// The disk that the store is on.
#[derive(Debug)]
pub(super) struct Room {
    folder: PathBuf,
}

impl Room {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether what is left must be kept for the records of what already runs.
    pub(super) fn is_low(&self) -> bool {
        // A disk that does not say is written to until it refuses.
        statvfs(&self.folder).is_ok_and(|disk| {
            low(
                disk.f_blocks.saturating_mul(disk.f_frsize),
                disk.f_bavail.saturating_mul(disk.f_frsize),
            )
        })
    }
}

fn low(size: u64, free: u64) -> bool {
    free < LEAST.min(size / PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_five_percent_or_256_megabytes_whichever_is_less() {
        let check = |size_mb: u64, free_mb: u64, is: bool| {
            assert_eq!(low(size_mb << 20, free_mb << 20), is, "{free_mb} of {size_mb} MB");
        };
        check(1_000_000, 255, true);
        check(1_000_000, 256, false);
        check(1_000, 49, true);
        check(1_000, 50, false);
        check(20, 0, true);
        check(20, 1, false);
    }
}
