//! How long a card takes: microseconds per rendering, median of many runs.
//!
//! `cargo bench -p argus-cards` prints one line per card. The templates and data are in `data/`;
//! `incident` has 20 timeline rows and a table of 15 rows, `query` a list of 50 rows.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints and may panic")]

use std::hint::black_box;
use std::time::Duration;

use argus_cards::{Options, Profile, Template};
use serde_json::Value;

const RUNS: usize = 301;
const CARDS: [(&str, &str, &str); 3] = [
    ("notify", include_str!("data/notify.card.json"), include_str!("data/notify.json")),
    ("incident", include_str!("data/incident.card.json"), include_str!("data/incident.json")),
    ("query", include_str!("data/query.card.json"), include_str!("data/query.json")),
];

fn main() {
    for (name, source, data) in CARDS {
        let data: Value = serde_json::from_str(data).expect("the data is JSON");
        for profile in [Profile::Argus, Profile::Compat] {
            let options = Options::default().profile(profile);
            let template = Template::parse(name, source, &options).expect("the template is valid");
            let compile = median(20, || {
                black_box(Template::parse(name, source, &options)).expect("the template is valid");
            });
            let size = template.render(&data, None, &options).expect("the card renders").len();
            let render = median(50, || {
                black_box(template.render(black_box(&data), None, &options)).expect("renders");
            });
            let (render, compile) = (micros(render), micros(compile));
            println!(
                "{name:8} {profile:?}: render {render:7.2} us, compile {compile:7.2} us, {size} bytes"
            );
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median time of one call, measured over batches.
fn median(batch: u32, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
            let start = std::time::Instant::now();
            for _ in 0..batch {
                work();
            }
            start.elapsed() / batch
        })
        .collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}
