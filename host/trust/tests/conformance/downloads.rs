//! The files that metadata lists: here, manifests of releases.

use crate::workshop::{Host, Workshop};

const PATH: &str = "t/acme/prod/loan.json";
const OTHER: &str = "t/acme/prod/other.json";
const ROLES: [&str; 3] = ["t-acme", "snapshot", "timestamp"];

fn shop() -> Workshop {
    let mut shop = Workshop::new();
    shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
    shop.publish(&["targets", "t-acme", "snapshot", "timestamp"]);
    shop
}

#[test]
fn what_is_listed_is_what_is_got() {
    let mut shop = shop();
    let mut host = Host::new(&shop);
    let bytes = shop.list("t-acme", PATH, "1");
    shop.publish(&ROLES);
    host.refresh(&shop).unwrap();
    assert_eq!(host.get(&shop, PATH).unwrap(), bytes);
}

#[test]
fn other_bytes_than_those_listed_are_refused() {
    let mut shop = shop();
    let mut host = Host::new(&shop);
    let bytes = shop.list("t-acme", PATH, "1");
    let other = shop.list("t-acme", OTHER, "1");
    shop.publish(&ROLES);
    assert_eq!(host.get(&shop, PATH).unwrap(), bytes);
    for (path, served) in &mut shop.served {
        if path.starts_with("targets/") {
            *served = b"malicious data - should not download".to_vec();
        }
    }
    host.get(&shop, PATH).unwrap_err();
    host.get(&shop, OTHER).unwrap_err();
    // The same length is not enough.
    for (path, served) in &mut shop.served {
        if path.starts_with("targets/") {
            *served = other.iter().map(|byte| byte ^ 1).collect();
        }
    }
    host.get(&shop, OTHER).unwrap_err();
}

#[test]
fn a_host_that_visits_now_and_then_gets_what_is_listed_then() {
    let mut shop = shop();
    let mut host = Host::new(&shop);
    for round in 0..11 {
        let new_path = format!("t/acme/prod/new-{round}.json");
        let changed = shop.list("t-acme", PATH, &format!("1.{round}"));
        let new = shop.list("t-acme", &new_path, "1");
        shop.publish(&ROLES);
        if round % 5 != 0 {
            continue;
        }
        assert_eq!(host.get(&shop, PATH).unwrap(), changed);
        assert_eq!(host.get(&shop, &new_path).unwrap(), new);
        // New metadata that says nothing new, and a file that was changed where it is.
        shop.publish(&ROLES);
        let honest = shop.served.clone();
        for (path, served) in &mut shop.served {
            if path.starts_with("targets/") && path.ends_with(".loan.json") {
                served.push(b'\n');
            }
        }
        host.get(&shop, PATH).unwrap_err();
        shop.served = honest;
    }
}
