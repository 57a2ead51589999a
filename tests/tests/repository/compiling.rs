//! A compiler that fails, and what becomes of the release.

use std::fs;
use std::thread;
use std::time::Duration;

use jiff::SignedDuration;
use jurat::{Blame, CallError, Compiler, Digest, EntityType, Health, PinnedBy, Reload, RulesetName, Service, Settings};

use crate::cdn::{Cdn, Trick};
use crate::host::{Host, TENANT, refused, serves, status, until};
use crate::publisher::{Publisher, record};

const CHILD: &str = env!("CARGO_BIN_EXE_jurat-tests-child");

/// A host that compiles in a process which can be made to fail.
struct Scene {
    publisher: Publisher,
    host: Host,
    settings: Settings,
    compiler: Compiler,
    service: Service,
    /// The manifest of the first release.
    first: Digest,
    cdn: Cdn,
}

impl Scene {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let publisher = Publisher::new("prod", &[TENANT]);
        let first = publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::fresh(&publisher, &cdn);
        let directory = host.path("");
        let script = format!(
            "cd '{}'; echo >>started; while test -e blocked; do sleep 0.01; done; test -e killed && kill -KILL $$; \
             test -e large && exit 5; exec '{CHILD}' compile",
            directory.display()
        );
        let compiler = Compiler::Child { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        let mut settings = host.settings();
        change(&mut settings);
        let service = host.open_compiling(settings.clone(), compiler.clone()).unwrap();
        serves(&service, 1);
        Self { publisher, host, settings, compiler, service, first, cdn }
    }

    fn restart(self) -> Self {
        let Self { publisher, host, settings, compiler, service, first, cdn } = self;
        drop(service);
        let service = host.open_compiling(settings.clone(), compiler.clone()).unwrap();
        Self { publisher, host, settings, compiler, service, first, cdn }
    }

    fn started(&self) -> usize {
        fs::read(self.host.path("started")).unwrap().len()
    }

    /// Publishes a release whose compilation lasts until [`Scene::unblock`], and waits until it has begun.
    fn block_on(&self, number: u64) {
        let started = self.started();
        self.host.write("blocked", "");
        self.publisher.release_of_another_component(TENANT, number);
        until("the compiler starts", || self.started() > started);
    }

    /// Waits for a poll that begins after this, and ends.
    fn wait_for_poll(&self) {
        let asked = || self.cdn.answers().iter().filter(|(file, _)| file.ends_with("timestamp.json")).count();
        // Requests so far do not count.
        asked();
        let mut polls = 0;
        // The second one begins when the first one has ended.
        until("two polls", || {
            polls += asked();
            polls > 1
        });
    }

    fn unblock(&self) {
        fs::remove_file(self.host.path("blocked")).unwrap();
    }
}

#[test]
fn a_compiler_that_is_killed_once_does_not_refuse_a_release_for_good() {
    let scene = Scene::new(|_| {});
    scene.host.write("killed", "");
    scene.publisher.release_of_another_component(TENANT, 2);
    let error = refused(&scene.service, 1);
    assert!(error.is_passing() && error.blame() == Blame::Host, "{error:?}");
    let reason = error.messages().join("; ");
    assert!(reason.contains("ended from outside (signal: 9 (SIGKILL))"), "{reason}");
    fs::remove_file(scene.host.path("killed")).unwrap();
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Switched);
    serves(&scene.service, 2);
    assert_eq!(scene.service.status().health, Health::Ok);
}

#[test]
fn polls_try_a_release_again_when_its_wait_is_over() {
    let scene = Scene::new(|settings| settings.poll = Duration::from_millis(20));
    scene.host.write("killed", "");
    scene.publisher.release_of_another_component(TENANT, 2);
    let tenant = || scene.service.status().tenants.remove(0);
    until("it is refused", || tenant().failure.is_some());
    let (started, refused) = (scene.started(), tenant().failure.unwrap().at);
    fs::remove_file(scene.host.path("killed")).unwrap();
    scene.host.pass(SignedDuration::from_secs(59));
    // The next poll sees the new time, and does not try.
    until("another poll", || tenant().failure.is_some_and(|failure| failure.at > refused));
    assert_eq!(scene.started(), started);
    scene.host.pass(SignedDuration::from_secs(1));
    until("it serves", || scene.service.identity().unwrap().version == "2.0.0");
    serves(&scene.service, 2);
}

#[test]
fn a_component_that_is_too_large_for_the_compiler_is_not_tried_again() {
    let scene = Scene::new(|_| {});
    scene.host.write("large", "");
    scene.publisher.release_of_another_component(TENANT, 2);
    let error = refused(&scene.service, 1);
    assert!(!error.is_passing() && error.blame() == Blame::Publisher, "{error:?}");
    let started = scene.started();
    fs::remove_file(scene.host.path("large")).unwrap();
    refused(&scene.service, 1);
    assert_eq!(scene.started(), started);
}

/// A host that polls many times a second.
fn eager() -> Scene {
    Scene::new(|settings| settings.poll = Duration::from_millis(20))
}

#[test]
fn a_revocation_takes_effect_while_another_release_is_made_ready() {
    let scene = eager();
    scene.block_on(2);
    // Until then the old one serves.
    serves(&scene.service, 1);
    scene.publisher.revoke(TENANT, Some(&scene.first));
    let judge = || scene.service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick"));
    until("it is dropped", || matches!(judge(), Err(CallError::Revoked { .. })));
    let tenant = status(&scene.service);
    assert!(tenant.release.is_none() && tenant.failure.is_none(), "{tenant:?}");
    scene.unblock();
    until("it serves", || status(&scene.service).release.is_some_and(|release| release.version == "2.0.0"));
    serves(&scene.service, 2);
    until("all is well", || scene.service.status().health == Health::Ok);
    assert_eq!(scene.started(), 2, "polls have not compiled it again");
}

#[test]
fn kept_releases_serve_in_place_of_revoked_ones_while_another_is_made_ready() {
    let scene = eager();
    let serves_at_last = |scene: &Scene, version: &str| {
        until(version, || status(&scene.service).release.is_some_and(|release| release.version == version));
    };
    let later = [2, 3].map(|number| {
        let manifest = scene.publisher.release(TENANT, number);
        serves_at_last(&scene, &format!("{number}.0.0"));
        manifest
    });
    // After a restart, the earlier ones are kept but not ready.
    let scene = scene.restart();
    assert!(status(&scene.service).previous.is_empty());
    scene.block_on(4);
    for (manifest, version) in later.iter().zip(["1.0.0", "2.0.0"]).rev() {
        scene.publisher.revoke(TENANT, Some(manifest));
        serves_at_last(&scene, version);
    }
    serves(&scene.service, 1);
    scene.unblock();
    serves_at_last(&scene, "4.0.0");
}

#[test]
fn a_release_that_is_ready_serves_although_a_poll_has_failed_meanwhile() {
    let scene = eager();
    scene.block_on(2);
    scene.cdn.play("metadata/timestamp.json", Trick::Bytes(b"{}".to_vec()));
    scene.wait_for_poll();
    assert!(status(&scene.service).failure.is_some());
    scene.unblock();
    until("it serves", || status(&scene.service).release.is_some_and(|release| release.version == "2.0.0"));
    serves(&scene.service, 2);
    scene.cdn.behave();
    until("all is well", || scene.service.status().health == Health::Ok);
}

#[test]
fn a_release_that_is_revoked_while_it_is_made_ready_never_serves() {
    let scene = eager();
    scene.block_on(2);
    scene.publisher.revoke(TENANT, None);
    scene.publisher.release(TENANT, 3);
    scene.wait_for_poll();
    scene.unblock();
    until("it serves", || status(&scene.service).release.is_some_and(|release| release.version == "3.0.0"));
    serves(&scene.service, 3);
    assert_eq!(status(&scene.service).generation, 2);
}

#[test]
fn an_operator_goes_back_without_waiting_for_a_release_that_is_made_ready() {
    let scene = eager();
    scene.publisher.release(TENANT, 2);
    until("it serves", || status(&scene.service).release.is_some_and(|release| release.version == "2.0.0"));
    scene.block_on(3);
    assert_eq!(scene.service.rollback(PinnedBy::Library, None).unwrap(), Reload::Switched);
    serves(&scene.service, 1);
    scene.unblock();
    assert_eq!(scene.service.unpin().unwrap(), Reload::Switched);
    serves(&scene.service, 3);
    assert_eq!(scene.started(), 2);
}

#[test]
fn operators_who_reload_meanwhile_wait_for_the_same_release() {
    let scene = eager();
    scene.block_on(2);
    thread::scope(|scope| {
        let reloads = [(); 4].map(|()| scope.spawn(|| scene.service.reload_logic()));
        scene.unblock();
        reloads.into_iter().for_each(|reload| assert!(reload.join().unwrap().is_ok()));
        serves(&scene.service, 2);
    });
    assert_eq!(scene.started(), 2);
}
