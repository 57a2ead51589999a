//! What can go wrong for a publisher, by what can be done about it.

use std::error::Error as StdError;

use jiff::Timestamp;
use thiserror::Error;

use crate::anchor::AnchorError;
use crate::client::UpdateError;
use crate::digest::Digest;
use crate::envelope::{EnvelopeError, SignError, SignatureError};
use crate::key::{KeyId, KeySetError};
use crate::manifest::ManifestError;
use crate::metadata::{MetadataError, MetadataVersion, SuccessionError};
use crate::name::{NameError, RepositoryId, SafePath, TargetPath};
use crate::role::Role;

use super::signing::Missing;
use super::terms::RuleError;

/// A repository, or what is staged beside it, is not as it was left: get a good copy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file that others tell of is not there.
    #[error("`{file}` does not exist in the repository")]
    Missing {
        /// The file.
        file: SafePath,
    },
    /// Nothing is known about the file.
    #[error("`{file}` could not be read")]
    Source {
        /// The file.
        file: SafePath,
        /// What the source says.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// A file is longer than any of its kind.
    #[error("`{file}` is too long")]
    TooLong {
        /// The file.
        file: SafePath,
    },
    /// A file is not the one that others tell of.
    #[error("`{file}` is altered: its SHA-256 is `{found}` instead of `{expected}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// The digest that it must have.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// A file is no envelope.
    #[error("`{file}` is no signed metadata")]
    Envelope {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: EnvelopeError,
    },
    /// A published file is not signed by those who must have signed it.
    #[error("`{file}` is not signed as it must be")]
    Signatures {
        /// The file.
        file: SafePath,
        /// What was found.
        #[source]
        cause: SignatureError,
    },
    /// What an envelope holds is no metadata of that role.
    #[error("the metadata in `{file}` cannot be used")]
    Metadata {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: MetadataError,
    },
    /// A file holds another version than its name says.
    #[error("`{file}` has the version {found}, but {expected} is expected")]
    WrongVersion {
        /// The file.
        file: SafePath,
        /// The version that belongs there.
        expected: MetadataVersion,
        /// The version that it has.
        found: MetadataVersion,
    },
    /// A file belongs to another repository.
    #[error("`{file}` is for the repository `{found}`, but `{expected}` is expected")]
    WrongRepository {
        /// The file.
        file: SafePath,
        /// This repository.
        expected: RepositoryId,
        /// The repository that it is for.
        found: RepositoryId,
    },
}

/// What was asked for cannot be done, or must not be: ask for something else.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is no root, neither published nor staged.
    #[error("there is no repository yet; `jurat trust init` makes one")]
    NoRepository,
    /// There is one already.
    #[error("there is a repository already: `{repository}`")]
    IsRepository {
        /// The repository.
        repository: RepositoryId,
    },
    /// It would break a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The keys that would be left do not make a key set.
    #[error("{role} could not be signed any more")]
    KeySet {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: KeySetError,
    },
    /// The role has the key already.
    #[error("the key `{key}` belongs to {role} already")]
    KnownKey {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// The role does not have the key.
    #[error("the key `{key}` does not belong to {role}")]
    UnknownKey {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// It cannot name a tenant.
    #[error(transparent)]
    Tenant(#[from] NameError),
    /// The tenant is there already.
    #[error("there is a tenant with the role `{role}` already")]
    KnownTenant {
        /// Its role.
        role: Role,
    },
    /// There is no such tenant.
    #[error("there is no tenant with the role `{role}`")]
    UnknownTenant {
        /// Its role.
        role: Role,
    },
    /// No tenant may list a release there.
    #[error("no tenant may list `{target}`: `t/<tenant>/<channel>/<release>.json` is expected")]
    NoTenantPath {
        /// The path.
        target: TargetPath,
    },
    /// The manifest is that of another release.
    #[error("the manifest is that of `{found}`, which cannot be listed as `{target}`")]
    WrongName {
        /// The path.
        target: TargetPath,
        /// The name in the manifest.
        found: String,
    },
    /// Nothing is listed there.
    #[error("`{target}` is not listed")]
    NotListed {
        /// The path.
        target: TargetPath,
    },
    /// What was revoked stays so.
    #[error("the manifest `{manifest}` has been revoked, and stays so; build a new release")]
    Revoked {
        /// The digest of the manifest.
        manifest: Digest,
    },
    /// There is nothing that people could sign.
    #[error("there is no {role} that could be signed anew")]
    NothingToRenew {
        /// The role.
        role: Role,
    },
    /// The manifest to go back to is none.
    #[error("the manifest cannot be used")]
    Manifest(#[from] ManifestError),
    /// The manifest to go back to was written by another version of this program, in other words.
    #[error("the manifest is not as this version writes it, so that its digest would change")]
    RewrittenManifest,
    /// There are no more version numbers.
    #[error("there is no version after the last of {role}")]
    LastVersion {
        /// The role.
        role: Role,
    },
}

/// A signature is not taken: sign the right thing with the right key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// Nothing is staged for the role.
    #[error("nothing is staged for {role}")]
    NotStaged {
        /// The role.
        role: Role,
    },
    /// The key may not sign the role.
    #[error("the key `{key}` may not sign {role}")]
    NotPermitted {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// There is no good signature.
    #[error("{role} was not signed")]
    Sign {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: SignError,
    },
    /// The other copy is no envelope.
    #[error("the other copy is no signed metadata")]
    Envelope(#[from] EnvelopeError),
    /// The other copy says something else, so that its signatures mean something else.
    #[error("the other copy of {role} says something else; its signatures are for that")]
    OtherPayload {
        /// The role.
        role: Role,
    },
}

/// Nothing can be published as it stands.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is nothing to publish, or not enough people have signed it.
    #[error("nothing that is staged can be published{}", Waiting(.waiting))]
    NothingReady {
        /// What is staged, and who has to sign it.
        waiting: Vec<(Role, Missing)>,
    },
    /// It would be refused from the first moment on.
    #[error("{role} expired at {expires}, and it is {now}; stage it anew and have it signed")]
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
        /// Who could.
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
    #[error("what is staged for {role} cannot take the place of what is published; stage it anew")]
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
    /// A file of a release is none that hosts would use.
    #[error("the manifest of the release `{release}` cannot be used")]
    Manifest {
        /// The release.
        release: TargetPath,
        /// What is wrong with it.
        #[source]
        cause: Box<ManifestError>,
    },
    /// The version is used up: something else stands there, and nothing is ever overwritten.
    #[error(
        "`{file}` exists and says something else; a publication broke off after it: finish that one, or, as nothing refers to the file, remove it and publish again"
    )]
    Taken {
        /// The file.
        file: SafePath,
    },
    /// A rule would be broken.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is no repository.
    #[error("there is no repository to publish")]
    NoRepository,
    /// There are no more version numbers.
    #[error("there is no version after the last of {role}")]
    LastVersion {
        /// The role.
        role: Role,
    },
    /// The first root is none that hosts could start from.
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

impl std::fmt::Display for Waiting<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (role, missing)) in self.0.iter().enumerate() {
            let between = if index == 0 { ": " } else { "; " };
            write!(out, "{between}{role}: {missing}")?;
        }
        Ok(())
    }
}
