//! Every role against every action from every standing.

use argus_soc::playbook::ActionKind;
use argus_soc::policy::{
    ACTION_NAMES, Action, Identity, Policy, Principal, Rule, Standing, UnknownAction,
};

fn actions() -> Vec<Action> {
    let (incident, run) = ("i".to_owned(), "r".to_owned());
    let act = |action: &ActionKind| Action::Act {
        incident: "i".to_owned(),
        action: *action,
        target: "h".to_owned(),
    };
    let own = [
        Action::View,
        Action::Acknowledge { incident: incident.clone() },
        Action::RunPlaybook { incident: incident.clone(), playbook: "p".to_owned() },
        Action::Approve { run: run.clone(), requester: None },
        Action::Deny { run },
        Action::Regroup { incident: incident.clone() },
        Action::Snooze { incident },
        Action::Suppress,
        Action::ManagePlaybooks,
        Action::ManageAutomation,
    ];
    own.into_iter().chain(ActionKind::ALL.iter().map(act)).collect()
}

fn principal(roles: &[&str], standing: Standing) -> Principal {
    Principal {
        tenant: "T-1".into(),
        object_id: "ann".into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        standing,
    }
}

/// What a principal may do, in the order of [`ACTION_NAMES`].
fn may(policy: &Policy, who: &Principal) -> Vec<&'static str> {
    let allowed = |action: &Action| policy.permit(who, action.clone()).is_ok();
    actions().iter().filter(|action| allowed(action)).map(Action::name).collect()
}

#[test]
fn the_default_policy() {
    fn check(roles: &[&str], standing: Standing, expected: &[&str]) {
        let who = principal(roles, standing);
        assert_eq!(may(&Policy::default(), &who), expected, "{who:?}");
    }
    let unknown = || Standing::Unknown { why: "the directory did not answer".into() };
    let mut engineer = ACTION_NAMES.to_vec();
    engineer.retain(|name| *name != "manage_playbooks");
    let engineer = engineer.as_slice();
    check(&[], Standing::Home, &[]);
    check(&["nobody"], Standing::Home, &[]);
    check(&["viewer"], Standing::Home, &["view"]);
    check(&["soc_engineer"], Standing::Home, engineer);
    check(&["argus_admin"], Standing::Home, &ACTION_NAMES);
    check(&["nobody", "viewer"], Standing::Home, &["view"]);
    check(&["SOC_ENGINEER"], Standing::Home, &[]);
    // A partner has what the trust map grants; our roles count for nothing.
    check(&["argus_admin"], Standing::Partner(vec![]), &[]);
    check(&["argus_admin"], Standing::Partner(vec!["viewer".into()]), &["view"]);
    check(&[], Standing::Partner(vec!["soc_engineer".into()]), engineer);
    check(&["argus_admin"], Standing::Stranger, &[]);
    // Reading goes on when the directory is silent, with what was last known.
    check(&["argus_admin"], unknown(), &["view"]);
    check(&[], unknown(), &[]);
}

#[test]
fn a_refusal_says_why_and_who_could() {
    let policy = Policy::default();
    let refused = |standing: Standing, roles: &[&str], action: Action| {
        let refusal = policy.permit(&principal(roles, standing), action).unwrap_err();
        (refusal.code, refusal.why, refusal.who_can)
    };
    let deny = || Action::Deny { run: "r".into() };
    let both = vec!["argus_admin".to_owned(), "soc_engineer".to_owned()];
    assert_eq!(
        refused(Standing::Home, &["viewer"], deny()),
        ("no_role", "You do not have a role that may deny.".into(), both.clone())
    );
    let why = "Your groups could not be checked (Graph is down), so the answer is no.";
    assert_eq!(
        refused(Standing::Unknown { why: "Graph is down".into() }, &["argus_admin"], deny()),
        ("standing_unknown", why.into(), both)
    );
    assert_eq!(refused(Standing::Stranger, &["argus_admin"], Action::View).0, "stranger");
    let (code, _, who_can) = refused(Standing::Home, &["soc_engineer"], Action::ManagePlaybooks);
    assert_eq!((code, who_can), ("no_role", vec!["argus_admin".to_owned()]));
}

#[test]
fn nobody_approves_their_own_request() {
    fn check(tenant: &str, object_id: &str, expected: Result<(), &str>) {
        let requester = Identity { tenant: tenant.into(), object_id: object_id.into() };
        let action = Action::Approve { run: "r".into(), requester: Some(requester) };
        for role in ["soc_engineer", "argus_admin"] {
            let permit =
                Policy::default().permit(&principal(&[role], Standing::Home), action.clone());
            let got = permit.map(|_| ()).map_err(|refusal| refusal.code);
            assert_eq!(got, expected, "{tenant} {object_id} {role}");
        }
    }
    check("T-1", "ann", Err("own_request"));
    check("t-1", "ANN", Err("own_request"));
    check("T-1", "bo", Ok(()));
    // The same object id in another tenant is another person.
    check("T-2", "ann", Ok(()));
}

#[test]
fn a_person_without_an_identity_may_nothing() {
    for (tenant, object_id) in [("", "ann"), ("T-1", ""), (" ", "ann")] {
        let mut who = principal(&["argus_admin"], Standing::Home);
        (who.tenant, who.object_id) = (tenant.into(), object_id.into());
        assert_eq!(may(&Policy::default(), &who), Vec::<&str>::new());
    }
}

#[test]
fn a_permit_says_what_and_why() {
    let policy = Policy::default();
    let action =
        Action::Act { incident: "i".into(), action: ActionKind::IsolateHost, target: "h".into() };
    let permit =
        policy.permit(&principal(&["viewer", "soc_engineer"], Standing::Home), action.clone());
    let permit = permit.unwrap();
    assert_eq!(permit.action(), &action);
    assert_eq!(
        (permit.evidence().role.as_str(), permit.evidence().basis.as_str()),
        ("soc_engineer", "home")
    );
    assert_eq!(permit.evidence().who.object_id, "ann");
}

#[test]
fn rules_grant_what_they_name_and_nothing_else() {
    let rule = |role: &str, actions: &[&str]| Rule {
        role: role.into(),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
    };
    let policy =
        Policy::from_rules([rule("a", &["view"]), rule("a", &["deny"]), rule("b", &["*"])])
            .unwrap();
    assert_eq!(may(&policy, &principal(&["a"], Standing::Home)), ["view", "deny"]);
    assert_eq!(may(&policy, &principal(&["b"], Standing::Home)), ACTION_NAMES);
    assert_eq!(may(&policy, &principal(&["viewer"], Standing::Home)), Vec::<&str>::new());
    assert_eq!(policy.who_can("deny"), ["a", "b"]);
    let error = Policy::from_rules([rule("a", &["isolate-host"])]).unwrap_err();
    assert_eq!(error, UnknownAction { role: "a".into(), action: "isolate-host".into() });
}

#[test]
fn names_and_impact_of_actions() {
    let names: Vec<_> = actions().iter().map(Action::name).collect();
    assert_eq!(names, ACTION_NAMES);
    let high: Vec<_> = actions().into_iter().filter(Action::high_impact).collect();
    let names: Vec<_> = high.iter().map(Action::name).collect();
    let expected = [
        "run_playbook",
        "approve",
        "suppress",
        "manage_playbooks",
        "manage_automation",
        "isolate_host",
        "release_host",
        "quarantine_file",
        "revoke_token",
        "disable_user",
        "enable_user",
        "force_password_change",
        "block_ip",
        "unblock_ip",
        "run_sentinel_playbook",
        "run_logic_app",
        "http_request",
    ];
    assert_eq!(names, expected);
}
