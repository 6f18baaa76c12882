//! Microsoft Graph, against one that throttles, lies and leads away.
#![expect(clippy::indexing_slicing, reason = "a helper of a test may stop the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::auth::{ClientSecret, Cloud, GivenToken, Secret, SecretToken, TokenSource as _};
use argus_bot_sdk::graph::{Graph, GraphErrorKind, GraphRequest, path};
use argus_bot_sdk::testing::fault::{Fault, Faults};
use argus_bot_sdk::testing::wire::{FakeRequest, FakeResponse, FakeServer};
use argus_bot_sdk::testing::{
    APP_ID, APP_SECRET, FakeEntra, GRAPH, ManualClock, TENANT, TokenSpec,
};
use argus_bot_sdk::{Clock, ErrorKind};
use serde_json::{Value, json};

const PAGE: usize = 3;

/// A Graph with ten users, a list that goes wrong, and a log of what it was asked.
struct Scene {
    entra: FakeEntra,
    faults: Faults,
    log: Arc<Mutex<Vec<String>>>,
    graph: Graph,
    _server: FakeServer,
}

impl Scene {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_800_000_000));
        let entra = FakeEntra::builder().clock(Arc::clone(&clock)).start().await.unwrap();
        let (faults, log) = (entra.faults().clone(), Arc::<Mutex<Vec<String>>>::default());
        let shared = (entra.clone(), faults.clone(), Arc::clone(&log));
        let server = FakeServer::start(move |request| {
            let (entra, faults, log) = shared.clone();
            async move {
                if let Err(denied) = entra.check(request.bearer(), GRAPH) {
                    return denied.response();
                }
                let route = format!("{} {}", request.method, request.path());
                log.lock().unwrap().push(route.clone());
                faults.around("graph", &route, async { answer(&request, &faults) }).await
            }
        });
        let server = server.await.unwrap();
        let scope = Cloud::Public.constants().graph_scope;
        let url = entra.token_url(TENANT);
        let app = ClientSecret::new(&url, APP_ID, Secret::new(APP_SECRET), scope, clock).unwrap();
        let graph = Graph::new(Cloud::Public, Arc::new(app)).unwrap();
        let graph = graph.at(&format!("{}/v1.0", server.url())).unwrap();
        Self { entra, faults, log, graph, _server: server }
    }

    fn asked(&self, route: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|it| *it == route).count()
    }

    fn fault(&self, route: &str, code: u16) {
        let retry_after = matches!(code, 429 | 503).then_some(0);
        self.faults.push("graph", route, Fault::Status { code, retry_after });
    }
}

fn answer(request: &FakeRequest, faults: &Faults) -> FakeResponse {
    let host = format!("http://{}", request.header("host").unwrap_or_default());
    match (request.method.as_str(), request.path()) {
        ("GET", "/v1.0/users") => {
            let from: usize = request.query("$skiptoken").map_or(0, |it| it.parse().unwrap());
            let until = (from + PAGE).min(10);
            let users: Vec<_> = (from..until).map(|it| json!({ "id": it })).collect();
            let mut page = json!({ "value": users });
            if until < 10 {
                let next = format!("{host}/v1.0/users?$skiptoken={until}");
                page["@odata.nextLink"] = json!(next);
            }
            FakeResponse::json(200, &page)
        }
        ("GET", "/v1.0/away") => {
            let link = request.query("to").unwrap().replace("HOST", &host);
            FakeResponse::json(200, &json!({ "value": [1], "@odata.nextLink": link }))
        }
        ("GET", "/v1.0/users/$count") => FakeResponse::text(200, "10"),
        ("GET", "/v1.0/redirect") => {
            FakeResponse::status(302).header("location", format!("{host}/v1.0/users"))
        }
        ("GET", "/v1.0/huge") => FakeResponse::text(200, "x".repeat(9 << 20)),
        ("GET", "/v1.0/html") => FakeResponse::html(200, "<html>"),
        ("PATCH", _) => FakeResponse::status(204),
        ("POST", "/v1.0/$batch") => batch(&request.json().unwrap(), faults),
        ("POST", _) => {
            faults.record("graph", "post", request.path());
            FakeResponse::json(200, &json!({ "value": true }))
        }
        _ => FakeResponse::json(
            404,
            &json!({ "error": { "code": "Request_ResourceNotFound", "message": "alice" } }),
        )
        .header("request-id", "b1f9"),
    }
}

/// Each item by its own rules; a fault for `item METHOD URL` is its answer.
fn batch(body: &Value, faults: &Faults) -> FakeResponse {
    let items = body["requests"].as_array().unwrap();
    assert!(items.len() <= 20, "Graph takes at most twenty");
    let mut answers: Vec<Value> = Vec::new();
    for item in items {
        let (method, url) = (item["method"].as_str().unwrap(), item["url"].as_str().unwrap());
        let mut answer = match faults.next("graph", &format!("item {method} {url}")) {
            Some(Fault::Status { code, .. }) => {
                json!({ "status": code, "headers": { "Retry-After": "0" } })
            }
            Some(_) => continue,
            None if url.contains("nobody") => {
                json!({ "status": 404, "body": { "error": { "code": "NotFound" } } })
            }
            None => {
                faults.record("graph", "item", url);
                json!({ "status": 200, "body": { "id": url } })
            }
        };
        answer["id"] = item["id"].clone();
        answers.insert(0, answer);
    }
    // In another order than they were asked.
    FakeResponse::json(200, &json!({ "responses": answers }))
}

#[tokio::test]
async fn lists_are_read_to_their_end_or_as_far_as_wanted() {
    let scene = Scene::new().await;
    let users = GraphRequest::get("users");
    let ids =
        |list: Vec<Value>| list.iter().map(|it| it["id"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(scene.graph.all(&users, 1_000).await.unwrap()), (0..10).collect::<Vec<_>>());
    assert_eq!(scene.asked("GET /v1.0/users"), 4);
    assert_eq!(ids(scene.graph.all(&users, 4).await.unwrap()), [0, 1, 2, 3]);
    assert_eq!(scene.asked("GET /v1.0/users"), 6);
    assert_eq!(scene.graph.get("users/$count").await.unwrap(), "10");
}

#[tokio::test]
async fn no_page_leads_away() {
    let scene = Scene::new().await;
    for link in [
        "https://evil.example/v1.0/users",
        "https://graph.microsoft.com/v1.0/users",
        "HOST.evil.example/v1.0/users",
        "http://user@evil.example/v1.0/users",
        "HOST/beta/users",
        "HOST/v1.0/../admin",
        "HOST/v1.0/%2e%2e/admin",
        "//evil.example/v1.0/users",
        "users",
        "",
    ] {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let request = GraphRequest::get(format!("away?{}", query.append_pair("to", link).finish()));
        let error = scene.graph.all(&request, 1_000).await.unwrap_err();
        assert_eq!(error.kind(), GraphErrorKind::Elsewhere, "{link}");
    }
    let circle =
        GraphRequest::get("away?to=HOST%2Fv1.0%2Faway%3Fto%3DHOST%252Fv1.0%252Faway%253Fto%253Dx");
    let error = scene.graph.all(&circle, 1_000).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Elsewhere);
    assert!(scene.log.lock().unwrap().iter().all(|route| route == "GET /v1.0/away"));
}

#[tokio::test]
async fn no_path_leads_away() {
    let scene = Scene::new().await;
    for path in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "..",
        "../admin",
        "users/../../admin",
        "users/%2e%2e/%2E%2E/admin",
        "javascript:x",
    ] {
        let error = scene.graph.get(path).await.unwrap_err();
        assert_eq!(error.kind(), GraphErrorKind::Elsewhere, "{path}");
        let error = scene.graph.batch(&[GraphRequest::get(path)]).await.unwrap_err();
        assert_eq!(error.kind(), GraphErrorKind::Elsewhere, "{path}");
    }
    assert!(scene.log.lock().unwrap().is_empty());
    let hostile = path(&["users", "../../admin?x#y"]);
    assert_eq!(scene.graph.get(hostile).await.unwrap_err().kind(), GraphErrorKind::NotFound);
    assert_eq!(scene.asked("GET /v1.0/users/..%2F..%2Fadmin%3Fx%23y"), 1);
}

#[tokio::test]
async fn only_what_is_harmless_is_repeated() {
    let scene = Scene::new().await;
    let patch = || GraphRequest::patch("users/1").body(json!({ "accountEnabled": false }));
    let post = || GraphRequest::post("users/1/revokeSignInSessions");
    for code in [429, 503, 503] {
        scene.fault("PATCH /v1.0/users/1", code);
    }
    assert_eq!(scene.graph.call(&patch()).await.unwrap(), Value::Null);
    assert_eq!(scene.asked("PATCH /v1.0/users/1"), 4);
    let route = "POST /v1.0/users/1/revokeSignInSessions";
    scene.fault(route, 429);
    assert!(scene.graph.call(&post()).await.is_ok());
    assert_eq!(scene.asked(route), 2, "throttled means that nothing was done");
    for fault in [
        Fault::Status { code: 503, retry_after: Some(0) },
        Fault::LoseResponse,
        Fault::FailAfter(502),
    ] {
        scene.faults.push("graph", route, fault);
        let error = scene.graph.call(&post()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (GraphErrorKind::Ambiguous, true));
    }
    assert_eq!(scene.asked(route), 5, "what may have been done is not done again");
    scene.faults.always(
        "graph",
        "PATCH /v1.0/users/1",
        Fault::Status { code: 429, retry_after: Some(0) },
    );
    let error = scene.graph.call(&patch()).await.unwrap_err();
    assert_eq!((error.kind(), scene.asked("PATCH /v1.0/users/1")), (GraphErrorKind::Throttled, 9));
    scene.faults.clear();
    // Longer than the patience: the caller decides.
    scene.faults.push(
        "graph",
        "GET /v1.0/users",
        Fault::Status { code: 429, retry_after: Some(3600) },
    );
    let hasty = scene.graph.clone().patience(Duration::from_secs(1));
    let error = hasty.get("users").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn answers_that_are_none() {
    let scene = Scene::new().await;
    for (path, kind, status) in [
        ("redirect", GraphErrorKind::Refused, Some(302)),
        ("huge", GraphErrorKind::Ambiguous, None),
        ("html", GraphErrorKind::Ambiguous, None),
        ("nothing", GraphErrorKind::NotFound, Some(404)),
    ] {
        let request = GraphRequest::post(path);
        drop(request);
        let once = scene.graph.clone().patience(Duration::ZERO);
        let error = once.get(path).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, status), "{path}");
        assert!(!format!("{error} {error:?}").contains("alice"), "{error:?}");
    }
    assert_eq!(scene.asked("GET /v1.0/users"), 0, "no redirect is followed");
    let error = scene.graph.get("nothing").await.unwrap_err();
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("Request_ResourceNotFound"), Some("b1f9"))
    );
}

#[tokio::test]
async fn a_batch_has_twenty_in_one_and_asks_again_only_for_what_was_throttled() {
    let scene = Scene::new().await;
    let mut requests: Vec<_> =
        (0..45).map(|it| GraphRequest::get(path(&["users", &it.to_string()]))).collect();
    requests.push(GraphRequest::get("users/nobody"));
    requests.push(GraphRequest::post("users/7/revoke").body(json!({})));
    let item = |at: &str| format!("item {at}");
    scene.fault(&item("GET /users/3"), 429);
    scene.fault(&item("GET /users/3"), 429);
    scene.fault(&item("GET /users/41"), 503);
    scene.fault(&item("POST /users/7/revoke"), 503);
    let outcomes = scene.graph.batch(&requests).await.unwrap();
    assert_eq!(outcomes.len(), 47);
    for (at, outcome) in outcomes.iter().take(45).enumerate() {
        assert_eq!(outcome.as_ref().unwrap()["id"], format!("/users/{at}"));
        assert_eq!(scene.faults.effects("graph", "item", &format!("/users/{at}")), 1);
    }
    assert_eq!(outcomes[45].as_ref().unwrap_err().kind(), GraphErrorKind::NotFound);
    assert_eq!(outcomes[46].as_ref().unwrap_err().kind(), GraphErrorKind::Ambiguous);
    // Three of at most twenty, two more for the third user, one more for the last but some.
    assert_eq!(scene.asked("POST /v1.0/$batch"), 6);
    assert!(scene.graph.batch(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_left_out_is_not_taken_for_a_success() {
    let scene = Scene::new().await;
    scene.faults.push("graph", "item GET /users/1", Fault::Reset);
    let requests = [GraphRequest::get("users/0"), GraphRequest::get("users/1")];
    let outcomes = scene.graph.batch(&requests).await.unwrap();
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1].as_ref().unwrap_err().kind(), GraphErrorKind::Ambiguous);
    // A batch with a deed in it is not sent again after a lost answer.
    scene.faults.push("graph", "POST /v1.0/$batch", Fault::LoseResponse);
    let deed = [GraphRequest::get("users/0"), GraphRequest::post("users/1/revoke")];
    let error = scene.graph.batch(&deed).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Ambiguous);
    assert_eq!(scene.asked("POST /v1.0/$batch"), 2);
    scene.faults.push("graph", "POST /v1.0/$batch", Fault::LoseResponse);
    assert!(scene.graph.batch(&requests).await.is_ok());
    assert_eq!(scene.asked("POST /v1.0/$batch"), 4);
}

#[tokio::test]
async fn as_the_app_and_as_a_person() {
    let scene = Scene::new().await;
    assert!(scene.graph.get("users").await.is_ok());
    scene.entra.revoke_issued();
    assert!(scene.graph.get("users").await.is_ok(), "one fresh token after a 401");
    let spec =
        TokenSpec::app(APP_ID, TENANT, GRAPH).claim("oid", "alice").claim("scp", "User.Read");
    let alice = GivenToken::new(SecretToken::new(scene.entra.mint(&spec)));
    assert!(alice.token().await.is_ok());
    assert!(scene.graph.as_person(Arc::new(alice)).get("users").await.is_ok());
    let over = SecretToken::new(scene.entra.mint(&spec.expires_in(-1)));
    let person = scene.graph.as_person(Arc::new(GivenToken::new(over)));
    assert_eq!(person.get("users").await.unwrap_err().kind(), GraphErrorKind::Interaction);
}

#[test]
fn a_token_is_shown_to_graph_only() {
    let token = || Arc::new(GivenToken::new(SecretToken::new("t")));
    for address in [
        "http://graph.microsoft.com/v1.0",
        "https://user@graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/v1.0?x",
        "graph.microsoft.com",
        "ftp://127.0.0.1/",
    ] {
        let refused = Graph::new(Cloud::Public, token()).unwrap().at(address);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config, "{address}");
    }
    for cloud in Cloud::ALL {
        let graph = format!("{:?}", Graph::new(cloud, token()).unwrap());
        assert!(graph.contains(cloud.constants().graph_host), "{graph}");
    }
}
