//! Measures a bot's endpoint with the inbound-token vectors.
//!
//! ```text
//! cargo run -p argus-bot-sdk --features testing --example token_vectors -- \
//!     http://127.0.0.1:3978/api/messages 0f0e0d0c-1111-4222-8333-444455556666
//! ```
//!
//! The bot has to take its keys from `http://127.0.0.1:9399/v1/.well-known/openidconfiguration`,
//! and to have the app id that is named. A third argument is the service URL from which the
//! activities come. The last line counts; the exit code is 1 if a vector failed.
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::process::ExitCode;

use argus_bot_sdk::testing::vectors::{VectorRun, Vectors};

/// A port that a bot elsewhere can be configured with before this runs.
const PORT: u16 = 9399;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, app, rest @ ..] = arguments.as_slice() else {
        println!("usage: token_vectors ENDPOINT APP_ID [SERVICE_URL]");
        return Ok(ExitCode::from(2));
    };
    let mut run = VectorRun::start_on(PORT, Vectors::bundled()?).await?.app(app);
    if let Some(url) = rest.first() {
        run = run.service_url(url);
    }
    let outcomes = run.send(endpoint).await?;
    let mut failed = 0;
    for it in outcomes.iter().filter(|outcome| !outcome.holds()) {
        println!("{}: rule {}, expected {}, got {}", it.id, it.rule, it.expected, it.status);
        failed += 1;
    }
    println!("{} vectors, {failed} failed", outcomes.len());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
