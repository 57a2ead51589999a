//! A release, people with keys, and the means to sign anything with them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::ed25519::signature::Signer as _;
use jurat_model::{Bytes, Input, Kind};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{
    BuiltinCheck, BuiltinRule, ComponentEntry, Fetch, FetchError, FileKind, KeyId, LowerLimits, PAYLOAD_TYPE,
    PublicKey, RuleEntry, SafePath, SecretKey, TargetPath, Wasi, World, pre_authentication_encoding,
};

/// A source that gives what it has, however long that is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Repository(pub(crate) BTreeMap<String, Vec<u8>>);

impl Fetch for Repository {
    fn get(&self, file: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        self.0.get(file.as_str()).cloned().ok_or(FetchError::NotFound)
    }
}

/// The key of a person with that number: always the same one.
pub(crate) fn secret(person: u8) -> SecretKey {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend([person; 32]);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    SecretKey::from_pem(&pem).unwrap()
}

pub(crate) fn public(person: u8) -> PublicKey {
    secret(person).public()
}

pub(crate) fn id(person: u8) -> KeyId {
    KeyId::of(&public(person))
}

/// A signature of a payload of any type.
pub(crate) fn signature(person: u8, payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let message = pre_authentication_encoding(payload_type, payload);
    SigningKey::from_bytes(&[person; 32]).sign(&message).to_bytes().to_vec()
}

/// An envelope of any type, with any signatures under any ids.
pub(crate) fn envelope(payload_type: &str, payload: &[u8], signatures: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let signatures: Vec<_> = signatures
        .iter()
        .map(|(id, signature)| serde_json::json!({ "keyid": id, "sig": STANDARD.encode(signature) }))
        .collect();
    let document = serde_json::json!({
        "payload": STANDARD.encode(payload),
        "payloadType": payload_type,
        "signatures": signatures,
    });
    document.to_string().into_bytes()
}

/// An envelope with signatures by the given people.
pub(crate) fn signed_by(people: &[u8], payload: &[u8]) -> Vec<u8> {
    let ids: Vec<_> = people.iter().map(|&person| (id(person), signature(person, PAYLOAD_TYPE, payload))).collect();
    let signatures: Vec<_> = ids.iter().map(|(id, signature)| (id.as_str(), signature.clone())).collect();
    envelope(PAYLOAD_TYPE, payload, &signatures)
}

pub(crate) fn target() -> TargetPath {
    "t/acme/prod/loan-rules.json".parse().unwrap()
}

pub(crate) fn draft(version: &str) -> ReleaseDraft {
    let file = |path: &str, kind, bytes: &[u8]| DraftFile { path: path.parse().unwrap(), kind, bytes: bytes.to_vec() };
    let input = |name: &str, of: Option<&str>, kind, required| Input {
        name: name.to_owned(),
        of: of.map(ToOwned::to_owned),
        kind,
        required,
    };
    let rule = |id: &str, inputs| RuleEntry { id: id.to_owned(), inputs };
    ReleaseDraft {
        name: "loan-rules".parse().unwrap(),
        version: version.parse().unwrap(),
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig, b"rulesets: {quick: [rule_002_v1]}\n"),
            file(
                "field-maps/loan_v1.json",
                FileKind::FieldMap,
                br#"{"principal":{"physical_path":"financial.principal"}}"#,
            ),
            file("schemas/loan.json", FileKind::Schema, br#"{"$id":"https://example.com/loan/v1.0.0"}"#),
            file("components/loan.wasm", FileKind::Component, b"\0asm\x0d\0\x01\0 the loan rules"),
            file("components/other.wasm", FileKind::Component, b"\0asm\x0d\0\x01\0 other rules"),
            file("vectors/loan.ndjson", FileKind::Vectors, b"{\"id\":1}\n"),
        ],
        components: vec![
            ComponentEntry {
                path: "components/loan.wasm".parse().unwrap(),
                limits: LowerLimits { memory: Some(Bytes::mebi(2)), table_elements: Some(9), ..LowerLimits::default() },
                wasi: Wasi::None,
                rules: vec![
                    rule(
                        "rule_002_v1",
                        vec![
                            input("principal", None, Kind::Decimal, true),
                            input("limit", Some("parent"), Kind::Decimal, false),
                        ],
                    ),
                    rule("rule_003_v1", vec![input("status", None, Kind::Text, false)]),
                ],
            },
            ComponentEntry {
                path: "components/other.wasm".parse().unwrap(),
                limits: LowerLimits::default(),
                wasi: Wasi::Sealed,
                rules: vec![rule("rule_004_v1", Vec::new())],
            },
        ],
        builtin: vec![BuiltinRule {
            id: "rule_001_v1".to_owned(),
            check: BuiltinCheck::JsonSchema,
            description: "the record follows its schema".to_owned(),
        }],
    }
}

pub(crate) fn release() -> BuiltRelease {
    BuiltRelease::build(draft("1.4.0")).unwrap()
}

/// An error and its causes, as a person reads them.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
