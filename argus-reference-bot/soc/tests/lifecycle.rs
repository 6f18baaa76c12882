//! The life of a playbook, as a table: what is recorded, and what each text is then.

use argus_soc::ledger::canonical;
use argus_soc::ledger::documents::changes;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::lifecycle::{Life, NotNow, Rules, Stage, Unfound};
use jiff::{SignedDuration, Timestamp};

fn person(id: &str) -> Actor {
    Actor::Person { tenant: "t".into(), object_id: id.into(), shown_as: Some(id.to_uppercase()) }
}

fn sha(letter: char) -> String {
    letter.to_string().repeat(64)
}

fn day(days: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
}

/// What somebody did: a word each for who, what, and with which text. `ann submit a`.
fn what(line: &str, on: i64) -> Fact {
    let words: Vec<&str> = line.split(' ').collect();
    let [who, verb, text] = words[..] else { panic!("{line}") };
    let (playbook, sha256) = ("p".to_owned(), sha(text.chars().next().unwrap()));
    let what = match verb {
        "submits" => What::PlaybookSubmitted {
            version: format!("1.{text}"),
            text: format!("the text {text}"),
            origin: "api".into(),
            playbook,
            sha256,
        },
        "approves" | "rejects" => {
            let approve = verb == "approves";
            What::PlaybookReviewed { playbook, sha256, approve, why: None }
        }
        "tries" => What::PlaybookPromoted { playbook, sha256, to: Stage::DryRun },
        "promotes" => What::PlaybookPromoted { playbook, sha256, to: Stage::Live },
        "retires" => What::PlaybookRetired { playbook, sha256, why: "it is old".into() },
        "rehearsed" | "failed" => {
            let failed = (verb == "failed").then(|| "it timed out".to_owned());
            What::PlaybookRehearsed { playbook, sha256, incident: "INC-1".into(), failed }
        }
        other => panic!("{other}"),
    };
    let actor = if who == "api" { Actor::service("api") } else { person(who) };
    Fact::new(day(on), actor, "c", what)
}

/// The life after these days, one line of things that were done on each.
fn life(days: &[&str]) -> Option<Life> {
    let each = days.iter().zip(0..).flat_map(|(lines, on)| {
        lines.split(", ").filter(|it| !it.is_empty()).map(move |line| what(line, on))
    });
    each.fold(None, |life, fact| Life::after(life, &fact))
}

/// Each text with its stage and the people who say that it is good: `a=live+bob`.
fn shown(life: Option<&Life>) -> String {
    let texts = life.iter().flat_map(|it| &it.texts).map(|text| {
        let good = text.reviews.iter().filter(|it| it.approve);
        let good: String =
            good.flat_map(|it| ["+".to_owned(), it.by.shown().to_lowercase()]).collect();
        format!("{}={}{good}", &text.sha256[..1], text.stage.word())
    });
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_recorded_makes_a_text_what_it_is() {
    fn check(days: &[&str], expected: &str) {
        assert_eq!(shown(life(days).as_ref()), expected, "{days:?}");
    }
    check(&["ann submits a"], "a=draft");
    check(&["ann submits a, bob submits a"], "a=draft");
    check(&["ann submits a, bob approves a, cid approves a"], "a=draft+bob+cid");
    // Once per person, whatever the case of their id; the last word counts.
    check(&["ann submits a, bob approves a, BOB approves a"], "a=draft+bob");
    check(&["ann submits a, bob approves a, bob rejects a"], "a=draft");
    check(&["ann submits a, bob rejects a, bob approves a"], "a=draft+bob");
    // Nobody reviews their own, and programs review nothing.
    check(&["ann submits a, ann approves a, ANN approves a, api approves a"], "a=draft");
    // An edit is another text, which nobody has reviewed.
    check(&["ann submits a, bob approves a, ann submits b"], "a=draft+bob b=draft");
    check(&["ann submits a, ann tries a"], "a=dry_run");
    check(&["ann submits a, ann tries a, ann submits b, ann tries b"], "a=retired b=dry_run");
    // One is live, and one in dry run beside it.
    let replaced = "ann submits a, ann promotes a, ann submits b, ann tries b";
    check(&[replaced], "a=live b=dry_run");
    check(&[replaced, "ann promotes b"], "a=retired b=live");
    check(&[replaced, "ann promotes b", "ann promotes a"], "a=live b=retired");
    check(&["ann submits a, ann promotes a, bob retires a"], "a=retired");
    check(&["ann submits a, bob approves a, bob retires a, ann submits a"], "a=draft");
    check(&["ann submits a, bob retires a, bob approves a, ann promotes a"], "a=retired");
    // What is said of a text that nobody handed in says nothing.
    check(&["bob approves a, bob promotes a, bob retires a, bob failed a"], "");
}

#[test]
fn a_text_goes_live_when_two_others_have_read_it_and_its_dry_run_was_good() {
    fn check(days: &[&str], to: Stage, on: i64, expected: Result<(), &str>) {
        let life = life(days).expect("a life");
        let said = life.may_promote(&sha('a'), to, Rules::default(), day(on));
        let said = said.map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(said, Ok(()), "{days:?} on day {on}"),
            Err(part) => assert!(said.as_ref().is_err_and(|it| it.contains(part)), "{said:?}"),
        }
    }
    let tried = "ann submits a, ann tries a";
    let read = "bob approves a, cid approves a";
    check(&["ann submits a"], Stage::DryRun, 0, Ok(()));
    check(&["ann submits a", "bob rejects a"], Stage::DryRun, 1, Err("BOB rejected it"));
    check(&["ann submits a", read], Stage::Live, 9, Err("in dry run for 7 days first"));
    check(&[tried], Stage::Live, 9, Err("0 of 2 reviews"));
    check(
        &[tried, "bob approves a, bob approves a, ann approves a"],
        Stage::Live,
        9,
        Err("1 of 2"),
    );
    check(&[tried, read], Stage::Live, 6, Err("until 1970-01-08T00:00:00Z"));
    check(&[tried, read], Stage::Live, 7, Ok(()));
    check(&[tried, read, "dan rejects a"], Stage::Live, 9, Err("DAN rejected it"));
    let failed = "api rehearsed a, api failed a, api rehearsed a";
    check(&[tried, read, failed], Stage::Live, 9, Err("1 of its dry runs failed (it timed out)"));
    // Its dry run begins anew, and so do its days.
    check(&[tried, read, failed], Stage::DryRun, 9, Ok(()));
    check(&[tried, read, failed, "ann tries a"], Stage::Live, 9, Err("until 1970-01-11"));
    check(&[tried, read, failed, "ann tries a"], Stage::Live, 10, Ok(()));
    check(&[tried], Stage::DryRun, 1, Err("dry_run already"));
    check(&[tried, "ann promotes a"], Stage::Live, 1, Err("live already"));
    check(&[tried, "ann promotes a"], Stage::DryRun, 1, Err("goes on to"));
    check(&[tried], Stage::Retired, 1, Err("goes on to"));
    // What was live once and had only to make room may be again, at once.
    let former = [tried, read, "ann promotes a", "ann submits b, ann promotes b"];
    check(&former, Stage::Live, 4, Ok(()));
    // What somebody did not want any more may not.
    let gone = [tried, read, "ann promotes a", "bob retires a"];
    check(&gone, Stage::Live, 99, Err("hand the text in again"));
}

#[test]
fn where_no_days_are_asked_for_a_dry_run_is_not_needed_and_a_failed_one_still_counts() {
    let rules = Rules { dry_run_days: 0, ..Rules::default() };
    let may = |days: &[&str]| {
        life(days).expect("a life").may_promote(&sha('a'), Stage::Live, rules, day(0))
    };
    let read = "ann submits a, bob approves a, cid approves a";
    assert_eq!(may(&[read]), Ok(()));
    assert_eq!(may(&["ann submits a"]), Err(NotNow::Reviews { have: 0, need: 2 }));
    let failed = may(&[read, "ann tries a, api failed a"]);
    assert!(matches!(failed, Err(NotNow::Failed { failed: 1, .. })), "{failed:?}");
}

#[test]
fn a_hash_names_a_text_from_eight_digits_on() {
    let life = life(&["ann submits a, ann submits b"]).expect("a life");
    assert_eq!(life.find(&"A".repeat(8)).map(|it| it.version.as_str()), Ok("1.a"));
    assert_eq!(life.find(&"c".repeat(8)), Err(Unfound::Unknown("p".into())));
    for wrong in ["aaaaaaa", "", "zzzzzzzz", "aaaaaaa é"] {
        assert_eq!(life.find(wrong), Err(Unfound::NoHash), "{wrong:?}");
    }
}

#[test]
fn drafts_and_former_texts_make_room_and_their_hashes_are_remembered() {
    let letters = "0123456789abcdef";
    let submit = letters.chars().map(|it| format!("ann submits {it}")).collect::<Vec<_>>();
    let drafts = life(&[submit.join(", ").as_str()]).expect("a life");
    let stages: String = drafts.texts.iter().map(|it| &it.stage.word()[..1]).collect();
    assert_eq!(stages, "rrrrrrdddddddddd");
    let live = letters.chars().map(|it| format!("ann submits {it}, ann promotes {it}"));
    let live = life(&[live.collect::<Vec<_>>().join(", ").as_str()]).expect("a life");
    let kept = live.texts.iter().filter(|it| it.text.is_some()).count();
    assert_eq!((live.texts.len(), kept), (16, 4), "the live one, and three former ones");
}

#[test]
fn the_life_is_a_document_of_its_playbook_and_survives_being_written_down() {
    let facts = ["ann submits a", "bob rejects a", "ann tries a", "api failed a"];
    let mut stored: Option<Vec<u8>> = None;
    for line in facts {
        let of = |kind: &str, _: &str| Ok::<_, ()>(stored.clone().filter(|_| kind == "playbook"));
        let changed = changes(&what(line, 0), of).expect("changes");
        let [change] = changed.as_slice() else { panic!("{changed:?}") };
        assert_eq!((change.kind, change.key.as_str()), ("playbook", "p"));
        stored = change.body.clone().map(String::into_bytes);
    }
    let folded = life(&[facts.join(", ").as_str()]).expect("a life");
    assert_eq!(stored, Some(canonical(&folded).unwrap().into_bytes()));
}
