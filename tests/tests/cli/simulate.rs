//! Attacks on a copy of a repository: which there are, what is said of them, and that nothing is left of them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::site::{Site, TARGET, loan_rules};

/// The outcome of each drill. The command must succeed and change no file.
#[track_caller]
fn drills(site: &Site) -> Vec<Value> {
    let before = site.files("");
    let json = site.run(&["simulate", "repository", "--root", "root.json", "--format", "json"]).ends_with(0);
    assert_eq!(site.files(""), before);
    serde_json::from_str(&json).unwrap()
}

/// The drills that do not apply to a repository.
fn not_applicable(drills: &[Value]) -> Vec<&str> {
    let names = drills.iter().filter(|drill| drill["held"].is_null());
    names.map(|drill| drill["drill"].as_str().unwrap()).collect()
}

#[test]
fn every_attack_on_a_signed_repository_is_stopped() {
    let site = Site::signed();
    let drills = drills(&site);
    assert_eq!(drills.len(), 41);
    assert_eq!(not_applicable(&drills), ["earlier_snapshot", "earlier_tenant_role", "too_few_root_keys"]);
    let names: BTreeSet<_> = drills.iter().map(|drill| drill["drill"].as_str().unwrap()).collect();
    assert_eq!(names.len(), drills.len());
    for drill in &drills {
        let members: BTreeSet<_> = drill.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["drill", "attacker_has", "attacker_does", "expected", "happened", "held"];
        assert_eq!(members, BTreeSet::from(expected));
        match drill["held"].as_bool() {
            Some(held) => assert!(held, "{drill}"),
            None => assert!(drill["happened"].as_str().unwrap().starts_with("not applicable: "), "{drill}"),
        }
    }
    let text = site.run(&["simulate", "repository"]).ends_with(0);
    assert!(text.starts_with("An attacker who controls the CDN\nheld    stripped_signatures: removes "), "{text}");
    assert!(
        text.contains("\n-       earlier_snapshot: ")
            && text.contains("\n        happened  not applicable: only one version\n")
    );
    assert!(text.ends_with("\n38 of 38 attacks were stopped as expected; 3 are not applicable\n"), "{text}");
}

#[test]
fn more_attacks_apply_to_several_versions_of_two_tenants() {
    let site = Site::signed();
    for key in ["claims-1", "claims-2"] {
        site.run(&["key", "gen", "--insecure-plain", "--out", &format!("keys/{key}")]).ends_with(0);
    }
    let keys = ["--key", "keys/claims-1.pub.pem", "--key", "keys/claims-2.pub.pem", "--threshold", "2"];
    site.run(&[&["tenant", "add", "repository", "claims"][..], &keys].concat()).ends_with(0);
    site.sign(&["targets"]);
    site.build_from(&loan_rules(), "t/claims/main/loan.json").ends_with(0);
    site.sign(&["claims-1", "claims-2"]);
    site.publish_staged(&["--accept-changes"]).ends_with(0);
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    assert_eq!(not_applicable(&drills(&site)), ["too_few_root_keys"]);
}

#[test]
fn a_repository_that_hosts_refuse_is_refused_first() {
    let site = Site::signed();
    let simulate = ["simulate", "repository", "--root", "root.json"];
    let (blob, bytes) = site.files("repository/blobs").pop_first().unwrap();
    site.write(&blob, &bytes[1..]);
    site.run(&simulate).refuses(3, &["is truncated"]);
    site.write(&blob, &bytes);
    site.write("repository/metadata/timestamp.json", "{}");
    site.run(&simulate).refuses(3, &["metadata/timestamp.json"]);
    Site::founded().run(&["simulate", "repository"]).refuses(3, &["nothing has been published"]);
    site.run(&["simulate", "nowhere"]).refuses(2, &["no such directory"]);
}
