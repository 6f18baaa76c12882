//! How people are asked: for how long, when they are reminded, and who is asked next.

use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Fact, What};
use jiff::{SignedDuration, Timestamp};

use super::scene::Scene;
use crate::flows::Soc;
use crate::ports::ledger::LedgerError;

/// What a playbook wants of those who are asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) quorum: u32,
    pub(super) expires_ms: Option<i64>,
}

/// The records with which a run asks people. Of what the settings and the playbook want, the
/// stricter counts.
pub(super) fn asked(
    soc: &Soc,
    incident: &Incident,
    run: &str,
    digest: String,
    wanted: Wanted,
    reason: String,
    fact: impl Fn(What) -> Fact,
) -> Vec<Fact> {
    let most = i64::from(soc.approvals.expires_secs) * 1000;
    let open = wanted.expires_ms.map_or(most, |ms| ms.min(most));
    let now = soc.clock.now();
    let expires_at = after(now, open);
    let quorum = soc.approvals.quorum.max(wanted.quorum).max(1);
    let remind = soc.approvals.remind_secs.map_or(open / 2, |secs| i64::from(secs) * 1000);
    let remind_at = (0 < remind && remind < open).then(|| after(now, remind));
    let run = run.to_owned();
    let card = format!("approval/{run}");
    let asked = What::ApprovalRequested { run, digest, quorum, reason, expires_at, remind_at };
    let mut facts = vec![fact(asked).of(&incident.key)];
    if let Some(place) = place(soc, incident) {
        facts.push(fact(placed(incident, card, place)));
    }
    facts
}

fn after(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(at)
}

/// Where those who are asked first see the card.
fn place<'a>(soc: &'a Soc, incident: &Incident) -> Option<&'a str> {
    let place = soc.routes.first(&crate::flows::triage::facts_of(incident))?;
    Some(&place.conversation)
}

fn placed(incident: &Incident, card: String, conversation: &str) -> What {
    let conversation = conversation.to_owned();
    What::NoticePlaced { incident: incident.key.clone(), card, conversation }
}

impl Scene<'_> {
    /// Nobody decided in time: others are asked, once, if the playbook and the settings say who.
    pub(super) async fn expire(&self) -> Result<(), LedgerError> {
        let run = self.run.id.clone();
        let settings = &self.soc.approvals;
        let Some(to) = settings.escalate_to.clone().filter(|_| self.run.may_escalate()) else {
            return self.write_if_unchanged(vec![What::ApprovalExpired { run }]).await;
        };
        let secs = settings.escalate_secs.unwrap_or(settings.expires_secs);
        let expires_at = after(self.soc.clock.now(), i64::from(secs) * 1000);
        tracing::warn!(run.id = run, "nobody decided in time, and others are asked");
        let card = format!("approval/{run}/escalated");
        let place = settings.escalate_conversation.as_deref();
        let place = place.or_else(|| place_of(self));
        self.ask_again(What::ApprovalEscalated { run, to, expires_at }, card, place).await
    }

    /// Reminds those who are asked, by a message of its own: a card that changes rings nobody's bell.
    pub(super) async fn remind(&self) -> Result<(), LedgerError> {
        let run = self.run.id.clone();
        let card = format!("approval/{run}/reminder");
        self.ask_again(What::ApprovalReminded { run }, card, place_of(self)).await
    }

    async fn ask_again(
        &self,
        what: What,
        card: String,
        place: Option<&str>,
    ) -> Result<(), LedgerError> {
        let card = place.map(|place| placed(self.incident, card, place));
        self.write_with(what, card).await
    }
}

fn place_of<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    place(scene.soc, scene.incident)
}
