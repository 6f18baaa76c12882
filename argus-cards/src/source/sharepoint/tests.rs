//! What is asked of Graph, word for word, and what is believed.

mod push;

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::error::ErrorKind;

const DELTA: &str = concat!("/v1.0/drives/b!1/root", "/delta");

/// Graph as a script: what must be asked, in order, and the answer to it.
#[derive(Debug, Default)]
pub(super) struct Script {
    lines: Mutex<VecDeque<(String, Response)>>,
    pub(super) bodies: Mutex<Vec<String>>,
}

/// One line for each request: method, host if it is not Graph, path and query, who asks, what is held.
fn line(request: &Request) -> String {
    let url = request.url.strip_prefix("https://graph.example").unwrap_or(&request.url);
    let url = url.split("?%24select").next().unwrap_or(url);
    let mut line = format!("{} {url}", request.method.as_str());
    if let Some(bearer) = &request.bearer {
        line.extend([" as ", bearer]);
    }
    if let Some(tag) = &request.if_none_match {
        line.extend([" unless ", tag]);
    }
    line
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        assert!(!format!("{request:?}").contains("token"), "it would be in a log");
        self.bodies.lock().unwrap().extend(request.json.clone());
        let next = self.lines.lock().unwrap().pop_front();
        let (expected, response) = next.unwrap_or_else(|| panic!("also asks {}", line(&request)));
        assert_eq!(line(&request), expected);
        Ok(response)
    }

    async fn token(&self, stale: Option<&str>) -> Result<String, Error> {
        Ok(if stale.is_some() { "token2".to_owned() } else { "token".to_owned() })
    }
}

pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a script does not wait"),
    }
}

pub(super) fn source(script: &Arc<Script>, place: &str) -> SharePoint {
    let transport: Arc<dyn Transport> = Arc::<Script>::clone(script);
    SharePoint::new("https://graph.example", place.parse().unwrap(), transport).unwrap()
}

impl Script {
    /// Adds what will be asked.
    pub(super) fn expect(&self, lines: impl IntoIterator<Item = (String, Response)>) {
        self.lines.lock().unwrap().extend(lines);
    }

    pub(super) fn is_done(&self) {
        let left = self.lines.lock().unwrap();
        assert!(left.is_empty(), "not asked: {left:?}");
    }
}

pub(super) fn ok(body: &serde_json::Value) -> Response {
    Response::new(200).body(body.to_string())
}

fn page(items: &serde_json::Value) -> Response {
    ok(&json!({ "value": items, "@odata.deltaLink": "https://graph.example/v1.0/next?token=2" }))
}

fn root() -> serde_json::Value {
    json!({ "id": "root", "name": "root", "root": {}, "folder": {} })
}

fn file(id: &str, name: &str, tag: &str, level: &str) -> serde_json::Value {
    json!({
        "id": id, "name": name, "parentReference": { "id": "root" }, "file": {}, "cTag": tag,
        "size": 2, "publication": { "level": level },
        "lastModifiedBy": { "user": { "displayName": "Ada" } },
    })
}

fn get(path: &str) -> String {
    format!("GET {path} as token")
}

fn content(id: &str) -> String {
    format!("/v1.0/drives/b!1/items/{id}/content")
}

fn found(at: &str) -> Response {
    Response::new(302).header("Location", at)
}

const STORE: &str = "https://contoso.sharepoint.com/dl?tempauth=1";

/// A library with one file that was fetched.
fn held() -> (Arc<Script>, SharePoint, Snapshot) {
    let script = Arc::new(Script::default());
    let source = source(&script, "contoso.sharepoint.com/b!1");
    script.expect([
        (get(DELTA), page(&json!([root(), file("1", "a.card.json", "t1", "published")]))),
        (get(&content("1")), found(STORE)),
        (format!("GET {STORE}"), Response::new(200).body("one")),
    ]);
    let held = now(source.fetch(&Snapshot::default())).unwrap().unwrap();
    script.is_done();
    (script, source, held)
}

fn next(source: &SharePoint, held: &Snapshot) -> Snapshot {
    now(source.fetch(held)).unwrap().unwrap()
}

fn text(snapshot: &Snapshot, path: &str) -> String {
    String::from_utf8(snapshot.file(path).unwrap().bytes.clone()).unwrap()
}

#[test]
fn the_library_is_found_by_its_name_once() {
    let script = Arc::new(Script::default());
    let source = source(&script, "contoso.sharepoint.com:/sites/soc:/Shared Documents/cards");
    let drives = json!({ "value": [
        { "id": "b!0", "name": "Pages" },
        { "id": "b!1", "name": "Documents", "webUrl": "https://c.example/Shared%20Documents" },
    ]});
    let folder =
        json!({ "id": "f", "name": "Cards", "folder": {}, "parentReference": { "id": "root" } });
    script.expect([
        (get("/v1.0/sites/contoso.sharepoint.com:/sites/soc"), ok(&json!({ "id": "c,1,2" }))),
        (get("/v1.0/sites/c,1,2/drives"), ok(&drives)),
        (get(DELTA), page(&json!([root(), folder]))),
        (get("/v1.0/next?token=2"), page(&json!([]))),
    ]);
    let held = next(&source, &Snapshot::default());
    assert!(now(source.fetch(&held)).unwrap().is_none());
    script.is_done();

    let wrong = self::source(&script, "contoso.sharepoint.com/Cards");
    script.expect([
        (get("/v1.0/sites/contoso.sharepoint.com"), ok(&json!({ "id": "c" }))),
        (get("/v1.0/sites/c/drives"), ok(&json!({ "value": [{ "id": "b!0", "name": "Pages" }] }))),
    ]);
    let error = now(wrong.fetch(&Snapshot::default())).unwrap_err();
    assert_eq!(error.to_string(), "the site has no library `Cards`; it has: Pages");
}

#[test]
fn the_token_goes_to_graph_and_nowhere_else() {
    let (script, source, held) = held();
    assert_eq!(text(&held, "a.card.json"), "one");
    assert_eq!(held.file("a.card.json").unwrap().author.as_deref(), Some("Ada"));
    let changed = || page(&json!([file("1", "a.card.json", "t2", "published")]));
    let refused = |response: Response, why: &str| {
        script.expect([
            (get("/v1.0/next?token=2"), changed()),
            (format!("{} unless t1", get(&content("1"))), response),
        ]);
        let error = now(source.fetch(&held)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        script.is_done();
    };
    for there in [
        "https://evil.example/x",
        "https://contoso.sharepoint.com.evil.example/x",
        "https://evilsharepoint.com/x",
        "http://contoso.sharepoint.com/x",
        "https://contoso.sharepoint.com:8443/x",
        "https://a:b@contoso.sharepoint.com/x",
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://contoso.sharepoint.com/x",
    ] {
        refused(found(there), "content is not loaded from");
    }
    refused(found("//"), "content is not loaded from what is no address");
    refused(Response::new(302), "content is not loaded from what is no address");
    script.expect([
        (get("/v1.0/next?token=2"), changed()),
        (format!("{} unless t1", get(&content("1"))), found(STORE)),
        (format!("GET {STORE}"), found("https://contoso.sharepoint.com/elsewhere")),
    ]);
    let error = now(source.fetch(&held)).unwrap_err();
    assert!(error.to_string().contains("yet another address"), "{error}");
    // Nor does a link that Graph itself sends.
    for link in ["@odata.nextLink", "@odata.deltaLink"] {
        let away = json!({ "value": [], link: "https://evil.example/v1.0/next" });
        script.expect([(get("/v1.0/next?token=2"), ok(&away))]);
        let error = now(source.fetch(&held)).unwrap_err();
        assert!(error.to_string().contains("another host, evil.example"), "{error}");
    }
    let away = Response::new(410).header("Location", "https://evil.example/v1.0/all");
    script.expect([(get("/v1.0/next?token=2"), away)]);
    assert!(now(source.fetch(&held)).unwrap_err().to_string().contains("evil.example"));
    script.is_done();

    let cdn = source.allow_host(".cdn.example");
    script.expect([
        (get("/v1.0/next?token=2"), changed()),
        (format!("{} unless t1", get(&content("1"))), found("https://eu.cdn.example/x")),
        ("GET https://eu.cdn.example/x".to_owned(), Response::new(200).body("two")),
    ]);
    assert_eq!(text(&next(&cdn, &held), "a.card.json"), "two");
}

#[test]
fn what_is_held_is_not_loaded_again() {
    let (script, source, held) = held();
    // Another name, the same content; and content that Graph says is what we hold.
    script.expect([(
        get("/v1.0/next?token=2"),
        page(&json!([file("1", "b.card.json", "t1", "published")])),
    )]);
    let renamed = next(&source, &held);
    assert_eq!(renamed.paths().collect::<Vec<_>>(), ["b.card.json"]);
    script.expect([
        (get("/v1.0/next?token=2"), page(&json!([file("1", "b.card.json", "t2", "published")]))),
        (format!("{} unless t1", get(&content("1"))), Response::new(304)),
    ]);
    let touched = next(&source, &renamed);
    assert_eq!(text(&touched, "b.card.json"), "one");

    // After a restart, and after Graph has forgotten where we were.
    let all = || page(&json!([root(), file("1", "b.card.json", "t2", "published")]));
    script.expect([
        (
            get("/v1.0/next?token=2"),
            Response::new(410).header("location", "https://graph.example/v1.0/again?token=3"),
        ),
        (get("/v1.0/again?token=3"), all()),
    ]);
    assert!(
        next(&self::source(&script, "contoso.sharepoint.com/b!1"), &touched).same_files(&touched)
    );
    script.expect([(get("/v1.0/next?token=2"), Response::new(410)), (get(DELTA), all())]);
    assert!(next(&source, &touched).same_files(&touched));
    script.expect([
        (get("/v1.0/next?token=2"), Response::new(410)),
        (get(DELTA), Response::new(410)),
    ]);
    let error = now(source.fetch(&touched)).unwrap_err();
    assert!(error.to_string().contains("forgets the library while it lists it"), "{error}");
    script.is_done();
}

#[test]
fn only_what_is_published_is_used() {
    let (script, source, held) = held();
    let draft = |level: &str| page(&json!([file("1", "a.card.json", "t2", level)]));
    script.expect([(get("/v1.0/next?token=2"), draft("checkout"))]);
    assert_eq!(text(&next(&source, &held), "a.card.json"), "one", "the version before stays");

    // Without a version in hand, the history has one; or nothing is published at all.
    let nothing = Snapshot::default();
    let versions = |levels: &[(&str, &str)]| {
        let list: Vec<_> = levels
            .iter()
            .map(|(id, level)| json!({ "id": id, "publication": { "level": level } }))
            .collect();
        ok(&json!({ "value": list }))
    };
    let all = |level: &str| page(&json!([root(), file("1", "a.card.json", "t2", level)]));
    script.expect([
        (get(DELTA), all("checkout")),
        (
            get("/v1.0/drives/b!1/items/1/versions"),
            versions(&[("3.0", "checkout"), ("2.0", "published"), ("1.0", "published")]),
        ),
        (get("/v1.0/drives/b!1/items/1/versions/2.0/content"), found(STORE)),
        (format!("GET {STORE}"), Response::new(200).body("two")),
    ]);
    assert_eq!(text(&next(&source, &nothing), "a.card.json"), "two");
    script.expect([
        (get(DELTA), all("draft")),
        (get("/v1.0/drives/b!1/items/1/versions"), versions(&[("0.1", "draft")])),
    ]);
    let none = next(&source, &nothing);
    assert_eq!(none.paths().count(), 0);
    let why = "a.card.json: not used, since its publication level is `draft`, not `published`";
    assert_eq!(none.left_out()[0].to_string(), why);

    // A list that does not say it: the file itself is asked, and silence is no yes.
    let mut silent = file("1", "a.card.json", "t3", "");
    silent.as_object_mut().unwrap().remove("publication");
    for (said, shown) in
        [(json!({ "publication": { "level": "published" } }), true), (json!({}), false)]
    {
        script.expect([
            (get("/v1.0/next?token=2"), page(&json!([silent]))),
            (get("/v1.0/drives/b!1/items/1"), ok(&said)),
        ]);
        if shown {
            let content = format!("{} unless t1", get(&content("1")));
            script.expect([(content, Response::new(200).body("three"))]);
        }
        let expected = if shown { "three" } else { "one" };
        assert_eq!(text(&next(&source, &held), "a.card.json"), expected);
    }
    script.is_done();
}

#[test]
fn a_failure_is_said_with_what_to_do_and_nothing_is_loaded_twice() {
    let (script, source, held) = held();
    let both = || {
        page(&json!([
            file("1", "a.card.json", "t2", "published"),
            file("2", "b.card.json", "t9", "published"),
        ]))
    };
    script.expect([
        (get("/v1.0/next?token=2"), both()),
        (format!("{} unless t1", get(&content("1"))), Response::new(200).body("two")),
        (get(&content("2")), Response::new(429).header("retry-after", "7")),
    ]);
    let error = now(source.fetch(&held)).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SourceUnavailable, true));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.to_string().ends_with("it is busy or down; asked again in 7 s"), "{error}");
    script.expect([
        (get("/v1.0/next?token=2"), both()),
        (get(&content("2")), Response::new(401)),
        (format!("GET {} as token2", content("2")), Response::new(200).body("new")),
    ]);
    let both = next(&source, &held);
    assert_eq!([text(&both, "a.card.json"), text(&both, "b.card.json")], ["two", "new"]);
    script.is_done();

    let check = |response: Response, why: &str, wait: Option<u64>| {
        script.expect([(get("/v1.0/next?token=2"), response)]);
        let error = now(source.fetch(&held)).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.retry_after(), wait.map(Duration::from_secs), "{error}");
    };
    check(Response::new(503), "HTTP 503 for /v1.0/next: it is busy", Some(30));
    check(Response::new(503).header("retry-after", "999999"), "3600 s", Some(3_600));
    check(Response::new(403), "give its app registration Sites.Selected", None);
    check(Response::new(404), "the bot may not see it", None);
    check(Response::new(200).body("<html>"), "no JSON came from /v1.0/next", None);
    check(ok(&json!({})), "an answer has no items", None);
    check(ok(&json!({ "value": [] })), "an answer has no end", None);
    check(ok(&json!({ "value": [{}] })), "its answer has no `id`", None);
}

#[test]
fn a_tree_that_leads_nowhere_has_no_files() {
    let (script, source, held) = held();
    let folder = |id: &str, parent: &str| json!({ "id": id, "name": id, "folder": {}, "parentReference": { "id": parent } });
    let mut lost = file("2", "b.card.json", "t", "published");
    lost["parentReference"]["id"] = json!("x");
    // Two folders in each other, a file in one of them, and another file twice.
    script.expect([(
        get("/v1.0/next?token=2"),
        page(&json!([
            folder("x", "y"),
            folder("y", "x"),
            lost,
            file("1", "wrong.card.json", "t1", "published"),
            file("1", "a.card.json", "t1", "published"),
        ])),
    )]);
    let next = next(&source, &held);
    assert_eq!(next.paths().collect::<Vec<_>>(), ["a.card.json"]);
    assert!(!next.cursor().unwrap().contains("\"x\""), "it is forgotten");

    let missing = self::source(&script, "contoso.sharepoint.com/b!1/cards");
    script.expect([(get(DELTA), page(&json!([root()])))]);
    let error = now(missing.fetch(&Snapshot::default())).unwrap_err();
    assert!(error.to_string().starts_with("there is no folder `cards` in sharepoint:"), "{error}");
}

#[test]
fn a_place_and_an_address_are_checked() {
    let check = |text: &str, why: &str| {
        let error = text.parse::<Location>().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    check("", "there is no drive");
    check("c.sharepoint.com", "there is no drive");
    check("c.sharepoint.com/", "a part is empty");
    check("c.sharepoint.com/D//x", "a part is empty");
    check("c.sharepoint.com/D/../x", "a part is empty");
    check("c.sharepoint.com:/sites/soc/D", "ends with a colon");
    let script: Arc<dyn Transport> = Arc::new(Script::default());
    let place: Location = "c.sharepoint.com/D".parse().unwrap();
    let error = SharePoint::new("http://graph.example", place, script).unwrap_err();
    assert!(error.to_string().contains("only https"), "{error}");
}
