//! Who may do what, as the settings say it.

use std::collections::BTreeMap;

use argus_soc::policy::sight::{Entities, Field, Sees};
use argus_soc::policy::{Hours, Rule};
use serde::Deserialize;

use super::ConfigError;

/// Who may do what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rbac {
    /// Roles by name.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Other tenants, by tenant id, and what their people may do here.
    #[serde(default)]
    pub trust: BTreeMap<String, Trust>,
    /// Conversations in which people of other tenants read along, by conversation id, with the ids of
    /// those tenants. What stands there for all is what each of them may see.
    #[serde(default)]
    pub shared: BTreeMap<String, Vec<String>>,
    /// What roles may do, where and when. A role with rules may do what they say and nothing else.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// `file:PATH` of a file with further `[[rules]]`.
    #[serde(default)]
    pub policy: Option<String>,
}

/// One role.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Object ids of the Entra groups whose members have it.
    pub groups: Vec<String>,
    /// What it may do; by default what the built-in role of that name may do.
    #[serde(default)]
    pub may: Option<Vec<String>>,
    /// What to call it when somebody is told who can help.
    #[serde(default)]
    pub label: Option<String>,
}

/// What the people of another tenant may do here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The roles that they have here.
    pub roles: Vec<String>,
    /// What they may do at most, whatever their roles; everything that these may unless set.
    #[serde(default)]
    pub actions: Option<Vec<String>>,
    /// When they may do it.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// What they see of incidents; by default all of those of their own tenant.
    #[serde(default)]
    pub sees: Sight,
}

/// What the people of another tenant see of incidents.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sight {
    /// Further tenants whose incidents are theirs, such as the customers of a service provider.
    pub tenants: Vec<String>,
    /// Whose things they see: `own`, `all` or `none`.
    pub entities: Entities,
    /// What else they see of incidents that are not theirs.
    pub fields: Vec<Field>,
}

impl Trust {
    /// What the people of `tenant` see.
    pub fn sees(&self, tenant: &str) -> Sees {
        let Sight { tenants, entities, fields } = &self.sees;
        let tenants = tenants.iter().map(String::as_str);
        Sees::new(tenant).tenants(tenants).entities(*entities).fields(fields.iter().copied())
    }
}

impl Rbac {
    /// All rules: those of the settings, then those of the policy's file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the file and the place in it.
    pub fn all_rules(&self) -> Result<Vec<Rule>, ConfigError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            rules: Vec<Rule>,
        }
        let mut rules = self.rules.clone();
        let Some(policy) = &self.policy else { return Ok(rules) };
        let wrong = |why: String| ConfigError::value("rbac.policy", why);
        let path = policy.strip_prefix("file:").filter(|it| !it.is_empty());
        let path = path.ok_or_else(|| wrong(format!("`{policy}` is not `file:PATH`")))?;
        let text = std::fs::read_to_string(path).map_err(|it| wrong(format!("{path}: {it}")))?;
        let file: File = toml::from_str(&text).map_err(|it| wrong(format!("{path}: {it}")))?;
        rules.extend(file.rules);
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_settings_and_of_the_file_are_all_there_and_a_mistake_has_its_place() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let read = |text: &str| {
            std::fs::write(file.path(), text).expect("written");
            let policy = format!("file:{}", file.path().display());
            let settings =
                format!("policy = {policy:?}\n[[rules]]\nrole = \"a\"\nactions = [\"view\"]\n");
            toml::from_str::<Rbac>(&settings).expect("settings").all_rules()
        };
        let good = "[[rules]]\nrole = \"b\"\nactions = [\"*\"]\nhours = \"fri 08:00-18:00\"\n";
        let rules = read(good).expect("rules");
        let named: Vec<&str> = rules.iter().map(|it| it.role.as_str()).collect();
        assert_eq!(named, ["a", "b"]);
        for (wrong, says) in [
            (good.replace("08:00", "8"), "line 4"),
            (good.replace("hours", "hour"), "line 4"),
            ("x".into(), "line 1"),
        ] {
            let why = read(&wrong).expect_err(says).to_string();
            assert!(why.contains("rbac.policy") && why.contains(says), "{why}");
        }
        let nowhere = Rbac { policy: Some("policy.toml".into()), ..Rbac::default() };
        assert!(nowhere.all_rules().is_err());
    }
}
