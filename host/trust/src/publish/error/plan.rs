//! Nothing can be published.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

use super::read::ReadError;
use crate::anchor::AnchorError;
use crate::client::UpdateError;
use crate::envelope::SignError;
use crate::manifest::ManifestError;
use crate::metadata::SuccessionError;
use crate::name::{SafePath, TargetPath};
use crate::publish::demand::Missing;
use crate::publish::terms::RuleError;
use crate::role::Role;

/// Nothing can be published in this state.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is nothing to publish, or not enough people have signed it.
    #[error("nothing that is staged can be published{}", Waiting(.waiting))]
    NothingReady {
        /// What is staged, and the signatures that it lacks.
        waiting: Vec<(Role, Missing)>,
    },
    /// It would be refused from the first moment on.
    #[error("{role} expired at {expires}, and it is {now}; stage it again and have it signed")]
    Expired {
        /// The role.
        role: Role,
        /// When it expired.
        expires: Timestamp,
        /// The present time.
        now: Timestamp,
    },
    /// A role that is signed in this step has not enough signers at hand.
    #[error("{role} cannot be signed: {missing}")]
    NoSigner {
        /// The role.
        role: Role,
        /// The keys that could sign.
        missing: Missing,
    },
    /// A signer failed.
    #[error("{role} was not signed")]
    Sign {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: SignError,
    },
    /// Hosts that know what is published would refuse it.
    #[error("what is staged for {role} cannot replace what is published; stage it again")]
    Succession {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: SuccessionError,
    },
    /// A file of a release is not at hand.
    #[error("the release `{release}` cannot be published without its files")]
    ReleaseFile {
        /// The release.
        release: TargetPath,
        /// The file and what is wrong with it.
        #[source]
        cause: Box<ReadError>,
    },
    /// Hosts would refuse a file of a release.
    #[error("the manifest of the release `{release}` cannot be used")]
    Manifest {
        /// The release.
        release: TargetPath,
        /// What is wrong with it.
        #[source]
        cause: Box<ManifestError>,
    },
    /// The version is taken: another file has the name, and no file is ever overwritten.
    #[error(
        "`{file}` exists with other content: a publication was interrupted after it. Finish that one; or remove the file, to which nothing refers, and publish again"
    )]
    Taken {
        /// The file.
        file: SafePath,
    },
    /// A rule would be broken.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The repository does not exist.
    #[error("there is no repository to publish")]
    NoRepository,
    /// There are no more version numbers.
    #[error("there is no version after the last of {role}")]
    LastVersion {
        /// The role.
        role: Role,
    },
    /// Hosts could not start from the first root.
    #[error("hosts could not start from the first root")]
    Anchor(#[from] AnchorError),
    /// Something could not be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Hosts would refuse the result.
    #[error("hosts would refuse it")]
    Refused(#[source] Box<UpdateError>),
}

struct Waiting<'a>(&'a [(Role, Missing)]);

impl fmt::Display for Waiting<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (role, missing)) in self.0.iter().enumerate() {
            let between = if index == 0 { ": " } else { "; " };
            write!(out, "{between}{role}: {missing}")?;
        }
        Ok(())
    }
}
