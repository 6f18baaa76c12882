//! The twelve defects of the automation runner's example, each with its regression test.

use std::fs;
use std::path::Path;

use argus_soc::correlate::{Placement, Window, place};
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{parse, plan};
use argus_soc::run::{Next, Run, Status};
use argus_soc::score::seed_v1;

use crate::{host_event, known, now};

/// What was wrong, and the beginning of the name of the test that keeps it from coming back.
const DEFECTS: [(&str, &str); 12] = [
    ("source time and id are replaced", "defect_a_"),
    ("an unknown severity becomes low, an unknown entity a host", "defect_b_"),
    ("scores are floats, and some rows of the matrix cannot be reached", "defect_c_"),
    ("an outage of threat intelligence looks like a benign answer", "defect_d_"),
    ("an effect happens before it is recorded", "defect_e_"),
    ("the execution log lives in one process", "defect_f_"),
    ("only the failed action is rolled back", "defect_g_"),
    ("a rollback promises to restore a session", "defect_h_"),
    ("a rollback has no target", "defect_i_"),
    ("an attacker's text lands in the paths of requests", "defect_j_"),
    ("decisions are forgotten after an hour", "defect_k_"),
    ("repetitions have ids of their own, so nothing recognises them", "defect_l_"),
];

#[test]
fn every_defect_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = String::new();
    read_sources(root, &mut sources);
    for (what, prefix) in DEFECTS {
        // Put together, so that this very line is not what is found.
        let definition = ["#[test]\nfn ", prefix].concat();
        let indented = ["#[test]\n    fn ", prefix].concat();
        let found = sources.contains(&definition) || sources.contains(&indented);
        assert!(found, "{what}: no test begins with {prefix}");
    }
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !matches!(&*name, "target" | "node_modules" | "web") {
            read_sources(&path, sources);
        } else if name.ends_with(".rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// A run of two isolations and a ticket, as its records.
fn created() -> Fact {
    let step = |id: &str| {
        format!(
            "  - {{id: {id}, type: isolate_host, target: \"{{{{ entity.value }}}}\", \
             rollback: {{id: undo-{id}, type: release_host}}}}\n"
        )
    };
    let yaml = format!(
        "playbook: {{id: p, name: P, version: \"1.0.0\"}}\nactions:\n{}{}{}",
        step("one"),
        step("two"),
        "  - {id: three, type: create_ticket}\n"
    );
    let playbook = parse("p.yaml", &yaml).unwrap();
    fact(What::RunCreated {
        run: "r".into(),
        playbook: playbook.id.clone(),
        playbook_sha256: playbook.sha256.clone(),
        steps: plan(&playbook, &host_event("high")).unwrap(),
        max_attempts: 2,
        quorum: 1,
        terms: argus_soc::run::Terms::default(),
    })
}

fn fact(what: What) -> Fact {
    Fact::new(now(), Actor::service("run"), "c", what)
}

fn leased(step: &str) -> Fact {
    fact(What::Leased { run: "r".into(), step: step.into(), lease: format!("lease/{step}") })
}

fn answered(step: &str, outcome: Outcome) -> Fact {
    fact(What::Answered { run: "r".into(), step: step.into(), outcome })
}

fn accepted(step: &str) -> Fact {
    answered(step, Outcome::Accepted { remote: format!("remote-{step}"), detail: None })
}

fn verified(step: &str) -> Fact {
    fact(What::Verified { run: "r".into(), step: step.into(), progress: Progress::Done })
}

fn fold(facts: &[Fact]) -> Run {
    let mut run = Run::begin(&facts[0]).unwrap();
    facts[1..].iter().for_each(|fact| run.apply(fact));
    run
}

fn done(step: &str) -> [Fact; 4] {
    [leased(step), intended(step), accepted(step), verified(step)]
}

fn intended(step: &str) -> Fact {
    fact(What::Intended {
        run: "r".into(),
        step: step.into(),
        key: format!("key-{step}"),
        connector: "edr".into(),
        permit: "policy".into(),
        attempt: 1,
    })
}

#[test]
fn defect_e_an_intent_without_an_outcome_is_probed_not_sent_again() {
    let mut facts = vec![created()];
    assert_eq!(fold(&facts).next(now()), Next::Lease("one".into()));
    facts.push(leased("one"));
    assert_eq!(fold(&facts).next(now()), Next::Send("one".into()), "nothing was sent yet");
    // The crash: the intent is on record, what came of it is not.
    facts.push(intended("one"));
    assert_eq!(fold(&facts).next(now()), Next::Probe("one".into()));
    let found = Probe::Found { remote: "m-1".into(), detail: None };
    facts.push(fact(What::Probed { run: "r".into(), step: "one".into(), probe: found }));
    let next = fold(&facts).next(now());
    assert!(!matches!(next, Next::Send(_)), "it is there already: {next:?}");
}

#[test]
fn defect_f_another_process_goes_on_from_the_records() {
    let mut facts = vec![created()];
    facts.extend(done("one"));
    facts.push(leased("two"));
    let mut here = Run::begin(&facts[0]).unwrap();
    for (count, fact) in facts.iter().enumerate().skip(1) {
        here.apply(fact);
        // The other process reads the records as they were written.
        let again = |fact| Fact::read(&serde_json::to_vec(fact).unwrap()).unwrap();
        let there = fold(&facts[..=count].iter().map(again).collect::<Vec<_>>());
        assert_eq!(there, here);
        assert_eq!(there.next(now()), here.next(now()));
    }
    assert_eq!(here.next(now()), Next::Send("two".into()));
}

#[test]
fn defect_g_everything_that_was_done_is_undone_last_first() {
    let mut facts = vec![created()];
    facts.extend(done("one"));
    facts.extend(done("two"));
    facts.extend([leased("three"), intended("three")]);
    facts.push(answered("three", Outcome::Failed { why: "no".into() }));
    let run = fold(&facts);
    assert_eq!(run.status, Status::Compensating);
    let undoing: Vec<_> = run.steps.iter().filter_map(|step| step.undoes.as_deref()).collect();
    assert_eq!(undoing, ["two", "one"]);
    let names: Vec<String> =
        run.steps.iter().filter(|s| s.undoes.is_some()).map(|s| s.name.clone()).collect();
    for name in &names {
        assert_eq!(fold(&facts).next(now()), Next::Lease(name.clone()));
        facts.extend(done(name));
    }
    assert_eq!(fold(&facts).next(now()), Next::Finish(Status::Compensated));
}

#[test]
fn defect_k_a_decision_is_as_old_as_it_is() {
    let (event, enrichment) = (host_event("critical"), known(true, 100, 5, 5));
    let score = seed_v1(&event, &enrichment);
    let decision = argus_soc::decide::decide(&event, &enrichment, &score, &[], false);
    let opened = Fact::new(
        "2020-01-01T00:00:00Z".parse().unwrap(),
        Actor::service("triage"),
        "c",
        What::Opened {
            event: Box::new(event),
            enrichment: Box::new(enrichment),
            score: Box::new(score.clone()),
            decision: decision.clone(),
        },
    )
    .of("INC-1");
    let text = serde_json::to_string(&opened).unwrap();
    // Six years later it says the same; nothing in the fold looks at a clock.
    let incident = Incident::fold([&Fact::read(text.as_bytes()).unwrap()]).unwrap();
    assert_eq!((incident.score, incident.decision), (score, decision));
    // What does expire is the window in which a repetition counts as one, and nothing else.
    let later = now().as_millisecond() + 300_000;
    assert_eq!(
        place(&Window::default(), Some(&incident.occurrence), later),
        Placement::NewOccurrence
    );
}
