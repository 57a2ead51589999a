//! Why something is not the payload of a role.

use thiserror::Error;

use crate::json::FormatError;
use crate::key::{KeyError, KeySetError};
use crate::name::NameError;
use crate::quote::Quoted;

/// Why something is not the payload of a role.
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
    /// Later files would overwrite its files.
    #[error("`consistent_snapshot` is not true, but a repository that overwrites its files is not read")]
    Overwriting,
    /// A key is not valid.
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
    /// The name of a role to which it delegates is not valid.
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
    /// A delegation of a kind that is not read here. To skip it could give its paths to another role.
    #[error("it delegates by the digests of paths, which is not known here")]
    HashedPaths,
}
