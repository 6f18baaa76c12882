//! Who sees what of whose incidents.

use argus_soc::event::{Entity, EntityKind, SecurityEvent};
use argus_soc::policy::sight::{Entities, Eyes, Field, HIDDEN, Lookers, Sees, Sight};

use crate::host_event;

const FIELDS: [Field; 8] = [
    Field::Title,
    Field::Description,
    Field::Source,
    Field::Score,
    Field::Runs,
    Field::Ticket,
    Field::History,
    Field::People,
];

fn event(tenant: Option<&str>) -> SecurityEvent {
    SecurityEvent { tenant: tenant.map(str::to_owned), ..host_event("high") }
}

/// Everybody who may look, with a name.
fn everybody() -> Vec<(&'static str, Eyes)> {
    let sees = || Sees::new("AAAA");
    vec![
        ("ours", Eyes::Ours),
        ("own", Eyes::Partner(sees())),
        ("customers", Eyes::Partner(sees().tenants(["Cust-1"]))),
        ("all", Eyes::Partner(sees().entities(Entities::All))),
        ("none", Eyes::Partner(sees().entities(Entities::None))),
        ("titles", Eyes::Partner(sees().fields([Field::Title]))),
        ("stranger", Eyes::Stranger),
    ]
}

fn sight(eyes: &Eyes, event: &SecurityEvent) -> Sight {
    Lookers::new([eyes.clone()]).sight(event)
}

/// `whole`, `part` or `nothing`, and whether it is their business.
fn cell(eyes: &Eyes, event: &SecurityEvent) -> String {
    let seen = match sight(eyes, event) {
        Sight::Whole => "whole",
        Sight::Part(_) => "part",
        Sight::Nothing => "nothing",
    };
    let own = Lookers::new([eyes.clone()]).own(event);
    format!("{seen}{}", if own { "!" } else { "" })
}

#[test]
fn the_picture_of_who_sees_whose_incidents() {
    let tenants = [None, Some("aaaa"), Some("CUST-1"), Some("bbbb")];
    let line = |(name, eyes): (&str, Eyes)| {
        let cells = tenants.map(|tenant| cell(&eyes, &event(tenant)));
        format!("{name:<10}  {}", cells.join(" "))
    };
    let lines: Vec<String> = everybody().into_iter().map(line).collect();
    let picture = format!("            none   aaaa   CUST-1 bbbb\n{}\n", lines.join("\n"));
    let expected = "            none   aaaa   CUST-1 bbbb
ours        whole! whole! whole! whole!
own         part whole! part part
customers   part whole! whole! part
all         whole! whole! whole! whole!
none        part part! part part
titles      part whole! part part
stranger    nothing nothing nothing nothing
";
    assert_eq!(picture, expected);
}

#[test]
fn who_reads_together_sees_what_each_of_them_sees() {
    let event = event(Some("bbbb"));
    for (first, a) in everybody() {
        for (second, b) in everybody() {
            let together = Lookers::new([a.clone()]).and(b.clone());
            let seen = together.sight(&event);
            let (a, b) = (sight(&a, &event), sight(&b, &event));
            for field in FIELDS {
                let both = a.shows(field) && b.shows(field);
                assert_eq!(seen.shows(field), both, "{first} and {second}: {field:?}");
            }
            assert_eq!(seen.is_whole(), a.is_whole() && b.is_whole(), "{first} and {second}");
        }
    }
    assert!(Lookers::default().see_all(), "nobody else reads along");
}

#[test]
fn a_text_that_is_shown_names_nothing_that_is_hidden() {
    let mut event = event(None);
    let mut add = |kind, value: &str, id: &str| {
        let ids = [("id".to_owned(), id.to_owned())].into();
        event.entities.push(Entity { kind, value: value.into(), ids });
    };
    add(EntityKind::Host, "db-7.corp.example", "6c1f0d5e");
    add(EntityKind::User, "eve.adams@corp.example", "S-1-5-21-7");
    add(EntityKind::User, "corp\\mallory", "S-1-5-21-8");
    add(EntityKind::Ip, "192.0.2.7", "if-0");
    let eyes = Eyes::Partner(Sees::new("aaaa").fields(FIELDS));
    let sight = sight(&eyes, &event);
    for named in [
        "Malware on DB-7",
        "db-7.corp.example is off",
        "seen as 6C1F0D5E",
        "Eve.Adams logged on",
        "by mallory",
        "S-1-5-21-7 did it",
        "from 192.0.2.7",
    ] {
        assert_eq!(sight.text(Field::Title, named), HIDDEN, "{named}");
    }
    assert_eq!(sight.text(Field::Title, "Malware on a server"), "Malware on a server");
    let less = Eyes::Partner(Sees::new("aaaa"));
    assert_eq!(self::sight(&less, &event).text(Field::Title, "Malware on a server"), HIDDEN);
}
