//! The files that metadata lists: here, manifests of releases.

use jurat_trust::{FormatError, MetadataError, UpdateError};
use serde_json::json;

use crate::workshop::{Host, Workshop, assert_refused};

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
    assert_refused!(host.get(&shop, PATH), UpdateError::Truncated { .. });
    assert_refused!(host.get(&shop, OTHER), UpdateError::Truncated { .. });
    // The same length is not enough.
    for (path, served) in &mut shop.served {
        if path.starts_with("targets/") {
            *served = other.iter().map(|byte| byte ^ 1).collect();
        }
    }
    assert_refused!(host.get(&shop, OTHER), UpdateError::Altered { .. });
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
        assert_refused!(host.get(&shop, PATH), UpdateError::TooLong { .. });
        shop.served = honest;
    }
}

#[test]
fn a_digest_that_cannot_be_computed_is_never_left_out() {
    let sha512 = "0".repeat(128);
    for (beside, without) in [(false, true), (true, false)] {
        let mut shop = shop();
        let mut host = Host::new(&shop);
        shop.list("t-acme", PATH, "1");
        shop.publish(&ROLES);
        host.get(&shop, PATH).unwrap();
        let hashes = &mut shop.payload("t-acme")["targets"][PATH]["hashes"];
        if beside {
            hashes["sha512"] = json!(sha512);
        } else {
            *hashes = json!({ "sha512": sha512 });
        }
        shop.publish(&ROLES);
        assert_refused!(
            host.get(&shop, PATH),
            UpdateError::Metadata { role, cause, .. } if role.name() == "t-acme" && match &**cause {
                MetadataError::Format(FormatError::Missing { at }) => without && at.ends_with(".hashes.sha256"),
                MetadataError::Format(FormatError::Unknown { at }) => beside && at.ends_with(".hashes.sha512"),
                _ => false,
            }
        );
    }
}
