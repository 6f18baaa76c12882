//! What the activity protocol asks for, number by number, and what proves it: `docs/conformance.md`.
//!
//! `ARGUS_ACCEPT=1 cargo nextest run -p argus-bot-sdk conformance` writes the document again.

mod checks;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use argus_bot_sdk::testing::vectors::Vectors;

use table::{Level, TABLE, Verdict};

const CHECKS: &str = include_str!("conformance/checks.rs");
const HEAD: &str = include_str!("conformance/head.txt");

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md")
}

/// The tests by the numbers in their names: `a2031_a2041_what_it_proves`.
fn tests() -> BTreeMap<u16, &'static str> {
    let names = CHECKS.lines().filter_map(|line| line.split_once("fn ")?.1.split_once('('));
    let mut tests = BTreeMap::new();
    for (name, _) in names {
        let parts = name.split('_').map_while(|part| part.strip_prefix('a')?.parse().ok());
        tests.extend(parts.map(|number| (number, name)));
    }
    tests
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
        Level::Says => "says",
    }
}

fn verdict(number: u16, verdict: Verdict) -> String {
    match verdict {
        Verdict::Tested => format!("`{}`", tests().get(&number).copied().unwrap_or("?")),
        Verdict::Followed(why) => format!("followed: {why}"),
        Verdict::NotFollowed(why) => format!("**not followed**: {why}"),
        Verdict::NotOurs(why) => format!("does not apply: {why}"),
    }
}

fn counted(want: Level) -> String {
    let of = |matches: fn(Verdict) -> bool| {
        TABLE.iter().filter(|row| row.1 == want && matches(row.2)).count()
    };
    let name = level(want);
    let tested = of(|it| it == Verdict::Tested);
    let followed = of(|it| matches!(it, Verdict::Followed(_)));
    let not = of(|it| matches!(it, Verdict::NotFollowed(_)));
    let not_ours = of(|it| matches!(it, Verdict::NotOurs(_)));
    format!("| {name} | {tested} | {followed} | {not} | {not_ours} |\n")
}

fn text() -> String {
    let mut text = HEAD.to_owned();
    let count = Vectors::bundled().unwrap().all().len();
    text = text.replace("{vectors}", &count.to_string());
    text.push_str("\n| | tested | followed | not followed | does not apply |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: |\n");
    for want in [Level::Must, Level::Should, Level::May, Level::Says] {
        text.push_str(&counted(want));
    }
    text.push_str("\n| number | level | in our words | here |\n| --- | --- | --- | --- |\n");
    for &(number, asks, becomes, summary) in TABLE {
        writeln!(
            text,
            "| A{number} | {} | {summary} | {} |",
            level(asks),
            verdict(number, becomes)
        )
        .unwrap();
    }
    text
}

#[test]
fn the_document_is_what_the_tests_say() {
    let now = text();
    if std::env::var_os("ARGUS_ACCEPT").is_some_and(|it| it == "1") {
        std::fs::write(document(), &now).unwrap();
    }
    let kept = std::fs::read_to_string(document()).unwrap_or_default();
    assert_eq!(now, kept, "docs/conformance.md is out of date; see the head of this file");
}

#[test]
fn every_number_that_is_tested_has_a_test_and_the_other_way_round() {
    let claimed: BTreeSet<u16> =
        TABLE.iter().filter(|row| row.2 == Verdict::Tested).map(|row| row.0).collect();
    let tested: BTreeSet<u16> = tests().into_keys().collect();
    assert_eq!(claimed, tested);
}

/// A MUST that is ours is never merely not followed.
#[test]
fn no_must_is_left_out() {
    for (number, asks, becomes, _) in TABLE {
        let left_out = *asks == Level::Must && matches!(becomes, Verdict::NotFollowed(_));
        assert!(!left_out, "A{number}");
    }
    let numbers: BTreeSet<u16> = TABLE.iter().map(|row| row.0).collect();
    // As many as version 3.4 of the protocol has; A2302 stands there twice.
    assert_eq!((numbers.len(), TABLE.len()), (numbers.len(), numbers.len() + 1));
    assert!(numbers.len() > 290, "{}", numbers.len());
}
