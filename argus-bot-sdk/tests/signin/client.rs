//! The token service's wire.

use argus_bot_sdk::auth::SecretToken;
use argus_bot_sdk::signin::{SignInRequest, TokenOrSignIn, Whose};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{APP_ID, EntraEndpoint, Person, TENANT, TokenSpec};
use argus_bot_sdk::{Activity, ErrorKind};
use serde_json::json;

use super::Scene;

fn whose() -> Whose {
    Whose::new("29:alice", "msteams", "graph")
}

fn asked() -> SignInRequest {
    let activity: Activity = serde_json::from_value(json!({
        "type": "message", "id": "1", "channelId": "msteams", "from": { "id": "29:alice" },
        "serviceUrl": "https://smba.trafficmanager.net/amer/", "conversation": { "id": "a:1" },
    }))
    .unwrap();
    SignInRequest::new(APP_ID, "graph", &activity)
}

#[tokio::test]
async fn each_operation_against_the_service() {
    let scene = Scene::new().await;
    let users = scene.users();
    assert!(users.get(&whose(), None).await.unwrap().is_none());
    assert!(users.aad_tokens(&whose(), &["https://graph.microsoft.com"]).await.unwrap().is_empty());
    let TokenOrSignIn::SignIn(way) = users.get_or_sign_in(&whose(), &asked()).await.unwrap() else {
        panic!("signed in already")
    };
    let card = serde_json::to_value(way.oauth_card("graph", "Please sign in.", "Sign in")).unwrap();
    assert_eq!(card["buttons"][0]["type"], "signin");
    assert!(!card.to_string().contains("null"), "{card}");
    assert_eq!(card["tokenExchangeResource"]["uri"], format!("api://botid-{APP_ID}"));
    assert!(users.sign_in_url(&asked()).await.unwrap().starts_with("https://"));
    let again = users.sign_in_resource(&asked(), Some("challenge")).await.unwrap();
    assert!(again.token_exchange_resource.is_some());

    let code = scene.tokens.finish_sign_in("29:alice", "graph");
    assert!(users.get(&whose(), Some("000000")).await.unwrap().is_none());
    let bob = Whose::new("29:bob", "msteams", "graph");
    assert!(users.get(&bob, Some(&code)).await.unwrap().is_none(), "another person's code");
    let token = users.get(&whose(), Some(&code)).await.unwrap().unwrap();
    assert_eq!(token.connection_name, "graph");
    assert!(users.get(&whose(), Some(&code)).await.unwrap().is_none(), "a code is good once");
    assert!(matches!(
        users.get_or_sign_in(&whose(), &asked()).await.unwrap(),
        TokenOrSignIn::Token(_)
    ));
    let status = users.status("29:alice", "msteams", None).await.unwrap();
    let status: Vec<_> =
        status.iter().map(|it| (it.connection_name.as_str(), it.has_token)).collect();
    assert_eq!(status, [("graph", true), ("jira", false)]);
    assert_eq!(users.status("29:alice", "msteams", Some("jira")).await.unwrap().len(), 1);
    let resource = "https://graph.microsoft.com";
    let tokens = users.aad_tokens(&whose(), &[resource]).await.unwrap();
    assert!(tokens.contains_key(resource));
    for _ in 0..2 {
        users.sign_out(&whose()).await.unwrap();
        assert!(!scene.tokens.has_token("29:alice", "graph"));
    }
}

#[tokio::test]
async fn exchanges_that_cannot_be() {
    let scene = Scene::new().await;
    let users = scene.users();
    let token = |spec: TokenSpec| SecretToken::new(scene.entra.mint(&spec));
    let good = token(TokenSpec::user(APP_ID, TENANT, "alice"));
    assert!(users.exchange(&whose(), &good).await.is_ok());
    scene.tokens.withhold_consent("29:bob");
    let bob = Whose::new("29:bob", "msteams", "graph");
    for (whose, token) in [
        (&bob, good.clone()),
        (&whose(), token(TokenSpec::user("other", TENANT, "alice"))),
        (&whose(), token(TokenSpec::user(APP_ID, TENANT, "alice").expires_in(-1))),
        (&whose(), SecretToken::new("x")),
        (&Whose::new("29:alice", "msteams", "nothing"), good),
    ] {
        let error = users.exchange(whose, &token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let scene = Scene::new().await;
    let users = scene.users();
    let nothing = Whose::new("29:alice", "msteams", "nothing");
    let error = users.get_or_sign_in(&nothing, &asked()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for (code, kind) in [
        (500, ErrorKind::Unavailable),
        (429, ErrorKind::Unavailable),
        (403, ErrorKind::Credentials),
        (400, ErrorKind::Invalid),
        (302, ErrorKind::Invalid),
    ] {
        let fault = Fault::Status { code, retry_after: None };
        scene.tokens.faults().push("tokens", "get_token", fault);
        let error = users.get(&whose(), None).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert!(!format!("{error:?}").contains("alice"));
    }
    // A token of the bot that is no longer taken is renewed once.
    scene.entra.revoke_issued();
    assert!(users.get(&whose(), None).await.is_ok());
    assert_eq!(scene.entra.requests(EntraEndpoint::Token), 2);
}

#[test]
fn nothing_personal_is_shown() {
    let alice = Person::new("Alice Berg");
    let whose = Whose::new(&alice.id, "msteams", "graph");
    let shown = format!("{whose:?} {:?}", asked());
    assert!(!shown.contains("29:"), "{shown}");
}
