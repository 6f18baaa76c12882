use std::io::Write as _;

use argus_bot_sdk::SystemClock;
use argus_soc::event::EntityKind;

use super::*;

const EVERY: Duration = Duration::from_secs(10);

fn host(name: &str) -> Entity {
    Entity::canonical(EntityKind::Host, name).expect("a name")
}

fn written(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    let reference = format!("file:{}", path.display());
    (folder, reference)
}

fn assets(name: &str, text: &str) -> Result<(tempfile::TempDir, AssetsFile), ConfigError> {
    let (folder, reference) = written(name, text);
    Ok((folder, AssetsFile::open("files", "enrichment.assets", &reference, EVERY)?))
}

async fn criticality(file: &AssetsFile, name: &str) -> Option<u8> {
    file.ask(&host(name)).await.expect("it answers").known.map(|it: Asset| it.criticality)
}

#[tokio::test]
async fn json_and_csv_say_the_same() {
    let json = r#"[{"name": "WS-1", "criticality": 4, "tags": ["pci", "tier0"], "owner": "Ann"}]"#;
    let csv = "\u{feff}name,criticality,tags,owner\r\nWS-1, 4,pci;tier0,Ann\r\n";
    let (_keep, json) = assets("a.json", json).expect("reads");
    let (_keep, csv) = assets("a.csv", csv).expect("reads");
    for file in [json, csv] {
        let found = file.ask(&host("ws-1.corp.example")).await.expect("it answers");
        assert!(found.as_of.is_some());
        let asset: Asset = found.known.expect("known");
        assert_eq!((asset.criticality, asset.owner.as_deref()), (4, Some("Ann")));
        assert_eq!(asset.tags, ["pci", "tier0"]);
        assert_eq!(criticality(&file, "ws-2").await, None);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (name, text, says) in [
        ("a.json", "[{\"name\": \"x\",\n \"criticalty\": 1}]", "line 2 column"),
        ("a.json", "[{\"name\": \"x\", \"criticality\": 11}]", "x: criticality 11"),
        (
            "a.json",
            "[{\"name\": \"x\", \"criticality\": 1}, {\"name\": \"X\", \"criticality\": 2}]",
            "twice",
        ),
        ("a.csv", "name,criticality\nws-1,4\nws-2,high\n", "line: 3"),
        ("a.csv", "name,criticality,colour\nws-1,4,red\n", "colour"),
        ("a.csv", "name,criticality\nws-1\n", "line: 2"),
        ("a.json", "[{\"name\": \"\u{0}\"", "column"),
    ] {
        let error = assets(name, text).expect_err(text).to_string();
        assert!(error.contains("enrichment.assets") && error.contains(says), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_changed_file_is_read_and_a_broken_one_keeps_the_last_good() {
    let (folder, file) = assets("a.csv", "name,criticality\nws-1,4\n").expect("reads");
    let path = folder.path().join("a.csv");
    assert_eq!(file.refresh().await, Ok(None), "nothing changed");
    std::fs::write(&path, "name,criticality\nws-1,7\nws-2,1\n").expect("written");
    assert_eq!(file.refresh().await, Ok(Some("2 assets".into())));
    assert_eq!(criticality(&file, "ws-1").await, Some(7));

    let mut broken = std::fs::File::options().append(true).open(&path).expect("opens");
    broken.write_all(b"ws-3,very\n").expect("written");
    let why = file.refresh().await.expect_err("refused").why;
    assert!(why.contains("line: 4"), "{why}");
    assert_eq!(file.refresh().await, Ok(None), "it is complained about once");
    assert_eq!(criticality(&file, "ws-1").await, Some(7));

    std::fs::remove_file(&path).expect("removed");
    assert!(file.refresh().await.is_err());
    assert_eq!(criticality(&file, "ws-1").await, Some(7), "gone is not empty");
}

#[tokio::test]
async fn of_what_a_list_says_twice_the_worse_counts() {
    let list = r#"[{"value": "2001:DB8:0:0::1", "malicious": true, "confidence": 40},
        {"value": "2001:db8::1", "malicious": false, "confidence": 90},
        {"value": "evil[.]example.", "malicious": false, "confidence": 90},
        {"value": "Evil.example", "malicious": true, "confidence": 70},
        {"value": "evil.example", "malicious": true, "confidence": 60},
        {"value": "fine.example", "malicious": false, "confidence": 50}]"#;
    let (_keep, reference) = written("list.json", list);
    let clock = Arc::new(SystemClock);
    let file = IntelFile::open("list", "key", &reference, EVERY, 60, clock).expect("reads");
    let ask = async |kind: EntityKind, value: &str| {
        let entity = Entity::canonical(kind, value).expect("a name");
        file.ask(&entity).await.expect("it answers").known
    };
    let bad = |confidence| Some(Intel { malicious: true, confidence });
    assert_eq!(ask(EntityKind::Ip, "2001:db8::1").await, bad(40));
    assert_eq!(ask(EntityKind::Domain, "evil.example").await, bad(70));
    let harmless = Intel { malicious: false, confidence: 50 };
    assert_eq!(ask(EntityKind::Domain, "fine.example").await, Some(harmless));
    let (_, about) = read::indicators(Path::new("list.json"), list.as_bytes()).expect("reads");
    assert_eq!(
        about,
        "3 indicators; 3 lines repeat one, and the worse of what is said counts (2001:db8::1)"
    );
}

#[tokio::test]
async fn a_bundle_is_read_where_a_list_could_be() {
    let bundle = r#"{"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "indicator", "id": "indicator--1", "modified": "2026-01-01T00:00:00Z",
         "pattern_type": "stix", "pattern": "[ipv4-addr:value = '192.0.2.7']"},
        {"type": "indicator", "id": "indicator--2", "modified": "2026-01-01T00:00:00Z",
         "pattern_type": "stix", "pattern": "[process:name = 'x']"}]}"#;
    let (_keep, reference) = written("feed.json", bundle);
    let clock = Arc::new(SystemClock);
    let file = IntelFile::open("stix", "key", &reference, EVERY, 60, clock).expect("reads");
    let ip = Entity::canonical(EntityKind::Ip, "192.0.2.7").expect("a name");
    let found = file.ask(&ip).await.expect("it answers");
    assert_eq!(found.known, Some(Intel { malicious: true, confidence: 60 }));
    let Indicators::Stix(feed) = &file.file.good().content else { panic!("a bundle") };
    assert_eq!(
        about(feed),
        "1 indicators; 1 not used: pattern: it is about something that alerts do not name (indicator--2)"
    );
}
