//! Private keys under a passphrase, ours and those of other programs.

use std::fs;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_trust::{KeyError, PassphraseCost, PublicKey, SecretKey};

use crate::fixture::secret;

const PASSPHRASE: &[u8] = b"correct horse";

/// Cheap enough to be done often.
fn cheap() -> PassphraseCost {
    PassphraseCost::new(4, 1).unwrap()
}

#[test]
fn only_the_passphrase_opens_a_file() {
    let secret = secret(1);
    let file = secret.to_encrypted_pem_at(cheap(), PASSPHRASE).unwrap();
    assert!(file.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n") && file.ends_with("-----\n"));
    assert!(SecretKey::is_encrypted(&file) && !SecretKey::is_encrypted(&secret.to_pem().unwrap()));
    assert_eq!(SecretKey::from_encrypted_pem(&file, PASSPHRASE).unwrap().public(), secret.public());
    assert_eq!(SecretKey::from_pem(&file).err(), Some(KeyError::Encrypted));
    // Of these about two leave bytes with valid padding.
    for number in 0..500 {
        let guess = format!("guess {number}");
        assert_eq!(SecretKey::from_encrypted_pem(&file, guess.as_bytes()).err(), Some(KeyError::WrongPassphrase));
    }
    assert_eq!(SecretKey::from_encrypted_pem(&file, b"").err(), Some(KeyError::WrongPassphrase));
    assert_eq!(secret.to_encrypted_pem_at(cheap(), b"").err(), Some(KeyError::EmptyPassphrase));
    // No two files are alike, as salt and first block are drawn anew.
    assert_ne!(*secret.to_encrypted_pem_at(cheap(), PASSPHRASE).unwrap(), *file);
}

#[test]
fn the_file_that_is_written_by_default_reads_back() {
    let file = secret(1).to_encrypted_pem(PASSPHRASE).unwrap();
    assert_eq!(SecretKey::from_encrypted_pem(&file, PASSPHRASE).unwrap().public(), secret(1).public());
}

#[test]
fn encrypted_files_of_other_programs_are_read() {
    let public = PublicKey::from_pem(include_str!("../keys/openssl.pub.pem")).unwrap();
    let files = [
        // As `openssl pkcs8 -topk8 -scrypt` wrote it, `openssl pkcs8 -topk8 -v2 aes-256-cbc`, and Python's `cryptography`.
        include_str!("../keys/openssl.scrypt.pem"),
        include_str!("../keys/openssl.pbkdf2.pem"),
        include_str!("../keys/pyca.pem"),
    ];
    for file in files {
        assert_eq!(SecretKey::from_encrypted_pem(file, PASSPHRASE).unwrap().public(), public);
        assert_eq!(SecretKey::from_encrypted_pem(file, b"wrong").err(), Some(KeyError::WrongPassphrase));
    }
}

#[test]
fn a_file_that_is_not_an_encrypted_ed25519_key_is_refused() {
    let open = |file: &str| SecretKey::from_encrypted_pem(file, PASSPHRASE).err().unwrap();
    // Another kind of key, well encrypted; ciphers that should not be used any more.
    assert!(matches!(open(include_str!("../keys/x25519.scrypt.pem")), KeyError::NotPrivate(_)));
    assert!(matches!(open(include_str!("../keys/openssl.des3.pem")), KeyError::UnknownEncryption(_)));
    assert!(matches!(open(include_str!("../keys/openssl.pbes1.pem")), KeyError::UnknownEncryption(_)));
    assert!(matches!(open(""), KeyError::NotPrivate(_)));
    assert!(matches!(open(&pem(b"")), KeyError::NotPrivate(_)));
    let file = include_str!("../keys/openssl.scrypt.pem");
    assert!(matches!(open(&file.replace("ENCRYPTED PRIVATE KEY", "CERTIFICATE")), KeyError::NotPrivate(_)));
}

#[test]
fn a_file_cannot_make_its_reader_spend_without_bound() {
    let open = |n: u64, r: u16, p: u16| SecretKey::from_encrypted_pem(&pem(&scrypt_file(n, r, p)), PASSPHRASE).err();
    // Reading gets as far as the passphrase.
    assert_eq!(open(16, 8, 1), Some(KeyError::WrongPassphrase));
    let hostile = [
        (1 << 30, 8, 1),
        (1 << 63, 8, 1),
        (u64::MAX, 8, 1),
        (1 << 19, 8, 1),
        (1 << 14, 8, 129),
        (2, u16::MAX, u16::MAX),
        (0, 8, 1),
        (1, 8, 1),
        (3, 8, 1),
        (16, 0, 1),
        (16, 8, 0),
    ];
    for (n, r, p) in hostile {
        assert_eq!(open(n, r, p), Some(KeyError::TooCostly), "{n} {r} {p}");
    }
}

#[test]
fn a_damaged_file_is_refused_or_opens_as_another_key() {
    let file = secret(1).to_encrypted_pem_at(cheap(), PASSPHRASE).unwrap();
    let der: String = file.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(der).unwrap();
    for length in 0..der.len() {
        assert!(SecretKey::from_encrypted_pem(&pem(&der[..length]), PASSPHRASE).is_err(), "{length}");
    }
    let mut others = 0;
    for bit in 0..der.len() * 8 {
        let mut damaged = der.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let opened = SecretKey::from_encrypted_pem(&pem(&damaged), PASSPHRASE);
        others += usize::from(opened.is_ok_and(|opened| opened.public() != secret(1).public()));
    }
    // The third block of what is encrypted: it and the one after it hold the key, and nothing says what that is to be.
    assert!(others > 0);
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know what was not tested")]
fn openssl_and_we_read_each_others_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).into_os_string().into_string().unwrap();
    let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output();
    match openssl(&["version"]) {
        Ok(output) if output.stdout.starts_with(b"OpenSSL 3") => {}
        other => {
            eprintln!("not compared with `openssl`: version 3 is not installed ({other:?})");
            return;
        }
    }
    let succeeds = |arguments: &[&str]| -> Output {
        let output = openssl(arguments).unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    };
    let (ours, message, signature) = (path("ours.pem"), path("message"), path("signature"));
    fs::write(&ours, secret(1).to_encrypted_pem(PASSPHRASE).unwrap()).unwrap();
    let public = succeeds(&["pkey", "-in", &ours, "-passin", "pass:correct horse", "-pubout"]).stdout;
    assert_eq!(String::from_utf8(public).unwrap(), secret(1).public().to_pem().unwrap());
    assert!(!openssl(&["pkey", "-in", &ours, "-passin", "pass:wrong", "-pubout"]).unwrap().status.success());
    fs::write(&message, b"bytes to sign").unwrap();
    let sign = ["pkeyutl", "-sign", "-rawin", "-passin", "pass:correct horse", "-inkey", &ours];
    succeeds(&[&sign[..], &["-in", &message, "-out", &signature]].concat());
    assert_eq!(fs::read(&signature).unwrap(), jurat_trust::Signer::sign(&secret(1), b"bytes to sign").unwrap());

    let theirs = path("theirs.pem");
    for how in [&["-scrypt"][..], &["-v2", "aes-256-cbc"], &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"]] {
        let wrap = ["pkcs8", "-topk8", "-in", &ours, "-passin", "pass:correct horse", "-passout", "pass:other"];
        succeeds(&[&wrap[..], how, &["-out", &theirs]].concat());
        let read = SecretKey::from_encrypted_pem(&fs::read_to_string(&theirs).unwrap(), b"other").unwrap();
        assert_eq!(read.public(), secret(1).public(), "{how:?}");
    }
}

/// The form of an encrypted key file with these parameters. What is encrypted is noise.
fn scrypt_file(n: u64, r: u16, p: u16) -> Vec<u8> {
    let integer = |value: u64| {
        let bytes = value.to_be_bytes();
        let first = bytes.iter().position(|&byte| byte != 0).unwrap_or(7);
        let sign: &[u8] = if bytes[first] >= 0x80 { &[0] } else { &[] };
        tagged(0x02, &[sign, &bytes[first..]])
    };
    let scrypt = tagged(0x30, &[&tagged(0x04, &[&[1; 16]]), &integer(n), &integer(r.into()), &integer(p.into())]);
    let kdf = tagged(0x30, &[b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b", &scrypt]);
    let iv = tagged(0x04, &[&[2; 16]]);
    let cipher = tagged(0x30, &[b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a", &iv]);
    let pbes2 = tagged(0x30, &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", &tagged(0x30, &[&kdf, &cipher])]);
    tagged(0x30, &[&pbes2, &tagged(0x04, &[&[3; 64]])])
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).unwrap();
    let mut bytes = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    bytes.extend(content);
    bytes
}

fn pem(der: &[u8]) -> String {
    let lines: Vec<_> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{}\n-----END ENCRYPTED PRIVATE KEY-----\n", lines.join("\n"))
}
