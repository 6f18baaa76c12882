//! Credentials from the environment: each name that the field uses, as far as a token of Entra.

use argus_bot_sdk::bot::Env;
use argus_bot_sdk::testing::{
    APP_ID, APP_SECRET, AppRegistration, CONNECTOR, FakeEntra, IDENTITY, IDENTITY_HEADER, TENANT,
    TestCertificate, TokenSpec,
};
use argus_bot_sdk::{Error, ErrorKind};
use tempfile::TempDir;

const CLUSTER: &str = "https://oidc.example/cluster-1";
const POD: &str = "system:serviceaccount:soc:argus";

type Variables<'a> = &'a [(&'a str, &'a str)];

/// An Entra that takes every proof of the bot, and files to point at.
struct World {
    entra: FakeEntra,
    files: TempDir,
    certificate: TestCertificate,
}

impl World {
    async fn new() -> Self {
        let certificate = TestCertificate::new();
        let app = AppRegistration::new(APP_ID, APP_SECRET)
            .certificate(&certificate)
            .federated(CLUSTER, POD)
            .federated(FakeEntra::issuer(TENANT), IDENTITY);
        let entra = FakeEntra::builder().app(app).identity(APP_ID).start().await.unwrap();
        Self { entra, files: tempfile::tempdir().unwrap(), certificate }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn env(&self, more: Variables<'_>) -> Result<Env, Error> {
        let token_url = self.entra.token_url(TENANT);
        let base = [("APP_ID", APP_ID), ("TENANT_ID", TENANT), ("TOKEN_URL", token_url.as_str())];
        let mut all = [more, base.as_slice()].concat();
        all.retain(|(_, value)| !value.is_empty());
        Env::from_lookup(|name| {
            all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// Whose token the bot gets.
    async fn token(&self, more: Variables<'_>) -> Result<String, Error> {
        let token = self.env(more)?.tokens()?.token().await?;
        Ok(self.entra.check(Some(token.expose()), CONNECTOR).unwrap().app_id)
    }

    async fn error(&self, more: Variables<'_>) -> String {
        let error = self.token(more).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        error.to_string()
    }
}

#[tokio::test]
async fn every_credential_gets_the_bot_its_token() {
    let world = World::new().await;
    let made = &world.certificate;
    let pem = world.file("bot.pem", &format!("{}{}", made.key_pem(), made.certificate_pem()));
    let projected = world.entra.mint(&TokenSpec::federated(CLUSTER, POD));
    let projected = world.file("token", &projected);
    let machine = world.entra.url() + "/";
    let here = world.entra.app_service_url();
    let app_service = [("IDENTITY_ENDPOINT", here.as_str()), ("IDENTITY_HEADER", IDENTITY_HEADER)];
    let on_a_machine = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.as_str())];
    let cases: [(&str, Vec<(&str, &str)>); 11] = [
        ("a secret", vec![("APP_SECRET", APP_SECRET)]),
        ("a secret, as the Teams SDK names it", vec![("CLIENT_SECRET", APP_SECRET)]),
        ("a secret, as the Azure SDKs name it", vec![("AZURE_CLIENT_SECRET", APP_SECRET)]),
        ("a certificate", vec![("AZURE_CLIENT_CERTIFICATE_PATH", &pem)]),
        (
            "a certificate and its chain",
            vec![
                ("AZURE_CLIENT_CERTIFICATE_PATH", &pem),
                ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True"),
            ],
        ),
        ("workload identity", vec![("AZURE_FEDERATED_TOKEN_FILE", &projected)]),
        ("App Service, unasked", app_service.to_vec()),
        (
            "App Service, asked",
            [&app_service[..], &[("MANAGED_IDENTITY_CLIENT_ID", APP_ID)]].concat(),
        ),
        (
            "App Service, trusted",
            [&app_service[..], &[("MANAGED_IDENTITY_CLIENT_ID", "system")]].concat(),
        ),
        ("a machine", [&on_a_machine[..], &[("MANAGED_IDENTITY_CLIENT_ID", APP_ID)]].concat()),
        (
            "a machine, trusted",
            [&on_a_machine[..], &[("MANAGED_IDENTITY_CLIENT_ID", IDENTITY)]].concat(),
        ),
    ];
    for (name, variables) in cases {
        assert_eq!(world.token(&variables).await.unwrap(), APP_ID, "{name}");
    }
}

#[tokio::test]
async fn what_the_platform_injects_does_not_overrule_what_somebody_chose() {
    let world = World::new().await;
    let here = world.entra.app_service_url();
    let platform = [
        ("AZURE_CLIENT_ID", "another"),
        ("AZURE_TENANT_ID", "elsewhere"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere"),
        ("IDENTITY_ENDPOINT", here.as_str()),
        ("IDENTITY_HEADER", "wrong"),
    ];
    let chosen = [&platform[..], &[("APP_SECRET", APP_SECRET)]].concat();
    assert_eq!(world.token(&chosen).await.unwrap(), APP_ID);
}

#[test]
fn the_app_and_its_tenant_have_the_field_s_names_too() {
    for (name, tenant) in [
        ("APP_ID", "TENANT_ID"),
        ("CLIENT_ID", "TENANT_ID"),
        ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
    ] {
        let env = Env::from_lookup(|asked| match asked {
            _ if asked == name => Some(APP_ID.to_owned()),
            _ if asked == tenant => Some(TENANT.to_owned()),
            "APP_SECRET" => Some("s".to_owned()),
            _ => None,
        });
        let env = env.unwrap();
        assert_eq!(env.app_id(), APP_ID);
        assert!(env.connect().is_ok(), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_work_says_what_to_change() {
    let world = World::new().await;
    let missing = world.error(&[]).await;
    for name in ["APP_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "MANAGED_IDENTITY_CLIENT_ID"] {
        assert!(missing.contains(name), "{missing}");
    }
    let twice = [("CLIENT_SECRET", "s"), ("MANAGED_IDENTITY_CLIENT_ID", "system")];
    assert_eq!(
        world.error(&twice).await,
        "CLIENT_SECRET and MANAGED_IDENTITY_CLIENT_ID are both set; leave the one that proves the bot"
    );
    let half = world.error(&[("IDENTITY_HEADER", "h")]).await;
    assert_eq!(half, "IDENTITY_HEADER is set, but IDENTITY_ENDPOINT is not");
    let path = "AZURE_CLIENT_CERTIFICATE_PATH";
    let nowhere = world.error(&[(path, "/nowhere/bot.pem")]).await;
    assert!(nowhere.contains("/nowhere/bot.pem"), "{nowhere}");
    let only = world.file("only.pem", world.certificate.certificate_pem());
    assert!(world.error(&[(path, &only)]).await.contains("key"), "without a key");
    let locked = world.error(&[(path, &only), ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "p")]).await;
    assert!(locked.contains("unencrypted"), "{locked}");
    let maybe = [(path, only.as_str()), ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "maybe")];
    assert!(world.error(&maybe).await.contains("maybe"));
    let far = [("IDENTITY_ENDPOINT", "http://evil.example/"), ("IDENTITY_HEADER", "h")];
    assert!(world.error(&far).await.contains("on this computer"));
}

#[tokio::test]
async fn nothing_secret_of_the_environment_is_shown() {
    let world = World::new().await;
    for name in ["APP_SECRET", "CLIENT_SECRET"] {
        let env = world.env(&[(name, "canary-4711")]).unwrap();
        assert!(!format!("{env:?}").contains("canary"), "{env:?}");
    }
    let env = world
        .env(&[("IDENTITY_ENDPOINT", "http://127.0.0.1:1/"), ("IDENTITY_HEADER", "canary-4711")]);
    assert!(!format!("{env:?}").contains("canary"), "{env:?}");
}
