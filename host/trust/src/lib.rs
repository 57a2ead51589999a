//! Bytes in, proof out: envelopes, manifests and releases.
//!
//! A *release* is what a rules team publishes and a host switches to at once: settings, field maps, schemas, components and test
//! vectors. This crate turns the files of a repository, which may come from any source, into a [`VerifiedRelease`], which is the only
//! thing that the rest of the program runs rules from.
//!
//! | What | Vouched for by |
//! |---|---|
//! | an [`Anchor`]: a root that the operator trusts | the operator |
//! | later roots: which keys the top roles have | the keys of the root before |
//! | the timestamp: the newest snapshot | its keys, for a day |
//! | the snapshot: one version of each targets role | its keys, and its digest in the timestamp |
//! | [`TargetsMetadata`]: which releases there are, and which roles may list more | its keys, and its digest in the snapshot |
//! | a [`Manifest`]: the files of one release and what its components may use | length and SHA-256 in the targets |
//! | files | length and SHA-256 in the manifest |
//!
//! The metadata is that of The Update Framework 1.0.34, the envelope is DSSE 1.0.2, signatures are Ed25519. Nothing is read before
//! what vouches for it has been verified, and the bytes that were verified are the bytes that are read. The [`Client`] does all of
//! this, and remembers in a [`Store`] what it has seen, so that it cannot be made to go back.
//!
//! Everything is a function of its arguments: no files, no clock, no environment, no threads. The caller brings the bytes through
//! [`Fetch`], the memory through [`Store`], and the time; new keys alone come from elsewhere.
//!
//! ```
//! # use std::collections::BTreeMap;
//! # use jurat_model::Bytes;
//! # use jurat_trust::publish::{BuiltRelease, ReleaseDraft, DraftFile};
//! # use jurat_trust::{Delegation, Digest, Envelope, FetchError, FileKind, KeySet, MetaFile, MetadataVersion, Role, RoleName};
//! # use jurat_trust::{RootKeys, RootMetadata, SafePath, SecretKey, SnapshotMetadata, TargetsMetadata, TimestampMetadata, World};
//! use jurat_trust::{Anchor, Client, Demands, Fetch, Freshness, MemoryStore, TargetPath};
//!
//! /// What a host does: `root` is the file that it was given, and `source` need not be trusted.
//! fn load(root: &[u8], source: &impl Fetch) -> Result<(), Box<dyn std::error::Error>> {
//!     let now = "2026-11-01T00:00:00Z".parse()?;
//!     let target: TargetPath = "t/acme/prod/loan-rules.json".parse()?;
//!
//!     let mut client = Client::open(Anchor::parse(root, None)?, Demands::default(), MemoryStore::default())?;
//!     client.refresh(source, now)?;
//!     let listing = client.find(source, &target, Freshness::Demanded(now))?;
//!     let release = listing.manifest(source)?.release(source)?;
//!
//!     assert_eq!(release.manifest().version().as_str(), "1.0.0");
//!     assert!(release.provenance().is_some_and(|provenance| provenance.role.to_string() == "t-acme"));
//!     Ok(())
//! }
//! #
//! # struct Files(BTreeMap<SafePath, Vec<u8>>);
//! # impl Fetch for Files {
//! #     fn get(&self, file: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
//! #         self.0.get(file).cloned().ok_or(FetchError::NotFound)
//! #     }
//! # }
//! #
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let config =
//! #     DraftFile { path: "business-config.yaml".parse()?, kind: FileKind::BusinessConfig, bytes: b"rulesets: {}".to_vec() };
//! # let release = BuiltRelease::build(ReleaseDraft {
//! #     name: "loan-rules".parse()?,
//! #     version: "1.0.0".parse()?,
//! #     world: World::current(),
//! #     files: vec![config],
//! #     components: Vec::new(),
//! #     builtin: Vec::new(),
//! # })?;
//! # let key = SecretKey::generate()?;
//! # let keys = KeySet::new(1, [key.public()])?;
//! # let (repository, first) = ("acme-prod".parse::<jurat_trust::RepositoryId>()?, MetadataVersion::FIRST);
//! # let expires = "2026-12-31T00:00:00Z".parse()?;
//! # let sign = |payload: Vec<u8>| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
//! #     let mut envelope = Envelope::unsigned(payload);
//! #     envelope.sign(&key)?;
//! #     Ok(envelope.to_bytes())
//! # };
//! # let top = RootKeys { root: keys.clone(), targets: keys.clone(), snapshot: keys.clone(), timestamp: keys.clone() };
//! # let root = sign(RootMetadata::new(repository.clone(), first, expires, top).to_bytes())?;
//! # let target = "t/acme/prod/loan-rules.json".parse()?;
//! # let role = RoleName::of_tenant("acme")?;
//! # let new = || TargetsMetadata::new(repository.clone(), first, expires);
//! # let tenant = sign(new().with_release(&target, release.manifest()).to_bytes())?;
//! # let delegation = Delegation { role: role.clone(), keys, paths: vec!["t/acme/*/*.json".parse()?], terminating: true };
//! # let targets = sign(new().with_delegation(delegation).to_bytes())?;
//! # let snapshot = SnapshotMetadata::new(repository.clone(), first, expires)
//! #     .with_file(Role::Targets, MetaFile::of(first, &targets))
//! #     .with_file(Role::Delegated(role.clone()), MetaFile::of(first, &tenant));
//! # let snapshot = sign(snapshot.to_bytes())?;
//! # let timestamp = TimestampMetadata::new(repository.clone(), first, expires, MetaFile::of(first, &snapshot));
//! # let timestamp = sign(timestamp.to_bytes())?;
//! # let mut files = BTreeMap::from([
//! #     (Role::Timestamp.file(first), timestamp),
//! #     (Role::Snapshot.file(first), snapshot),
//! #     (Role::Targets.file(first), targets),
//! #     (Role::Delegated(role).file(first), tenant),
//! # ]);
//! # let manifest = release.manifest().to_bytes();
//! # files.insert(target.location(&Digest::of(&manifest)), manifest);
//! # files.extend(release.files().map(|(_, bytes)| (SafePath::of_blob(&Digest::of(bytes)), bytes.to_vec())));
//! # load(&root, &Files(files))
//! # }
//! ```
#![forbid(unsafe_code)]

mod anchor;
mod client;
pub mod danger;
mod digest;
mod envelope;
mod fetch;
mod json;
mod key;
mod manifest;
pub mod metadata;
mod name;
mod policy;
pub mod publish;
mod quote;
mod release;
mod role;
mod store;
mod version;

pub use anchor::{Anchor, AnchorError};
pub use client::{Client, Demands, Floors, Freshness, Listing, Refresh, StateError, UpdateError, VerifiedManifest};
pub use digest::{Digest, ParseDigestError};
pub use envelope::pre_authentication_encoding;
pub use envelope::{Envelope, EnvelopeError, PAYLOAD_TYPE, SignError, SignatureError, SignedPayload};
pub use fetch::{Fetch, FetchError};
pub use json::FormatError;
pub use jurat_model::Blame;
pub use key::{
    EntropyError, KeyError, KeyFormatError, KeyId, KeyName, KeySet, KeySetError, ParseKeyIdError, ParseKeyNameError,
    PassphraseCost, PublicKey, SecretKey,
};
pub use key::{Signer, SignerError};
pub use manifest::{
    BuiltinCheck, BuiltinRule, ComponentEntry, FileEntry, FileKind, LowerFuel, LowerLimits, Manifest, ManifestError,
};
pub use manifest::{RuleEntry, SCHEMA, Wasi};
pub use metadata::{
    Delegation, MetaFile, MetadataError, RootKeys, RootMetadata, SPEC_VERSION, SnapshotMetadata, SuccessionError,
    Target, TargetsMetadata, TimestampMetadata,
};
pub use name::{
    NameError, PathPattern, ReleaseName, ReleaseVersion, RepositoryId, RoleName, SafePath, TargetPath, World,
};
pub use policy::Caps;
pub use release::{ComponentFile, Provenance, ReleaseOrigin, VerifiedBytes, VerifiedRelease, Versions};
pub use role::{Role, TopRole};
pub use store::{MemoryStore, StateFile, Store, StoreError};
pub use version::MetadataVersion;
