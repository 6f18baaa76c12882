//! Orders that people type instead of pressing a button.

use std::sync::Arc;

use argus_bot_sdk::Activity;
use argus_bot_sdk::extract::{Args, State, Turn};

use super::ask::answer;
use crate::flows::Soc;
use crate::flows::ask::Asked;
use crate::flows::orders::Verb;
use crate::flows::playbooks::Word;

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

/// `playbooks`, `playbooks ID`, `playbooks ID HASH`
pub(super) async fn playbooks(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Args(words): Args,
) -> Activity {
    answer(&soc, &turn, Asked::Playbooks(Word::List, words)).await
}

/// `review ID HASH`
pub(super) async fn review(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Playbooks(Word::Review, words)).await
}

/// `reject ID HASH "why"`
pub(super) async fn reject(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Playbooks(Word::Reject, words)).await
}

/// `promote ID HASH live`
pub(super) async fn promote(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Args(words): Args,
) -> Activity {
    answer(&soc, &turn, Asked::Playbooks(Word::Promote, words)).await
}

/// `retire ID "why"`
pub(super) async fn retire(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Playbooks(Word::Retire, words)).await
}
