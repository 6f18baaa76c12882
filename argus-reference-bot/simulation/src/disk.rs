//! A disk that forgets what was not synced, tears it, runs full, fails, and turns bits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_reference_bot::adapters::memory::{Medium, Record};
use argus_reference_bot::ports::ledger::LedgerError;
use argus_soc::ledger::Hash;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::auditor::Auditor;
use crate::chance::Chance;
use crate::plant::Plant;
use crate::stage::{Stage, locked};

/// A frame begins with the length of its body and the first bytes of its digest.
const HEAD: usize = 4 + 8;

/// The bytes on the disk, as the device has them and as the system says that it has.
#[derive(Debug, Default)]
pub struct Disk {
    bytes: Vec<u8>,
    /// Up to here the device has promised to keep them.
    synced: usize,
    /// The last record that was noted beside the file, as `argus.db-head` has it.
    noted: u64,
    /// After a failed sync nobody knows what the device has: nothing is written until a restart.
    failed: bool,
    full_until: Option<Instant>,
    /// Records that were acknowledged and not written yet, which no honest store has.
    owed: Vec<u8>,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process is killed; the system still has what it was given.
    Killed,
    /// The power goes; the device keeps what it had synced, and of the rest what it likes.
    PowerLost,
}

impl Disk {
    /// What is there after a crash.
    pub fn crash(&mut self, end: End, chance: &Chance) {
        self.owed.clear();
        if end == End::PowerLost || self.failed {
            let unsynced = self.bytes.len() - self.synced;
            let kept =
                self.synced + usize::try_from(chance.below(unsynced as u64 + 1)).unwrap_or(0);
            self.bytes.truncate(kept);
            // What was written last need not be what reached the device last.
            if chance.permille(300) && kept > self.synced {
                let hole = self.synced + (kept - self.synced) / 2;
                for byte in self.bytes.iter_mut().take(hole).skip(self.synced) {
                    *byte = 0;
                }
            }
        }
        self.failed = false;
        self.full_until = None;
    }

    /// Reads the frames; a torn one at the end is cut off.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if the file ends before the record that was noted.
    pub fn recover(&mut self) -> Result<Vec<Record>, LedgerError> {
        let (records, whole) = read(&self.bytes);
        let last = records.last().map_or(0, |record| record.seq);
        if last < self.noted {
            let why = format!("the chain ends at {last}, and {} was noted", self.noted);
            return Err(LedgerError::Damaged(why));
        }
        self.bytes.truncate(whole);
        (self.synced, self.noted) = (whole, last);
        Ok(records)
    }

    /// Turns a bit of what was synced; says which, to be turned back.
    pub fn turn_bit(&mut self, chance: &Chance) -> Option<(usize, u8)> {
        if self.synced == 0 {
            return None;
        }
        let at = usize::try_from(chance.below(self.synced as u64)).ok()?;
        let bit = 1 << chance.below(8);
        *self.bytes.get_mut(at)? ^= bit;
        Some((at, bit))
    }

    /// Turns a bit back.
    pub fn turn_back(&mut self, (at, bit): (usize, u8)) {
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte ^= bit;
        }
    }

    /// What the device has promised to keep.
    pub fn kept(&self) -> &[u8] {
        self.bytes.get(..self.synced).unwrap_or_default()
    }
}

/// The records in the frames, and where the last whole frame ends.
pub fn read(bytes: &[u8]) -> (Vec<Record>, usize) {
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some(body) = frame(bytes.get(at..).unwrap_or_default()) {
        let Some(read) = unpack(body) else { break };
        records.extend(read);
        at += HEAD + body.len();
    }
    (records, at)
}

fn frame(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (digest, rest) = rest.split_first_chunk::<8>()?;
    let body = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Hash::of(body).as_bytes().starts_with(digest).then_some(body)
}

fn pack(records: &[Record]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut put = |part: &[u8]| {
        body.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend(part);
    };
    for record in records {
        put(&record.seq.to_be_bytes());
        put(record.prev.as_bytes());
        put(record.hash.as_bytes());
        put(record.payload.as_bytes());
        put(record.raw.as_deref().unwrap_or_default());
    }
    let mut frame = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    frame.extend(Hash::of(&body).as_bytes().iter().take(8));
    frame.extend(body);
    frame
}

fn unpack(mut body: &[u8]) -> Option<Vec<Record>> {
    let mut part = || {
        let (length, rest) = body.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        body = rest;
        Some(part.to_vec())
    };
    let mut records = Vec::new();
    while let Some(seq) = part() {
        let seq = u64::from_be_bytes(seq.try_into().ok()?);
        let prev = Hash::from_slice(&part()?)?;
        let hash = Hash::from_slice(&part()?)?;
        let payload = String::from_utf8(part()?).ok()?;
        let raw = Some(part()?).filter(|raw| !raw.is_empty()).map(Bytes::from);
        records.push(Record { seq, prev, payload, hash, raw });
    }
    Some(records)
}

/// The disk as one life of the store uses it.
#[derive(Debug)]
pub struct Device {
    stage: Arc<Stage>,
    disk: Arc<Mutex<Disk>>,
    auditor: Arc<Auditor>,
    chance: Arc<Chance>,
    life: u64,
}

impl Device {
    /// The disk for this life.
    pub fn new(
        stage: Arc<Stage>,
        disk: Arc<Mutex<Disk>>,
        auditor: Arc<Auditor>,
        chance: Arc<Chance>,
        life: u64,
    ) -> Self {
        Self { stage, disk, auditor, chance, life }
    }

    fn refused(&self) -> Option<LedgerError> {
        let mut disk = locked(&self.disk);
        if disk.failed {
            return Some(unavailable("the disk has failed"));
        }
        let now = Instant::now();
        if self.stage.is_calm() {
            disk.full_until = None;
        } else if disk.full_until.is_none() && self.chance.permille(self.stage.roughness / 20) {
            let secs = self.chance.between(1, 20);
            self.stage.say("disk", &format!("full for {secs} s"));
            disk.full_until = Some(now + Duration::from_secs(secs));
        }
        disk.full_until = disk.full_until.filter(|until| *until > now);
        disk.full_until.is_some().then(|| unavailable("the disk is full"))
    }

    /// The device fails for good until the process starts again, as it does when it sees that.
    fn fails(&self, at: &str) -> Option<LedgerError> {
        if self.stage.is_calm() || !self.chance.permille(self.stage.roughness / 60) {
            return None;
        }
        self.stage.say("disk", &format!("input/output error on {at}"));
        locked(&self.disk).failed = true;
        self.stage.end_life_after(self.chance.between(1, 30));
        Some(unavailable("the disk has failed"))
    }

    fn lies(&self, records: &[Record]) -> bool {
        let kind = match self.stage.plant {
            Some(Plant::AckBeforeSync) => "\"event.received\"",
            Some(Plant::IntentAfterSend) => "\"effect.intended\"",
            _ => return false,
        };
        records.iter().any(|record| record.payload.contains(kind))
    }
}

#[async_trait]
impl Medium for Device {
    async fn write(&self, records: &[Record]) -> Result<(), LedgerError> {
        self.stage.pass(self.life, "before a write").await;
        if let Some(refused) = self.refused() {
            return Err(refused);
        }
        if self.lies(records) {
            locked(&self.disk).owed.extend(pack(records));
            return Ok(());
        }
        if let Some(failed) = self.fails("write") {
            return Err(failed);
        }
        let (from, to) = {
            let mut disk = locked(&self.disk);
            let owed = std::mem::take(&mut disk.owed);
            let from = disk.bytes.len();
            disk.bytes.extend(owed);
            disk.bytes.extend(pack(records));
            (from, disk.bytes.len())
        };
        self.stage.pass(self.life, "between write and sync").await;
        if let Some(failed) = self.fails("sync") {
            return Err(failed);
        }
        if self.stage.goes_wrong(&self.chance) && self.chance.permille(100) {
            tokio::time::sleep(Duration::from_secs(5)).await;
            self.stage.pass(self.life, "during a slow sync").await;
        }
        {
            let mut disk = locked(&self.disk);
            disk.synced = to;
            disk.noted = records.last().map_or(disk.noted, |record| record.seq);
            let synced = disk.bytes.get(from..to).map(read).unwrap_or_default().0;
            self.auditor.take(&self.stage, &synced);
        }
        self.stage.pass(self.life, "between sync and answer").await;
        Ok(())
    }

    async fn read(&self) -> Result<(), LedgerError> {
        self.stage.pass(self.life, "a query").await;
        Ok(())
    }
}

fn unavailable(why: &str) -> LedgerError {
    LedgerError::Unavailable(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(from: u64) -> Vec<Record> {
        let record = |seq| Record {
            seq,
            prev: Hash::GENESIS,
            payload: format!("{{\"n\":{seq}}}"),
            hash: Hash::of(b"x"),
            raw: (seq % 2 == 0).then(|| Bytes::from_static(b"raw")),
        };
        (from..from + 3).map(record).collect()
    }

    #[test]
    fn a_torn_frame_is_cut_and_a_whole_one_is_not() {
        let (first, second) = (pack(&records(1)), pack(&records(4)));
        let both = [first.clone(), second].concat();
        for end in first.len()..both.len() {
            let mut disk = Disk { bytes: both[..end].to_vec(), noted: 3, ..Disk::default() };
            assert_eq!(disk.recover().expect("recovers"), records(1), "cut at {end}");
            assert_eq!(disk.kept(), first);
        }
        let mut disk = Disk { bytes: both, noted: 6, ..Disk::default() };
        assert_eq!(disk.recover().expect("recovers").len(), 6);
        disk.bytes.truncate(first.len() + 1);
        assert!(disk.recover().is_err(), "a cut tail is noticed");
    }
}
