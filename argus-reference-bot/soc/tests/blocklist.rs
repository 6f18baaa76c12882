//! The block list: what stands on it after which records, and that nothing in it breaks the script.

use argus_soc::blocklist::BlockList;
use argus_soc::effect::{Outcome, Progress};
use argus_soc::ledger::fact::{Actor, Fact, What};
use proptest::prelude::*;
use serde_json::json;

use crate::now;

fn fact(what: What) -> Fact {
    Fact::new(now(), Actor::service("argus"), "c", what)
}

/// A run with the one step `it`.
fn created(run: &str, action: &str, address: &str) -> Fact {
    let target = json!({"kind": "ip", "value": address, "ids": {}});
    let steps = json!([{
        "id": "it", "action": action, "target": target, "parameters": {}, "effect": "reversible",
        "needs": [], "on_error": "compensate", "rollback": null,
    }]);
    fact(What::RunCreated {
        run: run.into(),
        playbook: "p".into(),
        playbook_sha256: "0".into(),
        steps: serde_json::from_value(steps).unwrap(),
        max_attempts: 1,
        quorum: 1,
        terms: argus_soc::run::Terms::default(),
    })
}

/// What is recorded until the step is seen to have come to `progress`.
fn ended(run: &str, outcome: Outcome, progress: Progress) -> Vec<Fact> {
    let (run, step) = (|| run.to_owned(), || "it".to_owned());
    let (key, connector, permit) = (run(), "wall".to_owned(), "policy".to_owned());
    [
        What::Leased { run: run(), step: step(), lease: "lease".into() },
        What::Intended { run: run(), step: step(), key, connector, permit, attempt: 1 },
        What::Answered { run: run(), step: step(), outcome },
        What::Verified { run: run(), step: step(), progress },
    ]
    .map(fact)
    .into()
}

fn did(run: &str, action: &str, address: &str) -> Vec<Fact> {
    let accepted = Outcome::Accepted { remote: address.into(), detail: None };
    let mut facts = vec![created(run, action, address)];
    facts.extend(ended(run, accepted, Progress::Done));
    facts
}

fn list(facts: &[Vec<Fact>]) -> BlockList {
    let mut list = BlockList::default();
    facts.iter().flatten().for_each(|fact| list.take(fact));
    list
}

fn addresses(list: &BlockList) -> Vec<String> {
    list.blocked().map(|(address, _)| address.to_string()).collect()
}

#[test]
fn it_is_sorted_and_each_element_names_its_incident() {
    let list = list(&[
        did("INC-7.r1", "block_ip", "203.0.113.9"),
        did("INC-8.r1", "block_ip", "2001:db8::2"),
        did("INC-8.r2", "block_ip", "198.51.100.77"),
        did("INC-9.r1", "block_ip", "::ffff:9.8.7.6"),
    ]);
    insta::assert_snapshot!(list.nftables(), @r#"
    add table inet argus
    add set inet argus blocked4 { type ipv4_addr; }
    flush set inet argus blocked4
    add element inet argus blocked4 {
    	9.8.7.6 comment "INC-9 INC-9.r1 2026-01-02T03:04:05Z",
    	198.51.100.77 comment "INC-8 INC-8.r2 2026-01-02T03:04:05Z",
    	203.0.113.9 comment "INC-7 INC-7.r1 2026-01-02T03:04:05Z",
    }
    add set inet argus blocked6 { type ipv6_addr; }
    flush set inet argus blocked6
    add element inet argus blocked6 {
    	2001:db8::2 comment "INC-8 INC-8.r1 2026-01-02T03:04:05Z",
    }
    "#);
}

#[test]
fn what_is_unblocked_is_off_it_and_what_is_blocked_again_is_on_it() {
    let block = |run| did(run, "block_ip", "203.0.113.9");
    let unblock = |run| did(run, "unblock_ip", "203.0.113.9");
    assert!(addresses(&list(&[block("INC-1.r1"), unblock("INC-1.r2")])).is_empty());
    let again = list(&[block("INC-1.r1"), unblock("INC-1.r2"), block("INC-2.r1")]);
    assert_eq!(addresses(&again), ["203.0.113.9"]);
    assert!(again.blocked().all(|(_, block)| block.incident == "INC-2"));
}

#[test]
fn only_what_was_seen_to_be_done_by_us_is_on_it() {
    let made = |outcome, progress| {
        let mut facts = vec![created("INC-1.r1", "block_ip", "203.0.113.9")];
        facts.extend(ended("INC-1.r1", outcome, progress));
        addresses(&list(&[facts]))
    };
    let accepted = || Outcome::Accepted { remote: "r".into(), detail: None };
    let theirs = Outcome::AlreadyThere { remote: "r".into(), by: "somebody".into() };
    assert_eq!(made(accepted(), Progress::Done), ["203.0.113.9"]);
    assert!(made(accepted(), Progress::Pending).is_empty());
    assert!(made(accepted(), Progress::Failed { why: "no".into() }).is_empty());
    assert!(made(theirs, Progress::Done).is_empty());
    assert!(addresses(&list(&[did("INC-1.r1", "isolate_host", "203.0.113.9")])).is_empty());
}

/// Whether a line of the script is one that this list may write, whatever the records say.
fn is_ours(line: &str) -> bool {
    let element = |line: &str| {
        let (address, comment) = line.strip_prefix('\t')?.split_once(" comment \"")?;
        let comment = comment.strip_suffix("\",")?;
        let plain = |it: char| it.is_ascii_alphanumeric() || " .:-_/".contains(it);
        let fits = comment.len() <= 128 && comment.chars().all(plain);
        Some(fits && address.parse::<std::net::IpAddr>().is_ok())
    };
    let set = |line: &str| {
        ["blocked4", "blocked6"].iter().any(|set| {
            let kind = if *set == "blocked4" { "ipv4_addr" } else { "ipv6_addr" };
            line == format!("add set inet argus {set} {{ type {kind}; }}")
                || line == format!("flush set inet argus {set}")
                || line == format!("add element inet argus {set} {{")
        })
    };
    line == "add table inet argus" || line == "}" || set(line) || element(line) == Some(true)
}

proptest! {
    #[test]
    fn no_value_of_a_record_breaks_out_of_the_script(
        run in "[^.]{0,40}\\.r[0-9]",
        address in prop_oneof![
            any::<std::net::IpAddr>().prop_map(|it| it.to_string()),
            any::<std::net::IpAddr>().prop_map(|it| format!("{it} }}\nflush ruleset\n#")),
            ".{0,60}",
        ],
    ) {
        let script = list(&[did(&run, "block_ip", &address)]).nftables();
        prop_assert!(script.lines().all(is_ours), "{script}");
    }
}
