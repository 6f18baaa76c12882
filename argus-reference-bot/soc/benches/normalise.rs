//! What reading one alert costs, since it stands before every 202; and what writing a record costs.
//!
//! `cargo bench -p argus-soc` prints the best of several rounds, in nanoseconds for each call.
#![expect(clippy::print_stdout, reason = "a bench reports")]
#![expect(clippy::expect_used, reason = "a bench that cannot read its own input has to stop")]

use std::hint::black_box;

use argus_soc::event::{SecurityEvent, Shape, Source, normalise};
use argus_soc::ledger::canonical;
use jiff::Timestamp;
use tokio_free_clock::Stopwatch;

/// Rounds of each measurement; the best one has the least noise of other programs.
const ROUNDS: usize = 30;
/// Calls in a round.
const CALLS: u32 = 2_000;

fn main() {
    // `cargo test --benches` runs this too; one call is enough to see that it works.
    let (rounds, calls) =
        if std::env::args().any(|arg| arg == "--bench") { (ROUNDS, CALLS) } else { (1, 1) };
    let measure = |name: &str, size: usize, deed: &mut dyn FnMut()| {
        let mut best = u128::MAX;
        for _ in 0..rounds {
            let watch = Stopwatch::start();
            (0..calls).for_each(|_| deed());
            best = best.min(watch.nanos() / u128::from(calls));
        }
        println!("{name:28} {size:5} bytes {best:7} ns");
    };
    for (name, raw) in [("generic", generic()), ("graph", graph()), ("sentinel", sentinel())] {
        let source = Source { name: "edr", shape: Shape::Auto, tenant: Some("home") };
        let read = || -> SecurityEvent {
            normalise(black_box(raw.as_bytes()), &source, Timestamp::UNIX_EPOCH).expect("an event")
        };
        let event = read();
        let value = serde_json::to_value(&event).expect("an event serialises");
        let as_value = || serde_json::from_str::<serde_json::Value>(black_box(&raw)).is_ok();
        measure(&format!("normalise {name}"), raw.len(), &mut || drop(black_box(read())));
        measure("  serde_json::Value alone", raw.len(), &mut || drop(black_box(as_value())));
        measure("  canonical, of the event", raw.len(), &mut || {
            drop(black_box(canonical(black_box(&event))));
        });
        measure("  canonical, of its Value", raw.len(), &mut || {
            drop(black_box(canonical(black_box(&value))));
        });
    }
}
