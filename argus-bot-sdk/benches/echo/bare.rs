//! The ceiling: what a careful engineer would write with hyper alone for this one bot. It verifies
//! the token by the same rules that matter here, keeps verified tokens, parses the activity into
//! what an echo needs, answers, and POSTs the echo with a token of its own.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use argus_bot_sdk::testing::{APP_ID, APP_SECRET, TENANT};

use super::{Addresses, Role};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    text: String,
    service_url: String,
    channel_id: String,
    conversation: Conversation,
    from: Account,
    recipient: Account,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    id: String,
    tenant_id: String,
}

#[derive(Deserialize, Serialize)]
struct Account {
    id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Echo<'a> {
    r#type: &'static str,
    text: &'a str,
    from: &'a Account,
    recipient: &'a Account,
    conversation: &'a Conversation,
    reply_to_id: &'a str,
}

#[derive(Clone, Deserialize)]
struct Claims {
    serviceurl: String,
    exp: i64,
}

struct State {
    keys: JwkSet,
    verified: RwLock<HashMap<[u8; 32], Claims>>,
    client: Client<HttpConnector, Full<Bytes>>,
    bearer: String,
    role: Role,
}

pub(crate) async fn serve(listener: TcpListener, addresses: Addresses, role: Role) {
    let http = reqwest::Client::new();
    let metadata: serde_json::Value =
        http.get(&addresses.metadata).send().await.unwrap().json().await.unwrap();
    let keys = http.get(metadata["jwks_uri"].as_str().unwrap()).send().await.unwrap();
    let keys = keys.json().await.unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", APP_ID),
        ("client_secret", APP_SECRET),
        ("scope", "https://api.botframework.com/.default"),
    ];
    let token: serde_json::Value =
        http.post(&addresses.token).form(&form).send().await.unwrap().json().await.unwrap();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let state = Arc::new(State { keys, verified: RwLock::default(), client, bearer, role });
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let answer = service_fn(|request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(answer(state, request).await) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            drop(http.serve_connection(TokioIo::new(stream), answer).await);
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let status = |code: StatusCode| {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = code;
        answer
    };
    let Some(claims) = verified(&state, &request) else { return status(StatusCode::UNAUTHORIZED) };
    let Ok(body) = request.into_body().collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    let Ok(message) = serde_json::from_slice::<Message>(&body.to_bytes()) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let rightful = message.service_url == claims.serviceurl
        && message.channel_id == "msteams"
        && message.conversation.tenant_id == TENANT;
    if !rightful {
        return status(StatusCode::FORBIDDEN);
    }
    if state.role == Role::Echo {
        // As the SDK does: acknowledged first, answered by the Connector.
        tokio::spawn(async move { send(&state, &message).await });
    }
    status(StatusCode::ACCEPTED)
}

fn verified(state: &State, request: &Request<Incoming>) -> Option<Claims> {
    let header = request.headers().get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let digest: [u8; 32] = digest.as_ref().try_into().ok()?;
    let now = jiff::Timestamp::now().as_second();
    if let Some(claims) = state.verified.read().unwrap().get(&digest) {
        return (claims.exp > now).then(|| claims.clone());
    }
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let key = DecodingKey::from_jwk(state.keys.find(&kid)?).ok()?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[APP_ID]);
    rules.set_issuer(&["https://api.botframework.com"]);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).ok()?.claims;
    state.verified.write().unwrap().insert(digest, claims.clone());
    Some(claims)
}

async fn send(state: &State, message: &Message) {
    let echo = Echo {
        r#type: "message",
        text: &message.text,
        from: &message.recipient,
        recipient: &message.from,
        conversation: &message.conversation,
        reply_to_id: &message.id,
    };
    let address = format!(
        "{}v3/conversations/{}/activities/{}",
        message.service_url,
        message.conversation.id.replace(':', "%3A"),
        message.id
    );
    let request = Request::post(address)
        .header("content-type", "application/json")
        .header("authorization", &state.bearer)
        .body(Full::new(Bytes::from(serde_json::to_vec(&echo).unwrap())))
        .unwrap();
    let answer = state.client.request(request).await.unwrap();
    assert!(answer.status().is_success());
    answer.into_body().collect().await.unwrap();
}
