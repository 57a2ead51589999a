//! Names of releases, versions, repositories, roles and contracts.

use std::fmt;
use std::str::FromStr;

use super::error::{NameError, is_name, name};

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
    /// When it is not a name, or too long.
    pub fn of_tenant(tenant: &str) -> Result<Self, NameError> {
        format!("t-{tenant}").parse()
    }

    /// The tenant whose role it is; none if it belongs to no tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.0.strip_prefix("t-").filter(|tenant| !tenant.is_empty())
    }
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
