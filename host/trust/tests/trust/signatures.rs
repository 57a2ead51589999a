//! Signatures: thresholds, types and names.

use jurat_trust::{
    Blame, Client, Demands, EnvelopeError, KeyId, KeySet, MemoryStore, MetadataError, MetadataVersion, PAYLOAD_TYPE,
    ReleaseVersion, Role, SignatureError, TopRole, UpdateError,
};

use crate::fixture::{envelope, id, public, signature, signed_by, words};
use crate::publisher::{Publisher, acme, delegation};

/// What a host that has seen nothing says of it.
fn refusal(publisher: &Publisher) -> UpdateError {
    publisher.host().load(publisher).unwrap_err()
}

fn signatures(publisher: &Publisher) -> SignatureError {
    match refusal(publisher) {
        UpdateError::Signatures { cause, .. } => *cause,
        other => panic!("{}", words(&other)),
    }
}

/// Signatures by people, of any payload type, under their ids.
fn by(people: &[u8], payload_type: &str, payload: &[u8]) -> Vec<(String, Vec<u8>)> {
    people.iter().map(|&person| (id(person).to_string(), signature(person, payload_type, payload))).collect()
}

fn wrap(payload_type: &str, payload: &[u8], signatures: &[(String, Vec<u8>)]) -> Vec<u8> {
    let signatures: Vec<_> = signatures.iter().map(|(id, bytes)| (id.as_str(), bytes.clone())).collect();
    envelope(payload_type, payload, &signatures)
}

/// The repository with another envelope of a targets role, which snapshot and timestamp list as if nothing were wrong.
fn with_listing(role: &Role, bytes: Vec<u8>) -> Publisher {
    let mut publisher = Publisher::new();
    publisher.put(&role.file(MetadataVersion::FIRST), bytes);
    publisher.list(std::slice::from_ref(role));
    publisher.sign(&Role::Snapshot);
    publisher.point();
    publisher.sign(&Role::Timestamp);
    publisher
}

#[test]
fn too_few_signatures_are_refused_in_every_role() {
    for (role, few) in [
        (Role::Timestamp, &[][..]),
        (Role::Timestamp, &[6]),
        (Role::Snapshot, &[7]),
        (Role::Targets, &[4]),
        (acme(), &[9]),
    ] {
        let mut publisher = Publisher::new();
        let (file, payload) = (publisher.file(&role), publisher.payload(&role).1);
        let bytes = signed_by(few, &payload);
        if let Role::Targets | Role::Delegated(_) = role {
            publisher = with_listing(&role, bytes);
        } else {
            publisher.files.0.insert(file.clone(), bytes);
            if role == Role::Snapshot {
                publisher.point();
                publisher.sign(&Role::Timestamp);
            }
        }
        match refusal(&publisher) {
            UpdateError::Signatures { file: found, role: of, .. } => {
                assert_eq!((found.to_string(), of), (file, role));
            }
            other => panic!("{role}: {}", words(&other)),
        }
    }
}

#[test]
fn signatures_by_other_keys_do_not_count() {
    let payload = Publisher::new().payload(&acme()).1;
    let cause = signatures(&with_listing(&acme(), signed_by(&[10, 11], &payload)));
    assert_eq!((cause.valid.len(), cause.invalid.len(), cause.unknown), (0, 0, 2));
    // An unknown key under the name of a trusted one.
    let mut forged = by(&[9, 11], PAYLOAD_TYPE, &payload);
    forged[1].0 = id(8).to_string();
    let cause = signatures(&with_listing(&acme(), wrap(PAYLOAD_TYPE, &payload, &forged)));
    assert_eq!((cause.valid, cause.invalid, cause.unknown), (vec![id(9)], vec![id(8)], 0));
}

#[test]
fn signatures_that_cannot_count_do_no_harm() {
    let payload = Publisher::new().payload(&acme()).1;
    let mut signatures = by(&[3, 8, 10, 9], PAYLOAD_TYPE, &payload);
    signatures.push(("x".to_owned(), b"too short".to_vec()));
    signatures.push(("y".to_owned(), Vec::new()));
    let bytes = wrap(PAYLOAD_TYPE, &payload, &signatures);
    let publisher = with_listing(&acme(), bytes.clone());
    assert!(publisher.host().load(&publisher).is_ok());
    let malformed = r#""signatures":[7,{},{"keyid":1,"sig":"AA=="},{"keyid":"z"},{"keyid":"w","sig":"?"},"#;
    let text = String::from_utf8(bytes).unwrap().replace(r#""signatures":["#, malformed);
    let publisher = with_listing(&acme(), text.into_bytes());
    assert!(publisher.host().load(&publisher).is_ok());
}

#[test]
fn a_repeated_signature_is_refused() {
    let payload = Publisher::new().payload(&acme()).1;
    for people in [&[8, 8][..], &[8, 9, 8], &[8, 9, 3, 3]] {
        let error = refusal(&with_listing(&acme(), signed_by(people, &payload)));
        assert!(matches!(error, UpdateError::Envelope { cause: EnvelopeError::RepeatedKeyId { .. }, .. }));
    }
}

#[test]
fn one_key_under_two_ids_counts_once() {
    let names = ["a", "b", "c"].map(|name| name.parse::<KeyId>().unwrap());
    let twice = KeySet::with_ids(2, names.iter().cloned().zip([public(8), public(8), public(9)])).unwrap();
    let mut publisher = Publisher::new();
    publisher
        .edit(&Role::Targets, |targets| targets.with_delegation(delegation(&acme(), twice.clone(), "t/acme/*/*.json")));
    let mut sign = |signatures: &[(&str, u8)]| {
        let payload = publisher.payload(&acme()).1;
        let signatures: Vec<_> =
            signatures.iter().map(|&(id, person)| (id.to_owned(), signature(person, PAYLOAD_TYPE, &payload))).collect();
        publisher.put(&acme().file(MetadataVersion::FIRST), wrap(PAYLOAD_TYPE, &payload, &signatures));
        publisher.sign(&Role::Targets);
        publisher.list(&[Role::Targets, acme()]);
        publisher.sign(&Role::Snapshot);
        publisher.point();
        publisher.sign(&Role::Timestamp);
        publisher.clone()
    };
    assert_eq!(signatures(&sign(&[("a", 8), ("b", 8)])).valid, [names[0].clone()]);
    let both = sign(&[("a", 8), ("b", 8), ("c", 9)]);
    let verified = both.host().load(&both).unwrap();
    assert_eq!(verified.provenance().unwrap().signers, [names[0].clone(), names[2].clone()]);
}

#[test]
fn a_payload_of_another_type_is_refused() {
    let payload = Publisher::new().payload(&acme()).1;
    let other = "application/vnd.in-toto+json";
    let swap = |says: &str, signed: &str| with_listing(&acme(), wrap(says, &payload, &by(&[8, 9], signed, &payload)));
    let publisher = swap(PAYLOAD_TYPE, PAYLOAD_TYPE);
    assert!(publisher.host().load(&publisher).is_ok());
    for says_other in [swap(other, PAYLOAD_TYPE), swap(other, other)] {
        let error = refusal(&says_other);
        assert!(matches!(error, UpdateError::Envelope { cause: EnvelopeError::PayloadType { .. }, .. }));
    }
    assert!(signatures(&swap(PAYLOAD_TYPE, other)).valid.is_empty());
}

#[test]
fn metadata_of_one_role_is_not_taken_for_another() {
    // One key in two roles, which our tools do not make: only the type inside tells them apart.
    let mut publisher = Publisher::new();
    publisher.rotate(TopRole::Timestamp, 1, &[6]);
    publisher.sign(&Role::Timestamp);
    assert!(publisher.host().load(&publisher).is_ok());
    let snapshot = publisher.files.0[&publisher.file(&Role::Snapshot)].clone();
    publisher.files.0.insert(publisher.file(&Role::Timestamp), snapshot);
    let error = refusal(&publisher);
    assert_eq!(error.to_string(), "`metadata/timestamp.json` was signed as `snapshot`, but timestamp is expected");
    assert!(matches!(error, UpdateError::WrongRole { .. }));
}

#[test]
fn two_members_of_one_name_are_refused() {
    let payload = String::from_utf8(Publisher::new().payload(&acme()).1).unwrap();
    let twice = payload.replacen(r#""version":1"#, r#""version":1,"version":2"#, 1);
    assert_ne!(payload, twice);
    let error = refusal(&with_listing(&acme(), signed_by(&[8, 9], twice.as_bytes())));
    assert!(matches!(&error, UpdateError::Metadata { cause, .. } if matches!(**cause, MetadataError::Format(_))));
    assert_eq!(error.blame(), Blame::Publisher);
}

#[test]
fn a_manifest_of_another_version_than_the_listed_one_is_refused() {
    let load = |custom: &str| {
        let payload = String::from_utf8(Publisher::new().payload(&acme()).1).unwrap();
        let edited = payload.replacen(r#""version":"1.0.0""#, custom, 1);
        let publisher = with_listing(&acme(), signed_by(&[8, 9], edited.as_bytes()));
        let mut host = publisher.host();
        host.refresh(&publisher).unwrap();
        let listing = host.find(&publisher).unwrap();
        (listing.release_version(), listing.manifest(&publisher.files).map(drop))
    };
    let text = |version: Option<ReleaseVersion>| version.map(|version| version.to_string());
    let (listed, outcome) = load(r#""version":"1.0.0""#);
    assert_eq!(text(listed).as_deref(), Some("1.0.0"));
    outcome.unwrap();
    let (listed, outcome) = load(r#""version":"1.0.1""#);
    assert_eq!(text(listed).as_deref(), Some("1.0.1"));
    match outcome {
        Err(UpdateError::WrongVersion { expected, found, .. }) => {
            assert_eq!((expected.as_str(), found.as_str()), ("1.0.1", "1.0.0"));
        }
        other => panic!("{other:?}"),
    }
    // It need not be said: the manifest has the last word.
    let (listed, outcome) = load(r#""note":"none""#);
    assert_eq!(text(listed), None);
    outcome.unwrap();
}

#[test]
fn staging_metadata_is_refused_in_production() {
    // The same people, the same keys, another repository.
    let (production, staging) = (Publisher::new(), Publisher::of("acme-staging"));
    let mut host = production.host();
    for role in [Role::Timestamp, Role::Snapshot, Role::Targets, acme()] {
        let mut mixed = production.clone();
        let file = mixed.file(&role);
        mixed.files.0.insert(file.clone(), staging.files.0[&file].clone());
        if let Role::Targets | Role::Delegated(_) = role {
            mixed.list(std::slice::from_ref(&role));
            mixed.sign(&Role::Snapshot);
        }
        if role != Role::Timestamp {
            mixed.point();
            mixed.sign(&Role::Timestamp);
        }
        let error = refusal(&mixed);
        assert_eq!(
            error.to_string(),
            format!("`{file}` was signed for the repository `acme-staging`, but `acme-prod` is expected")
        );
    }
    let mut moved = staging.clone();
    moved.rotate(TopRole::Timestamp, 1, &[17]);
    assert!(matches!(host.refresh(&moved), Err(UpdateError::WrongRepository { .. })));
    // A trust root for another repository than the settings name.
    let demands = Demands { repository: Some("acme-prod".parse().unwrap()), ..Demands::default() };
    let error = Client::open(staging.anchor(), demands.clone(), MemoryStore::default()).unwrap_err();
    assert!(matches!(error, UpdateError::WrongAnchor { .. }));
    assert_eq!(error.blame(), Blame::Settings);
    assert!(Client::open(production.anchor(), demands, MemoryStore::default()).is_ok());
}
