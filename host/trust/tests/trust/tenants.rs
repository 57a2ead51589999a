//! Delegated roles: what a tenant may list, takes back, and has listed before.

use jiff::Timestamp;
use jurat_trust::{Blame, Delegation, Digest, Freshness, MetadataVersion, Role, TargetsMetadata, UpdateError};

use crate::fixture::{signed_by, target, words};
use crate::publisher::{
    Host, Publisher, acme, at, built, delegation, expiry, keys, manifest_of, name_of, tenant, version,
};

/// What a host that has seen nothing says of it.
fn refusal(publisher: &Publisher) -> UpdateError {
    publisher.host().load(publisher).unwrap_err()
}

#[test]
fn a_tenant_cannot_list_what_is_another_tenants() {
    let mut publisher = Publisher::new();
    let stolen = "t/acme/prod/loan-rules.json".parse().unwrap();
    publisher.edit(&acme(), |listing| listing.without(&stolen));
    publisher.edit(&tenant("other"), |listing| listing.with_release(&stolen, built("1.0.0").manifest()));
    publisher.publish(&[acme(), tenant("other")]);
    let error = refusal(&publisher);
    assert!(matches!(&error, UpdateError::UnknownRelease { role, .. } if *role == acme()), "{error}");
    // Neither by its own delegations.
    publisher.edit(&tenant("other"), |listing| {
        listing.with_delegation(delegation(&tenant("evil"), keys(1, &[66]), "t/acme/*/*.json"))
    });
    publisher.publish(&[tenant("other")]);
    assert!(matches!(refusal(&publisher), UpdateError::UnknownRelease { role, .. } if role == acme()));
    let nobodys = "t/nobody/prod/loan-rules.json".parse().unwrap();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let error = host.0.find(&publisher.files, &nobodys, Freshness::Waived).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`metadata/1.targets.json` leaves `t/nobody/prod/loan-rules.json` to no role; correct the name of the release, \
         or have its path delegated"
    );
}

#[test]
fn one_tenants_metadata_does_not_touch_another() {
    let mut publisher = Publisher::new();
    publisher.put(&tenant("other").file(MetadataVersion::FIRST), b"broken".to_vec());
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    let theirs = "t/other/prod/loan-rules.json".parse().unwrap();
    let error = host.0.find(&publisher.files, &theirs, Freshness::Waived).unwrap_err();
    assert!(matches!(error, UpdateError::Truncated { file, .. } if file.as_str() == "metadata/1.t-other.json"));
    host.load(&publisher).unwrap();
}

#[test]
fn a_tenant_with_new_keys_starts_anew() {
    let mut publisher = Publisher::new();
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    let listing = host.find(&publisher).unwrap();
    let past = |host: &Host| host.0.find_past(listing.envelope(), &target(), &manifest_of("1.0.0")).map(drop);
    assert!(past(&host).is_ok());
    publisher.people.insert(acme(), vec![18]);
    publisher.edit(&Role::Targets, |targets| {
        targets.with_delegation(delegation(&acme(), keys(1, &[18]), "t/acme/*/*.json"))
    });
    publisher.publish(&[Role::Targets]);
    // What the old keys signed does not count any more, not as something of earlier days either.
    let error = host.load(&publisher).unwrap_err();
    assert!(matches!(error, UpdateError::Signatures { role: Role::Delegated(_), .. }), "{error}");
    for host in [&host, &host.restart(&publisher).unwrap()] {
        let error = past(host).unwrap_err();
        assert!(matches!(
            error,
            UpdateError::Past { cause, .. } if matches!(&*cause, UpdateError::Signatures { role, .. } if *role == acme())
        ));
    }
    publisher.publish(&[acme()]);
    assert!(host.load(&publisher).is_ok());
    assert!(host.restart(&publisher).unwrap().find(&publisher).is_ok());
}

#[test]
fn a_revoked_release_is_refused_wherever_it_comes_from() {
    let mut publisher = Publisher::new();
    publisher.release("1.1.0");
    publisher.publish(&[acme()]);
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let listing = host.find(&publisher).unwrap();
    let revoked = manifest_of("1.1.0");
    assert_eq!(*listing.manifest_sha256(), revoked);
    assert!(!host.0.is_revoked(&revoked, &target()));
    assert!(host.0.find_past(listing.envelope(), &target(), &revoked).is_ok());

    publisher.edit(&acme(), |metadata| metadata.with_revoked(revoked));
    publisher.publish(&[acme()]);
    host.refresh(&publisher).unwrap();
    assert!(matches!(host.find(&publisher), Err(UpdateError::Revoked { .. })));
    for host in [host.restart(&publisher).unwrap(), host] {
        assert!(host.0.is_revoked(&revoked, &target()));
        assert!(!host.0.is_revoked(&revoked, &"t/other/prod/loan-rules.json".parse().unwrap()));
        let error = host.0.find_past(listing.envelope(), &target(), &revoked).unwrap_err();
        assert!(words(&error).starts_with(
            "the stored metadata of the release `t/acme/prod/loan-rules.json` is not valid any more: the release \
             `t/acme/prod/loan-rules.json` has been revoked"
        ));
        assert_eq!(error.blame(), Blame::Publisher);
    }
}

#[test]
fn what_is_revoked_stays_revoked() {
    let mut publisher = Publisher::new();
    let revoked = Digest::of(b"a bad manifest");
    let before = publisher.listings[&acme()].clone();
    publisher.edit(&acme(), |metadata| metadata.with_revoked(revoked));
    publisher.publish(&[acme()]);
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    let next = publisher.listings[&acme()].version().next().unwrap();
    publisher.listings.insert(acme(), before.successor(expiry(&acme())).unwrap());
    publisher.publish(&[acme()]);
    assert_eq!(publisher.listings[&acme()].version(), next);
    host.refresh(&publisher).unwrap();
    let error = host.find(&publisher).unwrap_err();
    assert!(matches!(error, UpdateError::Unrevoked { manifest, .. } if manifest == revoked));
    // Unless others sign for the tenant now.
    publisher.people.insert(acme(), vec![18]);
    publisher.edit(&Role::Targets, |targets| {
        targets.with_delegation(delegation(&acme(), keys(1, &[18]), "t/acme/*/*.json"))
    });
    publisher.publish(&[Role::Targets, acme()]);
    assert!(host.load(&publisher).is_ok());
}

#[test]
fn a_release_of_earlier_days_is_found_again() {
    let mut publisher = Publisher::new();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let old = host.find(&publisher).unwrap();
    publisher.release("2.0.0");
    publisher.publish(&[acme()]);
    host.load(&publisher).unwrap();
    let sha256 = manifest_of("1.0.0");
    let find = |envelope: &[u8], sha256: &Digest| host.0.find_past(envelope, &target(), sha256);
    let listing = find(old.envelope(), &sha256).unwrap();
    assert_eq!(
        (listing.provenance().role_version.get(), listing.provenance().versions.snapshot),
        (1, Some(version(2)))
    );
    let release = listing.manifest(&publisher.files).unwrap().release(&publisher.files).unwrap();
    assert_eq!(release.manifest().version().as_str(), "1.0.0");
    // It may be as old as it likes, and need not be there any more.
    let gone = {
        let mut gone = publisher.clone();
        gone.files.0.retain(|file, _| !file.starts_with("metadata/"));
        gone
    };
    assert!(listing.manifest(&gone.files).unwrap().release(&gone.files).is_ok());
    // An envelope that is newer than what this host knows has its say as well.
    let mut newer = publisher.clone();
    newer.edit(&acme(), |metadata| metadata.with_revoked(manifest_of("2.0.0")));
    newer.publish(&[acme()]);
    let unseen = find(&newer.files.0[&newer.file(&acme())], &manifest_of("2.0.0")).unwrap_err();
    assert!(matches!(unseen, UpdateError::Past { cause, .. } if matches!(*cause, UpdateError::Revoked { .. })));
    // But it must be what was signed, list this release, and be signed by keys that may.
    let unknown = find(old.envelope(), &manifest_of("2.0.0")).unwrap_err();
    assert!(matches!(unknown, UpdateError::Past { cause, .. } if matches!(*cause, UpdateError::UnknownRelease { .. })));
    let theirs = publisher.listings[&acme()].to_bytes();
    let forged = find(&signed_by(&[10], &theirs), &manifest_of("2.0.0")).unwrap_err();
    assert!(matches!(forged, UpdateError::Past { cause, .. } if matches!(*cause, UpdateError::Signatures { .. })));
    let nothing = find(b"{}", &sha256).unwrap_err();
    assert!(matches!(nothing, UpdateError::Past { cause, .. } if matches!(*cause, UpdateError::Envelope { .. })));
    let elsewhere = host.0.find_past(old.envelope(), &"t/x/prod/loan-rules.json".parse().unwrap(), &sha256);
    assert!(
        matches!(elsewhere, Err(UpdateError::Past { cause, .. }) if matches!(*cause, UpdateError::NotDelegated { .. }))
    );
}

#[test]
fn no_role_is_asked_after_a_terminating_delegation() {
    let (first, second) = (tenant("first"), tenant("second"));
    let to = |role: &Role, terminating| Delegation { terminating, ..delegation(role, keys(1, &[40]), "t/acme/prod/*") };
    let load = |nested: bool, terminating: bool| {
        let mut publisher = Publisher::new();
        let inner = tenant("inner");
        for role in [&first, &second, &inner] {
            let none = TargetsMetadata::new("acme-prod".parse().unwrap(), MetadataVersion::FIRST, expiry(role));
            publisher.listings.insert(role.clone(), none);
            publisher.people.insert(role.clone(), vec![40]);
        }
        publisher.edit(&Role::Targets, |targets| {
            let targets = targets.without_delegation(&name_of(&acme()));
            targets.with_delegation(to(&first, terminating && !nested)).with_delegation(to(&second, false))
        });
        if nested {
            publisher.edit(&first, |metadata| metadata.with_delegation(to(&inner, terminating)));
        }
        publisher.edit(&second, |metadata| metadata.with_release(&target(), built("1.0.0").manifest()));
        publisher.publish(&[Role::Targets, first.clone(), second.clone(), inner]);
        publisher.host().load(&publisher)
    };
    for nested in [false, true] {
        assert_eq!(load(nested, false).unwrap().provenance().unwrap().role, second);
        let last = if nested { tenant("inner") } else { first.clone() };
        assert!(matches!(load(nested, true), Err(UpdateError::UnknownRelease { role, .. }) if role == last));
    }
}

/// A chain of three roles, with the time at which each expires. The last one lists the release.
fn chain(expiries: [Timestamp; 3]) -> (Publisher, [Role; 3]) {
    let mut publisher = Publisher::new();
    let roles = ["outer", "middle", "inner"].map(tenant);
    let mut by = Role::Targets;
    publisher.edit(&by, |targets| targets.without_delegation(&name_of(&acme())));
    for (role, expires) in roles.iter().zip(expiries) {
        let none = TargetsMetadata::new("acme-prod".parse().unwrap(), MetadataVersion::FIRST, expires);
        publisher.listings.insert(role.clone(), none);
        publisher.people.insert(role.clone(), vec![40]);
        publisher.edit(&by, |metadata| metadata.with_delegation(delegation(role, keys(1, &[40]), "t/acme/*/*")));
        by = role.clone();
    }
    publisher.edit(&by, |metadata| metadata.with_release(&target(), built("1.0.0").manifest()));
    roles.iter().for_each(|role| publisher.sign(role));
    publisher.list(&roles);
    publisher.publish(&[Role::Targets]);
    (publisher, roles)
}

#[test]
fn what_any_role_on_the_way_has_revoked_is_known_after_a_restart() {
    let late = at("2026-11-15T20:00:00Z");
    for revoking in 0..3 {
        let (mut publisher, roles) = chain([late; 3]);
        let mut host = publisher.host();
        let old = host.refresh(&publisher).and_then(|_| host.find(&publisher)).unwrap();
        let revoked = manifest_of("1.0.0");
        publisher.edit(&roles[revoking], |metadata| metadata.with_revoked(revoked));
        publisher.publish(&[roles[revoking].clone()]);
        assert!(matches!(host.load(&publisher), Err(UpdateError::Revoked { .. })));
        for host in [host.restart(&publisher).unwrap(), host] {
            assert!(host.0.is_revoked(&revoked, &target()), "{revoking}");
            let error = host.0.find_past(old.envelope(), &target(), &revoked).unwrap_err();
            assert!(matches!(error, UpdateError::Past { cause, .. } if matches!(*cause, UpdateError::Revoked { .. })));
        }
    }
}

#[test]
fn a_release_expires_with_the_first_role_on_the_way_to_it() {
    let (early, late) = (at("2026-11-15T18:00:00Z"), at("2026-11-15T20:00:00Z"));
    for expiries in [[early, late, late], [late, early, late], [late, late, early]] {
        let (publisher, roles) = chain(expiries);
        let release = publisher.host().load(&publisher).unwrap();
        let provenance = release.provenance().unwrap();
        let first = roles.iter().zip(expiries).find(|(_, expires)| *expires == early).unwrap().0;
        assert_eq!((&provenance.expiring, provenance.expires), (first, early));
    }
}

#[test]
fn the_first_role_that_lists_a_release_has_it() {
    let mut publisher = Publisher::new();
    let inner = tenant("inner");
    let none = TargetsMetadata::new("acme-prod".parse().unwrap(), MetadataVersion::FIRST, expiry(&inner));
    publisher.listings.insert(inner.clone(), none.with_release(&target(), built("6.6.6").manifest()));
    publisher.people.insert(inner.clone(), vec![40]);
    publisher.edit(&acme(), |metadata| metadata.with_delegation(delegation(&inner, keys(1, &[40]), "t/acme/*/*")));
    publisher.publish(&[acme(), inner.clone()]);
    assert_eq!(*publisher.host().load(&publisher).unwrap().manifest_sha256(), manifest_of("1.0.0"));
    // Once it no longer lists it, the one that it delegates to is asked.
    publisher.release("6.6.6");
    publisher.edit(&acme(), |metadata| metadata.without(&target()));
    publisher.publish(&[acme()]);
    let mut host = publisher.host();
    let release = host.load(&publisher).unwrap();
    assert_eq!((release.provenance().unwrap().role.clone(), *release.manifest_sha256()), (inner, manifest_of("6.6.6")));
    // What it revokes counts for those that it delegates to.
    publisher.edit(&acme(), |metadata| metadata.with_revoked(manifest_of("6.6.6")));
    publisher.publish(&[acme()]);
    assert!(matches!(host.load(&publisher), Err(UpdateError::Revoked { .. })));
    assert!(host.restart(&publisher).unwrap().0.is_revoked(&manifest_of("6.6.6"), &target()));
}

#[test]
fn what_old_keys_revoked_is_forgotten_with_them() {
    let mut publisher = Publisher::new();
    let revoked = manifest_of("1.0.0");
    publisher.edit(&acme(), |metadata| metadata.with_revoked(revoked));
    publisher.publish(&[acme()]);
    let mut host = publisher.host();
    assert!(matches!(host.load(&publisher), Err(UpdateError::Revoked { .. })));
    assert!(host.0.is_revoked(&revoked, &target()));
    publisher.people.insert(acme(), vec![18]);
    publisher.edit(&Role::Targets, |targets| {
        targets.with_delegation(delegation(&acme(), keys(1, &[18]), "t/acme/*/*.json"))
    });
    publisher.publish(&[Role::Targets]);
    host.refresh(&publisher).unwrap();
    for host in [host.restart(&publisher).unwrap(), host] {
        assert!(!host.0.is_revoked(&revoked, &target()));
    }
}
