//! What is seen of a call: a span, and two numbers.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Uri};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::super::{Metered, Reply, SendError};
use super::{How, HttpConnector};
use crate::metrics::{ERROR, Metrics, OPERATION, OPERATION_DURATION, SENT, SYSTEM};

impl HttpConnector {
    /// Tells how long calls take and how many messages were taken; see
    /// [`metrics`](crate::metrics).
    #[must_use]
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    pub(super) async fn call(
        &self,
        method: Method,
        address: &Uri,
        body: Option<Bytes>,
        how: How<'_>,
    ) -> Result<Reply, SendError> {
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
        let began = self.metrics.as_ref().map(|_| Instant::now());
        let result = self.repeat(method, address, body, how).instrument(span).await;
        if let (Some(metrics), Some(began)) = (&self.metrics, began) {
            note(&**metrics, operation, began, &result);
        }
        result
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
