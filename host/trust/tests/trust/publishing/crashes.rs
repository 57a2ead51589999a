//! A publication that breaks off leaves a repository that is whole, and can be taken up again.

use jurat_trust::publish::{PlanError, ReadError, Repository};
use jurat_trust::{Anchor, Role};

use super::desk::{ACME, Desk, ROOT, Site, TARGETS, keys, tenant};
use crate::fixture::words;

/// A release, a new tenant and a new root at once.
fn busy() -> Desk {
    let mut desk = Desk::with_release();
    desk.release("1.1.0");
    desk.stage(|repository, clock| repository.add_tenant("gamma", keys(1, &[51]), clock)).unwrap();
    desk.sign(&Role::Targets, &TARGETS[..2]);
    desk.stage_one(|repository, clock| repository.renew(&Role::Root, clock)).unwrap();
    desk.sign(&Role::Root, &ROOT[..2]);
    desk
}

#[test]
fn whatever_has_been_uploaded_hosts_see_the_old_release_or_the_new_one() {
    let desk = busy();
    let plan = desk.plan().unwrap();
    let mut seen = Vec::new();
    for uploaded in 0..=plan.uploads.len() {
        let mut broken = desk.clone();
        let mut host = broken.host();
        host.poll(&broken.site, broken.clock.now).unwrap();
        plan.uploads[..uploaded].iter().for_each(|upload| broken.site.upload(upload));
        let version = broken.host().poll(&broken.site, broken.clock.now).unwrap();
        assert_eq!(host.poll(&broken.site, broken.clock.now).unwrap(), version);
        seen.push(version);
        // Taken up again, a little later, so that nothing that is signed anew is the same as before.
        broken.later("2026-11-15T12:30:00Z");
        if uploaded < plan.uploads.len() {
            broken.publish();
        }
        assert_eq!(host.poll(&broken.site, broken.clock.now).unwrap(), "1.1.0", "after {uploaded}");
        assert_eq!(broken.host().poll(&broken.site, broken.clock.now).unwrap(), "1.1.0");
    }
    seen.dedup();
    assert_eq!(seen, ["1.0.0", "1.1.0"]);
}

#[test]
fn the_very_first_publication_may_break_off_too() {
    let mut first = Desk::empty();
    let (_, files) =
        Repository::init(&"acme-prod".parse().unwrap(), super::desk::root_keys(), first.mode, first.clock).unwrap();
    first.write(files);
    first.sign(&Role::Root, &ROOT[..2]);
    first.stage(|repository, clock| repository.add_tenant("acme", keys(2, ACME), clock)).unwrap();
    first.sign(&Role::Targets, &TARGETS[..2]);
    first.list("1.0.0");
    first.sign(&tenant("acme"), &ACME[..2]);
    let plan = first.plan().unwrap();
    for uploaded in 0..plan.uploads.len() {
        let mut broken = first.clone();
        plan.uploads[..uploaded].iter().for_each(|upload| broken.site.upload(upload));
        broken.later("2026-11-15T12:30:00Z");
        broken.publish();
        assert_eq!(broken.host().poll(&broken.site, broken.clock.now).unwrap(), "1.0.0");
    }
}

#[test]
fn what_was_uploaded_and_then_staged_anew_is_not_overwritten() {
    let mut desk = busy();
    let plan = desk.plan().unwrap();
    // Everything but root and timestamp, so that hosts know nothing of it.
    let begun = plan.uploads.iter().rev().skip(2);
    begun.for_each(|upload| desk.site.upload(upload));
    desk.release("1.2.0");
    let refused = desk.plan().unwrap_err();
    assert!(matches!(&refused, PlanError::Taken { file } if file.as_str() == "metadata/2.t-acme.json"), "{refused:?}");
    desk.site.0.remove("metadata/2.t-acme.json");
    desk.publish();
    assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.2.0");
    // The snapshot that lists the other release stays where it is, and no host reads it.
    assert!(desk.site.0.contains_key("metadata/3.snapshot.json"));
}

#[test]
fn a_copy_that_is_not_as_it_was_left_is_not_worked_on() {
    let desk = Desk::with_release();
    let read = |site: &Site| Repository::read(site, None, desk.mode).err();
    for file in ["1.root", "1.snapshot", "1.targets", "1.t-acme", "timestamp"] {
        let path = format!("metadata/{file}.json");
        let mut altered = desk.site.clone();
        let text = String::from_utf8(altered.0[&path].clone()).unwrap();
        // Another payload under the same signatures: one character of its middle is another.
        let mut bytes = text.into_bytes();
        let at = bytes.len() / 3;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        altered.0.insert(path.clone(), bytes);
        let error = read(&altered).map(|error| words(&error));
        assert!(error.as_ref().is_some_and(|error| error.contains(&path)), "{error:?}");
        let mut gone = desk.site.clone();
        gone.0.remove(&path);
        let is_start = matches!(file, "1.root" | "timestamp");
        assert_eq!(read(&gone).is_none(), is_start, "{file}");
    }
    // Another publisher's root instead of the one that hosts have pinned.
    let anchor = Anchor::parse(&desk.site.0["metadata/1.root.json"], None).unwrap();
    assert!(Repository::read(&desk.site, Some(anchor.clone()), desk.mode).is_ok());
    let mut other = Desk::empty();
    let weak = jurat_trust::RootKeys { root: keys(2, &[61, 62]), ..super::desk::root_keys() };
    let (_, files) = Repository::init(&"acme-prod".parse().unwrap(), weak, other.mode, other.clock).unwrap();
    other.write(files);
    other.sign(&Role::Root, &[61, 62]);
    let mut site = desk.site.clone();
    site.0.insert("metadata/1.root.json".to_owned(), other.site.0["staged/1.root.json"].clone());
    assert!(matches!(Repository::read(&site, Some(anchor), desk.mode), Err(ReadError::Altered { .. })));
}
