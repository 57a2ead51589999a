//! For tests: keys of an identity provider, and the tokens that it signs, or that somebody forges.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the exceptions for tests do not cover what tests share"
)]

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A key of an identity provider.
pub(crate) struct Signer {
    pub(crate) id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn rsa(id: &'static str) -> Self {
        Self { id, pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    pub(crate) fn ec(id: &'static str) -> Self {
        Self { id, pair: Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()) }
    }

    pub(crate) fn ed(id: &'static str) -> Self {
        Self { id, pair: Pair::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    /// One of each kind.
    pub(crate) fn all() -> [Self; 3] {
        [Self::rsa("rsa"), Self::ec("ec"), Self::ed("ed")]
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// The public key, as the identity provider shows it.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(_) => {
                json!({"kty": "RSA", "kid": self.id, "use": "sig", "n": encode(self.public()), "e": "AQAB"})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "alg": "ES256", "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(_) => json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": encode(self.public())}),
        }
    }

    /// The bytes of the public key; of RSA, the modulus.
    pub(crate) fn public(&self) -> &[u8] {
        match &self.pair {
            // PKCS #1: two headers of four bytes and a zero, then 256 bytes.
            Pair::Rsa(pair) => &pair.public_key().as_ref()[9..265],
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Ed(pair) => pair.public_key().as_ref(),
        }
    }

    /// The public key in PEM form.
    pub(crate) fn pem(&self) -> String {
        let Pair::Rsa(pair) = &self.pair else { panic!("only of RSA") };
        let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let base64 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
    }

    /// A token with these claims, as the identity provider makes it.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.id}), claims)
    }

    /// A token of ES256 with its signature in DER, as X.509 has it, and not as RFC 7518, section 3.4, says.
    pub(crate) fn der_token(&self, claims: &Value) -> String {
        let Pair::Ec(pair) = &self.pair else { panic!("only of ES256") };
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        let text = text(&json!({"alg": "ES256", "kid": self.id}), claims);
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", encode(signature.as_ref()))
    }

    /// A token with another header.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = text(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}.{}", encode(&signature))
    }
}

/// A set of keys as JSON.
pub(crate) fn set<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> String {
    json!({"keys": signers.into_iter().map(Signer::jwk).collect::<Vec<_>>()}).to_string()
}

/// A token that somebody signs by HMAC with a text that everybody knows.
pub(crate) fn forge(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = text(header, claims);
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap().chain_update(&text).finalize();
    format!("{text}.{}", encode(&mac.into_bytes()))
}

/// The part of a token that is signed.
pub(crate) fn text(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
