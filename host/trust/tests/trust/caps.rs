//! What lies just inside a cap is accepted; what lies just outside is refused.

use std::cell::RefCell;

use jurat_model::{Bytes, FuelSchedule, Limits};
use jurat_trust::{
    Blame, Caps, Client, Demands, Digest, Fetch, FetchError, Freshness, Manifest, ManifestError, MemoryStore, MetaFile,
    MetadataVersion, Role, SafePath, TopRole, UpdateError,
};

use crate::fixture::{Repository, target, words};
use crate::publisher::{Publisher, acme, built, delegation, keys, now, tenant, version};

fn with(publisher: &Publisher, caps: Caps) -> Result<(), UpdateError> {
    let demands = Demands { caps, ..Demands::default() };
    let mut client = Client::open(publisher.anchor(), demands, MemoryStore::default())?;
    client.refresh(&publisher.files, now())?;
    let listing = client.find(&publisher.files, &target(), Freshness::Demanded(now()))?;
    listing.manifest(&publisher.files)?.release(&publisher.files).map(drop)
}

fn bytes(count: usize) -> Bytes {
    Bytes::new(count as u64)
}

#[test]
fn metadata_is_as_long_as_its_cap_at_most() {
    let mut publisher = Publisher::new();
    publisher.rotate(TopRole::Timestamp, 1, &[17]);
    publisher.refresh();
    let length = |role: &Role| publisher.files.0[&publisher.file(role)].len();
    let (root, timestamp, snapshot) = (length(&Role::Root), length(&Role::Timestamp), length(&Role::Snapshot));
    let targets = length(&Role::Targets).max(length(&acme()));
    let fit = Caps {
        root: bytes(root),
        timestamp: bytes(timestamp),
        snapshot: bytes(snapshot),
        targets: bytes(targets),
        ..Caps::DEFAULT
    };
    with(&publisher, fit).unwrap();
    let refused = |caps| with(&publisher, caps).unwrap_err();
    let root = refused(Caps { root: bytes(root - 1), ..fit });
    let timestamp = refused(Caps { timestamp: bytes(timestamp - 1), ..fit });
    assert!(matches!((&root, &timestamp), (UpdateError::TooLong { .. }, UpdateError::TooLong { .. })));
    // A length that is signed does not lift the cap.
    let snapshot = refused(Caps { snapshot: bytes(snapshot - 1), ..fit });
    let targets = refused(Caps { targets: bytes(targets - 1), ..fit });
    assert!(matches!((&snapshot, &targets), (UpdateError::OverCap { .. }, UpdateError::OverCap { .. })));
    assert_eq!(snapshot.blame(), Blame::Settings);
}

#[test]
fn metadata_of_unsigned_length_is_as_long_as_its_cap_at_most() {
    let mut publisher = Publisher::new();
    let length = publisher.files.0[&publisher.file(&acme())].len();
    let unbound = |version| MetaFile { version, length: None, sha256: None };
    for role in [Role::Targets, acme()] {
        publisher.snapshot = publisher.snapshot.clone().with_file(role, unbound(version(1)));
    }
    publisher.sign(&Role::Snapshot);
    publisher.timestamp = publisher.timestamp.clone().with_snapshot(unbound(version(1)));
    publisher.sign(&Role::Timestamp);
    let snapshot = publisher.files.0[&publisher.file(&Role::Snapshot)].len();
    let targets = publisher.files.0[&publisher.file(&Role::Targets)].len().max(length);
    let fit = Caps { snapshot: bytes(snapshot), targets: bytes(targets), ..Caps::DEFAULT };
    with(&publisher, fit).unwrap();
    for caps in [Caps { snapshot: bytes(snapshot - 1), ..fit }, Caps { targets: bytes(targets - 1), ..fit }] {
        assert!(matches!(with(&publisher, caps), Err(UpdateError::TooLong { .. })));
    }
}

#[test]
fn a_manifest_is_as_long_as_its_cap_at_most() {
    let publisher = Publisher::new();
    let length = built("1.0.0").manifest().to_bytes().len();
    assert!(with(&publisher, Caps { manifest: bytes(length), ..Caps::DEFAULT }).is_ok());
    let error = with(&publisher, Caps { manifest: bytes(length - 1), ..Caps::DEFAULT }).unwrap_err();
    assert!(matches!(error, UpdateError::OverCap { .. }));
    assert_eq!(error.blame(), Blame::Settings);
}

#[test]
fn a_file_and_all_files_are_as_long_as_their_caps_at_most() {
    let publisher = Publisher::new();
    let release = built("1.0.0");
    let lengths = || release.files().map(|(_, bytes)| bytes.len());
    let (longest, all) = (lengths().max().unwrap(), lengths().sum::<usize>());
    assert!(with(&publisher, Caps { file: bytes(longest), release: bytes(all), ..Caps::DEFAULT }).is_ok());
    let file = with(&publisher, Caps { file: bytes(longest - 1), ..Caps::DEFAULT });
    assert!(matches!(file, Err(UpdateError::OverCap { .. })));
    let together = with(&publisher, Caps { release: bytes(all - 1), ..Caps::DEFAULT });
    assert!(matches!(together, Err(UpdateError::ReleaseOverCap { .. })));
}

/// A source that stops at the cap, and writes down what it was asked for.
struct Honest(Repository, RefCell<Vec<(String, u64)>>);

impl Fetch for Honest {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.1.borrow_mut().push((file.to_string(), cap.get()));
        match self.0.get(file, cap)? {
            bytes if bytes.len() > cap.to_usize() => Err(FetchError::TooLong),
            bytes => Ok(bytes),
        }
    }
}

#[test]
fn a_source_is_asked_for_no_more_than_was_signed() {
    let publisher = Publisher::new();
    let load = |source: &Honest| {
        let mut host = publisher.host();
        host.0.refresh(source, now())?;
        host.0.find(source, &target(), Freshness::Demanded(now()))?.manifest(source)?.release(source)
    };
    let source = Honest(publisher.files.clone(), RefCell::default());
    load(&source).unwrap();
    let asked = source.1.into_inner();
    let names: Vec<_> = asked.iter().map(|(file, _)| file.as_str()).collect();
    let manifest = target().location(&Digest::of(&built("1.0.0").manifest().to_bytes())).to_string();
    let first = [
        "metadata/2.root.json",
        "metadata/timestamp.json",
        "metadata/1.snapshot.json",
        "metadata/1.targets.json",
        "metadata/1.t-acme.json",
        &manifest,
    ];
    assert_eq!(names[..6], first);
    assert_eq!((asked[0].1, asked[1].1), (Caps::DEFAULT.root.get(), Caps::DEFAULT.timestamp.get()));
    for (file, cap) in &asked[2..] {
        assert_eq!(publisher.files.0[file].len() as u64, *cap, "{file}");
    }
    // One byte more than that, of any of them, is refused by the name of the file.
    for (file, _) in &asked[2..] {
        let mut endless = publisher.files.clone();
        endless.0.get_mut(file).unwrap().push(b' ');
        let error = load(&Honest(endless.clone(), RefCell::default())).unwrap_err();
        assert!(matches!(&error, UpdateError::TooLong { file: found, .. } if found.as_str() == file), "{error}");
    }
}

#[test]
fn as_many_new_roots_are_taken_as_the_cap_says_and_the_rest_later() {
    let mut publisher = Publisher::new();
    (0..256).for_each(|_| publisher.rotate(TopRole::Targets, 2, &[4, 5]));
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    assert_eq!(host.versions()[0], 257);
    publisher.rotate(TopRole::Targets, 2, &[4, 5]);
    let mut host = publisher.host();
    let error = host.refresh(&publisher).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are more than 256 new versions of root; the next refresh goes on from version 257"
    );
    let mut host = host.restart(&publisher).unwrap();
    host.refresh(&publisher).unwrap();
    assert_eq!(host.versions()[0], 258);
}

/// A chain or a list of roles that may list the release, of which the last one does.
fn delegating(roles: usize, is_chain: bool) -> Publisher {
    let mut publisher = Publisher::new();
    let name = |number: usize| tenant(&format!("acme-{number}"));
    let mut all = vec![Role::Targets];
    publisher.edit(&Role::Targets, |targets| targets.without_delegation(&crate::publisher::name_of(&acme())));
    for number in 1..=roles {
        let listing = jurat_trust::TargetsMetadata::new(
            "acme-prod".parse().unwrap(),
            MetadataVersion::FIRST,
            crate::publisher::expiry(&name(number)),
        );
        publisher.listings.insert(name(number), listing);
        publisher.people.insert(name(number), vec![40]);
        let by = if is_chain && number > 1 { name(number - 1) } else { Role::Targets };
        let mut to = delegation(&name(number), keys(1, &[40]), "t/*/prod/*");
        to.terminating = false;
        publisher.edit(&by, |metadata| metadata.with_delegation(to));
        all.push(name(number));
    }
    publisher.edit(&name(roles), |metadata| metadata.with_release(&target(), built("1.0.0").manifest()));
    publisher.publish(&all);
    publisher
}

#[test]
fn delegations_are_followed_as_deep_as_the_cap_says() {
    let publisher = delegating(3, true);
    let release = publisher.host().load(&publisher).unwrap();
    assert_eq!(release.provenance().unwrap().role, tenant("acme-3"));
    let publisher = delegating(4, true);
    let error = publisher.host().load(&publisher).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t-acme-3 delegates `t/acme/prod/loan-rules.json` further, but this host follows 3 delegations one after the other"
    );
}

#[test]
fn as_many_roles_are_asked_as_the_cap_says() {
    let publisher = delegating(32, false);
    let release = publisher.host().load(&publisher).unwrap();
    assert_eq!(release.provenance().unwrap().role, tenant("acme-32"));
    let publisher = delegating(33, false);
    let error = publisher.host().load(&publisher).unwrap_err();
    assert_eq!(
        words(&error),
        "more than 32 roles may list `t/acme/prod/loan-rules.json`, but this host asks 32; its path must be delegated \
         more narrowly"
    );
}

#[test]
fn a_limit_of_fuel_is_read_back_with_its_price_list() {
    let publisher = Publisher::new();
    let manifest = |limits: &str| {
        let bytes = publisher.host().load(&publisher).unwrap().manifest().to_bytes();
        let text = String::from_utf8(bytes).unwrap();
        let lowered = r#""limits":{"memory_bytes":2097152,"table_elements":9}"#;
        assert!(text.contains(lowered), "{text}");
        Manifest::parse(text.replace(lowered, &format!(r#""limits":{limits}"#)).as_bytes())
    };
    for (limits, expected) in [
        (r#"{"fuel":5}"#, FuelSchedule::FIRST),
        (r#"{"fuel":5,"fuel_schedule":2}"#, FuelSchedule::CURRENT),
        (r#"{"fuel":5,"fuel_schedule":7}"#, FuelSchedule::new(7.try_into().unwrap())),
    ] {
        let manifest = manifest(limits).unwrap();
        let fuel = manifest.components()[0].limits.fuel.unwrap();
        assert_eq!((fuel.units.get(), fuel.schedule), (5, expected));
        let bytes = manifest.to_bytes();
        assert!(str::from_utf8(&bytes).unwrap().contains(limits), "{limits} is written as it was read");
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest);
    }
    for limits in [r#"{"fuel_schedule":2}"#, r#"{"fuel":5,"fuel_schedule":0}"#, r#"{"fuel":0}"#] {
        let refused = manifest(limits).unwrap_err();
        assert!(matches!(refused, ManifestError::Format(_)), "{limits}: {refused:?}");
    }
}

#[test]
fn limits_of_a_release_can_only_lower_those_of_the_host() {
    let publisher = Publisher::new();
    let verified = publisher.host().load(&publisher).unwrap();
    let mut components = verified.components();
    let lowered = components.next().unwrap().limits.within(&Limits::DEFAULT);
    assert_eq!(lowered, Limits { memory: Bytes::mebi(2), table_elements: 9, ..Limits::DEFAULT });
    let strict = Limits { memory: Bytes::mebi(1), ..Limits::DEFAULT };
    assert_eq!(components.next().unwrap().limits.within(&strict), strict);
}
