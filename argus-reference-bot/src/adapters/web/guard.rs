//! Which addresses are not of the public internet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address belongs to this computer, to a private network, or to no single host.
pub(in crate::adapters) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(it) => is_private_v4(it),
        IpAddr::V6(it) => {
            let first = it.segments().first().copied().unwrap_or_default();
            let carried = match it.segments() {
                // NAT64 and 6to4 carry an IPv4 address.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    Some(u32::from(high) << 16 | u32::from(low))
                }
                _ => None,
            };
            it.is_loopback()
                || it.is_unspecified()
                || it.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || carried.is_some_and(|it| is_private_v4(it.into()))
        }
    }
}

fn is_private_v4(it: Ipv4Addr) -> bool {
    let [a, b, ..] = it.octets();
    it.is_private()
        || it.is_loopback()
        || it.is_link_local()
        || it.is_multicast()
        || it.is_broadcast()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
        || it.octets().starts_with(&[192, 0, 0])
}

/// Whether a URL names a private address, or this computer, outright.
pub(in crate::adapters) fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(it)) => is_private(it.into()),
        Some(Host::Ipv6(it)) => is_private(it.into()),
        Some(Host::Domain(name)) => {
            // A dot at the end is the same name.
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        None => true,
    }
}

/// Looks names up and leaves private addresses out. The connection goes to what was looked up here,
/// so that a name cannot mean something else a moment later.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| !is_private(it.ip())).collect();
            if public.is_empty() {
                return Err("the name has no public address".into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(is_private(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(!is_private(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn urls_of_this_computer_are_private() {
        for url in ["http://localhost/", "http://a.LOCALHOST/", "http://[::1]/", "http://127.1/"] {
            assert!(is_private_host(&Url::parse(url).expect("a URL")), "{url}");
        }
        assert!(!is_private_host(&Url::parse("https://ti.example/").expect("a URL")));
    }

    #[tokio::test]
    async fn a_name_of_this_computer_has_no_public_address() {
        let name = "localhost".parse().expect("a name");
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}
