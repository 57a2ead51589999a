//! From a credential to a principal: the one place where a server finds out who a client is.

use std::sync::Arc;

use jiff::Timestamp;
use jurat_http::Http;
use jurat_model::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::api_key::ApiKey;
use crate::authentication_error::AuthenticationError;
use crate::claims;
use crate::jwks::{KeySetError, KeySource};
use crate::jwt::TokenError;
use crate::key_file::KeyFileError;
use crate::key_store::KeyStore;
use crate::principal::{Grant, Principal};
use crate::recent::{CredentialDigest, Recent};
use crate::scope::Scope;
use crate::settings::{AuthSettings, JwtSettings};

/// Knows the credentials of clients.
///
/// # Limits
/// Who has a credential can use it, until it expires or is revoked: a JSON Web Token until its `exp`, because nobody is asked whether it
/// was revoked; an API key for less than 30 s after it was revoked. Failed attempts are not limited here.
#[derive(Debug)]
pub struct Authenticator {
    /// Tokens that are shared, by their digests: a comparison of two digests reveals nothing, not even a length.
    tokens: Vec<(CredentialDigest, Arc<Principal>)>,
    keys: Option<KeyStore>,
    jwt: Option<(JwtSettings, Arc<KeySource>)>,
    recent: Recent,
}

/// Why credentials cannot be checked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthenticatorError {
    /// The API keys cannot be used.
    #[error(transparent)]
    ApiKeys(#[from] KeyFileError),
    /// The keys of the identity provider cannot be used.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

impl Authenticator {
    /// Reads what credentials are compared with. `http` are the settings of the client that fetches the keys of an identity provider.
    ///
    /// # Errors
    /// When a file cannot be used. A server with keys is asked later.
    pub fn open(settings: AuthSettings, http: &Http, now: Timestamp) -> Result<Self, AuthenticatorError> {
        let AuthSettings { requirement: _, token, operator_token, api_keys, jwt } = settings;
        let shared = token.map(|token| {
            let scopes = [Scope::Validate, Scope::Discover].into_iter().collect();
            (digest(&token.secret), Arc::new(Principal::new("token", [Grant { scopes, tenants: token.tenants }])))
        });
        let operator = operator_token.map(|token| (digest(&token), Arc::new(Principal::operator())));
        let source = |jwt: JwtSettings| Ok::<_, KeySetError>((KeySource::open(&jwt.keys, http, now)?, jwt));
        let jwt = jwt.map(source).transpose()?;
        Ok(Self {
            tokens: operator.into_iter().chain(shared).collect(),
            keys: api_keys.map(|keys| KeyStore::open(keys, now)).transpose()?,
            jwt: jwt.map(|(source, settings)| (settings, source)),
            recent: Recent::default(),
        })
    }

    /// Finds out whose credential this is. `now` is the present.
    ///
    /// One that was good less than 10 s ago is not checked anew. Must be called within a runtime.
    ///
    /// # Errors
    /// When it is not good.
    pub async fn authenticate(&self, shown: &Secret, now: Timestamp) -> Result<Arc<Principal>, AuthenticationError> {
        let digest = digest(shown);
        if let Some(principal) = self.recent.find(&digest, now) {
            return Ok(principal);
        }
        match self.check(shown, &digest, now).await {
            Ok((principal, end)) => {
                self.recent.keep(digest, &principal, now, end);
                Ok(principal)
            }
            Err(AuthenticationError::Unavailable) => Err(AuthenticationError::Unavailable),
            Err(error) => {
                self.recent.forget(&digest);
                Err(error)
            }
        }
    }

    /// Whether a credential was good not long ago: such a client is not one that guesses.
    #[must_use]
    pub fn has_seen(&self, shown: &Secret) -> bool {
        self.recent.has_seen(&digest(shown))
    }

    async fn check(
        &self,
        shown: &Secret,
        digest: &CredentialDigest,
        now: Timestamp,
    ) -> Result<(Arc<Principal>, Timestamp), AuthenticationError> {
        if let Some((_, principal)) = self.tokens.iter().find(|(token, _)| token.ct_eq(digest).into()) {
            return Ok((Arc::clone(principal), Timestamp::MAX));
        }
        let (principal, end) = if let (Some(keys), Some(key)) = (&self.keys, ApiKey::parse(shown)) {
            keys.find(&key, now).await?
        } else if let Some((settings, source)) = &self.jwt {
            verify(settings, source, shown.reveal(), now).await?
        } else {
            return Err(AuthenticationError::Unknown);
        };
        Ok((Arc::new(principal), end))
    }
}

async fn verify(
    settings: &JwtSettings,
    source: &Arc<KeySource>,
    token: &str,
    now: Timestamp,
) -> Result<(Principal, Timestamp), AuthenticationError> {
    // What is no token makes nobody ask for keys.
    if token.split('.').count() != 3 {
        return Err(AuthenticationError::Unknown);
    }
    let keys = source.keys(now).await?;
    let claims = match keys.verify(token) {
        Err(TokenError::UnknownKey) => {
            let others = source.others(&keys, now).await.ok_or(AuthenticationError::Unknown)?;
            others.verify(token)
        }
        verified => verified,
    };
    claims::accept(&claims.map_err(|_| AuthenticationError::Unknown)?, settings, now)
}

fn digest(secret: &Secret) -> CredentialDigest {
    Sha256::digest(secret.reveal().as_bytes()).into()
}

#[cfg(test)]
mod tests;
