//! One turn in this process, without sockets: what it takes to read a verified message of 1.4 KB
//! and to find and run the function that answers it, in microseconds and in allocations.
//!
//! `cargo bench -p argus-bot-sdk --bench turn` prints the best of many rounds: whatever else the
//! machine does makes a round slower, never faster.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig, ServiceUrlPolicy};
use argus_bot_sdk::extract::Text;
use argus_bot_sdk::testing::{APP_ID, FakeEntra, TENANT, TokenSpec};
use argus_bot_sdk::{Bot, HttpConnector, Router, SystemClock};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower_service::Service as _;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: u32 = 200;
const TURNS: usize = 200;
const PLAIN: &str = "";
const MENTION: &str = "<at>Argus</at> ";
const SERVICE: &str = "http://127.0.0.1:9/teams/";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn hear(Text(_): Text) {}

async fn measure() {
    let entra = FakeEntra::start().await.unwrap();
    let inbound = InboundConfig::new(APP_ID, Cloud::Public)
        .tenant(TENANT)
        .openid_metadata_url(entra.metadata_url())
        .allowed_service_urls([SERVICE]);
    let auth = Arc::new(Authenticator::new(inbound, Arc::new(SystemClock)).unwrap());
    let bearer = format!("Bearer {}", entra.mint(&TokenSpec::bot(APP_ID, SERVICE)));
    let connector = HttpConnector::without_tokens(ServiceUrlPolicy::loopback()).unwrap();
    let router = Router::new().message(hear);
    let bot = Bot::builder(router, Arc::clone(&auth), Arc::new(connector)).build();

    println!("a message of {} bytes, best of {ROUNDS} x {TURNS}", message(0, PLAIN).len());
    let verify = |body: Bytes| {
        let (auth, bearer) = (&auth, &bearer);
        async move {
            black_box(auth.verify(Some(bearer), &body).await.unwrap());
        }
    };
    report("vouched for by a token seen before, and read", PLAIN, |body| body, verify).await;
    let request = |body: Bytes| {
        Request::post("/api/messages")
            .header("content-type", "application/json")
            .header("authorization", &bearer)
            .body(Full::new(body))
            .unwrap()
    };
    let turn = |request: Request<Full<Bytes>>| {
        let mut bot = bot.clone();
        async move {
            assert_eq!(bot.call(request).await.unwrap().status(), 202);
            bot.idle().await;
        }
    };
    report("the whole turn, from request to the end of the handler", PLAIN, request, turn).await;
    report("the same, with a mention of the bot to take out", MENTION, request, turn).await;
}

async fn report<T, F: Future<Output = ()>>(
    what: &str,
    said: &str,
    prepare: impl Fn(Bytes) -> T,
    mut deed: impl FnMut(T) -> F,
) {
    // An activity that comes again is not handled again, so no two have the same id.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let fresh = || prepare(Bytes::from(message(NEXT.fetch_add(1, Ordering::Relaxed), said)));
    let (mut best, mut allocations) = (f64::INFINITY, usize::MAX);
    for _ in 0..ROUNDS {
        let round: Vec<T> = std::iter::repeat_with(fresh).take(TURNS).collect();
        let counted = Region::new(ALLOCATOR);
        let began = Instant::now();
        for message in round {
            deed(message).await;
        }
        let took = began.elapsed();
        best = best.min(took.as_secs_f64() * 1e6 / f64::from(u32::try_from(TURNS).unwrap()));
        allocations = allocations.min(counted.change().allocations / TURNS);
    }
    println!("  {best:6.2} us  {allocations:4} allocations  {what}");
}

/// A message as Teams sends it, with what bots usually do not read.
fn message(id: u64, said: &str) -> String {
    format!(
        r#"{{"text":"{said}is the bridge to the data centre in Bergen still up, and since when has the second one been down?","textFormat":"plain","attachments":[{{"contentType":"text/html","content":"<div><div><span itemscope itemtype=\"http://schema.skype.com/Mention\" itemid=\"0\">Argus</span> is the bridge to the data centre in Bergen still up, and since when has the second one been down?</div></div>"}}],"type":"message","timestamp":"2026-11-20T08:00:00.000Z","localTimestamp":"2026-11-20T09:00:00.000+01:00","id":"{id}","channelId":"msteams","serviceUrl":"{SERVICE}","from":{{"id":"29:1bSnHZ7Js2STWrgk6ScEErLk1Lp2zQuD5H2qQXGGqxcMvJWZxNaQk2OHJr4vQkFcRzFZb1jCT4iQq1yqOb3vWAw","name":"Alice Berg","aadObjectId":"c5e99701-2a32-49c1-a660-4629ceeb8c61"}},"conversation":{{"isGroup":true,"conversationType":"groupChat","tenantId":"{TENANT}","id":"19:6f1c2d3e4b5a49788796a5b4c3d2e1f0-{id}@thread.v2"}},"recipient":{{"id":"28:0f0e0d0c-1111-4222-8333-444455556666","name":"Argus"}},"entities":[{{"mentioned":{{"id":"28:0f0e0d0c-1111-4222-8333-444455556666","name":"Argus"}},"text":"<at>Argus</at>","type":"mention"}},{{"locale":"en-US","country":"US","platform":"Web","timezone":"Europe/Oslo","type":"clientInfo"}}],"channelData":{{"tenant":{{"id":"{TENANT}"}}}},"locale":"en-US","localTimezone":"Europe/Oslo"}}"#
    )
}
