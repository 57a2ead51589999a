//! How clients are authenticated: the settings, read elsewhere.

use std::path::PathBuf;

use jurat_http::Location;
use jurat_model::Secret;

use crate::principal::Tenants;
use crate::scope::Scopes;

/// How clients that come over TCP are authenticated. The operating system authenticates all others.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthSettings {
    /// Whether they must be authenticated.
    pub requirement: Requirement,
    /// One token that all clients share.
    pub token: Option<TokenSettings>,
    /// The token of operators, who may do everything.
    pub operator_token: Option<Secret>,
    /// API keys.
    pub api_keys: Option<ApiKeySettings>,
    /// JSON Web Tokens of an identity provider.
    pub jwt: Option<JwtSettings>,
}

/// Whether clients must be authenticated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Requirement {
    /// They must.
    #[default]
    Required,
    /// They need not. A server then listens to this machine only.
    None,
}

/// A token that all clients share. It permits [`Scope::Validate`](crate::Scope) and [`Scope::Discover`](crate::Scope).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenSettings {
    /// The token.
    pub secret: Secret,
    /// The tenants that it is for.
    pub tenants: Tenants,
}

/// Where API keys are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeySettings {
    /// The file with what is known of them. It holds no key.
    pub file: PathBuf,
    /// The key of the MAC under which they are kept: who steals the file alone cannot test guesses.
    pub pepper: Secret,
}

/// An identity provider whose JSON Web Tokens are accepted (RFC 7519).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwtSettings {
    /// The issuer, as `iss` has it.
    pub issuer: String,
    /// The audiences, of which `aud` must have one.
    pub audiences: Vec<String>,
    /// Its public keys, as a JSON Web Key Set (RFC 7517, section 5): a file, or an `https:` URL.
    pub keys: Location,
    /// What its tokens permit. A token to which none applies permits nothing.
    pub grants: Vec<ClaimGrant>,
}

/// What tokens with a claim permit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimGrant {
    /// The name of the claim: members of nested objects are joined by dots.
    pub claim: String,
    /// The text that it must have; or be a list with it, or words with it.
    pub value: String,
    /// The scopes that this permits.
    pub scopes: Scopes,
    /// The tenants for which it does.
    pub tenants: ClaimTenants,
}

/// The tenants of a grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimTenants {
    /// These.
    Listed(Tenants),
    /// Those that another claim names: a text, or a list of texts.
    OfClaim(String),
}

impl AuthSettings {
    /// Whether there is a credential that clients could show: a token, an API key or a JSON Web Token.
    #[must_use]
    pub fn has_credentials_of_clients(&self) -> bool {
        self.token.is_some() || self.api_keys.is_some() || self.jwt.is_some()
    }

    /// Whether there is one that operators could show.
    #[must_use]
    pub fn has_credentials_of_operators(&self) -> bool {
        self.operator_token.is_some() || self.api_keys.is_some() || self.jwt.is_some()
    }
}
