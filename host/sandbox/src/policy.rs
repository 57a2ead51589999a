//! The policy of a host for the components of a tenant.

use jurat_model::Limits;

/// The permissions and limits that a host gives the components of one tenant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// The limits that a release can only lower.
    pub limits: Limits,
    /// Whether a component may import WASI, with nothing behind it, if its release asks for it.
    pub sealed_wasi: SealedWasi,
}

/// Whether sealed WASI is granted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SealedWasi {
    /// Components that ask for it are refused.
    #[default]
    Refused,
    /// Components that ask for it get it.
    Granted,
}
