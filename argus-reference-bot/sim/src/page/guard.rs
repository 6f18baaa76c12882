//! Who may talk to the page's server: a browser on this computer, on behalf of the page itself.

use http::{HeaderMap, Method, header};

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another name than ours leads here: somebody rebinds DNS.
    Host,
    /// A page of another origin asks for a change.
    Origin,
    /// A form or a text; both could come from another origin unasked.
    ContentType,
}

impl Refusal {
    /// The status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Host => 421,
            Self::Origin => 403,
            Self::ContentType => 415,
        }
    }

    /// What to tell whoever reads the answer.
    pub fn title(self) -> &'static str {
        match self {
            Self::Host => "this server answers to 127.0.0.1 and localhost only",
            Self::Origin => "only the page itself may do this",
            Self::ContentType => "send application/json",
        }
    }
}

/// Checks what a browser says about where a request comes from; `port` is where the page is served.
///
/// # Errors
///
/// The [`Refusal`] to answer with.
pub fn admit(method: &Method, headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let host = only(headers, header::HOST).unwrap_or_default();
    let ours = ["127.0.0.1", "localhost", "[::1]"];
    if !ours.iter().any(|name| host == format!("{name}:{port}")) {
        return Err(Refusal::Host);
    }
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let same_origin = match headers.get_all(header::ORIGIN).iter().count() {
        0 => true,
        _ => only(headers, header::ORIGIN).is_some_and(|origin| origin == format!("http://{host}")),
    };
    if !same_origin {
        return Err(Refusal::Origin);
    }
    let kind = only(headers, header::CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::ContentType);
    }
    Ok(())
}

/// A header that is there once and is text.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn only_the_page_itself_changes_anything() {
        let check = |method: Method, pairs: &[(&'static str, &str)], expected| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(admit(&method, &headers, 8080), expected, "{method} {pairs:?}");
        };
        let host = ("host", "127.0.0.1:8080");
        check(Method::GET, &[host], Ok(()));
        check(Method::GET, &[("host", "localhost:8080")], Ok(()));
        check(Method::GET, &[("host", "attacker.example:8080")], Err(Refusal::Host));
        check(Method::GET, &[("host", "127.0.0.1:8081")], Err(Refusal::Host));
        check(Method::GET, &[host, host], Err(Refusal::Host));
        check(Method::GET, &[], Err(Refusal::Host));
        check(Method::POST, &[host, JSON], Ok(()));
        check(Method::POST, &[host, JSON, ("origin", "http://127.0.0.1:8080")], Ok(()));
        for origin in ["http://localhost:8080", "https://127.0.0.1:8080", "null", ""] {
            check(Method::POST, &[host, JSON, ("origin", origin)], Err(Refusal::Origin));
        }
        check(Method::POST, &[host], Err(Refusal::ContentType));
        check(Method::POST, &[host, ("content-type", "text/plain")], Err(Refusal::ContentType));
    }
}
