//! Writes questions to the service, and reads its answers.
//!
//! Entities stay text from the wire to the rule: a decimal with 28 digits does not change. `docs/coordination-service.md` specifies
//! the format.

use std::sync::Arc;

use jurat_engine::{Unique, Wanted};
use jurat_model::Excerpt;
use serde::de::Deserialize;
use serde_json::value::RawValue;

use crate::fetch_failure::{FetchFailure, FetchFailureKind};

/// The answer of the service for each term of one record.
pub(super) type Answer = Arc<[Term]>;

/// The answer of the service for one term.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Term {
    /// An entity, or a list of them, as JSON.
    Entity(Arc<str>),
    /// Nothing, or `null`.
    Missing,
    /// Another kind of value, in words.
    Malformed(&'static str),
}

impl Term {
    /// The length of its text.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Entity(text) => text.len(),
            Self::Missing | Self::Malformed(_) => 0,
        }
    }
}

/// The question for one record; its text goes in as it is.
pub(super) fn question(wanted: &Wanted<'_>) -> Result<Vec<u8>, FetchFailure> {
    #[derive(serde::Serialize)]
    struct Question<'a> {
        entity_type: &'a str,
        entity_data: &'a RawValue,
        vocabulary_terms: &'a [&'a str],
    }

    let unreadable =
        |_| FetchFailure::malformed("the record cannot be sent to the coordination service: it is not JSON");
    // A text with more than one value could ask for other records.
    let entity_data = serde_json::from_str(wanted.record).map_err(unreadable)?;
    let question = Question { entity_type: wanted.entity_type, entity_data, vocabulary_terms: &wanted.terms };
    serde_json::to_vec(&question).map_err(unreadable)
}

/// One question for many records, made of the questions for each.
pub(super) fn bulk_question<'q>(questions: impl IntoIterator<Item = &'q [u8]>) -> Vec<u8> {
    let mut bulk = br#"{"requests":["#.to_vec();
    for (index, question) in questions.into_iter().enumerate() {
        if index > 0 {
            bulk.push(b',');
        }
        bulk.extend_from_slice(question);
    }
    bulk.extend_from_slice(b"]}");
    bulk
}

/// Reads the answer to a question about the given terms.
pub(super) fn answer(body: &[u8], terms: &[Box<str>]) -> Result<Answer, FetchFailure> {
    Ok(answer_of(&object(body, "the coordination service's answer")?, terms))
}

/// Reads the answer to a bulk question: as many answers as there were questions, each about the given terms.
pub(super) fn bulk_answer<'t>(
    body: &[u8],
    terms: impl ExactSizeIterator<Item = &'t [Box<str>]>,
) -> Result<Vec<Result<Answer, FetchFailure>>, FetchFailure> {
    let Unique(members) = object::<&RawValue>(body, "the coordination service's answer")?;
    let responses = members.get("responses").and_then(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok());
    let responses = responses
        .ok_or_else(|| FetchFailure::malformed("the coordination service's answer has no list `responses`"))?;
    let (found, expected) = (responses.len(), terms.len());
    if found != expected {
        let reason = format!("the coordination service gave {found} responses to {expected} requests");
        return Err(FetchFailure::malformed(reason));
    }
    Ok(responses.into_iter().zip(terms).map(|(response, terms)| bulk_response(response, terms)).collect())
}

fn bulk_response(response: &RawValue, terms: &[Box<str>]) -> Result<Answer, FetchFailure> {
    let members = object(response.get().as_bytes(), "the coordination service's response for this record")?;
    // The value of a term is never a text, so this cannot be a term that is called `error`. It may contain anything, so it is not
    // repeated.
    if members.0.get("error").is_some_and(|error: &&RawValue| error.get().starts_with('"')) {
        return Err(FetchFailure::new(
            FetchFailureKind::Refused,
            "the coordination service has an error for this record",
        ));
    }
    Ok(answer_of(&members, terms))
}

fn answer_of(Unique(members): &Unique<&RawValue>, terms: &[Box<str>]) -> Answer {
    let said = |term: &str| match members.get(term).map(|value| value.get()) {
        None | Some("null") => Term::Missing,
        Some(text) if text.starts_with(['{', '[']) => Term::Entity(text.into()),
        Some(text) if text.starts_with('"') => Term::Malformed("a text"),
        Some("true" | "false") => Term::Malformed("a boolean"),
        Some(_) => Term::Malformed("a number"),
    };
    terms.iter().map(|term| said(term)).collect()
}

/// The failure for a term that is missing in the answer.
pub(super) fn missing(term: &str) -> FetchFailure {
    let reason = format!("the coordination service has no `{}` for this record", Excerpt::of(term));
    FetchFailure::new(FetchFailureKind::TermMissing, reason)
}

/// The failure for a term that is neither an entity nor a list of them.
pub(super) fn misshapen(term: &str, found: &str) -> FetchFailure {
    let term = Excerpt::of(term);
    FetchFailure::malformed(format!(
        "the coordination service gave {found} as `{term}`, where an object or a list is expected"
    ))
}

fn object<'a, T: Deserialize<'a>>(text: &'a [u8], what: &str) -> Result<Unique<T>, FetchFailure> {
    use serde_json::error::Category;
    serde_json::from_slice(text).map_err(|error| {
        // The text of the error may repeat parts of the answer.
        FetchFailure::malformed(match error.classify() {
            Category::Data => format!("{what} is not a JSON object with each key once"),
            Category::Syntax | Category::Eof | Category::Io => format!("{what} is not JSON"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: [&str; 2] = ["parent", "all_children"];

    fn terms<const N: usize>(terms: [&str; N]) -> [Box<str>; N] {
        terms.map(Box::from)
    }

    fn refusal<T: std::fmt::Debug>(read: Result<T, FetchFailure>) -> (FetchFailureKind, String) {
        let failure = read.unwrap_err();
        (failure.kind, failure.reason.to_string())
    }

    #[test]
    fn a_record_is_sent_byte_for_byte() {
        let record = "{ \"id\" : \"L-\\u0031\",\"amount\":1.2300000000000000000000000001e0 , \"x\":[ ]}";
        let wanted = Wanted { entity_type: "lo\"an", record, terms: TERMS.to_vec() };
        let question = String::from_utf8(question(&wanted).unwrap()).unwrap();
        assert_eq!(
            question,
            format!(
                r#"{{"entity_type":"lo\"an","entity_data":{record},"vocabulary_terms":["parent","all_children"]}}"#
            )
        );
        let bulk = bulk_question([question.as_bytes(), b"{}"]);
        assert_eq!(String::from_utf8(bulk).unwrap(), format!(r#"{{"requests":[{question},{{}}]}}"#));
    }

    #[test]
    fn a_record_cannot_ask_for_others() {
        for record in [r#"{}},{"entity_type":"#, "{} {}", "", "{"] {
            let wanted = Wanted { entity_type: "loan", record, terms: vec![] };
            assert_eq!(refusal(question(&wanted)).0, FetchFailureKind::Malformed, "{record}");
        }
    }

    #[test]
    fn entities_come_out_as_they_were_written() {
        let body = br#" {"all_children" : [ {"n":1.0} , 2 ], "p\u0061rent":{"limit":1234567890123456789.012345678},"more":1} "#;
        let read = answer(body, &terms(TERMS)).unwrap();
        let entity = |text: &str| Term::Entity(text.into());
        assert_eq!(read[..], [entity(r#"{"limit":1234567890123456789.012345678}"#), entity(r#"[ {"n":1.0} , 2 ]"#)]);
    }

    #[test]
    fn each_term_is_missing_or_misshapen_by_itself() {
        for (value, found) in [("1.5", "a number"), ("-1", "a number"), (r#""x""#, "a text"), ("true", "a boolean")] {
            let read = answer(format!(r#"{{"parent":{value},"all_children":[]}}"#).as_bytes(), &terms(TERMS)).unwrap();
            assert_eq!(read[..], [Term::Malformed(found), Term::Entity("[]".into())]);
        }
        let read = answer(br#"{"parent":null}"#, &terms(TERMS)).unwrap();
        assert_eq!(read[..], [Term::Missing, Term::Missing]);
    }

    #[test]
    fn text_other_than_an_object_with_unique_keys_is_malformed() {
        for body in
            ["", "<html>", r#"{"parent":{}"#, r#"{"parent":{}} x"#, r#"{"parent":{"a":}}"#, "{\"parent\":\"\u{1}\"}"]
        {
            let (kind, reason) = refusal(answer(body.as_bytes(), &terms(TERMS)));
            assert_eq!(
                (kind, &*reason),
                (FetchFailureKind::Malformed, "the coordination service's answer is not JSON"),
                "{body}"
            );
        }
        for body in ["[]", "null", "1", r#"{"parent":{},"parent":{}}"#, r#"{"x":1,"\u0078":1}"#] {
            let (kind, reason) = refusal(answer(body.as_bytes(), &terms(TERMS)));
            assert_eq!(kind, FetchFailureKind::Malformed);
            assert!(reason.ends_with("is not a JSON object with each key once"), "{body}: {reason}");
        }
        assert_eq!(refusal(answer(b"{\"parent\":{\"a\":\"\xff\"}}", &terms(TERMS))).0, FetchFailureKind::Malformed);
    }

    #[test]
    fn a_bulk_answer_has_one_response_for_each_request() {
        let terms = ["parent", "parent", "error", "parent", "parent"].map(|term| terms([term]));
        let body = br#"{"responses":[{"parent":{}},{"error":"no such L-1"},{"error":{}},7,{"parent":{},"parent":{}}],"more":1}"#;
        let read = bulk_answer(body, terms.iter().map(|terms| &terms[..])).unwrap();
        assert_eq!(read[0].as_ref().unwrap()[..], [Term::Entity("{}".into())]);
        assert_eq!(
            refusal(read[1].clone()),
            (FetchFailureKind::Refused, "the coordination service has an error for this record".into())
        );
        assert_eq!(read[2].as_ref().unwrap()[..], [Term::Entity("{}".into())], "a term may be called `error`");
        assert_eq!(refusal(read[3].clone()).0, FetchFailureKind::Malformed);
        assert_eq!(refusal(read[4].clone()).0, FetchFailureKind::Malformed);
    }

    #[test]
    fn a_bulk_answer_that_does_not_fit_its_requests_is_malformed_as_a_whole() {
        for body in
            ["[]", "{}", r#"{"responses":{}}"#, r#"{"responses":[]}"#, r#"{"responses":[{},{}]}"#, r#"{"responses":[{"#]
        {
            let read = bulk_answer(body.as_bytes(), [&terms(TERMS)[..]].into_iter());
            assert_eq!(refusal(read).0, FetchFailureKind::Malformed, "{body}");
        }
    }
}
