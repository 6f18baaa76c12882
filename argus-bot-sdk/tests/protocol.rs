//! The typed protocol: what is read, what is answered, who hears.

mod answers;
mod corpus;
mod messages;
mod routes;
mod values;

use argus_bot_sdk::Activity;
use serde_json::{Value, json};

fn activity(wire: Value) -> Activity {
    serde_json::from_value(wire).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "it is called with what was just made")]
fn invoke(name: &str, value: Value) -> Activity {
    activity(json!({ "type": "invoke", "name": name, "value": value }))
}
