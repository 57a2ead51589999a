//! What was staged and signed by other programs is published only if it keeps to the rules and hosts accept it.

use jurat_model::Bytes;
use jurat_trust::publish::{Plan, PlanError, RuleError};
use jurat_trust::{Delegation, Envelope, Role, RoleName, TargetsMetadata, UpdateError};

use super::desk::{ACME, Desk, TARGETS, built, keys, loans, tenant};
use crate::fixture::{signed_by, words};

/// Plans the publication of the next version of a targets role.
fn plan(
    desk: &Desk,
    role: &Role,
    people: &[u8],
    change: impl FnOnce(TargetsMetadata) -> Vec<u8>,
) -> Result<Plan, PlanError> {
    let published = &desk.site.0[&format!("metadata/1.{role}.json")];
    let published = Envelope::parse(published, Bytes::mebi(4)).unwrap();
    let published = TargetsMetadata::parse(published.unverified_payload()).unwrap();
    let next = published.successor(published.expires()).unwrap();
    let mut desk = desk.clone();
    desk.site.0.insert(format!("staged/2.{role}.json"), signed_by(people, &change(next)));
    desk.plan()
}

#[test]
fn a_tenant_is_delegated_its_own_paths_only_and_has_the_last_word() {
    let desk = Desk::with_release();
    let delegate = |role: &str, paths: &[&str], terminating: bool| {
        let role: RoleName = role.parse().unwrap();
        let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
        let delegation = Delegation { role: role.clone(), keys: keys(1, &[51]), paths, terminating };
        match plan(&desk, &Role::Targets, TARGETS, |next| next.with_delegation(delegation).to_bytes()) {
            Ok(_) => true,
            Err(PlanError::Rule(RuleError::Delegation { role: refused })) if refused == Role::Delegated(role) => false,
            Err(other) => panic!("{}", words(&other)),
        }
    };
    let own = "t/gamma/*/*.json";
    assert!(delegate("t-gamma", &[own], true));
    assert!(!delegate("t-gamma", &[own], false));
    assert!(!delegate("t-gamma", &["t/acme/*/*.json"], true));
    assert!(!delegate("t-gamma", &["t/*/*/*.json"], true));
    assert!(!delegate("t-gamma", &[own, "t/acme/*/*.json"], true));
    assert!(!delegate("gamma", &[own], true));
}

#[test]
fn what_hosts_would_refuse_is_not_published() {
    let mut desk = Desk::with_release();
    let release = built("1.1.0");
    release.uploads(&loans()).iter().for_each(|upload| desk.site.upload(upload));
    let list = |version: &str| {
        plan(&desk, &tenant("acme"), ACME, |next| {
            let next = String::from_utf8(next.with_release(&loans(), release.manifest()).to_bytes()).unwrap();
            next.replace("1.1.0", version).into_bytes()
        })
    };
    assert!(list("1.1.0").is_ok());
    let refused = list("1.2.0").unwrap_err();
    assert!(
        matches!(&refused, PlanError::Refused(cause) if matches!(**cause, UpdateError::WrongVersion { .. })),
        "{}",
        words(&refused)
    );
}
