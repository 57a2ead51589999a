//! Patterns of hosts.

use std::str::FromStr;

use jurat_model::Excerpt;
use thiserror::Error;
use url::{Host, Url};

use crate::location::shown;

/// A host, or all hosts below a domain, with a port if it is not the default one: `refs.example.com`, `localhost:8081`,
/// `*.example.com`, `[::1]:8081`.
///
/// `*.example.com` covers `a.example.com` and `a.b.example.com`, but neither `example.com` nor `evil-example.com`. Without a port
/// it is the default one of the scheme, 80 or 443.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPattern {
    host: Host,
    covers: Covers,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Covers {
    Itself,
    WhatIsBelow,
}

/// A text that is not a [`HostPattern`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{0}` is not a host: write `host`, `host:port` or `*.domain`")]
pub struct ParseHostError(Excerpt);

impl HostPattern {
    /// Whether the host and port of a URL match.
    pub fn matches(&self, url: &Url) -> bool {
        // A URL omits the default port of its scheme.
        let usual = if url.scheme() == "https" { 443 } else { 80 };
        let is_host = url.host().is_some_and(|host| self.is_of(&host.to_owned()));
        is_host && self.port.unwrap_or(usual) == url.port().unwrap_or(usual)
    }

    /// Whether a host matches, as clients name it in `Host`. A pattern without a port matches any.
    pub fn matches_host(&self, host: &str, port: Option<u16>) -> bool {
        Host::parse(host).is_ok_and(|host| self.is_of(&host)) && self.port.is_none_or(|own| port == Some(own))
    }

    fn is_of(&self, host: &Host) -> bool {
        match (&self.host, host, self.covers) {
            (Host::Domain(domain), Host::Domain(host), Covers::WhatIsBelow) => {
                let below = host.strip_suffix(domain.as_str()).and_then(|below| below.strip_suffix('.'));
                below.is_some_and(|below| !below.is_empty())
            }
            (own, host, Covers::Itself) => own == host,
            _ => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = ParseHostError;

    fn from_str(text: &str) -> Result<Self, ParseHostError> {
        let error = || ParseHostError(shown(text));
        let (covers, rest) = match text.strip_prefix("*.") {
            Some(rest) => (Covers::WhatIsBelow, rest),
            None => (Covers::Itself, text),
        };
        let (host, port) = match rest.rsplit_once(':') {
            // The colon belongs to an address in brackets.
            Some((_, end)) if end.ends_with(']') => (rest, None),
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0).ok_or_else(error)?)
            }
            Some(_) => return Err(error()),
            None => None,
        };
        let host = Host::parse(host).map_err(|_| error())?;
        match (covers, &host) {
            (Covers::Itself, _) => {}
            (Covers::WhatIsBelow, Host::Domain(domain)) if !domain.starts_with('.') => {}
            (Covers::WhatIsBelow, _) => return Err(error()),
        }
        // A star anywhere else would look like a wildcard.
        if matches!(&host, Host::Domain(domain) if domain.contains('*')) {
            return Err(error());
        }
        Ok(Self { host, covers, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_matched_as_a_whole_with_its_port() {
        for (pattern, url) in [
            ("refs.example.com", "https://refs.example.com/v1"),
            ("refs.example.com", "http://refs.example.com:80"),
            ("refs.example.com:443", "https://refs.example.com"),
            ("REFS.Example.com", "https://refs.example.COM"),
            ("localhost:8081", "http://localhost:8081"),
            ("127.0.0.1:8081", "http://127.1:8081"),
            ("[::1]:8081", "http://[0:0::1]:8081"),
            ("[::1]", "http://[::1]"),
            ("bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert!(matches(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("refs.example.com", "https://refs.example.com:8443"),
            ("refs.example.com:8443", "https://refs.example.com"),
            ("refs.example.com:443", "http://refs.example.com"),
            ("refs.example.com", "https://refs.example.com.evil.net"),
            ("refs.example.com", "https://evil-refs.example.com"),
            ("refs.example.com", "https://a.refs.example.com"),
            ("refs.example.com", "https://evil.net/refs.example.com"),
            ("refs.example.com", "https://refs.example.com@evil.net"),
            ("refs.example.com", "https://refs.example.com."),
            ("example.com", "https://exаmple.com"),
            ("localhost", "http://localhost:8081"),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]"),
        ] {
            assert!(!matches(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn a_star_covers_what_is_below_a_domain_and_nothing_else() {
        for url in ["https://a.example.com", "https://a.b.example.com", "https://A.EXAMPLE.com"] {
            assert!(matches("*.example.com", url), "{url}");
        }
        assert!(matches("*.example.com:8443", "https://a.example.com:8443"));
        for url in [
            "https://example.com",
            "https://evil-example.com",
            "https://evilexample.com",
            "https://.example.com",
            "https://a.example.com:8443",
            "https://a.example.com.evil.net",
            "https://a.example.com.",
            "https://example.com.a",
        ] {
            assert!(!matches("*.example.com", url), "{url}");
        }
    }

    #[test]
    fn text_other_than_a_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*.*.example.com",
            "a.*.com",
            "**.example.com",
            "*example.com",
            "*..example.com",
            "*.127.0.0.1",
            "*.[::1]",
            "https://example.com",
            "example.com/",
            "user@example.com",
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "example.com:+80",
            "::1",
            "exa mple.com",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
