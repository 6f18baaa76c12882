//! What people do not want to see for a while: suppressions and snoozes, and their end.

use std::net::IpAddr;

use argus_soc::event::{Entity, EntityKind};
use argus_soc::ledger::documents::{Document as _, stream};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::policy::Action;
use argus_soc::suppress::{
    LONGEST, Numbered, Scope, Snooze, Suppressed, Suppression, number, span,
};

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
                // As events have it: another spelling would keep nothing back.
                let entity = Entity::canonical(kind.clone(), &name.join(" "));
                let is_one =
                    |it: &Entity| kind != EntityKind::Ip || it.value.parse::<IpAddr>().is_ok();
                let Some(Entity { kind, value, .. }) = entity.filter(is_one) else {
                    return Ok(format!("{} is no {kind}. {HOW}", unmarked(&name.join(" "))));
                };
                Scope::Entity { kind, value }
            }
            _ => return Ok(HOW.into()),
        };
        let _permit = self.authorise(person, Action::Suppress, None, correlation).await?;
        let until = self.clock.now() + time;
        for _ in 0..RACES {
            let numbered = documents::find::<Numbered>(&*self.ledger, Numbered::KEY).await?;
            let (version, Numbered { last }) = numbered.unwrap_or_default();
            // In a store of before there are some, and nothing says which number was the last.
            let all = documents::all::<Suppressed>(&*self.ledger).await?;
            let last = all.iter().filter_map(|(id, _)| number(id)).fold(last, u64::max);
            let id = format!("SUP-{}", last + 1);
            let (scope, reason) = (scope.clone(), reason.clone());
            let begun = Suppression { id: id.clone(), scope, until, reason, critical };
            let fact = self.fact(person.actor(), correlation, What::SuppressionAdded(begun));
            let mut batch = Batch::one(fact);
            batch.expect.insert(stream(Suppressed::KIND, &id), 0);
            batch.expect.insert(stream(Numbered::KIND, Numbered::KEY), version);
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
        let none = || Ok(format!("There is no suppression {}.", unmarked(id)));
        let find = async || documents::find::<Suppressed>(&*self.ledger, id).await;
        let Some((mut version, _)) = find().await? else { return none() };
        let _permit = self.authorise(person, Action::Suppress, None, correlation).await?;
        for _ in 0..RACES {
            let what = What::SuppressionEnded { id: id.to_owned(), why: why.to_owned() };
            let fact = self.fact(person.actor(), correlation, what);
            match self.end_at(id, version, fact).await {
                Ok(()) => {
                    self.look_again().await;
                    return Ok(format!("{id} is over; such events are shown again."));
                }
                // It kept something back meanwhile, or somebody else ended it.
                Err(LedgerError::Conflict { .. }) => {
                    let Some((now, _)) = find().await? else { return none() };
                    version = now;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Conflict { stream: stream(Suppressed::KIND, id) }.into())
    }

    /// Ends a suppression as it was at `version`.
    async fn end_at(&self, id: &str, version: u64, fact: Fact) -> Result<(), LedgerError> {
        let mut batch = Batch::one(fact);
        batch.expect.insert(stream(Suppressed::KIND, id), version);
        self.ledger.append(batch).await
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
            if it.suppression.until > now {
                continue;
            }
            let Some((version, _)) = documents::find::<Suppressed>(&*self.ledger, &id).await?
            else {
                continue;
            };
            let why = "its time is over".into();
            let what = What::SuppressionEnded { id: id.clone(), why };
            match self.end_at(&id, version, self.fact(service(), "expire", what)).await {
                // Another replica was first; what is not ended yet, the next look ends.
                Ok(()) | Err(LedgerError::Conflict { .. }) => {}
                Err(error) => return Err(error),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::world::{World, ann};

    async fn said(soc: &Soc, words: &str) -> String {
        soc.suppress(&ann(), words, "c").await.expect("an answer")
    }

    #[tokio::test]
    async fn a_number_is_given_once() {
        let world = World::default();
        let (a, b) = (world.soc(&[]), world.soc(&[]));
        assert!(said(&a, "4h host ws-1 because test").await.starts_with("SUP-1:"));
        assert!(said(&a, "end SUP-1").await.starts_with("SUP-1 is over"));
        assert!(said(&b, "4h host ws-2 because test").await.starts_with("SUP-2:"));
        assert_eq!(said(&a, "end SUP-1").await, "There is no suppression SUP-1.");
        assert!(said(&a, "list").await.starts_with("- SUP-2:"));
    }

    #[tokio::test]
    async fn an_end_is_of_the_suppression_as_it_was() {
        let world = World::default();
        let soc = world.soc(&[]);
        said(&soc, "4h host ws-1 because test").await;
        let find = async || documents::find::<Suppressed>(&*soc.ledger, "SUP-1").await;
        let (version, it) = find().await.expect("read").expect("SUP-1");
        let end = || {
            let what = What::SuppressionEnded { id: "SUP-1".into(), why: "test".into() };
            soc.fact(Actor::service("test"), "c", what)
        };
        let events = vec![uuid::Uuid::nil()];
        let kept = What::Suppressed { suppression: it.suppression.id, events };
        let kept = Batch::one(soc.fact(Actor::service("test"), "c", kept));
        soc.ledger.append(kept).await.expect("written");
        let late = soc.end_at("SUP-1", version, end()).await;
        assert!(matches!(late, Err(LedgerError::Conflict { .. })), "{late:?}");
        assert!(said(&soc, "end SUP-1").await.starts_with("SUP-1 is over"));
        let again = soc.end_at("SUP-1", version + 1, end()).await;
        assert!(matches!(again, Err(LedgerError::Conflict { .. })), "{again:?}");
    }

    #[tokio::test]
    async fn what_is_suppressed_is_named_as_events_name_it() {
        let world = World::default();
        let soc = world.soc(&[]);
        said(&soc, "4h ip 2001:db8:0:0::1 because test").await;
        let list = said(&soc, "list").await;
        assert!(list.contains("ip 2001:db8::1"), "{list}");
        let answer = said(&soc, "4h ip ws-1 because test").await;
        assert!(answer.starts_with("ws-1 is no ip."), "{answer}");
    }
}
