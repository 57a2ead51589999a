//! Many people sign one thing.

use jurat_trust::publish::{Handover, PlanError, Repository, SigningError};
use jurat_trust::{Envelope, Role, SignError, TopRole, UpdateError};

use super::desk::{ACME, Desk, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, tenant};
use crate::fixture::{public, secret, words};

#[test]
fn two_people_sign_two_copies_and_both_are_merged() {
    let mut desk = Desk::with_release();
    desk.list("1.1.0");
    let (mut one, mut two) = (desk.clone(), desk.clone());
    one.sign(&tenant("acme"), &ACME[..1]);
    two.sign(&tenant("acme"), &ACME[1..2]);
    assert!(matches!(one.plan(), Err(PlanError::NothingReady { .. })));
    let copy = two.site.0["staged/2.t-acme.json"].clone();
    let file = one.read().merge(&tenant("acme"), &copy).unwrap();
    one.write([file]);
    assert!(one.read().missing_signatures(&tenant("acme")).unwrap().is_empty());
    one.publish();
    assert_eq!(one.host().poll(&one.site, one.clock.now).unwrap(), "1.1.0");
    // Merging is idle where nothing is new, and never takes what does not hold or counts nowhere.
    let mut unknown = Envelope::parse(&copy, jurat_model::Bytes::kibi(64)).unwrap();
    unknown.sign(&secret(99)).unwrap();
    let mut repository = desk.read();
    let file = repository.merge(&tenant("acme"), &unknown.to_bytes()).unwrap();
    assert_eq!(file.bytes, copy);
    assert_eq!(repository.merge(&tenant("acme"), &copy).unwrap().bytes, copy);
    // A copy that says something else.
    two.list("1.2.0");
    let other = two.site.0["staged/2.t-acme.json"].clone();
    assert!(matches!(repository.merge(&tenant("acme"), &other), Err(SigningError::OtherPayload { .. })));
    assert!(matches!(repository.merge(&tenant("acme"), b"{}"), Err(SigningError::Envelope(_))));
    assert!(matches!(repository.merge(&Role::Root, &copy), Err(SigningError::NotStaged { .. })));
}

#[test]
fn a_signature_made_elsewhere_is_added_by_its_bytes() {
    let mut desk = Desk::with_release();
    desk.list("1.1.0");
    let mut repository = desk.read();
    let role = tenant("acme");
    let message = repository.staged_envelope(&role).unwrap().bytes_to_sign();
    for person in &ACME[..2] {
        let signature = jurat_trust::Signer::sign(&secret(*person), &message).unwrap();
        let wrong = repository.add_signature(&role, &public(ACME[2]), &signature);
        assert!(matches!(wrong, Err(SigningError::Sign { cause: SignError::DoesNotHold { .. }, .. })));
        let file = repository.add_signature(&role, &public(*person), &signature).unwrap();
        desk.write([file]);
    }
    desk.publish();
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");
}

#[test]
fn one_signature_too_few_is_not_published() {
    let mut desk = Desk::with_release();
    desk.list("1.1.0");
    desk.sign(&tenant("acme"), &ACME[..1]);
    let refused = words(&desk.plan().unwrap_err());
    let expected = "nothing that is staged can be published: t-acme: 1 more signature by keys that targets 1 names: `";
    assert!(refused.starts_with(expected), "{refused}");
    // Nor when something else is: it stays where it is.
    desk.stage_one(|repository, clock| repository.renew(&Role::Root, clock)).unwrap();
    desk.sign(&Role::Root, &ROOT[..2]);
    let plan = desk.publish();
    assert_eq!(plan.summary.waiting.len(), 1);
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert!(desk.site.0.contains_key("staged/2.t-acme.json"));
}

#[test]
fn only_keys_that_may_sign_are_told_what_to_sign() {
    let mut desk = Desk::with_release();
    desk.list("1.1.0");
    desk.stage_one(|repository, clock| repository.rotate_root_key(TopRole::Root, &public(3), public(33), clock))
        .unwrap();
    let repository = desk.read();
    let signable = |repository: &Repository, person| repository.signable_by(&public(person));
    assert_eq!(signable(&repository, 1), [Role::Root]);
    // The key that leaves may still sign, and the new one already.
    assert_eq!(signable(&repository, 3), [Role::Root]);
    assert_eq!(signable(&repository, 33), [Role::Root]);
    assert_eq!(signable(&repository, 11), [tenant("acme")]);
    assert!(signable(&repository, 4).is_empty() && signable(&repository, 99).is_empty());
    let refused = desk.read().sign(&tenant("acme"), &secret(1)).err();
    assert!(matches!(refused, Some(SigningError::NotPermitted { .. })));
    let refused = desk.read().sign(&Role::Targets, &secret(4)).err();
    assert!(matches!(refused, Some(SigningError::NotStaged { .. })));
    desk.sign(&Role::Root, &[1]);
    assert!(signable(&desk.read(), 1).is_empty());
    let again = desk.read().sign(&Role::Root, &secret(1)).err();
    assert!(matches!(again, Some(SigningError::Sign { cause: SignError::AlreadySigned { .. }, .. })));
}

#[test]
fn a_new_root_needs_the_old_keys_and_the_new() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    for (old, new) in [(2, 32), (3, 33)] {
        desk.stage_one(|repository, clock| repository.rotate_root_key(TopRole::Root, &public(old), public(new), clock))
            .unwrap();
    }
    desk.sign(&Role::Root, &[32, 33]);
    let missing = desk.read().missing_signatures(&Role::Root).unwrap();
    let named: Vec<_> = missing.iter().map(|missing| (missing.named_in.1.get(), missing.needed)).collect();
    assert_eq!(named, [(1, 2)]);
    assert!(matches!(desk.plan(), Err(PlanError::NothingReady { .. })));
    desk.sign(&Role::Root, &[1]);
    assert!(matches!(desk.plan(), Err(PlanError::NothingReady { .. })));
    desk.sign(&Role::Root, &[2]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert_eq!(host.0.versions().root.get(), 2);
}

#[test]
fn a_change_after_signing_makes_the_signatures_void() {
    let mut desk = Desk::with_release();
    desk.list("1.1.0");
    desk.sign(&tenant("acme"), &ACME[..2]);
    let release = super::desk::built("1.2.0");
    let file = desk.read().list_release(&super::desk::loans(), release.manifest(), desk.clock).unwrap();
    assert_eq!((file.dropped_signatures, file.version.get()), (2, 2));
    release.uploads(&super::desk::loans()).iter().for_each(|upload| desk.site.upload(upload));
    desk.write([file]);
    assert_eq!(desk.read().missing_signatures(&tenant("acme")).unwrap().iter().next().unwrap().needed, 2);
    let path = desk.read().unstage(&tenant("acme")).unwrap();
    assert_eq!(path.as_str(), "staged/2.t-acme.json");
}

#[test]
fn online_keys_change_hands_without_a_host_noticing() {
    for role in [TopRole::Timestamp, TopRole::Snapshot] {
        let mut desk = Desk::with_release();
        let mut host = desk.host();
        host.poll(&desk.site, desk.clock.now).unwrap();
        let old = if role == TopRole::Timestamp { TIMESTAMP } else { SNAPSHOT };
        desk.stage_one(|repository, clock| repository.rotate_root_key(role, &public(old), public(77), clock)).unwrap();
        desk.sign(&Role::Root, &ROOT[..2]);
        assert!(matches!(desk.plan(), Err(PlanError::NoSigner { .. })));
        desk.online.push(77);
        let plan = desk.plan().unwrap();
        assert_eq!(plan.summary.handover, Handover::Seamless);
        for uploaded in 0..plan.uploads.len() {
            let mut broken = desk.clone();
            plan.uploads[..uploaded].iter().for_each(|upload| broken.site.upload(upload));
            // As long as the new root is not there.
            if let Ok(rest) = broken.plan() {
                broken.carry_out(&rest);
            }
            assert_eq!(broken.host().poll(&broken.site, broken.clock.now).unwrap(), "1.0.0");
            assert_eq!(broken.read().roles()[0].published.unwrap().0.get(), 2);
        }
        for upload in &plan.uploads {
            desk.site.upload(upload);
            assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0", "{}", upload.path);
            assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0", "{}", upload.path);
        }
        // The old key can go.
        desk.online.retain(|person| *person != old);
        desk.carry_out(&desk.refresh().unwrap());
        assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    }
}

#[test]
fn a_lost_online_key_is_replaced_with_a_gap() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    desk.stage_one(|repository, clock| {
        repository.rotate_root_key(TopRole::Timestamp, &public(TIMESTAMP), public(77), clock)
    })
    .unwrap();
    desk.sign(&Role::Root, &ROOT[..2]);
    desk.online = vec![SNAPSHOT, 77];
    let plan = desk.plan().unwrap();
    assert_eq!(plan.summary.handover, Handover::Gap);
    // Broken off in the gap: hosts keep what they have, and the publisher goes on.
    let (_, begun) = plan.uploads.split_last().unwrap();
    begun.iter().for_each(|upload| desk.site.upload(upload));
    let refused = host.poll(&desk.site, desk.clock.now).unwrap_err();
    assert!(matches!(refused, UpdateError::Signatures { role: Role::Timestamp, .. }), "{refused}");
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
}

#[test]
fn new_keys_of_targets_sign_before_they_are_named() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    for (old, new) in [(4, 44), (5, 45)] {
        desk.stage_one(|repository, clock| {
            repository.rotate_root_key(TopRole::Targets, &public(old), public(new), clock)
        })
        .unwrap();
    }
    desk.sign(&Role::Root, &ROOT[..2]);
    // Root alone would shut out everybody, so it waits.
    assert!(matches!(desk.plan(), Err(PlanError::NothingReady { .. })));
    desk.stage_one(|repository, clock| repository.renew(&Role::Targets, clock)).unwrap();
    desk.sign(&Role::Targets, &[44, 45]);
    assert_eq!(desk.plan().unwrap().summary.handover, Handover::Gap);
    desk.sign(&Role::Targets, &TARGETS[..2]);
    let plan = desk.plan().unwrap();
    assert_eq!(plan.summary.handover, Handover::Seamless);
    for upload in &plan.uploads {
        desk.site.upload(upload);
        assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0", "{}", upload.path);
        assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0", "{}", upload.path);
    }
}
