//! Each attack that the design names, once: it is refused, for the right reason, and what it was made of is accepted.

use jurat_trust::{
    Blame, Digest, EnvelopeError, FileKind, KeyId, KeySet, MetadataVersion, Origin, PAYLOAD_TYPE, Policy, SafePath,
    SignatureError, TargetPath, TargetsError, VerifyError, danger, verify,
};

use crate::fixture::{
    METADATA, Repository, draft, envelope, id, layout, payload, policy, public, release, repository, signature, signed,
    signed_by, target, targets, words,
};

fn refuse(repository: &Repository, policy: &Policy) -> VerifyError {
    repository.verify(policy).unwrap_err()
}

fn refuse_metadata(bytes: Vec<u8>) -> VerifyError {
    refuse(&repository().with_metadata(bytes), &policy())
}

fn refuse_signatures(bytes: Vec<u8>, policy: &Policy) -> SignatureError {
    match refuse(&repository().with_metadata(bytes), policy) {
        VerifyError::Signatures { cause, .. } => cause,
        other => panic!("{}", words(&other)),
    }
}

#[test]
fn the_release_itself_is_accepted() {
    let verified = repository().verify(&policy()).unwrap();
    let release = release();
    assert_eq!(verified.manifest(), release.manifest());
    let manifest_sha256 = Digest::of(&release.manifest().to_bytes());
    assert_eq!(*verified.manifest_sha256(), manifest_sha256);
    let provenance = verified.provenance().unwrap();
    assert_eq!(provenance.repository.as_str(), "acme-prod");
    assert_eq!(provenance.target, target());
    assert_eq!(provenance.targets_version.get(), 7);
    assert_eq!(provenance.expires.to_string(), "2026-12-01T00:00:00Z");
    let mut signers = vec![id(1), id(2)];
    signers.sort();
    assert_eq!(provenance.signers, signers);

    let components: Vec<_> = verified.components().collect();
    assert_eq!(components.len(), 2);
    assert_eq!(components[0].path.as_str(), "components/loan.wasm");
    assert_eq!(components[0].bytes.as_slice(), draft("1.4.0").files[3].bytes);
    assert_eq!(components[0].rules[1].id, "rule_003_v1");
    assert_eq!(verified.files(FileKind::Schema).count(), 1);
    for (entry, bytes) in FileKind::ALL.iter().flat_map(|kind| verified.files(*kind)) {
        assert_eq!(Digest::of(bytes.as_slice()), entry.sha256);
    }
}

#[test]
fn what_nobody_signed_says_so() {
    let unsigned = danger::assume_verified(&release());
    assert_eq!(*unsigned.origin(), Origin::Unsigned);
    assert!(unsigned.provenance().is_none());
    let verified = repository().verify(&policy()).unwrap();
    assert_eq!(unsigned.manifest_sha256(), verified.manifest_sha256());
    assert_eq!(unsigned.components().count(), verified.components().count());
}

#[test]
fn signatures_by_other_keys_do_not_count() {
    let payload = payload();
    let cause = refuse_signatures(signed_by(&[3, 4], payload.as_bytes()), &policy());
    assert_eq!((cause.valid.len(), cause.invalid.len(), cause.unknown), (0, 0, 2));
    // A stranger under the name of somebody who is trusted.
    let stranger = signature(3, PAYLOAD_TYPE, payload.as_bytes());
    let forged = [(id(1), stranger), (id(2), signature(2, PAYLOAD_TYPE, payload.as_bytes()))];
    let forged = forged.each_ref().map(|(id, signature)| (id.as_str(), signature.clone()));
    let cause = refuse_signatures(envelope(PAYLOAD_TYPE, payload.as_bytes(), &forged), &policy());
    assert_eq!((cause.valid, cause.invalid, cause.unknown), (vec![id(2)], vec![id(1)], 0));
}

#[test]
fn too_few_signatures_are_refused() {
    for people in [&[][..], &[1], &[2], &[1, 3]] {
        let cause = refuse_signatures(signed_by(people, payload().as_bytes()), &policy());
        assert_eq!(cause.threshold, 2);
    }
}

#[test]
fn signatures_that_cannot_count_do_no_harm() {
    let payload = payload();
    let mut signatures: Vec<_> =
        [3, 1, 4, 2].map(|person| (id(person), signature(person, PAYLOAD_TYPE, payload.as_bytes()))).to_vec();
    signatures.push(("x".parse().unwrap(), b"too short".to_vec()));
    signatures.push(("y".parse().unwrap(), Vec::new()));
    let signatures: Vec<_> = signatures.iter().map(|(id, signature)| (id.as_str(), signature.clone())).collect();
    let bytes = envelope(PAYLOAD_TYPE, payload.as_bytes(), &signatures);
    assert!(repository().with_metadata(bytes.clone()).verify(&policy()).is_ok());
    let malformed = r#""signatures":[7,{},{"keyid":1,"sig":"AA=="},{"keyid":"z"},{"keyid":"w","sig":"?"},"#;
    let text = String::from_utf8(bytes).unwrap().replace(r#""signatures":["#, malformed);
    assert!(repository().with_metadata(text.into_bytes()).verify(&policy()).is_ok());
}

#[test]
fn a_repeated_signature_is_refused() {
    let payload = payload();
    for people in [&[1, 1][..], &[1, 2, 1], &[1, 2, 3, 3]] {
        let error = refuse_metadata(signed_by(people, payload.as_bytes()));
        assert!(matches!(error, VerifyError::Envelope { cause: EnvelopeError::RepeatedKeyId { .. }, .. }));
    }
    // Even where one of the two could not count.
    let id = id(1);
    let good = signature(1, PAYLOAD_TYPE, payload.as_bytes());
    let twice = [(id.as_str(), good), (id.as_str(), Vec::new())];
    let error = refuse_metadata(envelope(PAYLOAD_TYPE, payload.as_bytes(), &twice));
    assert!(matches!(error, VerifyError::Envelope { cause: EnvelopeError::RepeatedKeyId { .. }, .. }));
}

#[test]
fn one_key_under_two_ids_counts_once() {
    let names = ["a", "b", "c"].map(|name| name.parse::<KeyId>().unwrap());
    let keys = names.iter().cloned().zip([public(1), public(1), public(2)]);
    let policy = Policy { keys: KeySet::with_ids(2, keys).unwrap(), ..policy() };
    let payload = payload();
    let by = |person| signature(person, PAYLOAD_TYPE, payload.as_bytes());
    let twice = envelope(PAYLOAD_TYPE, payload.as_bytes(), &[("a", by(1)), ("b", by(1))]);
    assert_eq!(refuse_signatures(twice, &policy).valid, [names[0].clone()]);
    let both = envelope(PAYLOAD_TYPE, payload.as_bytes(), &[("a", by(1)), ("b", by(1)), ("c", by(2))]);
    let verified = repository().with_metadata(both).verify(&policy).unwrap();
    assert_eq!(verified.provenance().unwrap().signers, [names[0].clone(), names[2].clone()]);
}

#[test]
fn a_payload_of_another_type_is_refused() {
    let payload = payload();
    let other = "application/vnd.in-toto+json";
    let sign =
        |payload_type: &str| [1, 2].map(|person| (id(person), signature(person, payload_type, payload.as_bytes())));
    let swap = |says: &str, signed: &str| {
        let signatures = sign(signed);
        envelope(says, payload.as_bytes(), &signatures.each_ref().map(|(id, bytes)| (id.as_str(), bytes.clone())))
    };
    assert!(repository().with_metadata(swap(PAYLOAD_TYPE, PAYLOAD_TYPE)).verify(&policy()).is_ok());
    for says_other in [swap(other, PAYLOAD_TYPE), swap(other, other)] {
        let error = refuse_metadata(says_other);
        assert!(matches!(error, VerifyError::Envelope { cause: EnvelopeError::PayloadType { .. }, .. }));
    }
    assert!(refuse_signatures(swap(PAYLOAD_TYPE, other), &policy()).valid.is_empty());
}

#[test]
fn signed_metadata_that_is_not_right_is_refused() {
    let edit = |old: &str, new: &str| {
        let payload = payload();
        assert!(payload.contains(old), "{old}");
        refuse_metadata(signed(payload.replacen(old, new, 1).as_bytes()))
    };
    let type_error = edit(r#""_type":"targets""#, r#""_type":"snapshot""#);
    assert!(matches!(type_error, VerifyError::Metadata { cause: TargetsError::Type { .. }, .. }));
    let twice = edit(r#""version":7"#, r#""version":7,"version":8"#);
    assert!(matches!(twice, VerifyError::Metadata { cause: TargetsError::Format(_), .. }));
    assert_eq!(twice.blame(), Blame::Publisher);
    let version = edit(r#""version":"1.4.0""#, r#""version":"1.4.1""#);
    assert!(matches!(version, VerifyError::WrongVersion { .. }));
    assert!(matches!(edit("\"release\"", "\"attestation\""), VerifyError::NotARelease { .. }));
    assert!(matches!(edit("loan-rules.json", "loan-rule.json"), VerifyError::UnknownRelease { .. }));
    assert!(matches!(edit("acme-prod", "acme-test"), VerifyError::WrongRepository { .. }));
}

#[test]
fn what_has_expired_is_refused_from_that_second_on() {
    let at = |now: &str| repository().verify(&Policy { now: now.parse().unwrap(), ..policy() });
    assert!(at("2026-11-30T23:59:59.999Z").is_ok());
    let error = at("2026-12-01T00:00:00Z").unwrap_err();
    assert!(matches!(error, VerifyError::Expired { .. }));
    assert_eq!(
        error.to_string(),
        "`metadata/targets.json` expired at 2026-12-01T00:00:00Z, and it is 2026-12-01T00:00:00Z"
    );
}

#[test]
fn metadata_that_is_older_than_what_was_seen_is_refused() {
    let from =
        |minimum| repository().verify(&Policy { minimum_version: MetadataVersion::new(minimum).unwrap(), ..policy() });
    assert!(from(6).is_ok() && from(7).is_ok());
    assert!(matches!(from(8), Err(VerifyError::Rollback { .. })));
}

#[test]
fn a_revoked_release_is_refused() {
    let release = release();
    let listed = targets().with_release(&target(), release.manifest());
    let manifest = Digest::of(&release.manifest().to_bytes());
    let other = listed.clone().with_revoked(Digest::of(b"another manifest"));
    assert!(repository().with_metadata(signed(&other.to_bytes())).verify(&policy()).is_ok());
    let error = refuse_metadata(signed(&listed.with_revoked(manifest).to_bytes()));
    assert!(matches!(error, VerifyError::Revoked { .. }));
}

#[test]
fn the_manifest_of_another_release_is_refused() {
    // Both are signed. The source serves one for the other, or the publisher lists it under the wrong name.
    let other = jurat_trust::publish::BuiltRelease::build(draft("1.3.0")).unwrap();
    let old = Repository::of(&layout(&other, &targets().with_release(&target(), other.manifest())));
    let place = |release: &jurat_trust::publish::BuiltRelease| {
        target().location(&Digest::of(&release.manifest().to_bytes())).to_string()
    };
    let mut swapped = repository();
    swapped.0.insert(place(&release()), old.0[&place(&other)].clone());
    assert!(matches!(refuse(&swapped, &policy()), VerifyError::Altered { .. }));

    let elsewhere: TargetPath = "t/acme/prod/order-rules.json".parse().unwrap();
    let renamed = targets().with_release(&elsewhere, release().manifest());
    let mut repository = repository().with_metadata(signed(&renamed.to_bytes()));
    let manifest = release().manifest().to_bytes();
    repository.0.insert(elsewhere.location(&Digest::of(&manifest)).to_string(), manifest);
    assert!(matches!(verify(&repository, &policy(), &elsewhere), Err(VerifyError::WrongName { .. })));
}

#[test]
fn the_manifest_of_another_prefix_stays_there() {
    let staging: TargetPath = "t/acme/staging/loan-rules.json".parse().unwrap();
    assert!(matches!(verify(&repository(), &policy(), &staging), Err(VerifyError::UnknownRelease { .. })));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let component = Digest::of(&draft("1.4.0").files[3].bytes);
    let path = SafePath::of_blob(&component).to_string();
    let change = |change: fn(&mut Vec<u8>)| {
        let mut changed = repository();
        change(changed.0.get_mut(&path).unwrap());
        refuse(&changed, &policy())
    };
    let cut = change(|bytes| _ = bytes.pop());
    assert_eq!(cut.to_string(), format!("`{path}` is truncated: it has 22 bytes instead of 23"));
    let long = change(|bytes| bytes.push(0));
    assert_eq!(long.to_string(), format!("`{path}` is longer than 23 bytes"));
    let altered = change(|bytes| bytes[9] ^= 1);
    assert!(matches!(&altered, VerifyError::Altered { expected, .. } if *expected == component));
    let mut gone = repository();
    gone.0.remove(&path);
    let gone = refuse(&gone, &policy());
    assert_eq!(gone.to_string(), format!("`{path}` does not exist in the repository"));
    assert!([cut, long, altered, gone].iter().all(|error| error.blame() == Blame::Source));
    assert_eq!(
        words(&refuse_metadata(Vec::new())),
        format!("`{METADATA}` is no signed metadata: it is not JSON: line 1, column 0")
    );
    let unsigned = words(&refuse_metadata(signed_by(&[1], payload().as_bytes())));
    assert_eq!(
        unsigned,
        format!(
            "`{METADATA}` is not signed as it must be: signatures by 2 trusted keys are needed: 1 hold, 0 do not, \
             0 are by keys that are not trusted"
        )
    );
}
