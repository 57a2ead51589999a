//! Parses paths, URLs and origins.

use std::path::Path;

use jurat_http::{HostPattern, Location, ParseHostError, shown};
use jurat_model::Excerpt;
use jurat_yaml::Field;
use url::{Origin, Url};

/// The location of a repository or of sources; an error says what is wrong, and what to do.
pub(super) fn rules(uri: &str, base: &Path) -> Result<Location, String> {
    let shown = shown(uri);
    if uri.is_empty() {
        return Err("it is empty: name a signed repository, by its directory or its URL".to_owned());
    }
    if is_bare_file(uri) {
        return Err(format!(
            "unsigned rules are not run: `{shown}` is a single file, which cannot be signed; name the directory or \
             the URL of a signed repository (`jurat trust init` makes one)"
        ));
    }
    let path = match scheme(uri) {
        None => uri.to_owned(),
        Some(("file", rest)) => file_path(rest).ok_or_else(|| other_machine(&shown))?,
        Some(("https", _)) => return repository(uri, &shown).map(Location::Url),
        Some(("http", _)) => {
            return Err(format!("`{shown}` could be watched and held back on the way: only `https:` URLs are fetched"));
        }
        Some((scheme, _)) => {
            return Err(format!(
                "`{}` URLs are not known: write a path, a `file:` URL or an `https:` URL",
                Excerpt::of(scheme)
            ));
        }
    };
    Ok(Location::File(base.join(path)))
}

/// The URL of a repository, below which its files are.
fn repository(uri: &str, shown: &Excerpt) -> Result<Url, String> {
    let mut url = server(uri)?;
    if url.query().is_some() {
        return Err(format!("`{shown}` has a part after `?`, which the files of a repository cannot have"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// A file on this machine or on a server.
pub(super) fn file(uri: &str, base: &Path) -> Result<Location, String> {
    let shown = shown(uri);
    match scheme(uri) {
        None if uri.is_empty() => Err("it is empty: write a path, a `file:` URL or an `https:` URL".to_owned()),
        None => Ok(Location::File(base.join(uri))),
        Some(("file", rest)) => {
            file_path(rest).map(|path| Location::File(base.join(path))).ok_or_else(|| other_machine(&shown))
        }
        Some(("https", _)) => server(uri).map(Location::Url),
        Some(("http", _)) => Err(format!("`{shown}` could be changed on the way: only `https:` URLs are fetched")),
        Some((scheme, _)) => {
            Err(format!("`{}` URLs are not known: write a path, a `file:` URL or an `https:` URL", Excerpt::of(scheme)))
        }
    }
}

/// The scheme, host and port of a server that files of records come from.
pub(super) fn origin(text: &str) -> Result<Origin, String> {
    let shown = shown(text);
    let expected = || format!("`{shown}` is not an origin: write `https://host` or `https://host:port`");
    match scheme(text) {
        Some(("https" | "http", _)) => {}
        _ => return Err(expected()),
    }
    let url = server(text)?;
    if url.path() == "/" && url.query().is_none() { Ok(url.origin()) } else { Err(expected()) }
}

/// A pattern of hosts.
pub(super) fn host(text: &str) -> Result<HostPattern, String> {
    text.parse().map_err(|error: ParseHostError| error.to_string())
}

/// The entries of a list of texts, each read in the same way.
pub(super) fn each<T>(field: Field<'_>, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    let entries = field.list();
    let read = |entry: &Field<'_>| read(entry.as_text()?).map_err(|error| entry.refuse(error)).ok();
    entries.iter().filter_map(read).collect()
}

/// Checks the URL of a proxy, and whether it contains a password. Errors do not repeat it.
pub(super) fn proxy(text: &str) -> Result<Credentials, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or("this is not the URL of a proxy: write `http://host:port` or `https://host:port`")?;
    let has_some = !url.username().is_empty() || url.password().is_some();
    Ok(if has_some { Credentials::Some } else { Credentials::None })
}

/// Whether a URL contains credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Credentials {
    None,
    Some,
}

/// A URL that is safe to keep and to print.
fn server(uri: &str) -> Result<Url, String> {
    let shown = shown(uri);
    let url = Url::parse(uri).map_err(|error| format!("`{shown}` is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{shown}` holds a user name or a password, which would end up in logs"));
    }
    if url.fragment().is_some() {
        return Err(format!("`{shown}` has a part after `#`, which servers never see"));
    }
    Ok(url)
}

fn other_machine(shown: &Excerpt) -> String {
    format!("`{shown}` names a file of another machine or is not well escaped; write `file:///path` or a path")
}

/// Whether a location is a single YAML file, and not a repository.
fn is_bare_file(uri: &str) -> bool {
    let path = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some((scheme, rest))
}

/// The path of a `file:` URL without its scheme.
fn file_path(rest: &str) -> Option<String> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(path) if path.starts_with('/') => path,
        Some(path) => path.strip_prefix("localhost").filter(|path| path.starts_with('/'))?,
    };
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::try_from(hex(rest.next()?)? << 4 | hex(rest.next()?)?).ok()?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

fn hex(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_file_urls_name_directories() {
        let base = Path::new("/etc/jurat");
        for (uri, path) in [
            ("repository", "/etc/jurat/repository"),
            ("../rules", "/etc/jurat/../rules"),
            ("/srv/rules", "/srv/rules"),
            ("file:///srv/rules", "/srv/rules"),
            ("file://localhost/srv/rules", "/srv/rules"),
            ("file:rules", "/etc/jurat/rules"),
            ("file:///srv/my%20rules", "/srv/my rules"),
        ] {
            assert_eq!(rules(uri, base).unwrap(), Location::File(path.into()), "{uri}");
        }
    }

    #[test]
    fn the_url_of_a_repository_is_that_of_a_directory() {
        for uri in ["https://rules.example.com/acme", "https://rules.example.com/acme/"] {
            let expected = Url::parse("https://rules.example.com/acme/").unwrap();
            assert_eq!(rules(uri, Path::new("/etc")), Ok(Location::Url(expected)), "{uri}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        for (uri, reason) in [
            ("", "it is empty"),
            ("../logic/business-config.yaml", "unsigned rules are not run"),
            ("https://rules.example.com/business-config.yaml", "unsigned rules are not run"),
            ("https://rules.example.com/x.yml?raw=1", "unsigned rules are not run"),
            ("http://rules.example.com/repository", "only `https:` URLs"),
            ("https://rules.example.com/repository?v=1", "after `?`"),
            ("https://ann:s3cret@rules.example.com/repository", "a user name or a password"),
            ("ftp://rules.example.com", "`ftp` URLs are not known"),
            ("file://server/share", "another machine"),
            ("file:///a%2", "not well escaped"),
        ] {
            let error = rules(uri, Path::new("")).unwrap_err();
            assert!(error.contains(reason), "{uri}: {error}");
        }
    }

    #[test]
    fn a_configuration_is_a_file_or_comes_over_https() {
        let base = Path::new("/etc/jurat");
        for (uri, path) in [("a.yaml", "/etc/jurat/a.yaml"), ("file:///srv/a.yaml", "/srv/a.yaml")] {
            assert_eq!(file(uri, base), Ok(Location::File(path.into())), "{uri}");
        }
        let url = "https://config.example.com:8443/a.yaml?stage=1";
        assert_eq!(file(url, base), Ok(Location::Url(Url::parse(url).unwrap())));
        for (uri, reason) in [
            ("", "it is empty"),
            ("http://config.example.com/a.yaml", "only `https:` URLs"),
            ("https://", "is not a URL"),
            (
                "https://ann:s3cret@config.example.com/a.yaml",
                "`https://...@config.example.com/a.yaml` holds a user name",
            ),
            ("https://config.example.com/a.yaml#b", "after `#`"),
            ("s3://bucket/a.yaml", "`s3` URLs are not known"),
            ("file://server/a.yaml", "another machine"),
        ] {
            let error = file(uri, base).unwrap_err();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{uri}: {error}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let port = |text| origin(text).unwrap().ascii_serialization();
        assert_eq!(port("https://Data.example.com"), "https://data.example.com");
        assert_eq!(port("https://data.example.com:443/"), "https://data.example.com");
        assert_eq!(port("http://10.0.0.1:8080"), "http://10.0.0.1:8080");
        for text in
            ["", "data.example.com", "https://data.example.com/loans", "https://a/?b", "file:///srv", "https://"]
        {
            assert!(origin(text).is_err(), "{text}");
        }
        assert!(!origin("https://ann:s3cret@data.example.com").unwrap_err().contains("s3cret"));
    }

    #[test]
    fn a_proxy_may_have_a_password_that_is_not_told() {
        assert_eq!(proxy("http://proxy.example.com:3128"), Ok(Credentials::None));
        assert_eq!(proxy("http://ann:s3cret@proxy.example.com"), Ok(Credentials::Some));
        for text in ["", "s3cret", "ftp://s3cret", "http://", "s3cret:8080"] {
            assert!(!proxy(text).unwrap_err().contains("s3cret"), "{text}");
        }
    }
}
