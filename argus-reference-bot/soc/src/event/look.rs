//! What a text is by its looks alone: an address, a hash, a web address, a mailbox.

use std::net::{IpAddr, SocketAddr};

/// The address in a text: bare, with a zone, in brackets, with a port or a host's prefix length.
pub(super) fn ip(text: &str) -> Option<IpAddr> {
    // The longest form is IPv6 in brackets with a zone and a port.
    if !(2..=64).contains(&text.len()) || !text.bytes().any(|b| matches!(b, b'.' | b':')) {
        return None;
    }
    if !text.bytes().next().is_some_and(|b| b.is_ascii_hexdigit() || matches!(b, b'[' | b':')) {
        return None;
    }
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    // The zone of a link-local address belongs to one machine, not to the address.
    let bare = bare.split('%').next().unwrap_or(bare);
    bare.parse().ok().or_else(|| with_port(text)).or_else(|| of_network(bare))
}

fn with_port(text: &str) -> Option<IpAddr> {
    text.parse::<SocketAddr>().ok().map(|socket| socket.ip())
}

/// The address of an interface, `192.0.2.7/24`. A network's own address names no machine.
fn of_network(text: &str) -> Option<IpAddr> {
    let (address, length) = text.split_once('/')?;
    let (ip, length) = (address.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?);
    let (bits, width) = match ip {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let host_bits = 1_u128.checked_shl(width - length.min(width)).map_or(u128::MAX, |bit| bit - 1);
    (length <= width && (length == width || bits & host_bits != 0)).then_some(ip)
}

/// Whether a text is the number of a kind of event, as Windows has them: 16 bits.
pub(super) fn is_event_number(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// Whether a text is the hash of a file by its length: MD5, SHA-1, SHA-256, SHA-512.
pub(super) fn is_hash(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 64 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        // All zeros is how products write "not computed".
        && text.bytes().any(|byte| byte != b'0')
}

/// Whether a text is a web address with its scheme. `hxxp` is how people make one harmless.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    (2..=10).contains(&scheme.len())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest.len() >= 3
        && !text.contains(char::is_whitespace)
        && !text.contains(['<', '>', '{', '"'])
}

/// Whether a text is `somebody@somewhere`.
pub(super) fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= 254
        && !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
        && is_domain(domain)
}

/// Whether a text is a domain name of two labels or more whose last is no number.
pub(super) fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let top = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && top.len() >= 2
        && top.chars().any(char::is_alphabetic)
        && text.split('.').all(label)
}

/// Whether a text is a Windows security identifier.
pub(super) fn is_sid(text: &str) -> bool {
    let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    })
}

/// Whether a text names something that a cloud provider runs.
pub(super) fn is_resource(text: &str) -> bool {
    let arn = text.strip_prefix("arn:aws");
    arn.is_some_and(|rest| rest.matches(':').count() >= 4)
        || text.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("/subscriptions/"))
        || (text.starts_with("//") && text.contains(".googleapis.com/"))
}

/// Whether a text says that there is nothing: `-`, `N/A`, `null`, a template's hole.
pub(super) fn is_nothing(text: &str) -> bool {
    const NOTHING: [&str; 14] = [
        "n/a",
        "na",
        "null",
        "none",
        "unknown",
        "undefined",
        "<null>",
        "(null)",
        "null sid",
        "not available",
        "nil",
        "[]",
        "{}",
        "%%*",
    ];
    !text.chars().any(char::is_alphanumeric)
        || NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
        || text.contains("{{")
        || (text.starts_with('{') && text.ends_with('}'))
        || text.starts_with(['%', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        fn check(text: &str, expected: &str) {
            let got = ip(text).map_or_else(|| "-".to_owned(), |ip| ip.to_string());
            assert_eq!(got, expected, "{text}");
        }
        check("192.0.2.7", "192.0.2.7");
        check("192.0.2.7:443", "192.0.2.7");
        check("[2001:db8::1]:443", "2001:db8::1");
        check("[2001:db8::1]", "2001:db8::1");
        check("fe80::1%eth0", "fe80::1");
        check("192.0.2.7/32", "192.0.2.7");
        check("192.0.2.7/24", "192.0.2.7");
        check("192.0.2.0/24", "-");
        check("0.0.0.0/0", "-");
        check("::/0", "-");
        check("192.0.2.7/33", "-");
        check("1.2.3", "-");
        check("035.1.1.1", "-");
        check("12:30", "-");
        check("abcd", "-");
    }

    #[test]
    fn looks() {
        for url in ["https://a.example/x?y=1", "hxxps://a[.]example", "ftp://a.example"] {
            assert!(is_url(url), "{url}");
        }
        for no in ["a.example", "://x", "see https://a.example", "https://api/{id}"] {
            assert!(!is_url(no), "{no}");
        }
        for mail in ["a.b+c@corp.example", "x@y.zz"] {
            assert!(is_mail(mail), "{mail}");
        }
        for no in ["a@b", "@corp.example", "a b@corp.example", "a@1.2"] {
            assert!(!is_mail(no), "{no}");
        }
        for domain in ["corp.example", "a-b.c_d.example.", "münchen.example"] {
            assert!(is_domain(domain), "{domain}");
        }
        for no in ["corp", "1.2.3.4", "a..b", "-a.example", "a b.example"] {
            assert!(!is_domain(no), "{no}");
        }
        assert!(is_hash(&"a1".repeat(16)) && !is_hash(&"00".repeat(16)) && !is_hash("a1"));
        assert!(is_sid("S-1-5-18") && !is_sid("S-1-") && !is_sid("S-1-x"));
        assert!(is_resource("arn:aws:s3:::b") && is_resource("/subscriptions/1/x"));
        for nothing in ["-", "", "N/A", "NULL SID", "...", "{{ host.name }}", "%user.name"] {
            assert!(is_nothing(nothing), "{nothing}");
        }
        assert!(!is_nothing("ann"));
    }
}
