//! Every constant of every cloud, as one picture: what changes here changes who is believed.

use std::fmt::Write as _;
use std::sync::Arc;

use argus_bot_sdk::auth::{
    Authenticator, Cloud, EntraApp, InboundConfig, Secret, ServiceUrlPolicy,
};
use argus_bot_sdk::clock::ManualClock;

use super::{APP, NOW, TENANT};

const CHINESE_SERVICE: &str = "https://teams.example.cn/";

/// One line per constant, one column per cloud would be too wide: one block per cloud.
fn picture() -> String {
    let mut text = String::new();
    for cloud in Cloud::ALL {
        let it = cloud.constants();
        let [v2, v1] = cloud.entra_issuers("TENANT");
        let service = it.default_service_url.unwrap_or("-");
        let multi = cloud.multi_tenant_token_url();
        let rows = [
            ("openid", it.openid_metadata_url),
            ("jwks", it.jwks_url),
            ("issuer", it.issuer),
            ("entra openid", it.entra_openid_url),
            ("entra v2", &v2),
            ("entra v1", &v1),
            ("token", &cloud.token_url("TENANT")),
            ("multi-tenant", multi.as_deref().unwrap_or("-")),
            ("bot tenant", it.bot_tenant),
            ("bot scope", it.bot_scope),
            ("token service", it.token_service),
            ("exchange", it.exchange_audience),
            ("graph", it.graph_host),
            ("graph scope", it.graph_scope),
            ("service url", service),
            ("service hosts", &it.service_hosts.join(" ")),
        ];
        writeln!(text, "{cloud}").unwrap();
        for (name, value) in rows {
            let line = format!("  {name:13} {value}");
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
    }
    text
}

#[test]
fn the_table() {
    assert_eq!(picture(), include_str!("clouds.txt"));
}

#[test]
fn each_name_is_one_cloud() {
    for cloud in Cloud::ALL {
        assert_eq!(cloud.to_string().parse::<Cloud>().unwrap(), cloud);
    }
    assert_eq!("gcch".parse::<Cloud>().unwrap(), Cloud::GccHigh);
    for name in ["", "Public", "commercial", "gov"] {
        assert!(name.parse::<Cloud>().is_err(), "{name}");
    }
}

/// Whatever is built from a cloud's row works, and leads nowhere but there.
#[test]
fn every_row_is_whole() {
    for cloud in Cloud::ALL {
        let it = cloud.constants();
        let config = InboundConfig::new(APP, cloud)
            .emulator(TENANT)
            .entra_caller(TENANT, "another-app")
            .allowed_service_urls((cloud == Cloud::China).then_some(CHINESE_SERVICE));
        assert!(Authenticator::new(config, Arc::new(ManualClock::at(NOW))).is_ok(), "{cloud}");
        let app = EntraApp::with_secret(&cloud.token_url(TENANT), APP, Secret::new("x"));
        assert!(app.is_ok(), "{cloud}");
        let host = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
        assert_eq!(host(it.openid_metadata_url), host(it.jwks_url), "{cloud}");
        assert_eq!(host(it.entra_openid_url), it.login_host, "{cloud}");
        assert_eq!(it.bot_scope, format!("{}/.default", it.issuer), "{cloud}");
        assert_eq!(it.graph_scope, format!("https://{}/.default", it.graph_host), "{cloud}");
        assert!(it.token_service.starts_with("https://"), "{cloud}");
        let policy = ServiceUrlPolicy::new(cloud);
        if let Some(url) = it.default_service_url {
            assert!(policy.check(url).is_ok(), "{cloud}");
        }
        for other in Cloud::ALL {
            let same_identity = other.constants().issuer == it.issuer;
            assert_eq!(other.constants().login_host == it.login_host, same_identity, "{cloud}");
            for host in other.constants().service_hosts {
                let passes = policy.check(&format!("https://{host}/teams/")).is_ok();
                assert_eq!(passes, it.service_hosts.contains(host), "{cloud} {other} {host}");
            }
        }
    }
}
