//! The names, versions and provenance of signed releases.
//!
//! ```no_run
//! use jurat::trust::ReleaseOrigin;
//!
//! # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
//! if let ReleaseOrigin::Signed(provenance) = service.identity()?.origin {
//!     println!("{} by {:?}, until {}", provenance.role, provenance.signers, provenance.expires);
//! }
//! # Ok(())
//! # }
//! ```

/// A [`Digest`] is the SHA-256 of a file; parsing it can fail with a [`ParseDigestError`].
///
/// ```
/// use jurat::trust::{Digest, ParseDigestError};
///
/// // As an operator has written down of `root.json`.
/// let expected: Result<Digest, ParseDigestError> =
///     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse();
/// assert_eq!(expected?, Digest::of(b""));
/// # Ok::<(), ParseDigestError>(())
/// ```
pub use jurat_trust::{Digest, ParseDigestError};

/// The [`ReleaseOrigin`] of a signed release has its [`Provenance`], with the [`KeyId`] of each signer.
///
/// ```
/// use jurat::trust::{KeyId, Provenance, ReleaseOrigin};
///
/// /// Whether two people have signed the list with the release.
/// fn has_two_signers(origin: &ReleaseOrigin) -> bool {
///     let signers = |provenance: &Provenance| -> Vec<KeyId> { provenance.signers.clone() };
///     matches!(origin, ReleaseOrigin::Signed(provenance) if signers(provenance).len() >= 2)
/// }
/// assert!(!has_two_signers(&ReleaseOrigin::Unsigned));
/// ```
pub use jurat_trust::{KeyId, Provenance, ReleaseOrigin};

/// The name of a key, a [`KeyId`], can be computed from the [`PublicKey`].
///
/// ```
/// use jurat::causes::KeyError;
/// use jurat::trust::{KeyId, ParseKeyIdError, PublicKey};
///
/// /// Whether the key in a file has this name.
/// fn is_called(id: &str, pem: &str) -> Result<bool, KeyError> {
///     let key = PublicKey::from_pem(pem)?;
///     let id: Result<KeyId, ParseKeyIdError> = id.parse();
///     Ok(id == Ok(KeyId::of(&key)))
/// }
/// assert!(is_called("7a", "not a key").is_err());
/// ```
pub use jurat_trust::{ParseKeyIdError, PublicKey};

/// A [`MetadataVersion`] is a number; [`Versions`] are those that a host has accepted, [`Floors`] the lowest that it accepts.
///
/// ```
/// use jurat::trust::{Floors, MetadataVersion, Versions};
///
/// /// The floors of a new host that must not fall behind another one.
/// fn floors(other: &Versions) -> Floors {
///     let or_first = |version: Option<MetadataVersion>| version.unwrap_or(MetadataVersion::FIRST);
///     Floors { root: other.root, timestamp: or_first(other.timestamp), snapshot: or_first(other.snapshot) }
/// }
/// ```
pub use jurat_trust::{Floors, MetadataVersion, Versions};

/// A [`ReleaseName`], [`ReleaseVersion`], [`RepositoryId`], [`SafePath`] or [`TargetPath`] is a text that was checked once.
///
/// ```
/// use jurat::trust::{ReleaseName, ReleaseVersion, RepositoryId, SafePath, TargetPath};
///
/// let name: ReleaseName = "loan-rules".parse()?;
/// let release = TargetPath::new("t/acme/prod", &name)?;
/// let listed: &SafePath = release.as_path();
/// assert_eq!(listed.as_str(), "t/acme/prod/loan-rules.json");
/// assert!("../etc".parse::<RepositoryId>().is_err() && "1.4.0".parse::<ReleaseVersion>().is_ok());
/// # Ok::<(), jurat::causes::NameError>(())
/// ```
pub use jurat_trust::{ReleaseName, ReleaseVersion, RepositoryId, SafePath, TargetPath};

/// A [`Role`] of a repository is a [`TopRole`], or a delegated one with a [`RoleName`].
///
/// ```
/// use jurat::trust::{Role, RoleName, TopRole};
///
/// let acme = RoleName::of_tenant("acme")?;
/// assert_eq!(Role::Delegated(acme).name(), "t-acme");
/// assert_eq!(Role::from(TopRole::Timestamp), Role::Timestamp);
/// # Ok::<(), jurat::causes::NameError>(())
/// ```
pub use jurat_trust::{Role, RoleName, TopRole};
