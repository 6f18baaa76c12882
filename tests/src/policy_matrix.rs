//! Who may do what, as a picture under review: `tests/policy-matrix.txt`.
//!
//! After a wanted change, `ARGUS_ACCEPT=1 cargo nextest run -p argus-tests policy_matrix` draws it
//! again; the difference is what a reviewer looks at.

use std::fmt::Write;

use argus_soc::playbook::ActionKind;
use argus_soc::policy::{ACTION_NAMES, Action, Identity, Policy, Principal, Standing};

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
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
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
