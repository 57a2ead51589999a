//! API keys: what a client shows, and what is kept of it.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use jurat_model::Secret;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// What each key begins with.
pub(crate) const PREFIX: &str = "jk_";
/// The random bytes of a key.
const LENGTH: usize = 32;

/// An API key, `jk_5f2a90c1_` and 64 hexadecimal digits: an id that may be seen, and 256 random bits that may not.
///
/// It is never printed: [`ApiKey::reveal`] gives it.
#[derive(Clone)]
pub struct ApiKey {
    id: KeyId,
    text: Secret,
}

/// The id of a key, in lists, logs and evidence: eight hexadecimal digits. It is no secret.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(u32);

/// This is not the id of a key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("an id of a key is expected: eight of 0-9 and a-f, as in `5f2a90c1`")]
pub struct ParseKeyIdError;

/// The operating system gives no randomness.
#[derive(Clone, Copy, Debug, Error)]
#[error("the operating system gives no random numbers to make a key of")]
pub struct RandomError(#[source] getrandom::Error);

/// What is kept of a key: its MAC under the pepper, HMAC-SHA-256 (RFC 2104).
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyMac([u8; 32]);

impl ApiKey {
    /// A new key, from the randomness of the operating system.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn generate() -> Result<Self, RandomError> {
        let mut id = [0; 4];
        let mut random = Zeroizing::new([0; LENGTH]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut *random)).map_err(RandomError)?;
        Ok(Self::of(KeyId(u32::from_be_bytes(id)), &random))
    }

    /// The key that a client shows; none if this has not the form of one.
    #[must_use]
    pub fn parse(shown: &Secret) -> Option<Self> {
        let (id, random) = shown.reveal().strip_prefix(PREFIX)?.split_once('_')?;
        let is_random = random.len() == 2 * LENGTH && random.bytes().all(is_digit);
        Some(Self { id: id.parse().ok().filter(|_| is_random)?, text: shown.clone() })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, to be shown once to who will use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.text.reveal()
    }

    pub(crate) fn mac(&self, pepper: &Secret) -> KeyMac {
        // A key of any length is accepted.
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(pepper.reveal().as_bytes());
        let mac = mac.map(|mac| mac.chain_update(self.reveal()).finalize().into_bytes().into());
        KeyMac(mac.unwrap_or_default())
    }

    fn of(id: KeyId, random: &[u8; LENGTH]) -> Self {
        let mut text = Zeroizing::new(format!("{PREFIX}{id}_"));
        random.iter().for_each(|byte| push(&mut text, *byte));
        Self { id, text: Secret::new(text.as_str()) }
    }
}

impl KeyMac {
    /// What no key has.
    pub(crate) const NONE: Self = Self([0; 32]);

    /// Compares in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// As hexadecimal digits.
    pub(crate) fn to_text(self) -> String {
        let mut text = String::with_capacity(64);
        self.0.iter().for_each(|byte| push(&mut text, *byte));
        text
    }

    /// Reads hexadecimal digits.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let (digits, rest) = text.as_bytes().as_chunks::<2>();
        let mut mac = [0; 32];
        if digits.len() != mac.len() || !rest.is_empty() || !text.bytes().all(is_digit) {
            return None;
        }
        for (byte, digits) in mac.iter_mut().zip(digits) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(mac))
    }
}

impl FromStr for KeyId {
    type Err = ParseKeyIdError;

    fn from_str(text: &str) -> Result<Self, ParseKeyIdError> {
        if text.len() != 8 || !text.bytes().all(is_digit) {
            return Err(ParseKeyIdError);
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| ParseKeyIdError)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ApiKey({PREFIX}{}_...)", self.id)
    }
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn push(text: &mut String, byte: u8) {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    text.extend([digit(byte >> 4), digit(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_made_and_is_never_printed() {
        let (key, other) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        let read = ApiKey::parse(&Secret::new(key.reveal())).unwrap();
        assert_eq!((read.id(), read.reveal()), (key.id(), key.reveal()));
        assert_eq!(key.reveal().len(), "jk_5f2a90c1_".len() + 64);
        assert_eq!(key.id().to_string().parse(), Ok(key.id()));
        assert_eq!(format!("{key:?}"), format!("ApiKey(jk_{}_...)", key.id()));
        assert_ne!(key.reveal(), other.reveal());
    }

    #[test]
    fn only_the_same_key_under_the_same_pepper_has_the_same_mac() {
        let (key, pepper) = (ApiKey::generate().unwrap(), Secret::new("pepper"));
        let mac = key.mac(&pepper);
        assert!(mac.is(&key.mac(&pepper)) && mac.is(&KeyMac::of_text(&mac.to_text()).unwrap()));
        assert!(!mac.is(&key.mac(&Secret::new("Pepper"))));
        assert!(!mac.is(&ApiKey::generate().unwrap().mac(&pepper)));
        // RFC 4231, test case 2, in which the message is this text.
        let text = Secret::new("what do ya want for nothing?");
        let known = ApiKey { id: KeyId(0), text }.mac(&Secret::new("Jefe"));
        assert_eq!(known.to_text(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn what_has_another_form_is_no_key() {
        let key = ApiKey::generate().unwrap();
        let text = key.reveal();
        let (cut, _) = text.split_at(text.len() - 1);
        let (_, rest) = text.split_at(1);
        for other in ["", "jk_", "jk__", "jk_5f2a90c1_", cut, &format!("{text}0"), &text.to_uppercase(), rest] {
            assert!(ApiKey::parse(&Secret::new(other)).is_none(), "{other}");
        }
        for id in ["", "5f2a90c", "5f2a90c11", "5F2A90C1", "+f2a90c1", "5f2a90c\u{b9}"] {
            assert_eq!(id.parse::<KeyId>(), Err(ParseKeyIdError), "{id}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(jk_)?.{0,80}", digits in "[0-9a-f\u{b9}]{60,70}") {
            let _ = ApiKey::parse(&Secret::new(text));
            let _ = ApiKey::parse(&Secret::new(format!("jk_00000000_{digits}")));
            let _ = KeyMac::of_text(&digits);
        }
    }
}
