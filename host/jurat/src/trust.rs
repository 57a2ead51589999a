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

pub use jurat_trust::{
    Digest, Floors, KeyId, MetadataVersion, ParseDigestError, Provenance, ReleaseName, ReleaseOrigin, ReleaseVersion,
    RepositoryId, Role, RoleName, SafePath, TargetPath, TopRole, Versions,
};
