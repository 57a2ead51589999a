//! Signers: a key in this process, or one that never leaves its device.

use std::error::Error;

use thiserror::Error;

use super::{PublicKey, SecretKey};

/// Something that holds a private key and signs with it.
///
/// It is not trusted: what it gives is checked against [`Signer::public`] before it is written anywhere.
pub trait Signer {
    /// The key that checks what it signs.
    fn public(&self) -> PublicKey;

    /// Signs exactly these bytes with Ed25519: not their digest, and nothing around them.
    ///
    /// # Errors
    /// When it cannot or will not.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// A signer gave no signature.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct SignerError(Box<dyn Error + Send + Sync>);

impl SignerError {
    /// For the given reason.
    #[must_use]
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

impl Signer for SecretKey {
    fn public(&self) -> PublicKey {
        Self::public(self)
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.signature_of(message))
    }
}
