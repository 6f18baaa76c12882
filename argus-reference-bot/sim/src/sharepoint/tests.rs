use super::*;

fn get(library: &mut SharePoint, path: &str, query: &str) -> Answer {
    library.answer(&Ask::new("GET", path, query, Vec::new()), Timestamp::UNIX_EPOCH)
}

fn delta() -> String {
    format!("/v1.0/drives/{DRIVE}/{ROOT}/delta")
}

/// All pages from a token on: names, and the token at the end.
fn walk(library: &mut SharePoint, mut token: String) -> (Vec<String>, String) {
    let mut names = Vec::new();
    loop {
        let answer = get(library, &delta(), &token);
        assert_eq!(answer.status, 200);
        let body = answer.body.unwrap();
        for item in body["value"].as_array().unwrap() {
            let gone = item.get("deleted").is_some();
            names.push(if gone {
                "gone".into()
            } else {
                item["name"].as_str().unwrap().to_owned()
            });
        }
        let link = |name: &str| Some(body[name].as_str()?.split_once('?')?.1.to_owned());
        match link("@odata.nextLink") {
            Some(next) => token = next,
            None => return (names, link("@odata.deltaLink").unwrap()),
        }
    }
}

#[test]
fn delta_says_what_has_changed_and_no_more() {
    let mut library = SharePoint::default();
    library.put("cards/a/a.card.json", "{}");
    library.put("cards/b.card.json", "{}");
    let (names, token) = walk(&mut library, String::new());
    assert_eq!(names, ["root", "cards", "a", "a.card.json", "b.card.json"]);
    assert_eq!(walk(&mut library, token.clone()).0, [""; 0]);
    library.rename("cards/a", "cards/c");
    library.remove("cards/b.card.json");
    let (names, token) = walk(&mut library, token);
    assert_eq!(names, ["c", "gone"]);
    library.forget_tokens();
    let answer = get(&mut library, &delta(), &token);
    assert_eq!(answer.status, 410);
    assert!(answer.headers.iter().any(|(name, to)| *name == "location" && to.ends_with("/delta")));
    assert_eq!(walk(&mut library, String::new()).0, ["root", "cards", "a.card.json", "c"]);
}

#[test]
fn a_draft_is_seen_by_its_author_only() {
    let mut library = SharePoint::default();
    library.put("a.json", "one");
    library.draft("a.json", "two");
    let level = |library: &mut SharePoint| {
        let items = get(library, &delta(), "").body.unwrap();
        items["value"][1]["publication"]["level"].as_str().unwrap().to_owned()
    };
    let content = |library: &mut SharePoint| {
        let answer = get(library, &format!("/v1.0/drives/{DRIVE}/items/01SIM0001/content"), "");
        assert_eq!(answer.status, 302);
        let ticket = answer.headers[0].1.split(['/', '?']).rev().nth(1).unwrap().to_owned();
        library.redeem(&ticket).unwrap()
    };
    assert_eq!(
        (level(&mut library).as_str(), content(&mut library)),
        ("checkout", b"one".to_vec())
    );
    library.publish("a.json");
    assert_eq!(
        (level(&mut library).as_str(), content(&mut library)),
        ("published", b"two".to_vec())
    );
}

#[test]
fn a_subscription_has_graphs_limits() {
    let mut library = SharePoint::default();
    let order = |minutes: i64, change: &str| {
        let until = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minutes);
        json!({
            "resource": format!("/drives/{DRIVE}/root"), "changeType": change,
            "notificationUrl": "http://127.0.0.1:1/", "expirationDateTime": until.to_string(),
        })
    };
    let mut post = |body: Value| {
        let ask = Ask::new("POST", "/v1.0/subscriptions", "", body.to_string().into_bytes());
        library.answer(&ask, Timestamp::UNIX_EPOCH).status
    };
    assert_eq!(post(order(42_301, "updated")), 400);
    assert_eq!(post(order(60, "created")), 400);
    assert_eq!(post(order(42_300, "updated")), 201);
    assert_eq!(library.subscribers(), ["http://127.0.0.1:1/"]);
}
