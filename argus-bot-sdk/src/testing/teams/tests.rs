use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::clock::ManualClock;
use crate::testing::entra::CONNECTOR;
use crate::testing::fault::Fault;
use crate::testing::{AppRegistration, Signer};

const NOW: i64 = 1_800_000_000;

/// A channel with Alice in it, and a bot that knows HTTP but no manners.
struct Stage {
    entra: FakeEntra,
    teams: FakeTeams,
    clock: Arc<ManualClock>,
    alice: Person,
    channel: String,
    token: String,
    client: reqwest::Client,
}

/// Status, `Retry-After` and body of an answer.
struct Heard {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

impl Heard {
    fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

async fn stage() -> Stage {
    let clock = Arc::new(ManualClock::at(NOW));
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let other = AppRegistration::new("other", "s");
    let entra = FakeEntra::builder().clock(shared).app(other).start().await.unwrap();
    let teams = FakeTeams::start(&entra).await.unwrap();
    let alice = Person::new("Alice Berg");
    let channel = teams.channel("SOC alerts", [alice.clone()]);
    let token = entra.mint(&TokenSpec::app(APP_ID, TENANT, CONNECTOR).expires_in(86_400));
    Stage { entra, teams, clock, alice, channel, token, client: reqwest::Client::new() }
}

/// Percent-encodes one path segment.
fn segment(id: &str) -> String {
    let encoded = id.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

impl Stage {
    async fn try_call(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Heard> {
        let url = format!("{}v3/conversations{path}", self.teams.service_url());
        let request = self.client.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        let answer = request.body(body.to_string()).send().await?;
        let retry_after = answer.headers().get("retry-after");
        Ok(Heard {
            status: answer.status().as_u16(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_str(&answer.text().await?).unwrap_or_default(),
        })
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Heard {
        self.try_call(method, path, &body).await.unwrap()
    }

    fn activities(&self) -> String {
        format!("/{}/activities", segment(&self.channel))
    }

    async fn say(&self, text: &str) -> Heard {
        self.call("POST", &self.activities(), message(text)).await
    }

    /// Says something that must succeed and gives its id.
    async fn said(&self, text: &str) -> String {
        let heard = self.say(text).await;
        assert_eq!(heard.status, 201, "{}", heard.body);
        heard.body["id"].as_str().unwrap().to_owned()
    }
}

fn message(text: &str) -> Value {
    json!({"type": "message", "text": text})
}

#[tokio::test]
async fn who_ignores_limits_is_throttled_and_who_waits_gets_through() {
    let stage = stage().await;
    for text in ["1", "2", "3", "4", "5", "6", "7"] {
        stage.said(text).await;
    }
    let heard = stage.say("8").await;
    assert_eq!((heard.status, heard.code()), (429, "Throttled"));
    let wait = heard.retry_after.unwrap().parse().unwrap();
    assert_eq!(stage.say("8").await.status, 429, "asking again does not help");

    stage.clock.advance(Duration::from_secs(wait));
    stage.said("8").await;
    assert_eq!(stage.teams.messages(&stage.channel).len(), 8);
    assert_eq!(stage.teams.faults().effects("teams", "send", &stage.channel), 8);

    stage.teams.set_limits(TeamsLimits::off());
    for _ in 0..60 {
        stage.said("now as fast as I like").await;
    }
}

#[tokio::test]
async fn two_edits_at_once_do_not_both_win() {
    let stage = stage().await;
    let id = stage.said("first").await;
    let path = format!("{}/{id}", stage.activities());
    let mut changes = stage.teams.subscribe();
    // The first edit takes effect at once, and its answer is an hour away.
    stage.teams.faults().push("teams", "update", Fault::Delay(Duration::from_hours(1)));
    let (body, meanwhile) = (message("second"), async {
        assert_eq!(changes.recv().await.unwrap().change, Change::Updated);
        stage.call("PUT", &path, message("third")).await
    });
    let heard = tokio::select! {
        _ = stage.try_call("PUT", &path, &body) => unreachable!("an hour has passed"),
        heard = meanwhile => heard,
    };
    assert_eq!((heard.status, heard.code()), (412, "PreconditionFailed"));
    assert_eq!(stage.teams.messages(&stage.channel)[0]["text"], "second");
}

#[tokio::test]
async fn a_lost_answer_is_one_effect() {
    let stage = stage().await;
    stage.teams.faults().push("teams", "send", Fault::LoseResponse);
    let body = message("did you hear that?");
    assert!(stage.try_call("POST", &stage.activities(), &body).await.is_err());
    assert_eq!(stage.teams.faults().effects("teams", "send", &stage.channel), 1);
    assert_eq!(stage.teams.messages(&stage.channel).len(), 1);
}

#[tokio::test]
async fn edits_keep_id_and_place_and_deletions_leave_nothing() {
    let stage = stage().await;
    let (first, second) = (stage.said("first").await, stage.said("second").await);
    assert!(first.len() >= 13 && first < second, "{first} {second}");
    let path = format!("{}/{first}", stage.activities());

    let heard = stage.call("PUT", &path, message("first, corrected")).await;
    assert_eq!((heard.status, heard.body), (200, json!({"id": first})));
    let snapshot = stage.teams.snapshot(&stage.channel).unwrap();
    let shown: Vec<_> = snapshot.activities.iter().map(|s| (s.id.as_str(), s.edited)).collect();
    assert_eq!(shown, [(first.as_str(), true), (second.as_str(), false)]);
    assert_eq!(snapshot.activities[0].activity["text"], "first, corrected");

    assert_eq!(stage.call("DELETE", &path, json!(null)).await.status, 200);
    assert_eq!(stage.teams.messages(&stage.channel).len(), 1);
    for method in ["PUT", "DELETE"] {
        let heard = stage.call(method, &path, message("again")).await;
        assert_eq!((heard.status, heard.code()), (404, "ActivityNotFoundInConversation"));
    }
    assert_eq!(stage.teams.faults().effects("teams", "delete", &first), 1);
}

#[tokio::test]
async fn replies_stay_in_their_thread() {
    let stage = stage().await;
    let parent = stage.said("an alert").await;
    let path = format!("{}/{parent}", stage.activities());
    assert_eq!(stage.call("POST", &path, message("by reply")).await.status, 201);
    let thread = format!("{};messageid={parent}", stage.channel);
    let path = format!("/{}/activities", segment(&thread));
    assert_eq!(stage.call("POST", &path, message("by thread id")).await.status, 201);
    stage.said("another alert").await;
    let asked = stage.teams.say(&thread, &stage.alice, "who is on call?").unwrap();
    assert_eq!(asked["conversation"]["id"], thread.as_str());

    let snapshot = stage.teams.snapshot(&stage.channel).unwrap();
    let threads = snapshot.activities.iter().map(|shown| shown.thread.as_deref() == Some(&parent));
    assert_eq!(threads.collect::<Vec<_>>(), [true, true, true, false, true]);
    assert_eq!(snapshot.activities[1].activity["replyToId"], parent.as_str());
    assert_eq!(snapshot.activities[2].activity["conversation"]["id"], thread.as_str());
}

#[tokio::test]
async fn what_teams_cannot_show_is_refused() {
    let stage = stage().await;
    stage.teams.set_limits(TeamsLimits::off());
    let check = async |path: &str, body: Value, expected: (u16, &str)| {
        let heard = stage.call("POST", path, body.clone()).await;
        assert_eq!((heard.status, heard.code()), expected, "{path}");
    };
    let activities = stage.activities();
    check(&activities, json!({}), (400, "BadArgument")).await;
    check(&activities, json!({"type": "event", "name": "x"}), (400, "BadArgument")).await;
    check(&activities, json!({"type": "message"}), (400, "BadSyntax")).await;
    check(&activities, json!({"type": "message", "attachments": []}), (400, "BadSyntax")).await;
    check(&activities, json!([]), (400, "BadSyntax")).await;
    check("/a%3Anobody/activities", message("x"), (404, "ConversationNotFound")).await;
    check("", json!({}), (400, "BadSyntax")).await;
    check(&activities, json!({"type": "typing"}), (202, "")).await;
    // 51,200 UTF-16 units are 100 KB; a euro sign is three bytes of UTF-8 but one unit.
    let overhead = message("").to_string().len();
    let text = "€".repeat(51_200 - overhead);
    check(&activities, message(&text), (201, "")).await;
    check(&activities, message(&(text + "€")), (413, "MessageSizeTooBig")).await;
    assert_eq!(stage.teams.messages(&stage.channel).len(), 1);

    let url = format!("{}v3/botstate/x", stage.teams.service_url());
    let answer = stage.client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn only_the_bots_own_fresh_token_opens_the_door() {
    let mut stage = stage().await;
    let good = || TokenSpec::app(APP_ID, TENANT, CONNECTOR);
    for (spec, code) in [
        (good().expires_in(-1), "Unauthorized"),
        (good().claim("aud", APP_ID), "Unauthorized"),
        (good().signed_by(Signer::Unsigned), "Unauthorized"),
        (TokenSpec::bot(APP_ID, "https://smba.trafficmanager.net/teams/"), "Unauthorized"),
        (TokenSpec::app("other", TENANT, CONNECTOR), "BotNotRegistered"),
    ] {
        stage.token = stage.entra.mint(&spec);
        let heard = stage.say("let me in").await;
        assert_eq!((heard.status, heard.code()), (401, code), "{spec:?}");
    }
    assert!(stage.teams.messages(&stage.channel).is_empty());
}

#[tokio::test]
async fn a_bot_that_was_put_out_hears_why() {
    let stage = stage().await;
    let id = stage.said("still here").await;
    for (life, expected) in [
        (Life::BotDisabledByAdmin, (403, "BotDisabledByAdmin")),
        (Life::BlockedByUser, (403, "ConversationBlockedByUser")),
        (Life::BotRemoved, (403, "BotNotInConversationRoster")),
        (Life::NotEnoughPermissions, (403, "NotEnoughPermissions")),
        (Life::Gone, (404, "ConversationNotFound")),
    ] {
        stage.teams.set_life(&stage.channel, life);
        let heard = stage.say("hello?").await;
        assert_eq!((heard.status, heard.code()), expected);
        let path = format!("{}/{id}", stage.activities());
        let heard = stage.call("PUT", &path, message("hello?")).await;
        assert_eq!((heard.status, heard.code()), expected);
    }
    let [install, update] = stage.teams.install(&stage.channel, &stage.alice).unwrap();
    assert_eq!((&install["action"], &install["from"]["name"]), (&json!("add"), &Value::Null));
    assert_eq!(update["membersAdded"], json!([{"id": stage.teams.bot_id()}]));
    stage.clock.advance(Duration::from_secs(1));
    stage.said("back again").await;
    stage.teams.uninstall(&stage.channel, &stage.alice).unwrap();
    assert_eq!(stage.say("gone").await.code(), "BotNotInConversationRoster");
}

#[tokio::test]
async fn the_roster_comes_whole_by_name_or_in_pages() {
    let stage = stage().await;
    let crowd = (0..120).map(|number| Person::new(format!("Person {number}")));
    let channel = segment(&stage.teams.channel("Crowd", crowd));
    let all = stage.call("GET", &format!("/{channel}/members"), json!(null)).await.body;
    assert_eq!(all.as_array().unwrap().len(), 120);
    assert_eq!(all[0]["userPrincipalName"], "person.0@example.com");
    for key in ["id", "aadObjectId", "userPrincipalName"] {
        let id = segment(all[7][key].as_str().unwrap());
        let one = stage.call("GET", &format!("/{channel}/members/{id}"), json!(null)).await;
        assert_eq!(one.body, all[7]);
    }
    let heard = stage.call("GET", &format!("/{channel}/members/nobody"), json!(null)).await;
    assert_eq!((heard.status, heard.code()), (404, "MemberNotFoundInConversation"));

    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/{channel}/pagedmembers?pageSize=1{next}");
        let page = stage.call("GET", &path, json!(null)).await.body;
        paged.extend(page["members"].as_array().unwrap().clone());
        let Some(token) = page["continuationToken"].as_str() else { break };
        next = format!("&continuationToken={}", segment(token));
    }
    assert_eq!(json!(paged), all);
    let path = format!("/{channel}/pagedmembers?continuationToken=guess");
    assert_eq!(stage.call("GET", &path, json!(null)).await.status, 403);
}

#[tokio::test]
async fn a_message_grows_in_a_personal_chat_until_the_reader_stops_it() {
    let stage = stage().await;
    stage.teams.set_limits(TeamsLimits::off());
    let chat = stage.teams.personal(&stage.alice);
    let path = format!("/{}/activities", segment(&chat));
    let part = |kind: &str, info: Value, text: &str| {
        let mut entity = json!({"type": "streaminfo"});
        entity.as_object_mut().unwrap().extend(info.as_object().unwrap().clone());
        json!({"type": kind, "text": text, "entities": [entity]})
    };
    let first = part("typing", json!({"streamType": "streaming", "streamSequence": 1}), "A");
    let begun = stage.call("POST", &path, first.clone()).await;
    assert_eq!(begun.status, 201);
    let id = begun.body["id"].as_str().unwrap();
    let next = json!({"streamType": "streaming", "streamId": id, "streamSequence": 2});
    assert_eq!(stage.call("POST", &path, part("typing", next, "A qu")).await.status, 202);
    assert_eq!(stage.teams.messages(&chat)[0]["text"], "A qu");
    let last = json!({"streamType": "final", "streamId": id});
    assert_eq!(stage.call("POST", &path, part("message", last, "A quick fox")).await.status, 202);
    assert_eq!(stage.teams.messages(&chat)[0]["text"], "A quick fox");
    assert_eq!(stage.teams.messages(&chat)[0]["id"], id);

    let begun = stage.call("POST", &path, first.clone()).await;
    let id = begun.body["id"].as_str().unwrap();
    stage.teams.stop_stream(&chat, id);
    let next = json!({"streamType": "streaming", "streamId": id, "streamSequence": 2});
    let heard = stage.call("POST", &path, part("typing", next, "B")).await;
    assert_eq!((heard.status, heard.code()), (403, "ContentStreamNotAllowed"));
    let heard = stage.call("POST", &stage.activities(), first).await;
    assert_eq!((heard.status, heard.code()), (405, "MethodNotAllowed"));
}

#[tokio::test]
async fn people_speak_as_teams_writes_it() {
    let stage = stage().await;
    let asked = stage.teams.say(&stage.channel, &stage.alice, "list <critical>").unwrap();
    assert_eq!(asked["text"], "<at>Argus</at> list <critical>\n");
    assert_eq!(asked["entities"][1]["mentioned"]["id"], stage.teams.bot_id());
    assert!(asked["attachments"][0]["content"].as_str().unwrap().contains("list &lt;critical&gt;"));
    assert_eq!(asked["serviceUrl"], stage.teams.service_url());
    assert_eq!(asked["channelData"]["tenant"]["id"], asked["conversation"]["tenantId"]);
    let own_thread = format!("{};messageid={}", stage.channel, asked["id"].as_str().unwrap());
    assert_eq!(asked["conversation"]["id"], own_thread);
    assert_eq!(stage.teams.messages(&stage.channel).len(), 1);
    assert!(stage.teams.bot_messages(&stage.channel).is_empty());

    let carol = Person::new("Carol Reyes").tenant("99999999-2222-4333-8444-555555555555");
    let card = stage.said("a card").await;
    let action = json!({"verb": "isolate", "title": "Isolate", "data": {"ref": "x"}});
    let click = stage.teams.click(&stage.channel, &carol, &card, &action).unwrap();
    assert_eq!(click["value"]["action"]["type"], "Action.Execute");
    assert_eq!(click["value"]["action"]["data"], json!({"ref": "x"}));
    assert_eq!(click["replyToId"], card.as_str());
    assert_eq!(click["conversation"]["id"], format!("{};messageid={card}", stage.channel));
    assert_eq!(click["from"]["tenantId"], carol.tenant_id.as_str());
    assert_ne!(
        click["id"],
        stage.teams.click(&stage.channel, &carol, &card, &action).unwrap()["id"]
    );

    let chat = stage.teams.personal(&stage.alice);
    assert_eq!(chat, stage.teams.personal(&stage.alice));
    let asked = stage.teams.say(&chat, &stage.alice, "help").unwrap();
    assert_eq!((&asked["text"], &asked["conversation"]["id"]), (&json!("help"), &json!(chat)));
    assert!(stage.teams.say("a:nobody", &stage.alice, "help").is_none());
}

/// Every creation that was observed against the real service gets the answer that it got there.
#[tokio::test]
async fn creations_are_answered_as_observed() {
    let Some(folder) = corpus() else { return };
    let mut stage = stage().await;
    stage.teams.set_limits(TeamsLimits::off());
    stage.token = stage.entra.mint(&TokenSpec::app(APP_ID, TENANT, CONNECTOR));
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("connector")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("createconversation-") {
            continue;
        }
        let recorded: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (request, response) = (&recorded["request"]["body"], &recorded["response"]);
        if let Some(channel) = request.pointer("/channelData/channel/id").and_then(Value::as_str) {
            stage.teams.open_channel(channel, "Recorded", []);
        }
        let heard = stage.call("POST", "", request.clone()).await;
        assert_eq!(json!(heard.status), response["status"], "{name}");
        assert_eq!(heard.body["error"], response["body"]["error"], "{name}");
        if response["body"].is_object() {
            let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&heard.body), keys(&response["body"]), "{name}");
        }
        seen += 1;
    }
    assert!(seen >= 13, "{seen} recordings");
}

fn corpus() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the one switch that tests have")]
    let named = std::env::var("ARGUS_CORPUS").ok().map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1);
    let mut places = named.into_iter().chain(above.map(|folder| folder.join("../shared/corpus")));
    let found = places.find(|place| place.is_dir());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: creations_are_answered_as_observed, no corpus");
        }
    }
    found
}
