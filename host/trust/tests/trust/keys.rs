//! Keys and signatures of other programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_model::Bytes;
use jurat_trust::{Envelope, KeyId, KeySet, PublicKey, SignError, Signer, SignerError, pre_authentication_encoding};

use crate::fixture::{id, public, secret};

#[test]
fn the_encoding_is_that_of_dsse() {
    // The example of its specification.
    let encoding = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoding, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn a_signature_by_openssl_is_taken() {
    // Made with `openssl pkeyutl -sign -rawin -inkey openssl.pem` from the bytes to sign.
    let key = PublicKey::from_pem(include_str!("../keys/openssl.pub.pem")).unwrap();
    let signature: [u8; 64] = STANDARD.decode(include_str!("../keys/openssl.sig").trim()).unwrap().try_into().unwrap();
    let mut envelope = Envelope::unsigned(br#"{"made":"elsewhere"}"#.to_vec());
    envelope.add_signature(&key, &signature).unwrap();
    let written = Envelope::parse(&envelope.to_bytes(), Bytes::kibi(1)).unwrap();
    assert_eq!(written, envelope);
    let keys = KeySet::new(1, [key.clone()]).unwrap();
    let signed = written.verify(&keys).unwrap();
    assert_eq!(signed.as_slice(), br#"{"made":"elsewhere"}"#);
    assert_eq!(signed.signers(), [KeyId::of(&key)]);
}

#[test]
fn a_signature_that_does_not_hold_is_not_written() {
    let mut envelope = Envelope::unsigned(b"{}".to_vec());
    envelope.sign(&secret(1)).unwrap();
    let again = envelope.sign(&secret(1)).unwrap_err();
    assert!(matches!(again, SignError::AlreadySigned { key_id } if key_id == id(1)));
    // Nor does a signature from elsewhere count as a new one.
    let signature = crate::fixture::signature(1, jurat_trust::PAYLOAD_TYPE, envelope.unverified_payload());
    let again = envelope.add_signature(&public(1), &signature.try_into().unwrap()).unwrap_err();
    assert!(matches!(again, SignError::AlreadySigned { key_id } if key_id == id(1)));
    let refused = envelope.add_signature(&public(2), &[0; 64]).unwrap_err();
    assert!(matches!(refused, SignError::DoesNotHold { key_id } if key_id == id(2)));
    let before = envelope.clone();
    let other = Envelope::unsigned(b"{ }".to_vec());
    let signature = crate::fixture::signature(2, jurat_trust::PAYLOAD_TYPE, other.unverified_payload());
    let refused = envelope.add_signature(&public(2), &signature.try_into().unwrap());
    assert!(matches!(refused, Err(SignError::DoesNotHold { key_id }) if key_id == id(2)));
    assert_eq!(envelope, before);
}

/// A device that answers as told.
struct Device(Option<[u8; 64]>);

impl Signer for Device {
    fn public(&self) -> PublicKey {
        public(1)
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        self.0.ok_or_else(|| SignerError::new("the device is locked"))
    }
}

#[test]
fn a_device_that_signs_wrongly_or_not_at_all_changes_nothing() {
    let mut envelope = Envelope::unsigned(b"{}".to_vec());
    let error = envelope.sign(&Device(Some([7; 64]))).unwrap_err();
    assert!(matches!(error, SignError::DoesNotHold { .. }));
    let error = envelope.sign(&Device(None)).unwrap_err();
    assert!(crate::fixture::words(&error).ends_with(" did not sign: the device is locked"));
    assert_eq!(envelope.unverified_key_ids().count(), 0);
    // One that has signed is not asked again.
    envelope.sign(&secret(1)).unwrap();
    assert!(matches!(envelope.sign(&Device(None)), Err(SignError::AlreadySigned { .. })));
    assert!(envelope.is_signed_by(&public(1)) && !envelope.is_signed_by(&public(2)));
}

#[test]
fn what_aws_kms_cannot_sign_is_known_before() {
    let envelope = |bytes: usize| Envelope::unsigned(vec![b' '; bytes]);
    // `DSSEv1 24 application/vnd.tuf+json 4056 ` has 40 bytes.
    assert_eq!(envelope(4056).bytes_to_sign().len(), 4096);
    assert!(!envelope(4056).is_too_long_for_aws_kms());
    assert!(envelope(4057).is_too_long_for_aws_kms());
}

#[test]
fn a_broken_signature_does_not_keep_its_owner_from_signing() {
    let bytes = crate::fixture::envelope(jurat_trust::PAYLOAD_TYPE, b"{}", &[(id(1).as_str(), vec![7; 64])]);
    let mut envelope = Envelope::parse(&bytes, Bytes::kibi(1)).unwrap();
    envelope.sign(&secret(1)).unwrap();
    assert_eq!(envelope.unverified_key_ids().collect::<Vec<_>>(), [id(1).as_str()]);
    assert!(envelope.verify(&KeySet::new(1, [public(1)]).unwrap()).is_ok());
}
