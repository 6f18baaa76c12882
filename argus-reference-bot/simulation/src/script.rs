//! What happens to Argus in a run: events, clicks, and what people do to its surroundings.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_reference_bot::flows::Soc;
use argus_reference_bot::flows::act::Done;
use argus_reference_bot::flows::ingest::IngestError;
use argus_reference_bot::ports::ledger::Receipt;
use argus_soc::event::Shape;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::chance::Chance;
use crate::life::{ALERT, Outside};
use crate::people::{EVERYBODY, Member, People};
use crate::stage::locked;

/// The process that runs now, and its number.
pub type Now = watch::Receiver<Option<(u64, Arc<Soc>)>>;

/// Senders try so often.
const TRIES: u32 = 40;

/// What senders were told: the place of each event, and its bytes.
pub type Acked = BTreeMap<Uuid, (u64, Bytes)>;

/// Those who come to Argus from outside.
#[derive(Clone, Debug)]
pub struct Visitors {
    /// Everything outside.
    pub outside: Outside,
    /// Where they knock.
    pub now: Now,
    /// What they were told.
    pub acked: Arc<Mutex<Acked>>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Somebody sends these bytes.
    Send(Bytes),
    /// Somebody presses a button: who, and the numbers by which the button is found.
    Press(&'static str, [u64; 4]),
    /// Two people press the same button at once.
    Race([u64; 4]),
    /// The wall clock jumps so many seconds.
    Jump(i64),
    /// The wall clock stands still.
    Stick,
    /// The wall clock goes on.
    Release,
    /// Somebody leaves the group.
    Leave(&'static str),
    /// Somebody comes back.
    Join(&'static str),
    /// A template is broken, and later mended.
    BreakTemplate,
    /// It is mended.
    MendTemplate,
    /// Somebody else acts on a machine.
    Foreign(u64, &'static str),
    /// The way to one system is cut for so many seconds.
    Outage(u64, u64),
}

/// What happens when, in milliseconds.
pub fn write(seed: u64) -> Vec<(u64, Deed)> {
    let chance = Chance::new(seed, "script");
    let length = chance.weighted(&[(3, 4_000), (3, 20_000), (2, 120_000)]).unwrap_or(4_000);
    let mut script = Vec::new();
    let mut sent: Vec<Bytes> = Vec::new();
    for n in 0..chance.weighted(&[(2, 3), (4, 9), (1, 40)]).unwrap_or(3) {
        let again = chance.pick(&sent).filter(|_| chance.permille(150)).cloned();
        let bytes = again.unwrap_or_else(|| event(&chance, n));
        sent.push(bytes.clone());
        script.push((chance.below(length), Deed::Send(bytes)));
    }
    for _ in 0..chance.weighted(&[(1, 0), (3, 4), (2, 16)]).unwrap_or(4) {
        let at = chance.between(length / 10, length * 2);
        let found = [chance.below(999), chance.below(999), chance.below(999), chance.below(999)];
        let press = match chance.weighted(&[(1, 0), (3, 1), (2, 2)]) {
            Some(0) => Deed::Race(found),
            Some(1) => Deed::Press(chance.pick(&EVERYBODY).unwrap_or(&"alice"), found),
            _ => {
                // The same click comes once more, at once or much later.
                let who = chance.pick(&EVERYBODY).unwrap_or(&"alice");
                script.push((at + chance.below(3_000), Deed::Press(who, found)));
                Deed::Press(who, found)
            }
        };
        script.push((at, press));
    }
    surroundings(&chance, length, &mut script);
    script.sort_by_key(|(at, _)| *at);
    script
}

fn surroundings(chance: &Chance, length: u64, script: &mut Vec<(u64, Deed)>) {
    let jumps = [3_600, -3_600, 31_557_600, -31_557_600, 1, -1];
    let then = |from: u64| from + chance.between(200, length);
    for _ in 0..chance.weighted(&[(4, 0), (2, 1), (1, 3)]).unwrap_or(0) {
        script.push((chance.below(length * 2), Deed::Jump(*chance.pick(&jumps).unwrap_or(&1))));
    }
    if chance.permille(100) {
        let at = chance.below(length);
        script.extend([(at, Deed::Stick), (then(at), Deed::Release)]);
    }
    if chance.permille(200) {
        let (at, who) = (chance.below(length), chance.pick(&EVERYBODY).unwrap_or(&"alice"));
        script.push((at, Deed::Leave(who)));
        if chance.permille(500) && *who != "mallory" {
            script.push((then(at), Deed::Join(who)));
        }
    }
    if chance.permille(150) {
        let at = chance.below(length);
        script.extend([(at, Deed::BreakTemplate), (then(at), Deed::MendTemplate)]);
    }
    if chance.permille(150) {
        let kind = chance.pick(&["Isolate", "Unisolate"]).unwrap_or(&"Isolate");
        script.push((chance.below(length * 2), Deed::Foreign(chance.below(5), kind)));
    }
    if chance.permille(250) {
        let secs = chance.weighted(&[(4, 10), (2, 120), (1, 86_400)]).unwrap_or(10);
        script.push((chance.below(length), Deed::Outage(chance.below(4), secs)));
    }
}

fn event(chance: &Chance, n: u64) -> Bytes {
    let host = format!("ws-{}", chance.below(5));
    let kind = chance.weighted(&[(3, "malware"), (2, "ransomware"), (1, "scan")]);
    let severities = [(3, "critical"), (3, "high"), (2, "low"), (1, "odd"), (1, "informational")];
    let mut event = json!({
        "id": format!("e-{n}"), "source": "edr", "event_type": kind,
        "severity": chance.weighted(&severities), "title": format!("Event {n}"),
        "entity_type": "host", "entity_value": host,
        "metadata": {"mde_device_id": format!("device-{host}")},
    });
    if let Some(fields) = event.as_object_mut() {
        if chance.permille(250) {
            fields.insert("incident_key".into(), format!("case-{}", chance.below(3)).into());
        }
        if chance.permille(120) {
            fields.insert("status".into(), "resolved".into());
        }
        if chance.permille(40) {
            fields.insert("context".into(), json!({"canary": true}));
        }
    }
    Bytes::from(event.to_string())
}

impl Visitors {
    /// Does one thing, to its end.
    pub async fn act(self, deed: Deed) {
        let stage = &self.outside.stage;
        match deed {
            Deed::Send(bytes) => self.send(bytes).await,
            Deed::Press(who, found) => self.press(who, found).await,
            Deed::Race(found) => {
                tokio::join!(self.press("alice", found), self.press("bob", found));
            }
            Deed::Jump(secs) => {
                stage.say("clock", &format!("jumps {secs} s"));
                stage.clock.jump(secs);
            }
            Deed::Stick => stage.clock.stick(),
            Deed::Release => stage.clock.release(),
            Deed::Leave(who) => self.outside.people.set_engineer(stage, who, Member::Out),
            Deed::Join(who) => self.outside.people.set_engineer(stage, who, Member::In),
            Deed::BreakTemplate => self.template("{\"type\": \"AdaptiveCard\", \"body\": [}"),
            Deed::MendTemplate => self.template(&ALERT.replace("1.5", "1.4")),
            Deed::Foreign(host, kind) => {
                locked(&self.outside.deeds).foreign(stage, &format!("device-ws-{host}"), kind);
            }
            Deed::Outage(which, secs) => {
                let ways = &self.outside.ways;
                let way = ways.get(usize::try_from(which).unwrap_or(0));
                stage.say("network", &format!("way {which} is cut for {secs} s"));
                if let Some(way) = way {
                    way.goes_down(secs);
                }
            }
        }
    }

    fn template(&self, text: &str) {
        self.outside.templates.put("alert.card.json", text);
        let refused = self.outside.library.reload();
        self.outside.stage.say("templates", &format!("changed, {} refused", refused.len()));
    }

    /// Does `call` on the process that runs now; `None` if there is none, or it dies meanwhile.
    async fn call<T, F: Future<Output = T>>(&self, call: impl FnOnce(Arc<Soc>) -> F) -> Option<T> {
        let (life, soc) = self.now.borrow().clone()?;
        tokio::select! {
            biased;
            () = self.outside.stage.over(life) => None,
            done = call(soc) => Some(done),
        }
    }

    /// Sends an event until somebody takes it.
    async fn send(&self, bytes: Bytes) {
        let stage = &self.outside.stage;
        for attempt in 1..=TRIES {
            let raw = bytes.clone();
            let correlation = format!("c-{}-{attempt}", stage.steps());
            let taken = self.call(|soc| async move {
                soc.receive("edr", Shape::Generic, None, raw, correlation).await
            });
            match taken.await {
                Some(Ok(receipt)) => return self.told(receipt, bytes),
                Some(Err(IngestError::TryAgain(_))) | None => {}
                Some(Err(error)) => return self.refused(&error),
            }
            sleep(Duration::from_millis(500)).await;
        }
        stage.say("sender", "gives up");
    }

    fn refused(&self, error: &IngestError) {
        // The script gives each event its own id, so nobody can have used it for other bytes.
        self.outside.stage.broke("I1", format!("a good event was refused: {error}"));
    }

    fn told(&self, receipt: Receipt, bytes: Bytes) {
        let Receipt { seq, event_id, duplicate, .. } = receipt;
        let stage = &self.outside.stage;
        stage.say("sender", &format!("is told {event_id} at {seq}, duplicate: {duplicate}"));
        let before = locked(&self.acked).insert(event_id, (seq, bytes));
        if let Some((first, _)) = before
            && (first != seq || !duplicate)
        {
            stage.broke("I1", format!("{event_id} was acknowledged at {first} and now at {seq}"));
        }
    }

    /// Presses a button that stands in Teams, or stood there.
    async fn press(&self, who: &'static str, [message, drawn, button, forge]: [u64; 4]) {
        let stage = &self.outside.stage;
        let found = {
            let teams = locked(&self.outside.teams);
            nth(&teams.messages, message).and_then(|it| {
                // Most people press what they see; some have an old card on their screen.
                let card = if drawn < 700 { it.cards.last() } else { nth(&it.cards, drawn) };
                let buttons = card?.get("actions")?.as_array()?;
                let data = nth(buttons, button)?.get("data")?.clone();
                Some((data, it.conversation.clone()))
            })
        };
        let Some((mut data, conversation)) = found else { return };
        let is_forged = forge < 100;
        if is_forged && let Some(fields) = data.as_object_mut() {
            let field = ["inc", "act", "v", "nonce"].get(usize::try_from(forge % 4).unwrap_or(0));
            fields.insert((*field.unwrap_or(&"inc")).to_owned(), "INC-1".into());
        }
        let was = data.to_string();
        let done = self.call(|soc| async move { pressed(&soc, who, &data, &conversation).await });
        let done = done.await.unwrap_or_else(|| "nothing, since the process died".into());
        stage.say("click", &format!("{who} presses {was}: {done}"));
    }
}

async fn pressed(soc: &Soc, who: &str, data: &Value, conversation: &str) -> String {
    let pressed = match soc.buttons.check(data, conversation, soc.clock.now()) {
        Ok(pressed) => pressed,
        Err(why) => return why.to_string(),
    };
    let verb = pressed.act.verb();
    match soc.act(&People::person(who), &pressed, "seen on the card", "click").await {
        Ok(Done::Changed(incident)) => {
            format!("{verb} makes {} {}", incident.key, incident.version)
        }
        Ok(Done::Unchanged(_)) => format!("{verb} changes nothing"),
        Err(error) => format!("{verb}: {error}"),
    }
}

/// One of `of` by a number that may be larger than it.
fn nth<T>(of: &[T], number: u64) -> Option<&T> {
    of.get(usize::try_from(number.checked_rem(of.len() as u64)?).ok()?)
}
