//! `argus explain-token`, as a person runs it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use argus_bot_sdk::testing::{APP_ID, FakeEntra, Signer, TENANT, TokenSpec};
use serde_json::{Value, json};
use tempfile::TempDir;

const SERVICE: &str = "https://smba.trafficmanager.net/amer/";
const NEVER: i64 = 4_000_000_000;
const AGENT: &str = "77777777-8888-4999-8aaa-bbbbbbbbbbbb";

struct Scene {
    entra: FakeEntra,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let entra = FakeEntra::start().await.expect("starts");
        let scene = Self { entra, folder: tempfile::tempdir().expect("a folder") };
        let metadata = scene.entra.metadata_url();
        scene.write(
            "argus.toml",
            &format!(
                "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:x\"\n[templates]\n\
                 source = \"folder:x\"\n[bot]\napp_id = \"{APP_ID}\"\ntenant_id = \"{TENANT}\"\n\
                 credential = {{ secret = \"env:ARGUS_NOT_THERE\" }}\n\
                 openid_metadata_url = \"{metadata}\"\n\
                 entra_callers = [{{ tenant_id = \"{TENANT}\", app_id = \"{AGENT}\" }}]\n"
            ),
        );
        scene
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Runs the command beside the fake, which answers meanwhile.
    async fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
        command.arg("explain-token").args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let ran = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("starts");
            // A command that reads nothing may be gone already.
            drop(child.stdin.take().expect("piped").write_all(input.as_bytes()));
            child.wait_with_output().expect("ends")
        });
        ran.await.expect("ends")
    }

    async fn explain(&self, token: &str) -> (Option<i32>, Value) {
        let output = self.run(&["-", "--format", "json"], token).await;
        let said = serde_json::from_slice(&output.stdout);
        (output.status.code(), said.unwrap_or_else(|_| panic!("{output:?}")))
    }
}

fn good() -> TokenSpec {
    TokenSpec::bot(APP_ID, SERVICE)
}

#[tokio::test]
async fn each_broken_rule_is_named_with_what_to_do() {
    let scene = Scene::new().await;
    let agent = || TokenSpec::emulator(APP_ID, TENANT).claim("azp", AGENT);
    for (spec, rule) in [
        (good(), None),
        (agent(), None),
        (good().expires_in(-301), Some("exp")),
        (good().claim("nbf", NEVER).claim("exp", NEVER + 60), Some("nbf")),
        (good().claim("aud", "another-app"), Some("aud")),
        (good().claim("iss", "https://api.botframework.us"), Some("iss")),
        (good().without("serviceurl"), Some("serviceurl")),
        (good().header("alg", "none"), Some("alg")),
        (good().signed_by(Signer::Tampered), Some("signature")),
        (good().signed_by(Signer::Stranger), Some("signature")),
        (good().header("kid", "nobody"), Some("kid")),
        (agent().claim("azp", "another"), Some("appid")),
        (agent().without("tid"), Some("tid")),
        (agent().claim("scp", "access_as_user"), Some("app_only")),
    ] {
        let (code, said) = scene.explain(&scene.entra.mint(&spec)).await;
        let expected = if rule.is_none() { (0, "believed") } else { (1, "refused") };
        assert_eq!(
            (code, said["verdict"].as_str()),
            (Some(expected.0), Some(expected.1)),
            "{said}"
        );
        assert_eq!(said["rule"].as_str(), rule, "{said}");
        if let Some(rule) = rule {
            let findings = said["findings"].as_array().expect("a list");
            let broken = findings.iter().find(|it| it["rule"] == rule).expect("it is listed");
            assert!(broken["advice"].is_string() && broken["detail"].is_string(), "{broken}");
        }
    }
}

#[tokio::test]
async fn the_contents_and_the_clock_are_shown_and_the_signature_is_not() {
    let scene = Scene::new().await;
    let token = scene.entra.mint(&good().expires_in(600));
    let (_, said) = scene.explain(&token).await;
    assert_eq!(said["claims"]["serviceurl"], SERVICE);
    assert_eq!(said["header"]["alg"], "RS256");
    let ends = said["clock"]["ends_in"].as_i64().expect("a number");
    assert!((500..=600).contains(&ends), "{ends}");
    let file = scene.write("token.txt", &format!("Authorization: Bearer {token}\n"));
    let output = scene.run(&[&file.display().to_string()], "").await;
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("The bot believes this token."), "{text}");
    let signature = token.rsplit_once('.').expect("three parts").1;
    assert!(!text.contains(signature) && !said.to_string().contains(signature));
}

#[tokio::test]
async fn the_body_is_checked_as_the_door_does() {
    let scene = Scene::new().await;
    let token = scene.entra.mint(&good());
    let body = |tenant: &str, service: &str| {
        json!({
            "type": "message", "channelId": "msteams", "serviceUrl": service, "text": "x",
            "conversation": { "id": "a:1", "tenantId": tenant },
        })
        .to_string()
    };
    for (body, code, rule) in [
        (body(TENANT, SERVICE), 0, None),
        (body("other", SERVICE), 1, Some("tenant")),
        (body(TENANT, "https://smba.trafficmanager.net/emea/"), 1, Some("serviceurl")),
        ("{}".to_owned(), 1, Some("body")),
    ] {
        let file = scene.write("body.json", &body).display().to_string();
        let output = scene.run(&["-", "--activity", &file, "--format", "json"], &token).await;
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((output.status.code(), said["rule"].as_str()), (Some(code), rule), "{said}");
    }
}

#[tokio::test]
async fn what_is_no_token_and_what_cannot_be_said() {
    let scene = Scene::new().await;
    for garbage in ["", "garbage", "a.b", "Bearer", "{}"] {
        let (code, said) = scene.explain(garbage).await;
        assert_eq!((code, said["rule"].as_str()), (Some(1), Some("format")), "{garbage}");
    }
    let token = scene.entra.mint(&good());
    scene.entra.outage(true);
    let (code, said) = scene.explain(&token).await;
    assert_eq!((code, said["verdict"].as_str()), (Some(1), Some("unknown")), "{said}");
    assert_eq!(said["rule"], "keys");
}

#[tokio::test]
async fn wrong_usage_is_2_and_help_has_an_example() {
    let scene = Scene::new().await;
    for arguments in [
        &[][..],
        &["not-there.txt"],
        &["-", "--config", "not-there.toml"],
        &["-", "--activity", "not-there.json"],
        &["-", "--format", "yaml"],
    ] {
        let output = scene.run(arguments, "a.b.c").await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let help = scene.run(&["--help"], "").await;
    let text = String::from_utf8(help.stdout).expect("text");
    assert_eq!(help.status.code(), Some(0));
    assert!(text.contains("argus explain-token - --config argus.toml --format json"), "{text}");
}
