//! What publishers do, from the first key to the last.

use jurat_trust::publish::{
    Clock, EditError, Handover, Lifetimes, Mode, PlanError, ReadError, Repository, RuleError, Stability,
};
use jurat_trust::{Digest, Envelope, MetadataVersion, Role, SuccessionError, TargetsMetadata, TopRole, UpdateError};

use super::desk::{
    ACME, BETA, Desk, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, built, keys, loans, root_keys, target, tenant,
};
use crate::fixture::{id, public, secret, words};

#[test]
fn a_new_repository_is_signed_by_people_and_seen_by_hosts() {
    let desk = Desk::with_release();
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    let names: Vec<_> = desk.site.0.keys().filter(|path| path.starts_with("metadata/")).cloned().collect();
    assert_eq!(
        names,
        [
            "metadata/1.root.json",
            "metadata/1.snapshot.json",
            "metadata/1.t-acme.json",
            "metadata/1.targets.json",
            "metadata/timestamp.json"
        ]
    );
    assert!(!desk.site.0.keys().any(|path| path.starts_with("staged/")));
    let verified = desk.read().verify(&desk.site, desk.clock.now).unwrap();
    assert_eq!(verified.len(), 1);
    let expiries: Vec<_> =
        desk.read().roles().into_iter().map(|status| (status.role.to_string(), status.published)).collect();
    let first = MetadataVersion::FIRST;
    let until = |text: &str| Some((first, text.parse().unwrap()));
    assert_eq!(
        expiries,
        [
            ("root".to_owned(), until("2027-11-15T12:00:00Z")),
            ("targets".to_owned(), until("2027-05-14T12:00:00Z")),
            ("snapshot".to_owned(), until("2026-11-22T12:00:00Z")),
            ("timestamp".to_owned(), until("2026-11-16T12:00:00Z")),
            ("t-acme".to_owned(), until("2027-02-13T12:00:00Z")),
            ("t-beta".to_owned(), None),
        ]
    );
}

#[test]
fn the_freshness_of_the_timestamp_is_a_choice() {
    let mut desk = Desk::with_release();
    desk.clock.lifetimes = Lifetimes { timestamp: jiff::SignedDuration::from_hours(7 * 24), ..Lifetimes::DEFAULT };
    let plan = desk.refresh().unwrap();
    let (role, version, expires) = plan.summary.published.last().unwrap();
    assert_eq!((role, version.get(), expires.to_string()), (&Role::Timestamp, 2, "2026-11-22T12:00:00Z".to_owned()));
}

#[test]
fn files_are_uploaded_in_an_order_in_which_nothing_is_missing() {
    let mut desk = Desk::with_release();
    desk.release("1.1.0");
    desk.stage_one(|repository, clock| repository.renew(&Role::Root, clock)).unwrap();
    desk.sign(&Role::Root, &ROOT[1..]);
    desk.stage_one(|repository, clock| repository.renew(&Role::Targets, clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[1..]);
    let plan = desk.plan().unwrap();
    let paths: Vec<_> = plan.uploads.iter().map(|upload| upload.path.as_str()).collect();
    let (metadata, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.starts_with("metadata/"));
    let order = ["2.t-acme.json", "2.targets.json", "2.snapshot.json", "2.root.json", "timestamp.json"]
        .map(|name| format!("metadata/{name}"));
    assert_eq!(metadata, order);
    let (manifest, blobs) = files.split_last().unwrap();
    assert!(manifest.starts_with("targets/t/acme/prod/") && blobs.iter().all(|path| path.starts_with("blobs/sha256/")));
    let (last, others) = plan.uploads.split_last().unwrap();
    assert_eq!(last.stability, Stability::Mutable);
    assert!(others.iter().all(|upload| upload.stability == Stability::Immutable));
    assert_eq!(plan.summary.handover, Handover::None);
}

#[test]
fn a_release_replaces_another_and_an_earlier_one_can_be_listed_again() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    desk.release("1.1.0");
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");

    let old = built("1.0.0").manifest().to_bytes();
    desk.stage_one(|repository, clock| repository.roll_back(&loans(), &old, clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");

    let reworded = [b" ", old.as_slice()].concat();
    let refused = desk.stage_one(|repository, clock| repository.roll_back(&loans(), &reworded, clock));
    assert!(matches!(refused, Err(EditError::RewrittenManifest)));
}

#[test]
fn what_is_revoked_is_gone_everywhere_and_for_ever() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    let first = built("1.0.0");
    let digest = Digest::of(&first.manifest().to_bytes());
    let staging = target("t/acme/staging/loan-rules.json");
    first.uploads(&staging).iter().for_each(|upload| desk.site.upload(upload));
    desk.stage_one(|repository, clock| repository.list_release(&staging, first.manifest(), clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    assert_eq!(host.poll_for(&desk.site, &staging, desk.clock.now).unwrap(), "1.0.0");

    desk.stage_one(|repository, clock| repository.revoke(&loans(), None, clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    for path in [loans(), staging] {
        assert!(matches!(host.poll_for(&desk.site, &path, desk.clock.now), Err(UpdateError::UnknownRelease { .. })));
        assert!(host.0.is_revoked(&digest, &path));
    }
    let refused = desk.stage_one(|repository, clock| repository.list_release(&loans(), first.manifest(), clock));
    assert!(matches!(refused, Err(EditError::Revoked { manifest }) if manifest == digest));
    let refused = desk.stage_one(|repository, clock| repository.revoke(&loans(), None, clock));
    assert!(matches!(refused, Err(EditError::NotListed { .. })));
    // Also one that is no longer listed, by its digest.
    desk.release("1.1.0");
    desk.publish();
    let other = Digest::of(b"an earlier one");
    desk.stage_one(|repository, clock| repository.revoke(&loans(), Some(&other), clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");
    assert!(host.0.is_revoked(&other, &loans()) && host.0.is_revoked(&digest, &loans()));
}

#[test]
fn a_timestamp_is_refreshed_without_the_signers_of_other_roles() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    desk.release("1.1.0");
    desk.online = vec![TIMESTAMP];
    desk.later("2026-11-16T11:00:00Z");
    let plan = desk.refresh().unwrap();
    assert_eq!(plan.uploads.len(), 1);
    assert!(plan.done.is_empty());
    assert_eq!(plan.summary.waiting.len(), 1);
    desk.carry_out(&plan);
    // What is staged has waited.
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert!(matches!(desk.plan(), Err(PlanError::NoSigner { role: Role::Snapshot, .. })));
    // A snapshot past half of its life is renewed where its key is at hand.
    desk.later("2026-11-19T13:00:00Z");
    assert_eq!(desk.refresh().unwrap().uploads.len(), 1);
    desk.online = vec![SNAPSHOT, TIMESTAMP];
    let plan = desk.refresh().unwrap();
    assert_eq!(plan.uploads.len(), 2);
    desk.carry_out(&plan);
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");
}

#[test]
fn a_repository_that_has_expired_can_be_renewed() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    desk.later("2026-12-24T00:00:00Z");
    assert!(matches!(host.poll(&desk.site, desk.clock.now), Err(UpdateError::Expired { .. })));
    desk.online = vec![TIMESTAMP];
    let refused = desk.refresh().unwrap_err();
    assert!(matches!(refused, PlanError::NoSigner { role: Role::Snapshot, .. }), "{refused:?}");
    desk.online = vec![SNAPSHOT, TIMESTAMP];
    desk.carry_out(&desk.refresh().unwrap());
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    // People have to renew what people sign.
    desk.later("2027-06-01T00:00:00Z");
    assert!(matches!(desk.refresh(), Err(PlanError::Expired { role: Role::Targets, .. })));
    desk.stage_one(|repository, clock| repository.renew(&Role::Targets, clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[..2]);
    desk.stage_one(|repository, clock| repository.renew(&tenant("acme"), clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
}

#[test]
fn a_tenant_with_new_keys_keeps_its_releases() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    desk.stage(|repository, clock| repository.rekey_tenant("acme", keys(2, &[31, 32]), clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[..2]);
    // The new keys have not signed yet: published alone, the delegation would shut the tenant out.
    let refused = words(&desk.plan().unwrap_err());
    let [one, two] = [id(31), id(32)];
    assert!(refused.contains(one.as_str()) && refused.contains(two.as_str()), "{refused}");
    // Another tenant need not wait for that.
    let mut orders = crate::fixture::draft("3.0.0");
    orders.name = "orders".parse().unwrap();
    let orders = jurat_trust::publish::BuiltRelease::build(orders).unwrap();
    let path = target("t/beta/prod/orders.json");
    orders.uploads(&path).iter().for_each(|upload| desk.site.upload(upload));
    desk.stage_one(|repository, clock| repository.list_release(&path, orders.manifest(), clock)).unwrap();
    desk.sign(&tenant("beta"), &BETA[..1]);
    let plan = desk.publish();
    assert_eq!(plan.done.len(), 1);
    assert_eq!(host.poll_for(&desk.site, &path, desk.clock.now).unwrap(), "3.0.0");

    desk.sign(&tenant("acme"), &[31, 32]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    // The old keys count no longer.
    desk.list("1.1.0");
    assert!(desk.read().signable_by(&public(11)).is_empty());
    desk.sign(&tenant("acme"), &[31, 32]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");
}

#[test]
fn a_tenant_that_leaves_stays_in_the_snapshot_and_can_come_back() {
    let mut desk = Desk::with_release();
    let mut host = desk.host();
    host.poll(&desk.site, desk.clock.now).unwrap();
    desk.stage_one(|repository, clock| repository.remove_tenant("acme", clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[..2]);
    desk.publish();
    assert!(matches!(host.poll(&desk.site, desk.clock.now), Err(UpdateError::NotDelegated { .. })));
    let status = desk.read().roles().into_iter().find(|status| status.role == tenant("acme")).unwrap();
    assert!(status.keys.is_none() && status.published.is_some());
    let unknown = desk.stage_one(|repository, clock| repository.remove_tenant("acme", clock));
    assert!(matches!(unknown, Err(EditError::UnknownTenant { .. })));
    let release = built("1.1.0");
    let unknown = desk.stage_one(|repository, clock| repository.list_release(&loans(), release.manifest(), clock));
    assert!(matches!(unknown, Err(EditError::UnknownTenant { .. })));

    desk.stage(|repository, clock| repository.add_tenant("acme", keys(1, &[41]), clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[..2]);
    desk.sign(&tenant("acme"), &[41]);
    desk.publish();
    assert_eq!(host.poll(&desk.site, desk.clock.now).unwrap(), "1.0.0");
    assert!(desk.site.0.contains_key("metadata/2.t-acme.json"));
}

#[test]
fn rules_are_kept_with_every_change() {
    let mut desk = Desk::with_release();
    let before = desk.site.clone();
    let rule = |result: Result<(), EditError>| match result {
        Err(EditError::Rule(rule)) => rule,
        other => panic!("{other:?}"),
    };
    // A key in two roles: of two top roles, of a tenant and a top role, of two tenants.
    let refused =
        desk.stage_one(|repository, clock| repository.add_root_key(TopRole::Snapshot, public(TIMESTAMP), clock));
    assert_eq!(
        rule(refused),
        RuleError::KeyInTwoRoles { key: id(TIMESTAMP), one: Role::Snapshot, other: Role::Timestamp }
    );
    let refused = desk.stage(|repository, clock| repository.add_tenant("gamma", keys(1, &[1]), clock));
    assert!(matches!(rule(refused), RuleError::KeyInTwoRoles { one: Role::Root, .. }));
    let refused = desk.stage(|repository, clock| repository.rekey_tenant("beta", keys(1, &[11]), clock));
    assert!(matches!(rule(refused), RuleError::KeyInTwoRoles { .. }));
    // Thresholds.
    for role in [TopRole::Root, TopRole::Targets] {
        let refused = desk.stage_one(|repository, clock| repository.set_root_threshold(role, 1, clock));
        assert_eq!(rule(refused), RuleError::LowThreshold { role: role.into(), threshold: 1 });
    }
    assert_eq!(desk.site, before);
    desk.mode = Mode::Development;
    desk.stage_one(|repository, clock| repository.set_root_threshold(TopRole::Targets, 1, clock)).unwrap();
    // What was staged in another mode is not published in this one.
    desk.sign(&Role::Root, &ROOT[..2]);
    desk.mode = Mode::Production;
    assert!(matches!(desk.plan(), Err(PlanError::Rule(RuleError::LowThreshold { .. }))));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut desk = Desk::with_release();
    let refused = desk.stage_one(|repository, clock| repository.add_root_key(TopRole::Root, public(1), clock));
    assert!(matches!(refused, Err(EditError::KnownKey { role: Role::Root, .. })));
    let refused = desk.stage_one(|repository, clock| repository.remove_root_key(TopRole::Root, &public(9), clock));
    assert!(matches!(refused, Err(EditError::UnknownKey { role: Role::Root, .. })));
    let refused =
        desk.stage_one(|repository, clock| repository.remove_root_key(TopRole::Snapshot, &public(SNAPSHOT), clock));
    assert!(matches!(refused, Err(EditError::KeySet { role: Role::Snapshot, .. })));
    let refused = desk.stage_one(|repository, clock| repository.set_root_threshold(TopRole::Root, 4, clock));
    assert!(matches!(refused, Err(EditError::KeySet { role: Role::Root, .. })));
    let refused = desk.stage(|repository, clock| repository.add_tenant("acme", keys(1, &[51]), clock));
    assert!(matches!(refused, Err(EditError::KnownTenant { .. })));
    for name in ["", "A", "a/b", "../x"] {
        let refused = desk.stage(|repository, clock| repository.add_tenant(name, keys(1, &[51]), clock));
        assert!(matches!(refused, Err(EditError::Tenant(_))), "{name}");
    }
    for path in
        ["loan-rules.json", "t/acme/loan-rules.json", "t/acme/prod/eu/loan-rules.json", "x/acme/prod/loan-rules.json"]
    {
        let refused = desk
            .stage_one(|repository, clock| repository.list_release(&target(path), built("1.1.0").manifest(), clock));
        assert!(matches!(refused, Err(EditError::NoTenantPath { .. })), "{path}");
    }
    let other = target("t/acme/prod/other.json");
    let refused = desk.stage_one(|repository, clock| repository.list_release(&other, built("1.1.0").manifest(), clock));
    assert!(matches!(refused, Err(EditError::WrongName { .. })));
    let refused = desk.stage_one(|repository, clock| repository.renew(&Role::Timestamp, clock));
    assert!(matches!(refused, Err(EditError::NothingToRenew { .. })));
    let nothing = Desk::empty();
    assert!(nothing.read().id().is_none() && nothing.read().roles().iter().all(|role| role.published.is_none()));
    assert!(matches!(nothing.plan(), Err(PlanError::NothingReady { .. })));
    assert!(matches!(nothing.refresh(), Err(PlanError::NoRepository)));
    let refused = nothing.clone().stage_one(|repository, clock| repository.renew(&Role::Root, clock));
    assert!(matches!(refused, Err(EditError::NoRepository)));
    let clock = Clock::new(nothing.clock.now);
    let weak = jurat_trust::RootKeys { root: keys(1, &[1]), ..root_keys() };
    let refused = Repository::init(&"acme-prod".parse().unwrap(), weak.clone(), Mode::Production, clock);
    assert!(matches!(refused.err(), Some(EditError::Rule(RuleError::LowThreshold { .. }))));
    assert!(Repository::init(&"acme-prod".parse().unwrap(), weak, Mode::Development, clock).is_ok());
}

#[test]
fn a_release_is_not_published_without_its_files() {
    let mut desk = Desk::with_release();
    desk.release("1.1.0");
    let manifest = loans().location(&Digest::of(&built("1.1.0").manifest().to_bytes())).to_string();
    let whole = desk.site.clone();
    desk.site.0.remove(&manifest);
    assert!(matches!(desk.plan(), Err(PlanError::ReleaseFile { .. })));
    desk.site = whole.clone();
    let blob = desk.site.0.keys().find(|path| path.starts_with("blobs/")).unwrap().clone();
    desk.site.0.get_mut(&blob).unwrap()[0] ^= 1;
    let refused = words(&desk.plan().unwrap_err());
    assert!(refused.contains(&blob) && refused.contains("is altered"), "{refused}");
    desk.site = whole;
    desk.publish();
}

#[test]
fn one_person_can_do_everything_in_development() {
    let mut desk = Desk { mode: Mode::Development, ..Desk::empty() };
    let alone = jurat_trust::RootKeys {
        root: keys(1, &[1]),
        targets: keys(1, &[4]),
        snapshot: keys(1, &[SNAPSHOT]),
        timestamp: keys(1, &[TIMESTAMP]),
    };
    let (mut repository, _) =
        Repository::init(&"acme-dev".parse().unwrap(), alone, Mode::Development, desk.clock).unwrap();
    repository.add_tenant("acme", keys(1, &[11]), desk.clock).unwrap();
    let release = built("0.1.0");
    release.uploads(&loans()).iter().for_each(|upload| desk.site.upload(upload));
    repository.list_release(&loans(), release.manifest(), desk.clock).unwrap();
    for person in [1, 4, 11] {
        let [role] = repository.signable_by(&public(person)).try_into().unwrap();
        repository.sign(&role, &secret(person)).unwrap();
    }
    desk.write(repository.staged_files());
    desk.publish();
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "0.1.0");
    // Its timestamp is refreshed in any mode: nothing changes that people sign.
    desk.mode = Mode::Production;
    desk.carry_out(&desk.refresh().unwrap());
}

#[test]
fn what_is_staged_by_other_means_must_still_fit() {
    let mut desk = Desk::with_release();
    desk.stage_one(|repository, clock| repository.revoke(&loans(), None, clock)).unwrap();
    desk.sign(&tenant("acme"), &ACME[..2]);
    desk.publish();
    let staged = |repository: &str, version: u64| {
        let version = MetadataVersion::new(version).unwrap();
        let metadata =
            TargetsMetadata::new(repository.parse().unwrap(), version, "2027-01-01T00:00:00Z".parse().unwrap());
        let mut envelope = Envelope::unsigned(metadata.to_bytes());
        ACME.iter().for_each(|&person| envelope.sign(&secret(person)).unwrap());
        let mut desk = desk.clone();
        desk.site.0.insert("staged/3.t-acme.json".to_owned(), envelope.to_bytes());
        desk
    };
    let read = |desk: &Desk| Repository::read(&desk.site, None, desk.mode).err();
    assert!(matches!(read(&staged("acme-prod", 4)), Some(ReadError::WrongVersion { .. })));
    assert!(matches!(read(&staged("acme-test", 3)), Some(ReadError::WrongRepository { .. })));
    let refused = staged("acme-prod", 3).plan();
    assert!(matches!(refused, Err(PlanError::Succession { cause: SuccessionError::Unrevoked { .. }, .. })));
    // What is staged for a version that is there already is only a leftover.
    let mut leftover = desk.clone();
    leftover.site.0.insert("staged/2.t-acme.json".to_owned(), b"whatever".to_vec());
    assert!(leftover.read().staged_files().is_empty());
}
