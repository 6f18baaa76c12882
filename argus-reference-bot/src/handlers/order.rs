//! Orders that people type instead of pressing a button.

use std::sync::Arc;

use argus_bot_sdk::Activity;
use argus_bot_sdk::extract::{Args, State, Turn};

use super::ask::answer;
use crate::flows::Soc;
use crate::flows::ask::Asked;
use crate::flows::orders::Verb;

/// `run isolate-host on INC-7`
pub(super) async fn run(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Run, words)).await
}

/// `undo INC-7.r1`
pub(super) async fn undo(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Undo, words)).await
}

/// `cancel INC-7.r1`
pub(super) async fn cancel(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Cancel, words)).await
}

/// `approve INC-7.r1 DIGEST`
pub(super) async fn approve(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Args(words): Args,
) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Approve, words)).await
}

/// `deny INC-7.r1`
pub(super) async fn deny(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Deny, words)).await
}

/// `ack INC-7`
pub(super) async fn acknowledge(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Args(words): Args,
) -> Activity {
    answer(&soc, &turn, Asked::Order(Verb::Acknowledge, words)).await
}
