//! Components that misbehave when they are asked what they hold.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_model::{Declaration, Fault, Input, Kind, Limits};
use jurat_sandbox::{Mismatch, Refusal};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, sandbox};

fn refusal(component: Vec<u8>, terms: &Terms) -> Refusal {
    load(sandbox(), component, terms).expect_err("it is refused").reason
}

fn describe_fault(component: Vec<u8>, terms: &Terms) -> Fault {
    match refusal(component, terms) {
        Refusal::Describe { fault } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatever_goes_wrong_in_describe_is_a_fault_of_the_component() {
    let terms = Terms::default();
    assert_eq!(describe_fault(guest::text("loop_in_describe"), &terms), Fault::Fuel);
    assert_eq!(describe_fault(guest::text("loop_in_start"), &terms), Fault::Fuel);
    assert_eq!(describe_fault(guest::text("trap_in_describe"), &terms), Fault::Trap);
    assert_eq!(describe_fault(guest::text("data_beyond_memory"), &terms), Fault::Trap);
    assert_eq!(describe_fault(guest::text("huge_description"), &terms), Fault::Output);
}

#[test]
fn a_loop_in_describe_meets_the_deadline_where_the_fuel_is_endless() {
    let limits = Limits { fuel: NonZeroU64::MAX, deadline: Duration::from_millis(100), ..Limits::DEFAULT };
    assert_eq!(describe_fault(guest::text("loop_in_describe"), &Terms::new(limits)), Fault::Deadline);
}

#[test]
fn a_component_that_begins_too_large_is_refused_by_its_shape() {
    for name in ["large_from_the_start", "large_table_from_the_start"] {
        let refusal = refusal(guest::text(name), &Terms::default());
        assert!(matches!(refusal, Refusal::Shape(_)), "{name}: {refusal:?}");
    }
}

/// What is wrong with rules, and the twin that is just right.
#[track_caller]
fn check(wrong: &[Declaration], right: &[Declaration], complaint: &str) {
    let terms = Terms::default().with_rules(right.to_vec());
    match refusal(guest::described(wrong), &terms) {
        Refusal::Declaration(reason) => assert_eq!(reason, complaint),
        other => panic!("{other:?}"),
    }
    let limits = Limits { reply: jurat_model::Bytes::mebi(4), ..Limits::DEFAULT };
    let terms = Terms::new(limits).with_rules(right.to_vec());
    load(sandbox(), guest::described(right), &terms).expect("the twin is good");
}

fn rule(id: String) -> Declaration {
    Declaration { id, inputs: Vec::new(), ..guest::declaration() }
}

fn with_inputs(inputs: Vec<Input>) -> Vec<Declaration> {
    vec![Declaration { inputs, ..guest::declaration() }]
}

fn input(name: &str) -> Input {
    Input { name: name.to_owned(), of: None, kind: Kind::Text, required: false }
}

#[test]
fn a_component_has_between_one_rule_and_1_024() {
    let rules = |count: u32| (0..count).map(|id| rule(id.to_string())).collect::<Vec<_>>();
    check(&rules(1_025), &rules(1_024), "a component has between 1 and 1,024 rules");
    check(&[], &rules(1), "a component has between 1 and 1,024 rules");
}

#[test]
fn ids_are_distinct_and_plain() {
    let named = |id: &str| vec![rule(id.to_owned())];
    let twice = [named("a"), named("a")].concat();
    check(&twice, &[named("a"), named("b")].concat(), "two rules have the same id");
    let complaint = "a rule id is 1 to 64 letters, digits, `_`, `-` or `.`";
    check(&named(&"x".repeat(65)), &named(&"x".repeat(64)), complaint);
    check(&named(""), &named("x"), complaint);
    check(&named("\u{1b}[2J"), &named("rule-1.2_a"), complaint);
}

#[test]
fn an_entity_type_is_plain() {
    let wrong = Declaration { entity_type: "loan\nloan".to_owned(), ..guest::declaration() };
    let complaint = "an entity type is 1 to 64 letters, digits, `_`, `-` or `.`";
    check(&[wrong], &[guest::declaration()], complaint);
}

#[test]
fn descriptions_and_annotations_are_short() {
    let described = |length| vec![Declaration { description: "x".repeat(length), ..guest::declaration() }];
    check(&described(1_025), &described(1_024), "a description is at most 1,024 bytes long");
    let annotated = |count, length: usize| {
        vec![Declaration { annotations: vec![("x".repeat(length), String::new()); count], ..guest::declaration() }]
    };
    check(&annotated(65, 1), &annotated(64, 1), "a rule has at most 64 annotations");
    check(&annotated(1, 1_025), &annotated(1, 1_024), "an annotation is at most 1,024 bytes long");
}

#[test]
fn inputs_are_few_distinct_and_plain() {
    let many = |count: u32| with_inputs((0..count).map(|name| input(&name.to_string())).collect());
    check(&many(257), &many(256), "a rule has at most 256 inputs");
    let complaint = "two inputs of a rule have the same name";
    let of_parent = Input { of: Some("parent".to_owned()), ..input("a") };
    check(&with_inputs(vec![input("a"), input("a")]), &with_inputs(vec![input("a"), of_parent]), complaint);
    let complaint = "an input's name is 1 to 64 letters, digits or `_`";
    check(&with_inputs(vec![input("a.b")]), &with_inputs(vec![input("a_b")]), complaint);
    let of = |term: &str| with_inputs(vec![Input { of: Some(term.to_owned()), ..input("a") }]);
    check(&of("}{"), &of("parent"), "a term is 1 to 64 letters, digits or `_`");
}

#[test]
fn now_is_a_required_timestamp() {
    let now = Input { kind: Kind::Timestamp, required: true, ..input("now") };
    let right = with_inputs(vec![now.clone()]);
    for wrong in [Input { kind: Kind::Date, ..now.clone() }, Input { required: false, ..now }] {
        check(&with_inputs(vec![wrong]), &right, "`now` is a required timestamp");
    }
}

#[test]
fn a_component_is_what_its_manifest_says() {
    let other = Declaration { id: "other".to_owned(), ..guest::declaration() };
    let terms = Terms::default().with_rules(vec![other]);
    let refusal_of = |terms: &Terms| match refusal(guest::described(&[guest::declaration()]), terms) {
        Refusal::Manifest(mismatch) => mismatch,
        other => panic!("{other:?}"),
    };
    let (found, signed) = (vec!["guest".to_owned()], vec!["other".to_owned()]);
    assert_eq!(refusal_of(&terms), Mismatch::Rules { found, signed });
    let terms = Terms::default().with_rules(with_inputs(vec![input("n"), input("salary")]));
    assert_eq!(refusal_of(&terms), Mismatch::Inputs { rule: "guest".to_owned() });
}
