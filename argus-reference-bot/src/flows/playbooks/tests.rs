//! Texts on their way from draft to live, as people and events meet them.

use std::sync::Arc;

use argus_soc::ledger::fact::{Actor, What};
use argus_soc::playbook::lifecycle::{Life, Rules, Stage};
use argus_soc::run::{State, Status};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{SubmitError, Unknown, Word};
use crate::flows::Soc;
use crate::flows::access::{AccessError, Person};
use crate::flows::ask::{Answer, Asked};
use crate::flows::execute::execute;
use crate::flows::regroup::Unsaid;
use crate::flows::world::{World, place, receive, until};
use crate::ports::ledger::documents::find;
use crate::ports::playbooks::{PlaybookSource, Texts};

/// Isolates the host of every event; `version` makes it another text.
fn text(version: &str) -> String {
    format!(
        "playbook: {{id: cut, name: Cut, version: \"{version}\"}}\n\
         triggers:\n  - {{source: edr}}\nconditions: {{risk_threshold: 0}}\nactions:\n  \
         - {{id: iso, type: isolate_host, target: \"{{{{ entity.value }}}}\", needs: [], \
         rollback: {{id: back, type: release_host}}}}\n"
    )
}

fn person(id: &str) -> Person {
    Person { tenant: "home".into(), object_id: id.into(), name: Some(id.to_uppercase()) }
}

/// A world, and a replica in it.
fn scene(rules: Rules) -> (World, Soc) {
    let world = World::default();
    let soc = replica(&world, rules);
    (world, soc)
}

fn replica(world: &World, rules: Rules) -> Soc {
    let mut soc = world.soc(&[]);
    soc.playbooks.rules = rules;
    soc
}

const AT_ONCE: Rules = Rules { reviewers: 2, dry_run_days: 0 };

async fn submit(soc: &Soc, text: &str) -> Result<(String, Stage, bool), SubmitError> {
    let (text, api) = (("p.yaml", text), Actor::service("api"));
    let taken = soc.submit_playbook(text, "api", &api, Unknown::OrRetired, "c").await?;
    Ok((taken.playbook.sha256.chars().take(8).collect(), taken.stage, taken.is_new))
}

async fn say(soc: &Soc, who: &str, word: Word, said: &str) -> String {
    match soc.on_playbooks(&person(who), word, said, "c").await {
        Ok(text) => text,
        Err(Unsaid::Access(AccessError::Refused(refusal))) => format!("refused: {refusal}"),
        Err(error) => panic!("{error}"),
    }
}

/// Has two people read a text.
async fn read(soc: &Soc, sha: &str) {
    for who in ["bob", "cid"] {
        let said = say(soc, who, Word::Review, &format!("cut {sha}")).await;
        assert!(said.starts_with("You say that it is good"), "{said}");
    }
}

async fn life(soc: &Soc) -> Life {
    find::<Life>(soc.ledger.as_ref(), "cut").await.expect("read").expect("a life").1
}

fn in_use(soc: &Soc) -> Vec<String> {
    let used = soc.playbooks.in_use();
    used.iter().filter(|it| it.id == "cut").map(|it| it.version.clone()).collect()
}

#[tokio::test]
async fn two_people_read_a_text_and_then_it_can_act() {
    let (world, soc) = scene(AT_ONCE);
    let (sha, stage, is_new) = submit(&soc, &text("1.0.0")).await.expect("taken");
    assert_eq!((stage, is_new), (Stage::Draft, true));
    assert!(!submit(&soc, &text("1.0.0")).await.expect("taken").2, "the same text again");
    let promote = format!("cut {sha} live");
    let said = say(&soc, "lea", Word::Promote, &promote).await;
    assert!(said.contains("0 of 2 reviews"), "{said}");
    for _ in 0..2 {
        say(&soc, "bob", Word::Review, &format!("cut {sha}")).await;
    }
    let said = say(&soc, "lea", Word::Promote, &promote).await;
    assert!(said.contains("1 of 2 reviews"), "one person twice: {said}");
    say(&soc, "cid", Word::Review, &format!("CUT {sha}")).await;
    say(&soc, "cid", Word::Review, &format!("cut {}", sha.to_uppercase())).await;
    let mallory = Person { tenant: "elsewhere".into(), ..person("mallory") };
    for word in [Word::Review, Word::Promote, Word::Retire] {
        let refused = soc.on_playbooks(&mallory, word, &format!("cut {sha}"), "c").await;
        let is_refused = matches!(refused, Err(Unsaid::Access(AccessError::Refused(_))));
        assert!(is_refused, "{word:?}");
    }
    assert_eq!(in_use(&soc), [""; 0]);
    let said = say(&soc, "lea", Word::Promote, &promote).await;
    assert!(said.contains("live since") && said.contains("BOB, CID"), "{said}");
    assert_eq!(in_use(&soc), ["1.0.0"]);
    // A restart, and another replica: the text comes from the records.
    let other = replica(&world, AT_ONCE);
    assert_eq!(in_use(&other), [""; 0]);
    other.renew_playbooks().await.expect("renewed");
    assert_eq!(in_use(&other), ["1.0.0"]);
    // What somebody retires there is retired here.
    let said = say(&other, "bob", Word::Retire, "cut \"it cuts too much\"").await;
    assert!(said.contains("retired since") && said.contains("it cuts too much"), "{said}");
    soc.renew_playbooks().await.expect("renewed");
    assert_eq!((in_use(&soc), in_use(&other)), (vec![], vec![]));
}

#[tokio::test]
async fn who_edits_a_text_after_its_review_has_it_reviewed_again() {
    let (_world, soc) = scene(AT_ONCE);
    let (first, ..) = submit(&soc, &text("1.0.0")).await.expect("taken");
    read(&soc, &first).await;
    say(&soc, "lea", Word::Promote, &format!("cut {first} live")).await;
    let (edited, ..) = submit(&soc, &format!("{}# a word\n", text("1.0.0"))).await.expect("taken");
    assert_ne!(edited, first);
    let said = say(&soc, "lea", Word::Promote, &format!("cut {edited} live")).await;
    assert!(said.contains("0 of 2 reviews"), "{said}");
    read(&soc, &edited).await;
    say(&soc, "dan", Word::Reject, &format!("cut {edited} \"why the word?\"")).await;
    let said = say(&soc, "lea", Word::Promote, &format!("cut {edited} live")).await;
    assert!(said.contains("DAN rejected it"), "{said}");
    say(&soc, "dan", Word::Review, &format!("cut {edited}")).await;
    say(&soc, "lea", Word::Promote, &format!("cut {edited} live")).await;
    let stages: Vec<Stage> = life(&soc).await.texts.iter().map(|it| it.stage).collect();
    assert_eq!(stages, [Stage::Retired, Stage::Live]);
    assert_eq!(in_use(&soc).len(), 1);
}

#[tokio::test]
async fn a_broken_text_is_refused_with_its_place_and_changes_nothing() {
    let (_world, soc) = scene(AT_ONCE);
    let before = soc.ledger.head().await.expect("read").0;
    let broken = text("1.0.0").replace("isolate_host", "isolate_hots");
    let Err(SubmitError::Invalid(report)) = submit(&soc, &broken).await else { panic!("taken") };
    let report = report.to_string();
    assert!(report.contains("--> p.yaml:6:") && report.contains('^'), "{report}");
    assert_eq!(soc.ledger.head().await.expect("read").0, before);
}

/// Drives the runs of a replica until it is dropped.
fn driven(soc: &Arc<Soc>) -> (watch::Sender<bool>, JoinSet<()>) {
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(execute(Arc::clone(soc), ended));
    (end, tasks)
}

#[tokio::test]
async fn a_text_in_dry_run_is_started_by_events_beside_the_live_one_and_sends_nothing() {
    let (world, soc) = scene(AT_ONCE);
    let soc = Arc::new(soc);
    let (live, ..) = submit(&soc, &text("1.0.0")).await.expect("taken");
    read(&soc, &live).await;
    say(&soc, "lea", Word::Promote, &format!("cut {live} live")).await;
    let (tried, ..) = submit(&soc, &text("2.0.0")).await.expect("taken");
    say(&soc, "lea", Word::Promote, &format!("cut {tried} dry-run")).await;
    let (_end, _tasks) = driven(&soc);
    receive(&soc, 1).await;
    place(&soc).await;
    until("the end of the dry run", async || {
        (life(&soc).await.dry_run()?.dry_runs == 1).then_some(())
    })
    .await;
    until("the deed of the live one", async || (!world.hosts.did().is_empty()).then_some(())).await;
    let incident = soc.ledger.incident("INC-1").await.expect("read").expect("INC-1");
    let runs: Vec<bool> = incident.runs.values().map(argus_soc::run::Run::is_dry).collect();
    assert_eq!(runs, [false, true]);
    assert_eq!(world.hosts.did(), ["isolate_host ws-1"], "once, and not by the dry one");
    // Nothing failed, and no days are asked for.
    read(&soc, &tried).await;
    say(&soc, "lea", Word::Promote, &format!("cut {tried} live")).await;
    assert_eq!(in_use(&soc), ["2.0.0"]);
}

#[tokio::test]
async fn a_dry_run_that_fails_is_counted_and_stands_in_the_way() {
    let (_world, soc) = scene(AT_ONCE);
    // Nothing here can do that.
    let (sha, ..) = submit(
        &soc,
        &text("1.0.0")
            .replace("isolate_host", "scan_host")
            .replace("rollback: {id: back, type: release_host}", "parameters: {}"),
    )
    .await
    .expect("taken");
    read(&soc, &sha).await;
    say(&soc, "lea", Word::Promote, &format!("cut {sha} dry-run")).await;
    receive(&soc, 1).await;
    place(&soc).await;
    let said = say(&soc, "lea", Word::Promote, &format!("cut {sha} live")).await;
    assert!(said.contains("1 of its dry runs failed (nothing is configured"), "{said}");
    let listed = say(&soc, "bob", Word::List, "").await;
    assert!(listed.contains("1 dry runs, 1 failed"), "{listed}");
}

#[tokio::test]
async fn what_a_retired_text_has_begun_goes_on() {
    let (world, soc) = scene(AT_ONCE);
    let soc = Arc::new(soc);
    let waits = text("1.0.0").replace(
        "actions:\n",
        "actions:\n  - {id: pause, type: wait, needs: [], parameters: {for: 100ms}}\n",
    );
    let waits = waits.replace("needs: [], rollback", "needs: [pause], rollback");
    let (sha, ..) = submit(&soc, &waits).await.expect("taken");
    read(&soc, &sha).await;
    say(&soc, "lea", Word::Promote, &format!("cut {sha} live")).await;
    receive(&soc, 1).await;
    place(&soc).await;
    say(&soc, "bob", Word::Retire, "cut because of a test").await;
    assert_eq!(in_use(&soc), [""; 0]);
    let (_end, _tasks) = driven(&soc);
    let run = until("the end of the run", async || {
        let incident = soc.ledger.incident("INC-1").await.expect("read").expect("INC-1");
        let run = incident.runs.get("INC-1.r1").expect("a run").clone();
        (run.status == Status::Succeeded).then_some(run)
    })
    .await;
    assert!(run.playbook_sha256.starts_with(&sha));
    assert!(matches!(run.step("iso").map(|it| &it.state), Some(State::Done { .. })));
    assert_eq!(world.hosts.did(), ["isolate_host ws-1"]);
    // The next event starts nothing.
    receive(&soc, 2).await;
    place(&soc).await;
    let next = soc.ledger.incident("INC-2").await.expect("read").expect("INC-2");
    assert!(next.runs.is_empty());
}

/// A source that says what it is told.
#[derive(Debug)]
struct Told(std::sync::Mutex<Result<Texts, String>>);

#[async_trait]
impl PlaybookSource for Told {
    fn name(&self) -> &'static str {
        "git"
    }

    async fn read(&self) -> Result<Texts, String> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

#[tokio::test]
async fn a_source_hands_in_what_is_new_once_and_keeps_the_last_good_when_it_is_silent() {
    let (_world, soc) = scene(AT_ONCE);
    let file = |name: &str, text: &str| (name.to_owned(), Ok(text.to_owned()));
    let files = vec![file("cut.yaml", &text("1.0.0")), file("bad.yaml", "playbook: 7")];
    let source = Told(std::sync::Mutex::new(Ok(Texts { at: Some("abc".into()), files })));
    soc.read_playbooks(&source).await.expect("read");
    let head = soc.ledger.head().await.expect("read").0;
    let (sha, origin) = {
        let life = life(&soc).await;
        (life.texts[0].short().to_owned(), life.texts[0].origin.clone())
    };
    assert_eq!(origin, "git:abc:cut.yaml");
    let stands = soc.playbooks.sources.heard()["git"].clone();
    assert!(stands.refused["bad.yaml"].contains("bad.yaml:1"), "{stands:?}");
    // Again nothing is new, even after somebody retired it.
    say(&soc, "bob", Word::Retire, &format!("cut {sha} not this one")).await;
    soc.read_playbooks(&source).await.expect("read");
    assert_eq!(soc.ledger.head().await.expect("read").0, head + 2, "the permission and the deed");
    *source.0.lock().expect("nobody panicked") = Err("it does not answer".into());
    soc.read_playbooks(&source).await.expect("read");
    let stands = soc.playbooks.sources.heard()["git"].clone();
    assert_eq!((stands.at.as_deref(), stands.refused.len()), (Some("abc"), 1));
    assert!(stands.words().contains("cannot be read: it does not answer"), "{stands:?}");
    let status = soc.ask(&person("bob"), Asked::Status, "", "c").await;
    assert!(matches!(&status, Answer::Text(it) if it.contains("does not answer")), "{status:?}");
}

#[tokio::test]
async fn what_lies_in_a_trusted_folder_is_not_replaced_from_the_chat() {
    let (world, _) = scene(AT_ONCE);
    let mut soc = world.soc(&[&text("1.0.0")]);
    soc.playbooks.rules = AT_ONCE;
    let (sha, ..) = submit(&soc, &text("2.0.0")).await.expect("taken");
    read(&soc, &sha).await;
    let said = say(&soc, "lea", Word::Promote, &format!("cut {sha} live")).await;
    assert!(said.contains("lies in the folder"), "{said}");
    assert_eq!(in_use(&soc), ["1.0.0"]);
}

#[tokio::test]
async fn a_draft_of_an_earlier_version_is_handed_in_again_once() {
    let (_world, soc) = scene(AT_ONCE);
    let loaded = What::PlaybookLoaded {
        playbook: "cut".into(),
        version: "1.0.0".into(),
        sha256: "00".into(),
        text: text("1.0.0"),
    };
    let fact = soc.fact(Actor::service("api"), "c", loaded);
    soc.ledger.append(crate::ports::ledger::Batch::one(fact)).await.expect("written");
    for _ in 0..2 {
        soc.adopt_drafts().await.expect("adopted");
        let stages: Vec<Stage> = life(&soc).await.texts.iter().map(|it| it.stage).collect();
        assert_eq!(stages, [Stage::Draft]);
    }
}

#[tokio::test]
async fn words_that_say_too_little_are_answered_with_what_to_write() {
    async fn check(soc: &Soc, word: Word, said: &str, part: &str) {
        let answer = say(soc, "lea", word, said).await;
        assert!(answer.contains(part), "{said}: {answer}");
    }
    let (_world, soc) = scene(AT_ONCE);
    let (sha, ..) = submit(&soc, &text("1.0.0")).await.expect("taken");
    check(&soc, Word::Review, "cut", "Write `review ID HASH`").await;
    check(&soc, Word::Review, "other 12345678", "Nobody handed in").await;
    check(&soc, Word::Review, "cut 1234", "first 8 digits").await;
    check(&soc, Word::Review, "cut 12345678", "no text of cut").await;
    check(&soc, Word::Reject, &format!("cut {sha}"), "Write `reject").await;
    check(&soc, Word::Promote, &format!("cut {sha} away"), "Write `promote").await;
    check(&soc, Word::Retire, "cut", "Write `retire").await;
    check(&soc, Word::Retire, "cut it is old", "no text of cut is live").await;
    check(&soc, Word::List, "", "**cut** 1.0.0").await;
    check(&soc, Word::List, &format!("cut {sha}"), "type: isolate_host").await;
    check(&soc, Word::List, "cut", "draft since").await;
}
