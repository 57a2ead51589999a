//! Parses the names of files from callers.

use jurat_model::Excerpt;
use url::Url;

use super::Reason;

/// The longest name: twice the longest path of the system.
const LONGEST: usize = 8_192;

/// A parsed name. It was not checked against any file system or server.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Named {
    /// Names of directories and a file; none of them is `..`.
    File {
        /// Whether they start at the root of the file system.
        is_absolute: bool,
        /// The names.
        parts: Vec<String>,
    },
    /// A file on a server.
    Url(Url),
}

/// Parses a name.
///
/// Escapes are resolved once, and only in `file:` URLs: in a path, `%` is an ordinary character.
///
/// # Errors
/// When it cannot be the name of a file.
pub(super) fn parse(uri: &str) -> Result<Named, Reason> {
    if uri.is_empty() {
        return Err(Reason::Malformed("it is empty; name a file"));
    }
    if uri.len() > LONGEST {
        return Err(Reason::Malformed("it has more than 8,192 bytes, which no name of a file has"));
    }
    let Some((scheme, rest)) = scheme(uri) else { return file(uri) };
    match scheme.to_ascii_lowercase().as_str() {
        "file" => file(&decode(path(rest)?)?),
        "http" | "https" => {
            let mut url = Url::parse(uri).map_err(|_| Reason::Malformed("it is not a URL"))?;
            if !url.username().is_empty() || url.password().is_some() {
                return Err(Reason::Malformed("it holds a user name or a password, which URLs must not"));
            }
            url.set_fragment(None);
            Ok(Named::Url(url))
        }
        _ => Err(Reason::Malformed(
            "its scheme is not known; `file:`, `https:` and `http:` URLs and paths are (put `./` before a path with a colon)",
        )),
    }
}

/// A name for messages: a URL without its secret parts.
pub(super) fn shown(uri: &str) -> Excerpt {
    let scheme = scheme(uri).map_or_else(String::new, |(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_str(), "http" | "https") {
        return Excerpt::of(uri);
    }
    match Url::parse(uri) {
        Ok(url) if uri.len() <= LONGEST => {
            Excerpt::of(&format!("{}{}", url.origin().ascii_serialization(), url.path()))
        }
        // A password could be anywhere in it.
        _ => Excerpt::of(&format!("{scheme}:...")),
    }
}

fn scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some((scheme, rest))
}

/// The path of a `file:` URL without its scheme, still escaped.
fn path(rest: &str) -> Result<&str, Reason> {
    let Some(rest) = rest.strip_prefix("//") else { return Ok(rest) };
    let (host, _) = rest.split_once('/').unwrap_or((rest, ""));
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return Err(Reason::Malformed("it names a file of another machine; write `file:///path`, or a path"));
    }
    Ok(rest.get(host.len()..).unwrap_or_default())
}

fn decode(text: &str) -> Result<String, Reason> {
    const ESCAPE: Reason = Reason::Malformed("it has a `%` that two hexadecimal digits do not follow; write `%25`");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let hex = |digit: Option<u8>| {
        digit.and_then(|digit| char::from(digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(ESCAPE),
            },
            _ => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| Reason::Malformed("its escapes are not UTF-8"))
}

fn file(path: &str) -> Result<Named, Reason> {
    if path.contains('\0') {
        return Err(Reason::Malformed("it holds a zero byte, which no name of a file does"));
    }
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
    if parts.iter().any(|part| part == "..") {
        return Err(Reason::Malformed("it leads up with `..`; name the file by where it is"));
    }
    if path.ends_with('/') || parts.is_empty() {
        return Err(Reason::NotAFile);
    }
    Ok(Named::File { is_absolute: path.starts_with('/'), parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uri: &str) -> String {
        match parse(uri) {
            Ok(Named::File { is_absolute, parts }) => {
                format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("|"))
            }
            Ok(Named::Url(url)) => url.to_string(),
            Err(reason) => reason.to_string(),
        }
    }

    #[test]
    fn files_are_named_by_urls_and_paths() {
        for (uri, expected) in [
            ("/data/a.json", "/data|a.json"),
            ("a.json", "a.json"),
            ("./a/./b//c.json", "a|b|c.json"),
            ("file:///data/a.json", "/data|a.json"),
            ("FILE://LocalHost/data/a.json", "/data|a.json"),
            ("file:/data/a.json", "/data|a.json"),
            ("file:a.json", "a.json"),
            ("file:////data//a.json", "/data|a.json"),
            ("file:///data/my%20loans%2C%C3%BC.json", "/data|my loans,ü.json"),
            ("file:///data%2fa.json", "/data|a.json"),
            ("file:///data/a.json?b#c", "/data|a.json?b#c"),
            ("/data/my%20loans.json", "/data|my%20loans.json"),
            ("file:///data/%252e%252e/x", "/data|%2e%2e|x"),
            ("/data/..a/b..", "/data|..a|b.."),
            ("12:00.json", "12:00.json"),
            ("./loans:x", "loans:x"),
            ("https://Data.Example.com:443/a/../b?c#d", "https://data.example.com/b?c"),
            ("HTTP://0x7f.1/", "http://127.0.0.1/"),
        ] {
            assert_eq!(named(uri), expected, "{uri}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        for (uri, reason) in [
            ("", "empty"),
            (&"x".repeat(8_193), "8,192"),
            ("..", "`..`"),
            ("../a", "`..`"),
            ("/data/../etc/passwd", "`..`"),
            ("/data/..", "`..`"),
            ("file:///data/../../etc/passwd", "`..`"),
            ("file:///data/%2e%2e/etc/passwd", "`..`"),
            ("file:///data/%2E./etc/passwd", "`..`"),
            ("file:///data/..%2fetc/passwd", "`..`"),
            ("file:..", "`..`"),
            ("file:///data/a%00.json", "zero byte"),
            ("/data/a\0.json", "zero byte"),
            ("file:///data/%ff%fe", "UTF-8"),
            ("file:///data/%c0%ae%c0%ae/x", "UTF-8"),
            ("file:///data/%2", "hexadecimal"),
            ("file:///data/%zz", "hexadecimal"),
            ("file:///data/%+1", "hexadecimal"),
            ("file:///data/%", "hexadecimal"),
            ("file://server/share/a", "another machine"),
            ("file://127.0.0.1/a", "another machine"),
            ("file://localhost@evil/a", "another machine"),
            ("file://", "not a regular file"),
            ("file://localhost", "not a regular file"),
            ("file:", "not a regular file"),
            ("/", "not a regular file"),
            (".", "not a regular file"),
            ("/data/", "not a regular file"),
            ("ftp://example.com/a", "scheme is not known"),
            ("data:application/json,{}", "scheme is not known"),
            ("jar:file:///a!/b", "scheme is not known"),
            ("c:/data/a.json", "scheme is not known"),
            ("http://", "not a URL"),
            ("https://[::1/", "not a URL"),
            ("http://1.2.3.4.5/", "not a URL"),
            ("http://user:secret@example.com/", "password"),
            ("http://user@example.com/", "password"),
        ] {
            let found = named(uri);
            assert!(found.contains(reason), "{uri}: {found}");
        }
    }

    #[test]
    fn secrets_in_urls_are_not_repeated() {
        for (uri, expected) in [
            ("https://data.example.com/a?signature=s3cret", "https://data.example.com/a"),
            ("https://data.example.com:8443/a#s3cret", "https://data.example.com:8443/a"),
            ("HTTPS://user:s3cret@data.example.com/a@b", "https://data.example.com/a@b"),
            ("https://user:s3cret@b@data.example.com", "https://data.example.com/"),
            ("https:\\\\user:s3cret@data.example.com", "https://data.example.com/"),
            ("http:user:s3cret@data.example.com", "http://data.example.com/"),
            ("https://user:s3cret@[::1/", "https:..."),
            ("file:///a?b", "file:///a?b"),
            ("a?b@c", "a?b@c"),
        ] {
            assert_eq!(shown(uri).as_str(), expected, "{uri}");
        }
        assert!(shown(&"x".repeat(9_000)).as_str().len() < 200);
    }
}
