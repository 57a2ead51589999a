//! Ed25519 keys, their names, and the files that hold them.
//!
//! A private key is a PKCS#8 v1 PEM file, under a passphrase or not, a public key an SPKI PEM file: what
//! `openssl genpkey -algorithm ed25519`, `openssl pkcs8 -topk8 -scrypt` and `openssl pkey -pubout` write, so that none of them
//! needs this program to be read, made or used.

use std::fmt;
use std::str::FromStr;

use ed25519::pkcs8::{KeypairBytes, PublicKeyBytes};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::quote::Quoted;

mod encrypted;
mod name;
mod set;
mod signer;

pub use encrypted::PassphraseCost;
pub use name::{KeyName, ParseKeyNameError};
pub use set::{KeySet, KeySetError};
pub use signer::{Signer, SignerError};

/// A key that signatures are checked with.
///
/// Keys under which everyone can forge signatures (those of small order), and second spellings of a key, cannot be made.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PublicKey(VerifyingKey);

/// A key that signs. Wiped from memory when dropped; has no `Debug`, and can be read out only by
/// [`SecretKey::to_encrypted_pem`] and [`SecretKey::to_pem`].
#[expect(missing_debug_implementations, reason = "a secret must not end up in a log")]
pub struct SecretKey(SigningKey);

/// The name of a key, as metadata and signatures use it: 1 to 128 visible ASCII characters.
///
/// [`KeyId::of`] gives the name that our tools write. A reader takes it as a name and nothing more: which bytes it stands for
/// is for the trusted metadata to say, and thresholds count bytes, not names.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(String);

/// Why something is not a key.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not a private key file.
    #[error("it is not an Ed25519 private key in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`)")]
    NotPrivate(#[source] KeyFormatError),
    /// It is not a public key file.
    #[error("it is not an Ed25519 public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    NotPublic(#[source] KeyFormatError),
    /// It is a private key where a public key belongs. It may have been sent to others.
    #[error("it is a private key, but a public key belongs here")]
    PrivateForPublic,
    /// It is a public key where a private key belongs.
    #[error("it is a public key, but a private key belongs here")]
    PublicForPrivate,
    /// It is protected by a passphrase.
    #[error("the private key is encrypted; its passphrase is needed")]
    Encrypted,
    /// It is not protected by a passphrase.
    #[error("the private key is not encrypted, so that no passphrase belongs to it")]
    NotEncrypted,
    /// The passphrase does not open it.
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
    /// An empty passphrase.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// It is encrypted in another way.
    #[error(
        "the private key is encrypted in a way that is not known here; `openssl pkcs8 -topk8 -scrypt` writes one that is"
    )]
    UnknownEncryption(#[source] KeyFormatError),
    /// Opening it would take more memory or time than any honest file needs.
    #[error("the private key asks for more memory or work to open it than is allowed here")]
    TooCostly,
    /// The system gives no randomness to write it with.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The bytes are not a point of the curve.
    #[error("the 32 bytes are not an Ed25519 public key")]
    NotAPoint,
    /// The bytes are a second spelling of another key.
    #[error("the 32 bytes are not the canonical form of an Ed25519 public key")]
    NotCanonical,
    /// Everyone can make signatures that hold under such a key.
    #[error("the public key is weak: anybody can sign with it")]
    Weak,
}

/// What the decoder of key files says, for people.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(transparent)]
pub struct KeyFormatError(FormatCause);

#[derive(Clone, Debug, Eq, Error, PartialEq)]
enum FormatCause {
    #[error(transparent)]
    Private(#[from] pkcs8::Error),
    #[error(transparent)]
    Public(#[from] pkcs8::spki::Error),
    #[error(transparent)]
    Encryption(#[from] pkcs8::pkcs5::Error),
}

impl<T: Into<FormatCause>> From<T> for KeyFormatError {
    fn from(error: T) -> Self {
        Self(error.into())
    }
}

/// The operating system gives no randomness.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the operating system has no randomness to give")]
pub struct EntropyError(#[source] getrandom::Error);

impl PublicKey {
    /// The key with the given 32 bytes.
    ///
    /// # Errors
    /// When they are not a key, not in its canonical form, or the key is weak.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        // Without this, one private key could count as two towards a threshold.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        Ok(Self(key))
    }

    /// Reads a public key file: SPKI in PEM.
    ///
    /// # Errors
    /// When the text is anything else, or the key is refused by [`PublicKey::from_bytes`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if has_label(pem, "PRIVATE KEY") || has_label(pem, "ENCRYPTED PRIVATE KEY") {
            return Err(KeyError::PrivateForPublic);
        }
        let PublicKeyBytes(bytes) =
            PublicKeyBytes::from_public_key_pem(pem.trim()).map_err(|error| KeyError::NotPublic(error.into()))?;
        Self::from_bytes(&bytes)
    }

    /// Writes a public key file: SPKI in PEM.
    ///
    /// # Errors
    /// None that is known: 32 bytes always have this form.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        PublicKeyBytes(self.0.to_bytes())
            .to_public_key_pem(LineEnding::LF)
            .map_err(|error| KeyError::NotPublic(error.into()))
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether the signature of exactly these bytes by this key holds. Signatures are checked here only.
    pub(crate) fn is_signer_of(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", Hex(self.as_bytes()))
    }
}

impl SecretKey {
    /// A new key, from the randomness of the operating system: the one thing in this crate that is not a function of its
    /// arguments.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn generate() -> Result<Self, EntropyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(EntropyError)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a private key file: PKCS#8 in PEM, not encrypted. A file that also holds the public key is read if both belong
    /// together.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if has_label(pem, "ENCRYPTED PRIVATE KEY") {
            return Err(KeyError::Encrypted);
        }
        if has_label(pem, "PUBLIC KEY") {
            return Err(KeyError::PublicForPrivate);
        }
        SigningKey::from_pkcs8_pem(pem.trim()).map(Self).map_err(|error| KeyError::NotPrivate(error.into()))
    }

    /// Writes a private key file: PKCS#8 in PEM, **not encrypted**. A reader of the file can sign.
    ///
    /// # Errors
    /// None that is known: 32 bytes always have this form.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        single_key(&self.0).to_pkcs8_pem(LineEnding::LF).map_err(|error| KeyError::NotPrivate(error.into()))
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    fn signature_of(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl KeyId {
    /// The longest name, in bytes.
    const LENGTH: usize = 128;

    /// The name of a key: the SHA-256 of its description in canonical JSON, as TUF implementations compute it.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let public = Hex(key.as_bytes());
        let description = format!(r#"{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#);
        Self(Digest::of(description.as_bytes()).to_string())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// A text that cannot name a key.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{} is not a key id: 1 to 128 visible ASCII characters are expected", Quoted(.0))]
pub struct ParseKeyIdError(String);

impl FromStr for KeyId {
    type Err = ParseKeyIdError;

    fn from_str(text: &str) -> Result<Self, ParseKeyIdError> {
        if matches!(text.len(), 1..=Self::LENGTH) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseKeyIdError(text.to_owned()))
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A private key alone, which makes version 1 of PKCS#8: OpenSSL does not read version 2, the one with a public key inside.
fn single_key(key: &SigningKey) -> KeypairBytes {
    KeypairBytes { secret_key: key.to_bytes(), public_key: None }
}

fn has_label(pem: &str, label: &str) -> bool {
    let first = pem.trim_start().lines().next().unwrap_or_default();
    first.strip_prefix("-----BEGIN ").and_then(|rest| rest.trim_end().strip_suffix("-----")) == Some(label)
}

#[cfg(test)]
mod tests;
