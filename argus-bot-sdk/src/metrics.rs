//! What a bot counts and measures, under OpenTelemetry's names where there are any.
//!
//! [`Metrics`] is a port: give the bot and its connector one that writes to whatever you watch
//! them with. Without one nothing is measured. What is told are numbers and fixed words, never what
//! somebody wrote or who they are.
//!
//! Lines of the log and spans come through `tracing`. Each request is handled in a span `process`
//! with `messaging.system`, `messaging.operation.name`, `messaging.destination.name` (the
//! conversation), `messaging.message.id` (the activity), `argus.correlation` (the
//! [turn](crate::extract::Turn::correlation)) and `ms_cv` (Microsoft's own correlation vector, as
//! it came), so every line that a handler writes has them. A call of the Connector is a span `send`,
//! `update` and so on in it, and logs the `ms_cv` that came back.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use argus_bot_sdk::extract::Text;
//! use argus_bot_sdk::metrics::{Label, Metrics, PROCESS_DURATION};
//! use argus_bot_sdk::testing::TestTeams;
//! use argus_bot_sdk::Router;
//!
//! #[derive(Default)]
//! struct Seen(Mutex<Vec<&'static str>>);
//! impl Metrics for Seen {
//!     fn add(&self, _: &'static str, _: u64, _: &[Label<'_>]) {}
//!     fn record(&self, histogram: &'static str, _: f64, _: &[Label<'_>]) {
//!         self.0.lock().unwrap().push(histogram);
//!     }
//! }
//!
//! async fn echo(Text(text): Text) -> String {
//!     text
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
//! let seen = Arc::new(Seen::default());
//! let metrics = Arc::<Seen>::clone(&seen);
//! let teams = TestTeams::builder(Router::new().message(echo)).bot(|bot| bot.metrics(metrics));
//! let teams = teams.start().await?;
//! teams.user("Alice Berg").says("hello").await;
//! teams.bot().idle().await;
//! assert_eq!(*seen.0.lock().unwrap(), [PROCESS_DURATION]);
//! # Ok(()) }
//! ```

use std::sync::Arc;

use tokio::time::Instant;

/// Histogram, in seconds: how long a handler took. With `error.type` if it was given up
/// (`timeout`) or panicked (`panic`).
pub const PROCESS_DURATION: &str = "messaging.process.duration";
/// Counter: activities that were let in.
pub const CONSUMED: &str = "messaging.client.consumed.messages";
/// Histogram, in seconds: how long a call of the Connector took, its repetitions included. With
/// `error.type`, and with `http.response.status_code` of a refusal.
pub const OPERATION_DURATION: &str = "messaging.client.operation.duration";
/// Counter: messages and new conversations that the Connector took.
pub const SENT: &str = "messaging.client.sent.messages";
/// Counter: requests that were turned away at the door. With `error.type`, the rule that they broke.
pub const REJECTED: &str = "argus.requests.rejected";
/// Counter: activities for which there was no room (`full`) or that came at the end (`closed`).
pub const REFUSED: &str = "argus.turns.refused";
/// Counter: activities that had come before and were not handled again.
pub const REPEATED: &str = "argus.turns.repeated";
/// Counter: invokes whose handler took longer than its budget.
pub const LATE: &str = "argus.turns.late";

/// The name of a property and its value.
pub type Label<'a> = (&'static str, &'a str);

pub(crate) const SYSTEM: Label<'static> = ("messaging.system", "msteams");
pub(crate) const OPERATION: &str = "messaging.operation.name";
pub(crate) const ERROR: &str = "error.type";

/// Where numbers go. It is called in the middle of turns, so it must not wait for anything.
pub trait Metrics: Send + Sync {
    /// Adds to a counter.
    fn add(&self, counter: &'static str, by: u64, labels: &[Label<'_>]);

    /// Notes a value of a histogram.
    fn record(&self, histogram: &'static str, value: f64, labels: &[Label<'_>]);
}

/// Somewhere, or nowhere.
pub(crate) type Sink = Option<Arc<dyn Metrics>>;

/// Counts one, if anybody counts.
pub(crate) fn count(sink: &Sink, counter: &'static str, error: Option<&str>) {
    if let Some(metrics) = sink {
        match error {
            Some(error) => metrics.add(counter, 1, &[SYSTEM, (ERROR, error)]),
            None => metrics.add(counter, 1, &[SYSTEM]),
        }
    }
}

/// Measures how long a handler takes, if anybody wants to know.
pub(crate) struct Stopwatch(Option<(Arc<dyn Metrics>, Instant)>);

impl Stopwatch {
    pub(crate) fn start(sink: Sink) -> Self {
        Self(sink.map(|metrics| (metrics, Instant::now())))
    }

    pub(crate) fn stop(self, error: Option<&str>) {
        let Some((metrics, since)) = self.0 else { return };
        let took = since.elapsed().as_secs_f64();
        let labels = [SYSTEM, (OPERATION, "process"), (ERROR, error.unwrap_or_default())];
        let labels = if error.is_some() { &labels[..] } else { &labels[..2] };
        metrics.record(PROCESS_DURATION, took, labels);
    }
}
