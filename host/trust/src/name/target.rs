//! The path of a release among the targets of a repository.

use std::fmt;
use std::str::FromStr;

use super::error::{NameError, is_name};
use super::path::SafePath;
use super::plain::ReleaseName;
use crate::digest::Digest;

/// The path of a release manifest among the targets of a repository, as in `t/acme/prod/loan-rules.json`.
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
    /// When a part of the prefix is not a name, or the whole is too long.
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

    /// The path of the manifest with the given digest in the repository: no manifest is ever overwritten by its successor.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
