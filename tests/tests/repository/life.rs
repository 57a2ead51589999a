//! A host from its first start to the day on which the server is gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jurat::{
    CallError, Compiler, EntityType, Health, OpenError, PinnedBy, Reload, RepositoryError, RulesetName, Settings,
};
use jurat_model::FuelSchedule;
use jurat_trust::FileKind;
use jurat_trust::publish::Lifetimes;

use crate::cdn::{Cdn, Trick};
use crate::host::{Host, TENANT, cause, config, innermost, judged, refused, serves, status, until};
use crate::publisher::{Publisher, record, release, release_of_old_prices};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn repository() -> (Publisher, Cdn) {
    let publisher = Publisher::new("prod", &[TENANT]);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    (publisher, cdn)
}

/// Where the component of a release is in the repository.
fn component() -> String {
    let release = release(1);
    let component = release.manifest().files().iter().find(|file| file.kind == FileKind::Component).unwrap();
    format!("blobs/sha256/{}", component.sha256)
}

#[test]
fn a_host_starts_from_a_server_and_knows_what_vouches_for_its_rules() {
    let (publisher, cdn) = repository();
    let host = Host::fresh(&publisher, &cdn);
    let service = host.open_compiling(host.settings(), Compiler::InProcess).unwrap();
    serves(&service, 1);
    let status = status(&service);
    let release = status.release.unwrap();
    assert_eq!((release.repository.as_deref(), release.signers.len(), release.unsigned), (Some("prod"), 2, false));
    let expected = [("root", 1), ("snapshot", 2), ("t-demo", 1), ("targets", 1), ("timestamp", 2)];
    assert!(release.roles.iter().map(|(role, version)| (&**role, *version)).eq(expected), "{:?}", release.roles);
    let trust = status.trust.unwrap();
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!((&*trust.expiring, trust.expires), ("timestamp", time("2026-01-02T00:00:00Z")));
    assert_eq!((trust.stale, trust.due, trust.ends), (false, false, time("2026-01-05T00:00:00Z")));
    drop(service);
    // The next start compiles nothing: the host has no compiler.
    serves(&host.open().unwrap(), 1);
}

#[test]
fn the_last_good_release_serves_without_a_server_until_it_is_too_old() {
    let (mut publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    drop(host.open().unwrap());
    cdn.go_down();
    let mut settings = host.settings();
    settings.poll = Duration::from_millis(50);
    let service = host.open_with(settings).unwrap();
    serves(&service, 1);
    assert!(!judged(&service, 1).release.unwrap().is_stale());
    assert!(status(&service).failure.unwrap().reasons[0].contains("`metadata/"), "{:?}", service.status());
    host.pass(HOUR * 13);
    assert!(status(&service).trust.unwrap().due);
    host.pass(HOUR * 11);
    assert!(judged(&service, 1).release.unwrap().is_stale() && status(&service).trust.unwrap().stale);
    host.pass(HOUR * 71);
    serves(&service, 1);
    host.pass(HOUR);
    let error = service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err();
    assert!(matches!(&error, CallError::Stale { role, .. } if role == "timestamp"), "{error:?}");
    assert_eq!((error.kind().code(), status(&service).unavailable), ("release_stale", vec![error.to_string()]));
    // A restart makes it no younger.
    let again = host.open().unwrap();
    assert_eq!(
        again.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err().kind().code(),
        "release_stale"
    );

    publisher.pass(HOUR * 96);
    publisher.release(TENANT, 2);
    cdn.behave();
    until("the host finds its repository again", || {
        status(&service).release.is_some_and(|release| release.version == "2.0.0")
    });
    serves(&service, 2);
    assert!(!judged(&service, 2).release.unwrap().is_stale());
    assert_eq!(service.status().health, Health::Ok);
}

#[test]
fn a_host_that_shall_refuse_what_is_stale_serves_nothing_from_that_second_on() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    host.write("local-config.yaml", config(&cdn.url(), "  on_expired: refuse\n"));
    let service = host.open().unwrap();
    host.pass(HOUR * 24 - SignedDuration::from_secs(1));
    serves(&service, 1);
    host.pass(SignedDuration::from_secs(1));
    assert_eq!(
        service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err().kind().code(),
        "release_stale"
    );
}

#[test]
fn the_age_of_a_tenants_role_is_not_forgotten_by_a_restart() {
    let lifetimes =
        Lifetimes { tenant: HOUR * 2, timestamp: HOUR * 24 * 30, snapshot: HOUR * 24 * 30, ..Lifetimes::DEFAULT };
    let publisher = Publisher::living("prod", &[TENANT], lifetimes);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    host.pass(HOUR * 3);
    assert!(judged(&service, 1).release.unwrap().is_stale());
    drop(service);
    let service = host.open().unwrap();
    assert!(judged(&service, 1).release.unwrap().is_stale());
    assert_eq!(status(&service).trust.unwrap().expiring, "t-demo");
    host.pass(HOUR * 72);
    assert_eq!(
        service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err().kind().code(),
        "release_stale"
    );
}

#[test]
fn a_poll_that_finds_nothing_new_costs_two_empty_answers() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    for _ in 0..2 {
        let _ = cdn.answers();
        assert_eq!(service.reload_logic().unwrap(), Reload::Unchanged);
        assert_eq!(
            cdn.answers(),
            [("metadata/2.root.json".to_owned(), 404), ("metadata/timestamp.json".to_owned(), 304)]
        );
    }
    // Only what is new is fetched.
    publisher.release(TENANT, 2);
    assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
    let answers = cdn.answers();
    let blobs: Vec<_> = answers.iter().filter(|(file, _)| file.starts_with("blobs/")).collect();
    assert!(blobs.len() == 1 && answers.len() == 6 && !answers.contains(&(component(), 200)), "{answers:?}");
}

#[test]
fn what_broke_off_is_gone_on_from() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    cdn.play(&component(), Trick::BreakOff(10_000));
    host.open().unwrap_err();
    let asked = |cdn: &Cdn| -> Vec<u16> {
        cdn.answers().into_iter().filter(|(file, _)| *file == component()).map(|(_, status)| status).collect()
    };
    assert_eq!(asked(&cdn), [200, 206, 206]);
    cdn.behave();
    serves(&host.open().unwrap(), 1);
    assert_eq!(asked(&cdn), [206]);
}

#[test]
fn a_release_whose_own_vectors_fail_is_never_switched_in() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    publisher.broken_release(TENANT, 2);
    let error = refused(&service, 1);
    assert!(
        matches!(innermost(&error), OpenError::VectorsFail { release, .. } if release == "loan 2.0.0"),
        "{error:?}"
    );
    publisher.release(TENANT, 3);
    service.reload_logic().unwrap();
    serves(&service, 3);
}

#[test]
fn vectors_decide_about_a_limit_of_fuel_by_another_price_list() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    let plenty = 5_000_000;
    publisher.release_built(TENANT, &release_of_old_prices(2, plenty, false));
    let error = refused(&service, 1);
    let OpenError::FuelSchedule { rule, found, own, .. } = innermost(&error) else { panic!("{error:?}") };
    assert_eq!((&**rule, *found, *own), ("rule_002_v1", FuelSchedule::FIRST, FuelSchedule::CURRENT));
    publisher.release_built(TENANT, &release_of_old_prices(3, 1_000, true));
    let error = refused(&service, 1);
    assert!(matches!(innermost(&error), OpenError::VectorsFail { .. } | OpenError::Component { .. }), "{error:?}");
    publisher.release_built(TENANT, &release_of_old_prices(4, plenty, true));
    service.reload_logic().unwrap();
    serves(&service, 4);
}

#[test]
fn a_repository_on_a_server_needs_a_directory_for_its_files() {
    let (publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    let error = host.open_with(Settings { cache: None, ..host.settings() }).unwrap_err();
    assert!(matches!(cause(&error), RepositoryError::Homeless), "{error:?}");
    // Without a directory for what it must not forget it can run, as long as it runs.
    let settings = Settings { state: None, ..host.settings() };
    let service = host.open_compiling(settings, Compiler::InProcess).unwrap();
    publisher.release(TENANT, 2);
    assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
    serves(&service, 2);
    service.rollback(PinnedBy::Library, None).unwrap();
    serves(&service, 1);
    cdn.go_down();
    let _ = service.reload_logic();
    serves(&service, 1);
    service.unpin().unwrap_err();
    serves(&service, 2);
}

#[test]
fn several_processes_can_share_their_directories() {
    let (mut publisher, cdn) = repository();
    let host = Host::new(&publisher, &cdn);
    let services = [host.open().unwrap(), host.open().unwrap(), host.open().unwrap()];
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let [first, second, third] = &services;
        for service in [first, second] {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    service.reload_logic().unwrap();
                }
            });
        }
        scope.spawn(|| {
            let manifest = first.identity().unwrap().manifest;
            while !is_over.load(Ordering::Relaxed) {
                third.pin(&manifest, PinnedBy::Library, None).unwrap();
                serves(third, 1);
                third.unpin().unwrap();
            }
        });
        for number in 2..8 {
            publisher.rotate_online_keys();
            publisher.release(TENANT, number);
            until("somebody has it", || cdn.answers().iter().any(|(file, _)| file.starts_with("targets/")));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    for service in &services {
        service.reload_logic().unwrap();
        serves(service, 7);
    }
}
