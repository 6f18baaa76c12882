//! What an answer that comes late may change.
//!
//! People have seen the incident by then, so that a late answer can make a decision more careful and
//! never bolder:
//!
//! | was | with the late answer | then |
//! | --- | --- | --- |
//! | notify | notify | notify, with the new reasons |
//! | notify | ask, or run | ask |
//! | ask | ask | ask, with the new reasons |
//! | ask | notify, run or ignore | ask, as before |
//! | run, ignore | whatever | as it was |

use crate::decide::Decision;

/// What is decided from now on.
///
/// ```
/// use argus_soc::decide::Decision;
/// use argus_soc::enrich::late::hold;
///
/// let before = Decision::Notify { reasons: vec!["the score is low".into()] };
/// let now = Decision::Run { playbook: "contain".into(), reasons: vec!["the score is high".into()] };
/// assert!(matches!(hold(&before, now), Decision::AskHuman { playbook: Some(_), .. }));
/// ```
pub fn hold(before: &Decision, with_answer: Decision) -> Decision {
    match (before, with_answer) {
        (Decision::Notify { .. }, Decision::Run { playbook, mut reasons }) => {
            reasons.push("an answer came late, so a person decides".to_owned());
            Decision::AskHuman { playbook: Some(playbook), reasons }
        }
        (
            Decision::Notify { .. },
            after @ (Decision::Notify { .. } | Decision::AskHuman { .. }),
        )
        | (Decision::AskHuman { playbook: None, .. }, after @ Decision::AskHuman { .. }) => after,
        // What people were asked to start stays what they were asked to start.
        (
            Decision::AskHuman { playbook: Some(asked), .. },
            Decision::AskHuman { playbook: Some(now), reasons },
        ) if *asked == now => Decision::AskHuman { playbook: Some(now), reasons },
        (before, _) => before.clone(),
    }
}
