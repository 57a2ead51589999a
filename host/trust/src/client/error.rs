//! The errors of a repository, each with the party that can do something about it.

use std::error::Error as StdError;

use jiff::Timestamp;
use jurat_model::Bytes;
use thiserror::Error;

use crate::digest::Digest;
use crate::envelope::{EnvelopeError, SignatureError};
use crate::json::FormatError;
use crate::manifest::ManifestError;
use crate::metadata::MetadataError;
use crate::name::{ReleaseName, ReleaseVersion, RepositoryId, SafePath, TargetPath};
use crate::quote::Quoted;
use crate::role::Role;
use crate::store::{StateFile, StoreError};
use crate::version::MetadataVersion;

/// Why metadata is not accepted, or a release is not used. Whatever it is, what was accepted before stays so.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The source says that a file does not exist.
    #[error("`{file}` does not exist in the repository")]
    Missing {
        /// The file.
        file: SafePath,
    },
    /// The source failed; nothing is known about the file.
    #[error("`{file}` could not be read")]
    Source {
        /// The file.
        file: SafePath,
        /// What the source says.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// A file ends too early.
    #[error("`{file}` is truncated: it has {found} bytes instead of {expected}")]
    Truncated {
        /// The file.
        file: SafePath,
        /// The length that was signed, in bytes.
        expected: u64,
        /// The length that it has, in bytes.
        found: u64,
    },
    /// A file goes on where it should end.
    #[error("`{file}` is longer than {expected} bytes")]
    TooLong {
        /// The file.
        file: SafePath,
        /// The length that was signed or, for metadata, the cap; in bytes.
        expected: u64,
    },
    /// A file is larger than this host reads, as its signed length says.
    #[error("`{file}` has {length} bytes, but this host reads at most {cap}")]
    OverCap {
        /// The file.
        file: SafePath,
        /// The length that was signed, in bytes.
        length: u64,
        /// The host's cap.
        cap: Bytes,
    },
    /// All files together are larger than this host reads.
    #[error("the files of `{release}` have {length} bytes together, but this host reads at most {cap}")]
    ReleaseOverCap {
        /// The release.
        release: TargetPath,
        /// The sum of the lengths that were signed, in bytes.
        length: u64,
        /// The host's cap.
        cap: Bytes,
    },
    /// A file is not the one that was signed.
    #[error("`{file}` is altered: its SHA-256 is `{found}` instead of `{expected}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// The digest that was signed.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// A metadata file is not an envelope.
    #[error("`{file}` is not signed metadata")]
    Envelope {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: EnvelopeError,
    },
    /// Not enough trusted keys have signed.
    #[error("`{file}` is not signed by the keys that {by} {by_version} names for {role}")]
    Signatures {
        /// The file.
        file: SafePath,
        /// The role that it is for.
        role: Role,
        /// The role that says which keys these are.
        by: Role,
        /// The version of that role.
        by_version: MetadataVersion,
        /// What was found.
        #[source]
        cause: Box<SignatureError>,
    },
    /// The signed payload is for another role.
    #[error("`{file}` was signed as {}, but {role} is expected", Quoted(.found))]
    WrongRole {
        /// The file.
        file: SafePath,
        /// The role that it should be for.
        role: Role,
        /// The type that it has.
        found: String,
    },
    /// The signed payload is not metadata.
    #[error("the metadata in `{file}` cannot be used for {role}; its publisher must sign a new version")]
    Metadata {
        /// The file.
        file: SafePath,
        /// The role that it is for.
        role: Role,
        /// What is wrong with it.
        #[source]
        cause: Box<MetadataError>,
    },
    /// It was signed for another repository.
    #[error("`{file}` was signed for the repository `{found}`, but `{expected}` is expected")]
    WrongRepository {
        /// The file.
        file: SafePath,
        /// The repository that the host expects.
        expected: RepositoryId,
        /// The repository that it was signed for.
        found: RepositoryId,
    },
    /// The trust root and the settings speak of different repositories.
    #[error(
        "the trust root is that of the repository `{found}`, but the settings demand `{expected}`; correct one of them"
    )]
    WrongAnchor {
        /// The repository in the settings.
        expected: RepositoryId,
        /// The repository of the trust root.
        found: RepositoryId,
    },
    /// It is no longer valid.
    #[error("`{file}` expired at {expires}, and it is {now:.0}; its publisher renews it with {}", renewal(.role))]
    Expired {
        /// The file.
        file: SafePath,
        /// The role.
        role: Role,
        /// When it expired.
        expires: Timestamp,
        /// The present time, as the host knows it.
        now: Timestamp,
    },
    /// A role is older than what the host has accepted before.
    #[error("`{file}` goes back to version {found} of {role}, but this host has accepted version {known}")]
    Rollback {
        /// The file that says so.
        file: SafePath,
        /// The role that is older.
        role: Role,
        /// The version that was accepted.
        known: MetadataVersion,
        /// The version that was found.
        found: MetadataVersion,
    },
    /// A role is older than the settings allow.
    #[error("`{file}` has version {found} of {role}, but the settings demand at least version {floor}")]
    BelowFloor {
        /// The file.
        file: SafePath,
        /// The role.
        role: Role,
        /// The version in the settings.
        floor: MetadataVersion,
        /// The version that was found.
        found: MetadataVersion,
    },
    /// A root is not the one after the last.
    #[error("`{file}` is version {found} of root, but version {expected} comes next, and none can be left out")]
    RootSkipped {
        /// The file.
        file: SafePath,
        /// The version that comes next.
        expected: MetadataVersion,
        /// The version that it has.
        found: MetadataVersion,
    },
    /// There are more new roots than are taken at once. Those that were taken are kept.
    #[error("there are more than {cap} new versions of root; the next refresh goes on from version {reached}")]
    TooManyRoots {
        /// How many are taken at once.
        cap: u32,
        /// The version that was reached.
        reached: MetadataVersion,
    },
    /// Metadata does not belong to the other metadata that the repository has: parts of different moments were mixed.
    #[error("`{file}` is version {found} of {role}, but {by} lists version {expected}")]
    SnapshotMismatch {
        /// The file.
        file: SafePath,
        /// The role.
        role: Role,
        /// The role that lists it.
        by: Role,
        /// The version that is listed.
        expected: MetadataVersion,
        /// The version that it has.
        found: MetadataVersion,
    },
    /// A role is gone, as if it had never been.
    #[error(
        "`{file}` no longer lists {role}, of which this host knows version {known}; the publisher must list it forever"
    )]
    Vanished {
        /// The snapshot.
        file: SafePath,
        /// The role.
        role: Role,
        /// The version that was listed before.
        known: MetadataVersion,
    },
    /// A role is delegated to, but the snapshot lists no metadata for it.
    #[error("`{file}` does not list {role}; the publisher must publish it")]
    Unlisted {
        /// The snapshot.
        file: SafePath,
        /// The role.
        role: Role,
    },
    /// The host does not have what belongs together; a refresh has not gone through yet.
    #[error("this host has no {role} metadata that belongs to the rest; a refresh must succeed first")]
    Unrefreshed {
        /// The first role that is missing, or of another moment than the role before it.
        role: Role,
    },
    /// No role may list the release.
    #[error("`{file}` leaves `{release}` to no role; correct the name of the release, or have its path delegated")]
    NotDelegated {
        /// The metadata of the targets role.
        file: SafePath,
        /// The release.
        release: TargetPath,
    },
    /// More roles would have to be asked than a host asks.
    #[error(
        "more than {cap} roles may list `{release}`, but this host asks {cap}; its path must be delegated more narrowly"
    )]
    TooManyRoles {
        /// The release.
        release: TargetPath,
        /// How many are asked.
        cap: usize,
    },
    /// Delegations are longer than a host follows.
    #[error("{role} delegates `{release}` further, but this host follows {cap} delegations one after the other")]
    TooDeep {
        /// The release.
        release: TargetPath,
        /// The role at which it stopped.
        role: Role,
        /// How many are followed.
        cap: usize,
    },
    /// No role that may list the release does.
    #[error(
        "`{file}` lists no release `{release}`, and {role} is the last that may; correct its name, or have it published"
    )]
    UnknownRelease {
        /// The file.
        file: SafePath,
        /// The role.
        role: Role,
        /// The release.
        release: TargetPath,
    },
    /// The listed file is not a release.
    #[error("`{file}` lists `{release}`, but not as a release")]
    NotARelease {
        /// The file.
        file: SafePath,
        /// The path.
        release: TargetPath,
    },
    /// The release must not be used any more.
    #[error("the release `{release}` has been revoked: manifest `{manifest}`")]
    Revoked {
        /// The release.
        release: TargetPath,
        /// The digest of its manifest.
        manifest: Digest,
    },
    /// It would bring back what was revoked.
    #[error("`{file}` no longer revokes the manifest `{manifest}`; the publisher of {role} must revoke it forever")]
    Unrevoked {
        /// The file.
        file: SafePath,
        /// The role.
        role: Role,
        /// The digest of the manifest.
        manifest: Digest,
    },
    /// The stored envelope of an earlier release does not count any more.
    #[error("the stored metadata of the release `{release}` is not valid any more")]
    Past {
        /// The release.
        release: TargetPath,
        /// Why not.
        #[source]
        cause: Box<Self>,
    },
    /// The manifest is not valid.
    #[error("the manifest `{file}` cannot be used")]
    Manifest {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: ManifestError,
    },
    /// The manifest is that of another release.
    #[error("`{file}` is the manifest of `{found}`, but `{expected}` is expected")]
    WrongName {
        /// The file.
        file: SafePath,
        /// The name that was asked for.
        expected: ReleaseName,
        /// The name in the manifest.
        found: ReleaseName,
    },
    /// The manifest has another version than the metadata says.
    #[error("`{file}` is the manifest of version `{found}`, but the metadata lists version `{expected}`")]
    WrongVersion {
        /// The file.
        file: SafePath,
        /// The version in the metadata.
        expected: ReleaseVersion,
        /// The version in the manifest.
        found: ReleaseVersion,
    },
    /// The host's clock has gone back, so that what has expired would be valid again.
    #[error("it is {now}, but the last refresh was at {last_seen}; set the clock, or run `jurat forget clock`")]
    ClockSetBack {
        /// The time of the last whole refresh.
        last_seen: Timestamp,
        /// The present time, as the host knows it.
        now: Timestamp,
    },
    /// The host's own state cannot be used. Never taken for absent: the host would forget what protects it from rollbacks.
    #[error("`{file}`, in the state of this host, cannot be used; restore it, or run `jurat forget metadata`")]
    State {
        /// The file.
        file: StateFile,
        /// What is wrong with it.
        #[source]
        cause: StateError,
    },
    /// The host cannot keep what it accepts, or read what it has kept.
    #[error("`{file}` cannot be stored or read back")]
    Store {
        /// The file.
        file: StateFile,
        /// What the store says.
        #[source]
        cause: StoreError,
    },
}

/// The reason why a file that a host has kept cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It would not be accepted from a repository, not even under the keys of earlier roots.
    #[error(transparent)]
    Metadata(Box<UpdateError>),
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It has the version of the trust root and says something else, so it belongs to another one.
    #[error("it is another root than the trust root, which has the same version")]
    OtherRoot,
}

/// The command that signs a role again.
fn renewal(role: &Role) -> String {
    match role {
        Role::Timestamp | Role::Snapshot => "`jurat timestamp refresh`".to_owned(),
        Role::Root | Role::Targets | Role::Delegated(_) => format!("`jurat trust renew --role {role}`"),
    }
}
