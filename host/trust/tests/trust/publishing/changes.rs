//! What people read before they sign.

use std::time::Duration;

use jurat_model::{Bytes, Kind};
use jurat_trust::publish::{Amendment, BuiltRelease, Changes, ReleaseDraft};
use jurat_trust::{Digest, FileKind, Role, TopRole, Wasi};

use super::desk::{Desk, built, keys, tenant};
use crate::fixture::{draft, id, public};

fn changes(change: fn(&mut ReleaseDraft)) -> Vec<String> {
    let (old, mut new) = (draft("1.4.0"), draft("1.4.0"));
    change(&mut new);
    let [old, new] = [old, new].map(|draft| BuiltRelease::build(draft).unwrap());
    let changes = Changes::between(Some(old.manifest()), new.manifest());
    let told: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes.is_empty(), told.is_empty());
    told
}

#[test]
fn the_same_release_changes_nothing_and_the_first_one_everything() {
    assert!(Changes::between(Some(built("1.4.0").manifest()), built("1.4.0").manifest()).is_empty());
    let first: Vec<_> = Changes::between(None, built("1.4.0").manifest()).iter().map(ToString::to_string).collect();
    assert_eq!(
        first,
        [
            "first version: `1.4.0`",
            "rule `rule_001_v1` added",
            "rule `rule_002_v1` added: reads `principal` (decimal, required), `limit` of `parent` (decimal, optional)",
            "rule `rule_003_v1` added: reads `status` (text, optional)",
            "rule `rule_004_v1` added",
            "component `components/loan.wasm`: memory: the host's -> 2 MiB",
            "component `components/loan.wasm`: table elements: the host's -> 9",
            "component `components/other.wasm` asks for sealed WASI",
            "file `business-config.yaml` (business_config) added",
            "file `components/loan.wasm` (component) added",
            "file `components/other.wasm` (component) added",
            "file `field-maps/loan_v1.json` (field_map) added",
            "file `schemas/loan.json` (schema) added",
            "file `vectors/loan.ndjson` (vectors) added",
        ]
    );
}

#[test]
fn changes_of_rules_are_told() {
    let told = changes(|draft| draft.components[0].rules[1].id = "rule_005_v1".to_owned());
    assert_eq!(told, ["rule `rule_003_v1` REMOVED", "rule `rule_005_v1` added: reads `status` (text, optional)"]);
    let told = changes(|draft| {
        let inputs = &mut draft.components[0].rules[0].inputs;
        inputs[0].kind = Kind::Integer;
        inputs[1].of = None;
    });
    assert_eq!(
        told,
        [
            "rule `rule_002_v1`: no longer reads `limit` of `parent` (decimal, optional)",
            "rule `rule_002_v1`: `principal` (decimal, required) -> `principal` (integer, required)",
            "rule `rule_002_v1`: reads `limit` (decimal, optional) too",
        ]
    );
    let told = changes(|draft| {
        let rule = draft.components[0].rules.remove(1);
        draft.components[1].rules.push(rule);
    });
    assert_eq!(
        told,
        ["rule `rule_003_v1`: from the component `components/loan.wasm` to the component `components/other.wasm`"]
    );
    assert_eq!(
        changes(|draft| draft.builtin[0].description = "other words".to_owned()),
        ["rule `rule_001_v1`: the host's check changed"]
    );
}

#[test]
fn changes_of_limits_and_files_are_told() {
    let told = changes(|draft| {
        let component = &mut draft.components[0];
        component.limits.memory = Some(Bytes::mebi(4));
        component.limits.table_elements = None;
        component.limits.deadline = Some(Duration::from_millis(50));
        draft.components[1].wasi = Wasi::None;
        draft.files[4].bytes.push(b'!');
        draft.files[5].kind = FileKind::Schema;
        draft.files.remove(1);
    });
    assert_eq!(
        told,
        [
            "component `components/loan.wasm`: memory: 2 MiB -> 4 MiB",
            "component `components/loan.wasm`: table elements: 9 -> the host's",
            "component `components/loan.wasm`: deadline: the host's -> 50 ms",
            "component `components/other.wasm` no longer asks for WASI",
            "file `field-maps/loan_v1.json` (field_map) REMOVED",
            "file `components/other.wasm` (component) changed",
            "file `vectors/loan.ndjson` (schema) changed",
        ]
    );
}

#[test]
fn what_a_signature_agrees_to_is_told() {
    let mut desk = Desk::with_release();
    let told = |desk: &Desk, role: &Role| -> Vec<String> {
        desk.read().amendments(role).iter().map(ToString::to_string).collect()
    };
    assert!(told(&desk, &Role::Root).is_empty());
    desk.stage_one(|repository, clock| repository.rotate_root_key(TopRole::Timestamp, &public(8), public(9), clock))
        .unwrap();
    desk.stage_one(|repository, clock| repository.set_root_threshold(TopRole::Root, 3, clock)).unwrap();
    let [old, new] = [id(8), id(9)];
    assert_eq!(
        told(&desk, &Role::Root),
        [
            "root: version 1 -> 2, until 2027-11-15T12:00:00Z".to_owned(),
            "root: 3 keys must sign instead of 2".to_owned(),
            format!("timestamp: key `{old}` REMOVED"),
            format!("timestamp: key `{new}` added"),
        ]
    );
    desk.stage_one(|repository, clock| repository.remove_tenant("beta", clock)).unwrap();
    desk.stage(|repository, clock| repository.add_tenant("gamma", keys(1, &[51]), clock)).unwrap();
    let gamma = id(51);
    assert_eq!(
        told(&desk, &Role::Targets),
        [
            "targets: version 1 -> 2, until 2027-05-14T12:00:00Z".to_owned(),
            "t-beta REMOVED: its releases are no longer found".to_owned(),
            "t-gamma added: may list `t/gamma/*/*.json`".to_owned(),
            format!("t-gamma: key `{gamma}` added"),
            "t-gamma: 1 keys must sign".to_owned(),
        ]
    );
    desk.list("1.1.0");
    desk.stage_one(|repository, clock| repository.revoke(&super::desk::loans(), Some(&Digest::of(b"bad")), clock))
        .unwrap();
    let [before, after] = ["1.0.0", "1.1.0"].map(|version| Digest::of(&built(version).manifest().to_bytes()));
    assert_eq!(
        told(&desk, &tenant("acme")),
        [
            "t-acme: version 1 -> 2, until 2027-02-13T12:00:00Z".to_owned(),
            format!("manifest `{}` REVOKED forever", Digest::of(b"bad")),
            format!("`t/acme/prod/loan-rules.json`: version `1.1.0`, manifest `{before}` -> `{after}`"),
        ]
    );
    assert!(matches!(desk.read().amendments(&tenant("acme"))[0], Amendment::Version { .. }));
}
