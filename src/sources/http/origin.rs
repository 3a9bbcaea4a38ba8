//! Where a credential may go: one scheme, one host, one port.
//!
//! Every absolute address that a server hands out is held against the origin
//! that its credential is bound to. Nothing here sends anything.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Scheme, host and port of an address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of a web address, or nothing where it has none.
    pub fn of(url: &Url) -> Option<Self> {
        let web = matches!(url.scheme(), "http" | "https");
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let port = url.port_or_known_default()?;
        web.then(|| Self {
            scheme: url.scheme().to_owned(),
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// Returns whether `url` lies in this origin and names no user of its own.
    pub fn covers(&self, url: &Url) -> bool {
        let bare = url.username().is_empty() && url.password().is_none();
        bare && Self::of(url).as_ref() == Some(self)
    }

    /// Returns whether it stays on this machine.
    pub(super) fn is_local(&self) -> bool {
        let url = Url::parse(&format!("{}://{}", self.scheme, self.host));
        url.is_ok_and(|url| is_loopback(&url))
    }

    /// Returns whether another origin is of the same host, whatever its port.
    pub(super) fn is_same_host(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// Returns whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }
}

/// Returns the host of an address, with its port where that is not the scheme's own.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    url.port()
        .map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

/// Returns whether an address stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST || address.is_loopback(),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => {
            let name = name.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// Tells why an address may not be the base of a source, if so.
///
/// Plain http is for loopback only, unless `insecure_http` allows it.
pub fn check_base(url: &Url, insecure_http: bool) -> Result<Origin, String> {
    let origin = Origin::of(url)
        .ok_or_else(|| "the url must begin with https:// and name a host".to_owned())?;
    if !origin.covers(url) {
        return Err("the url must not hold a user or a password".to_owned());
    }
    if !origin.is_encrypted() && !insecure_http && !is_loopback(url) {
        return Err("plain http would show the token to everybody on the way; \
             `insecure_http = true` allows it"
            .to_owned());
    }
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::{Origin, check_base, host_of, is_loopback};
    use url::Url;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[track_caller]
    fn check(base: &str, other: &str, expected: bool) {
        let origin = Origin::of(&url(base)).unwrap();
        assert_eq!(origin.covers(&url(other)), expected, "{base} and {other}");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = "https://api.example.org";
        check(base, "https://api.example.org:443/a?page=2", true);
        check(base, "https://API.example.org/a", true);
        check(base, "http://api.example.org/a", false);
        check(base, "https://api.example.org:8443/a", false);
        check(base, "https://api.example.org.evil.example/a", false);
        check(base, "https://api.example.org@evil.example/a", false);
        check(base, "https://user@api.example.org/a", false);
        check("http://127.0.0.1:80", "http://127.0.0.1/a", true);
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(check_base(&url("http://127.0.0.1:9999"), false).is_ok());
        assert!(check_base(&url("http://[::1]:9999"), false).is_ok());
        assert!(check_base(&url("http://localhost"), false).is_ok());
        assert!(check_base(&url("http://ghe.example.org"), false).is_err());
        assert!(check_base(&url("http://ghe.example.org"), true).is_ok());
        assert!(check_base(&url("https://ghe.example.org"), false).is_ok());
        assert!(check_base(&url("https://user:pw@ghe.example.org"), false).is_err());
        assert!(check_base(&url("file:///etc/passwd"), true).is_err());
    }

    #[test]
    fn names_that_only_look_local_are_not_loopback() {
        assert!(!is_loopback(&url("http://localhost.example.org")));
        assert!(!is_loopback(&url("http://10.0.0.1")));
        assert!(is_loopback(&url("http://127.1.2.3")));
    }

    #[test]
    fn the_port_is_shown_where_it_is_unusual() {
        assert_eq!(host_of(&url("https://github.com")), "github.com");
        assert_eq!(host_of(&url("http://127.0.0.1:9999/x")), "127.0.0.1:9999");
    }
}
