//! Paths inside of a repository or a release, and patterns of them.

use std::fmt;
use std::str::FromStr;

use super::error::{NameError, name};
use crate::digest::Digest;

/// The longest path, in bytes.
const PATH_LENGTH: usize = 255;

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
    /// Paths that are delegated together, as in `t/acme/*/*.json`: `*` stands for any number of characters, and `?` for one, but
    /// neither for a `/`.
    PathPattern, "path pattern", is_pattern,
    "a relative path of at most 255 bytes is expected, in which `*` and `?` may stand for characters, and `[` is not used"
}

impl SafePath {
    /// The path of a release's file in a repository: by its content, so that releases share what they have in common.
    #[must_use]
    pub fn of_blob(sha256: &Digest) -> Self {
        Self(format!("blobs/sha256/{sha256}"))
    }

    /// The path of a role's metadata in a repository.
    ///
    /// INVARIANT: `stem` is the name of a role, with or without a version before it.
    pub(crate) fn of_metadata(stem: &str) -> Self {
        Self(format!("metadata/{stem}.json"))
    }

    /// The path at which a publisher keeps metadata that waits for signatures. Hosts never read it.
    ///
    /// INVARIANT: as for `of_metadata`.
    pub(crate) fn of_staged(stem: &str) -> Self {
        Self(format!("staged/{stem}.json"))
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
}
