//! What is seen of a call: a span, and two numbers.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Method, Uri};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::super::{Metered, Reply, SendError};
use super::{Ask, How, HttpConnector};
use crate::metrics::{ERROR, Metrics, OPERATION, OPERATION_DURATION, SENT, SYSTEM};

impl HttpConnector {
    /// Tells how long calls take and how many messages were taken; see
    /// [`metrics`](crate::metrics).
    #[must_use]
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Not an async fn: its arguments go into one future, and a call stays a small allocation.
    pub(super) fn call<'a>(
        &'a self,
        method: Method,
        address: &'a Uri,
        body: Option<Bytes>,
        how: How<'a>,
    ) -> impl Future<Output = Result<Reply, SendError>> + Send + 'a {
        let operation = operation(&method, how.metered);
        let span = tracing::info_span!(
            "call",
            otel.name = operation,
            otel.kind = if operation == "send" { "producer" } else { "client" },
            messaging.system = SYSTEM.1,
            messaging.operation.name = operation,
            messaging.destination.name = how.conversation,
            server.address = address.host(),
        );
        let metrics = self.metrics.as_ref().map(|metrics| (metrics, Instant::now()));
        let calling = self.repeat(Ask { method, address, body, how }).instrument(span);
        calling.map(move |result| {
            if let Some((metrics, began)) = metrics {
                note(&**metrics, operation, began, &result);
            }
            result
        })
    }
}

/// What the call is, in one word.
fn operation(method: &Method, metered: Metered) -> &'static str {
    match (metered, method) {
        (Metered::Send, _) => "send",
        (_, &Method::PUT) => "update",
        (_, &Method::DELETE) => "delete",
        (_, &Method::GET) => "get",
        _ => "call",
    }
}

fn note(
    metrics: &dyn Metrics,
    operation: &'static str,
    began: Instant,
    result: &Result<Reply, SendError>,
) {
    let took = began.elapsed().as_secs_f64();
    let operation_name = (OPERATION, operation);
    match result {
        Ok(_) => {
            metrics.record(OPERATION_DURATION, took, &[SYSTEM, operation_name]);
            if operation == "send" {
                metrics.add(SENT, 1, &[SYSTEM, operation_name]);
            }
        }
        Err(error) => {
            let kind = error.kind().word();
            let status = error.status().map(|status| status.to_string());
            let status = ("http.response.status_code", status.as_deref().unwrap_or_default());
            let labels = [SYSTEM, operation_name, (ERROR, kind), status];
            let labels = if error.status().is_some() { &labels[..] } else { &labels[..3] };
            metrics.record(OPERATION_DURATION, took, labels);
        }
    }
}
