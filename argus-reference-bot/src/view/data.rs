//! What a card's template is given. These types are the contract between code and designers: their
//! JSON Schemas lie beside the templates, and a template that reads anything else is refused.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

/// The data of `alert`, the living card of an incident.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Alert {
    /// The incident.
    pub incident: Incident,
    /// How bad it is, as a number, and why.
    pub score: Score,
    /// What was decided, and why.
    pub decision: Decided,
    /// Who and what is concerned.
    pub entities: Vec<Entity>,
    /// Techniques of ATT&CK, like `T1486`.
    pub techniques: Vec<String>,
    /// What was done, the newest last.
    pub effects: Vec<Effect>,
    /// The ticket, if there is one.
    pub ticket: Option<Ticket>,
    /// What happened, the newest first.
    pub timeline: Vec<Entry>,
    /// What must be said before all else, such as a possible repeat.
    pub notices: Vec<String>,
    /// What can be done.
    pub actions: Vec<Button>,
}

/// An incident, on its own card.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Incident {
    /// Its name, like `INC-7`.
    pub key: String,
    /// What happened, in a line.
    pub title: String,
    /// How bad it is, as a stable word.
    #[schemars(extend("enum" = ["unknown", "informational", "low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// How bad it is, for people.
    pub severity_label: &'static str,
    /// How far it is, as a stable word.
    #[schemars(extend("enum" = ["open", "acknowledged", "contained", "closed"]))]
    pub state: &'static str,
    /// How far it is, for people.
    pub state_label: String,
    /// When it began, in UTC.
    pub opened_at: String,
    /// When it last changed, in UTC.
    pub updated_at: String,
    /// How often it has changed.
    pub version: u64,
    /// What finds it in logs.
    pub correlation_id: String,
    /// The last record of the chain that this card knows.
    pub seq: u64,
    /// How many events belong to it.
    pub count: u64,
    /// Who reported it.
    pub source: String,
    /// The product that saw it.
    pub product: Option<String>,
    /// The page of the product about it.
    pub link: Option<String>,
    /// Who has it in hand.
    pub acknowledged_by: Option<String>,
    /// What happened, in sentences.
    pub description: Option<String>,
}

/// How bad an incident is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Score {
    /// From 0 to 100, like `87.5`.
    pub points: String,
    /// Whose arithmetic it is.
    pub model: String,
    /// Whether all sources answered.
    #[schemars(extend("enum" = ["full", "degraded"]))]
    pub confidence: &'static str,
    /// What it is made of.
    pub terms: Vec<Term>,
}

/// A part of a score.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Term {
    /// What was looked at.
    pub name: String,
    /// What it adds, like `+12.5`.
    pub points: String,
    /// Why.
    pub because: String,
}

/// What was decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// In a few words.
    pub label: &'static str,
    /// Why.
    pub reasons: Vec<String>,
}

/// Somebody or something that an incident concerns.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entity {
    /// What it is.
    pub kind: String,
    /// Its name.
    pub value: String,
}

/// A deed, and how it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Effect {
    /// What, and to whom.
    pub label: String,
    /// How it stands, for people.
    pub status_label: String,
    /// How it stands, as a colour.
    #[schemars(extend("enum" = ["good", "warning", "attention"]))]
    pub style: &'static str,
    /// Since when, in UTC.
    pub at: String,
    /// What else there is to say.
    pub detail: Option<String>,
}

/// A ticket in another system.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Ticket {
    /// Its number.
    pub id: String,
    /// Its page.
    pub url: Option<String>,
}

/// A line of history.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// When, in UTC.
    pub at: String,
    /// What.
    pub text: String,
}

/// A button. It comes whole from code: `data` is signed, and a template copies it as it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Button {
    /// What it says.
    pub title: String,
    /// What it asks for.
    pub verb: &'static str,
    /// How it looks.
    #[schemars(extend("enum" = ["default", "positive", "destructive"]))]
    pub style: String,
    /// What it does, in a sentence.
    pub tooltip: String,
    /// What comes back.
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    pub data: Value,
}

/// The data of `approval`, the card that asks people about a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Approval {
    /// What it is about.
    pub incident: Asked,
    /// What is asked.
    pub request: Request,
    /// What must be said before all else: why a click did nothing, that this is a reminder.
    pub notices: Vec<String>,
    /// Yes and no; none once it is decided.
    pub actions: Vec<Button>,
}

/// An incident, on the card that asks about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Asked {
    /// Its name, like `INC-7`.
    pub key: String,
    /// What happened, in a line.
    pub title: String,
    /// How bad it is, as a stable word.
    #[schemars(extend("enum" = ["unknown", "informational", "low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// How bad it is, for people.
    pub severity_label: &'static str,
    /// How often it has changed.
    pub version: u64,
    /// What finds the run in logs.
    pub correlation_id: String,
}

/// What people are asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Request {
    /// The run's name, like `INC-7.r1`.
    pub run: String,
    /// What would be done.
    pub effect_label: String,
    /// To whom.
    pub target: String,
    /// Each effect, and whether it can be taken back.
    pub effects: Vec<Planned>,
    /// What would be hit, in a line.
    pub blast: String,
    /// The digest of exactly what would be done.
    pub digest: Option<String>,
    /// As much of it as people compare.
    pub digest_short: Option<String>,
    /// Who wants it.
    pub requester: String,
    /// Why it is asked.
    pub reason: Option<String>,
    /// How many must agree.
    pub quorum: Option<u64>,
    /// Who may decide.
    pub deciders: String,
    /// Who has decided so far.
    pub approvals: Vec<Vote>,
    /// Until when it can be decided, in UTC.
    pub expires_at: Option<String>,
    /// What happens then.
    pub on_expire: String,
    /// When a reason is needed, for the field in which people write it.
    pub reason_hint: String,
    /// How it stands, as a stable word.
    #[schemars(extend("enum" = ["open", "approved", "denied", "expired"]))]
    pub status: &'static str,
    /// How it stands, for people.
    pub status_label: &'static str,
}

/// What one person has decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Vote {
    /// Who.
    pub by: String,
    /// What.
    #[schemars(extend("enum" = ["approved", "denied"]))]
    pub decision: &'static str,
    /// When, in UTC.
    pub at: String,
    /// Why, in their own words.
    pub reason: Option<String>,
}

/// One effect that is asked for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Planned {
    /// What.
    pub what: String,
    /// To whom.
    pub target: String,
    /// Whether it can be taken back, as a stable word.
    #[schemars(extend("enum" = ["read", "reversible", "compensable", "irreversible"]))]
    pub class: &'static str,
    /// What takes it back, in a few words.
    pub undo: String,
}

/// The data of `query-list`, incidents as a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct List {
    /// What was asked.
    pub title: String,
    /// How many there are.
    pub total: u64,
    /// How many are shown.
    pub shown: usize,
    /// The incidents.
    pub rows: Vec<Row>,
    /// How to see more.
    pub hint: String,
}

/// An incident, in a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// Its name, like `INC-7`.
    pub key: String,
    /// What happened, in a line.
    pub title: String,
    /// How bad it is, as a stable word.
    #[schemars(extend("enum" = ["unknown", "informational", "low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// How bad it is, for people.
    pub severity_label: &'static str,
    /// How far it is, as a stable word.
    #[schemars(extend("enum" = ["open", "acknowledged", "contained", "closed"]))]
    pub state: &'static str,
    /// When it began, in UTC.
    pub opened_at: String,
    /// How many events belong to it.
    pub count: u64,
}

/// The data of `bulletin`, a digest of many incidents or an alarm about Argus itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bulletin {
    /// What it is about, in a line.
    pub title: String,
    /// How it should look.
    #[schemars(extend("enum" = ["good", "warning", "attention"]))]
    pub style: &'static str,
    /// What it means, in a sentence or two.
    pub lead: String,
    /// What is known, in a few words each.
    pub said: Vec<Said>,
    /// Some of the incidents.
    pub rows: Vec<Named>,
    /// How many more there are.
    pub more: u64,
    /// What to do.
    pub hint: String,
    /// What must be said before all else, such as a possible repeat.
    pub notices: Vec<String>,
    /// When this was true, in UTC.
    pub updated_at: String,
}

/// One thing that a bulletin says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Said {
    /// What it is.
    pub label: String,
    /// What is known of it.
    pub value: String,
}

/// An incident that a bulletin names.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Named {
    /// Its name, like `INC-7`.
    pub key: String,
    /// What happened to it, in a line.
    pub title: String,
    /// How bad it is, as a stable word.
    #[schemars(extend("enum" = ["unknown", "informational", "low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// How bad it is, for people.
    pub severity_label: &'static str,
}

/// The contracts of the bot's templates, by the templates' names.
pub fn contracts() -> [(&'static str, Schema); 4] {
    let generate = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    [
        ("alert", generate().into_root_schema_for::<Alert>()),
        ("approval", generate().into_root_schema_for::<Approval>()),
        ("bulletin", generate().into_root_schema_for::<Bulletin>()),
        ("query-list", generate().into_root_schema_for::<List>()),
    ]
}

/// A contract as it is written to its file.
pub fn written(schema: &Schema) -> String {
    let text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn contracts_beside_the_templates_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates");
        for (name, schema) in contracts() {
            let file = folder.join(name).join("contract.schema.json");
            let committed = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                committed == written(&schema),
                "{} is not what the types say; run `argus cards contract --write card-templates`",
                file.display()
            );
        }
    }
}
