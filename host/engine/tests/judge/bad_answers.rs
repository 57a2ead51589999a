//! What comes of bad answers when related entities are fetched: a reason, and nothing else.

use std::sync::Arc;

use jurat_engine::results::RuleResult;
use jurat_engine::{Supplied, Supplier, UnavailableCause, Wanted};
use jurat_model::Status;

use crate::fixture::Fixture;
use crate::supplied::{PARENT, spec, with};
use crate::supplier::entity;

/// Answers every call with the same.
#[derive(Debug)]
struct Stubborn(Vec<Vec<Supplied>>);

impl Supplier for Stubborn {
    fn supply(&self, _: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.0.clone()
    }
}

/// What the rules say of some loans for which there are these answers: first the one that can do without, then its child, which
/// cannot.
fn said(count: usize, answers: &[Vec<Supplied>]) -> Vec<[RuleResult; 2]> {
    let text = r#"{"entity_type":"loan","lenient":"warn","strict":"fail"}"#.repeat(count).replace("}{", "}\n{");
    let answer = Fixture::new(&spec()).judge(&with(Stubborn(answers.to_vec())), 1, &text).unwrap();
    let both = |result: &RuleResult| [result.clone(), result.children[0].clone()];
    answer.records.iter().map(|record| both(&record.results[0])).collect()
}

/// Checks what is said of a loan for whose parent there is this answer.
fn check(parent: Supplied, code: &str, message: &str) {
    let said = said(1, &[vec![entity("[]"), parent]]);
    let [lenient, strict] = &said[0];
    assert_eq!((lenient.status, lenient.message.as_str()), (Status::Warn, "[] (absent)"));
    assert_eq!((strict.status, strict.code.as_deref(), strict.message.as_str()), (Status::Norun, Some(code), message));
    assert!(!strict.indeterminate && strict.degraded.is_empty());
}

#[test]
fn no_answer_at_all_is_told_of_every_record() {
    for [lenient, strict] in said(2, &[]) {
        assert_eq!((lenient.status, lenient.message.as_str()), (Status::Warn, "(absent) (absent)"));
        assert_eq!((strict.status, strict.code.as_deref()), (Status::Norun, Some("unanswered")));
        assert_eq!(strict.message, "not run: `parent` is not available: there was no answer");
    }
}

#[test]
fn an_answer_for_too_few_records_is_one_for_the_first_of_them() {
    let good = vec![entity("[]"), entity(PARENT)];
    let said = said(3, &[good.clone(), good]);
    let codes: Vec<_> = said.iter().map(|[_, strict]| (strict.status, strict.code.as_deref())).collect();
    assert_eq!(codes, [(Status::Fail, None), (Status::Fail, None), (Status::Norun, Some("unanswered"))]);
}

#[test]
fn an_answer_for_too_few_terms_is_one_for_the_first_of_them() {
    let said = said(3, &[vec![entity("[1]")], vec![], vec![entity("[3]"), entity(PARENT)]]);
    let found: Vec<_> =
        said.iter().map(|[lenient, strict]| (lenient.message.as_str(), strict.code.as_deref())).collect();
    let silent = Some("unanswered");
    assert_eq!(found, [("[1] (absent)", silent), ("(absent) (absent)", silent), ("[3] 1.50", None)]);
}

#[test]
fn answers_without_a_question_are_ignored() {
    let bad =
        Supplied::Unavailable { code: "timeout", reason: Arc::from("too late"), cause: UnavailableCause::Failure };
    let good = vec![entity("[1]"), entity(PARENT), bad.clone(), bad.clone()];
    let said = said(1, &[good, vec![bad]]);
    assert_eq!((said[0][0].message.as_str(), said[0][1].message.as_str()), ("[1] 1.50", "1.50"));
}

#[test]
fn what_is_not_available_says_why() {
    let parent = Supplied::Unavailable {
        code: "breaker_open",
        reason: Arc::from("the service has failed 5 times"),
        cause: UnavailableCause::Failure,
    };
    check(parent, "breaker_open", "not run: `parent` is not available: the service has failed 5 times");
}

#[test]
fn a_reason_of_any_length_is_cut() {
    let parent = Supplied::Unavailable {
        code: "timeout",
        reason: Arc::from("é".repeat(1 << 20)),
        cause: UnavailableCause::Failure,
    };
    let said = said(1, &[vec![entity("[]"), parent]]);
    assert!((8_000..=8 << 10).contains(&said[0][1].message.len()), "{}", said[0][1].message.len());
}

#[test]
fn null_is_a_term_that_is_missing() {
    check(entity("null"), "term_missing", "not run: there is no `parent` for this record");
    check(entity(" null\r\n"), "term_missing", "not run: there is no `parent` for this record");
}

#[test]
fn a_text_that_is_not_json_is_malformed() {
    let malformed = "not run: `parent` is malformed: expected";
    check(entity(""), "term_malformed", &format!("{malformed} a value, found the end of the text at line 1, column 1"));
    check(
        entity("{"),
        "term_malformed",
        &format!("{malformed} a key in quotes, found the end of the text at line 1, column 2"),
    );
    check(entity("nil"), "term_malformed", &format!("{malformed} a value, found `n` at line 1, column 1"));
}

#[test]
fn a_value_that_is_not_an_entity_is_malformed() {
    let malformed = |found: &str| {
        format!("not run: `parent` is malformed: {found} where an object was expected at line 1, column 1")
    };
    check(entity("5"), "term_malformed", &malformed("a number"));
    check(entity(" true"), "term_malformed", &malformed("a boolean"));
    check(entity(r#""facility""#), "term_malformed", &malformed("a string"));
}

#[test]
fn an_entity_with_a_repeated_key_is_malformed() {
    let twice = r#"{"entity_type":"facility","limit":1,"limit":2}"#;
    let message =
        "not run: `parent` is malformed: the key `limit` for the second time in one object at line 1, column 37";
    check(entity(twice), "term_malformed", message);
}

#[test]
fn an_entity_that_is_too_large_is_refused() {
    let large = format!(r#"{{"entity_type":"facility","limit":1,"note":"{}"}}"#, "x".repeat(1 << 20));
    check(entity(&large), "term_too_large", "not run: `parent` is not available: it takes more than 1 MiB");
    let blank = " ".repeat(1 << 20);
    check(
        entity(&blank),
        "term_malformed",
        "not run: `parent` is malformed: expected a value, found the end of the text at line 1, column 1",
    );
    check(entity(&(blank + " ")), "term_too_large", "not run: `parent` is not available: it takes more than 1 MiB");
}

#[test]
fn an_entity_that_does_not_say_what_it_is_cannot_be_read() {
    let message = "not run: `parent` has neither a `$schema` nor an `entity_type`";
    check(entity(r#"{"limit":1}"#), "term_malformed", message);
    let message = "not run: `parent`: the release knows no entity type `house`";
    check(entity(r#"{"entity_type":"house","limit":1}"#), "term_malformed", message);
}

#[test]
fn a_list_in_place_of_an_entity_is_of_the_wrong_kind() {
    let said = said(1, &[vec![entity("[]"), entity("[1]")]]);
    let lenient = &said[0][0];
    assert_eq!((lenient.status, lenient.code.as_deref()), (Status::Error, Some("input_kind")));
    assert_eq!(lenient.message, "`parent.limit` is [1]: not a decimal number");
}
