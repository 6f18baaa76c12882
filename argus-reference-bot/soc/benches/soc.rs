//! What it costs to decide about an event and to plan a playbook of ten steps, and to know again
//! after a restart where 10,000 open runs stand.
//!
//! `cargo bench -p argus-soc --bench soc` prints the best of several rounds.
#![expect(clippy::print_stdout, reason = "a bench reports")]
#![expect(clippy::expect_used, reason = "a bench that cannot read its own input has to stop")]
#![expect(clippy::disallowed_methods, reason = "a bench measures the real time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use argus_soc::decide::{Decision, decide};
use argus_soc::effect::{Outcome, Progress};
use argus_soc::enrich::{Asset, Enrichment, History, Intel, Known};
use argus_soc::event::{SecurityEvent, Shape, Source, normalise};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{PlannedStep, Playbook, parse, plan};
use argus_soc::run::{Run, Terms};
use argus_soc::score::seed_v1;
use jiff::Timestamp;

/// Runs that are open when the process starts again.
const RUNS: usize = 10_000;
/// Steps of each; half of them are done.
const STEPS: usize = 10;

fn main() {
    // `cargo test --benches` runs this too; a little is enough to see that it works.
    let whole = std::env::args().any(|arg| arg == "--bench");
    let (rounds, calls, runs) = if whole { (30, 1_000, RUNS) } else { (1, 1, 10) };

    let (event, playbook) = (event(), playbook());
    let enrichment = enrichment();
    let score = seed_v1(&event, &enrichment);
    let playbooks = [playbook.clone()];
    let decided = || decide(black_box(&event), &enrichment, &score, &playbooks, false);
    assert!(matches!(decided(), Decision::Run { .. }), "{:?}", decided());
    let steps = plan(&playbook, &event).expect("a plan");
    assert_eq!(steps.len(), STEPS);
    let each = best(rounds, || {
        for _ in 0..calls {
            black_box(decided());
            drop(black_box(plan(black_box(&playbook), &event)));
        }
    }) / calls;
    println!("decide and plan {STEPS} steps {:>10.1} us", each.as_secs_f64() * 1e6);

    let lines: Vec<Vec<u8>> = records(&playbook, &steps)
        .iter()
        .map(|fact| serde_json::to_vec(fact).expect("a record serialises"))
        .collect();
    let took = best(rounds.min(3), || {
        for _ in 0..runs {
            black_box(resumed(black_box(&lines)));
        }
    });
    println!("resume {runs} runs of {} records {:>8.3} s", lines.len(), took.as_secs_f64());
}

fn best(rounds: u32, mut deed: impl FnMut()) -> Duration {
    let round = |_| {
        let start = Instant::now();
        deed();
        start.elapsed()
    };
    (0..rounds).map(round).min().unwrap_or_default()
}

/// A run out of the bytes of its records, as a process reads them that starts again, and what is
/// next for it.
fn resumed(lines: &[Vec<u8>]) -> usize {
    let read = |line: &Vec<u8>| Fact::read(line).expect("a record");
    let mut facts = lines.iter().map(read);
    let mut run = Run::begin(&facts.next().expect("a first record")).expect("a run");
    facts.for_each(|fact| run.apply(&fact));
    let ready = run.ready(Timestamp::UNIX_EPOCH).len();
    assert!(!run.status.is_over(), "an open run");
    ready
}

/// Half of the steps are done.
fn records(playbook: &Playbook, steps: &[PlannedStep]) -> Vec<Fact> {
    let fact = |what| Fact::new(Timestamp::UNIX_EPOCH, Actor::service("run"), "c", what);
    let run = || "INC-1.r1".to_owned();
    let mut facts = vec![fact(What::RunCreated {
        run: run(),
        playbook: playbook.id.clone(),
        playbook_sha256: playbook.sha256.clone(),
        steps: steps.to_vec(),
        max_attempts: 3,
        quorum: 1,
        terms: Terms::of(&playbook.execution, &playbook.gates, None),
    })];
    for step in steps.iter().take(STEPS / 2) {
        let (id, lease) = (|| step.id.clone(), format!("home/{}", step.id));
        let outcome = Outcome::Accepted { remote: "m".into(), detail: None };
        facts.extend([
            fact(What::Leased { run: run(), step: id(), lease }),
            fact(What::Intended {
                run: run(),
                step: id(),
                key: format!("key-{}", step.id),
                connector: "edr".into(),
                permit: "policy".into(),
                attempt: 1,
            }),
            fact(What::Answered { run: run(), step: id(), outcome }),
            fact(What::Verified { run: run(), step: id(), progress: Progress::Done }),
        ]);
    }
    facts
}

/// One step, then five side by side, then four one after the other.
fn playbook() -> Playbook {
    let step = |at: usize| {
        let needs = match at {
            0 => String::new(),
            1..6 => "s0".to_owned(),
            _ => format!("s{}", at - 1),
        };
        let what = if at == 0 {
            r#"type: isolate_host, target: "{{ entity.host }}", rollback: {id: un, type: release_host}"#
        } else {
            r#"type: scan_host, target: "{{ entity.host }}""#
        };
        format!("  - {{id: s{at}, {what}, needs: [{needs}]}}\n")
    };
    let steps: String = (0..STEPS).map(step).collect();
    let head = "playbook: {id: p, name: P, version: \"1.0.0\"}\ntriggers: [{source: edr}]";
    parse("p.yaml", &format!("{head}\nactions:\n{steps}")).expect("a playbook")
}

fn event() -> SecurityEvent {
    let raw = r#"{"source": "edr", "event_type": "ransomware", "severity": "critical",
        "entity_type": "host", "entity_value": "ws-1"}"#;
    let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
    normalise(raw.as_bytes(), &source, Timestamp::UNIX_EPOCH).expect("an event")
}

fn enrichment() -> Enrichment {
    let asset = Asset {
        name: "ws-1".into(),
        criticality: 5,
        environment: Some("staging".into()),
        ..Asset::default()
    };
    let history = History { previous_incidents: 5, ..History::default() };
    Enrichment::of(
        Known::Known(Intel { malicious: true, confidence: 100 }),
        Known::Known(asset),
        Known::Known(history),
    )
}
