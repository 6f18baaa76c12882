//! How long a lint takes: microseconds per card, median of many runs.
//!
//! `cargo bench -p argus-cards --bench lint` prints one line per card. The cards are those of
//! `data/`, rendered with half as many rows again, so that `query` has more than 30 KB.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints and may panic")]

use std::hint::black_box;
use std::time::Duration;

use argus_cards::lint::{Linter, Reading};
use argus_cards::{Host, Options, Template};
use serde_json::Value;

const RUNS: usize = 301;
const CARDS: [(&str, &str, &str); 3] = [
    ("notify", include_str!("data/notify.card.json"), include_str!("data/notify.json")),
    ("incident", include_str!("data/incident.card.json"), include_str!("data/incident.json")),
    ("query", include_str!("data/query.card.json"), include_str!("data/query.json")),
];

fn main() {
    for (name, source, data) in CARDS {
        let mut data: Value = serde_json::from_str(data).expect("the data is JSON");
        lengthen(&mut data);
        let options = Options::default();
        let template = Template::parse(name, source, &options).expect("the template is valid");
        let card = template.render(&data, None, &options).expect("the card renders");
        let card = String::from_utf8(card).expect("a card is UTF-8");
        let linter = Linter::new(Host::TEAMS).reading(Reading::Card);
        let findings = linter.check(name, &card).findings.len();
        let of_card = median(|| drop(black_box(linter.check(name, black_box(&card)))));
        let raw = Linter::new(Host::TEAMS);
        let of_template = median(|| drop(black_box(raw.check(name, black_box(source)))));
        println!(
            "{name:8} card of {:6} bytes: {:7.1} us, {findings} findings; template: {:7.1} us",
            card.len(),
            of_card.as_secs_f64() * 1e6,
            of_template.as_secs_f64() * 1e6,
        );
    }
}

/// Repeats the first half of every list.
fn lengthen(value: &mut Value) {
    match value {
        Value::Array(items) => {
            let half: Vec<Value> = items.iter().take(items.len() / 2).cloned().collect();
            items.extend(half);
            items.iter_mut().for_each(lengthen);
        }
        Value::Object(map) => map.values_mut().for_each(lengthen),
        _ => {}
    }
}

/// The median time of one call.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
            let start = std::time::Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}
