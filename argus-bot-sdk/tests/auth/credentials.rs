//! All the ways in which a bot proves who it is, against the fake Entra.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{
    Assertion, Certificate, Cloud, Credential, EntraApp, Federated, ManagedIdentity, OnBehalfOf,
    Secret, SecretToken, TokenCache, TokenSource as _, WorkloadIdentity,
};
use argus_bot_sdk::clock::{Clock, ManualClock};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{
    APP_ID, APP_SECRET, AppRegistration, CONNECTOR, EntraEndpoint, FakeEntra, FakeEntraBuilder,
    GRAPH, IDENTITY, IDENTITY_HEADER, TENANT, TestCertificate, TokenSpec,
};
use argus_bot_sdk::{Error, ErrorKind};

use super::NOW;

const CLUSTER: &str = "https://oidc.example/cluster-1";
const POD: &str = "system:serviceaccount:soc:argus";
const BOT_SCOPE: &str = "https://api.botframework.com/.default";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

async fn entra(
    clock: &Arc<ManualClock>,
    app: AppRegistration,
    with: impl FnOnce(FakeEntraBuilder) -> FakeEntraBuilder,
) -> FakeEntra {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    with(FakeEntra::builder().clock(clock).app(app)).start().await.unwrap()
}

fn registration() -> AppRegistration {
    AppRegistration::new(APP_ID, APP_SECRET)
}

async fn bot_token(credential: impl Credential + 'static, clock: &Arc<ManualClock>) -> String {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let tokens = TokenCache::new(Arc::new(credential), BOT_SCOPE, clock);
    tokens.token().await.unwrap().expose().to_owned()
}

fn certificate(made: &TestCertificate, clock: &Arc<ManualClock>) -> Certificate {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    Certificate::from_pem(made.certificate_pem(), &Secret::new(made.key_pem()), clock).unwrap()
}

fn asserted(entra: &FakeEntra, assertion: impl Assertion + 'static) -> EntraApp {
    EntraApp::with_assertion(&entra.token_url(TENANT), APP_ID, Arc::new(assertion)).unwrap()
}

async fn refused(app: &EntraApp) -> Error {
    app.obtain(BOT_SCOPE).await.unwrap_err()
}

#[tokio::test]
async fn a_certificate_signs_in_both_algorithms_with_and_without_its_chain() {
    let (clock, made) = (clock(), TestCertificate::new());
    let entra = entra(&clock, registration().certificate(&made), |it| it).await;
    let plain = certificate(&made, &clock);
    assert_eq!(plain.thumbprint(), made.thumbprint());
    for signs in [
        plain,
        certificate(&made, &clock).rs256(),
        certificate(&made, &clock).send_chain(),
        certificate(&made, &clock).rs256().send_chain(),
    ] {
        let token = bot_token(asserted(&entra, signs), &clock).await;
        assert_eq!(entra.check(Some(&token), CONNECTOR).unwrap().app_id, APP_ID);
    }
}

#[tokio::test]
async fn a_certificate_that_the_app_does_not_have_is_explained() {
    let (clock, made) = (clock(), TestCertificate::new());
    let entra = entra(&clock, registration(), |it| it).await;
    let error = refused(&asserted(&entra, certificate(&made, &clock))).await;
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.to_string().contains("AADSTS700027"), "{error}");
}

#[tokio::test]
async fn an_assertion_is_of_its_app_its_endpoint_and_its_time() {
    let (clock, made) = (clock(), TestCertificate::new());
    let other = AppRegistration::new("other", "s").certificate(&made);
    let entra = entra(&clock, registration().certificate(&made), |it| it.app(other)).await;
    let url = entra.token_url(TENANT);
    let assertion = |client_id: &'static str, audience: String| {
        let signs = certificate(&made, &clock);
        async move { signs.assertion(client_id, &audience).await.unwrap() }
    };
    for (name, assertion, code) in [
        ("other app", assertion("other", url.clone()).await, "AADSTS700021"),
        ("other endpoint", assertion(APP_ID, entra.token_url("x")).await, "AADSTS700023"),
        ("no token", SecretToken::new("a.b.c"), "AADSTS50027"),
    ] {
        let error = refused(&asserted(&entra, Fixed(assertion))).await;
        assert!(error.to_string().contains(code), "{name}: {error}");
    }
    let once = asserted(&entra, Fixed(assertion(APP_ID, url.clone()).await));
    assert!(once.obtain(BOT_SCOPE).await.is_ok());
    assert!(refused(&once).await.to_string().contains("AADSTS700024"), "the same one twice");
    let late = asserted(&entra, Fixed(assertion(APP_ID, url).await));
    clock.advance(Duration::from_mins(10));
    assert!(refused(&late).await.to_string().contains("clock"), "after its end");
}

/// What somebody else gives: the trait is the way for credentials that are not here.
#[derive(Debug)]
struct Fixed(SecretToken);

#[async_trait::async_trait]
impl Assertion for Fixed {
    async fn assertion(&self, _: &str, _: &str) -> Result<SecretToken, Error> {
        Ok(self.0.clone())
    }
}

#[test]
fn certificates_that_cannot_sign_are_refused_before_anybody_is_asked() {
    let (made, other) = (TestCertificate::new(), TestCertificate::numbered(1));
    let check = |certificate: &str, key: &str, why: &str| {
        let refused = Certificate::from_pem(certificate, &Secret::new(key), clock());
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
        assert!(!format!("{error:?}").contains("BEGIN"), "{error:?}");
    };
    let (good, key) = (made.certificate_pem(), made.key_pem());
    check("", key, "no certificate");
    check(key, key, "no certificate");
    check(good, "", "not PEM");
    check(good, good, "not PEM");
    check(good, other.key_pem(), "not of this key");
    check(&good.replace("MII", "!!!"), key, "not PEM");
    let cut: String =
        key.lines().take(3).chain(key.lines().last()).fold(String::new(), |a, b| a + b + "\n");
    check(good, &cut, "not");
}

#[tokio::test]
async fn nothing_of_a_certificate_s_key_is_shown() {
    let (clock, made) = (clock(), TestCertificate::new());
    let entra = entra(&clock, registration(), |it| it).await;
    let shown = format!("{:?}", asserted(&entra, certificate(&made, &clock)));
    assert!(shown.contains("PS256") && shown.len() < 200, "{shown}");
}

#[tokio::test]
async fn managed_identities_of_both_platforms() {
    let clock = clock();
    let entra = entra(&clock, registration(), |it| it.identity(APP_ID)).await;
    let imds = || {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        ManagedIdentity::imds(clock).unwrap().endpoint(&entra.imds_url()).unwrap()
    };
    let app_service = |header: &'static str| {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        ManagedIdentity::app_service(&entra.app_service_url(), Secret::new(header), clock).unwrap()
    };
    for (identity, who) in [
        (imds(), IDENTITY),
        (imds().client_id(APP_ID), APP_ID),
        (app_service(IDENTITY_HEADER), IDENTITY),
        (app_service(IDENTITY_HEADER).client_id(APP_ID), APP_ID),
    ] {
        let fresh = identity.obtain(BOT_SCOPE).await.unwrap();
        assert_eq!(entra.check(Some(fresh.token.expose()), CONNECTOR).unwrap().app_id, who);
        assert!((3590..=3600).contains(&fresh.lasts.as_secs()), "{:?}", fresh.lasts);
    }
    for (identity, why) in [
        (imds().client_id("nobody"), "client id"),
        (app_service("wrong"), "system-assigned"),
        (imds(), "status 400"),
    ] {
        let error = identity.obtain("api://nothing/.default").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains(why), "{error}");
    }
    entra.faults().push("entra", "identity", Fault::Status { code: 410, retry_after: None });
    let starting = imds().obtain(BOT_SCOPE).await.unwrap_err();
    assert_eq!(starting.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_managed_identity_proves_an_app_and_is_asked_once() {
    let clock = clock();
    let trusts = registration().federated(FakeEntra::issuer(TENANT), IDENTITY);
    let entra = entra(&clock, trusts, |it| it.identity("another")).await;
    let federated = |client_id: Option<&str>| {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let identity = ManagedIdentity::imds(Arc::clone(&clock)).unwrap();
        let identity = identity.endpoint(&entra.imds_url()).unwrap();
        let identity = match client_id {
            Some(id) => identity.client_id(id),
            None => identity,
        };
        asserted(&entra, Federated::new(Arc::new(identity), Cloud::Public, clock))
    };
    let app = federated(None);
    for scope in [BOT_SCOPE, "https://graph.microsoft.com/.default"] {
        assert!(app.obtain(scope).await.is_ok(), "{scope}");
    }
    assert_eq!(entra.requests(EntraEndpoint::Identity), 1);
    let error = refused(&federated(Some("another"))).await;
    assert!(error.to_string().contains("AADSTS700213"), "{error}");
}

#[tokio::test]
async fn a_projected_token_is_read_each_time() {
    let clock = clock();
    let entra = entra(&clock, registration().federated(CLUSTER, POD), |it| it).await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("projected.{}", std::process::id()));
    let app = asserted(&entra, WorkloadIdentity::new(&file));
    let missing = refused(&app).await;
    assert_eq!(missing.kind(), ErrorKind::Credentials);
    let project = |spec: TokenSpec| std::fs::write(&file, entra.mint(&spec) + "\n").unwrap();
    project(TokenSpec::federated(CLUSTER, POD));
    assert!(app.obtain(BOT_SCOPE).await.is_ok());
    project(TokenSpec::federated(CLUSTER, "system:serviceaccount:soc:other"));
    assert!(refused(&app).await.to_string().contains("AADSTS700213"));
    project(TokenSpec::federated(CLUSTER, POD).claim("aud", "api://other"));
    assert!(refused(&app).await.to_string().contains("AADSTS700212"));
    for garbage in ["", "no token", "a.b.c\r\nHost: evil"] {
        std::fs::write(&file, garbage).unwrap();
        assert!(refused(&app).await.to_string().contains("no token in it"), "{garbage}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn an_app_acts_for_a_person_who_consented() {
    let clock = clock();
    let entra = entra(&clock, registration(), FakeEntraBuilder::ask_consent).await;
    let url = entra.token_url(TENANT);
    let app = Arc::new(EntraApp::with_secret(&url, APP_ID, Secret::new(APP_SECRET)).unwrap());
    let alice = SecretToken::new(entra.mint(&TokenSpec::user(APP_ID, TENANT, "alice")));
    let scope = "https://graph.microsoft.com/User.Read";
    let acts = OnBehalfOf::new(Arc::clone(&app), alice);
    let error = acts.obtain(scope).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction);
    assert!(error.to_string().contains("consent"), "{error}");
    entra.consent("alice");
    let token = bot_like(acts, scope, &clock).await;
    let claims = entra.check(Some(&token), GRAPH).unwrap();
    assert_eq!((&claims.all["oid"], &claims.all["scp"]), (&"alice".into(), &"User.Read".into()));
    // A token for another app, or of no person, acts for nobody.
    for spec in [
        TokenSpec::user("other", TENANT, "alice"),
        TokenSpec::user(APP_ID, TENANT, "alice").expires_in(-1),
        TokenSpec::app(APP_ID, TENANT, APP_ID),
    ] {
        let stolen = SecretToken::new(entra.mint(&spec));
        let error = app.on_behalf_of(&stolen, scope).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interaction);
    }
}

async fn bot_like(acts: OnBehalfOf, scope: &str, clock: &Arc<ManualClock>) -> String {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let tokens = TokenCache::new(Arc::new(acts), scope, clock);
    tokens.token().await.unwrap().expose().to_owned()
}

#[tokio::test]
async fn one_cache_for_all_of_them() {
    let clock = clock();
    let entra = entra(&clock, registration(), |it| it).await;
    let given: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let identity = ManagedIdentity::imds(Arc::clone(&given)).unwrap();
    let identity = identity.endpoint(&entra.imds_url()).unwrap();
    let tokens = TokenCache::new(Arc::new(identity), BOT_SCOPE, given);
    let all = futures_util::future::join_all((0..50).map(|_| tokens.token())).await;
    let first = all[0].as_ref().unwrap().clone();
    assert!(all.iter().all(|token| token.as_ref().unwrap() == &first));
    assert_eq!(entra.requests(EntraEndpoint::Identity), 1);
    let fresh = tokens.refresh(&first).await.unwrap();
    assert!(fresh != first);
    clock.advance(Duration::from_secs(3310));
    entra.faults().push("entra", "identity", Fault::Status { code: 503, retry_after: None });
    assert!(tokens.token().await.unwrap() == fresh, "the old one serves while nobody answers");
}
