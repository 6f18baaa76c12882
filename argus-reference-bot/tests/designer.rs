//! The designer's commands, as a person runs them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use argus_cards::Library;
use argus_cards::source::Folder;
use serde_json::{Value, json};
use tempfile::TempDir;

const GOOD: &str = "{\"type\":\"AdaptiveCard\",\n \"speak\":\"one ${name}\"}";

struct Desk(TempDir);

impl Desk {
    /// A folder with one template, its sample, and the card that is expected.
    fn new() -> Self {
        let desk = Self(TempDir::new().expect("a folder"));
        desk.write("cards/hi/hi.card.json", GOOD);
        desk.write("cards/hi/samples/ada.json", r#"{"name":"Ada"}"#);
        desk.write("cards/hi/expected/ada.json", r#"{"type":"AdaptiveCard","speak":"one Ada"}"#);
        desk
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
        command.arg("cards").args(arguments.split(' ')).current_dir(self.0.path());
        command
    }

    /// Runs a command; gives its exit code and what it said.
    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("it runs");
        let said = [stdout, stderr].concat();
        (status.code(), String::from_utf8(said).expect("text"))
    }

    fn json(&self, arguments: &str) -> Value {
        let output = self.command(arguments).output().expect("it runs");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What a bot would have in use, with its history in `state`.
    fn library(&self) -> Library {
        let builder = Library::builder(Folder::new(self.at("cards"))).state(self.at("state"));
        builder.open_now().expect("a library").0
    }
}

fn shown(library: &Library) -> String {
    let card = library.render("hi", &json!({ "name": "Ada" }), None).expect("a card");
    let card: Value = serde_json::from_slice(&card.json).expect("JSON");
    card["speak"].as_str().expect("text").to_owned()
}

#[test]
fn samples_are_compared_and_blessed() {
    let desk = Desk::new();
    let (code, said) = desk.run("test cards");
    assert_eq!((code, said.as_str()), (Some(0), "ok         hi/ada\n1 template, 1 sample: 1 ok\n"));

    desk.write("cards/hi/hi.card.json", &GOOD.replace("one", "two"));
    desk.write("cards/hi/samples/new.json", "{}");
    let (code, said) = desk.run("test cards");
    assert_eq!(code, Some(1));
    for part in [
        "differs    hi/ada\n    /speak: expected \"one Ada\", is \"two Ada\"",
        "unexpected hi/new\n    there is no hi/expected/new.json; `--bless` writes it",
        "hi/hi.card.json:2:17: `name` is not in the data (sample new)",
        "1 differs, 1 unexpected",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let report = desk.json("test cards --format json");
    assert_eq!(report["ok"], false);
    let difference = &report["cases"][0]["differences"][0];
    assert_eq!(
        difference,
        &json!({ "pointer": "/speak", "expected": "one Ada", "actual": "two Ada" })
    );

    assert_eq!(desk.run("test cards --bless").0, Some(0));
    assert_eq!(desk.run("test cards").0, Some(0));
    let blessed = fs::read_to_string(desk.at("cards/hi/expected/ada.json")).expect("written");
    assert_eq!(blessed, "{\n  \"type\": \"AdaptiveCard\",\n  \"speak\": \"two Ada\"\n}\n");
}

#[test]
fn what_cannot_be_rendered_has_its_place() {
    let desk = Desk::new();
    desk.write("cards/hi/hi.card.json", "{\n \"body\": [{ \"text\": \"${1 +}\" }]\n}");
    desk.write("cards/b/b.card.json", GOOD);
    desk.write("cards/b/samples/bad.json", "{\n \"name\": }");
    desk.write("cards/b/expected/lost.json", "{}");
    let (code, said) = desk.run("test cards");
    assert_eq!(code, Some(1));
    for part in [
        "hi/hi.card.json:2:27: the expression ends too early (at /body/0/text)",
        "    2 |  \"body\": [{ \"text\": \"${1 +}\" }]\n      |                           ^",
        "b/samples/bad.json:2:10: not JSON: expected value (at /name)",
        "orphan     b/lost\n    there is no b/samples/lost.json",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let (code, said) = desk.run("test nowhere");
    assert_eq!((code, said.contains("nowhere")), (Some(2), true), "{said}");
    desk.write("empty/x.txt", "");
    let (code, said) = desk.run("test empty");
    assert_eq!((code, said.contains("there is no template")), (Some(2), true), "{said}");
}

#[test]
fn a_template_is_rendered_with_what_it_includes() {
    let desk = Desk::new();
    let text = |says: &str| format!(r#"{{"type":"TextBlock","text":"{says} ${{name}}"}}"#);
    desk.write("cards/parts/head.card.json", &text("head"));
    desk.write("cards/big/own.card.json", &text("own"));
    let card = r#"{"type":"AdaptiveCard","body":[{"$ref":"parts/head.card.json"},{"$ref":"./own.card.json"}]}"#;
    desk.write("cards/big/big.card.json", card);
    desk.write("data.json", r#"{"name":"Ada"}"#);
    let shown = desk.json("render cards/big/big.card.json --data data.json");
    assert_eq!(shown["body"][0]["text"], "head Ada");
    assert_eq!(shown["body"][1]["text"], "own Ada");
    desk.write("cards/big/big.card.json", &card.replace("own", "none"));
    let (code, said) = desk.run("render cards/big/big.card.json --data data.json");
    assert_ne!(code, Some(0));
    assert!(
        said.contains("cards/big/big.card.json:1:") && said.contains("none.card.json"),
        "{said}"
    );
}

#[test]
fn a_template_is_flattened() {
    let desk = Desk::new();
    let card = r#"{"type":"AdaptiveCard","body":[{"$ref":"parts/head.json","$data":"${x}"}]}"#;
    desk.write("cards/big/big.card.json", card);
    desk.write("cards/parts/head.json", r#"{"type":"TextBlock","text":"Hi ${name}"}"#);
    desk.write("cards/big/samples/one.json", r#"{"x":{"name":"Ada"}}"#);
    let flat = json!({
        "type": "AdaptiveCard",
        "body": [{ "$data": "${x}", "type": "TextBlock", "text": "Hi ${name}" }],
    });
    assert_eq!(desk.json("flatten cards/big/big.card.json"), flat);
    assert_eq!(desk.json("flatten cards/big/big.card.json --root cards"), flat);
    assert_eq!(desk.run("test cards --bless").0, Some(0));
    let card = fs::read_to_string(desk.at("cards/big/expected/one.json")).expect("written");
    assert!(card.contains("Hi Ada"), "{card}");
    for (wrong, why) in [
        ("flatten cards/no.card.json", "cards/no.card.json: No such file"),
        ("flatten cards/big/big.card.json --root cards/hi", "is not in"),
    ] {
        let (code, said) = desk.run(wrong);
        assert_eq!((code, said.contains(why)), (Some(2), true), "{said}");
    }
}

#[test]
fn versions_are_listed_pinned_and_rolled_back() {
    let desk = Desk::new();
    let library = desk.library();
    for word in ["two", "three"] {
        desk.write("cards/hi/hi.card.json", &GOOD.replace("one", word));
        assert_eq!(library.reload(), []);
    }
    let versions = desk.json("history hi --state state --format json");
    let versions = versions["versions"].as_array().expect("a list").clone();
    assert_eq!(versions.len(), 3);
    let oldest = versions[2]["version"].as_str().expect("a version");
    let (code, said) = desk.run("history hi --state state");
    assert_eq!((code, said.lines().count()), (Some(0), 4), "{said}");
    assert!(said.lines().nth(1).expect("a line").ends_with("  in use"), "{said}");

    // The library is open meanwhile, as that of a running bot.
    let (code, said) = desk.run("rollback hi --state state");
    assert_eq!((code, said.starts_with("`hi`: pinned to ")), (Some(0), true), "{said}");
    library.reload();
    assert_eq!(shown(&library), "two Ada");
    let (_, said) = desk.run("history hi --state state");
    assert!(said.contains("newest, waits") && said.contains("pinned, in use"), "{said}");
    let pinned = desk.json(&format!("pin hi {oldest} --state state --format json"));
    assert_eq!(pinned["pinned"], versions[2]["sha256"]);
    library.reload();
    assert_eq!(shown(&library), "one Ada");
    assert_eq!(desk.run("pin hi latest --state state").0, Some(0));
    library.reload();
    assert_eq!(shown(&library), "three Ada");

    assert_eq!(desk.run("pin --bundle 1 --state state").0, Some(0));
    library.reload();
    assert_eq!(shown(&library), "one Ada");
    assert_eq!(desk.run("pin --bundle latest --state state").0, Some(0));
    assert_eq!(desk.run("rollback --bundle --state state").0, Some(0));
    library.reload();
    assert_eq!(shown(&library), "two Ada");
    assert_eq!(desk.run("history --state state").1.lines().count(), 4);

    for (wrong, why) in [
        ("pin hi ffff --state state", "no version begins with `ffff`"),
        ("pin no latest --state state", "no template `no` was ever in use; there are: hi"),
        ("rollback hi --state nowhere", "there is no state directory `nowhere`"),
        ("history", "argus.toml"),
        ("pin", "required"),
        ("pin hi", "required"),
        ("rollback", "required"),
    ] {
        let (code, said) = desk.run(wrong);
        assert_eq!((code, said.contains(why)), (Some(2), true), "{wrong}: {said}");
    }
}

#[test]
fn templates_are_pulled_and_nothing_here_is_lost() {
    let desk = Desk::new();
    desk.write("key", "only for a test");
    desk.write(
        "argus.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:x\"\n[templates]\n\
         source = \"folder:cards\"\n[bot]\napp_id = \"a\"\ntenant_id = \"t\"\n\
         credential = { secret = \"file:key\" }\n",
    );
    let pull = |more: &str| desk.run(&format!("pull --into here{more}"));
    let (code, said) = pull("");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("folder:cards: 3 written, 0 the same, 0 left alone\n"), "{said}");
    assert_eq!(fs::read_to_string(desk.at("here/hi/hi.card.json")).expect("pulled"), GOOD);

    desk.write("here/hi/hi.card.json", "mine");
    desk.write("here/own.card.json", "mine");
    let (code, said) = pull("");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("differs    hi/hi.card.json; `--force` writes over it"), "{said}");
    assert_eq!(fs::read_to_string(desk.at("here/hi/hi.card.json")).expect("there"), "mine");
    let report = desk.json("pull --into here --force --format json");
    assert_eq!((&report["written"], &report["same"]), (&json!(["hi/hi.card.json"]), &json!(2)));
    assert_eq!(fs::read_to_string(desk.at("here/own.card.json")).expect("there"), "mine");
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Sends a request and reads until `enough` is in the answer.
fn get(address: &str, path: &str, host: &str, enough: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    // Not a measurement: it only bounds how long a failing test hangs.
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").expect("sent");
    read_until(&mut stream, enough)
}

fn read_until(stream: &mut TcpStream, enough: &str) -> String {
    let mut answer = Vec::new();
    let mut some = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains(enough) {
        let read = stream.read(&mut some).expect("in time");
        assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&some[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_save_is_told_to_the_open_page() {
    let desk = Desk::new();
    desk.write("page/preview.html", "the page");
    desk.write("secret.html", "not for everybody");
    let mut command = desk.command("dev cards --page page");
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let _running = Running(child);
    let url = line.trim().split(' ').next_back().expect("an address");
    let address = url.trim_start_matches("http://").split('/').next().expect("an address");

    assert!(get(address, "/preview.html", address, "the page").contains("content-security-policy"));
    get(address, "/", address, "the page");
    get(address, "/../secret.html", address, "404");
    get(address, "/preview.html", "evil.example", "421");
    let card = get(address, "/api/card?template=hi&sample=ada", address, "version.missing");
    assert!(card.contains("\"speak\":\"one Ada\""), "{card}");

    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    write!(stream, "GET /api/stream HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("sent");
    let first = read_until(&mut stream, "\"twists\"");
    assert!(first.contains("\"change\":1") && first.contains("\"errors\":1"), "{first}");
    desk.write("cards/hi/hi.card.json", "{ \"speak\": ${} }");
    read_until(&mut stream, "\"change\":2");
    let broken = get(address, "/api/card?template=hi&sample=ada", address, "\"level\":\"error\"");
    assert!(broken.contains("\"line\":1"), "{broken}");
}
