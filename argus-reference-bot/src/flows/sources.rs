//! The sources of events: what each may claim, what came from it and when, and what waits.

mod heartbeat;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use argus_soc::canary;
use argus_soc::event::{
    Claims, Delivery, DeliveryError, Label, Mappings, NormaliseError, NormaliseErrorKind,
    SecurityEvent, Shape, Source as From,
};
use jiff::Timestamp;
use uuid::Uuid;

pub use self::heartbeat::{ARGUS, watch_sources};

/// Nothing was heard yet.
const NEVER: i64 = i64::MIN;
/// What was last found about a source that must speak; 0 before anything was.
const HEARD: u8 = 1;
const SILENT: u8 = 2;

/// Why something was not taken, as metrics call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not an event, or a header says something that cannot be.
    Unreadable,
    /// It is larger than allowed, packed or unpacked.
    TooBig,
    /// The key was used before with other bytes.
    KeyReused,
    /// The source sent more than its quota.
    Quota,
    /// There is no room for more now.
    Busy,
    /// The store did not write it.
    Store,
    /// Its token cannot be checked now, so it is not known whose it is.
    Keys,
}

impl Reason {
    const ALL: [Self; 7] = [
        Self::Unreadable,
        Self::TooBig,
        Self::KeyReused,
        Self::Quota,
        Self::Busy,
        Self::Store,
        Self::Keys,
    ];

    /// Whether it is Argus that could not take what may be a good event.
    const fn is_ours(self) -> bool {
        matches!(self, Self::Quota | Self::Busy | Self::Store)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooBig => "too_big",
            Self::KeyReused => "key_reused",
            Self::Quota => "quota",
            Self::Busy => "busy",
            Self::Store => "store",
            Self::Keys => "keys",
        }
    }
}

/// All configured sources.
#[derive(Debug)]
pub struct Sources {
    by_name: BTreeMap<String, Source>,
    pub(super) max_event_bytes: usize,
    mappings: Mappings,
    /// What is on disk and not placed yet.
    pub backlog: Backlog,
}

/// One source.
#[derive(Debug)]
pub struct Source {
    shape: Shape,
    claims: Claims,
    heartbeat: Option<Duration>,
    /// When the last event came in, in milliseconds of Unix time.
    heard: AtomicI64,
    /// When it proved who it is and Argus had no room for it, in milliseconds of Unix time.
    turned_away: AtomicI64,
    /// Up to this record all its events are in `heard`.
    scanned: AtomicU64,
    state: AtomicU8,
    accepted: AtomicU64,
    duplicates: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

impl Source {
    /// A source that may claim so much and must speak so often; its events say themselves what they
    /// look like.
    pub fn new(claims: Claims, heartbeat: Option<Duration>) -> Self {
        Self {
            shape: Shape::Auto,
            claims,
            heartbeat,
            heard: AtomicI64::new(NEVER),
            turned_away: AtomicI64::new(NEVER),
            scanned: AtomicU64::default(),
            state: AtomicU8::new(0),
            accepted: AtomicU64::default(),
            duplicates: AtomicU64::default(),
            refused: Default::default(),
        }
    }

    /// The same source, whose events look like this.
    #[must_use]
    pub fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    fn last(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.heard.load(Relaxed)).ok()
    }

    /// Whether it spoke since then, as far as this process has seen. Whoever was turned away, for
    /// want of room, did.
    fn spoke(&self, since: Timestamp) -> bool {
        let last = self.heard.load(Relaxed).max(self.turned_away.load(Relaxed));
        last >= since.as_millisecond()
    }
}

impl Default for Sources {
    /// No source of which anything is known; events of a mebibyte.
    fn default() -> Self {
        Self::new(BTreeMap::new(), 1 << 20)
    }
}

impl Sources {
    /// These sources, by name, whose events have at most so many bytes.
    pub fn new(by_name: BTreeMap<String, Source>, max_event_bytes: usize) -> Self {
        let mappings = Mappings::embedded().clone();
        Self { by_name, max_event_bytes, mappings, backlog: Backlog::default() }
    }

    /// The same sources, of whose events so many, and so many bytes of them, may wait to be placed.
    #[must_use]
    pub fn with_backlog(self, events: u64, bytes: u64) -> Self {
        Self { backlog: Backlog::of(events, bytes), ..self }
    }

    /// The same sources, whose events are read with these mappings.
    #[must_use]
    pub fn with_mappings(self, mappings: Mappings) -> Self {
        Self { mappings, ..self }
    }

    /// What the events of a source look like, by its name in the settings.
    pub fn shape(&self, source: &str) -> Option<Shape> {
        self.by_name.get(source).map(|source| source.shape)
    }

    /// Reads an event, and takes out of it what its source may not claim.
    ///
    /// # Errors
    ///
    /// [`NormaliseError`] when the bytes are no event.
    pub fn read(
        &self,
        raw: &[u8],
        from: &From<'_>,
        received_at: Timestamp,
    ) -> Result<SecurityEvent, NormaliseError> {
        let mut event = self.mappings.normalise(raw, from, received_at)?;
        if from.name != ARGUS {
            canary::refuse(&mut event);
        }
        if let Some(source) = self.by_name.get(from.name) {
            source.claims.hold(&mut event);
        }
        Ok(event)
    }

    /// Reads an event that is stored. What was read at the door is read the same here.
    ///
    /// # Errors
    ///
    /// [`NormaliseError`] when the bytes are no event.
    pub fn read_again(
        &self,
        id: Uuid,
        raw: &[u8],
        source: &str,
        received_at: Timestamp,
    ) -> Result<SecurityEvent, NormaliseError> {
        if raw.is_empty() {
            let message =
                "its body is in an archive; `store.archived` in the audit trail names the file";
            let kind = NormaliseErrorKind::NotJson { line: 1, column: 1 };
            return Err(NormaliseError { kind, message: message.to_owned() });
        }
        let shape = self.shape(source).unwrap_or(Shape::Auto);
        let read = |shape| self.read(raw, &From { name: source, shape, tenant: None }, received_at);
        // The source's shape may have been changed in the settings since; nothing is lost by it.
        let event = read(shape).or_else(|_| read(Shape::Auto))?;
        Ok(SecurityEvent { event_id: id, ..event })
    }

    /// Takes a request's body apart; see [`Mappings::delivery`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn delivery<'b>(
        &self,
        body: &'b [u8],
        label: Label,
        most: usize,
    ) -> Result<Delivery<'b>, DeliveryError> {
        self.mappings.delivery(body, label, most)
    }

    /// An event of the source is on disk.
    pub fn heard(&self, source: &str, at: Timestamp, duplicate: bool) {
        let Some(source) = self.by_name.get(source) else { return };
        source.heard.fetch_max(at.as_millisecond(), Relaxed);
        let counter = if duplicate { &source.duplicates } else { &source.accepted };
        counter.fetch_add(1, Relaxed);
    }

    /// The shortest silence that somebody wants to hear of.
    fn shortest_heartbeat(&self) -> Option<Duration> {
        self.by_name.values().filter_map(|source| source.heartbeat).min()
    }

    /// Something of the source was not taken.
    pub fn refused(&self, source: &str, reason: Reason, at: Timestamp) {
        let Some(source) = self.by_name.get(source) else { return };
        if reason.is_ours() {
            source.turned_away.fetch_max(at.as_millisecond(), Relaxed);
        }
        if let Some(counter) = source.refused.get(reason as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Seconds since each source was heard; `None` for one that was not heard since the start.
    pub fn ages(&self, now: Timestamp) -> impl Iterator<Item = (&str, Option<i64>)> {
        let age = move |source: &Source| Some(now.duration_since(source.last()?).as_secs().max(0));
        self.by_name.iter().map(move |(name, source)| (name.as_str(), age(source)))
    }

    /// The sources' part of the page for Prometheus. The only label is a name of the settings.
    pub fn page(&self, now: Timestamp) -> String {
        let mut page = String::with_capacity(512);
        let count = |counter: &AtomicU64| counter.load(Relaxed).to_string();
        table(&mut page, "argus_source_events_accepted_total", "counter", "Events accepted.");
        for (name, source) in &self.by_name {
            row(
                &mut page,
                "argus_source_events_accepted_total",
                name,
                "",
                &count(&source.accepted),
            );
        }
        table(&mut page, "argus_source_events_duplicate_total", "counter", "Events known before.");
        for (name, source) in &self.by_name {
            let value = count(&source.duplicates);
            row(&mut page, "argus_source_events_duplicate_total", name, "", &value);
        }
        table(&mut page, "argus_source_events_refused_total", "counter", "Refused, and why.");
        for (name, source) in &self.by_name {
            for (reason, counter) in Reason::ALL.iter().zip(&source.refused) {
                let reason = format!(",reason=\"{}\"", reason.word());
                let value = count(counter);
                row(&mut page, "argus_source_events_refused_total", name, &reason, &value);
            }
        }
        table(&mut page, "argus_source_last_event_age_seconds", "gauge", "Age of the last event.");
        for (name, age) in self.ages(now) {
            let Some(age) = age else { continue };
            row(&mut page, "argus_source_last_event_age_seconds", name, "", &age.to_string());
        }
        page
    }
}

fn table(page: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String does not fail.
    let written = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
    debug_assert!(written.is_ok());
}

fn row(page: &mut String, name: &str, source: &str, more: &str, value: &str) {
    let source = source.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let written = writeln!(page, "{name}{{source=\"{source}\"{more}}} {value}");
    debug_assert!(written.is_ok());
}

/// What is on disk and not placed yet: how many events, and bytes of their bodies.
///
/// It decides when the doors close, so it may be off by a little: what another replica takes or
/// places is not in it. It is set right again whenever the store was asked.
#[derive(Debug)]
pub struct Backlog {
    // Signed, since an event may be placed before its door has counted it.
    events: AtomicI64,
    bytes: AtomicI64,
    /// Where the doors close.
    most: (u64, u64),
}

impl Default for Backlog {
    /// One that is never too much.
    fn default() -> Self {
        Self::of(u64::MAX, u64::MAX)
    }
}

impl Backlog {
    fn of(events: u64, bytes: u64) -> Self {
        Self { events: AtomicI64::default(), bytes: AtomicI64::default(), most: (events, bytes) }
    }

    /// Whether so much waits that nothing more may come in.
    pub fn is_full(&self) -> bool {
        let (events, bytes) = self.size();
        events >= self.most.0 || bytes >= self.most.1
    }

    /// Whether it matters that it is right: it closes the doors soon, or cannot be true.
    fn is_doubtful(&self) -> bool {
        let (events, bytes) = self.size();
        let negative = [&self.events, &self.bytes].iter().any(|it| it.load(Relaxed) < 0);
        negative || events >= self.most.0 / 2 || bytes >= self.most.1 / 2
    }

    /// An event of so many bytes came in.
    pub(super) fn grow(&self, bytes: usize) {
        self.events.fetch_add(1, Relaxed);
        self.bytes.fetch_add(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
    }

    /// So many events of so many bytes were placed.
    pub(super) fn shrink(&self, events: usize, bytes: usize) {
        self.events.fetch_sub(i64::try_from(events).unwrap_or(i64::MAX), Relaxed);
        self.bytes.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
    }

    /// The store says so.
    pub fn set(&self, events: u64, bytes: u64) {
        self.events.store(i64::try_from(events).unwrap_or(i64::MAX), Relaxed);
        self.bytes.store(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
    }

    /// Events, and bytes of their bodies.
    pub fn size(&self) -> (u64, u64) {
        let read = |counter: &AtomicI64| u64::try_from(counter.load(Relaxed)).unwrap_or(0);
        (read(&self.events), read(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_what_did_not_is_counted_by_source() {
        let names =
            ["edr", "si\"em"].map(|it| (it.to_owned(), Source::new(Claims::default(), None)));
        let sources = Sources::new(names.into(), 10);
        let at = |second| Timestamp::from_second(second).expect("a time");
        sources.heard("edr", at(100), false);
        sources.heard("edr", at(90), true);
        sources.heard("nobody", at(100), false);
        sources.refused("si\"em", Reason::Quota, Timestamp::UNIX_EPOCH);
        let page = sources.page(at(130));
        for line in [
            "argus_source_events_accepted_total{source=\"edr\"} 1",
            "argus_source_events_duplicate_total{source=\"edr\"} 1",
            "argus_source_events_refused_total{source=\"si\\\"em\",reason=\"quota\"} 1",
            "argus_source_events_refused_total{source=\"si\\\"em\",reason=\"busy\"} 0",
            "argus_source_last_event_age_seconds{source=\"edr\"} 30",
        ] {
            assert!(page.lines().any(|it| it == line), "{line} is not in\n{page}");
        }
        assert!(!page.contains("nobody"), "{page}");
        assert_eq!(page.matches("age_seconds{").count(), 1, "one was never heard:\n{page}");
    }

    #[test]
    fn the_backlog_is_never_less_than_nothing() {
        let backlog = Backlog::default();
        backlog.shrink(1, 10);
        assert_eq!(backlog.size(), (0, 0));
        backlog.grow(10);
        backlog.grow(7);
        assert_eq!(backlog.size(), (1, 7));
        backlog.set(0, 0);
        assert_eq!(backlog.size(), (0, 0));
    }

    #[test]
    fn a_backlog_is_full_by_events_or_by_bytes_and_doubted_before() {
        let backlog = Backlog::of(100, 10_000);
        let check = |events, bytes, full, doubtful| {
            backlog.set(events, bytes);
            let found = (backlog.is_full(), backlog.is_doubtful());
            assert_eq!(found, (full, doubtful), "{events} events of {bytes} bytes");
        };
        check(0, 0, false, false);
        check(49, 4_999, false, false);
        check(50, 0, false, true);
        check(0, 5_000, false, true);
        check(99, 9_999, false, true);
        check(100, 0, true, true);
        check(0, 10_000, true, true);
        backlog.set(0, 0);
        backlog.shrink(1, 10);
        assert!(!backlog.is_full() && backlog.is_doubtful(), "less than nothing cannot be");
    }
}
