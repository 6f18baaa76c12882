//! Sources of enrichment against servers on loopback that behave, and that do not.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::auth::{Secret, SecretToken, TokenSource};
use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
use argus_bot_sdk::{Clock, Error, SystemClock};
use argus_reference_bot::adapters::cmdb::Cmdb;
use argus_reference_bot::adapters::defender_ti::DefenderTi;
use argus_reference_bot::adapters::devices::{Devices, Reading};
use argus_reference_bot::adapters::lookup::{Lookup, Reaches};
use argus_reference_bot::adapters::taxii::{Follow, Private, Taxii};
use argus_reference_bot::adapters::web::Credential;
use argus_reference_bot::ports::knowledge::{Copied, Finding, Silent, Source};
use argus_soc::enrich::assets::Criticality;
use argus_soc::enrich::{Asset, Intel};
use argus_soc::event::{Entity, EntityKind};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A server that answers what `says` makes of a request, and remembers what it was asked.
struct Far {
    server: FakeServer,
    asked: Arc<Mutex<Vec<String>>>,
    says: Arc<Mutex<Says>>,
}

type Says = Box<dyn Fn(&FakeRequest) -> FakeResponse + Send>;

impl Far {
    async fn new(says: impl Fn(&FakeRequest) -> FakeResponse + Send + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let says: Arc<Mutex<Says>> = Arc::new(Mutex::new(Box::new(says)));
        let (log, now) = (Arc::clone(&asked), Arc::clone(&says));
        let server = FakeServer::start(move |request| {
            let query = |name: &str| request.query(name).map(|it| format!(" {name}={it}"));
            let queries: String =
                ["added_after", "next", "sysparm_query", "$skiptoken", "$deltatoken"]
                    .into_iter()
                    .filter_map(query)
                    .collect();
            log.lock().expect("unbroken").push(format!("{}{queries}", request.path()));
            let answer = (now.lock().expect("unbroken"))(&request);
            async move { answer }
        });
        Self { server: server.await.expect("a port"), asked, says }
    }

    fn says(&self, says: impl Fn(&FakeRequest) -> FakeResponse + Send + 'static) {
        *self.says.lock().expect("unbroken") = Box::new(says);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("unbroken"))
    }

    fn url(&self) -> String {
        self.server.url()
    }
}

#[derive(Debug)]
struct OneToken;

#[async_trait]
impl TokenSource for OneToken {
    async fn token(&self) -> Result<SecretToken, Error> {
        Ok(SecretToken::new("good"))
    }

    async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
        Ok(SecretToken::new("good"))
    }
}

/// A clock that can be moved.
#[derive(Debug)]
struct Moved(Mutex<Timestamp>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("unbroken")
    }
}

fn entity(kind: EntityKind, value: &str) -> Entity {
    Entity::canonical(kind, value).expect("a name")
}

/// Ways not to answer, and a word of the reason for each.
fn faults() -> Vec<(FakeResponse, &'static str)> {
    let redirect = FakeResponse::status(302).header("location", "http://169.254.169.254/latest");
    let huge = FakeResponse::json(200, &json!({ "x": "y".repeat(40 << 20) }));
    vec![
        (FakeResponse::status(503), "503"),
        (FakeResponse::status(401), "does not let us in"),
        (FakeResponse::status(429).header("retry-after", "7"), "too many"),
        (redirect, "nobody follows"),
        (FakeResponse::html(200, "<html>asleep</html>"), "something else"),
        (FakeResponse::json(200, &json!([1, 2])), "something else"),
        (huge, "too large"),
        (FakeResponse::lost(), "broke"),
    ]
}

#[track_caller]
fn is_silent<T: std::fmt::Debug>(found: Result<T, Silent>, word: &str) {
    let silent = found.expect_err("no answer");
    assert!(silent.why.contains(word), "{word}: {}", silent.why);
    let wait = (word == "too many").then(|| Duration::from_secs(7));
    assert_eq!(silent.retry_after, wait, "{word}");
}

const REACHES: Reaches = Reaches { into_private: true, about_private: false };

#[tokio::test]
async fn an_http_api_is_asked_with_the_key_and_believed_in_its_own_shape_only() {
    let far = Far::new(|request| {
        assert_eq!(request.header("x-key"), Some("s3"));
        match request.segments().last().map(String::as_str) {
            Some("203.0.113.7") => FakeResponse::json(
                200,
                &json!({"malicious": true, "confidence": 90, "note": "a\u{7}b", "evil": {"x": 1}}),
            ),
            Some("https://evil.example/a?b") => FakeResponse::json(200, &json!({"known": false})),
            _ => FakeResponse::status(404),
        }
    })
    .await;
    let key = Credential::Header("x-key".parse().expect("a name"), Secret::new("s3").into());
    let template = format!("{}/v1/{{type}}/{{value}}", far.url());
    let types = ["ip".to_owned(), "url".to_owned()];
    let lookup = Lookup::new("ti", &template, &types, key, REACHES).expect("an address");
    let ask = async |kind, value: &str| -> Result<Finding<Intel>, Silent> {
        lookup.ask(&entity(kind, value)).await
    };
    let found = ask(EntityKind::Ip, "203.0.113.7").await.expect("an answer");
    assert_eq!(found.known, Some(Intel { malicious: true, confidence: 90 }));
    assert_eq!(found.note.as_deref(), Some("ab"));
    let url = ask(EntityKind::Url, "https://evil.example/a?b").await.expect("an answer");
    assert_eq!(url.known, None);
    assert_eq!(ask(EntityKind::Ip, "203.0.113.8").await.expect("an answer").known, None);
    assert_eq!(far.asked()[1], "/v1/url/https%3A%2F%2Fevil.example%2Fa%3Fb");
    for (answer, word) in faults() {
        far.says(move |_| answer.clone());
        is_silent(ask(EntityKind::Ip, "203.0.113.7").await, word);
    }
    far.says(|_| FakeResponse::json(200, &json!({"malicious": true, "confidence": 101})));
    is_silent(ask(EntityKind::Ip, "203.0.113.7").await, "0 to 100");
}

#[tokio::test]
async fn defender_ti_is_asked_with_the_bots_token() {
    let far = Far::new(|request| {
        assert_eq!(request.bearer(), Some("good"));
        FakeResponse::json(200, &json!({"classification": "malicious", "score": 97, "rules": []}))
    })
    .await;
    let source = DefenderTi::new("ti", &far.url(), Arc::new(OneToken)).expect("an address");
    let url = entity(EntityKind::Url, "https://evil.example/x");
    let found = source.ask(&url).await.expect("an answer");
    assert_eq!(found.known, Some(Intel { malicious: true, confidence: 97 }));
    let path = "/v1.0/security/threatIntelligence/hosts/evil.example/reputation";
    assert_eq!(far.asked(), [path]);
    far.says(|_| FakeResponse::status(404));
    assert_eq!(source.ask(&url).await.expect("an answer").known, None);
    for (answer, word) in faults() {
        far.says(move |_| answer.clone());
        is_silent(source.ask(&url).await, word);
    }
}

fn criticality(by: &str) -> Criticality {
    let words = [("1 - most critical".to_owned(), 10), ("server".to_owned(), 8)];
    Criticality { by: by.into(), words: words.into(), otherwise: None }
}

#[tokio::test]
async fn the_cmdb_is_asked_by_name_and_an_unknown_word_is_not_harmless() {
    let far = Far::new(|_| {
        FakeResponse::json(
            200,
            &json!({"result": [
                {"name": "WS-1", "busines_criticality": "1 - most critical",
                 "environment": "Production", "owned_by": {"display_value": "Ann"}},
                {"name": "WS-1", "busines_criticality": "3"},
            ]}),
        )
    })
    .await;
    let login = ("argus".to_owned(), Secret::new("pw").into());
    let by = criticality("busines_criticality");
    let environment = Some("environment".to_owned());
    let cmdb = Cmdb::new("cmdb", &far.url(), login, "cmdb_ci", by, environment).expect("good");
    let host = entity(EntityKind::Host, "ws-1.corp.example");
    let found = cmdb.ask(&host).await.expect("an answer");
    let asset = found.known.expect("known");
    assert_eq!((asset.criticality, asset.owner.as_deref()), (10, Some("Ann")));
    assert_eq!(asset.environment.as_deref(), Some("Production"));
    let query = "name=ws-1.corp.example^ORname=ws-1^ORfqdn=ws-1.corp.example";
    assert_eq!(far.asked(), [format!("/api/now/v1/table/cmdb_ci sysparm_query={query}")]);
    far.says(|_| {
        FakeResponse::json(200, &json!({"result": [{"name": "x", "busines_criticality": "odd"}]}))
    });
    let found = cmdb.ask(&host).await.expect("an answer");
    assert!(found.known.is_none() && found.note.is_some(), "{found:?}");
    for (answer, word) in faults() {
        far.says(move |_| answer.clone());
        is_silent(cmdb.ask(&host).await, word);
    }
}

fn devices(far: &Far, folder: &Path) -> Devices {
    let reading = Reading {
        criticality: criticality("deviceCategory"),
        environment: None,
        every: Duration::from_mins(1),
        max_age: Duration::from_mins(1),
    };
    let clock = Arc::new(SystemClock);
    Devices::new("entra", &far.url(), Arc::new(OneToken), reading, folder, clock).expect("good")
}

async fn how_critical(source: &dyn Source<Asset>, name: &str) -> Option<u8> {
    let found = source.ask(&entity(EntityKind::Host, name)).await.expect("an answer");
    found.known.map(|it| it.criticality)
}

#[tokio::test]
async fn devices_follow_the_changes_and_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Far::new(|request| {
        let at = format!("http://{}", request.header("host").unwrap_or_default());
        let link = |token: &str| format!("{at}/v1.0/devices/delta?{token}");
        let page = match (request.query("$skiptoken"), request.query("$deltatoken")) {
            (None, None) => json!({"@odata.nextLink": link("$skiptoken=2"), "value": [
                {"id": "1", "displayName": "WS-1", "deviceCategory": "Server"}]}),
            (Some(_), _) => json!({"@odata.deltaLink": link("$deltatoken=a"), "value": [
                {"id": "2", "displayName": "WS-2", "deviceCategory": "3"}]}),
            (_, Some(_)) => json!({"@odata.deltaLink": link("$deltatoken=b"), "value": [
                {"id": "1", "deviceCategory": "5"}, {"id": "2", "@removed": {"reason": "deleted"}}]}),
        };
        FakeResponse::json(200, &page)
    })
    .await;
    let source = devices(&far, folder.path());
    is_silent(source.ask(&entity(EntityKind::Host, "ws-1")).await, "no copy");
    assert_eq!(source.refresh().await, Ok(Some("2 changes, 2 devices".into())));
    assert_eq!(how_critical(&source, "ws-1.corp.example").await, Some(8));
    assert_eq!(how_critical(&source, "ws-2").await, Some(3));
    // A restart goes on where the copy ends; a change names only what changed.
    let source = devices(&far, folder.path());
    far.asked();
    assert_eq!(source.refresh().await, Ok(Some("2 changes, 1 devices".into())));
    assert_eq!(far.asked(), ["/v1.0/devices/delta $deltatoken=a"]);
    assert_eq!(how_critical(&source, "ws-1").await, Some(5));
    assert_eq!(how_critical(&source, "ws-2").await, None);
    for (answer, word) in faults() {
        far.says(move |_| answer.clone());
        is_silent(source.refresh().await, word);
    }
    assert_eq!(how_critical(&source, "ws-1").await, Some(5), "the last good copy stays");
    // 410: the copy is made anew. The token follows no link to another server.
    far.says(|request| match request.query("$deltatoken") {
        Some(_) => FakeResponse::status(410),
        None => FakeResponse::json(
            200,
            &json!({"@odata.nextLink": "http://127.0.0.1:1/v1.0/devices/delta", "value": []}),
        ),
    });
    is_silent(source.refresh().await, "another server");
}

fn indicator(id: u32, ip: &str) -> Value {
    json!({"type": "indicator", "id": format!("indicator--{id}"), "pattern_type": "stix",
        "modified": "2026-01-01T00:00:00Z", "pattern": format!("[ipv4-addr:value = '{ip}']")})
}

fn stix(value: &Value) -> FakeResponse {
    FakeResponse::json(200, value).header("x-taxii-date-added-last", "2026-02-02T00:00:00.000Z")
}

fn taxii_server(request: &FakeRequest) -> FakeResponse {
    assert_eq!(request.header("accept"), Some("application/taxii+json;version=2.1"));
    assert_eq!(request.header("authorization"), Some("Basic dTpw"));
    match request.path() {
        "/taxii2/" => stix(&json!({"title": "t", "default": "/api/",
            "api_roots": ["/api/", "http://127.0.0.1:1/elsewhere/"]})),
        "/api/collections/" => stix(&json!({"collections": [
            {"id": "c1", "title": "one", "can_read": true, "can_write": false},
            {"id": "c2", "title": "two", "can_read": false, "can_write": false}]})),
        "/api/collections/c1/objects/" => {
            match (request.query("added_after"), request.query("next")) {
                (None, None) => stix(
                    &json!({"more": true, "next": "p2", "objects": [indicator(1, "192.0.2.1")]}),
                ),
                (None, Some("p2")) => stix(&json!({"objects": [indicator(2, "192.0.2.2")]})),
                (Some(_), None) => stix(&json!({})),
                _ => FakeResponse::status(400),
            }
        }
        _ => FakeResponse::status(404),
    }
}

fn taxii(far: &Far, folder: &Path, clock: Arc<dyn Clock>) -> Taxii {
    let follow = Follow {
        collections: vec![],
        every: Duration::from_mins(1),
        max_age: Duration::from_hours(1),
        unsaid: 60,
    };
    let (url, login) =
        (format!("{}/taxii2/", far.url()), Credential::Basic("u".into(), Secret::new("p").into()));
    Taxii::new("feed", (&url, login, Private::Allowed), follow, folder, clock).expect("good")
}

#[tokio::test]
async fn a_taxii_server_is_copied_page_by_page_and_then_by_what_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Far::new(taxii_server).await;
    let clock = Arc::new(Moved(Mutex::new(Timestamp::now())));
    let source = taxii(&far, folder.path(), Arc::<Moved>::clone(&clock));
    let bad = entity(EntityKind::Ip, "192.0.2.2");
    let fine = entity(EntityKind::Ip, "192.0.2.3");
    is_silent(source.ask(&bad).await, "no copy");
    assert_eq!(source.refresh().await, Ok(Some("2 indicators".into())));
    let objects = "/api/collections/c1/objects/";
    let pages = [objects.to_owned(), format!("{objects} next=p2")];
    assert_eq!(
        far.asked(),
        [&["/taxii2/".into(), "/api/collections/".into()][..], &pages].concat()
    );
    let found = source.ask(&bad).await.expect("an answer");
    assert_eq!(found.known, Some(Intel { malicious: true, confidence: 60 }));
    assert_eq!(source.ask(&fine).await.expect("an answer").known, None);

    // After a restart the copy is there before anybody was asked, and only news are read.
    let source = taxii(&far, folder.path(), Arc::<Moved>::clone(&clock));
    assert!(source.ask(&bad).await.expect("an answer").known.is_some());
    assert_eq!(source.refresh().await, Ok(None));
    let last = far.asked().pop().expect("asked");
    assert_eq!(last, format!("{objects} added_after=2026-02-02T00:00:00.000Z"));

    for (answer, word) in faults() {
        far.says(move |_| answer.clone());
        is_silent(source.refresh().await, word);
    }
    // An old copy still knows what is bad, and no longer what is not.
    *clock.0.lock().expect("unbroken") += SignedDuration::from_hours(3);
    let found = source.ask(&bad).await.expect("an answer");
    assert!(found.known.is_some_and(|it| it.malicious));
    is_silent(source.ask(&fine).await, "its copy is 3 h old");
}

#[tokio::test]
async fn what_has_more_pages_than_a_look_reads_is_not_taken_for_complete() {
    const ALL: u32 = 600;
    let folder = tempfile::tempdir().expect("a folder");
    // One object a page, each of its own date but for every second one.
    let date = |n: u32| format!("2026-02-02T00:{:02}:{:02}.000Z", n / 2 / 60, n / 2 % 60);
    let far = Far::new(move |request| {
        if request.path() != "/api/collections/c1/objects/" {
            return taxii_server(request);
        }
        let after = request.query("added_after");
        let begin = (0..ALL).find(|n| after.is_none_or(|after| date(*n).as_str() > after));
        let token = request.query("next").and_then(|it| it.parse().ok());
        let Some(n) = token.or(begin) else { return FakeResponse::json(200, &json!({})) };
        let ip = format!("198.51.{}.{}", n / 256, n % 256);
        let mut page = json!({"objects": [indicator(n, &ip)]});
        if n + 1 < ALL {
            page["more"] = true.into();
            page["next"] = (n + 1).to_string().into();
        }
        FakeResponse::json(200, &page).header("x-taxii-date-added-last", date(n))
    })
    .await;
    let source = taxii(&far, folder.path(), Arc::new(SystemClock));
    let [first, late] = ["198.51.0.1", "198.51.2.40"].map(|it| entity(EntityKind::Ip, it));
    is_silent(source.refresh().await, "c1 has more than 500 pages");
    assert!(source.ask(&first).await.expect("an answer").known.is_some());
    is_silent(source.ask(&late).await, "not complete yet");
    // The next look goes on, also after a restart, and leaves nothing out.
    let source = taxii(&far, folder.path(), Arc::new(SystemClock));
    far.asked();
    assert_eq!(source.refresh().await, Ok(Some(format!("{ALL} indicators"))));
    assert!(far.asked().len() < 110, "it does not begin anew");
    assert!(source.ask(&late).await.expect("an answer").known.is_some());
}

#[tokio::test]
async fn pages_that_do_not_end_are_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Far::new(|request| match request.path() {
        "/api/collections/c1/objects/" => stix(&json!({"more": true, "next": "again"})),
        _ => taxii_server(request),
    })
    .await;
    let source = taxii(&far, folder.path(), Arc::new(SystemClock));
    is_silent(source.refresh().await, "do not end");
}
