//! Every role against every action from every standing.

use argus_soc::playbook::ActionKind;
use argus_soc::policy::{
    ACTION_NAMES, Action, Circumstances, Identity, Policy, Principal, Rule, Standing, UnknownAction,
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
        Action::ReviewPlaybook { playbook: "p".into() },
        Action::PromotePlaybook { playbook: "p".into() },
        Action::RetirePlaybook { playbook: "p".into() },
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
        ..Rule::default()
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
        "deny",
        "suppress",
        "manage_playbooks",
        "review_playbook",
        "promote_playbook",
        "retire_playbook",
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

#[test]
fn a_rule_holds_where_and_when_it_says_and_what_is_not_known_satisfies_none() {
    let isolate = || Action::Act {
        incident: "i".into(),
        action: ActionKind::IsolateHost,
        target: "h".into(),
    };
    let base = || Rule { role: "r".into(), actions: vec!["*".into()], ..Rule::default() };
    let of = |rule: Rule| Policy::from_rules([rule]).expect("rules");
    let home = || principal(&["r"], Standing::Home);
    let partner = || principal(&[], Standing::Partner(vec!["r".into()]));
    let friday = "2026-11-20T10:00:00Z".parse().ok();
    let known = |criticality: u8, environment: &str| Circumstances {
        criticality: Some(criticality),
        environment: Some(environment.into()),
        at: friday,
    };
    let nothing = Circumstances::default;
    let critical = || of(Rule { max_criticality: Some(6), ..base() });
    let dev = || of(Rule { environments: vec!["dev".into(), "test".into()], ..base() });
    let hours = || of(Rule { hours: "mon-fri 08:00-18:00".parse().ok(), ..base() });
    let tenants = |of_whom: &str| of(Rule { tenants: vec![of_whom.into()], ..base() });
    let night = || Circumstances { at: "2026-11-20T20:00:00Z".parse().ok(), ..nothing() };
    for (n, (policy, who, action, circumstances, says)) in [
        (critical(), home(), isolate(), known(6, "x"), None),
        (
            critical(),
            home(),
            isolate(),
            known(7, "x"),
            Some("criticality 6 or less, and this one's is 7"),
        ),
        (critical(), home(), isolate(), nothing(), Some("nobody knows this one's")),
        (critical(), home(), Action::View, nothing(), None),
        (dev(), home(), isolate(), known(0, "DEV"), None),
        (
            dev(),
            home(),
            isolate(),
            known(0, "production"),
            Some("dev, test, and this one is in: production"),
        ),
        (dev(), home(), isolate(), nothing(), Some("nobody knows where")),
        (hours(), home(), Action::View, known(0, ""), None),
        (hours(), home(), Action::View, night(), Some("only at these hours: mon-fri 08:00-18:00")),
        (hours(), home(), Action::View, nothing(), Some("only at these hours")),
        (tenants("home"), home(), Action::View, nothing(), None),
        (tenants("home"), partner(), Action::View, nothing(), Some("other organisations")),
        (tenants("partner"), partner(), Action::View, nothing(), None),
        (tenants("partner"), home(), Action::View, nothing(), Some("other organisations")),
        (tenants("t-1"), partner(), Action::View, nothing(), None),
        (tenants("t-2"), partner(), Action::View, nothing(), Some("other organisations")),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = policy.permit_in(&who, action.clone(), &circumstances);
        match (answer, says) {
            (Ok(permit), None) => assert_eq!(permit.action(), &action),
            (Err(refusal), Some(words)) => {
                assert!(refusal.code == "limit" && refusal.why.contains(words), "{n}: {refusal}");
            }
            (answer, _) => panic!("{n}: {answer:?}"),
        }
        // What is explained is what is answered.
        let said = policy.explain(&who, &action, &circumstances);
        assert_eq!(said.refusal.is_none(), said.rules.iter().any(|it| it.yes), "{n}: {said:?}");
    }
}

#[test]
fn a_role_with_several_rules_may_what_any_of_them_allows() {
    let rule = |max, hours: Option<&str>| Rule {
        role: "r".into(),
        actions: vec!["isolate_host".into()],
        max_criticality: max,
        hours: hours.map(|it| it.parse().expect("hours")),
        ..Rule::default()
    };
    let policy = Policy::from_rules([rule(Some(3), None), rule(None, Some("08:00-18:00"))]);
    let policy = policy.expect("rules");
    let may = |criticality, at: &str| {
        let action = Action::Act {
            incident: "i".into(),
            action: ActionKind::IsolateHost,
            target: "h".into(),
        };
        let circumstances = Circumstances {
            criticality: Some(criticality),
            environment: None,
            at: Some(at.parse().expect("a time")),
        };
        policy.permit_in(&principal(&["r"], Standing::Home), action, &circumstances).is_ok()
    };
    let (day, night) = ("2026-11-20T10:00:00Z", "2026-11-20T20:00:00Z");
    assert!(may(3, day) && may(9, day) && may(3, night) && !may(9, night));
}

#[test]
fn the_trust_in_a_tenant_bounds_all_of_its_people_and_nobody_else() {
    let only = ["view".to_owned(), "acknowledge".to_owned()];
    let policy = Policy::default()
        .bounded("T-1", Some(&only), "mon-fri 08:00-18:00".parse().ok())
        .expect("actions that exist");
    let at = |time: &str| Circumstances { at: time.parse().ok(), ..Circumstances::default() };
    let (day, night) = (at("2026-11-20T10:00:00Z"), at("2026-11-20T20:00:00Z"));
    let partner = principal(&[], Standing::Partner(vec!["argus_admin".into()]));
    assert!(policy.permit_in(&partner, Action::View, &day).is_ok());
    for (action, at, words) in [
        (Action::Suppress, &day, "does not cover it"),
        (Action::View, &night, "only at these hours"),
        (Action::View, &Circumstances::default(), "only at these hours"),
    ] {
        let refusal = policy.permit_in(&partner, action, at).expect_err(words);
        assert!(refusal.code == "limit" && refusal.why.contains(words), "{refusal}");
    }
    let other = Principal { tenant: "T-2".into(), ..partner };
    assert!(policy.permit_in(&other, Action::Suppress, &night).is_ok());
    let ours = principal(&["argus_admin"], Standing::Home);
    assert!(policy.permit_in(&ours, Action::Suppress, &night).is_ok());
    assert!(Policy::default().bounded("T-1", Some(&["fly".into()]), None).is_err());
}
