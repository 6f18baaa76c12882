//! Where answers may go.
//!
//! An activity says where its answer belongs, and the answer carries the bot's token. A forged
//! address is therefore a stolen token, so an address is a [`ServiceUrl`] only after its host was
//! found in a list of exact hosts.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use url::{Host, Url};

use crate::auth::Cloud;
use crate::error::{Error, ErrorKind};

/// Longer addresses are nothing that Teams sends; real ones have about 80 characters.
const MAX_LEN: usize = 2048;

/// Teams has one address per region and tenant; with more than this the oldest proofs are not worth
/// keeping and all are made anew.
const MAX_PROVEN: usize = 1024;

/// The hosts to which the bot may show its token.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::auth::{Cloud, ServiceUrlPolicy};
///
/// let policy = ServiceUrlPolicy::new(Cloud::Public);
/// assert!(policy.check("https://smba.trafficmanager.net/amer/").is_ok());
/// assert!(policy.check("https://smba.trafficmanager.net.evil.example/amer/").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct ServiceUrlPolicy {
    hosts: Vec<String>,
    origins: Vec<Origin>,
    any_loopback: bool,
    /// What passed before, by the very bytes that passed: each activity and each answer brings one
    /// of a few addresses.
    proven: Arc<RwLock<HashMap<Box<str>, ServiceUrl>>>,
}

/// An address that a [`ServiceUrlPolicy`] let pass, in normal form and without a slash at its end.
///
/// ```compile_fail
/// // Only a policy can make one.
/// let url = argus_bot_sdk::auth::ServiceUrl { url: "https://evil.example".into() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceUrl {
    url: Arc<str>,
}

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl ServiceUrlPolicy {
    /// The service hosts of `cloud`, and no others.
    pub fn new(cloud: Cloud) -> Self {
        let hosts = cloud.constants().service_hosts;
        Self {
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            origins: Vec::new(),
            any_loopback: false,
            proven: Arc::default(),
        }
    }

    /// Lets further addresses pass: same scheme, host and port, any path.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if an address is not an absolute `https` URL; `http` is possible for
    /// loopback addresses only.
    ///
    /// ```
    /// use argus_bot_sdk::auth::{Cloud, ServiceUrlPolicy};
    ///
    /// let policy = ServiceUrlPolicy::new(Cloud::Public).allowing(["https://proxy.example"])?;
    /// assert!(policy.check("https://proxy.example/emea/").is_ok());
    /// assert!(policy.check("https://proxy.example:8443/").is_err());
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    pub fn allowing<I, U>(mut self, urls: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = U>,
        U: AsRef<str>,
    {
        for url in urls {
            let parsed = parse(url.as_ref()).map_err(|why| {
                Error::new(ErrorKind::Config, format!("an allowed service URL {why}"))
            })?;
            self.origins.push(Origin::of(&parsed));
        }
        // Nothing is shared between policies that differ.
        self.proven = Arc::default();
        Ok(self)
    }

    /// Any port of this computer, for tests and for the Agents Playground.
    #[cfg(any(test, feature = "testing", feature = "danger-anonymous"))]
    pub fn loopback() -> Self {
        let (hosts, origins) = (Vec::new(), Vec::new());
        Self { hosts, origins, any_loopback: true, proven: Arc::default() }
    }

    /// Whether no address at all can pass.
    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.origins.is_empty() && !self.any_loopback
    }

    /// Proves that the bot may show its token to `url`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Forbidden`] if it is not an `https` URL of an allowed host, or carries user
    /// information, a query, a fragment or any spelling that another reader could take for another
    /// host.
    pub fn check(&self, url: &str) -> Result<ServiceUrl, Error> {
        let known = self.proven.read().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        if let Some(proven) = known {
            return Ok(proven);
        }
        let proven = self.prove(url)?;
        let mut known = self.proven.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_PROVEN {
            known.clear();
        }
        known.insert(url.into(), proven.clone());
        Ok(proven)
    }

    fn prove(&self, url: &str) -> Result<ServiceUrl, Error> {
        let parsed = parse(url)
            .map_err(|why| Error::new(ErrorKind::Forbidden, format!("the service URL {why}")))?;
        let origin = Origin::of(&parsed);
        let known =
            origin.scheme == "https" && origin.port.is_none() && self.hosts.contains(&origin.host);
        if known || self.origins.contains(&origin) || (self.any_loopback && is_loopback(&parsed)) {
            Ok(ServiceUrl { url: normal(&parsed).into() })
        } else {
            Err(Error::new(
                ErrorKind::Forbidden,
                "the service URL is on a host that is not allowed",
            ))
        }
    }
}

impl ServiceUrl {
    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Origin {
    fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
        }
    }
}

/// The normal form in which two addresses are compared; `None` for what is no service URL.
pub(crate) fn normalised(url: &str) -> Option<String> {
    parse(url).ok().map(|parsed| normal(&parsed))
}

/// Whether this is an address of this very computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Reads an address in which nothing can be read in two ways.
fn parse(text: &str) -> Result<Url, &'static str> {
    if text.len() > MAX_LEN {
        return Err("is too long");
    }
    // IDN look-alikes, percent-encoded hosts and dots, backslashes and tabs are read differently
    // by different URL parsers; Teams uses none of them.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]".contains(&byte);
    if !text.bytes().all(plain) {
        return Err("has characters that a service URL does not have");
    }
    let parsed = Url::parse(text).map_err(|_| "is not a URL")?;
    match parsed.scheme() {
        "https" => {}
        "http" if is_loopback(&parsed) => {}
        _ => return Err("is not https"),
    }
    let (_, after_scheme) = text.split_once("://").ok_or("is not a URL")?;
    let authority = after_scheme.split('/').next().unwrap_or_default();
    if !is_plain_authority(authority, &parsed) {
        return Err("has a host in an unusual spelling");
    }
    let path = after_scheme.strip_prefix(authority).unwrap_or_default();
    if path.contains("//") || (!path.is_empty() && path != parsed.path()) {
        return Err("has a path in an unusual spelling");
    }
    Ok(parsed)
}

/// Whether the text before the path is what the parser made of it, apart from upper case.
fn is_plain_authority(authority: &str, parsed: &Url) -> bool {
    let host = parsed.host_str().unwrap_or_default();
    let same = match parsed.port() {
        Some(port) => authority.eq_ignore_ascii_case(&format!("{host}:{port}")),
        None => authority.eq_ignore_ascii_case(host),
    };
    same && !host.is_empty() && !host.ends_with('.')
}

fn normal(url: &Url) -> String {
    let text = url.as_str();
    text.strip_suffix('/').unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &ServiceUrlPolicy, url: &str, expected: Option<&str>) {
        let seen = policy.check(url).ok();
        assert_eq!(seen.as_ref().map(ServiceUrl::as_str), expected, "{url:?}");
    }

    #[test]
    fn public_cloud() {
        let policy = ServiceUrlPolicy::new(Cloud::Public);
        for (url, expected) in [
            ("https://smba.trafficmanager.net/amer/", "https://smba.trafficmanager.net/amer"),
            ("https://smba.trafficmanager.net/amer", "https://smba.trafficmanager.net/amer"),
            ("https://smba.trafficmanager.net", "https://smba.trafficmanager.net"),
            ("https://smba.trafficmanager.net/", "https://smba.trafficmanager.net"),
            ("HTTPS://SMBA.TrafficManager.NET/teams/", "https://smba.trafficmanager.net/teams"),
            (
                "https://smba.trafficmanager.net/emea/11111111-2222-4333-8444-555555555555/",
                "https://smba.trafficmanager.net/emea/11111111-2222-4333-8444-555555555555",
            ),
        ] {
            check(&policy, url, Some(expected));
        }
    }

    #[test]
    fn look_alikes() {
        let policy = ServiceUrlPolicy::new(Cloud::Public)
            .allowing(["https://proxy.example:8443/", "http://127.0.0.1:9000", "http://[::1]:9001"])
            .unwrap();
        for url in [
            "",
            "/",
            "smba.trafficmanager.net",
            "//smba.trafficmanager.net/amer/",
            "https:smba.trafficmanager.net/amer/",
            "https:/smba.trafficmanager.net/amer/",
            "https:///smba.trafficmanager.net/amer/",
            "http://smba.trafficmanager.net/amer/",
            "ftp://smba.trafficmanager.net/amer/",
            "javascript://smba.trafficmanager.net/amer/",
            "https://smba.trafficmanager.net./amer/",
            "https://smba.trafficmanager.net:443/amer/",
            "https://smba.trafficmanager.net:8443/amer/",
            "https://smba.trafficmanager.net:/amer/",
            "https://smba.trafficmanager.net.evil.example/amer/",
            "https://evil.trafficmanager.net/amer/",
            "https://xsmba.trafficmanager.net/amer/",
            "https://smba-trafficmanager.net/amer/",
            "https://smba.evil.trafficmanager.net/amer/",
            "https://trafficmanager.net/amer/",
            "https://evil.example/smba.trafficmanager.net/",
            "https://evil.example/#smba.trafficmanager.net",
            "https://evil.example?smba.trafficmanager.net",
            "https://smba.trafficmanager.net@evil.example/amer/",
            "https://user@smba.trafficmanager.net/amer/",
            "https://user:pass@smba.trafficmanager.net/amer/",
            "https://@smba.trafficmanager.net/amer/",
            "https://smba.trafficmanager.net/amer/?a=b",
            "https://smba.trafficmanager.net/amer/#f",
            "https://smba.trafficmanager.net\\@evil.example/",
            "https:\\\\smba.trafficmanager.net/amer/",
            "https://smba.trafficmanager.net/amer/../x",
            "https://smba.trafficmanager.net/./amer/",
            "https://smba.trafficmanager.net//amer/",
            "https://smba.trafficmanager.net/%2e%2e/x",
            "https://smba%2etrafficmanager.net/amer/",
            "https://smba.trafficmanager.net%00.evil.example/",
            " https://smba.trafficmanager.net/amer/",
            "https://smba.trafficmanager.net/amer/\n",
            "https://smba.traffic\tmanager.net/amer/",
            "https://smba.trafficmanager.net\u{0}/amer/",
            "https://\u{ff53}mba.trafficmanager.net/amer/",
            "https://smb\u{430}.trafficmanager.net/amer/",
            "https://smba\u{3002}trafficmanager.net/amer/",
            "https://xn--smb-8cd.trafficmanager.net/amer/",
            "https://smba.infra.gov.teams.microsoft.us/teams",
            "https://smba.infra.gcc.teams.microsoft.com/teams",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/metadata",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "http://localhost:9000/",
            "http://127.0.0.1:9002/",
            "https://127.0.0.1:9000/",
            "http://127.1:9000/",
            "http://0177.0.0.1:9000/",
            "http://2130706433:9000/",
            "http://127.0.0.1:09000/",
            "http://[0:0:0:0:0:0:0:1]:9001/",
            "https://proxy.example/",
            "http://proxy.example:8443/",
        ] {
            check(&policy, url, None);
        }
        check(&policy, &format!("https://smba.trafficmanager.net/{}", "a".repeat(3000)), None);
        check(&policy, "https://proxy.example:8443/a", Some("https://proxy.example:8443/a"));
        check(&policy, "http://127.0.0.1:9000/a/", Some("http://127.0.0.1:9000/a"));
        check(&policy, "http://[::1]:9001", Some("http://[::1]:9001"));
    }

    #[test]
    fn each_cloud_has_only_its_own_hosts() {
        let clouds = [Cloud::Public, Cloud::Gcc, Cloud::GccHigh, Cloud::Dod, Cloud::China];
        for cloud in clouds {
            let policy = ServiceUrlPolicy::new(cloud);
            for other in clouds {
                for host in other.constants().service_hosts {
                    let passes = policy.check(&format!("https://{host}/teams")).is_ok();
                    assert_eq!(
                        passes,
                        cloud.constants().service_hosts.contains(host),
                        "{cloud:?} {host}"
                    );
                }
            }
            if let Some(url) = cloud.constants().default_service_url {
                assert!(policy.check(url).is_ok(), "{cloud:?} refuses its own default");
            }
        }
    }

    #[test]
    fn configuration_is_checked() {
        for url in [
            "http://proxy.example",
            "proxy.example",
            "https://a@b.example",
            "https://b.example./",
            "",
        ] {
            let refused = ServiceUrlPolicy::new(Cloud::China).allowing([url]);
            assert_eq!(refused.map(|_| ()).map_err(|e| e.kind()), Err(ErrorKind::Config), "{url}");
        }
    }

    #[test]
    fn proofs_are_kept_within_bounds_and_not_shared() {
        let wide = ServiceUrlPolicy::new(Cloud::Public).allowing(["https://a.example"]).unwrap();
        for n in 0..3 * MAX_PROVEN {
            check(
                &wide,
                &format!("https://a.example/{n}"),
                Some(&format!("https://a.example/{n}")),
            );
            check(&wide, &format!("https://b.example/{n}"), None);
        }
        assert!(wide.proven.read().unwrap().len() <= MAX_PROVEN);
        check(&ServiceUrlPolicy::new(Cloud::Public), "https://a.example/1", None);
        let wider = wide.clone().allowing(["https://b.example"]).unwrap();
        check(&wider, "https://b.example/1", Some("https://b.example/1"));
        check(&wide, "https://b.example/1", None);
    }

    #[test]
    fn loopback_is_only_loopback() {
        let policy = ServiceUrlPolicy::loopback();
        check(
            &policy,
            "http://127.0.0.1:35297/_connector",
            Some("http://127.0.0.1:35297/_connector"),
        );
        check(&policy, "http://localhost:1/", Some("http://localhost:1"));
        for url in ["http://10.0.0.1:80/", "http://localhost.evil.example/", "https://0.0.0.0/"] {
            check(&policy, url, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_passes_is_on_the_host(tail in "[a-zA-Z0-9./:@?#\\\\%\\[\\] -]{0,40}") {
            let policy = ServiceUrlPolicy::new(Cloud::Public);
            for url in [format!("https://{tail}"), format!("https://smba.trafficmanager.net{tail}")] {
                if let Ok(passed) = policy.check(&url) {
                    proptest::prop_assert!(
                        passed.as_str().starts_with("https://smba.trafficmanager.net/")
                            || passed.as_str() == "https://smba.trafficmanager.net",
                        "{url} passed as {passed}"
                    );
                }
            }
        }
    }
}
