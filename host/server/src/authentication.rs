//! What tells who the client of a connection is.

use std::sync::Arc;

use jurat::identity::Principal;

/// What tells who the client of a connection is.
#[derive(Clone, Debug)]
pub(crate) enum Authentication {
    /// The connection does: the operating system or a certificate vouches for its client, or nobody need be authenticated.
    Connection(Arc<Principal>),
    /// A credential, which the client shows.
    Credential,
}

impl Authentication {
    /// Whether clients are authenticated at all.
    pub(crate) fn is_some(&self) -> bool {
        match self {
            Self::Connection(principal) => principal.name().is_some(),
            Self::Credential => true,
        }
    }

    /// The principal that the connection tells.
    pub(crate) fn principal(&self) -> Option<&Arc<Principal>> {
        match self {
            Self::Connection(principal) => Some(principal),
            Self::Credential => None,
        }
    }
}
