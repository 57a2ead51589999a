//! Test vectors run once for a release, a host and its settings, and again whenever anything of that is different.

use std::collections::BTreeSet;
use std::fs;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jurat::observe::{Event, Observer, VectorCheck};
use jurat::settings::{SealedWasi, Settings, TenantSettings};
use jurat::{Bytes, Isolation, OpenError, Suspension};

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, innermost, serves};
use crate::publisher::Publisher;

/// Collects how the vectors of each release that was made ready are known to hold.
#[derive(Default)]
struct Checks(Mutex<Vec<VectorCheck>>);

impl Observer for Checks {
    fn observe(&self, event: &Event<'_>) {
        if let Event::ReleasePrepared(prepared) = event {
            self.0.lock().unwrap().push(prepared.vectors);
        }
    }
}

/// A change of a tenant's settings.
type Change = fn(&mut TenantSettings);

/// A host with a release that it has run once.
struct Scene {
    publisher: Publisher,
    _cdn: Cdn,
    host: Host,
}

impl Scene {
    fn new() -> Self {
        let publisher = Publisher::new("prod", &[TENANT]);
        publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::new(&publisher, &cdn);
        let scene = Self { publisher, _cdn: cdn, host };
        assert!(scene.runs());
        scene
    }

    /// Whether the next start runs test vectors.
    fn runs(&self) -> bool {
        self.runs_with(self.host.settings(), 1)
    }

    /// The same with other settings, or another release.
    #[track_caller]
    fn runs_with(&self, settings: Settings, number: u64) -> bool {
        let checks = Arc::new(Checks::default());
        let service = self.host.builder(settings).with_observer(Arc::clone(&checks)).open().unwrap();
        serves(&service, number);
        match checks.0.lock().unwrap().as_slice() {
            [VectorCheck::Run { vectors: 1.. }] => true,
            [VectorCheck::Proven] => false,
            other => panic!("{other:?}"),
        }
    }

    /// The settings, with something different for the tenant.
    fn with(&self, change: impl FnOnce(&mut TenantSettings)) -> Settings {
        let mut settings = self.host.settings();
        change(settings.tenants.get_mut(Settings::DEFAULT_TENANT).unwrap());
        settings
    }

    /// The files of all proofs.
    fn proofs(&self) -> Vec<PathBuf> {
        self.host.files("cache/proofs").into_keys().collect()
    }
}

#[test]
fn a_start_does_not_run_the_vectors_that_have_held_before() {
    let scene = Scene::new();
    assert!(!scene.runs());
    assert!(!scene.runs());
    // One file for each release and settings, with nothing but a tag.
    let sizes: Vec<_> = scene.host.files("cache/proofs").into_values().map(|bytes| bytes.len()).collect();
    assert_eq!(sizes, [48]);
}

#[test]
fn what_could_change_a_verdict_runs_the_vectors_again() {
    let scene = Scene::new();
    let changes: [(&str, Change); 15] = [
        ("fuel", |tenant| tenant.limits.fuel = NonZeroU64::new(9_999_999).unwrap()),
        ("memory", |tenant| tenant.limits.memory = Bytes::mebi(15)),
        ("table_elements", |tenant| tenant.limits.table_elements -= 1),
        ("reply", |tenant| tenant.limits.reply = Bytes::kibi(255)),
        ("deadline", |tenant| tenant.limits.deadline = Duration::from_secs(3)),
        ("more memory than any other tenant", |tenant| tenant.limits.memory = Bytes::mebi(65)),
        ("sealed_wasi", |tenant| tenant.sealed_wasi = SealedWasi::Granted),
        ("isolation", |tenant| tenant.isolation = Isolation::Record),
        ("suspend_after", |tenant| {
            tenant.suspension = Suspension { records: NonZeroU32::new(7).unwrap(), ..Suspension::DEFAULT };
        }),
        ("suspend_after_fuel", |tenant| {
            tenant.suspension = Suspension { fuel: NonZeroU64::new(7_000_000_000).unwrap(), ..Suspension::DEFAULT };
        }),
        ("chunk.rows", |tenant| tenant.chunk.rows = 7),
        ("chunk.bytes", |tenant| tenant.chunk.bytes = Bytes::kibi(127)),
        ("chunk.results", |tenant| tenant.chunk.results = Bytes::mebi(7)),
        ("max_record", |tenant| tenant.max_record = Bytes::mebi(2)),
        ("max_findings", |tenant| tenant.max_findings = NonZeroU32::new(99).unwrap()),
    ];
    for (what, change) in changes {
        assert!(scene.runs_with(scene.with(change), 1), "{what}");
        assert!(!scene.runs_with(scene.with(change), 1), "{what} is proven too");
    }
    assert!(!scene.runs(), "what was proven before still is");
    assert_eq!(scene.proofs().into_iter().collect::<BTreeSet<_>>().len(), 16);
    // What decides only when something is done, or where it comes from, does not count.
    let mut settings = scene.with(|tenant| tenant.max_file = Bytes::mebi(1));
    settings.poll = Duration::from_secs(77);
    assert!(!scene.runs_with(settings, 1));
    scene.publisher.release(TENANT, 2);
    assert!(scene.runs_with(scene.host.settings(), 2), "another release");
}

#[test]
fn a_proof_that_is_not_this_hosts_runs_the_vectors_again() {
    let scene = Scene::new();
    let [path] = &scene.proofs()[..] else { panic!("one proof") };
    let proof = fs::read(scene.host.path(path)).unwrap();
    let flipped = |at: usize| {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        flipped
    };
    // Of the same host, for other settings.
    assert!(scene.runs_with(scene.with(|tenant| tenant.chunk.rows = 7), 1));
    let proofs = scene.proofs();
    let other = proofs.iter().find(|proof| *proof != path).unwrap();
    let of_other_settings = fs::read(scene.host.path(other)).unwrap();
    // Of another host, for the same settings.
    let key = fs::read(scene.host.path("state/host.key")).unwrap();
    scene.host.write("state/host.key", [7; 32]);
    assert!(scene.runs(), "a host does not know the proofs of another");
    let of_another_host = fs::read(scene.host.path(path)).unwrap();
    scene.host.write("state/host.key", key);
    let bad = [
        flipped(0),
        flipped(15),
        flipped(16),
        flipped(47),
        proof[..47].to_vec(),
        [&proof[..], &[0]].concat(),
        Vec::new(),
        vec![0; 48],
        of_other_settings,
        of_another_host,
    ];
    for bad in bad {
        scene.host.write(path, &bad);
        assert!(scene.runs(), "{bad:?}");
        assert_eq!(fs::read(scene.host.path(path)).unwrap(), proof, "it is proven anew");
    }
    assert!(!scene.runs());
}

#[test]
fn vectors_that_fail_are_never_proven() {
    let scene = Scene::new();
    scene.publisher.broken_release(TENANT, 2);
    fs::remove_dir_all(scene.host.path("state/default")).unwrap();
    for _ in 0..2 {
        let error = scene.host.open().unwrap_err();
        assert!(matches!(innermost(&error), OpenError::VectorsFail { .. }), "{error:?}");
    }
    assert_eq!(scene.proofs().len(), 1);
}

#[test]
fn a_host_without_a_key_runs_them_at_every_start() {
    let scene = Scene::new();
    let settings = Settings { state: None, ..scene.host.settings() };
    assert!(scene.runs_with(settings.clone(), 1) && scene.runs_with(settings, 1));
    assert_eq!(scene.proofs().len(), 1, "that of the host with a key");
}
