use super::*;

const ID: &str = "0f0e0d0c-1111-4222-8333-444455556666";

fn app() -> App<'static> {
    App {
        id: ID,
        host: "bot.contoso.example",
        version: "1.2.3",
        name: "Argus",
        developer: "Security operations",
        website: "https://contoso.example".into(),
        privacy: "https://contoso.example/privacy".into(),
        terms: "https://contoso.example/terms".into(),
        rsc: &[],
    }
}

#[test]
fn the_bots_own_words_are_its_commands() {
    let made = manifest::manifest(&app());
    assert_eq!(check::findings(&made), Vec::<String>::new());
    let commands = made["bots"][0]["commandLists"][0]["commands"].as_array().unwrap();
    let titles: Vec<&str> = commands.iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "help", "list", "merge", "show", "snooze", "split", "status", "suppress", "ticket",
            "whoami"
        ]
    );
    assert_eq!(commands[1]["description"], "shows open incidents");
    assert!(made.get("authorization").is_none(), "no permission that nobody asked for");
    let rsc = ["TeamMember.Read.Group".to_owned()];
    let asked = manifest::manifest(&App { rsc: &rsc, ..app() });
    assert_eq!(check::findings(&asked), Vec::<String>::new());
    assert_eq!(asked["authorization"]["permissions"]["resourceSpecific"][0]["name"], rsc[0]);
    assert_eq!(asked["webApplicationInfo"]["id"], ID);
}

#[test]
fn what_teams_would_refuse_is_found() {
    let check = |at: &str, value: Value, place: &str| {
        let mut made = manifest::manifest(&app());
        *made.pointer_mut(at).unwrap() = value;
        let findings = check::findings(&made);
        assert!(findings.iter().any(|it| it.starts_with(place)), "{at}: {findings:?}");
    };
    check("/name/short", json!("x".repeat(31)), "/name/short");
    check("/name/short", json!(""), "/name/short");
    check("/description/short", json!("ü".repeat(81)), "/description/short");
    check("/description/full", json!("x".repeat(4001)), "/description/full");
    check("/developer/websiteUrl", json!("http://contoso.example"), "/developer/websiteUrl");
    check("/id", json!("argus"), "/id");
    check("/bots/0/botId", json!("0f0e0d0c11114222833344445555666"), "/bots/0/botId");
    check("/version", json!("1.2"), "/version");
    check("/accentColor", json!("blue"), "/accentColor");
    for host in ["https://a.example", "a.example/x", "a.example:443", "*", "localhost", ""] {
        check("/validDomains/0", json!(host), "/validDomains");
    }
    let commands = "/bots/0/commandLists/0/commands";
    check(commands, json!(vec![json!({"title": "a", "description": "b"}); 11]), commands);
    check(&format!("{commands}/0/title"), json!("x".repeat(33)), commands);
    check(&format!("{commands}/0/description"), json!(""), commands);
    check("/bots/0/scopes", json!(["everywhere"]), "/bots/0/scopes");
    let rsc = ["everything".to_owned()];
    let made = manifest::manifest(&App { rsc: &rsc, ..app() });
    assert!(check::findings(&made)[0].starts_with("/authorization"));
}

#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(zip::crc32(b"123456789"), 0xCBF4_3926);
}

#[test]
fn icons_have_the_sizes_that_teams_wants() {
    for (icon, size) in [(icon::color(), 192_u32), (icon::outline(), 32)] {
        assert!(icon.starts_with(b"\x89PNG\r\n\x1a\n") && icon.ends_with(b"IEND\xae\x42\x60\x82"));
        assert_eq!(icon[16..24], [size.to_be_bytes(), size.to_be_bytes()].concat());
    }
}

#[test]
fn an_archive_has_its_files_and_is_the_same_every_time() {
    let files = [("manifest.json", b"{}".to_vec()), ("color.png", icon::color())];
    let archive =
        |files: &[(&str, Vec<u8>)]| zip::archive(files).unwrap_or_else(|it| panic!("{}", it.0));
    let made = archive(&files);
    assert_eq!(made, archive(&files));
    let end = &made[made.len() - 22..];
    assert_eq!((&end[..4], end[10]), (b"PK\x05\x06".as_slice(), 2));
    let at = u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize;
    assert_eq!(&made[at..at + 4], b"PK\x01\x02");
    assert_eq!(&made[30..45], b"manifest.json{}");
}
