//! Why a credential is not accepted.

use thiserror::Error;

/// Why a credential is not accepted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// It is wrong. It is not told in what.
    #[error("the credential is not known here")]
    Unknown,
    /// It was good.
    #[error("the credential has expired; get a new one")]
    Expired,
    /// It was good, and somebody took it back.
    #[error("the API key was revoked; get a new one")]
    Revoked,
    /// It will be good.
    #[error("the credential is not valid yet; the clocks of its issuer and of this server may differ")]
    NotYetValid,
    /// It is good, and permits nothing.
    #[error("the credential permits nothing here; `server.jwt.grants` says what claims permit")]
    NoGrant,
    /// What it is compared with cannot be had.
    #[error("credentials cannot be checked at present; try again later")]
    Unavailable,
}
