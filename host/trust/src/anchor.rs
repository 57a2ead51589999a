//! The root that a host is given by its operator, and from which all trust comes.

use std::sync::Arc;

use thiserror::Error;

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError, SignatureError};
use crate::metadata::{MetadataError, RootMetadata};
use crate::name::RepositoryId;
use crate::policy::Caps;
use crate::role::TopRole;
use crate::version::MetadataVersion;

/// A root that is trusted because the operator says so, not because of its signatures.
///
/// It may be old: later roots are reached from it, each signed by the keys of the one before. Whether it has expired does not matter.
#[derive(Clone, Debug)]
pub struct Anchor {
    root: RootMetadata,
    bytes: Arc<[u8]>,
    sha256: Digest,
}

/// Why a file cannot be the root to start from.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AnchorError {
    /// It is not the file that was meant.
    #[error("its SHA-256 is `{found}`, but the settings name `{expected}`")]
    Altered {
        /// The digest in the settings.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// It is not an envelope.
    #[error("it is not signed metadata")]
    Envelope(#[from] EnvelopeError),
    /// Its payload is not a root.
    #[error("it is signed metadata, but no root that can be used")]
    Metadata(#[from] MetadataError),
    /// Its own keys have not signed it, so it cannot have come from a repository.
    #[error("it is not signed by its own keys")]
    Signatures(#[from] SignatureError),
}

impl Anchor {
    /// Reads the envelope of a root: of `expected_sha256`, if that is known, and signed by a threshold of its own keys.
    ///
    /// # Errors
    /// When it is another file, not a root, or not signed.
    ///
    /// # Limits
    /// Everyone can make a root and sign it. The operator must know where this one comes from.
    pub fn parse(bytes: &[u8], expected_sha256: Option<&Digest>) -> Result<Self, AnchorError> {
        let sha256 = Digest::of(bytes);
        if let Some(&expected) = expected_sha256.filter(|expected| **expected != sha256) {
            return Err(AnchorError::Altered { expected, found: sha256 });
        }
        let envelope = Envelope::parse(bytes, Caps::DEFAULT.root)?;
        // The keys are inside, so this is the one read before verification.
        let root = RootMetadata::parse(envelope.unverified_payload())?;
        envelope.verify(root.keys(TopRole::Root))?;
        Ok(Self { root, bytes: bytes.into(), sha256 })
    }

    /// The repository that it was signed for.
    #[must_use]
    pub fn repository(&self) -> &RepositoryId {
        self.root.repository()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> MetadataVersion {
        self.root.version()
    }

    /// The digest of the file.
    #[must_use]
    pub fn sha256(&self) -> &Digest {
        &self.sha256
    }

    /// Its content.
    #[must_use]
    pub fn root(&self) -> &RootMetadata {
        &self.root
    }

    /// The file itself.
    #[must_use]
    pub fn envelope(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}
