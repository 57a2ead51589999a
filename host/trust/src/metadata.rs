//! The metadata that roles sign: the objects of TUF 1.0.34, with two additions that the specification permits.
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

mod document;
mod error;
mod header;
mod keys;
mod meta_file;
mod root;
mod snapshot;
mod targets;
mod timestamp;

pub(crate) use document::Payload;
pub use document::SPEC_VERSION;
pub use error::MetadataError;
pub use meta_file::MetaFile;
pub use root::{RootKeys, RootMetadata};
pub use snapshot::SnapshotMetadata;
pub use targets::{Delegation, SuccessionError, Target, TargetsMetadata};
pub use timestamp::TimestampMetadata;

pub use crate::version::MetadataVersion;
