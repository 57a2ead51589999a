//! One release after the other.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jurat_model::Blame;

use super::site::{LOAN, LOANS, QUICK, Site};
use crate::{CallError, Health, HealthVerdict, Reload, RulesetName, Settings};

#[test]
fn a_newer_release_is_switched_to_and_the_one_before_stays_at_hand() {
    let site = Site::new();
    let service = site.open();
    assert_eq!(service.reload_logic().unwrap(), Reload::Unchanged);
    assert!(matches!(service.validate(LOANS, LOAN, RulesetName::new("more")), Err(CallError::Route(_))));
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        site.publish(version, &["quick", "more"]);
        assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
        assert_eq!(service.identity().unwrap().version, version);
    }
    assert_eq!(service.validate(LOANS, LOAN, RulesetName::new("more")).unwrap().results.len(), 1);
    let status = service.status();
    let tenant = &status.tenants[0];
    assert_eq!((tenant.generation, tenant.release.as_ref().unwrap().roles["t-demo"]), (4, 4));
    let previous: Vec<_> = tenant.previous.iter().map(|release| release.version.as_str()).collect();
    assert_eq!(previous, ["1.2.0", "1.1.0"]);
}

#[test]
fn a_bad_release_leaves_the_old_one_serving_and_is_reported() {
    let site = Site::new();
    let service = site.open();
    site.publish("1.1.0", &["quick", "more"]);
    for blob in fs::read_dir(site.path("repository/blobs/sha256")).unwrap() {
        fs::write(blob.unwrap().path(), "altered").unwrap();
    }
    let error = service.reload_logic().unwrap_err();
    assert_eq!((error.kind().code(), error.blame()), ("reload", Blame::Source));
    assert_eq!(service.identity().unwrap().version, "1.0.0");
    assert!(service.validate(LOANS, LOAN, QUICK).is_ok());
    let status = service.status();
    assert_eq!(status.health, Health::Degraded);
    let failure = status.tenants[0].failure.as_ref().unwrap();
    assert!(failure.reasons[0].contains("is truncated"), "{failure:?}");
    let report = status.health_report();
    assert_eq!(report.status, HealthVerdict::Degraded);
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.passes()).map(|check| check.name).collect();
    assert_eq!(failed, ["update"], "{report:?}");

    site.publish("1.1.0", &["quick", "more"]);
    assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
    let status = service.status();
    assert_eq!((status.health, status.tenants[0].failure.is_none()), (Health::Ok, true));
}

#[test]
fn an_older_release_is_not_switched_to() {
    let site = Site::new();
    let service = site.open();
    let older = fs::read(site.path("repository/metadata/timestamp.json")).unwrap();
    site.publish("1.1.0", &["quick", "more"]);
    service.reload_logic().unwrap();
    fs::write(site.path("repository/metadata/timestamp.json"), older).unwrap();
    assert!(matches!(service.reload_logic(), Err(CallError::Reload(_))));
    assert_eq!(service.identity().unwrap().version, "1.1.0");
}

#[test]
fn the_age_counts_from_the_last_poll_without_errors() {
    let site = Site::new();
    let service = site.open();
    site.set_clock("2026-01-01T00:10:00Z");
    assert_eq!(service.cache_age().unwrap(), Duration::from_secs(600));
    service.reload_logic().unwrap();
    assert_eq!(service.cache_age().unwrap(), Duration::ZERO);
    fs::remove_dir_all(site.path("repository")).unwrap();
    site.set_clock("2026-01-01T00:10:05Z");
    service.reload_logic().unwrap_err();
    assert_eq!(service.cache_age().unwrap(), Duration::from_secs(5));
    site.set_clock("2025-12-31T00:00:00Z");
    assert_eq!(service.cache_age().unwrap(), Duration::ZERO);
}

#[test]
fn the_service_polls_for_newer_releases_by_itself() {
    let site = Site::new();
    let settings = Settings { poll: Duration::from_millis(20), ..site.settings() };
    let service = site.builder(settings).open().unwrap();
    site.publish("1.1.0", &["quick", "more"]);
    // A time after which the test fails, not one that it waits for.
    let patience = std::time::Instant::now() + Duration::from_secs(60);
    while service.identity().unwrap().version != "1.1.0" {
        assert!(std::time::Instant::now() < patience, "{:?}", service.status());
        thread::yield_now();
    }
}

#[test]
fn concurrent_reloads_all_succeed_with_the_newest_release() {
    let site = Site::new();
    let service = site.open();
    site.publish("1.1.0", &["quick", "more"]);
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                service.reload_logic().unwrap();
                assert_eq!(service.identity().unwrap().version, "1.1.0");
            });
        }
    });
    assert_eq!(service.status().tenants[0].generation, 2);
}

#[test]
fn a_call_ends_on_the_release_that_it_began_with() {
    let site = Site::new();
    let service = site.open();
    let records = format!("[{}]", vec![LOAN; 5_000].join(","));
    let mut seen = 0;
    service
        .judge(&service.request("quick").unwrap(), records.into_bytes().into(), &mut |_| {
            if seen == 0 {
                // Without the ruleset that judges.
                site.publish("1.1.0", &["more"]);
                assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
            }
            seen += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 5_000);
    assert!(service.validate(LOANS, LOAN, QUICK).is_err());
}
