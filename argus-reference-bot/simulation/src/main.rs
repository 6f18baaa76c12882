//! Runs seeds until one breaks a promise.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use argus_simulation::plant::Plant;
use argus_simulation::run::{Report, run};
use argus_simulation::stage::locked;
use clap::Parser;

/// Simulates Argus: the real flows, on a disk, a network and a clock that fail by the seed.
#[derive(Debug, Parser)]
#[command(
    name = "argus-simulate",
    after_help = "Examples:
  argus-simulate --seeds 2000              2,000 seeds, on all cores
  argus-simulate --seed 4711 --trace       one seed again, with all that happens in it
  argus-simulate --plant blind-resend      with a fault put in on purpose, which must be found

Exit code: 0 if every promise was kept, 1 if one was broken, 2 if the arguments are wrong."
)]
struct Arguments {
    /// One seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed.
    #[arg(long, env = "SIM_START", default_value_t = 1)]
    start: u64,
    /// How many seeds.
    #[arg(long, env = "SIM_SEEDS", default_value_t = 2_000)]
    seeds: u64,
    /// Show all that happens.
    #[arg(long)]
    trace: bool,
    /// Put a fault in on purpose.
    #[arg(long, value_parser = plant)]
    plant: Option<Plant>,
}

fn plant(name: &str) -> Result<Plant, String> {
    let found = Plant::ALL.iter().find(|(known, _)| *known == name).map(|(_, plant)| *plant);
    let known = || Plant::ALL.map(|(name, _)| name).join(", ");
    found.ok_or_else(|| format!("there are {}", known()))
}

/// Lines of the trace that are shown of a seed that failed.
const LAST: usize = 40;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (start, seeds) = arguments.seed.map_or((arguments.start, arguments.seeds), |it| (it, 1));
    let all = Played::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(usize::try_from(seeds).unwrap_or(1)) {
            scope.spawn(|| all.play(start, seeds, arguments.plant));
        }
    });
    match told(&all, &arguments) {
        Ok(code) => code,
        // Whoever read it has gone.
        Err(_) => ExitCode::FAILURE,
    }
}

/// What was played, by all threads.
#[derive(Default)]
struct Played {
    next: AtomicU64,
    stop: AtomicBool,
    done: AtomicU64,
    sums: Mutex<[u64; 5]>,
    last: Mutex<Option<Report>>,
}

impl Played {
    fn play(&self, start: u64, seeds: u64, plant: Option<Plant>) {
        while !self.stop.load(Relaxed) {
            let at = self.next.fetch_add(1, Relaxed);
            if at >= seeds {
                return;
            }
            let report = run(start.wrapping_add(at), plant);
            self.done.fetch_add(1, Relaxed);
            let it = report.counts;
            let counts = [it.steps, it.crashes, it.events, it.messages, it.succeeded];
            locked(&self.sums).iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            let failed = report.violation.is_some();
            let mut last = locked(&self.last);
            if failed && !self.stop.swap(true, Relaxed) || seeds == 1 {
                *last = Some(report);
            }
        }
    }
}

fn told(all: &Played, arguments: &Arguments) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let last = locked(&all.last);
    if let Some(report) = last.as_ref() {
        let skip = if arguments.trace { 0 } else { report.trace.len().saturating_sub(LAST) };
        if arguments.trace || report.violation.is_some() {
            for line in report.trace.iter().skip(skip) {
                writeln!(out, "{line}")?;
            }
        }
        writeln!(out, "seed {}: digest {}", report.seed, report.digest)?;
        if let Some(broken) = &report.violation {
            writeln!(out, "BROKEN {} at step {}: {}", broken.invariant, broken.step, broken.what)?;
            writeln!(
                out,
                "again: cargo run -p argus-simulation -- --seed {} --trace",
                report.seed
            )?;
            return Ok(ExitCode::FAILURE);
        }
    }
    let [steps, crashes, events, messages, runs] = *locked(&all.sums);
    let played = all.done.load(Relaxed);
    writeln!(
        out,
        "{played} seeds kept every promise: {steps} steps, {crashes} crashes, {events} events, {messages} messages, {runs} runs that succeeded"
    )?;
    Ok(ExitCode::SUCCESS)
}
