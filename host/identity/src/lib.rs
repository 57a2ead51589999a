//! Who may do what: principals, their scopes, and the one function that decides.
//!
//! ```
//! use jurat_identity::{Action, Grant, Principal, Resource, Scope, Tenants, authorize};
//!
//! let grant = Grant { scopes: [Scope::Validate].into_iter().collect(), tenants: Tenants::listed(["loans"]) };
//! let principal = Principal::new("jk_5f2a90c1", [grant]);
//! assert!(authorize(&principal, Action::Validate, Resource::Tenant("loans")).is_ok());
//! assert!(authorize(&principal, Action::Validate, Resource::Tenant("claims")).is_err());
//! assert!(authorize(&principal, Action::Administer, Resource::Tenant("loans")).is_err());
//! ```
#![forbid(unsafe_code)]

mod authorize;
mod principal;
mod rates;
mod scope;
mod settings;

pub use authorize::{Action, Denied, Resource, authorize};
pub use principal::{Grant, Principal, Tenants};
pub use rates::{RateClass, Rates};
pub use scope::{Scope, Scopes};
pub use settings::{ApiKeySettings, AuthSettings, ClaimGrant, ClaimTenants, JwtSettings, Requirement, TokenSettings};

#[cfg(feature = "credentials")]
mod api_key;
#[cfg(feature = "credentials")]
mod authentication_error;
#[cfg(feature = "credentials")]
mod authenticator;
#[cfg(feature = "credentials")]
mod claims;
#[cfg(all(test, feature = "credentials"))]
mod forge;
#[cfg(feature = "credentials")]
mod jwks;
#[cfg(feature = "credentials")]
mod jwt;
#[cfg(feature = "credentials")]
mod key_file;
#[cfg(feature = "credentials")]
mod key_store;
#[cfg(feature = "credentials")]
mod recent;

#[cfg(feature = "credentials")]
pub use api_key::{ApiKey, KeyId, ParseKeyIdError, RandomError};
#[cfg(feature = "credentials")]
pub use authentication_error::AuthenticationError;
#[cfg(feature = "credentials")]
pub use authenticator::{Authenticator, AuthenticatorError};
#[cfg(feature = "credentials")]
pub use jwks::KeySetError;
#[cfg(feature = "credentials")]
pub use key_file::{EditKeysError, KeyEntry, KeyFile, KeyFileError, NewKey};
