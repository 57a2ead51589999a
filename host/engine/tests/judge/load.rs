//! Releases that are refused before they judge anything, by what their rulesets say.

use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, obedient};

const LEVELS: usize = 25;

/// A release with one list, for the first of the schemas.
fn release(tree: Value) -> ReleaseSpec {
    let Value::Array(tree) = tree else { panic!("a list of rules is an array") };
    obedient(&[("a", 0), ("b", 1)], [tree, Vec::new()])
}

/// A chain of rules, each below the one before.
fn chain(levels: usize) -> Value {
    let below = |children: Value, level| json!([{ format!("r{level}"): children }]);
    (0..levels).rev().fold(json!([]), below)
}

#[track_caller]
fn is_refused(tree: Value, path: &str, problem: &str) {
    let list = format!("business-config.yaml: rulesets.main.rules[\"{}\"]", SCHEMAS[0]);
    assert_eq!(Fixture::refused(&release(tree)), [format!("{list}{path}: {problem}")]);
}

#[test]
fn a_rule_among_its_own_ancestors_is_refused() {
    let twice = "rule `a` is in this list twice: remove one of them";
    is_refused(json!([{ "a": ["a"] }]), "[0].children[0].rule_id", twice);
    is_refused(json!([{ "a": [{ "b": ["x", { "a": [] }] }] }]), "[0].children[0].children[1].rule_id", twice);
}

#[test]
fn a_rule_that_stands_twice_in_one_list_is_refused() {
    let twice = "rule `b` is in this list twice: remove one of them";
    is_refused(json!(["b", "a", "b"]), "[2].rule_id", twice);
    is_refused(json!([{ "a": ["b"] }, "b"]), "[1].rule_id", twice);
}

#[test]
fn a_rule_that_nothing_provides_cannot_stand_twice_either() {
    is_refused(
        json!(["x", { "a": ["x"] }]),
        "[1].children[0].rule_id",
        "rule `x` is in this list twice: remove one of them",
    );
}

#[test]
fn one_level_more_than_twenty_five_is_refused() {
    Fixture::new(&release(chain(LEVELS)));
    let path: String = (0..LEVELS).map(|_| "[0].children").collect();
    is_refused(chain(LEVELS + 1), &path, "the hierarchy has more than 25 levels");
    is_refused(chain(4 * LEVELS), &path, "the hierarchy has more than 25 levels");
}

#[test]
fn one_rule_more_than_a_thousand_is_refused() {
    let rules = |count: usize| Value::Array((0..count).map(|rule| json!(format!("r{rule}"))).collect());
    Fixture::new(&release(rules(1_000)));
    is_refused(rules(1_001), "[1000]", "the list has more than 1000 rules");
}

#[test]
fn a_rule_without_an_id_is_refused() {
    is_refused(json!(["a", ""]), "[1].rule_id", "the name is empty");
}

#[test]
fn a_field_map_that_the_release_does_not_have_is_refused() {
    let mut spec = release(json!(["a"]));
    spec.defaults.insert("loan".to_owned(), "laon.json".to_owned());
    let words = "the release has no field map `laon.json`, did you mean `loan.json`?";
    assert_eq!(Fixture::refused(&spec), [format!("business-config.yaml: default_helpers.loan: {words}")]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut spec = release(json!(["a", "a", { "b": [""] }]));
    spec.mapping.insert("urn:x".to_owned(), "none.json".to_owned());
    assert_eq!(Fixture::refused(&spec).len(), 3);
}
