//! A run: one seed, from an empty disk to the last check.

use std::collections::BTreeSet;
use std::panic;
use std::sync::{Arc, Once};
use std::time::Duration;

use argus_reference_bot::adapters::memory::{Memory, Nowhere, Record};
use argus_reference_bot::flows::Soc;
use argus_soc::ledger::Hash;
use argus_soc::run::Status;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::chance::Chance;
use crate::disk::End;
use crate::life::{Life, NotStarted, Outside};
use crate::plant::Plant;
use crate::script::{Acked, Visitors, write};
use crate::stage::{Stage, Violation, locked};

/// How long Argus has to come to rest once nothing goes wrong any more: an approval that nobody
/// gives ends after 15 minutes, and a wait that a far side asks for after an hour.
const REST: Duration = Duration::from_hours(3);

/// Longer than any run is.
const FOR_EVER: Duration = Duration::from_hours(24 * 30);

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// The digest of everything that was said and written: the same seed gives the same one.
    pub digest: String,
    /// All that happened, line by line.
    pub trace: Vec<String>,
    /// What there was of it.
    pub counts: Counts,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Boundaries passed.
    pub steps: u64,
    /// Crashes.
    pub crashes: u64,
    /// Events acknowledged.
    pub events: u64,
    /// Records on the disk.
    pub records: u64,
    /// Messages in Teams.
    pub messages: u64,
    /// Runs of playbooks that succeeded.
    pub succeeded: u64,
    /// Runs that ended otherwise.
    pub otherwise: u64,
}

/// Runs one seed.
///
/// # Panics
///
/// If there is no runtime to be had.
#[expect(clippy::expect_used, reason = "without a runtime there is nothing to simulate")]
pub fn run(seed: u64, plant: Option<Plant>) -> Report {
    listen_for_panics();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let stage = Arc::new(Stage::new(seed, plant));
        let mut world = World::new(seed, Arc::clone(&stage));
        world.play(seed).await;
        world.report(seed)
    })
}

thread_local! {
    /// Where a task panicked, if one did.
    static PANIC: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

/// A task that panics is begun again by Argus; here it is a promise that was broken.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANIC.set(Some(info.to_string()));
            before(info);
        }));
    });
}

/// A world and what is to be done to it.
struct World {
    outside: Outside,
    visitors: Visitors,
    tell: watch::Sender<Option<(u64, Arc<Soc>)>>,
    chance: Chance,
    crashes: u64,
    crashes_left: u64,
}

impl World {
    fn new(seed: u64, stage: Arc<Stage>) -> Self {
        let outside = Outside::new(seed, stage);
        let (tell, now) = watch::channel(None);
        let visitors = Visitors { outside: outside.clone(), now, acked: Arc::default() };
        let chance = Chance::new(seed, "world");
        let crashes_left = chance.weighted(&[(2, 0), (3, 1), (3, 3), (1, 8)]).unwrap_or(1);
        Self { outside, visitors, tell, chance, crashes: 0, crashes_left }
    }

    async fn play(&mut self, seed: u64) {
        let mut going_on = JoinSet::new();
        let visitors = self.visitors.clone();
        going_on.spawn(async move {
            let begun = Instant::now();
            let mut deeds = JoinSet::new();
            for (at, deed) in write(seed) {
                sleep_until(begun + Duration::from_millis(at)).await;
                deeds.spawn(visitors.clone().act(deed));
            }
            while deeds.join_next().await.is_some() {}
        });
        while self.live(&mut going_on).await {}
        if self.outside.stage.broken().is_none() {
            self.check_disk();
        }
    }

    /// One life. Says whether another one follows.
    async fn live(&mut self, going_on: &mut JoinSet<()>) -> bool {
        let stage = Arc::clone(&self.outside.stage);
        let Some(records) = self.recover() else { return false };
        let after = [(2, 15), (4, 150), (2, 600)];
        let crash = self.chance.weighted(&after).map(|most| self.chance.between(1, most));
        let number = stage.begin_life(crash.filter(|_| self.crashes_left > 0));
        let mut life = match Life::begin(&self.outside, number, records) {
            Ok(life) => life,
            Err(NotStarted::Store(error)) => {
                stage.broke("I6", format!("the store does not open: {error}"));
                return false;
            }
            Err(NotStarted::Config(error)) => {
                stage.broke("world", error.to_string());
                return false;
            }
        };
        self.tell.send_replace(Some((number, Arc::clone(&life.soc))));
        let came_to_rest = tokio::select! {
            biased;
            () = stage.over(number) => false,
            () = rests(&stage, &life.soc, going_on) => true,
            () = sleep(FOR_EVER) => {
                stage.broke("I10", "everybody waits, and for nothing");
                false
            }
        };
        if came_to_rest {
            tokio::select! {
                biased;
                () = stage.over(number) => {}
                () = self.check_world(&life.soc) => {}
            }
        }
        self.tell.send_replace(None);
        stage.end_life("at the end");
        life.work.shutdown().await;
        drop(life);
        if came_to_rest || stage.broken().is_some() {
            return false;
        }
        self.crashes += 1;
        self.crashes_left = self.crashes_left.saturating_sub(1);
        let end = if self.chance.permille(500) { End::Killed } else { End::PowerLost };
        stage.say("world", &format!("{end:?}"));
        self.outside.crash(end);
        sleep(Duration::from_millis(self.chance.between(5, 3_000))).await;
        true
    }

    /// What the disk has; whatever was acknowledged is there.
    fn recover(&mut self) -> Option<Vec<Record>> {
        let stage = &self.outside.stage;
        self.turn_a_bit();
        let records = match locked(&self.outside.disk).recover() {
            Ok(records) => records,
            Err(error) => {
                stage.broke("I1", format!("the disk has lost something: {error}"));
                return None;
            }
        };
        self.outside.auditor.take(stage, &records);
        for (id, (seq, _)) in locked(&self.visitors.acked).iter() {
            let record = records.iter().find(|record| record.seq == *seq);
            if record.is_none_or(|record| !record.payload.contains(&id.to_string())) {
                stage.broke("I1", format!("{id} was acknowledged at {seq} and is not there"));
                return None;
            }
        }
        Some(records)
    }

    /// Sometimes a bit of what was synced has turned: the store must not open, until it is mended.
    fn turn_a_bit(&self) {
        let (stage, chance) = (&self.outside.stage, &self.outside.disk_chance);
        if !chance.permille(100) {
            return;
        }
        let mut disk = locked(&self.outside.disk);
        let before = disk.kept().to_vec();
        let Some(turned) = disk.turn_bit(chance) else { return };
        let found = match stage.plant {
            Some(Plant::UncheckedChain) => false,
            _ => disk.recover().is_err(),
        };
        if found {
            disk.turn_back(turned);
        } else {
            stage.broke("I6", format!("bit {turned:?} has turned, and nobody noticed"));
        }
        if found && disk.kept() != before {
            stage.broke("world", "the disk was not mended");
        }
    }

    /// With nothing going wrong any more, everything is where it belongs.
    async fn check_world(&self, soc: &Soc) {
        if let Err((invariant, what)) = self.checked(soc).await {
            self.outside.stage.broke(invariant, what);
        }
    }

    async fn checked(&self, soc: &Soc) -> Result<(), (&'static str, String)> {
        let acked: Acked = locked(&self.visitors.acked).clone();
        let unread = |error: argus_reference_bot::ports::ledger::LedgerError| {
            ("I1", format!("a query failed: {error}"))
        };
        let mut shown = BTreeSet::new();
        for (id, (seq, bytes)) in &acked {
            let event = soc.ledger.event(*id).await.map_err(unread)?;
            let event = event.ok_or_else(|| ("I1", format!("{id} cannot be found")))?;
            if event.seq != *seq || event.raw != *bytes {
                return Err(("I1", format!("{id} is not what was acknowledged")));
            }
            match event.incident {
                Some(incident) => drop(shown.insert(incident)),
                None if event.ignored => {}
                None => return Err(("I2", format!("{id} belongs nowhere"))),
            }
        }
        for key in shown {
            let incident = soc.ledger.incident(&key).await.map_err(unread)?;
            let version = incident.map_or(0, |incident| incident.version);
            self.is_shown(&key, version)?;
        }
        let seen = self.outside.auditor.seen();
        let teams = locked(&self.outside.teams);
        if let Some(what) = teams.unsaid(&seen) {
            return Err(("cards", what));
        }
        match teams.created_too_often(self.crashes, &seen) {
            Some(what) => Err(("G10", what)),
            None => Ok(()),
        }
    }

    /// The incident's card shows its newest state, or was given up.
    fn is_shown(&self, key: &str, version: u64) -> Result<(), (&'static str, String)> {
        let name = (key.to_owned(), "card".to_owned());
        let seen = self.outside.auditor.seen();
        if seen.dead.contains(&name) || seen.digested.contains(&name) {
            return Ok(());
        }
        if !seen.placed.contains(&name) {
            return Err(("I2", format!("{key} has no card")));
        }
        let mut teams = locked(&self.outside.teams);
        teams.arrive_late(&self.outside.stage);
        let newest = teams.of(&name).map(|message| message.version).max();
        match newest {
            Some(newest) if newest == version => Ok(()),
            // It was too big for its layout, and shows no version.
            Some(_) if teams.of(&name).any(|message| message.version == 0) => Ok(()),
            found => Err(("I2", format!("{key} is at version {version}, and shows {found:?}"))),
        }
    }

    /// The chain verifies, and its records fold to the same tables.
    fn check_disk(&self) {
        let stage = &self.outside.stage;
        let (records, _) = crate::disk::read(locked(&self.outside.disk).kept());
        if let Err(error) = Memory::open(Arc::new(Nowhere), records) {
            stage.broke("I6", error.to_string());
        }
    }

    fn report(&self, seed: u64) -> Report {
        let stage = &self.outside.stage;
        if let Some(what) = PANIC.take() {
            stage.broke("panic", what);
        }
        let mut trace = stage.trace();
        let mut said = trace.join("\n").into_bytes();
        said.extend(locked(&self.outside.disk).kept());
        let (records, _) = crate::disk::read(locked(&self.outside.disk).kept());
        let result = |record: &&Record| record.payload.contains("\"run.finished\"");
        let ended = records.iter().filter(result);
        let well = format!("\"{}\"", word(Status::Succeeded));
        let (succeeded, otherwise): (Vec<_>, Vec<_>) =
            ended.partition(|record| record.payload.contains(&well));
        let counts = Counts {
            steps: stage.steps(),
            crashes: self.crashes,
            events: locked(&self.visitors.acked).len() as u64,
            records: records.len() as u64,
            messages: locked(&self.outside.teams).messages.len() as u64,
            succeeded: succeeded.len() as u64,
            otherwise: otherwise.len() as u64,
        };
        trace.push(format!("{counts:?}"));
        let digest = Hash::of(&said).to_string();
        Report { seed, violation: stage.broken(), digest, trace, counts }
    }
}

fn word(status: Status) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|it| it.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Waits until the script is over and Argus has come to rest, with nothing going wrong any more.
async fn rests(stage: &Arc<Stage>, soc: &Arc<Soc>, going_on: &mut JoinSet<()>) {
    while going_on.join_next().await.is_some() {}
    stage.calm_down();
    let until = Instant::now() + REST;
    loop {
        // In this order: a run that ends in between leaves a card that is due.
        let active = soc.ledger.with_active_runs().await;
        let counts = soc.ledger.counts().await;
        if let (Ok(counts), Ok(active)) = (&counts, &active)
            && counts.waiting == 0
            && counts.cards_due == 0
            && active.is_empty()
        {
            return;
        }
        if Instant::now() > until {
            let what = format!("after {REST:?} of calm: {counts:?}, active {active:?}");
            return stage.broke("I10", what);
        }
        sleep(Duration::from_secs(5)).await;
    }
}
