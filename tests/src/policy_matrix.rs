//! Who may do what, as a picture under review: `tests/policy-matrix.txt`.
//!
//! After a wanted change, `ARGUS_ACCEPT=1 cargo nextest run -p argus-tests policy_matrix` draws it
//! again; the difference is what a reviewer looks at.

use std::fmt::Write;

use argus_soc::playbook::ActionKind;
use argus_soc::policy::{
    ACTION_NAMES, Action, Circumstances, Identity, Policy, Principal, Rule, Standing,
};

use crate::files::root;

const PICTURE: &str = "tests/policy-matrix.txt";
const ROLES: [&str; 4] = ["", "viewer", "soc_engineer", "argus_admin"];

fn somebody(who: &str) -> Identity {
    Identity { tenant: "home".into(), object_id: who.into() }
}

/// One action of each kind. Somebody else asked for what is approved here.
fn actions() -> Vec<Action> {
    let (incident, run) = ("INC-1".to_owned(), "run-1".to_owned());
    let act = |action: &ActionKind| Action::Act {
        incident: "INC-1".to_owned(),
        action: *action,
        target: "ws-1".to_owned(),
    };
    let own = [
        Action::View,
        Action::Acknowledge { incident: incident.clone() },
        Action::RunPlaybook { incident: incident.clone(), playbook: "p".into() },
        Action::Approve { run: run.clone(), requester: Some(somebody("somebody-else")) },
        Action::Deny { run },
        Action::Regroup { incident: incident.clone() },
        Action::Snooze { incident },
        Action::Suppress,
        Action::ManagePlaybooks,
        Action::ReviewPlaybook { playbook: "p".into() },
        Action::PromotePlaybook { playbook: "p".into() },
        Action::RetirePlaybook { playbook: "p".into() },
        Action::ManageAutomation,
    ];
    own.into_iter().chain(ActionKind::ALL.iter().map(act)).collect()
}

/// The standings, each with what it means for somebody who has `role`.
fn standings(role: &str) -> [(&'static str, Standing); 4] {
    let roles = if role.is_empty() { Vec::new() } else { vec![role.to_owned()] };
    [
        ("of our own tenant, groups checked", Standing::Home),
        ("of a partner tenant that is trusted with the role", Standing::Partner(roles)),
        ("of a tenant that nobody trusts", Standing::Stranger),
        (
            "of our own tenant, groups cannot be checked, role last known",
            Standing::Unknown { why: "Graph does not answer".into() },
        ),
    ]
}

fn answer(policy: &Policy, role: &str, standing: Standing, action: Action) -> String {
    let roles = if role.is_empty() { Vec::new() } else { vec![role.to_owned()] };
    let who = somebody("ann");
    let who = Principal { tenant: who.tenant, object_id: who.object_id, roles, standing };
    match policy.permit(&who, action) {
        Ok(_permit) => "yes".into(),
        Err(refusal) => refusal.code.into(),
    }
}

fn picture() -> String {
    let policy = Policy::default();
    let mut text = String::from(
        "Who may do what: role x action x standing, as argus_soc::policy answers.\n\
         Drawn by tests/src/policy_matrix.rs; a change here is a change of rights.\n",
    );
    for at in 0..4 {
        let (title, _) = standings("")[at].clone();
        write!(text, "\nSomebody {title}\n{:<18}", "").expect("fits");
        for role in ROLES {
            write!(text, " {:<17}", if role.is_empty() { "(no role)" } else { role })
                .expect("fits");
        }
        for action in actions() {
            write!(text, "\n{:<18}", action.name()).expect("fits");
            for role in ROLES {
                let (_, standing) = standings(role)[at].clone();
                write!(text, " {:<17}", answer(&policy, role, standing, action.clone()))
                    .expect("fits");
            }
        }
        text.push('\n');
    }
    let own = Action::Approve { run: "run-1".into(), requester: Some(somebody("ann")) };
    text.push_str("\nApproving what one asked for oneself\n");
    for role in ROLES.into_iter().skip(1) {
        let answer = answer(&policy, role, Standing::Home, own.clone());
        writeln!(text, "{role:<18} {answer}").expect("fits");
    }
    text.push_str(&limits());
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// A policy with limits, which the manual shows.
const EXAMPLE: &str = "docs/policy.example.toml";
/// How much depends on the asset.
const CRITICALITIES: [Option<u8>; 4] = [None, Some(2), Some(6), Some(9)];
/// A Friday, in working hours and at night.
const TIMES: [(&str, &str); 2] =
    [("by day", "2026-11-20T10:00:00Z"), ("at night", "2026-11-20T02:00:00Z")];

fn example() -> Policy {
    #[derive(serde::Deserialize)]
    struct File {
        rules: Vec<Rule>,
    }
    let text = std::fs::read_to_string(root().join(EXAMPLE)).expect("the example");
    let file: File = toml::from_str(&text).expect("rules");
    Policy::from_rules(file.rules).expect("actions that exist")
}

/// The example's answers: one letter for each criticality.
fn limits() -> String {
    let policy = example();
    let mut text = format!(
        "\nWith the rules of {EXAMPLE}: role x action x standing x hour x criticality.\n\
         A letter for each criticality (not known, 2, 6, 9): y yes, l limit, n no_role, s stranger, \
         u standing_unknown.\n"
    );
    for at in 0..4 {
        let (title, _) = standings("")[at].clone();
        write!(text, "\nSomebody {title}\n{:<30}", "").expect("fits");
        for role in ROLES {
            let role = if role.is_empty() { "(no role)" } else { role };
            write!(text, " {role:<15}").expect("fits");
        }
        for (when, time) in TIMES {
            for action in actions() {
                write!(text, "\n{:<30}", format!("{} {when}", action.name())).expect("fits");
                for role in ROLES {
                    let (_, standing) = standings(role)[at].clone();
                    let cells = CRITICALITIES.map(|criticality| {
                        letter(&policy, role, standing.clone(), action.clone(), criticality, time)
                    });
                    write!(text, " {:<15}", cells.iter().collect::<String>()).expect("fits");
                }
            }
        }
        text.push('\n');
    }
    text
}

fn letter(
    policy: &Policy,
    role: &str,
    standing: Standing,
    action: Action,
    criticality: Option<u8>,
    time: &str,
) -> char {
    let roles = if role.is_empty() { Vec::new() } else { vec![role.to_owned()] };
    let who = somebody("ann");
    let who = Principal { tenant: who.tenant, object_id: who.object_id, roles, standing };
    let at = Some(time.parse().expect("a time"));
    let circumstances = Circumstances { criticality, environment: None, at };
    match policy.permit_in(&who, action, &circumstances) {
        Ok(_permit) => 'y',
        Err(refusal) => match refusal.code {
            "standing_unknown" => 'u',
            code => code.chars().next().unwrap_or('?'),
        },
    }
}

#[test]
fn the_picture_has_thousands_of_cells() {
    let letters = limits();
    let cells =
        letters.lines().filter(|line| line.contains(" by day ") || line.contains(" at night "));
    let cells: usize =
        cells.map(|line| line.split_whitespace().skip(3).map(str::len).sum::<usize>()).sum();
    assert_eq!(cells, 4 * 4 * 2 * 4 * ACTION_NAMES.len());
    assert!(cells > 2_000 && letters.contains('l'), "{cells} cells");
}

#[test]
fn the_picture_is_what_the_policy_answers() {
    let path = root().join(PICTURE);
    let now = picture();
    if std::env::var_os("ARGUS_ACCEPT").is_some_and(|it| it == "1") {
        std::fs::write(&path, &now).expect("the picture can be written");
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, reviewed, "rights have changed; see the head of tests/src/policy_matrix.rs");
}

/// An action that is added and not drawn would be an action that nobody reviewed.
#[test]
fn every_action_is_drawn() {
    let drawn: Vec<&str> = actions().iter().map(Action::name).collect();
    assert_eq!(drawn, ACTION_NAMES);
}
