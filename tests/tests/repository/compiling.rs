//! A compiler that fails, and what becomes of the release.

use std::fs;
use std::time::Duration;

use jiff::SignedDuration;
use jurat::{Blame, Compiler, Health, Reload, Service, Settings};

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, refused, serves, until};
use crate::publisher::Publisher;

const CHILD: &str = env!("CARGO_BIN_EXE_jurat-tests-child");

/// A host that compiles in a process which can be made to fail.
struct Scene {
    publisher: Publisher,
    host: Host,
    service: Service,
    /// Its requests end with it.
    _cdn: Cdn,
}

impl Scene {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let publisher = Publisher::new("prod", &[TENANT]);
        publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::fresh(&publisher, &cdn);
        let directory = host.path("");
        let script = format!(
            "cd '{}'; echo >>started; test -e killed && kill -KILL $$; test -e large && exit 5; exec '{CHILD}' compile",
            directory.display()
        );
        let compiler = Compiler::Child { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        let mut settings = host.settings();
        change(&mut settings);
        let service = host.open_compiling(settings, compiler).unwrap();
        serves(&service, 1);
        Self { publisher, host, service, _cdn: cdn }
    }

    fn started(&self) -> usize {
        fs::read(self.host.path("started")).unwrap().len()
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
