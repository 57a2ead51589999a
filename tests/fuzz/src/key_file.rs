//! Any key file is read or refused, as one kind of file at most, and what is read is written and read back as the same key.
//!
//! Bytes that are not text are taken for the content of a PEM block, so that a mutation reaches more than the armour.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_trust::{KeyError, PassphraseCost, PublicKey, SecretKey};

use crate::Answer;

/// Opens the encrypted files of the corpus.
pub const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// Checks these bytes.
///
/// # Panics
/// When a file is of two kinds, or a key is not read back as it is written.
pub fn check(bytes: &[u8]) -> Answer {
    let texts = match str::from_utf8(bytes) {
        Ok(text) => vec![text.to_owned()],
        Err(_) => ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY"].map(|label| pem(label, bytes)).into(),
    };
    texts.iter().map(|text| check_text(text)).fold(Answer::Refused, Answer::or)
}

fn check_text(text: &str) -> Answer {
    let (plain, encrypted) = (SecretKey::from_pem(text), SecretKey::from_encrypted_pem(text, PASSPHRASE));
    let public = PublicKey::from_pem(text);
    let kinds = [plain.is_ok(), encrypted.is_ok(), public.is_ok()].into_iter().filter(|&is_read| is_read).count();
    assert!(kinds <= 1, "a file is of one kind");
    if encrypted.is_ok() {
        assert!(SecretKey::is_encrypted(text) && matches!(plain, Err(KeyError::Encrypted)), "it needs its passphrase");
    }
    if let Ok(key) = public.as_ref() {
        let written = key.to_pem().expect("a key has a form");
        assert_eq!(PublicKey::from_pem(&written).as_ref(), Ok(key));
        assert_eq!(PublicKey::from_bytes(key.as_bytes()).as_ref(), Ok(key), "only good keys are read");
    }
    for key in [&plain, &encrypted].into_iter().flatten() {
        check_secret(key);
    }
    if kinds == 1 { Answer::Read } else { Answer::Refused }
}

fn check_secret(key: &SecretKey) {
    let public = key.public();
    let written = key.to_pem().expect("a key has a form");
    assert_eq!(SecretKey::from_pem(&written).map(|key| key.public()).as_ref(), Ok(&public));
    let cheap = PassphraseCost::new(1, 1).expect("the least that there is");
    let written = key.to_encrypted_pem_at(cheap, PASSPHRASE).expect("there is a passphrase");
    let opened = SecretKey::from_encrypted_pem(&written, PASSPHRASE);
    assert_eq!(opened.map(|key| key.public()).as_ref(), Ok(&public));
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while let Some((line, others)) = rest.split_at_checked(64) {
        pem.extend([line, "\n"]);
        rest = others;
    }
    if !rest.is_empty() {
        pem.extend([rest, "\n"]);
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
