//! Rules of the simulated ServiceNow, without HTTP.

use super::*;

const TABLE: &str = "/api/now/v1/table/incident";

fn call(snow: &mut ServiceNow, method: &str, path: &str, query: &str, body: &Value) -> Answer {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    snow.answer(&Ask::new(method, path, query, body), now)
}

fn create(snow: &mut ServiceNow, correlation: &str) -> String {
    let body = json!({ "correlation_id": correlation, "short_description": "Ransomware" });
    let made = call(snow, "POST", TABLE, "", &body);
    assert_eq!(made.status, 201);
    made.body.unwrap()["result"]["sys_id"].as_str().unwrap().to_owned()
}

fn result(answer: &Answer) -> &Value {
    &answer.body.as_ref().unwrap()["result"]
}

#[test]
fn incidents_are_numbered_and_located() {
    let mut snow = ServiceNow::default();
    let body = json!({ "correlation_id": "fp-1", "urgency": 1, "number": "INC9" });
    let made = call(&mut snow, "POST", TABLE, "", &body);
    let record = result(&made);
    assert_eq!(record["number"], "INC0010001");
    assert_eq!(record["urgency"], "1", "values are strings");
    assert_eq!(record["sys_created_on"], "2026-09-21 14:13:20");
    let id = record["sys_id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    let location = ("location", format!("http://127.0.0.1:9300{TABLE}/{id}"));
    assert_eq!(made.headers, [location]);
    assert_eq!(made.effects[0].key, "fp-1");
    create(&mut snow, "fp-2");
    assert_eq!(snow.incidents()[1]["number"], "INC0010002");
}

#[test]
fn a_probe_finds_by_correlation_id() {
    let mut snow = ServiceNow::default();
    for correlation in ["fp-1", "fp-2", "fp-3"] {
        create(&mut snow, correlation);
    }
    let mut count = |query: &str| {
        let answer = call(&mut snow, "GET", TABLE, query, &Value::Null);
        let total = answer.headers[0].1.clone();
        (total, result(&answer).as_array().unwrap().len(), answer.headers.len() > 1)
    };
    let of = |total: &str, shown, more| (total.to_owned(), shown, more);
    assert_eq!(count("sysparm_query=correlation_id%3Dfp-2"), of("1", 1, false));
    assert_eq!(count("sysparm_query=correlation_id%3Dfp-9"), of("0", 0, false));
    assert_eq!(count("sysparm_query=correlation_idSTARTSWITHfp%5Estate%3D1"), of("3", 3, false));
    assert_eq!(count("sysparm_limit=2"), of("3", 2, true));
    assert_eq!(count("sysparm_query=no_such_field%3Dx"), of("3", 3, false));
}

#[test]
fn fields_and_order_can_be_chosen() {
    let mut snow = ServiceNow::default();
    create(&mut snow, "fp-1");
    create(&mut snow, "fp-2");
    let query = "sysparm_query=ORDERBYDESCnumber&sysparm_fields=number&sysparm_limit=1";
    let answer = call(&mut snow, "GET", TABLE, query, &Value::Null);
    assert_eq!(result(&answer), &json!([{ "number": "INC0010002" }]));
}

#[test]
fn a_change_counts_and_no_change_does_not() {
    let mut snow = ServiceNow::default();
    let path = format!("{TABLE}/{}", create(&mut snow, "fp-1"));
    let mut write = |body: Value| {
        let answer = call(&mut snow, "PATCH", &path, "", &body);
        (result(&answer)["sys_mod_count"].as_str().unwrap().to_owned(), answer.effects.len())
    };
    assert_eq!(write(json!({ "state": "2" })), ("1".to_owned(), 1));
    assert_eq!(write(json!({ "state": "2" })), ("1".to_owned(), 0));
    assert_eq!(write(json!({ "work_notes": "seen [argus:ab]" })), ("2".to_owned(), 2));
    let query = "sysparm_query=element%3Dwork_notes%5EvalueLIKE%5Bargus%3Aab%5D";
    let journal = "/api/now/v1/table/sys_journal_field";
    let notes = call(&mut snow, "GET", journal, query, &Value::Null);
    assert_eq!(result(&notes)[0]["value"], "seen [argus:ab]");
}

#[test]
fn resolving_needs_a_reason() {
    let mut snow = ServiceNow::default();
    let path = format!("{TABLE}/{}", create(&mut snow, "fp-1"));
    assert_eq!(call(&mut snow, "PATCH", &path, "", &json!({ "state": "6" })).status, 403);
    let body = json!({ "state": 6, "close_code": "Solved", "close_notes": "released" });
    assert_eq!(call(&mut snow, "PATCH", &path, "", &body).status, 200);
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut snow = ServiceNow::default();
    let path = format!("{TABLE}/{}", create(&mut snow, "fp-1"));
    let mut status =
        |method: &str, path: &str| call(&mut snow, method, path, "", &Value::Null).status;
    assert_eq!(status("GET", "/api/now/table/incident/0"), 404);
    assert_eq!(status("GET", "/api/now/v1/table/sys_user"), 400);
    assert_eq!(status("POST", TABLE), 400);
    assert_eq!(status("DELETE", &path), 204);
    assert_eq!(status("GET", &path), 404);
}
