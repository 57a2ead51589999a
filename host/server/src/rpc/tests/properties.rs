//! Whatever a client sends: nothing panics, and every request with an id gets exactly one answer.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// JSON, nearly JSON, and requests with a defect.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(r#"{"jsonrpc":"2.0","id":1,"method":"version"}"#.to_owned()),
        Just(r#""jsonrpc":"2.0","#.to_owned()),
        Just(r#""id":"#.to_owned()),
        Just(r#""method":"validate","params":"#.to_owned()),
        Just(r#"{"entity_type":"a","entity_data":{},"ruleset_name":"echo"}"#.to_owned()),
        "[\\[\\]{},:\"\\\\0-9eE.+ntuls -]{1,6}",
        "\\PC{0,4}",
    ];
    prop_oneof![
        3 => prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
    .prop_map(|mut line| {
        line.retain(|byte| *byte != b'\n');
        line
    })
}

/// The text of an id that is legal.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,5})?",
        any::<String>().prop_map(|text| Value::String(text).to_string()),
    ]
}

/// A request with that id, which may be in order or not.
fn request(id: &str, flaw: u8) -> String {
    let method = ["validate", "version", "nothing", "validate"][usize::from(flaw % 4)];
    let params = [r#"{"entity_type":"a","entity_data":{},"ruleset_name":"echo"}"#, "{}", "[1]", "null", "7"];
    let params = params[usize::from(flaw / 4 % 5)];
    let version = if flaw >= 200 { "1.0" } else { "2.0" };
    format!(r#"{{"jsonrpc":"{version}","id":{id},"method":"{method}","params":{params}}}"#)
}

/// Sends lines, and gives back those that come until the end.
fn converse(lines: &[Vec<u8>]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, ended) = Stage::new(open()).sole(1 << 16);
        let Peer { mut reader, mut writer } = client;
        let text = lines.join(&b'\n');
        tokio::spawn(async move {
            writer.write_all(&text).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut answers = Vec::new();
        let mut answer = String::new();
        while reader.read_line(&mut answer).await.unwrap() > 0 {
            answers.push(std::mem::take(&mut answer));
        }
        assert_eq!(ended.await.unwrap(), Ended::Finished);
        answers
    })
}

/// The id of an answer as it was written.
fn id_of(answer: &str) -> Option<&str> {
    let rest = answer.strip_prefix(r#"{"jsonrpc":"2.0","id":"#)?;
    let end = rest.find(r#","result":"#).or_else(|| rest.find(r#","error":"#))?;
    rest.get(..end)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_too_strange(lines in prop::collection::vec(line(), 0..6)) {
        let last = request("\"last\"", 0).into_bytes();
        let answers = converse(&[lines.as_slice(), &[last]].concat());
        prop_assert_eq!(answers.iter().filter(|answer| id_of(answer) == Some("\"last\"")).count(), 1);
        for answer in &answers {
            serde_json::from_str::<Value>(answer).map_err(|error| TestCaseError::fail(format!("{error}: {answer}")))?;
        }
        // Blank lines are not messages, and notifications have no answer.
        prop_assert!(answers.len() <= lines.len() + 1);
    }

    #[test]
    fn every_request_with_an_id_gets_one_answer(
        ids in prop::collection::hash_set(id(), 0..12), flaws in prop::collection::vec(any::<u8>(), 12), noise in line(),
    ) {
        let mut lines: Vec<_> = ids.iter().zip(&flaws).map(|(id, flaw)| request(id, *flaw).into_bytes()).collect();
        lines.insert(lines.len() / 2, noise);
        let answers = converse(&lines);
        for id in &ids {
            let count = answers.iter().filter(|answer| id_of(answer) == Some(id)).count();
            prop_assert!(count == 1, "{} answers to {}: {:?}", count, id, answers);
        }
    }
}
