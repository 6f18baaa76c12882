//! The inbound-token vectors: their description as a file, and that this SDK keeps them all.
//!
//! `ARGUS_ACCEPT=1 cargo nextest run -p argus-bot-sdk vectors` writes the file again.

mod describe;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig, SecretToken, TokenSource};
use argus_bot_sdk::server::Limits;
use argus_bot_sdk::testing::APP_ID;
use argus_bot_sdk::testing::vectors::{Vector, VectorRun, Vectors};
use argus_bot_sdk::{Bot, Error, ErrorKind, HttpConnector, Router, SystemClock};
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use tokio::net::TcpListener;

const FILE: &str = "tests/vectors/inbound-tokens.json";

#[test]
fn the_file_is_what_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let now = describe::file();
    if std::env::var_os("ARGUS_ACCEPT").is_some_and(|it| it == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, kept, "{FILE} is out of date; see the head of tests/vectors.rs");
}

#[test]
fn there_are_enough_and_each_has_its_own_name() {
    let vectors = Vectors::bundled().unwrap();
    let names: BTreeSet<&str> = vectors.all().iter().map(Vector::id).collect();
    assert_eq!(names.len(), vectors.all().len());
    assert!(vectors.all().len() >= 150, "{}", vectors.all().len());
    let rules: BTreeSet<&str> = vectors.all().iter().map(Vector::rule).collect();
    let known = [
        "alg",
        "aud",
        "bearer",
        "body",
        "channel",
        "claims",
        "crit",
        "endorsement",
        "exp",
        "format",
        "header",
        "iat",
        "iss",
        "kid",
        "nbf",
        "ok",
        "serviceurl",
        "service_host",
        "signature",
        "size",
        "tenant",
        "typ",
    ];
    assert_eq!(rules, known.into_iter().collect::<BTreeSet<_>>());
    assert!(vectors.all().iter().filter(|it| it.is_good()).count() >= 10);
    assert!(!describe::file().contains("PRIVATE"));
}

#[derive(Debug)]
struct NoToken;

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self) -> Result<SecretToken, Error> {
        Err(Error::new(ErrorKind::Unavailable, "there is none"))
    }

    async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
        self.token().await
    }
}

fn door(run: &VectorRun) -> Authenticator {
    let config = InboundConfig::new(APP_ID, Cloud::Public).openid_metadata_url(run.metadata_url());
    Authenticator::new(config, Arc::new(SystemClock)).unwrap()
}

#[tokio::test]
async fn every_vector_has_the_status_and_the_rule_that_it_says() {
    let run = VectorRun::start(Vectors::bundled().unwrap()).await.unwrap();
    let door = door(&run);
    let mut wrong = Vec::new();
    for vector in run.vectors().all() {
        let request = run.request(vector);
        let mut headers = HeaderMap::new();
        for value in &request.authorization {
            headers.append("authorization", HeaderValue::from_str(value).unwrap());
        }
        let verdict = match Authenticator::authorization(&headers) {
            Ok(value) => door.verify(value, request.body.as_bytes()).await.map(drop),
            Err(rejection) => Err(rejection),
        };
        let verdict = verdict.map_or_else(|it| (it.status(), it.rule()), |()| (200, "ok"));
        if verdict != (vector.status(), vector.rule()) {
            wrong.push(format!("{}: {verdict:?}", vector.id()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As anybody runs them: over HTTP, against an endpoint.
#[tokio::test]
async fn the_endpoint_of_a_bot_keeps_every_vector() {
    let run = VectorRun::start(Vectors::bundled().unwrap()).await.unwrap();
    // The vectors are about the door: nothing is said, so the way back leads nowhere.
    let policy = InboundConfig::new(APP_ID, Cloud::Public).service_url_policy().unwrap();
    let connector = Arc::new(HttpConnector::new(Arc::new(NoToken), policy).unwrap());
    let bot = Bot::builder(Router::new(), Arc::new(door(&run)), connector).build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/messages", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = bot.serve(listener, Limits::default(), async { drop(stopped.await) });
    let sending = async {
        let outcomes = run.send(&url).await.unwrap();
        stop.send(()).unwrap();
        outcomes
    };
    let (served, outcomes) = tokio::join!(serving, sending);
    served.unwrap();
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(outcomes.len(), run.vectors().all().len());
}

/// A bot that believes everything fails them, so they prove something.
#[tokio::test]
async fn a_bot_that_asks_nothing_fails() {
    use argus_bot_sdk::testing::wire::{FakeResponse, FakeServer};
    let run = VectorRun::start(Vectors::bundled().unwrap()).await.unwrap();
    let open = FakeServer::start(|_| async { FakeResponse::status(200) }).await.unwrap();
    let outcomes = run.send(&open.url()).await.unwrap();
    let failed = outcomes.iter().filter(|outcome| !outcome.holds()).count();
    let hostile = run.vectors().all().iter().filter(|vector| !vector.is_good()).count();
    assert_eq!(failed, hostile);
}

#[test]
fn a_file_that_names_no_such_key_is_refused() {
    let broken = describe::file().replacen("\"key\": \"current\"", "\"key\": \"lost\"", 1);
    assert!(Vectors::read(&broken).unwrap_err().to_string().contains("lost"));
    assert!(Vectors::read("{}").is_err());
}
