//! Rules that ask what an incident is about, and when it is.

use jiff::SignedDuration;

use super::*;
use crate::config::{Role, Trust};
use crate::flows::testing::Still;
use crate::flows::world::{World, ann, place, receive};

/// Every person of ours is in every group.
#[derive(Debug)]
struct Everybody;

#[async_trait::async_trait]
impl Directory for Everybody {
    async fn groups_of(&self, _: &str, of: &[String]) -> Result<Vec<String>, DirectoryError> {
        Ok(of.to_vec())
    }
}

fn rbac(rules: &str) -> Rbac {
    let role = Role { groups: vec!["g".into()], ..Role::default() };
    let read: Rbac = toml::from_str(rules).expect(rules);
    Rbac { roles: BTreeMap::from([("soc_engineer".to_owned(), role)]), ..read }
}

fn isolate() -> Action {
    Action::Act { incident: "INC-1".into(), action: ActionKind::IsolateHost, target: "ws-1".into() }
}

/// Whether an engineer may isolate the host of an incident, of which the inventory knows the name and
/// that nothing depends on it.
async fn may(rules: &str, incident: Option<&str>, hours: i64) -> Result<(), String> {
    let (world, clock) = (World::default(), Still::new());
    clock.pass(SignedDuration::from_hours(hours));
    let access = Access::new("home", &rbac(rules), Arc::new(Everybody)).expect(rules);
    let soc = Soc { clock, access, ..world.soc(&[]) };
    receive(&soc, 1).await;
    place(&soc).await;
    match soc.authorise(&ann(), isolate(), incident, "c").await {
        Ok(_permit) => Ok(()),
        Err(AccessError::Refused(refusal)) => Err(refusal.why),
        Err(error) => Err(error.to_string()),
    }
}

fn rule(limit: &str) -> String {
    format!("[[rules]]\nrole = \"soc_engineer\"\nactions = [\"isolate_host\"]\n{limit}\n")
}

#[tokio::test]
async fn a_rule_asks_what_the_incident_is_about_and_when_it_is() {
    let critical = rule("max_criticality = 0");
    assert_eq!(may(&critical, Some("INC-1"), 0).await, Ok(()));
    let unknown = may(&critical, Some("INC-99"), 0).await.expect_err("no such incident");
    assert!(unknown.contains("nobody knows this one's"), "{unknown}");
    assert!(may(&critical, None, 0).await.is_err(), "about nothing");
    let dev = may(&rule("environments = [\"dev\"]"), Some("INC-1"), 0).await;
    assert!(dev.expect_err("nobody knows where").contains("nobody knows where"));
    // The clock of the tests begins on a Friday at 08:00 UTC.
    let hours = rule("hours = \"fri 08:00-09:00\"");
    assert_eq!(may(&hours, Some("INC-1"), 0).await, Ok(()));
    assert!(may(&hours, Some("INC-1"), 1).await.is_err());
}

#[test]
fn rules_that_nobody_can_have_or_that_say_it_twice_are_refused() {
    let refused = |rbac: &Rbac| {
        let made = Access::new("home", rbac, Arc::new(Everybody));
        made.expect_err("refused").to_string()
    };
    let named = |role: &str| rule("").replace("soc_engineer", role);
    assert!(refused(&rbac(&named("nobody"))).contains("nobody can have the role `nobody`"));
    assert!(refused(&rbac(&named(AUTOMATION))).contains("taken by Argus"));
    assert!(refused(&rbac(&rule("").replace("isolate_host", "fly"))).contains("\"fly\""));
    let mut twice = rbac(&rule(""));
    twice.roles.get_mut("soc_engineer").expect("it is there").may = Some(vec!["view".into()]);
    assert!(refused(&twice).contains("in one place"));
    let mut bound = Rbac::default();
    let actions = Some(vec!["fly".to_owned()]);
    bound
        .trust
        .insert("t".into(), Trust { roles: vec!["viewer".into()], actions, ..Trust::default() });
    assert!(refused(&bound).contains("rbac.trust"));
}
