//! How long a card takes from data to bytes through the typed model: microseconds, median.
//!
//! `cargo bench -p argus-cards --bench model`. The card is the one of `data/incident.card.json`
//! with its data: 20 timeline rows, a table of 15 rows.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints and may panic")]

use std::hint::black_box;
use std::time::Duration;

use argus_cards::model::{
    AdaptiveCard, Card, Column, ColumnSet, Container, Execute, FactSet, Table, TableRow, TextBlock,
    TextColor, TextSize, TextWeight,
};
use argus_cards::{Options, Template};
use serde::Deserialize;
use serde_json::Value;

const RUNS: usize = 301;
const DATA: &str = include_str!("data/incident.json");
const TEMPLATE: &str = include_str!("data/incident.card.json");

#[derive(Deserialize)]
struct Data {
    incident: Incident,
    facts: Vec<Fact>,
    timeline: Vec<Step>,
    entities: Vec<Entity>,
    actions: Vec<Button>,
}

#[derive(Deserialize)]
struct Incident {
    key: String,
    title: String,
}

#[derive(Deserialize)]
struct Fact {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Step {
    at: String,
    who: String,
    text: String,
    level: String,
}

#[derive(Deserialize)]
struct Entity {
    value: String,
    kind: String,
    risk: u32,
}

#[derive(Deserialize)]
struct Button {
    title: String,
    verb: String,
    data: Value,
}

fn main() {
    let data: Data = serde_json::from_str(DATA).expect("the data fits");
    let bytes = serde_json::to_vec(&build(&data)).expect("the card is written");
    same_as_template(&bytes);

    let whole = median(20, || {
        black_box(build(black_box(&data)).to_json());
    });
    let through_serde = median(20, || {
        black_box(serde_json::to_vec(&build(black_box(&data)))).expect("the card is written");
    });
    let only_build = median(20, || {
        black_box(build(black_box(&data)));
    });
    let card = build(&data);
    let write = median(20, || {
        black_box(black_box(&card).to_json());
    });
    let read = median(20, || {
        black_box(serde_json::from_slice::<AdaptiveCard>(black_box(&bytes))).expect("it is a card");
    });
    let value: Value = serde_json::from_slice(&bytes).expect("the card is JSON");
    let untyped = median(20, || {
        black_box(serde_json::to_vec(black_box(&value))).expect("the card is written");
    });
    println!("incident: build and write {:.2} us, {} bytes", micros(whole), bytes.len());
    println!("incident: build and write through serde {:.2} us", micros(through_serde));
    println!("incident: build {:.2} us, write {:.2} us", micros(only_build), micros(write));
    println!("incident: read {:.2} us; write as a Value {:.2} us", micros(read), micros(untyped));
}

fn build(data: &Data) -> Card {
    let incident = &data.incident;
    let mut card = Card::new()
        .full_width()
        .push(
            TextBlock::new(format!("{}: {}", incident.key, incident.title))
                .wrap()
                .size(TextSize::Large)
                .weight(TextWeight::Bolder),
        )
        .push(data.facts.iter().fold(FactSet::new(), |facts, fact| {
            facts.fact(fact.name.as_str(), fact.value.as_str())
        }))
        .push(TextBlock::new("Timeline").wrap().weight(TextWeight::Bolder))
        .push(Container::new().items(
            data.timeline.iter().enumerate().map(|(index, step)| row(incident, index, step)),
        ))
        .push(data.entities.iter().fold(
            Table::new().column(2).column(1).column(1),
            |table, entity| {
                table.row(
                    TableRow::new()
                        .cell(text(entity.value.as_str()))
                        .cell(text(entity.kind.as_str()))
                        .cell(text(entity.risk.to_string())),
                )
            },
        ));
    for button in &data.actions {
        let execute = Execute::named(button.title.as_str(), button.verb.as_str());
        card = card.action(execute.data(button.data.clone()));
    }
    card
}

fn row(incident: &Incident, index: usize, step: &Step) -> ColumnSet {
    let bad = step.level == "bad";
    let color = if bad { TextColor::Attention } else { TextColor::Default };
    let said = ["**", step.who.as_str(), "** ", step.text.as_str()].concat();
    let mut right = Column::stretch().push(text(said).color(color));
    if bad {
        let place = format!("step {index} of {}", incident.key);
        right = right.push(text(place).size(TextSize::Small));
    }
    ColumnSet::new().push(Column::auto().push(text(step.at.as_str()).subtle())).push(right)
}

fn text(text: impl Into<String>) -> TextBlock {
    TextBlock::new(text).wrap()
}

/// The typed card says what the template says, so that the two can be compared.
fn same_as_template(bytes: &[u8]) {
    let options = Options::default();
    let template = Template::parse("incident", TEMPLATE, &options).expect("the template is valid");
    let data: Value = serde_json::from_str(DATA).expect("the data is JSON");
    let rendered = template.render(&data, None, &options).expect("the card renders");
    let lower = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        serde_json::from_str::<Value>(&text).expect("the card is JSON")
    };
    assert!(lower(bytes) == lower(&rendered), "the typed card is another one");
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median time of one call, measured over batches.
fn median(batch: u32, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
            let start = std::time::Instant::now();
            for _ in 0..batch {
                work();
            }
            start.elapsed() / batch
        })
        .collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}
