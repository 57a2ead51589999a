//! Items: objects with a record as `data`, and with what its sender knows it by.

use std::ops::Range;

use jurat_model::Bytes;

use crate::json::{Mismatched, Paths, Scratch, scan, unescape, value_end};

/// An item, unwrapped.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Unwrapped {
    /// Where the record is in the text of the item.
    pub(super) record: Range<usize>,
    /// The value of `correlation_id`, as JSON; none if there is none.
    pub(super) correlation_id: Option<Box<str>>,
}

/// Finds the record in an item, which may be anything. What is around the record must be JSON; otherwise the record is the item as a whole,
/// so that reading it says what is wrong, and where.
pub(super) fn unwrap(text: &[u8]) -> Unwrapped {
    let whole = Unwrapped { record: 0..text.len(), correlation_id: None };
    let Some(Members { data: Some(record), correlation_id }) = members(text) else { return whole };
    let (before, behind) = (text.get(..record.start).unwrap_or_default(), text.get(record.end..).unwrap_or_default());
    let around = [before, b"0", behind].concat();
    let mut scratch = Scratch::new(Bytes::new(around.len() as u64));
    if scan(&around, &Paths::default(), &mut scratch).is_err() {
        return whole;
    }
    let correlation_id = correlation_id.and_then(|span| std::str::from_utf8(text.get(span)?).ok());
    let correlation_id = correlation_id.filter(|value| *value != "null").map(Box::from);
    Unwrapped { record, correlation_id }
}

/// Where the members of an item are that have a meaning.
#[derive(Debug, Default)]
struct Members {
    data: Option<Range<usize>>,
    correlation_id: Option<Range<usize>>,
}

/// Goes over the members of an object, as far as its brackets and strings tell where they are.
fn members(text: &[u8]) -> Option<Members> {
    let mut found = Members::default();
    let mut at = punctuation(text, 0, b'{')?;
    loop {
        let key = space(text, at)..string(text, space(text, at))?;
        let name = std::str::from_utf8(text.get(key.clone())?).ok().and_then(unescape);
        let start = space(text, punctuation(text, key.end, b':')?);
        let value = start..value(text, start)?;
        at = value.end;
        match name.as_deref() {
            Some("data") => found.data = Some(value),
            Some("correlation_id") => found.correlation_id = Some(value),
            _ => {}
        }
        match punctuation(text, at, b',') {
            Some(behind) => at = behind,
            None => return is_end(text, at).then_some(found),
        }
    }
}

/// The end of the value that begins at `start`.
fn value(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    match rest.first()? {
        b'"' => string(text, start),
        b'{' | b'[' => {
            let end = |mismatched| value_end(rest, mismatched).map(|length| start + length);
            let fits = |end: &usize| is_end(text, *end) || is_member(text, *end);
            let first = end(Mismatched::Closes)?;
            if fits(&first) { Some(first) } else { end(Mismatched::IsIgnored).filter(fits) }
        }
        _ => {
            let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
            length.map(|length| start + length)
        }
    }
}

/// Whether another member follows.
fn is_member(text: &[u8], at: usize) -> bool {
    punctuation(text, at, b',').is_some_and(|at| text.get(space(text, at)) == Some(&b'"'))
}

/// Whether the item ends here.
fn is_end(text: &[u8], at: usize) -> bool {
    punctuation(text, at, b'}').is_some_and(|at| space(text, at) == text.len())
}

/// The end of the string that begins at `start`.
fn string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    if text.get(start) != Some(&b'"') {
        return None;
    }
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position behind a byte of punctuation, if it is the next one.
fn punctuation(text: &[u8], at: usize, wanted: u8) -> Option<usize> {
    let at = space(text, at);
    (text.get(at) == Some(&wanted)).then_some(at + 1)
}

/// The position of the next byte that is not white space.
fn space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The record, and the correlation id.
    fn parts(item: &str) -> (&str, Option<String>) {
        let Unwrapped { record, correlation_id } = unwrap(item.as_bytes());
        (item.get(record).unwrap(), correlation_id.map(Into::into))
    }

    #[test]
    fn a_record_is_found_in_its_item() {
        let cases = [
            (r#"{"correlation_id":"a","data":{"x":1}}"#, r#"{"x":1}"#, Some(r#""a""#)),
            (r#" { "data" : {"x":1} , "correlation_id" : 7 } "#, r#"{"x":1}"#, Some("7")),
            (r#"{"\u0064ata":{},"other":[1,{"data":2}],"correlation_id":{"k":1.50}}"#, "{}", Some(r#"{"k":1.50}"#)),
            (r#"{"data":{},"correlation_id":null}"#, "{}", None),
            (r#"{"data":{}}"#, "{}", None),
            (r#"{"data":null,"correlation_id":"a"}"#, "null", Some(r#""a""#)),
            (r#"{"data":"<Loan/>","correlation_id":"a"}"#, r#""<Loan/>""#, Some(r#""a""#)),
            // A broken record.
            (r#"{"correlation_id":"a","data":{"x":NaN}}"#, r#"{"x":NaN}"#, Some(r#""a""#)),
            (r#"{"data":{"x":[1},"correlation_id":"a"}"#, r#"{"x":[1}"#, Some(r#""a""#)),
            (r#"{"data":{"x":1]},"correlation_id":"a"}"#, r#"{"x":1]}"#, Some(r#""a""#)),
            (r#"{"data":[{"x":1]}],"correlation_id":"a"}"#, r#"[{"x":1]}]"#, Some(r#""a""#)),
            (r#"{"data":'x',"correlation_id":"a"}"#, "'x'", Some(r#""a""#)),
            (r#"{"data":01,"correlation_id":"a"}"#, "01", Some(r#""a""#)),
        ];
        for (item, record, correlation_id) in cases {
            assert_eq!(parts(item), (record, correlation_id.map(str::to_owned)), "{item}");
        }
    }

    #[test]
    fn what_is_no_item_is_a_record() {
        for item in [
            r#"{"id":"a","correlation_id":"b"}"#,
            "{}",
            "[]",
            "7",
            "",
            // Broken outside of the record.
            r#"{"correlation_id":NaN,"data":{}}"#,
            r#"{"correlation_id":"a","data":{}"#,
            r#"{"correlation_id":"a","data":{},}"#,
            r#"{"correlation_id":"a","data":{},"data":{}}"#,
            r#"{"correlation_id":"a","correlation_id":"b","data":{}}"#,
            r#"{"correlation_id":"\ud800","data":{}}"#,
            r#"{"data":{"x":"},"correlation_id":"a"}"#,
            r#"{"data":{}} x"#,
        ] {
            assert_eq!(parts(item), (item, None), "{item}");
        }
    }

    proptest! {
        #[test]
        fn a_valid_item_is_always_unwrapped(
            id in any::<String>(), record in "[a-z\\[\\]{}\"\\\\,:]{0,8}", is_first in any::<bool>(),
        ) {
            let (id, record) = (serde_json::json!(id).to_string(), serde_json::json!({record.clone(): [record, {}]}).to_string());
            let (data, correlation) = (format!("\"data\": {record}"), format!("\"correlation_id\":{id}"));
            let item = if is_first { format!("{{{data} , {correlation}}}") } else { format!("{{{correlation},{data}}}") };
            prop_assert_eq!(parts(&item), (&*record, Some(id)));
        }

        #[test]
        fn any_bytes_have_a_record(text in prop::collection::vec(prop_oneof![
            Just(b"\"data\":".to_vec()), Just(b"{".to_vec()), Just(b"}".to_vec()), Just(b"\"".to_vec()), Just(b",".to_vec()),
            prop::collection::vec(any::<u8>(), 0..3),
        ], 0..10)) {
            let text = text.concat();
            let Unwrapped { record, .. } = unwrap(&text);
            prop_assert!(text.get(record.clone()).is_some());
            // A part of a text that is JSON is unwrapped only if it is JSON.
            let is_json = |text: &[u8]| scan(text, &Paths::default(), &mut Scratch::default()).is_ok();
            prop_assert!(!is_json(&text) || is_json(&text[record]));
        }
    }
}
