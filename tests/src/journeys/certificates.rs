//! A source that shows a certificate, to a bot that speaks TLS itself.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest, Sha256};

use super::world::{API_KEY, Left, Plan, World, alert, answer};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key in PEM, and the certificate's SHA-256.
fn issue(authority: &Authority, name: &str) -> (String, String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let made = params.signed_by(&key, authority).unwrap();
    let digest = argus_reference_bot::hex::hex(&Sha256::digest(made.der()));
    (made.pem(), key.serialize_pem(), digest)
}

#[tokio::test]
async fn a_source_is_its_certificate_and_no_header_says_so() {
    let (ours, others) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        format!("file:{}", folder.path().join(name).display())
    };
    let (chain, key, _) = issue(&ours, "localhost");
    let pinned = issue(&ours, "edr.fjordbank.example");
    let named = issue(&ours, "siem.fjordbank.example");
    let foreign = issue(&others, "siem.fjordbank.example");
    let settings = format!(
        "[server.tls]\ncert = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"\n\
         [ingest.sources.pinned]\nkind = \"auto\"\nauth = {{ mtls = {{ sha256 = [\"{}\"] }} }}\n\
         [ingest.sources.named]\nkind = \"auto\"\n\
         auth = {{ mtls = {{ san = [\"siem.fjordbank.example\"] }} }}\n",
        file("chain.pem", &chain),
        file("key.pem", &key),
        file("ca.pem", &ours.pem()),
        pinned.2,
    );
    let world = World::with(Plan { settings, ..Plan::default() }).await;
    let client = |shown: Option<&(String, String, String)>| {
        let root = reqwest::Certificate::from_pem(ours.pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        let builder = match shown {
            Some((certificate, key, _)) => {
                let both = format!("{certificate}{key}");
                builder.identity(reqwest::Identity::from_pem(both.as_bytes()).unwrap())
            }
            None => builder,
        };
        builder.build().unwrap()
    };
    let url = |path: &str| {
        world.url(path).replace("http://", "https://").replace("127.0.0.1", "localhost")
    };
    let post = |shown, source: &str| {
        let request = client(shown).post(url(&format!("/ingest/{source}")));
        request.body(alert("a-1", "ws-114").to_string())
    };
    assert_eq!(answer(post(Some(&pinned), "pinned")).await.0, 202);
    assert_eq!(answer(post(Some(&pinned), "named")).await.0, 401);
    assert_eq!(answer(post(Some(&named), "named")).await.0, 202);
    assert_eq!(answer(post(Some(&named), "pinned")).await.0, 401);
    assert_eq!(answer(post(None, "pinned")).await.0, 401);
    for header in
        ["x-client-cert", "x-forwarded-client-cert", "x-ssl-client-sha256", "x-arr-clientcert"]
    {
        let request = post(None, "pinned").header(header, &pinned.2);
        assert_eq!(answer(request).await.0, 401, "{header}");
    }
    assert_eq!(
        answer(post(None, "keyed").header("x-api-key", API_KEY)).await.0,
        202,
        "no certificate"
    );
    let refused = post(Some(&foreign), "named").send().await;
    assert!(refused.is_err(), "a foreign authority's certificate gets no TLS: {refused:?}");
    world.finish(Left::default()).await;
}
