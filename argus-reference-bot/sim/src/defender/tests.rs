//! Rules of the simulated Defender, without HTTP.

use super::*;

const WS: &str = "1a7c4e0f5b2d8369a0c4e7f1b3d59268ce01f4a7";
const OLD: &str = "3c9e60217d4fa58bc2e60913d5f7b48ae0231c69";
const KIOSK: &str = "4daf71328e50b69cd3f71a24e608c59bf1342d7a";

/// A Defender that needs three seconds, and the seconds since its start.
struct Scene {
    defender: Defender,
    now: i64,
}

impl Scene {
    fn new() -> Self {
        Self { defender: Defender::new(Machine::samples(), Duration::from_secs(3)), now: 0 }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + self.now).unwrap()
    }

    fn post(&mut self, path: &str, body: &str) -> Answer {
        let ask = Ask::new("POST", path, "", body.as_bytes().to_vec());
        self.defender.answer(&ask, self.at())
    }

    fn get(&mut self, path: &str, query: &str) -> Answer {
        self.defender.answer(&Ask::new("GET", path, query, Vec::new()), self.at())
    }

    fn isolate(&mut self, machine: &str) -> Answer {
        let body = r#"{"Comment":"case 7 [argus:ab12]","IsolationType":"Full"}"#;
        self.post(&format!("/api/machines/{machine}/isolate"), body)
    }
}

fn code(answer: &Answer) -> (u16, &str) {
    let body = answer.body.as_ref();
    let code = body.and_then(|body| body.pointer("/error/code")).and_then(Value::as_str);
    (answer.status, code.unwrap_or_default())
}

fn field(answer: &Answer, name: &str) -> String {
    answer.body.as_ref().and_then(|body| body[name].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn an_isolation_goes_through_its_stations() {
    let mut scene = Scene::new();
    let made = scene.isolate(WS);
    assert_eq!(made.status, 201);
    assert_eq!(made.effects.len(), 1);
    let path = format!("/api/machineactions/{}", field(&made, "id"));
    for (now, status) in [(0, "Pending"), (1, "InProgress"), (2, "InProgress"), (3, "Succeeded")] {
        scene.now = now;
        assert_eq!(field(&scene.get(&path, ""), "status"), status, "after {now} s");
    }
    assert_eq!(
        field(&scene.get(&format!("/api/machines/{WS}"), ""), "isolationStatus"),
        "Isolated"
    );
}

#[test]
fn a_busy_machine_refuses_a_second_order() {
    let mut scene = Scene::new();
    scene.isolate(WS);
    let second = scene.isolate(WS);
    assert_eq!(code(&second), (400, "ActiveRequestAlreadyExists"));
    assert!(second.effects.is_empty());
    scene.now = 3;
    assert_eq!(scene.isolate(WS).status, 201);
}

#[test]
fn bodies_are_checked_letter_by_letter() {
    let mut scene = Scene::new();
    let mut check = |body: &str, expected: &str| {
        let answer = scene.post(&format!("/api/machines/{WS}/isolate"), body);
        assert_eq!(code(&answer), (400, expected), "{body}");
    };
    check("", "InvalidRequestBody");
    check("[]", "InvalidRequestBody");
    check(r#"{"comment":"x","IsolationType":"Full"}"#, "MissingRequiredParameter");
    check(r#"{"Comment":"","IsolationType":"Full"}"#, "MissingRequiredParameter");
    check(r#"{"Comment":"x","isolationType":"Full"}"#, "MissingRequiredParameter");
    check(r#"{"Comment":"x","IsolationType":"full"}"#, "InvalidRequestBody");
}

#[test]
fn some_machines_cannot_be_isolated() {
    let mut scene = Scene::new();
    assert_eq!(code(&scene.isolate(OLD)), (400, "OsPlatformNotSupported"));
    assert_eq!(code(&scene.isolate("ws-114")), (404, "ResourceNotFound"));
}

#[test]
fn an_offline_machine_keeps_its_order_pending() {
    let mut scene = Scene::new();
    let made = scene.isolate(KIOSK);
    let path = format!("/api/machineactions/{}", field(&made, "id"));
    scene.now = 3_000;
    assert_eq!(field(&scene.get(&path, ""), "status"), "Pending");
    let now = scene.at();
    scene.defender.bring_online(KIOSK, now);
    scene.now = 3_003;
    assert_eq!(field(&scene.get(&path, ""), "status"), "Succeeded");
}

#[test]
fn actions_can_be_probed() {
    let mut scene = Scene::new();
    scene.isolate(WS);
    scene.isolate(KIOSK);
    let mut count = |filter: &str| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("$filter", filter)
            .finish();
        scene.get("/api/machineactions", &query).body.unwrap()["value"].as_array().map(Vec::len)
    };
    assert_eq!(count(&format!("machineId eq '{WS}' and type eq 'Isolate'")), Some(1));
    assert_eq!(count(&format!("machineId eq '{WS}' and type eq 'Unisolate'")), Some(0));
    assert_eq!(count("contains(requestorComment,'[argus:ab12]')"), Some(2));
    assert_eq!(count("machineId is"), None);
}

#[test]
fn somebody_in_the_portal_was_faster() {
    let mut scene = Scene::new();
    let now = scene.at();
    assert!(scene.defender.act_in_portal(ActionKind::Isolate, WS, "j.doe@fjordbank.example", now));
    assert_eq!(code(&scene.isolate(WS)), (400, "ActiveRequestAlreadyExists"));
    scene.now = 3;
    assert!(scene.defender.is_isolated(WS, scene.at()));
    let found = scene.get("/api/machineactions", "$filter=requestSource+eq+'Portal'");
    assert_eq!(found.body.unwrap()["value"][0]["requestor"], "j.doe@fjordbank.example");
}

#[test]
fn an_order_can_be_cancelled_while_it_waits() {
    let mut scene = Scene::new();
    let id = field(&scene.isolate(KIOSK), "id");
    let path = format!("/api/machineactions/{id}/cancel");
    assert_eq!(code(&scene.post(&path, "{}")), (400, "MissingRequiredParameter"));
    let cancelled = scene.post(&path, r#"{"Comment":"false alarm"}"#);
    assert_eq!(cancelled.status, 200);
    assert_eq!(scene.post(&path, r#"{"Comment":"again"}"#).status, 400);
    scene.now = 1;
    let seen = scene.get(&format!("/api/machineactions/{id}"), "");
    assert_eq!(field(&seen, "status"), "Cancelled");
}

#[test]
fn the_hundred_and_first_call_of_a_minute_is_refused() {
    let mut scene = Scene::new();
    for _ in 0..100 {
        scene.isolate("nobody");
    }
    let refused = scene.isolate(WS);
    assert_eq!(code(&refused), (429, "TooManyRequests"));
    assert_eq!(refused.headers, [("retry-after", "60".to_owned())]);
    assert!(refused.effects.is_empty());
    scene.now = 60;
    assert_eq!(scene.isolate(WS).status, 201);
}
