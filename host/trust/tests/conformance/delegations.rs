//! Which roles are asked about a target, and in which order.

use jurat_trust::{MetadataError, UpdateError};

use crate::workshop::{Host, Workshop, assert_refused, key_entry, key_id};

/// A release of a tenant.
const PATH: &str = "t/acme/prod/loan.json";

/// A delegation: from, to, the pattern, and whether it is terminating.
type Edge = (&'static str, &'static str, &'static str, bool);

fn shop(edges: &[Edge]) -> Workshop {
    let mut shop = Workshop::new();
    let mut roles = vec!["targets"];
    for &(from, to, paths, terminating) in edges {
        if !roles.contains(&to) {
            roles.push(to);
        }
        let person = 3 + roles.iter().position(|role| *role == to).unwrap();
        shop.delegate(from, to, person, &[paths], terminating);
    }
    shop.publish(&[&roles[..], &["snapshot", "timestamp"]].concat());
    shop
}

/// Searches a target that does not exist. Gives the roles that were asked.
fn asked(edges: &[Edge], path: &str) -> Vec<String> {
    let shop = shop(edges);
    let error = Host::new(&shop).get(&shop, path).unwrap_err();
    let asked = shop.asked();
    assert_eq!(asked[..4], ["2.root", "timestamp", "2.snapshot", "2.targets"]);
    let asked: Vec<_> = asked[4..].iter().map(|role| role.strip_prefix("1.").unwrap().to_owned()).collect();
    match error {
        UpdateError::UnknownRelease { role, .. } => assert_eq!(Some(role.name()), asked.last().map(String::as_str)),
        other => panic!("{other:?}"),
    }
    asked
}

#[track_caller]
fn order(edges: &[Edge], expected: &[&str]) {
    assert_eq!(asked(edges, "missing.json"), expected);
}

#[test]
fn a_role_is_asked_before_those_after_it_and_its_own_before_both() {
    order(&[("targets", "a", "*", false)], &["a"]);
    order(&[("targets", "a", "*", false), ("targets", "b", "*", false)], &["a", "b"]);
    order(&[("targets", "a", "*", false), ("targets", "b", "*", false), ("b", "c", "*", false)], &["a", "b", "c"]);
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("a", "c", "*", false), ("a", "d", "*", false)],
        &["a", "c", "d", "b"],
    );
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("a", "c", "*", false), ("c", "d", "*", false)],
        &["a", "c", "d", "b"],
    );
}

#[test]
fn after_a_terminating_delegation_only_its_own_are_asked() {
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("a", "c", "*", true), ("a", "d", "*", false)],
        &["a", "c"],
    );
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("a", "c", "*", true), ("c", "d", "*", false)],
        &["a", "c", "d"],
    );
}

#[test]
fn a_role_without_the_path_is_not_asked() {
    order(&[("targets", "a", "*.py", false), ("targets", "b", "*", false), ("a", "c", "*", false)], &["b"]);
    order(
        &[
            ("targets", "a", "*", false),
            ("targets", "b", "*", false),
            ("a", "c", "*.py", false),
            ("c", "d", "*", false),
        ],
        &["a", "b"],
    );
}

#[test]
fn a_role_is_asked_once() {
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("b", "c", "*", false), ("c", "b", "*", false)],
        &["a", "b", "c"],
    );
    order(
        &[("targets", "a", "*", false), ("targets", "b", "*", false), ("b", "c", "*", false), ("a", "c", "*", false)],
        &["a", "c", "b"],
    );
    order(
        &[
            ("targets", "a", "*", false),
            ("targets", "b", "*", false),
            ("b", "c", "*", false),
            ("a", "c", "*.py", false),
        ],
        &["a", "b", "c"],
    );
}

#[test]
fn a_fourth_level_is_not_asked() {
    let mut edges = vec![("targets", "a", "*", false), ("a", "b", "*", false), ("b", "c", "*", false)];
    order(&edges, &["a", "b", "c"]);
    edges.push(("c", "d", "*", false));
    let shop = shop(&edges);
    let outcome = Host::new(&shop).get(&shop, "missing.json");
    assert_refused!(outcome, UpdateError::TooDeep { role, .. } if role.name() == "c");
    assert!(!shop.asked().contains(&"1.d".to_owned()));
}

/// Whether it was found, and the roles that were asked on the way.
#[track_caller]
fn search(path: &str, is_found: bool, expected: &[&str]) {
    let mut shop = shop(&[
        ("targets", "a", "readme*.json", false),
        ("targets", "b", "releases/*/*", false),
        ("b", "c", "releases/x/*", false),
        ("b", "d", "releases/y/*-zip.json", false),
    ]);
    let mut bytes = Vec::new();
    for (role, listed) in [
        ("targets", "file.json"),
        ("a", "readme.json"),
        ("c", "releases/x/x-v1.json"),
        ("d", "releases/y/y-v1-zip.json"),
        ("d", "releases/z/z-v1-zip.json"),
    ] {
        let manifest = shop.list(role, listed, "1");
        if listed == path {
            bytes = manifest;
        }
    }
    shop.publish(&["targets", "a", "b", "c", "d", "snapshot", "timestamp"]);
    let mut host = Host::new(&shop);
    match host.get(&shop, path) {
        Ok(found) => assert!(is_found && found == bytes, "{path}"),
        Err(UpdateError::UnknownRelease { role, .. }) => assert!(!is_found && role.name() == "b", "{path}: {role}"),
        Err(other) => panic!("{path}: {other:?}"),
    }
    let asked = shop.asked();
    let roles: Vec<_> = asked[4..].iter().map(|role| role.strip_prefix("2.").unwrap()).collect();
    assert_eq!(roles, expected, "{path}");
}

#[test]
fn a_target_is_found_where_its_path_leads() {
    search("file.json", true, &[]);
    search("readme.json", true, &["a"]);
    search("releases/x/x-v1.json", true, &["b", "c"]);
    search("releases/y/y-v1-zip.json", true, &["b", "d"]);
    search("releases/z/z-v1-zip.json", false, &["b"]);
}

#[test]
fn a_role_name_that_could_leave_its_directory_is_refused() {
    for name in ["?", "#", "/delegatedrole", "../delegatedrole", "root", "1.root", "a b"] {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        host.refresh(&shop).unwrap();
        shop.delegate("targets", "t-acme", 4, &["*"], false);
        shop.payload("targets")["delegations"]["roles"][0]["name"] = name.into();
        shop.publish(&["targets", "snapshot", "timestamp"]);
        if name == "1.root" {
            // A name like others; what is kept of it has another name than a root.
            host.refresh(&shop).unwrap();
        } else {
            assert_refused!(
                host.refresh(&shop),
                UpdateError::Metadata { cause, .. } if matches!(**cause, MetadataError::RoleName { .. })
            );
        }
    }
}

#[test]
fn a_role_that_the_snapshot_does_not_list_is_not_asked_and_ends_the_search() {
    let mut shop = shop(&[("targets", "a", "*", false), ("targets", "b", "*", false)]);
    shop.list("a", "file.json", "1");
    shop.list("b", "file.json", "1");
    shop.publish(&["a", "b"]);
    shop.payload("snapshot")["meta"].as_object_mut().unwrap().remove("a.json");
    // As if it had been published without a snapshot: a host that has never seen it cannot miss it.
    shop.publish(&["snapshot", "timestamp"]);
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    shop.asked();
    assert_refused!(host.get(&shop, "file.json"), UpdateError::Unlisted { role, .. } if role.name() == "a");
    assert_eq!(shop.asked(), ["2.root", "timestamp"]);
}

/// A tenant's role that person 4 has signed, and a host that has it.
fn tenant() -> (Workshop, Host) {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
    shop.list("t-acme", PATH, "1");
    shop.publish(&["targets", "t-acme", "snapshot", "timestamp"]);
    host.get(&shop, PATH).unwrap();
    (shop, host)
}

#[test]
fn a_role_that_is_kept_needs_the_keys_that_its_delegator_names_now() {
    for (keys, threshold) in [(&[5][..], 1), (&[4, 5], 2)] {
        let (mut shop, mut host) = tenant();
        let delegations = &mut shop.payload("targets")["delegations"];
        delegations["keys"][key_id(5)] = key_entry(5);
        delegations["roles"][0]["threshold"] = threshold.into();
        delegations["roles"][0]["keyids"] = keys.iter().map(|&person| key_id(person)).collect();
        // The role is what it was: the snapshot lists the same bytes.
        shop.publish(&["targets", "snapshot", "timestamp"]);
        let valid = keys.len() - 1;
        // Once with what the host has in memory, once more with what it reads at its start.
        for _ in 0..2 {
            assert_refused!(
                host.get(&shop, PATH),
                UpdateError::Signatures { role, by_version, cause, .. }
                    if role.name() == "t-acme" && by_version.get() == 3 && cause.valid.len() == valid
            );
        }
        shop.sign_with("t-acme", keys);
        shop.publish(&["t-acme", "snapshot", "timestamp"]);
        host.get(&shop, PATH).unwrap();
    }
}

#[test]
fn a_role_that_is_kept_needs_the_keys_of_the_delegator_that_leads_to_it_now() {
    let mut shop = shop(&[("targets", "a", "*", false), ("targets", "b", "*", false), ("a", "c", "*", false)]);
    let mut host = Host::new(&shop);
    shop.list("c", "file.json", "1");
    shop.publish(&["c", "snapshot", "timestamp"]);
    host.get(&shop, "file.json").unwrap();
    // The other role delegates to it, with another key.
    shop.payload("a").as_object_mut().unwrap().remove("delegations");
    let first = shop.path("c");
    shop.delegate("b", "c", 9, &["*"], false);
    shop.publish(&["a", "b", "snapshot", "timestamp"]);
    for _ in 0..2 {
        assert_refused!(
            host.get(&shop, "file.json"),
            UpdateError::Signatures { file, role, by, .. }
                if file.as_str() == first && role.name() == "c" && by.name() == "b"
        );
    }
    shop.publish(&["c", "snapshot", "timestamp"]);
    host.get(&shop, "file.json").unwrap();
}
