//! Encrypted key files that are passed between us, OpenSSL and pyca/cryptography.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use jurat_tests::skip;
use jurat_trust::{SecretKey, Signer as _};
use serde_json::{Value, json};

use crate::python;

const PASSPHRASE: &str = "correct horse, battery staple";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn pyca_cryptography_reads_our_key_files_and_we_read_its_own() {
    let Some(python) = python::environment("key files, by pyca/cryptography") else { return };
    let key = SecretKey::generate().unwrap();
    let encrypted = key.to_encrypted_pem(PASSPHRASE.as_bytes()).unwrap();
    let message = "to be signed by both";
    let given = json!({ "encrypted": encrypted.as_str(), "passphrase": PASSPHRASE, "message": message });
    let answer: Value = serde_json::from_str(&python.run("key_files.py", given.to_string().as_bytes())).unwrap();
    assert_eq!(answer["public"], hex(key.public().as_bytes()));
    assert_eq!(answer["signature"], hex(&key.sign(message.as_bytes()).unwrap()));
    let theirs = answer["encrypted"].as_str().unwrap();
    assert!(SecretKey::is_encrypted(theirs));
    let read = SecretKey::from_encrypted_pem(theirs, PASSPHRASE.as_bytes()).unwrap();
    assert_eq!(read.public(), key.public());
    assert!(SecretKey::from_encrypted_pem(theirs, b"another").is_err());
}

#[test]
fn openssl_reads_our_key_files_and_we_read_its_own() {
    let key = SecretKey::generate().unwrap();
    let encrypted = key.to_encrypted_pem(PASSPHRASE.as_bytes()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("passphrase"), PASSPHRASE).unwrap();
    let run = |arguments: &[&str], input: &str| {
        let command = Command::new("openssl")
            .args(arguments)
            .current_dir(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match command {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            child => child.unwrap(),
        };
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(public) = run(&["pkey", "-pubout", "-passin", "file:passphrase"], &encrypted) else {
        return skip::not_tried("key files, by OpenSSL: there is no `openssl`");
    };
    assert_eq!(public, key.public().to_pem().unwrap());
    let plain = key.to_pem().unwrap();
    for scheme in [&["-v2", "aes-256-cbc"][..], &["-scrypt"]] {
        let arguments = [&["pkcs8", "-topk8", "-passout", "file:passphrase"][..], scheme].concat();
        let theirs = run(&arguments, &plain).unwrap();
        let read = SecretKey::from_encrypted_pem(&theirs, PASSPHRASE.as_bytes()).unwrap();
        assert_eq!(read.public(), key.public());
    }
}
