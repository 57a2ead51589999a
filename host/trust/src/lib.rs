//! Bytes in, proof out: envelopes, manifests and releases.
//!
//! A *release* is what a rules team publishes and a host switches to at once: settings, field maps, schemas, components and test
//! vectors. This crate turns the files of a repository, which may come from anybody, into a [`VerifiedRelease`], which is the only
//! thing that the rest of the program runs rules from.
//!
//! | What | Vouched for by |
//! |---|---|
//! | an [`Envelope`] with metadata | signatures by a threshold of [`KeySet`] |
//! | [`Targets`]: which releases there are, until when, for which repository | the envelope |
//! | a [`Manifest`]: the files of one release and what its components may use | length and SHA-256 in the targets |
//! | files | length and SHA-256 in the manifest |
//!
//! The metadata is that of The Update Framework 1.0.34, the envelope is DSSE 1.0.2, signatures are Ed25519. Nothing is read before
//! what vouches for it has been verified, and the bytes that were verified are the bytes that are read.
//!
//! Everything is a function of its arguments: no files, no clock, no environment, no threads. The caller brings the bytes through
//! [`Fetch`] and the time in [`Policy`]; new keys alone come from elsewhere.
//!
//! ```
//! use jurat_trust::publish::{BuiltRelease, Draft, DraftFile, Layout};
//! use jurat_trust::{Caps, Envelope, FileKind, KeySet, MetadataVersion, Policy, SecretKey, TargetPath, Targets, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = DraftFile {
//!     path: "business-config.yaml".parse()?,
//!     kind: FileKind::BusinessConfig,
//!     bytes: b"rulesets: {}".to_vec(),
//! };
//! let release = BuiltRelease::build(Draft {
//!     name: "loan-rules".parse()?,
//!     version: "1.0.0".parse()?,
//!     world: World::current(),
//!     files: vec![config],
//!     components: Vec::new(),
//!     builtin: Vec::new(),
//! })?;
//!
//! let key = SecretKey::generate()?;
//! let target: TargetPath = "t/acme/prod/loan-rules.json".parse()?;
//! let targets = Targets::new("acme-prod".parse()?, MetadataVersion::FIRST, "2026-12-31T00:00:00Z".parse()?);
//! let mut envelope = Envelope::unsigned(targets.with_release(&target, release.manifest()).to_bytes());
//! envelope.sign(&key)?;
//!
//! let policy = Policy {
//!     keys: KeySet::new(1, [key.public()])?,
//!     repository: "acme-prod".parse()?,
//!     now: "2026-11-01T00:00:00Z".parse()?,
//!     minimum_version: MetadataVersion::FIRST,
//!     caps: Caps::DEFAULT,
//! };
//! let repository = Layout::new(&release, &target, &envelope, None, &policy)?;
//!
//! let release = jurat_trust::verify(&repository, &policy, &target)?;
//! assert_eq!(release.manifest().version().as_str(), "1.0.0");
//! assert!(release.provenance().is_some());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod danger;
mod digest;
mod envelope;
mod fetch;
mod json;
mod key;
mod manifest;
mod name;
mod policy;
pub mod publish;
mod quote;
mod release;
mod targets;
mod verify;

pub use digest::{Digest, ParseDigestError};
pub use envelope::pre_authentication_encoding;
pub use envelope::{Envelope, EnvelopeError, PAYLOAD_TYPE, SignError, SignatureError, SignedPayload};
pub use fetch::{Fetch, FetchError};
pub use json::FormatError;
pub use key::{EntropyError, KeyError, KeyId, KeySet, KeySetError, ParseKeyIdError, PublicKey, SecretKey};
pub use manifest::{
    BuiltinCheck, BuiltinRule, ComponentEntry, FileEntry, FileKind, LowerLimits, Manifest, ManifestError,
};
pub use manifest::{RuleEntry, SCHEMA, Wasi};
pub use name::{NameError, ReleaseName, ReleaseVersion, RepositoryId, SafePath, TargetPath, World};
pub use policy::{Caps, Policy};
pub use release::{ComponentFile, Origin, Provenance, VerifiedBytes, VerifiedRelease};
pub use targets::{MetadataVersion, SPEC_VERSION, SuccessionError, Target, Targets, TargetsError};
pub use verify::{Blame, VerifyError, verify};
