//! Pins, rollbacks and revocations.

use std::fs;
use std::time::Duration;

use jurat_model::Blame;

use super::site::{LOAN, LOANS, QUICK, Site};
use crate::{CallError, Health, PinnedBy, Reload, Service, Settings};

/// A host that remembers.
fn settings(site: &Site) -> Settings {
    Settings {
        state: Some(site.path("state")),
        cache: Some(site.path("cache")),
        poll: Duration::from_secs(86_400),
        ..site.settings()
    }
}

fn open(site: &Site) -> Service {
    site.builder(settings(site)).open().unwrap()
}

fn version(service: &Service) -> String {
    service.identity().unwrap().version
}

/// Runs three releases, one after the other.
fn three(site: &Site, service: &Service) -> Vec<jurat_trust::Digest> {
    let mut manifests = vec![service.identity().unwrap().manifest];
    for version in ["1.1.0", "1.2.0"] {
        site.publish(version, &["quick", "more"]);
        service.reload_logic().unwrap();
        manifests.push(service.identity().unwrap().manifest);
    }
    manifests
}

#[test]
fn going_back_goes_further_each_time_and_letting_go_leads_to_the_newest() {
    let site = Site::new();
    let service = open(&site);
    three(&site, &service);
    for expected in ["1.1.0", "1.0.0"] {
        service.rollback(PinnedBy::Library, Some("too strict")).unwrap();
        assert_eq!(version(&service), expected);
    }
    assert!(matches!(service.rollback(PinnedBy::Library, None), Err(CallError::NothingEarlier)));
    let pin = service.status().tenants[0].pin.clone().unwrap();
    assert_eq!((pin.by, pin.reason.as_deref()), (PinnedBy::Library, Some("too strict")));
    // Whatever is newer, it stays, and results say what vouches for it now.
    site.publish("1.3.0", &["quick"]);
    assert_eq!(service.reload_logic().unwrap(), Reload::Unchanged);
    let evidence = service.validate(LOANS, LOAN, QUICK).unwrap().release.unwrap();
    assert_eq!((evidence.version(), evidence.roles().delegated.as_ref().unwrap().1), ("1.0.0", 4));
    assert_eq!(service.unpin().unwrap(), Reload::Switched);
    assert_eq!(version(&service), "1.3.0");
    assert!(service.status().tenants[0].pin.is_none());
}

#[test]
fn a_pin_outlives_the_process_and_needs_no_repository() {
    let site = Site::new();
    let service = open(&site);
    let manifests = three(&site, &service);
    service.pin(&manifests[0], PinnedBy::Rpc, None).unwrap();
    drop(service);
    let gone = site.path("gone");
    fs::rename(site.path("repository/metadata"), &gone).unwrap();
    let service = open(&site);
    assert_eq!(version(&service), "1.0.0");
    assert_eq!(service.status().health, Health::Degraded);
    service.rollback(PinnedBy::Rpc, None).unwrap_err();
    service.pin(&manifests[1], PinnedBy::Rpc, None).unwrap();
    assert_eq!(version(&service), "1.1.0");
    fs::rename(gone, site.path("repository/metadata")).unwrap();
    service.unpin().unwrap();
    assert_eq!(version(&service), "1.2.0");
}

#[test]
fn a_lost_record_of_the_serving_release_is_written_again_and_nothing_is_fetched_for_it() {
    let site = Site::new();
    let service = open(&site);
    let names = |service: &Service| {
        service.reload_logic().unwrap();
        let entries = fs::read_dir(site.path("state/default/releases")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&service);
    fs::remove_dir_all(site.path("state/default/releases")).unwrap();
    // The repository lists the release, and has lost its files.
    for entry in fs::read_dir(site.path("repository")).unwrap().map(Result::unwrap) {
        if entry.file_name() != "metadata" {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    assert_eq!(names(&service), before);
}

#[test]
fn what_is_not_at_hand_cannot_be_pinned_and_what_serves_goes_on() {
    let site = Site::new();
    let service = open(&site);
    let unknown = jurat_trust::Digest::of(b"nothing");
    assert_eq!(service.pin(&unknown, PinnedBy::Library, None).unwrap_err().kind().code(), "reload");
    assert_eq!(version(&service), "1.0.0");
    let status = service.status();
    assert!(status.tenants[0].failure.as_ref().unwrap().reasons[0].contains("is not available"), "{status:?}");
    service.unpin().unwrap();
    service.reload_logic().unwrap();
    assert_eq!(service.status().health, Health::Ok);
}

#[test]
fn a_pin_that_cannot_be_read_changes_nothing_and_is_told() {
    let site = Site::new();
    let service = open(&site);
    fs::write(site.path("state/default/pin.json"), "{").unwrap();
    site.publish("1.1.0", &["quick"]);
    service.reload_logic().unwrap_err();
    assert_eq!(version(&service), "1.0.0");
    // Nor does a start take it for none.
    drop(service);
    let service = open(&site);
    assert_eq!((version(&service), service.status().health), ("1.0.0".to_owned(), Health::Degraded));
    service.unpin().unwrap();
    assert_eq!(version(&service), "1.1.0");
}

#[test]
fn what_was_revoked_is_dropped_for_what_served_before_and_never_comes_back() {
    let site = Site::new();
    let service = open(&site);
    let manifests = three(&site, &service);
    site.revoke();
    assert!(service.reload_logic().is_err());
    assert_eq!(version(&service), "1.1.0");
    assert_eq!(service.pin(&manifests[2], PinnedBy::Library, None).unwrap_err().kind().code(), "reload");
    assert_eq!(version(&service), "1.1.0");
    service.unpin().unwrap_err();
    drop(service);
    let service = open(&site);
    assert_eq!(version(&service), "1.1.0");
}

#[test]
fn where_nothing_else_is_left_calls_say_that_the_release_was_revoked() {
    let site = Site::new();
    let service = open(&site);
    site.revoke();
    for _ in 0..2 {
        service.reload_logic().unwrap_err();
        let error = service.validate(LOANS, LOAN, QUICK).unwrap_err();
        assert_eq!((error.kind().code(), error.blame()), ("release_revoked", Blame::Publisher));
    }
    assert_eq!(service.status().health, Health::Degraded);
    drop(service);
    let (whose, message) = site.refusal(settings(&site));
    assert!(whose == Blame::Publisher && message.contains("revoked"), "{message}");
    site.publish("2.0.0", &["quick"]);
    assert_eq!(version(&open(&site)), "2.0.0");
}

#[test]
fn what_has_expired_serves_on_and_says_so_until_it_has_for_too_long() {
    let site = Site::new();
    let service = open(&site);
    let stale =
        |service: &Service| service.validate(LOANS, LOAN, QUICK).map(|result| result.release.unwrap().is_stale());
    assert!(!stale(&service).unwrap());
    site.set_clock("2026-01-20T00:00:00Z");
    service.reload_logic().unwrap();
    let trust = service.status().tenants[0].trust.clone().unwrap();
    assert_eq!((trust.due, trust.stale), (true, false));
    site.set_clock("2026-02-01T00:00:00Z");
    service.reload_logic().unwrap_err();
    assert!(stale(&service).unwrap());
    // A restart changes nothing about it.
    drop(service);
    let service = open(&site);
    assert!(stale(&service).unwrap());
    site.set_clock("2026-02-03T23:59:59Z");
    assert!(stale(&service).unwrap());
    site.set_clock("2026-02-04T00:00:00Z");
    assert_eq!(stale(&service).unwrap_err().kind().code(), "release_stale");
    assert!(!service.status().tenants[0].unavailable.is_empty());
}
