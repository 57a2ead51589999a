//! What `business_config_uri` may say.

use std::path::{Path, PathBuf};

use jurat_engine::Excerpt;

/// The directory that a path or URL names; an error says why it names none, and what to do.
pub(super) fn parse(uri: &str, base: &Path) -> Result<PathBuf, String> {
    let shown = Excerpt::of(uri);
    if uri.is_empty() {
        return Err("it is empty: name the directory of a signed repository".to_owned());
    }
    if is_bare_file(uri) {
        return Err(format!(
            "unsigned rules are not run: `{shown}` is a single file, which nobody can have signed; name the directory of a \
             signed repository (`jurat release build` and `jurat release sign` make one)"
        ));
    }
    let path = match scheme(uri) {
        None => uri.to_owned(),
        Some(("file", rest)) => file_path(rest).ok_or_else(|| {
            format!("`{shown}` names a file of another machine or is not well escaped; write `file:///path` or a path")
        })?,
        Some(("http" | "https", _)) => {
            return Err(format!(
                "this version reads repositories from directories only: copy what `{shown}` serves to a directory and name that"
            ));
        }
        Some((scheme, _)) => {
            return Err(format!("`{}` URLs are not known: write a path or a `file:` URL", Excerpt::of(scheme)));
        }
    };
    Ok(base.join(path))
}

/// Whether it is the configuration itself that is named, as one file without anything around it.
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
            assert_eq!(parse(uri, base).unwrap(), Path::new(path), "{uri}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        for (uri, reason) in [
            ("", "it is empty"),
            ("../logic/business-config.yaml", "unsigned rules are not run"),
            ("https://rules.example.com/business-config.yaml", "unsigned rules are not run"),
            ("https://rules.example.com/x.yml?raw=1", "unsigned rules are not run"),
            ("https://rules.example.com/repository", "from directories only"),
            ("ftp://rules.example.com", "`ftp` URLs are not known"),
            ("file://server/share", "another machine"),
            ("file:///a%2", "not well escaped"),
        ] {
            let error = parse(uri, Path::new("")).unwrap_err();
            assert!(error.contains(reason), "{uri}: {error}");
        }
    }
}
