//! JSON Web Tokens (RFC 7519) and the keys that sign them (RFC 7517). The only file that names the library.
//!
//! The algorithm comes from the key. A token that names another one is refused, and nothing in its header leads anywhere: `jku`, `jwk`
//! and `x5c` are ignored.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, decode, decode_header};
use jurat_model::Excerpt;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest token.
const MAX_TOKEN: usize = 16 << 10;
/// The most keys in a set.
const MAX_KEYS: usize = 64;
/// The bits of a modulus. Fewer are weak (RFC 7518, section 3.3), and the library verifies nothing with more.
const MODULUS_BITS: RangeInclusive<usize> = 2_048..=8_192;
/// The members of a key that only its owner may know (RFC 7518, section 6; RFC 9964 for `priv`).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];

/// The claims of a token whose signature holds.
pub(crate) type Claims = Map<String, Value>;

/// The public keys of an identity provider.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<PublicKey>,
}

struct PublicKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenError {
    /// No key of the set has the id that it names.
    UnknownKey,
    /// It is no token, or its signature does not hold.
    Invalid,
}

impl KeySet {
    /// Reads a set. Keys of other kinds are ignored: those of RS256 (from 2,048 bits on), ES256 and EdDSA (Ed25519) stay.
    ///
    /// # Errors
    /// With what is wrong: it is no set, no key of it can be used, two have the same id, or it holds a key that must be secret.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if document.keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let (mut keys, mut ids) = (Vec::new(), BTreeSet::new());
        for key in document.keys {
            if is_secret(&key) {
                return Err(
                    "it holds a private or a symmetric key, which only the identity provider may know".to_owned()
                );
            }
            let id = key.get("kid").and_then(Value::as_str).map(|id| Excerpt::of(id).to_string());
            // What is not understood is ignored, and so is what lacks a member (RFC 7517, section 5).
            let Some(key) = Jwk::deserialize(key).ok().and_then(Jwk::into_public) else {
                tracing::debug!(id, "a key of the identity provider is not used");
                continue;
            };
            if let Some(id) = &key.id
                && !ids.insert(id.clone())
            {
                return Err(format!("two keys have the id `{}`", Excerpt::of(id)));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err("it has no key for signatures by RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self { keys })
    }

    /// The claims of a token that one of the keys has signed. None of them is checked yet.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Invalid);
        }
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let key = match (&header.kid, &self.keys[..]) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_ref() == Some(id)).ok_or(TokenError::UnknownKey)?,
            (None, [only]) => only,
            (None, _) => return Err(TokenError::Invalid),
        };
        if header.alg != key.algorithm {
            return Err(TokenError::Invalid);
        }
        let mut validation = Validation::new(key.algorithm);
        // `claims` checks these.
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
        let decoded = decode::<Claims>(token, &key.key, &validation).map_err(|_| TokenError::Invalid)?;
        Ok(decoded.claims)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PublicKey").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A set as JSON (RFC 7517, section 5). Unknown members are ignored, as it says.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// A public key as JSON (RFC 7517, section 4, and RFC 7518, section 6).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it is for signatures by an algorithm that is accepted.
    fn into_public(self) -> Option<PublicKey> {
        let (algorithm, name, key) = match (&*self.kty, self.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256", DecodingKey::from_rsa_components(&self.n?, &self.e?)),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(&self.x?, &self.y?)),
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(&self.x?)),
            _ => return None,
        };
        let is_for_it = self.alg.is_none_or(|alg| alg == name)
            && self.usage.is_none_or(|usage| usage == "sig")
            && self.key_ops.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        let key = key.ok().filter(|key| is_for_it && is_whole(key, algorithm))?;
        Some(PublicKey { id: self.kid, algorithm, key })
    }
}

/// Whether a key, of whatever kind, has what its owner alone may know. Some providers write absent members as `null`.
fn is_secret(key: &Value) -> bool {
    let has = |name: &&str| key.get(name).is_some_and(|member| !member.is_null());
    key.get("kty").is_some_and(|kty| kty == "oct") || SECRET_MEMBERS.iter().any(has)
}

/// Whether a key has the length that its algorithm needs. The library finds that out at the first token only.
fn is_whole(key: &DecodingKey, algorithm: Algorithm) -> bool {
    match (key.kind(), algorithm) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, Algorithm::RS256) => {
            let has_no_zero_in_front = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
            let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
            // 1 as the exponent would make each text its own signature.
            let is_odd_and_not_one = e.last().is_some_and(|last| last % 2 == 1) && **e != [1];
            has_no_zero_in_front(n) && has_no_zero_in_front(e) && MODULUS_BITS.contains(&bits) && is_odd_and_not_one
        }
        // A mark, and two coordinates.
        (DecodingKeyKind::SecretOrDer(point), Algorithm::ES256) => point.len() == 65,
        (DecodingKeyKind::SecretOrDer(point), Algorithm::EdDSA) => point.len() == 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
