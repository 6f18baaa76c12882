//! The buttons of what the bot posted, and what Teams sends when one is pressed.

use serde_json::{Map, Value, json};

use crate::invoke::{Invoke as _, TaskFetch};
use crate::testing::teams::{FakeTeams, Person};

/// One button, and the inputs around it.
#[derive(Clone, Debug)]
pub(super) struct Button {
    /// The message that it is on.
    on: String,
    action: Value,
    /// What the card's inputs say before anybody fills them.
    inputs: Map<String, Value>,
}

impl Button {
    /// All buttons of an activity, in the order of the card.
    pub(super) fn all(id: &str, activity: &Value) -> Vec<Self> {
        let attachments = activity.get("attachments").and_then(Value::as_array);
        let cards = attachments.into_iter().flatten().filter_map(|it| it.get("content"));
        let mut found = Vec::new();
        for card in cards {
            let (mut actions, mut inputs) = (Vec::new(), Map::new());
            walk(card, &mut actions, &mut inputs);
            let button = |action| Self { on: id.to_owned(), action, inputs: inputs.clone() };
            found.extend(actions.into_iter().map(button));
        }
        let suggested = activity.pointer("/suggestedActions/actions").and_then(Value::as_array);
        let suggested = suggested.into_iter().flatten().cloned();
        found.extend(suggested.map(|action| Self {
            on: id.to_owned(),
            action,
            inputs: Map::new(),
        }));
        found
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.text("/title")
    }

    pub(super) fn verb(&self) -> Option<&str> {
        self.text("/verb")
    }

    /// What a person would call it.
    pub(super) fn name(&self) -> String {
        self.title().or_else(|| self.verb()).unwrap_or("(without a title)").to_owned()
    }

    fn text(&self, at: &str) -> Option<&str> {
        self.action.pointer(at).and_then(Value::as_str)
    }

    /// The activity for the bot; `None` if the button does something else than telling the bot.
    pub(super) fn press(
        &self,
        teams: &FakeTeams,
        place: &str,
        person: &Person,
        filled: &Map<String, Value>,
    ) -> Option<Value> {
        let value = self.action.get("value");
        match self.text("/type")? {
            "Action.Execute" => {
                let mut action = self.action.clone();
                action.as_object_mut()?.insert("data".to_owned(), self.data(filled));
                teams.click(place, person, &self.on, &action)
            }
            "Action.Submit" => {
                let data = self.data(filled);
                match data.pointer("/msteams/type").and_then(Value::as_str) {
                    Some("task/fetch") => {
                        teams.invoke(place, person, TaskFetch::NAME, &json!({ "data": data }))
                    }
                    _ => teams.submit(place, person, &self.on, &data),
                }
            }
            "imBack" => teams.say(place, person, value?.as_str()?),
            "messageBack" | "postBack" => teams.submit(place, person, &self.on, value?),
            _ => None,
        }
    }

    /// The button's own data and the inputs, which win, as Teams' clients have it.
    fn data(&self, filled: &Map<String, Value>) -> Value {
        let own = self.action.get("data");
        let mut data = own.and_then(Value::as_object).cloned().unwrap_or_default();
        if self.text("/associatedInputs") != Some("none") {
            data.extend(self.inputs.clone());
        }
        data.extend(filled.clone());
        Value::Object(data)
    }
}

/// Finds actions and inputs wherever a card may have them.
fn walk(value: &Value, actions: &mut Vec<Value>, inputs: &mut Map<String, Value>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| walk(one, actions, inputs)),
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            let kind = text("type").unwrap_or_default();
            if is_action(kind) {
                actions.push(value.clone());
            }
            if let (true, Some(id)) = (kind.starts_with("Input."), text("id")) {
                let given = members.get("value").cloned().unwrap_or_else(|| json!(""));
                inputs.insert(id.to_owned(), given);
            }
            // A button's data is the bot's own and may look like anything; nobody sees a refresh.
            let hidden = ["data", "value", "refresh"];
            let inner = members.iter().filter(|(name, _)| !hidden.contains(&name.as_str()));
            inner.for_each(|(_, inner)| walk(inner, actions, inputs));
        }
        _ => {}
    }
}

fn is_action(kind: &str) -> bool {
    const OLDER: [&str; 5] = ["imBack", "messageBack", "postBack", "openUrl", "signin"];
    kind.starts_with("Action.") || OLDER.contains(&kind)
}
