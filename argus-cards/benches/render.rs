//! How long a card takes: microseconds per rendering, median of many runs, and how that compares with
//! npm's `adaptivecards-templating` in the same minute.
//!
//! `cargo bench -p argus-cards` prints one line per card and profile; `-- notify` only those of one card.
//! The templates and data are in `data/`; `incident` has 20 timeline rows and a table of 15 rows,
//! `query` a list of 50 rows. npm takes part where Node.js is there and `npm ci` was run in `fuzz-npm`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints and may panic")]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use argus_cards::{Limits, Options, Profile, Template};
use serde_json::{Map, Value, json};

const RUNS: usize = 301;
const CARDS: [(&str, &str, &str); 3] = [
    ("notify", include_str!("data/notify.card.json"), include_str!("data/notify.json")),
    ("incident", include_str!("data/incident.card.json"), include_str!("data/incident.json")),
    ("query", include_str!("data/query.card.json"), include_str!("data/query.json")),
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let npm = if wanted.is_empty() { npm() } else { None };
    for (name, source, data) in CARDS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            card(name, source, data, npm.as_ref().and_then(|npm| npm.get(name)?.as_f64()));
        }
    }
    if wanted.is_empty() {
        rows();
        large();
    }
}

fn card(name: &str, source: &str, data: &str, npm: Option<f64>) {
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
        let compared = match npm {
            Some(npm) => format!("npm {npm:7.2} us, {:5.1} times ours", npm / render),
            None => "npm absent (Node.js, and `npm ci` in argus-cards/fuzz-npm)".to_owned(),
        };
        println!(
            "{name:8} {profile:?}: render {render:7.2} us, {compared}; compile {compile:6.2} us, {size} bytes"
        );
    }
}

/// Whether the time grows with the rows and no faster.
fn rows() {
    let (_, source, _) = CARDS[2];
    let mut limits = Limits::default();
    limits.output_bytes = 64 << 20;
    let options = Options::default().limits(limits);
    let template = Template::parse("query", source, &options).expect("the template is valid");
    for count in [100_u32, 1_000, 10_000] {
        let row = |n| json!({"key": format!("INC-{n}"), "title": "Suspicious sign-in", "severity": "high"});
        let data = json!({"title": "All", "rows": (0..count).map(row).collect::<Vec<_>>()});
        let render = median(1, || {
            black_box(template.render(&data, None, &options)).expect("renders");
        });
        println!("{count:6} rows: {:6.1} ns each", render * 1000.0 / f64::from(count));
    }
}

/// How long it takes to read a template of 14 KB, indented by two as a designer's file is.
fn large() {
    let (_, source, _) = CARDS[1];
    let one: Value = serde_json::from_str(source).expect("the template is JSON");
    let body = one.get("body").and_then(Value::as_array).expect("it has a body");
    let text = |count| {
        let body: Vec<&Value> = body.iter().cycle().take(count).collect();
        serde_json::to_string_pretty(&json!({"type": "AdaptiveCard", "body": body}))
    };
    let texts = (1..200).map_while(|count| text(count).ok());
    let source =
        texts.take_while(|text| text.len() <= 14 << 10).last().expect("one is small enough");
    let options = Options::default();
    let compile = median(5, || {
        black_box(Template::parse("large", &source, &options)).expect("the template is valid");
    });
    println!("a template of {} bytes: compile {compile:6.2} us", source.len());
}

/// What npm's engine takes for each card, if it is there.
fn npm() -> Option<Map<String, Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-npm");
    let names = CARDS.map(|(name, ..)| name);
    let output = Command::new("node").arg("bench.mjs").args(names).current_dir(folder).output();
    let output = output.ok().filter(|output| output.status.success())?;
    serde_json::from_slice(&output.stdout).ok()
}

/// The median time of one call in microseconds, measured over batches.
fn median(batch: u32, mut work: impl FnMut()) -> f64 {
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
    times.get(RUNS / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
}
