//! Who is in a conversation, as the Connector tells it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::rest::{Answer, error, room};
use super::{Core, Person, put};
use crate::testing::wire::{FakeRequest, FakeResponse};

pub(super) fn members(core: &Core, of: &str) -> Answer {
    let mut state = core.state();
    let room = room(&mut state.world, of)?;
    Ok(FakeResponse::json(200, &room.shown.members.iter().map(Person::member).collect()))
}

pub(super) fn member(core: &Core, of: &str, id: &str) -> Answer {
    let mut state = core.state();
    let room = room(&mut state.world, of)?;
    let named =
        |person: &&Person| [&person.id, &person.object_id, &person.upn].contains(&&id.to_owned());
    let person = room.shown.members.iter().find(named).ok_or_else(|| {
        error(404, "MemberNotFoundInConversation", "The member is not in the conversation.")
    })?;
    Ok(FakeResponse::json(200, &person.member()))
}

pub(super) fn paged_members(core: &Core, request: &FakeRequest, of: &str) -> Answer {
    let start = match request.query("continuationToken") {
        Some(token) => page_start(token).ok_or_else(|| {
            error(403, "BadArgument", "Failed to decrypt the continuation token.")
        })?,
        None => 0,
    };
    // Teams takes 50 to 500 and corrects what is outside.
    let size = request.query("pageSize").and_then(|size| size.parse().ok()).unwrap_or(200);
    let size = usize::clamp(size, 50, 500);
    let mut state = core.state();
    let room = room(&mut state.world, of)?;
    let all = &room.shown.members;
    let page: Vec<Value> = all.iter().skip(start).take(size).map(Person::member).collect();
    let mut answer = json!({"members": page});
    if start + size < all.len() {
        put(
            &mut answer,
            "continuationToken",
            json!(STANDARD.encode(format!("page {}", start + size))),
        );
    }
    Ok(FakeResponse::json(200, &answer))
}

fn page_start(token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("page ")?.parse().ok()
}
