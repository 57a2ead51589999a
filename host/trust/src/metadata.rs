//! What roles sign: the objects of TUF 1.0.34, with two things of our own where the specification leaves room.
//!
//! Every payload says in `x-jurat` which repository it was signed for, and that of a targets role which manifests must never be used
//! again. That part is read strictly; other members that are not known are kept, as TUF demands.
//!
//! # Limits
//! Plain data: reading any of it proves nothing. The [`Client`](crate::Client) reads what it has seen the signatures of.
//!
//! Some of what the specification allows is refused, and so is what python-tuf allows beyond it:
//! - roots without `consistent_snapshot`, as no file of a repository but the timestamp is ever overwritten;
//! - key sets that can never sign: keys of other kinds than Ed25519 do not count, and neither does a key under a second name;
//! - other digests than SHA-256, names of roles and paths that are not [safe](crate::SafePath);
//! - delegations by the digest of a path, and path patterns with `[`.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::{FormatError, MAX_INTEGER};
use crate::key::{KeyError, KeySetError};
use crate::name::{NameError, RepositoryId};
use crate::quote::Quoted;

mod document;
mod keys;
mod meta_file;
mod root;
mod snapshot;
mod targets;
mod timestamp;

pub(crate) use document::Payload;
pub use meta_file::MetaFile;
pub use root::{RootKeys, RootMetadata};
pub use snapshot::SnapshotMetadata;
pub use targets::{Delegation, SuccessionError, Target, TargetsMetadata};
pub use timestamp::TimestampMetadata;

/// The version of the TUF specification that is written.
pub const SPEC_VERSION: &str = "1.0.34";

/// The version of a metadata file: from 1 to 2^53 - 1, and higher in each file than in the one it replaces.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MetadataVersion(u64);

/// Why something is no payload of a role.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum MetadataError {
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is the payload of another role.
    #[error("it is of the type {}, but `{expected}` is expected", Quoted(.found))]
    Type {
        /// The type that was asked for.
        expected: &'static str,
        /// The type that it has.
        found: String,
    },
    /// It follows another major version of TUF.
    #[error("it follows version {} of TUF, but this version reads 1.x only", Quoted(.found))]
    SpecVersion {
        /// The version that it names.
        found: String,
    },
    /// Its files would be overwritten by later ones.
    #[error("`consistent_snapshot` is not true, but a repository that overwrites its files is not read")]
    Overwriting,
    /// A key is none.
    #[error("the key {} cannot be used", Quoted(.id))]
    Key {
        /// Its name.
        id: String,
        /// What is wrong with it.
        #[source]
        cause: KeyError,
    },
    /// The keys of a role make no key set.
    #[error("the keys of the role {} cannot be used", Quoted(.role))]
    Keys {
        /// The role.
        role: String,
        /// What is wrong with them.
        #[source]
        cause: KeySetError,
    },
    /// A role to which it delegates has no name that can be used.
    #[error("it delegates to a role that cannot be named here")]
    RoleName {
        /// What is wrong with the name.
        #[source]
        cause: NameError,
    },
    /// A role is delegated to twice.
    #[error("it delegates to the role {} twice", Quoted(.role))]
    RepeatedDelegation {
        /// The role.
        role: String,
    },
    /// A delegation of a kind that is not read here. To pass over it could hand its paths to somebody else.
    #[error("it delegates by the digests of paths, which is not known here")]
    HashedPaths,
}

/// What all payloads have.
#[derive(Clone, Debug, PartialEq)]
struct Header {
    version: MetadataVersion,
    expires: Timestamp,
    repository: RepositoryId,
    /// Members that have no meaning here; TUF wants them kept.
    other: Map<String, Value>,
}

impl MetadataVersion {
    /// The first version.
    pub const FIRST: Self = Self(1);

    /// The version with the given number, if it is in range.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=MAX_INTEGER).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The version after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    /// The version before this one; none before the first.
    pub(crate) fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Header {
    /// It expires at the full second before `expires`.
    fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp) -> Self {
        let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
        Self { version, expires, repository, other: Map::new() }
    }

    fn successor(&self, expires: Timestamp) -> Option<Self> {
        let renewed = Self::new(self.repository.clone(), self.version.next()?, expires);
        Some(Self { other: self.other.clone(), ..renewed })
    }

    /// The same with another expiry.
    fn expiring(self, expires: Timestamp) -> Self {
        let other = self.other;
        Self { other, ..Self::new(self.repository, self.version, expires) }
    }
}

/// Declares what all payloads say of themselves, for a type with a `header`.
macro_rules! header {
    ($payload:ident) => {
        impl $payload {
            /// Its version.
            #[must_use]
            pub fn version(&self) -> crate::metadata::MetadataVersion {
                self.header.version
            }

            /// When it expires; from that second on it is refused.
            #[must_use]
            pub fn expires(&self) -> jiff::Timestamp {
                self.header.expires
            }

            /// The repository that it is for.
            #[must_use]
            pub fn repository(&self) -> &crate::name::RepositoryId {
                &self.header.repository
            }
        }

        impl crate::metadata::Payload for $payload {
            fn parse(bytes: &[u8]) -> Result<Self, crate::metadata::MetadataError> {
                Self::parse(bytes)
            }

            fn version(&self) -> crate::metadata::MetadataVersion {
                self.version()
            }

            fn expires(&self) -> jiff::Timestamp {
                self.expires()
            }

            fn repository(&self) -> &crate::name::RepositoryId {
                self.repository()
            }
        }
    };
}
use header;
