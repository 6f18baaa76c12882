//! Values of alerts are data: none of them changes where a request goes.

use argus_soc::effect::Outcome;
use proptest::prelude::*;

use super::*;

/// What attackers put where a name is expected.
const HOSTILE: [&str; 24] = [
    "../../admin",
    "..%2f..%2fadmin",
    "a/../../b",
    "x?$filter=1 eq 1",
    "x&api-version=1",
    "x' or '1'='1",
    "x\" OR labels = \"y",
    "x^ORnumber=INC1",
    "x^EQ",
    "a\nHost: evil.example",
    "a\r\n\r\nGET / HTTP/1.1",
    "\u{202e}gpj.exe",
    "\u{0}",
    "http://169.254.169.254/latest",
    "@evil.example",
    "user@evil.example/../..",
    "#fragment",
    "%00",
    "%2e%2e%2f",
    ";rm -rf /",
    "${7*7}",
    "{{ secrets }}",
    "<script>alert(1)</script>",
    "𝕨𝕤-114",
];

/// Where every request of the connector may go, as the beginning of its path.
fn path_of(preview_url: &str) -> (String, String, Option<String>) {
    let url = url::Url::parse(preview_url).expect("an address");
    let fragment = url.fragment().map(str::to_owned);
    (url.host_str().unwrap_or_default().to_owned(), url.path().to_owned(), fragment)
}

async fn check(world: &World, case: &Case, value: &str) {
    let good = world.order(case, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
    let (host, path, _) = path_of(&case.connector.preview(&good).expect("good").url);
    let depth = path.split('/').count();
    let mut order = good.clone();
    order.target.value = value.to_owned();
    order.target.ids.values_mut().for_each(|id| value.clone_into(id));
    value.clone_into(&mut order.about.title);
    value.clone_into(&mut order.about.description);
    order.about.native_id = Some(value.to_owned());
    if let Some(ticket) = &mut order.about.ticket {
        value.clone_into(&mut ticket.number);
        value.clone_into(&mut ticket.remote_id);
    }
    if let Some(parameters) = order.parameters.as_object_mut() {
        for (name, parameter) in parameters.iter_mut() {
            if !matches!(name.as_str(), "workflow") {
                *parameter = value.into();
            }
        }
    }
    // Either it is refused before anything is sent, or it goes where a good one goes.
    if let Ok(preview) = case.connector.preview(&order) {
        let (to, path, fragment) = path_of(&preview.url);
        assert_eq!(to, host, "{} with {value:?} goes to {}", case.action, preview.url);
        assert_eq!(path.split('/').count(), depth, "{} with {value:?}: {path}", case.action);
        assert_eq!(fragment, None, "{} with {value:?}", case.action);
        assert!(!path.contains(".."), "{} with {value:?}: {path}", case.action);
    } else {
        let outcome = send(case, &order).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{}: {outcome:?}", case.action);
        assert_eq!(world.done(case), 0, "{} with {value:?}", case.action);
    }
}

#[tokio::test]
async fn no_value_of_an_alert_leads_a_request_elsewhere() {
    let world = World::new().await;
    for case in &world.cases {
        for value in HOSTILE {
            check(&world, case, value).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nor_does_any_other(value in "\\PC{0,40}|[./\\\\?#%^&=' \"@:;]{1,12}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            for case in &world.cases {
                check(&world, case, &value).await;
            }
        });
    }
}
