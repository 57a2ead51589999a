//! A copy of a repository is worked on only if its keys have signed all of it.

use jurat_model::Bytes;
use jurat_trust::publish::{ReadError, Repository};
use jurat_trust::{
    Anchor, Caps, Envelope, Fetch, FetchError, MetaFile, MetadataVersion, Role, RoleName, RootMetadata, SafePath,
    Signer, SnapshotMetadata, Target, TimestampMetadata, TopRole,
};

use super::desk::{ACME, Desk, ROOT, SNAPSHOT, Site, TARGETS, TIMESTAMP, keys, loans, target, tenant};
use crate::fixture::{secret, signed_by};

/// The people of nobody's keys.
const STRANGERS: &[u8] = &[91, 92];

fn path(role: &Role) -> String {
    role.file(MetadataVersion::FIRST).to_string()
}

fn payload(site: &Site, role: &Role) -> Vec<u8> {
    Envelope::parse(&site.0[&path(role)], Bytes::mebi(4)).unwrap().unverified_payload().to_vec()
}

/// The site with a role in its first version signed by these people, and whatever vouches for it by its own.
fn signed_anew(site: &Site, role: &Role, people: &[u8]) -> Site {
    let mut site = site.clone();
    let bytes = signed_by(people, &payload(&site, role));
    let listed = MetaFile::of(MetadataVersion::FIRST, &bytes);
    site.0.insert(path(role), bytes);
    match role {
        Role::Root | Role::Timestamp => site,
        Role::Snapshot => {
            let timestamp = TimestampMetadata::parse(&payload(&site, &Role::Timestamp)).unwrap().with_snapshot(listed);
            site.0.insert(path(&Role::Timestamp), signed_by(&[TIMESTAMP], &timestamp.to_bytes()));
            site
        }
        Role::Targets | Role::Delegated(_) => {
            let snapshot = SnapshotMetadata::parse(&payload(&site, &Role::Snapshot)).unwrap();
            site.0.insert(
                path(&Role::Snapshot),
                signed_by(&[SNAPSHOT], &snapshot.with_file(role.clone(), listed).to_bytes()),
            );
            signed_anew(&site, &Role::Snapshot, &[SNAPSHOT])
        }
    }
}

/// The file whose signatures are not enough; none if the copy can be worked on.
#[track_caller]
fn unsigned_in(desk: &Desk, site: &Site) -> Option<String> {
    match Repository::read(site, None, desk.mode) {
        Ok(_) => None,
        Err(ReadError::Signatures { file, .. }) => Some(file.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_too_few_of_its_keys_have_signed_is_not_worked_on() {
    let desk = Desk::with_release();
    let people = [
        (Role::Root, ROOT),
        (Role::Timestamp, &[TIMESTAMP]),
        (Role::Snapshot, &[SNAPSHOT]),
        (Role::Targets, TARGETS),
        (tenant("acme"), ACME),
    ];
    for (role, people) in people {
        let unsigned = |people: &[u8]| unsigned_in(&desk, &signed_anew(&desk.site, &role, people));
        let file = Some(path(&role));
        assert_eq!(unsigned(people), None, "{role}");
        assert_eq!(unsigned(STRANGERS), file, "{role}");
        assert_eq!(unsigned(&[]), file, "{role}");
        if people.len() > 1 {
            assert_eq!(unsigned(&people[..1]), file, "{role}");
        }
    }
}

#[test]
fn a_root_is_signed_by_its_own_keys_and_by_those_before() {
    let desk = Desk::with_release();
    let first = RootMetadata::parse(&payload(&desk.site, &Role::Root)).unwrap();
    let others: &[u8] = &[31, 32];
    let second = first.successor(first.expires()).unwrap().with_keys(TopRole::Root, keys(2, others)).to_bytes();
    let unsigned = |people: &[&[u8]]| {
        let mut site = desk.site.clone();
        site.0.insert("metadata/2.root.json".to_owned(), signed_by(&people.concat(), &second));
        unsigned_in(&desk, &site)
    };
    assert_eq!(unsigned(&[ROOT, others]), None);
    for people in [ROOT, others] {
        assert_eq!(unsigned(&[people]).as_deref(), Some("metadata/2.root.json"));
    }
}

#[test]
fn what_the_keys_before_have_signed_counts_for_one_root_only() {
    let desk = Desk::with_release();
    let first = RootMetadata::parse(&payload(&desk.site, &Role::Root)).unwrap();
    for (top, people) in [(TopRole::Timestamp, &[41][..]), (TopRole::Snapshot, &[41]), (TopRole::Targets, &[41, 42])] {
        let second = first.successor(first.expires()).unwrap().with_keys(top, keys(people.len(), people));
        let mut site = desk.site.clone();
        site.0.insert("metadata/2.root.json".to_owned(), signed_by(ROOT, &second.to_bytes()));
        // A moment before what the new keys have signed is there.
        assert_eq!(unsigned_in(&desk, &site), None, "{top}");
        let third = second.successor(first.expires()).unwrap();
        site.0.insert("metadata/3.root.json".to_owned(), signed_by(ROOT, &third.to_bytes()));
        assert_eq!(unsigned_in(&desk, &site), Some(path(&top.into())), "{top}");
    }
}

#[test]
fn a_copy_without_the_root_that_hosts_have_pinned_is_not_an_empty_repository() {
    let desk = Desk::with_release();
    let anchor = Anchor::parse(&desk.site.0["metadata/1.root.json"], None).unwrap();
    let empty = Site::default();
    assert!(Repository::read(&empty, None, desk.mode).is_ok_and(|repository| repository.id().is_none()));
    let refused = Repository::read(&empty, Some(anchor), desk.mode).unwrap_err();
    assert!(matches!(refused, ReadError::Missing { file } if file.as_str() == "metadata/1.root.json"));
}

#[test]
fn a_copy_that_begins_with_the_root_that_hosts_have_pinned_can_be_verified_and_published_from() {
    let mut desk = Desk::with_release();
    desk.stage_one(|repository, clock| repository.renew(&Role::Root, clock)).unwrap();
    desk.sign(&Role::Root, ROOT);
    desk.publish();
    desk.release("1.1.0");
    desk.site.0.remove("metadata/1.root.json").unwrap();
    let anchor = Anchor::parse(&desk.site.0["metadata/2.root.json"], None).unwrap();
    let repository = Repository::read(&desk.site, Some(anchor), desk.mode).unwrap();
    assert_eq!(repository.verify(&desk.site, desk.clock.now).unwrap().len(), 1);
    let signers = [SNAPSHOT, TIMESTAMP].map(secret);
    repository.plan(&desk.site, &signers.each_ref().map(|signer| signer as &dyn Signer), desk.clock).unwrap();
}

#[test]
fn a_publisher_sees_the_release_that_is_staged_and_the_one_that_hosts_see() {
    let mut desk = Desk::with_release();
    let seen = |desk: &Desk| {
        let version = |target: &Target| target.release_version().unwrap().to_string();
        let repository = desk.read();
        let [(path, staged)] = repository.releases(&RoleName::of_tenant("acme").unwrap()).try_into().unwrap();
        assert_eq!(path, loans());
        (version(&staged), version(repository.published_release(&loans()).unwrap()))
    };
    desk.release("1.1.0");
    assert_eq!(seen(&desk), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    desk.publish();
    assert_eq!(seen(&desk), ("1.1.0".to_owned(), "1.1.0".to_owned()));
    assert!(desk.read().published_release(&target("t/acme/prod/other.json")).is_none());
    assert!(desk.read().releases(&RoleName::of_tenant("beta").unwrap()).is_empty());
}

/// A source that gives what it has, however long that is.
struct Careless(Site);

impl Fetch for Careless {
    fn get(&self, file: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        self.0.0.get(file.as_str()).cloned().ok_or(FetchError::NotFound)
    }
}

#[test]
fn a_file_is_as_long_as_its_cap_at_most() {
    let desk = Desk::with_release();
    let read = |length: usize| {
        let mut site = desk.site.clone();
        site.0.get_mut("metadata/timestamp.json").unwrap().resize(length, b' ');
        Repository::read(&Careless(site), None, desk.mode).err()
    };
    let cap = Caps::DEFAULT.targets.to_usize();
    assert!(read(cap).is_none());
    assert!(matches!(read(cap + 1), Some(ReadError::TooLong { file }) if file.as_str() == "metadata/timestamp.json"));
}
