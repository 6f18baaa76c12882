//! What people do not want to see for a while: suppressions and snoozes, and their end.

use argus_soc::event::EntityKind;
use argus_soc::ledger::documents::{Document as _, stream};
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::policy::Action;
use argus_soc::suppress::{LONGEST, Scope, Snooze, Suppressed, Suppression, span};

use super::Soc;
use super::access::Person;
use super::regroup::{Said, key_of, unmarked};
use crate::ports::ledger::{Batch, LedgerError, documents};

/// How to write a suppression.
const HOW: &str = "Write `suppress 4h host ws-12 because patch night`: a time (`30m`, `4h`, `7d`; at most 30 days), then \
                   `INC-7` for events like its own, `source NAME`, `rule NAME`, or a kind of entity and its name. \
                   `critical` before `because` includes critical ones. `suppress list` shows what is suppressed, \
                   `suppress end SUP-1` ends it.";

/// Somebody else's number was taken first so often.
const RACES: usize = 16;

impl Soc {
    /// `suppress …`: begins, lists or ends a suppression.
    pub(super) async fn suppress(&self, person: &Person, words: &str, correlation: &str) -> Said {
        let all: Vec<&str> = words.split_whitespace().collect();
        match all.as_slice() {
            [] => Ok(HOW.into()),
            ["list"] => self.suppressions().await,
            ["end", id, why @ ..] => {
                let why = if why.is_empty() { "somebody said so".into() } else { why.join(" ") };
                self.end_suppression(person, &id.to_uppercase(), &why, correlation).await
            }
            [time, what @ ..] => self.begin_suppression(person, time, what, correlation).await,
        }
    }

    async fn begin_suppression(
        &self,
        person: &Person,
        time: &str,
        what: &[&str],
        correlation: &str,
    ) -> Said {
        let Some(time) = span(time) else { return Ok(HOW.into()) };
        let because = what.iter().position(|word| word.eq_ignore_ascii_case("because"));
        let (what, reason) = because
            .and_then(|at| what.split_at_checked(at))
            .map_or((what, String::new()), |(what, why)| {
                (what, why.get(1..).unwrap_or_default().join(" "))
            });
        if reason.is_empty() {
            return Ok(format!("Say why, so that others know: end with `because …`. {HOW}"));
        }
        let (what, critical) = match what {
            [rest @ .., last] if last.eq_ignore_ascii_case("critical") => (rest, true),
            all => (all, false),
        };
        let scope = match what {
            [key] if key.to_uppercase().starts_with("INC-") => {
                let key = key_of(key);
                let Some(incident) = self.ledger.incident(&key).await? else {
                    return Ok(format!("There is no incident {key}."));
                };
                Scope::Fingerprint(incident.event.fingerprint)
            }
            ["source", name @ ..] if !name.is_empty() => Scope::Source(name.join(" ")),
            ["rule", name @ ..] if !name.is_empty() => Scope::Rule(name.join(" ")),
            [kind, name @ ..] if !name.is_empty() => {
                let kind = EntityKind::from((*kind).to_owned());
                if matches!(kind, EntityKind::Other(_)) {
                    return Ok(HOW.into());
                }
                Scope::Entity { kind, value: name.join(" ") }
            }
            _ => return Ok(HOW.into()),
        };
        let _permit = self.authorise(person, Action::Suppress, None, correlation).await?;
        let until = self.clock.now() + time;
        for _ in 0..RACES {
            let all = documents::all::<Suppressed>(&*self.ledger).await?;
            let number = |id: &str| id.strip_prefix("SUP-").and_then(|it| it.parse::<u64>().ok());
            let last = all.iter().filter_map(|(id, _)| number(id)).max().unwrap_or(0);
            let id = format!("SUP-{}", last + 1);
            let (scope, reason) = (scope.clone(), reason.clone());
            let begun = Suppression { id: id.clone(), scope, until, reason, critical };
            let fact = self.fact(person.actor(), correlation, What::SuppressionAdded(begun));
            let mut batch = Batch::one(fact);
            batch.expect.insert(stream(Suppressed::KIND, &id), 0);
            match self.ledger.append(batch).await {
                Ok(()) => {
                    self.look_again().await;
                    let critical = if critical { "" } else { " Critical ones are still shown." };
                    return Ok(format!("{id}: not shown until {until}.{critical}"));
                }
                Err(LedgerError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Conflict { stream: Suppressed::KIND.into() }.into())
    }

    async fn suppressions(&self) -> Said {
        let all = documents::all::<Suppressed>(&*self.ledger).await?;
        if all.is_empty() {
            return Ok("Nothing is suppressed.".into());
        }
        let line = |(id, it): (String, Suppressed)| {
            let Suppression { scope, until, reason, critical, .. } = &it.suppression;
            let what = match scope {
                Scope::Fingerprint(print) => format!("events like {print}"),
                Scope::Source(name) => format!("source {name}"),
                Scope::Rule(name) => format!("rule {name}"),
                Scope::Entity { kind, value } => format!("{kind} {value}"),
            };
            let critical = if *critical { ", also critical ones" } else { "" };
            let by = unmarked(it.by.shown());
            let (what, reason) = (unmarked(&what), unmarked(reason));
            format!(
                "- {id}: {what}{critical}, until {until}, by {by}: {reason} ({} kept back)",
                it.events
            )
        };
        Ok(all.into_iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    async fn end_suppression(
        &self,
        person: &Person,
        id: &str,
        why: &str,
        correlation: &str,
    ) -> Said {
        if documents::find::<Suppressed>(&*self.ledger, id).await?.is_none() {
            return Ok(format!("There is no suppression {}.", unmarked(id)));
        }
        let _permit = self.authorise(person, Action::Suppress, None, correlation).await?;
        let what = What::SuppressionEnded { id: id.to_owned(), why: why.to_owned() };
        self.ledger.append(Batch::one(self.fact(person.actor(), correlation, what))).await?;
        self.look_again().await;
        Ok(format!("{id} is over; such events are shown again."))
    }

    /// `snooze INC-7 2h because …`, `snooze INC-7 off`.
    pub(super) async fn snooze(&self, person: &Person, words: &str, correlation: &str) -> Said {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [key, time, reason @ ..] = words.as_slice() else {
            return Ok("Write `snooze INC-7 2h because …`, or `snooze INC-7 off`.".into());
        };
        let key = key_of(key);
        let Some(incident) = self.ledger.incident(&key).await? else {
            return Ok(format!("There is no incident {key}."));
        };
        let reason = reason.strip_prefix(&["because"]).unwrap_or(reason).join(" ");
        let (what, said) = if time.eq_ignore_ascii_case("off") {
            if incident.snoozed.is_none() {
                return Ok(format!("{key} is not snoozed."));
            }
            let why = if reason.is_empty() { "somebody said so".into() } else { reason };
            (What::Woken { why }, format!("{key} is awake again."))
        } else {
            let Some(time) = span(time) else {
                let days = LONGEST.as_hours() / 24;
                return Ok(format!("Write a time like `30m`, `2h` or `1d`, at most {days} days."));
            };
            let until = self.clock.now() + time;
            let reason = if reason.is_empty() { "no reason given".into() } else { reason };
            let said =
                format!("{key} is quiet until {until}. What gets worse is shown all the same.");
            (What::Snoozed { until, reason }, said)
        };
        let action = Action::Snooze { incident: key.clone() };
        let _permit = self.authorise(person, action, Some(&key), correlation).await?;
        let fact = self.fact(person.actor(), correlation, what).of(&key);
        self.ledger.append(Batch::on(&incident, vec![fact])).await?;
        self.bells.notify.notify_one();
        Ok(said)
    }

    /// Ends what is over by now: suppressions and snoozes. Each end is a record.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store fails; what is not ended yet is ended the next time.
    pub async fn expire(&self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let service = || Actor::service("triage");
        for (id, it) in documents::all::<Suppressed>(&*self.ledger).await? {
            if it.suppression.until <= now {
                let what = What::SuppressionEnded { id, why: "its time is over".into() };
                self.ledger.append(Batch::one(self.fact(service(), "expire", what))).await?;
            }
        }
        for (key, Snooze { until }) in documents::all::<Snooze>(&*self.ledger).await? {
            if until > now {
                continue;
            }
            let Some(incident) = self.ledger.incident(&key).await? else { continue };
            let what = What::Woken { why: "its time is over".into() };
            let fact = self.fact(service(), "expire", what).of(&key);
            match self.ledger.append(Batch::on(&incident, vec![fact])).await {
                // Whoever was first leaves it as it is now; the next look decides again.
                Ok(()) | Err(LedgerError::Conflict { .. }) => self.bells.notify.notify_one(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
