//! Names that other people give to things: parsed once, safe ever after.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::digest::Digest;
use crate::quote::Quoted;

/// The longest path, in bytes.
const PATH_LENGTH: usize = 255;
/// The longest name of a repository, a release or a version, in bytes.
const NAME_LENGTH: usize = 64;

/// A text that cannot be used as a name.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{} is no {what}: {rule}", Quoted(.found))]
pub struct NameError {
    found: String,
    what: &'static str,
    rule: &'static str,
}

/// Declares a name: a text that has been checked.
macro_rules! name {
    ($(#[$docs:meta])* $name:ident, $what:literal, $is_valid:expr, $rule:literal) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String); // INVARIANT: what `from_str` accepts.

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { found: text.to_owned(), what: $what, rule: $rule })
                }
            }
        }
    };
}

name! {
    /// A relative path with `/` between its parts that stays below the directory it is joined to.
    ///
    /// At most 255 bytes; no empty part, no `.` or `..`, no backslash, no colon, no control character.
    ///
    /// # Limits
    /// Two different paths may still be one file where a file system folds case or normalises Unicode.
    SafePath, "safe path", is_safe_path,
    "a relative path of at most 255 bytes is expected, without empty parts, `..`, backslashes, colons or control characters"
}

name! {
    /// The name of a release, as in `loan-rules`: at most 64 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or digit first.
    ReleaseName, "release name", |text| is_name(text, |_| false),
    "at most 64 of a-z, 0-9, `.`, `_` and `-` are expected, a letter or digit first"
}

name! {
    /// The version of a release, as in `1.4.0`: at most 64 of letters, digits, `.`, `_`, `-` and `+`, a letter or digit first.
    ///
    /// A label for people. Which release is newer is decided by the version of the metadata that lists it.
    ReleaseVersion, "release version", |text| is_name(text, |byte| byte.is_ascii_uppercase() || byte == b'+'),
    "at most 64 of letters, digits, `.`, `_`, `-` and `+` are expected, a letter or digit first"
}

name! {
    /// The name of a repository, as in `acme-prod-eu`: at most 64 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or digit first.
    ///
    /// It is signed with everything in the repository, so that what was signed for one cannot be served by another.
    RepositoryId, "repository id", |text| is_name(text, |_| false),
    "at most 64 of a-z, 0-9, `.`, `_` and `-` are expected, a letter or digit first"
}

name! {
    /// The name of a role that is not one of the top four, as in `t-acme`: at most 64 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or
    /// digit first.
    RoleName, "name of a delegated role",
    |text| is_name(text, |_| false) && !matches!(text, "root" | "timestamp" | "snapshot" | "targets"),
    "at most 64 of a-z, 0-9, `.`, `_` and `-` are expected, a letter or digit first, and not the name of a top role"
}

name! {
    /// Paths that are delegated together, as in `t/acme/*/*.json`: `*` stands for any number of characters, and `?` for one, but
    /// neither for a `/`.
    PathPattern, "path pattern", is_pattern,
    "a relative path of at most 255 bytes is expected, in which `*` and `?` may stand for characters, and `[` is not used"
}

name! {
    /// The contract that the components of a release are built for, as in `jurat:rule@0.1.0`.
    ///
    /// # Limits
    /// That a contract is well named does not mean that this host can run it; the sandbox knows which ones it can.
    World, "contract", is_world,
    "`jurat:rule@` and a version of three numbers are expected"
}

impl World {
    /// The contract of this version of Jurat.
    #[must_use]
    pub fn current() -> Self {
        Self("jurat:rule@0.1.0".to_owned())
    }
}

impl RoleName {
    /// The role of a tenant: `t-` and its name.
    ///
    /// # Errors
    /// When that is no name, or too long.
    pub fn of_tenant(tenant: &str) -> Result<Self, NameError> {
        format!("t-{tenant}").parse()
    }

    /// The tenant whose role it is; none if it is no tenant's.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.0.strip_prefix("t-").filter(|tenant| !tenant.is_empty())
    }
}

impl PathPattern {
    /// Whether the pattern stands for the path, part by part.
    #[must_use]
    pub fn matches(&self, path: &SafePath) -> bool {
        let (mut patterns, mut parts) = (self.0.split('/'), path.0.split('/'));
        loop {
            match (patterns.next(), parts.next()) {
                (Some(pattern), Some(part)) if part_matches(pattern.as_bytes(), part.as_bytes()) => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}

impl SafePath {
    /// Where a repository keeps a file of a release: by its content, so that releases share what they have in common.
    #[must_use]
    pub fn of_blob(sha256: &Digest) -> Self {
        Self(format!("blobs/sha256/{sha256}"))
    }

    /// Where a repository keeps the metadata of a role.
    ///
    /// INVARIANT: `stem` is the name of a role, with or without a version before it.
    pub(crate) fn of_metadata(stem: &str) -> Self {
        Self(format!("metadata/{stem}.json"))
    }

    /// Where a publisher keeps the metadata of a role that waits for signatures. Hosts never look there.
    ///
    /// INVARIANT: as for `of_metadata`.
    pub(crate) fn of_staged(stem: &str) -> Self {
        Self(format!("staged/{stem}.json"))
    }
}

/// Where a release manifest stands among the targets of a repository, as in `t/acme/prod/loan-rules.json`.
///
/// The parts are names like [`ReleaseName`]; the last is the release's own name, followed by `.json`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TargetPath {
    path: SafePath,
    // INVARIANT: `path` is `prefix`, a slash unless `prefix` is empty, `name` and `.json`.
    prefix: String,
    name: ReleaseName,
}

impl TargetPath {
    /// The path of a release below a prefix; the prefix may be empty.
    ///
    /// # Errors
    /// When a part of the prefix is no name, or the whole is too long.
    pub fn new(prefix: &str, name: &ReleaseName) -> Result<Self, NameError> {
        if prefix.is_empty() { format!("{name}.json").parse() } else { format!("{prefix}/{name}.json").parse() }
    }

    /// The name of the release.
    #[must_use]
    pub fn name(&self) -> &ReleaseName {
        &self.name
    }

    /// The path as metadata lists it.
    #[must_use]
    pub fn as_path(&self) -> &SafePath {
        &self.path
    }

    /// Where the repository keeps the manifest with the given digest: no manifest is ever overwritten by its successor.
    #[must_use]
    pub fn location(&self, sha256: &Digest) -> SafePath {
        let Self { prefix, name, .. } = self;
        let slash = if prefix.is_empty() { "" } else { "/" };
        SafePath(format!("targets/{prefix}{slash}{sha256}.{name}.json"))
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(out)
    }
}

impl FromStr for TargetPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError {
            found: text.to_owned(),
            what: "path of a release",
            rule: "names separated by `/` are expected, the last followed by `.json`",
        };
        let stem = text.strip_suffix(".json").ok_or_else(error)?;
        let (prefix, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let is_prefix = prefix.is_empty() || prefix.split('/').all(|part| is_name(part, |_| false));
        if !is_prefix || stem.starts_with('/') {
            return Err(error());
        }
        Ok(Self { path: text.parse()?, prefix: prefix.to_owned(), name: name.parse()? })
    }
}

fn is_safe_path(text: &str) -> bool {
    text.len() <= PATH_LENGTH
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !text.chars().any(|character| character.is_control() || matches!(character, '\\' | ':'))
}

fn is_pattern(text: &str) -> bool {
    is_safe_path(text) && !text.contains('[')
}

/// Whether a part of a pattern stands for a part of a path. In time that is the product of both lengths, whatever the pattern.
fn part_matches(pattern: &[u8], part: &[u8]) -> bool {
    let (mut pattern_rest, mut rest) = (pattern, part);
    // What to go on with if what follows the last `*` turns out not to fit: one more byte belongs to the `*`.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern_rest.split_first(), rest.split_first()) {
            (Some((b'*', after)), _) => {
                retry = Some((after, rest));
                pattern_rest = after;
            }
            (Some((b'?', after)), Some((_, others))) => (pattern_rest, rest) = (after, others),
            (Some((expected, after)), Some((found, others))) if expected == found => {
                (pattern_rest, rest) = (after, others);
            }
            (None, None) => return true,
            _ => {
                let Some((after, [_, others @ ..])) = retry else { return false };
                retry = Some((after, others));
                (pattern_rest, rest) = (after, others);
            }
        }
    }
}

fn is_name(text: &str, is_also_allowed: fn(u8) -> bool) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || is_also_allowed(byte);
    text.len() <= NAME_LENGTH
        && text.bytes().next().is_some_and(|byte| is_alphanumeric(byte) && byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| is_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_world(text: &str) -> bool {
    let is_number = |part: &str| {
        matches!(part.len(), 1..=5)
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.strip_prefix("jurat:rule@")
        .is_some_and(|version| version.split('.').count() == 3 && version.split('.').all(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_directory() {
        for text in ["a", "a/b.json", ".hidden/x", "a/..b", "Zins sätze/ü.json", &"x".repeat(255)] {
            assert!(text.parse::<SafePath>().is_ok(), "{text}");
        }
        let long = "x".repeat(256);
        let refused =
            ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "C:x", "a\nb", "a\0", &long];
        for text in refused {
            assert!(text.parse::<SafePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_is_a_prefix_and_a_name() {
        let target: TargetPath = "t/acme/prod/loan-rules.json".parse().unwrap();
        assert_eq!(target.name().as_str(), "loan-rules");
        assert_eq!(target, TargetPath::new("t/acme/prod", target.name()).unwrap());
        let digest = Digest::of(b"");
        assert_eq!(target.location(&digest).as_str(), format!("targets/t/acme/prod/{digest}.loan-rules.json"));
        let bare: TargetPath = "loan-rules.json".parse().unwrap();
        assert_eq!(bare, TargetPath::new("", target.name()).unwrap());
        assert_eq!(bare.location(&digest).as_str(), format!("targets/{digest}.loan-rules.json"));
        for text in ["", ".json", "/a.json", "a/.json", "t//a.json", "../a.json", "T/a.json", "a.yaml", "a b.json"] {
            assert!(text.parse::<TargetPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_stands_for_whole_paths_of_as_many_parts() {
        let matches = |pattern: &str, path: &str| {
            pattern.parse::<PathPattern>().unwrap().matches(&path.parse::<SafePath>().unwrap())
        };
        for (pattern, path) in [
            ("t/acme/*/*.json", "t/acme/prod/loan-rules.json"),
            ("*", "a"),
            ("a/b", "a/b"),
            ("?b*", "ab"),
            ("*a*b*c", "xaxbxbcxc"),
            ("**", "x"),
            ("*.*", "a."),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("t/acme/*/*.json", "t/other/prod/loan-rules.json"),
            ("t/acme/*/*.json", "t/acme/loan-rules.json"),
            ("t/acme/*/*.json", "t/acme/prod/eu/loan-rules.json"),
            ("t/acme/*/*.json", "t/acme/prod/loan-rules.yaml"),
            ("*", "a/b"),
            ("a", "ab"),
            ("?", "ab"),
            ("?b", "b"),
            ("*a*b*c", "xaxbxbx"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
        let slow = format!("{}b", "a*".repeat(120));
        assert!(!matches(&slow, &"a".repeat(255)));
        for text in ["", "/a", "a//b", "[ab]", "../*", "a\\*", "a:*"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!("a.b_c-9".parse::<ReleaseName>().is_ok());
        assert!("x".repeat(64).parse::<ReleaseName>().is_ok());
        for text in ["", "-a", ".a", "A", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(text.parse::<ReleaseName>().is_err(), "{text}");
            assert!(text.parse::<RepositoryId>().is_err(), "{text}");
        }
        for text in ["1.4.0", "1.4.0-rc.1+build.7", "v2", "R3"] {
            assert!(text.parse::<ReleaseVersion>().is_ok(), "{text}");
        }
        assert!("+1".parse::<ReleaseVersion>().is_err());
        for text in ["jurat:rule@0.1", "jurat:rule@0.1.0.0", "jurat:rule@01.1.0", "jurat:rule@0.1.x", "wasi:cli@0.2.0"]
        {
            assert!(text.parse::<World>().is_err(), "{text}");
        }
        assert_eq!("jurat:rule@0.1.0".parse(), Ok(World::current()));
    }
}
