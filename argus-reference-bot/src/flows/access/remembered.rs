//! What the directory said a moment ago, for what has little impact.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long roles may be remembered (facts: at most 5 minutes).
const REMEMBER: Duration = Duration::from_mins(5);
/// People who are remembered at most.
const MOST: usize = 10_000;

/// Roles by person, by the clock that nobody can set.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<BTreeMap<String, (Instant, Vec<String>)>>);

impl Remembered {
    /// The person's roles, if they were looked up not long ago.
    pub(super) fn roles_of(&self, object_id: &str) -> Option<Vec<String>> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, roles) = people.get(object_id)?;
        (at.elapsed() < REMEMBER).then(|| roles.clone())
    }

    /// Remembers what was looked up now.
    pub(super) fn keep(&self, object_id: &str, roles: &[String]) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= MOST {
            people.retain(|_, (at, _)| at.elapsed() < REMEMBER);
        }
        // So many in five minutes: whoever comes next is looked up again each time.
        if people.len() < MOST || people.contains_key(object_id) {
            people.insert(object_id.into(), (Instant::now(), roles.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_remembered_up_to_a_bound() {
        let remembered = Remembered::default();
        let roles = ["soc_engineer".to_owned()];
        assert_eq!(remembered.roles_of("p-0"), None);
        (0..=MOST).for_each(|n| remembered.keep(&format!("p-{n}"), &roles));
        assert_eq!(remembered.roles_of("p-0").as_deref(), Some(&roles[..]));
        assert_eq!(remembered.roles_of(&format!("p-{MOST}")), None, "there is no more room");
        remembered.keep("p-0", &[]);
        assert_eq!(remembered.roles_of("p-0"), Some(vec![]), "the last answer counts");
    }
}
