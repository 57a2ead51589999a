//! DSSE v1.0.2: exact bytes, their signatures, and their type.
//!
//! Signatures are over the exact payload in the envelope, so nothing has to be written in a canonical form, and nothing
//! is read before it is verified.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jurat_model::Bytes;
use serde_json::json;

use crate::json::{self, Members, Node};
use crate::key::{KeyId, KeySet, PublicKey, Signer};

mod error;

pub use error::{EnvelopeError, PAYLOAD_TYPE, SignError, SignatureError};

/// The longest message that AWS KMS signs with Ed25519, in bytes.
const AWS_KMS_MESSAGE: usize = 4096;

/// The bytes that a signature covers: DSSE's pre-authentication encoding, in which no payload of one type can pass for one of
/// another.
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoding = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoding.extend_from_slice(payload);
    encoding
}

/// A payload and its signatures, not checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    payload: Vec<u8>,
    // INVARIANT: no key id is there twice.
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct EnvelopeSignature {
    key_id: String,
    bytes: [u8; 64],
}

/// A payload that enough keys have signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedPayload<'a> {
    payload: &'a [u8],
    signers: Vec<KeyId>,
}

impl Envelope {
    /// A payload without signatures.
    #[must_use]
    pub fn unsigned(payload: Vec<u8>) -> Self {
        Self { payload, signatures: Vec::new() }
    }

    /// Reads an envelope. Signatures that are malformed are left out, as they could not count anyway.
    ///
    /// # Errors
    /// When it is longer than `cap`, cannot be read, has another payload type, or a key id at two signatures.
    pub fn parse(bytes: &[u8], cap: Bytes) -> Result<Self, EnvelopeError> {
        if bytes.len() > cap.to_usize() {
            return Err(EnvelopeError::TooLong { length: bytes.len(), cap });
        }
        // Other members are left alone: DSSE lets others have theirs, and no signature covers them, so that they mean nothing.
        let mut document = Members::of_document(json::parse(bytes)?)?;
        let payload_type = document.take("payloadType")?.text()?;
        if payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType { found: payload_type });
        }
        let payload = document.take("payload")?;
        let not_base64 = payload.unexpected("base64 text");
        let payload = decode(&payload.text()?).ok_or(not_base64)?;
        let mut key_ids = BTreeSet::new();
        let mut signatures = Vec::new();
        for entry in document.take("signatures")?.list()? {
            let Some((key_id, signature)) = signature(entry) else { continue };
            if !key_ids.insert(key_id.clone()) {
                return Err(EnvelopeError::RepeatedKeyId { key_id });
            }
            signatures.extend(signature.map(|bytes| EnvelopeSignature { key_id, bytes }));
        }
        Ok(Self { payload, signatures })
    }

    /// The envelope as JSON: the same envelope always gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter();
        let signatures = signatures
            .map(|EnvelopeSignature { key_id, bytes }| json!({ "keyid": key_id, "sig": STANDARD.encode(bytes) }));
        let mut document = json!({
            "payload": STANDARD.encode(&self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": signatures.collect::<Vec<_>>(),
        });
        document.sort_all_objects();
        document.to_string().into_bytes()
    }

    /// The payload, **not verified**: for showing to people what they are about to sign.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The bytes that a signer outside of this program has to sign with Ed25519.
    #[must_use]
    pub fn bytes_to_sign(&self) -> Vec<u8> {
        pre_authentication_encoding(PAYLOAD_TYPE, &self.payload)
    }

    /// Whether AWS KMS cannot sign it: `Sign` takes at most 4,096 bytes as they are, which Ed25519 needs.
    #[must_use]
    pub fn is_too_long_for_aws_kms(&self) -> bool {
        self.bytes_to_sign().len() > AWS_KMS_MESSAGE
    }

    /// Has the payload signed. The signature is checked before it is taken.
    ///
    /// # Errors
    /// When the key has signed it already, the signer does not sign, or what it gives does not hold.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignError> {
        let (key, message) = (signer.public(), self.bytes_to_sign());
        if self.is_signed_by(&key) {
            return Err(SignError::AlreadySigned { key_id: KeyId::of(&key) });
        }
        match signer.sign(&message) {
            Ok(signature) => self.add_signature(&key, &signature),
            Err(cause) => Err(SignError::Signer { key_id: KeyId::of(&key), cause }),
        }
    }

    /// Whether a signature by this key holds, under the name that [`KeyId::of`] gives.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let key_id = KeyId::of(key);
        let message = self.bytes_to_sign();
        let mut signatures = self.signatures.iter();
        signatures.any(|one| one.key_id == key_id.as_str() && key.is_signer_of(&message, &one.bytes))
    }

    /// Adds a signature that was made elsewhere. It replaces one under the same key id that does not hold.
    ///
    /// # Errors
    /// When it does not hold, or the key has signed already.
    pub fn add_signature(&mut self, key: &PublicKey, signature: &[u8; 64]) -> Result<(), SignError> {
        let key_id = KeyId::of(key);
        let message = self.bytes_to_sign();
        if !key.is_signer_of(&message, signature) {
            return Err(SignError::DoesNotHold { key_id });
        }
        match self.signatures.iter_mut().find(|existing| existing.key_id == key_id.as_str()) {
            Some(existing) if key.is_signer_of(&message, &existing.bytes) => Err(SignError::AlreadySigned { key_id }),
            Some(existing) => {
                existing.bytes = *signature;
                Ok(())
            }
            None => {
                self.signatures.push(EnvelopeSignature { key_id: key_id.to_string(), bytes: *signature });
                Ok(())
            }
        }
    }

    /// Takes the signature by this key from another copy, if there is one that holds for this payload and there is none here.
    /// Says whether it did.
    pub(crate) fn take_signature(&mut self, key: &PublicKey, copy: &Self) -> bool {
        let key_id = KeyId::of(key);
        let mut signatures = copy.signatures.iter().filter(|one| one.key_id == key_id.as_str());
        signatures.any(|one| self.add_signature(key, &one.bytes).is_ok())
    }

    /// The payload, if enough of the keys have signed it. Thresholds are counted here only.
    ///
    /// Signatures by unknown keys, and those that do not hold, do not harm: a role may be handed from some keys to others while
    /// both sign. They do not help either. A key that is known under two names counts once.
    ///
    /// # Errors
    /// When fewer different keys have signed than the set demands.
    pub fn verify(&self, keys: &KeySet) -> Result<SignedPayload<'_>, SignatureError> {
        let message = self.bytes_to_sign();
        let mut counted = BTreeSet::new();
        let (mut valid, mut invalid, mut unknown) = (Vec::new(), Vec::new(), 0);
        for EnvelopeSignature { key_id, bytes } in &self.signatures {
            let known = key_id.parse::<KeyId>().ok().and_then(|id| keys.key(&id).map(|key| (id, key)));
            match known {
                None => unknown += 1,
                Some((id, key)) if !key.is_signer_of(&message, bytes) => invalid.push(id),
                Some((id, key)) => {
                    if counted.insert(key.as_bytes()) {
                        valid.push(id);
                    }
                }
            }
        }
        valid.sort();
        let threshold = keys.threshold();
        if counted.len() < threshold {
            return Err(SignatureError { threshold, valid, invalid, unknown });
        }
        Ok(SignedPayload { payload: &self.payload, signers: valid })
    }

    /// The names at the signatures, whether these hold or not.
    pub fn unverified_key_ids(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|signature| signature.key_id.as_str())
    }
}

impl<'a> SignedPayload<'a> {
    /// The payload.
    #[must_use]
    pub fn as_slice(&self) -> &'a [u8] {
        self.payload
    }

    /// The keys whose signatures hold, one name for each, in the order of the names.
    #[must_use]
    pub fn signers(&self) -> &[KeyId] {
        &self.signers
    }

    pub(crate) fn into_signers(self) -> Vec<KeyId> {
        self.signers
    }
}

/// The key id of an entry that has one, and its signature if it has the form of one.
fn signature(entry: Node) -> Option<(String, Option<[u8; 64]>)> {
    let mut entry = entry.members().ok()?;
    let key_id = entry.take("keyid").ok()?.text().ok()?;
    let signature = entry.take("sig").and_then(Node::text).ok();
    Some((key_id, signature.and_then(|text| decode(&text)?.try_into().ok())))
}

/// DSSE allows the standard alphabet and the one for URLs; a text is in one of them.
fn decode(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}
