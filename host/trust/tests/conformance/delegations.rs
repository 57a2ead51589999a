//! Which roles are asked about a target, and in which order.

use jurat_trust::UpdateError;

use crate::workshop::{Host, Workshop};

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
    assert!(matches!(error, UpdateError::UnknownRelease { .. } | UpdateError::NotDelegated { .. }), "{error:?}");
    let asked = shop.asked();
    assert_eq!(asked[..4], ["2.root", "timestamp", "2.snapshot", "2.targets"]);
    asked[4..].iter().map(|role| role.strip_prefix("1.").unwrap().to_owned()).collect()
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
    assert!(matches!(Host::new(&shop).get(&shop, "missing.json"), Err(UpdateError::TooDeep { .. })));
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
    let found = host.get(&shop, path);
    assert_eq!(found.as_ref().ok(), is_found.then_some(&bytes), "{path}: {found:?}");
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
            assert!(matches!(host.refresh(&shop), Err(UpdateError::Metadata { .. })), "{name}");
        }
    }
}
