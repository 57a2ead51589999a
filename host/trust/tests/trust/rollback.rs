//! Old metadata, expired metadata, and parts of different moments.

use jurat_trust::{
    Blame, Client, Demands, Floors, Freshness, MemoryStore, MetaFile, MetadataVersion, Refresh, Role, SnapshotMetadata,
    TimestampMetadata, TopRole, UpdateError,
};

use crate::fixture::{target, words};
use crate::publisher::{Host, Publisher, acme, at, expiry, now, tenant, version};

/// What a host that has seen nothing says of it.
fn refusal(publisher: &Publisher) -> UpdateError {
    publisher.host().load(publisher).unwrap_err()
}

#[test]
fn an_old_timestamp_is_refused() {
    let mut publisher = Publisher::new();
    let old = publisher.files.0["metadata/timestamp.json"].clone();
    publisher.refresh();
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    let mut replayed = publisher.clone();
    replayed.files.0.insert("metadata/timestamp.json".to_owned(), old);
    for mut host in [host.restart(&publisher).unwrap(), host] {
        let error = host.refresh(&replayed).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`metadata/timestamp.json` goes back to version 1 of timestamp, but this host has accepted version 2"
        );
        assert_eq!((error.blame(), host.versions()), (Blame::Source, [1, 2, 1, 1]));
        assert!(host.load(&publisher).is_ok());
    }
}

#[test]
fn a_newer_timestamp_of_an_older_snapshot_is_refused() {
    let mut publisher = Publisher::new();
    let old = *publisher.timestamp.snapshot();
    publisher.republish();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    publisher.timestamp = publisher.timestamp.clone().with_snapshot(old);
    publisher.refresh();
    let error = host.refresh(&publisher).unwrap_err();
    assert!(matches!(error, UpdateError::Rollback { role: Role::Snapshot, .. }), "{error}");
    assert_eq!(host.versions(), [1, 2, 2, 1]);
}

#[test]
fn of_two_timestamps_with_one_version_the_first_stays() {
    let mut publisher = Publisher::new();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let version = publisher.timestamp.version();
    publisher.republish();
    let snapshot = *publisher.timestamp.snapshot();
    let repository = publisher.timestamp.repository().clone();
    publisher.timestamp = TimestampMetadata::new(repository, version, expiry(&Role::Timestamp), snapshot);
    publisher.sign(&Role::Timestamp);
    assert_eq!(host.refresh(&publisher).unwrap(), Refresh::Unchanged);
    // A host that has seen neither takes it, so it is signed as it should be.
    let mut newcomer = publisher.host();
    newcomer.refresh(&publisher).unwrap();
    assert_eq!((host.versions(), newcomer.versions()), ([1, 1, 1, 1], [1, 1, 2, 1]));
}

#[test]
fn a_snapshot_that_goes_back_for_any_role_is_refused() {
    for role in [Role::Targets, acme(), tenant("other")] {
        let mut publisher = Publisher::new();
        let old = *publisher.snapshot.file(&role).unwrap();
        publisher.publish(std::slice::from_ref(&role));
        let mut host = publisher.host();
        host.refresh(&publisher).unwrap();
        publisher.snapshot = publisher.snapshot.clone().with_file(role.clone(), old);
        publisher.republish();
        let error = host.refresh(&publisher).unwrap_err();
        assert!(matches!(&error, UpdateError::Rollback { role: found, .. } if *found == role), "{error}");
        assert_eq!(host.versions()[2], 2);
    }
}

#[test]
fn a_role_that_vanishes_from_the_snapshot_is_missed() {
    let mut publisher = Publisher::new();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let shorter = SnapshotMetadata::new(
        publisher.snapshot.repository().clone(),
        publisher.snapshot.version(),
        expiry(&Role::Snapshot),
    );
    publisher.snapshot = shorter.with_file(Role::Targets, *publisher.snapshot.file(&Role::Targets).unwrap());
    publisher.republish();
    let error = host.refresh(&publisher).unwrap_err();
    assert!(matches!(error, UpdateError::Vanished { role, .. } if role == acme()));
    // A host that never knew of it cannot miss it, but does not find the release.
    let error = refusal(&publisher);
    assert_eq!(error.to_string(), "`metadata/2.snapshot.json` does not list t-acme; the publisher must publish it");
}

#[test]
fn each_role_expires_for_itself_and_from_that_second_on() {
    for role in [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets, acme()] {
        let time = at("2026-11-15T11:59:59Z");
        let mut publisher = Publisher::new();
        match &role {
            Role::Root => {
                publisher.root = publisher.root.successor(time).unwrap();
                publisher.sign(&role);
            }
            Role::Timestamp => {
                publisher.timestamp = publisher.timestamp.successor(time).unwrap();
                publisher.sign(&role);
            }
            Role::Snapshot => {
                publisher.snapshot = publisher.snapshot.successor(time).unwrap();
                publisher.sign(&role);
                publisher.point();
                publisher.refresh();
            }
            listing => {
                publisher.edit(listing, |metadata| metadata.successor(time).unwrap());
                publisher.sign(listing);
                publisher.list(std::slice::from_ref(listing));
                publisher.republish();
            }
        }
        let load = |now| {
            let mut host = publisher.host();
            host.0.refresh(&publisher.files, now)?;
            host.0.find(&publisher.files, &target(), Freshness::Demanded(now)).map(|listing| (host, listing))
        };
        let (mut host, listing) = load(at("2026-11-15T11:59:58.999Z")).unwrap();
        assert_eq!((&listing.provenance().expiring, listing.provenance().expires), (&role, time));
        let mut late = publisher.host();
        let versions = |role: &Role| {
            [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets].iter().position(|top| top == role)
        };
        if let Some(position) = versions(&role) {
            // It ends the cycle there and then, and only roots are kept when they have expired: the next one is signed by them.
            let error = late.0.refresh(&publisher.files, time).unwrap_err();
            assert!(matches!(&error, UpdateError::Expired { role: found, .. } if *found == role), "{role}: {error}");
            assert!(late.versions()[position.max(1)..].iter().all(|version| *version == 0), "{role}");
        }
        let error = load(time).unwrap_err();
        assert!(matches!(&error, UpdateError::Expired { role: found, .. } if *found == role), "{role}: {error}");
        let renewal = match &role {
            Role::Timestamp | Role::Snapshot => "jurat timestamp refresh".to_owned(),
            other => format!("jurat trust renew --role {other}"),
        };
        let expected = format!(
            " expired at 2026-11-15T11:59:59Z, and it is 2026-11-15T11:59:59Z; its publisher renews it with `{renewal}`"
        );
        assert!(words(&error).ends_with(&expected), "{error}");
        // A host that has it goes on with it only if it says so, also after a restart.
        let mut again = host.restart(&publisher).unwrap();
        for host in [&mut host, &mut again] {
            let mut find = |freshness| host.0.find(&publisher.files, &target(), freshness).map(drop);
            let outcome = find(Freshness::Demanded(time));
            assert!(matches!(outcome, Err(UpdateError::Expired { role: found, .. }) if found == role), "{role}");
            find(Freshness::Waived).unwrap();
        }
    }
}

#[test]
fn expired_metadata_still_protects_from_older() {
    let mut publisher = Publisher::new();
    let old = publisher.clone();
    publisher.timestamp = publisher.timestamp.successor(at("2026-11-15T12:00:01Z")).unwrap();
    publisher.sign(&Role::Timestamp);
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let later = at("2026-11-15T13:00:00Z");
    let outcome = host.0.refresh(&publisher.files, later);
    assert!(matches!(outcome, Err(UpdateError::Expired { role: Role::Timestamp, .. })));
    for mut host in [host.restart(&publisher).unwrap(), host] {
        let outcome = host.0.refresh(&old.files, later);
        assert!(matches!(outcome, Err(UpdateError::Rollback { role: Role::Timestamp, .. })));
    }
}

#[test]
fn parts_of_different_moments_are_refused() {
    // Each file is signed, but they do not belong together.
    let old = Publisher::new();
    let mut new = old.clone();
    new.release("1.1.0");
    new.publish(&[Role::Targets, acme()]);
    let mixed = |file: &str, from: &str| {
        let mut mixed = new.clone();
        mixed.files.0.insert(format!("metadata/{file}"), old.files.0[&format!("metadata/{from}")].clone());
        refusal(&mixed)
    };
    for (file, from) in [
        ("2.snapshot.json", "1.snapshot.json"),
        ("2.targets.json", "1.targets.json"),
        ("2.t-acme.json", "1.t-acme.json"),
    ] {
        let error = mixed(file, from);
        let is_refused =
            matches!(error, UpdateError::Altered { .. } | UpdateError::Truncated { .. } | UpdateError::TooLong { .. });
        assert!(is_refused && error.blame() == Blame::Source, "{file}: {error}");
    }
    // Where neither length nor digest is listed, the version still is.
    let unbound = |role: &Role| {
        let mut mixed = new.clone();
        let bare = |version| MetaFile { version, length: None, sha256: None };
        for role in [Role::Targets, acme()] {
            mixed.snapshot = mixed.snapshot.clone().with_file(role, bare(version(2)));
        }
        mixed.sign(&Role::Snapshot);
        mixed.timestamp = mixed.timestamp.clone().with_snapshot(bare(version(2)));
        mixed.sign(&Role::Timestamp);
        assert!(mixed.host().load(&mixed).is_ok());
        let from = role.file(MetadataVersion::FIRST).to_string();
        mixed.put(&role.file(version(2)), old.files.0[&from].clone());
        refusal(&mixed)
    };
    for role in [Role::Snapshot, Role::Targets, acme()] {
        let error = unbound(&role);
        assert!(matches!(&error, UpdateError::SnapshotMismatch { role: found, .. } if *found == role), "{error}");
    }
}

#[test]
fn versions_below_the_floors_are_refused() {
    let mut publisher = Publisher::new();
    publisher.republish();
    let refresh = |floors: Floors| {
        let demands = Demands { floors, ..Demands::default() };
        let mut client = Client::open(publisher.anchor(), demands, MemoryStore::default()).unwrap();
        match client.refresh(&publisher.files, now()) {
            Err(UpdateError::BelowFloor { role, .. }) => Some(role),
            other => {
                other.unwrap();
                None
            }
        }
    };
    let floors = |timestamp, snapshot| Floors {
        timestamp: version(timestamp),
        snapshot: version(snapshot),
        ..Floors::default()
    };
    assert_eq!(refresh(floors(2, 2)), None);
    assert_eq!(refresh(floors(3, 2)), Some(Role::Timestamp));
    assert_eq!(refresh(floors(2, 3)), Some(Role::Snapshot));
}

#[test]
fn a_clock_that_was_set_back_is_noticed() {
    let publisher = Publisher::new();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let refresh = |host: &mut Host, now: &str| host.0.refresh(&publisher.files, at(now));
    for mut host in [host.restart(&publisher).unwrap(), host] {
        assert!(refresh(&mut host, "2026-11-15T11:55:00Z").is_ok());
        let error = refresh(&mut host, "2026-11-15T11:54:59Z").unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is 2026-11-15T11:54:59Z, but the last refresh was at 2026-11-15T12:00:00Z; set the clock, or run \
             `jurat forget clock`"
        );
        assert_eq!(error.blame(), Blame::Host);
        // The time goes on with each refresh, and not back where the clock goes back a little.
        refresh(&mut host, "2026-11-15T12:10:00Z").unwrap();
        refresh(&mut host, "2026-11-15T12:06:00Z").unwrap();
        let last = "2026-11-15T12:10:00Z";
        for mut host in [host.restart(&publisher).unwrap(), host] {
            let error = refresh(&mut host, "2026-11-15T12:04:59Z").unwrap_err();
            assert!(matches!(error, UpdateError::ClockSetBack { last_seen, .. } if last_seen == at(last)), "{error}");
        }
    }
}

#[test]
fn the_time_is_remembered_after_a_whole_cycle_only() {
    let publisher = Publisher::new();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    // A clock far ahead finds everything expired, and can be set right again.
    let outcome = host.0.refresh(&publisher.files, at("2030-01-01T00:00:00Z"));
    assert!(matches!(outcome, Err(UpdateError::Expired { role: Role::Root, .. })));
    let mut host = host.restart(&publisher).unwrap();
    assert!(host.refresh(&publisher).is_ok());
}

#[test]
fn an_expired_snapshot_that_was_signed_again_in_its_version_is_got_again() {
    let mut publisher = Publisher::new();
    let (fresh, time) = (publisher.snapshot.clone(), at("2026-11-15T12:30:00Z"));
    let again = |expires| {
        let empty = SnapshotMetadata::new("acme-prod".parse().unwrap(), MetadataVersion::FIRST, expires);
        fresh.files().fold(empty, |new, (role, file)| new.with_file(role.clone(), *file))
    };
    publisher.snapshot = again(time);
    publisher.sign(&Role::Snapshot);
    publisher.point();
    publisher.refresh();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let mut refresh = |publisher: &Publisher| host.0.refresh(&publisher.files, time);
    assert!(matches!(refresh(&publisher), Err(UpdateError::Expired { role: Role::Snapshot, .. })));
    publisher.snapshot = again(expiry(&Role::Snapshot));
    publisher.sign(&Role::Snapshot);
    publisher.point();
    publisher.refresh();
    assert!(refresh(&publisher).is_ok());
}

#[test]
fn a_targets_role_does_not_go_back_even_if_the_snapshot_was_forgotten() {
    for role in [Role::Targets, acme()] {
        let mut publisher = Publisher::new();
        let old = publisher.clone();
        publisher.publish(std::slice::from_ref(&role));
        let mut host = publisher.host();
        host.load(&publisher).unwrap();
        // Both online keys were replaced, and the publisher lists an old version by mistake.
        publisher.rotate(TopRole::Timestamp, 1, &[17]);
        publisher.rotate(TopRole::Snapshot, 1, &[16]);
        let before = publisher.snapshot.clone();
        publisher.snapshot = before.clone().with_file(role.clone(), *old.snapshot.file(&role).unwrap());
        publisher.republish();
        let error = host.load(&publisher).unwrap_err();
        assert!(matches!(&error, UpdateError::Rollback { role: found, .. } if *found == role), "{error}");
        publisher.snapshot = publisher.snapshot.clone().with_file(role.clone(), *before.file(&role).unwrap());
        publisher.republish();
        assert!(host.load(&publisher).is_ok());
    }
}
