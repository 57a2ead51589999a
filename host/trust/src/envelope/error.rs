//! Why something is not an envelope, is not signed enough, or is not signed now.

use jurat_model::Bytes;
use thiserror::Error;

use crate::json::FormatError;
use crate::key::{KeyId, SignerError};
use crate::quote::Quoted;

/// The type of payload that the envelopes of a repository have. Nothing else that is ever signed may have it.
pub const PAYLOAD_TYPE: &str = "application/vnd.tuf+json";

/// Why something is not an envelope.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// It is longer than the reader accepts.
    #[error("it has {length} bytes, but at most {cap} are read")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        cap: Bytes,
    },
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is of a type that does not belong into a repository.
    #[error("its payload type is {}, but `{PAYLOAD_TYPE}` is expected", Quoted(.found))]
    PayloadType {
        /// The type that it has.
        found: String,
    },
    /// Two signatures have the same key id, as if to be counted twice.
    #[error("the key id {} is at two of its signatures", Quoted(.key_id))]
    RepeatedKeyId {
        /// The key id.
        key_id: String,
    },
}

/// There are fewer good signatures than needed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "signatures by {threshold} trusted keys are needed: {} are valid, {} are not, {unknown} are by keys that are not trusted",
    .valid.len(), .invalid.len()
)]
pub struct SignatureError {
    /// How many different keys must have signed.
    pub threshold: usize,
    /// The keys whose signatures hold.
    pub valid: Vec<KeyId>,
    /// The known keys at whose ids there are signatures that do not hold.
    pub invalid: Vec<KeyId>,
    /// How many well-formed signatures are by keys that are not trusted here.
    pub unknown: usize,
}

/// Why a signature is not put into an envelope.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is not the signature of this payload by this key.
    #[error("the signature by the key `{key_id}` is not valid")]
    DoesNotHold {
        /// The key.
        key_id: KeyId,
    },
    /// The key has signed already.
    #[error("the key `{key_id}` has signed already")]
    AlreadySigned {
        /// The key.
        key_id: KeyId,
    },
    /// The signer gave no signature.
    #[error("the signer with the key `{key_id}` did not sign")]
    Signer {
        /// The key.
        key_id: KeyId,
        /// What the signer says.
        #[source]
        cause: SignerError,
    },
}
