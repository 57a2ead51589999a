//! A signature is not taken.

use thiserror::Error;

use crate::envelope::{EnvelopeError, SignError};
use crate::key::KeyId;
use crate::role::Role;

/// A signature is not taken: sign the right thing with the right key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// Nothing is staged for the role.
    #[error("nothing is staged for {role}")]
    NotStaged {
        /// The role.
        role: Role,
    },
    /// The key may not sign the role.
    #[error("the key `{key}` may not sign {role}")]
    NotPermitted {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// No signature is valid.
    #[error("{role} was not signed")]
    Sign {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: SignError,
    },
    /// The other copy is not an envelope.
    #[error("the other copy is not signed metadata")]
    Envelope(#[from] EnvelopeError),
    /// The other copy says something else, so that its signatures mean something else.
    #[error("the other copy of {role} has other content, and its signatures are for that")]
    OtherPayload {
        /// The role.
        role: Role,
    },
}
