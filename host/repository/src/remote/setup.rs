//! Checks the URL and headers of a repository.

use std::collections::BTreeMap;

use jurat_http::header::{HeaderMap, HeaderName, HeaderValue};
use jurat_model::{Excerpt, Secret};
use thiserror::Error;
use url::{Host, Url};

/// Headers that control the transfer, or that this client sets by itself.
const OURS: [&str; 20] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why the settings of a repository are invalid.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum RemoteSetupError {
    /// It is not a URL of a server.
    #[error("a repository is fetched over `https://`, and not over `{0}://`")]
    Scheme(Excerpt),
    /// Without TLS, others could read the headers, and withhold new releases unnoticed.
    #[error(
        "the repository at `{0}` must be reached over `https://`; without TLS only this machine itself is contacted"
    )]
    Plain(Excerpt),
    /// The URL has a query, fragment or credentials.
    #[error("the URL of a repository is one of a directory: without a user, a password, `?` and `#`")]
    Parts,
    /// The name of the header is invalid.
    #[error("`{0}` is not the name of a header")]
    Name(Excerpt),
    /// The client sets this header itself.
    #[error("the header `{0}` is set by the client itself")]
    Ours(HeaderName),
    /// Two names differ only in case.
    #[error("the header `{0}` is there twice")]
    Twice(HeaderName),
    /// The value is invalid. The reason would reveal a part of it.
    #[error("the value of the header `{0}` cannot be sent in a header")]
    Value(HeaderName),
}

pub(super) fn check(base: &Url) -> Result<(), RemoteSetupError> {
    let is_here = match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match base.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err(RemoteSetupError::Plain(Excerpt::of(base.host_str().unwrap_or_default()))),
        scheme => return Err(RemoteSetupError::Scheme(Excerpt::of(scheme))),
    }
    let is_bare = base.username().is_empty()
        && base.password().is_none()
        && base.query().is_none()
        && base.fragment().is_none()
        && !base.cannot_be_a_base();
    if is_bare { Ok(()) } else { Err(RemoteSetupError::Parts) }
}

pub(super) fn headers(values: &BTreeMap<String, Secret>) -> Result<HeaderMap, RemoteSetupError> {
    let mut headers = HeaderMap::new();
    for (name, secret) in values {
        let name: HeaderName = name.parse().map_err(|_| RemoteSetupError::Name(Excerpt::of(name)))?;
        if OURS.contains(&name.as_str()) {
            return Err(RemoteSetupError::Ours(name));
        }
        let value = HeaderValue::from_str(secret.reveal());
        let mut value = value.map_err(|_| RemoteSetupError::Value(name.clone()))?;
        value.set_sensitive(true);
        if headers.insert(name.clone(), value).is_some() {
            return Err(RemoteSetupError::Twice(name));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_this_machine() {
        let of = |url: &str| check(&Url::parse(url).unwrap());
        for good in [
            "https://cdn.example.com",
            "https://cdn.example.com:8443/rules/",
            "http://localhost:1",
            "http://127.0.0.1/x",
            "http://[::1]",
        ] {
            assert_eq!(of(good), Ok(()), "{good}");
        }
        for plain in ["http://cdn.example.com", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(matches!(of(plain), Err(RemoteSetupError::Plain(_))), "{plain}");
        }
        for scheme in ["ftp://cdn.example.com", "file:///rules", "data:,x"] {
            assert!(matches!(of(scheme), Err(RemoteSetupError::Scheme(_))), "{scheme}");
        }
        for parts in ["https://a@b.c", "https://a:b@c.d", "https://a.b/?x", "https://a.b/#x"] {
            assert_eq!(of(parts), Err(RemoteSetupError::Parts), "{parts}");
        }
    }

    #[test]
    fn headers_are_checked_and_their_values_never_shown() {
        let of = |entries: &[(&str, &str)]| {
            headers(&entries.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect())
        };
        let good = of(&[("Authorization", "Bearer s3cret"), ("X-Token", "s3cret")]).unwrap();
        assert_eq!(good.get("authorization").unwrap(), "Bearer s3cret");
        assert!(!format!("{good:?}").contains("s3cret"));
        assert!(matches!(of(&[("a b", "x")]), Err(RemoteSetupError::Name(_))));
        assert!(matches!(of(&[("Range", "x")]), Err(RemoteSetupError::Ours(_))));
        assert!(matches!(of(&[("a", "x"), ("A", "x")]), Err(RemoteSetupError::Twice(_))));
        let error = of(&[("a", "s3cret\n")]).unwrap_err();
        assert!(matches!(error, RemoteSetupError::Value(_)) && !format!("{error} {error:?}").contains("s3cret"));
    }
}
