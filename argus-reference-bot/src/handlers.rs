//! What people press and type. [`router`] shows the whole bot on one page.

mod ask;
mod order;
mod press;

use std::sync::Arc;

use argus_bot_sdk::extract::Turn;
use argus_bot_sdk::{Activity, Router};

use crate::flows::Soc;
use crate::flows::access::Person;

/// The bot: every word and every button, and who answers.
pub fn router(soc: Arc<Soc>) -> Router {
    routes().with_state(soc)
}

/// The words that people may type, each with what it does, as the help text has it.
pub fn words() -> Vec<(String, &'static str)> {
    let routes = routes();
    routes.commands().map(|word| (word.to_owned(), ask::about(word))).collect()
}

fn routes() -> Router<Arc<Soc>> {
    Router::new()
        .command("help", ask::help)
        .command("whoami", ask::whoami)
        .command("list", ask::list)
        .command("show", ask::show)
        .command("ticket", ask::ticket)
        .command("status", ask::status)
        .command("health", ask::health)
        .command("outbox", ask::outbox)
        .command("halt", ask::halt)
        .command("resume", ask::resume)
        .command("merge", ask::merge)
        .command("split", ask::split)
        .command("suppress", ask::suppress)
        .command("snooze", ask::snooze)
        .command("run", order::run)
        .command("undo", order::undo)
        .command("cancel", order::cancel)
        .command("approve", order::approve)
        .command("deny", order::deny)
        .command("ack", order::acknowledge)
        .command("playbooks", order::playbooks)
        .command("review", order::review)
        .command("reject", order::reject)
        .command("promote", order::promote)
        .command("retire", order::retire)
        .message(ask::other)
        .action("view", press::press)
        .action("acknowledge", press::press)
        .action("isolate", press::press)
        .action("ticket", press::press)
        .action("approve", press::press)
        .action("deny", press::press)
        .action("run", press::press)
        .action("cancel", press::press)
        .action("undo", press::press)
        .action("happened", press::press)
        .action("not_happened", press::press)
        .action("user_yes", press::press)
        .action("user_no", press::press)
        .action("user_contact", press::press)
}

/// The tenant in which something was said. `None` where two are named: nobody vouches for either.
fn said_in(activity: &Activity) -> Option<&str> {
    let of_channel = activity.channel().tenant_id();
    let of_place = activity.conversation.as_ref().and_then(|it| it.tenant_id.as_deref());
    match (of_channel, of_place) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => None,
        _ => activity.tenant_id(),
    }
}

/// The person behind a turn, by ids that cannot be chosen. `None` for somebody without an Entra
/// identity, who is nobody here.
fn person(turn: &Turn) -> Option<Person> {
    let activity = turn.activity();
    let from = activity.from.as_ref()?;
    // Somebody from another tenant in a shared channel carries their own; everybody else is of the
    // tenant in which it was said.
    let tenant = match from.tenant_id.as_deref() {
        Some(tenant) => tenant,
        None => said_in(activity)?,
    };
    Some(Person {
        tenant: tenant.into(),
        object_id: from.aad_object_id.clone().filter(|id| !id.is_empty())?,
        name: from.name.clone(),
    })
}
