//! A small issuer: makes tokens of any shape, publishes keys, can be broken.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{claims, header};

static KEYS: [LazyLock<RsaKeyPair>; 2] =
    [LazyLock::new(|| kept_key("first")), LazyLock::new(|| kept_key("second"))];

/// A key made once per target directory: making one takes a second, and every test is a process.
fn kept_key(name: &str) -> RsaKeyPair {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kept = folder.join(format!("{name}.pk8"));
    if let Some(key) = std::fs::read(&kept).ok().and_then(|key| RsaKeyPair::from_pkcs8(&key).ok()) {
        return key;
    }
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let fresh = folder.join(format!("{name}.{}", std::process::id()));
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(&fresh, pkcs8.as_ref()).unwrap();
    // A link, not a rename: whoever is first decides, so that all tests agree.
    drop(std::fs::hard_link(&fresh, &kept));
    std::fs::remove_file(&fresh).unwrap();
    RsaKeyPair::from_pkcs8(&std::fs::read(&kept).unwrap()).unwrap()
}

/// The key of this id: `b…` is signed by the second one, everything else by the first.
pub(crate) fn key(kid: &str) -> &'static RsaKeyPair {
    let [first, second] = &KEYS;
    if kid.starts_with('b') { second } else { first }
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A good token that the key of this id signed.
pub(crate) fn token(kid: &str) -> String {
    sign(kid, &header(kid).to_string(), &claims().to_string())
}

/// A token of any text, signed well.
pub(crate) fn sign(kid: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = signature(kid, signed.as_bytes(), &RSA_PKCS1_SHA256);
    format!("{signed}.{}", base64url(signature))
}

pub(crate) fn signature(kid: &str, signed: &[u8], with: &'static dyn RsaEncoding) -> Vec<u8> {
    let key = key(kid);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(with, &SystemRandom::new(), signed, &mut signature).unwrap();
    signature
}

/// The public half of the key of this id, as Microsoft publishes it.
pub(crate) fn jwk(kid: &str) -> Value {
    let public = key(kid).public_key();
    json!({
        "kty": "RSA", "use": "sig", "kid": kid, "x5t": kid, "endorsements": ["msteams", "skype"],
        "n": base64url(public.modulus().big_endian_without_leading_zero()),
        "e": base64url(public.exponent().big_endian_without_leading_zero())
    })
}

/// What the server says, and what it was asked.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) keys: Vec<u8>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) token: Option<(u16, String)>,
    pub(crate) etags: bool,
    pub(crate) outage: bool,
    pub(crate) asked_metadata: usize,
    pub(crate) asked_keys: usize,
    pub(crate) not_modified: usize,
    pub(crate) forms: Vec<String>,
}

pub(crate) struct Issuer {
    origin: String,
    world: Arc<Mutex<World>>,
    _tasks: JoinSet<()>,
}

impl Issuer {
    /// Starts publishing key `a`.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, origin.clone(), Arc::clone(&world)));
        let issuer = Self { origin, world, _tasks: tasks };
        issuer.publish(&["a"]);
        issuer
    }

    pub(crate) fn metadata_url(&self) -> String {
        format!("{}/v1/.well-known/openidconfiguration", self.origin)
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/tenant/oauth2/v2.0/token", self.origin)
    }

    pub(crate) fn publish(&self, kids: &[&str]) {
        let keys: Vec<Value> = kids.iter().map(|kid| jwk(kid)).collect();
        self.publish_text(json!({ "keys": keys }).to_string());
    }

    pub(crate) fn publish_text(&self, keys: impl AsRef<[u8]>) {
        self.world(|world| world.keys = keys.as_ref().to_vec());
    }

    pub(crate) fn world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.world.lock().unwrap())
    }
}

async fn serve(listener: TcpListener, origin: String, world: Arc<Mutex<World>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (origin, world) = (origin.clone(), Arc::clone(&world));
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let (origin, world) = (origin.clone(), Arc::clone(&world));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(http_body_util::Collected::to_bytes);
                let form = String::from_utf8(body.unwrap_or_default().to_vec()).unwrap_or_default();
                let world = &mut *world.lock().unwrap();
                Ok::<_, Infallible>(answer(world, &origin, head.uri.path(), &head.headers, form))
            }
        });
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn answer(
    world: &mut World,
    origin: &str,
    path: &str,
    headers: &HeaderMap,
    form: String,
) -> Response<Full<Bytes>> {
    let say = |status: u16, body: Vec<u8>| {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    };
    if path.ends_with("/token") {
        world.forms.push(form);
        let (status, body) = world.token.clone().unwrap_or((500, String::new()));
        return say(status, body.into_bytes());
    }
    let is_metadata = path.contains("openid");
    *(if is_metadata { &mut world.asked_metadata } else { &mut world.asked_keys }) += 1;
    if world.outage {
        return say(502, b"<html>bad gateway</html>".to_vec());
    }
    let document = match (is_metadata, &world.metadata) {
        (true, Some(metadata)) => metadata.clone(),
        (true, None) => json!({
            "issuer": "https://api.botframework.com",
            "jwks_uri": format!("{origin}/v1/.well-known/keys"),
            "id_token_signing_alg_values_supported": ["RS256"]
        })
        .to_string()
        .into_bytes(),
        (false, _) => world.keys.clone(),
    };
    let etag =
        format!("\"{}-{}\"", document.len(), document.iter().map(|&b| u64::from(b)).sum::<u64>());
    let known = headers.get("if-none-match").is_some_and(|known| known == etag.as_str());
    if world.etags && known {
        world.not_modified += 1;
        return say(304, Vec::new());
    }
    let mut response = say(200, document);
    if world.etags {
        response.headers_mut().insert("etag", etag.parse().unwrap());
    }
    response
}
