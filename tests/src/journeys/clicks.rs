//! Two thousand clicks that nobody may make: changed, repeated, late, copied, by the wrong people.
//!
//! Each is answered with why nothing was done, and nothing is done. The same seed gives the same
//! clicks. At the end the very buttons that were abused work for whoever may press them, once.

use argus_reference_bot::buttons::Act;
use argus_sim::{PARTNER_TENANT, SOC_NIGHT_SHIFT};
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::{Left, Plan, Shown, World, alert, texts};

const CLICKS: usize = 2_000;
const SEED: u64 = 0x5eed_c11c;

/// A playbook whose request is open for a second only, and one that excludes whom it is about.
const BRIEF: &str = "\
playbook: {id: brief, name: Brief, version: \"1.0.0\"}
gates: {human_approval: always, expires: 1s}
actions:
  - {id: iso, type: isolate_host, target: \"{{ entity.host }}\", rollback: {id: back, type: release_host}}
";
const SUBJECT: &str = "\
playbook: {id: subject, name: Subject, version: \"1.0.0\"}
gates: {human_approval: always, exclude: [requester, subject]}
actions:
  - {id: iso, type: isolate_host, target: \"{{ entity.host }}\", rollback: {id: back, type: release_host}}
";

/// A xorshift: what is drawn hangs on the seed alone.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// One way to abuse a button, and what the answer has to say.
#[derive(Clone, Copy, Debug)]
enum Abuse {
    Changed,
    Mixed,
    Garbage,
    Stale,
    Elsewhere,
    OtherTenant,
    Stranger,
    Old,
    Expired,
    Requester,
    Subject,
    RemovedFromGroup,
    EditedPlaybook,
    WithoutReason,
}

const ABUSES: [Abuse; 14] = [
    Abuse::Changed,
    Abuse::Mixed,
    Abuse::Garbage,
    Abuse::Stale,
    Abuse::Elsewhere,
    Abuse::OtherTenant,
    Abuse::Stranger,
    Abuse::Old,
    Abuse::Expired,
    Abuse::Requester,
    Abuse::Subject,
    Abuse::RemovedFromGroup,
    Abuse::EditedPlaybook,
    Abuse::WithoutReason,
];

/// The buttons that stand in the channel before the clicks begin.
struct Table {
    /// Open requests; nobody may answer them but Dana, who does not before the end.
    open: Vec<Shown>,
    /// Requests that were denied, or replaced.
    closed: Vec<Shown>,
    /// A request that expired.
    expired: Shown,
    /// A request about Dana.
    about_dana: Shown,
    /// A card with a button that isolates.
    alert: Shown,
}

/// A button that says why.
fn button(shown: &Shown, verb: &str) -> Value {
    let mut button = shown.button(verb).unwrap_or_else(|| panic!("no {verb} on {shown:?}"));
    button["data"]["reason"] = json!("because of a test");
    button
}

fn flipped(dice: &mut Dice, button: &Value) -> Value {
    let mut button = button.clone();
    let field = *dice.of(&["v", "inc", "act", "nonce", "sig"]);
    let text = button["data"][field].as_str().unwrap();
    let at = dice.below(text.len());
    let bit = 1u8 << dice.below(7);
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= bit;
    button["data"][field] = json!(String::from_utf8(bytes).unwrap());
    button
}

/// Why nothing was done, as the person reads it, and whether it is a card, a text or an error.
fn why(answer: &Value) -> (&str, String) {
    let value = &answer["value"];
    match answer["type"].as_str().unwrap_or_default() {
        "application/vnd.microsoft.card.adaptive" => {
            let said = |text: &String| text.starts_with("Nothing was");
            ("card", texts(value).into_iter().find(said).unwrap_or_default())
        }
        "application/vnd.microsoft.error" => {
            ("error", value["message"].as_str().unwrap_or_default().to_owned())
        }
        _ => ("text", value.as_str().unwrap_or_default().to_owned()),
    }
}

impl World {
    /// The click of somebody of this tenant in this conversation, on the wire.
    fn click(
        &self,
        conversation: &str,
        who: &str,
        tenant: Option<&str>,
        card: &str,
        button: &Value,
    ) -> Value {
        let mut person = self.person(who).in_teams();
        if let Some(tenant) = tenant {
            person = person.tenant(tenant);
        }
        self.sim.teams().click(conversation, &person, card, button).unwrap()
    }

    async fn table(&self) -> Table {
        // Two open requests about a protected host and two that were denied before.
        let mut closed = Vec::new();
        self.ingest(&alert("a-1", "pay-db-02")).await;
        for _ in 0..2 {
            let card = self.card("INC-1", |card| card.button("isolate").is_some()).await;
            self.press("alice", &card, "isolate").await;
            let request = self.request("INC-1", |card| card.button("approve").is_some()).await;
            self.decide("dana", &request, "deny", "not this one").await;
            self.request("INC-1", |card| card.says("Denied")).await;
            closed.push(request);
        }
        let card = self.card("INC-1", |card| card.button("isolate").is_some()).await;
        self.press("alice", &card, "isolate").await;
        let mut open = vec![self.request("INC-1", |card| card.button("approve").is_some()).await];
        // A request about Dana herself.
        let mut about = alert("b-1", "ws-114");
        about["entities"] = json!([{
            "type": "user", "value": "dana", "ids": { "aad_user_id": self.person("dana").object_id },
        }]);
        self.ingest(&about).await;
        self.card("INC-2", |card| card.button("isolate").is_some()).await;
        self.say("alice", "run subject on INC-2").await;
        let about_dana = self.request("INC-2", |card| card.button("approve").is_some()).await;
        // One that expires.
        self.ingest(&alert("c-1", "kiosk-9")).await;
        self.card("INC-3", |card| card.button("isolate").is_some()).await;
        self.say("alice", "run brief on INC-3").await;
        let expired = self.request("INC-3", |card| card.button("approve").is_some()).await;
        self.request("INC-3", |card| card.says("Expired")).await;
        open.push(open[0].clone());
        // Its living card: what `run` answered with stands in the channel as well.
        let living = async || {
            self.cards_of("INC-3").into_iter().next().filter(|it| it.button("isolate").is_some())
        };
        let alert = self.until("a button that isolates", living).await;
        Table { open, closed, expired, about_dana, alert }
    }

    /// One click, and what its answer has to say.
    fn abuse(
        &self,
        abuse: Abuse,
        table: &Table,
        chat: &str,
        dice: &mut Dice,
    ) -> (Value, &'static str) {
        let channel = self.sim.channel_id();
        let verb = *dice.of(&["approve", "deny"]);
        let request = dice.of(&table.open);
        let fair = button(request, verb);
        let here = |who: &str, shown: &Shown, button: &Value| {
            self.click(channel, who, None, &shown.id, button)
        };
        let resigned = |v: Option<&str>, days: u64| {
            let mut button = fair.clone();
            let run = fair["data"]["act"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
            let act = if verb == "approve" { Act::Approve { run } } else { Act::Deny { run } };
            let v = v.unwrap_or(fair["data"]["v"].as_str().unwrap());
            let then = self.sim.now() - std::time::Duration::from_secs(86_400 * days);
            let signed = self.soc().buttons.sign("INC-1", &act, v, channel, then);
            for (name, value) in serde_json::to_value(signed).unwrap().as_object().unwrap() {
                button["data"][name] = value.clone();
            }
            button
        };
        match abuse {
            Abuse::Changed => {
                let shown = if dice.below(4) == 0 { &table.alert } else { request };
                let fair = if dice.below(4) == 0 { button(&table.alert, "isolate") } else { fair };
                (
                    here("dana", shown, &flipped(dice, &fair)),
                    "was not made by Argus, or was changed",
                )
            }
            Abuse::Mixed => {
                let mut mixed = fair.clone();
                let field = *dice.of(&["v", "act", "sig", "inc"]);
                let other = button(&table.expired, "deny");
                mixed["data"][field] = other["data"][field].clone();
                (here("dana", request, &mixed), "was not made by Argus, or was changed")
            }
            Abuse::Garbage => {
                let mut broken = fair.clone();
                let field = *dice.of(&["v", "act", "nonce", "sig", "inc"]);
                let junk = [
                    json!(null),
                    json!(7),
                    json!([]),
                    json!({"$ne": ""}),
                    json!(""),
                    json!("../.."),
                ];
                broken["data"][field] = dice.of(&junk).clone();
                (here("dana", request, &broken), "was not made by Argus, or was changed")
            }
            Abuse::Stale => {
                let shown = dice.of(&table.closed);
                (here("dana", shown, &button(shown, verb)), "this request is no longer open")
            }
            Abuse::Elsewhere => {
                let click = self.click(chat, "dana", None, &request.id, &fair);
                (click, "copied from another conversation")
            }
            Abuse::OtherTenant => {
                let tenants = [PARTNER_TENANT, "99999999-0000-4000-8000-000000000000"];
                let tenant = *dice.of(&tenants);
                let click = self.click(channel, "dana", Some(tenant), &request.id, &fair);
                (click, if tenant == PARTNER_TENANT { "SOC Engineers" } else { "organisation" })
            }
            Abuse::Stranger => {
                let who = *dice.of(&["bob", "carol"]);
                (here(who, request, &fair), "SOC Engineers")
            }
            Abuse::Old => (here("dana", request, &resigned(None, 31)), "older than 30 days"),
            Abuse::Expired => {
                let shown = &table.expired;
                (here("dana", shown, &button(shown, verb)), "this request is no longer open")
            }
            Abuse::Requester => (here("alice", request, &button(request, "approve")), "yourself"),
            Abuse::Subject => {
                let shown = &table.about_dana;
                (here("dana", shown, &button(shown, verb)), "the event is about you")
            }
            // She is out of the group while these are delivered.
            Abuse::RemovedFromGroup => (here("dana", request, &fair), "SOC Engineers"),
            Abuse::EditedPlaybook => {
                let edited = resigned(Some("a2b3c4d5e6f7g2h3"), 0);
                (here("dana", request, &edited), "what would be done has changed")
            }
            Abuse::WithoutReason => {
                let mut silent = fair;
                silent["data"]["reason"] = dice.of(&[json!(null), json!(" "), json!({})]).clone();
                (here("dana", request, &silent), "say why first")
            }
        }
    }

    async fn must_say(&self, abuse: Abuse, click: &Value, wanted: &str) {
        let (status, answer) = self.deliver(click).await;
        let (kind, said) = why(&answer);
        assert!(
            status == 200 && said.contains(wanted),
            "{abuse:?}: {status} {kind} {said:?} {answer}"
        );
    }

    async fn decisions(&self) -> usize {
        self.recorded(|what| matches!(what, What::ApprovalDecided { .. })).await
    }

    /// Dana is out of her group for the length of these clicks.
    async fn without_dana(&self, clicks: &[(Abuse, Value, &'static str)]) {
        let dana = self.person("dana").object_id;
        self.sim.hold().people().leave(SOC_NIGHT_SHIFT, &dana);
        for (abuse, click, wanted) in clicks {
            self.must_say(*abuse, click, wanted).await;
        }
        self.sim.hold().people().join(SOC_NIGHT_SHIFT, &dana);
    }
}

#[tokio::test]
async fn two_thousand_clicks_that_nobody_may_make_do_nothing_and_say_why() {
    let plan = Plan { playbooks: &[BRIEF, SUBJECT], ..Plan::default() };
    let world = World::with(plan).await;
    let table = world.table().await;
    let dana = world.person("dana").in_teams();
    let chat = world.sim.teams().personal(&dana);
    let before = world.decisions().await;
    let mut dice = Dice(SEED);
    let begun = Instant::now();
    let (mut made, mut removed) = (0, Vec::new());
    while made + removed.len() < CLICKS - 100 {
        let mut batch = Vec::new();
        for _ in 0..4 {
            let abuse = *dice.of(&ABUSES);
            let (click, wanted) = world.abuse(abuse, &table, &chat, &mut dice);
            match abuse {
                Abuse::RemovedFromGroup => removed.push((abuse, click, wanted)),
                _ => batch.push((abuse, click, wanted)),
            }
        }
        made += batch.len();
        // Side by side, and one of them a second time with the same id.
        let say = async |at: usize| {
            if let Some((abuse, click, wanted)) = batch.get(at) {
                world.must_say(*abuse, click, wanted).await;
            }
        };
        tokio::join!(say(0), say(1), say(2), say(3), say(0));
    }
    made += removed.len();
    world.without_dana(&removed).await;

    // Everything is halted: a yes of whoever may is refused, too.
    world.say("alice", "halt because of a test").await;
    while made < CLICKS {
        let fair = button(&table.open[0], "approve");
        let click = world.click(world.sim.channel_id(), "dana", None, &table.open[0].id, &fair);
        world.must_say(Abuse::Stale, &click, "everything is halted").await;
        made += 1;
    }
    let isolate = button(&table.alert, "isolate");
    let click = world.click(world.sim.channel_id(), "alice", None, &table.alert.id, &isolate);
    world.must_say(Abuse::Stale, &click, "everything is halted").await;
    let took = begun.elapsed();
    assert!(took.as_secs() < 30, "{made} clicks took {took:?}");

    assert_eq!((made, world.decisions().await), (CLICKS, before), "nobody has decided anything");
    assert_eq!((world.calls("defender.isolate"), world.calls("defender.unisolate")), (0, 0));

    // What was abused works for those who may, once, however often they press.
    let one = world.say("alice", "resume").await;
    assert!(one.to_string().contains("takes two"), "{one}");
    let again = world.say("alice", "resume").await;
    assert!(again.to_string().contains("takes two"), "{again}");
    let two = world.say("dana", "resume").await;
    assert!(two.to_string().contains("goes on: global"), "{two}");
    let fair = button(&table.open[0], "approve");
    let press = || world.press_button("dana", &table.open[0], &fair);
    let same = world.press_of("dana", &table.open[0], &fair);
    let replay = || world.deliver(&same);
    tokio::join!(press(), press(), press(), press(), replay(), replay(), replay(), replay());
    world.card("INC-1", |card| card.says("Isolated")).await;
    for _ in 0..20 {
        let late = press().await;
        assert!(why(&late).1.contains("no longer open"), "{late}");
    }
    assert_eq!((world.effects("defender.isolate"), world.decisions().await), (1, before + 1));
    world.decide("bob", &table.about_dana, "deny", "no role").await;
    world.finish(Left { runs: 1, ..Left::default() }).await;
}
