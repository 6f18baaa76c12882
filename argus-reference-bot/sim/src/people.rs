//! The invented people of the simulated organisation, and the groups that give them roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Tenant of Fjordbank, the organisation that runs the bot.
pub const HOME_TENANT: &str = argus_bot_sdk::testing::TENANT;
/// Tenant of Contoso, a partner whose people sit in the shared channel.
pub const PARTNER_TENANT: &str = "c0117050-83a6-4d2b-b1f9-6e0c5d7a2f48";
/// Group "SOC Engineers": may contain hosts.
pub const SOC_ENGINEERS: &str = "5e6a1c90-42d7-4f0b-8c3e-91b7d2f4a6e1";
/// Group "SOC Night Shift": a member of "SOC Engineers", so that membership is transitive.
pub const SOC_NIGHT_SHIFT: &str = "9b3d7f14-6a58-4e2c-a0d1-3c8f5e7b2094";
/// Group "Argus Administrators": may everything. Nobody is in it until a test puts somebody in.
pub const ARGUS_ADMINISTRATORS: &str = "1f8e4b6d-d035-4a97-b26c-07a9c1e5f382";

/// Somebody who can talk to the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Short name for scripts and the page: `alice`.
    pub key: String,
    /// Name as Teams shows it.
    pub name: String,
    /// What they do.
    pub title: String,
    /// Object id in their own tenant: `from.aadObjectId`.
    pub object_id: String,
    /// Their tenant's id.
    pub tenant_id: String,
    /// Their organisation's name.
    pub tenant: String,
    /// Sign-in name.
    pub user_principal_name: String,
    /// What the demo page says about them.
    pub description: String,
    /// Whether the account can sign in.
    pub account_enabled: bool,
    /// Whether the directory has them as a guest, whose sessions it cannot end.
    pub guest: bool,
}

/// Everybody, and who is in which group.
///
/// ```
/// use argus_sim::{People, SOC_ENGINEERS};
///
/// let people = People::default();
/// let dana = people.named("dana").map(|person| person.object_id.clone()).unwrap_or_default();
/// // Dana is in the night shift, and the night shift is in the engineers' group.
/// assert!(people.groups_of(&dana).contains(SOC_ENGINEERS));
/// ```
#[derive(Clone, Debug)]
pub struct People {
    people: Vec<Person>,
    groups: BTreeMap<String, Group>,
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    members: BTreeSet<String>,
}

impl Default for People {
    fn default() -> Self {
        let people = vec![
            person("alice", "Alice Berg", "SOC engineer", "a11ce000-2f4b-4d61-8e0a-7c95b3d1f026")
                .saying("May contain hosts: a member of SOC Engineers."),
            person("dana", "Dana Ortiz", "SOC engineer", "da0a0000-5c1e-4b93-a7f2-18d6e4c0b375")
                .saying("May contain hosts too: in the night shift, which is in SOC Engineers."),
            person("bob", "Bob Lind", "Colleague", "b0b00000-91d3-4e7a-b5c8-24f0a6e8d719")
                .saying("Is in the channel but has no role."),
            person("carol", "Carol Reyes", "Partner", "ca201000-7e82-4f5d-9b16-c3d0f7a4e852")
                .at_partner()
                .saying("From Contoso, in the shared channel; unknown to Fjordbank's directory."),
        ];
        let member = |key: &str| {
            people.iter().filter(|p| p.key == key).map(|p| p.object_id.clone()).collect()
        };
        let mut engineers: BTreeSet<String> = member("alice");
        engineers.insert(SOC_NIGHT_SHIFT.to_owned());
        let groups = BTreeMap::from([
            (SOC_ENGINEERS.to_owned(), group("SOC Engineers", engineers)),
            (SOC_NIGHT_SHIFT.to_owned(), group("SOC Night Shift", member("dana"))),
            (ARGUS_ADMINISTRATORS.to_owned(), group("Argus Administrators", BTreeSet::new())),
        ]);
        Self { people, groups }
    }
}

impl People {
    /// Everybody, in the order in which the page shows them.
    pub fn all(&self) -> &[Person] {
        &self.people
    }

    /// Somebody by short name.
    pub fn named(&self, key: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.key == key)
    }

    /// Somebody by object id, in whichever tenant.
    pub fn with_object_id(&self, object_id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.object_id.eq_ignore_ascii_case(object_id))
    }

    /// The ids of all groups that somebody is in, directly or through other groups.
    pub fn groups_of(&self, object_id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![object_id.to_ascii_lowercase()];
        while let Some(member) = open.pop() {
            for (id, group) in &self.groups {
                if group.members.contains(&member) && found.insert(id.clone()) {
                    open.push(id.clone());
                }
            }
        }
        found
    }

    /// A group's name.
    pub fn group_name(&self, group: &str) -> Option<&str> {
        self.groups.get(&group.to_ascii_lowercase()).map(|group| group.name.as_str())
    }

    /// Lets somebody in, or replaces the person of the same short name.
    pub fn welcome(&mut self, person: Person) {
        self.people.retain(|known| known.key != person.key);
        self.people.push(person);
    }

    /// Puts a person or a group into a group; an unknown group is made.
    pub fn join(&mut self, group_id: &str, member: &str) {
        self.groups
            .entry(group_id.to_ascii_lowercase())
            .or_insert_with(|| group(group_id, BTreeSet::new()))
            .members
            .insert(member.to_ascii_lowercase());
    }

    /// Takes a person or a group out of a group.
    pub fn leave(&mut self, group: &str, member: &str) {
        if let Some(group) = self.groups.get_mut(&group.to_ascii_lowercase()) {
            group.members.remove(&member.to_ascii_lowercase());
        }
    }

    /// Somebody of the home tenant, by object id or sign-in name: whom Graph can see.
    pub(crate) fn in_directory(&self, id: &str) -> Option<&Person> {
        self.people.iter().filter(|person| person.tenant_id == HOME_TENANT).find(|person| {
            person.object_id.eq_ignore_ascii_case(id)
                || person.user_principal_name.eq_ignore_ascii_case(id)
        })
    }

    /// Enables or disables an account of the home tenant.
    pub(crate) fn set_enabled(&mut self, object_id: &str, enabled: bool) {
        if let Some(person) = self.people.iter_mut().find(|p| p.object_id == object_id) {
            person.account_enabled = enabled;
        }
    }
}

impl Person {
    /// The same person as the fake Teams knows them.
    pub fn in_teams(&self) -> argus_bot_sdk::testing::Person {
        let mut person = argus_bot_sdk::testing::Person::new(&self.name)
            .object_id(&self.object_id)
            .tenant(&self.tenant_id);
        person.upn.clone_from(&self.user_principal_name);
        person
    }

    fn saying(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    fn at_partner(mut self) -> Self {
        PARTNER_TENANT.clone_into(&mut self.tenant_id);
        "Contoso".clone_into(&mut self.tenant);
        self.user_principal_name = format!("{}@contoso.example", self.key);
        self
    }
}

fn person(key: &str, name: &str, title: &str, object_id: &str) -> Person {
    Person {
        key: key.to_owned(),
        name: name.to_owned(),
        title: title.to_owned(),
        object_id: object_id.to_owned(),
        tenant_id: HOME_TENANT.to_owned(),
        tenant: "Fjordbank".to_owned(),
        user_principal_name: format!("{key}@fjordbank.example"),
        description: String::new(),
        account_enabled: true,
        guest: false,
    }
}

fn group(name: &str, members: BTreeSet<String>) -> Group {
    Group { name: name.to_owned(), members }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(people: &People, key: &str) -> BTreeSet<String> {
        people.groups_of(&people.named(key).unwrap().object_id)
    }

    #[test]
    fn membership_is_transitive() {
        let people = People::default();
        assert!(groups(&people, "alice").contains(SOC_ENGINEERS));
        assert!(groups(&people, "dana").contains(SOC_ENGINEERS));
        assert!(groups(&people, "bob").is_empty());
        assert!(groups(&people, "carol").is_empty());
    }

    #[test]
    fn who_leaves_is_out_and_circles_end() {
        let mut people = People::default();
        people.join(SOC_NIGHT_SHIFT, SOC_ENGINEERS);
        assert!(groups(&people, "dana").contains(SOC_ENGINEERS));
        people.leave(SOC_ENGINEERS, SOC_NIGHT_SHIFT);
        assert!(!groups(&people, "dana").contains(SOC_ENGINEERS));
    }

    #[test]
    fn somebody_new_is_welcome() {
        let mut people = People::default();
        let mut erin = people.named("alice").unwrap().clone();
        erin.key = "erin".to_owned();
        erin.object_id = "e2100000-0000-4000-8000-000000000000".to_owned();
        people.welcome(erin.clone());
        people.welcome(erin.clone());
        assert_eq!(people.all().len(), 5);
        people.join(ARGUS_ADMINISTRATORS, &erin.object_id);
        assert_eq!(groups(&people, "erin").into_iter().collect::<Vec<_>>(), [ARGUS_ADMINISTRATORS]);
    }

    #[test]
    fn the_directory_knows_only_its_own_tenant() {
        let people = People::default();
        let carol = people.named("carol").unwrap().object_id.clone();
        assert!(people.in_directory(&carol).is_none());
        assert!(people.in_directory("ALICE@fjordbank.example").is_some());
    }
}
