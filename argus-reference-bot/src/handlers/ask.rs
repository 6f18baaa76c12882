//! What people type.

use std::sync::Arc;

use argus_bot_sdk::Activity;
use argus_bot_sdk::extract::{Args, State, Text, Turn};

use super::person;
use crate::flows::Soc;
use crate::flows::ask::{Answer, Asked};

const HELP: &str = "\
**Argus** shows incidents and acts on them. Write to it:\n\n\
- `list` shows open incidents; `list all`, `list high`, `list critical`, `list D-3`\n\
- `show INC-7` shows an incident with its buttons\n\
- `ticket INC-7` or `ticket INC0010001` shows a ticket\n\
- `status` shows how Argus itself is doing\n\
- `health` shows which secrets end and which systems answer\n\
- `outbox` lists cards that could not be delivered; `outbox retry`, `outbox retry INC-7`, `outbox drop INC-7`\n\
- `halt` stops what Argus does by itself; `halt playbook/isolate-host because of a test`\n\
- `resume` lets Argus act by itself again; `resume playbook/isolate-host`\n\
- `merge INC-1 INC-2` makes one incident of two; `split INC-1 INC-2` undoes it\n\
- `split INC-1 EVENT` makes an incident of its own of events\n\
- `suppress 4h host ws-12 because patch night` keeps events back; `suppress list`, `suppress end SUP-1`\n\
- `snooze INC-7 2h` keeps an incident quiet; `snooze INC-7 off`\n\
- `run isolate-host on INC-7` runs a playbook; `run isolate-host on INC-7 dry` says what it would do\n\
- `undo INC-7.r1` undoes what a run did; `cancel INC-7.r1` stops one\n\
- `approve INC-7.r1` and `deny INC-7.r1` answer a request; `ack INC-7` takes an incident\n\
- `playbooks` lists playbooks; `playbooks ID`, `playbooks ID HASH` shows a text\n\
- `review ID HASH` says that a playbook's text is good\n\
- `reject ID HASH \"why\"` says that a playbook's text is not good\n\
- `promote ID HASH dry-run` has a text tried; `promote ID HASH live` has it act\n\
- `retire ID \"why\"` has a playbook act no more\n\
- `whoami` shows which roles you have here\n\
- `help` shows this\n\n\
Buttons on a card act. If you may not, the answer says why, and who can.";

/// What a word does, out of the help text; empty if the text does not have it.
pub(super) fn about(word: &str) -> &'static str {
    let of_word = |line: &'static str| {
        let (shown, says) = line.strip_prefix("- ")?.rsplit_once("` ")?;
        let mut examples = shown.split('`').filter(|it| !it.trim().is_empty());
        let meant = |it: &str| it.split(' ').next() == Some(word);
        examples.any(meant).then_some(says)
    };
    let what = HELP.lines().find_map(of_word).unwrap_or_default();
    what.split_once(';').map_or(what, |(first, _)| first)
}

/// `help`
pub(super) async fn help() -> &'static str {
    HELP
}

/// `whoami`
pub(super) async fn whoami(State(soc): State<Arc<Soc>>, turn: Turn) -> Activity {
    answer(&soc, &turn, Asked::Whoami).await
}

/// `list …`
pub(super) async fn list(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::List(words)).await
}

/// `show INC-7`
pub(super) async fn show(State(soc): State<Arc<Soc>>, turn: Turn, Args(key): Args) -> Activity {
    answer(&soc, &turn, Asked::Show(key)).await
}

/// `ticket INC-7`, `ticket INC0010001`
pub(super) async fn ticket(State(soc): State<Arc<Soc>>, turn: Turn, Args(id): Args) -> Activity {
    answer(&soc, &turn, Asked::Ticket(id)).await
}

/// `status`
pub(super) async fn status(State(soc): State<Arc<Soc>>, turn: Turn) -> Activity {
    answer(&soc, &turn, Asked::Status).await
}

/// `health`
pub(super) async fn health(State(soc): State<Arc<Soc>>, turn: Turn) -> Activity {
    answer(&soc, &turn, Asked::Health).await
}

/// `outbox …`
pub(super) async fn outbox(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Outbox(words)).await
}

/// `halt …`
pub(super) async fn halt(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Halt(words)).await
}

/// `resume …`
pub(super) async fn resume(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Resume(words)).await
}

/// `merge INC-1 INC-2`
pub(super) async fn merge(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Merge(words)).await
}

/// `split INC-1 INC-2`, `split INC-1 EVENT`
pub(super) async fn split(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Split(words)).await
}

/// `suppress …`
pub(super) async fn suppress(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Args(words): Args,
) -> Activity {
    answer(&soc, &turn, Asked::Suppress(words)).await
}

/// `snooze INC-7 2h`
pub(super) async fn snooze(State(soc): State<Arc<Soc>>, turn: Turn, Args(words): Args) -> Activity {
    answer(&soc, &turn, Asked::Snooze(words)).await
}

/// Anything else.
pub(super) async fn other(Text(text): Text) -> Option<Activity> {
    let first = text.split_whitespace().next()?;
    // What people type is data: it comes back without marks that Teams would read.
    let word: String =
        first.chars().filter(|it| it.is_alphanumeric() || *it == '-').take(40).collect();
    Some(Activity::message(format!("I do not know `{word}`. Write `help` to see what I know.")))
}

pub(super) async fn answer(soc: &Soc, turn: &Turn, asked: Asked) -> Activity {
    let Some(person) = person(turn) else {
        return Activity::message("Teams did not say who you are, so I cannot answer.");
    };
    let conversation = turn.conversation().conversation_id;
    match soc.ask(&person, asked, &conversation, &turn.correlation()).await {
        Answer::Text(text) => Activity::message(text),
        Answer::Card(card) => Activity::card(card),
    }
}
