//! The roles of a repository, and the files that they sign.

use std::fmt;
use std::str::FromStr;

use crate::name::{NameError, RoleName, SafePath};
use crate::version::MetadataVersion;

/// The roles, which vouch for each other and for releases.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Says which keys the four top roles have.
    Root,
    /// Says which snapshot is the newest, and that it still is.
    Timestamp,
    /// Says which versions of all targets roles belong together.
    Snapshot,
    /// Says which role may list which releases.
    Targets,
    /// Lists releases below the paths that were delegated to it.
    Delegated(RoleName),
}

/// A role whose keys the root role names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TopRole {
    /// See [`Role::Root`].
    Root,
    /// See [`Role::Targets`].
    Targets,
    /// See [`Role::Snapshot`].
    Snapshot,
    /// See [`Role::Timestamp`].
    Timestamp,
}

impl Role {
    /// The name in metadata.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
            Self::Delegated(name) => name.as_str(),
        }
    }

    /// The path of the role's metadata in a repository. Only that of the timestamp is ever overwritten, so only its name has no
    /// version in it.
    #[must_use]
    pub fn file(&self, version: MetadataVersion) -> SafePath {
        match self {
            Self::Timestamp => SafePath::of_metadata("timestamp"),
            _ => SafePath::of_metadata(&format!("{version}.{self}")),
        }
    }

    /// The file where its version is not known.
    pub(crate) fn any_file(&self) -> SafePath {
        SafePath::of_metadata(self.name())
    }

    /// The name under which snapshots and timestamps list the metadata of the role.
    #[must_use]
    pub fn listed_as(&self) -> String {
        format!("{self}.json")
    }
}

impl TopRole {
    /// All of them, those first that vouch for the others.
    pub const ALL: [Self; 4] = [Self::Root, Self::Targets, Self::Snapshot, Self::Timestamp];

    /// The name in metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }
}

impl From<TopRole> for Role {
    fn from(role: TopRole) -> Self {
        match role {
            TopRole::Root => Self::Root,
            TopRole::Targets => Self::Targets,
            TopRole::Snapshot => Self::Snapshot,
            TopRole::Timestamp => Self::Timestamp,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl fmt::Display for TopRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        match TopRole::ALL.into_iter().find(|role| role.name() == name) {
            Some(role) => Ok(role.into()),
            None => name.parse().map(Self::Delegated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_one_file_for_each_version() {
        let version = MetadataVersion::new(12).unwrap();
        let file = |name: &str| name.parse::<Role>().unwrap().file(version).to_string();
        assert_eq!(file("root"), "metadata/12.root.json");
        assert_eq!(file("timestamp"), "metadata/timestamp.json");
        assert_eq!(file("t-acme"), "metadata/12.t-acme.json");
        assert_eq!("t-acme".parse(), RoleName::of_tenant("acme").map(Role::Delegated));
        for name in TopRole::ALL.map(TopRole::name).into_iter().chain(["", "T-acme", "a/b", "-a", "../a"]) {
            assert!(name.parse::<RoleName>().is_err(), "{name}");
        }
    }
}
