use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::json::{JsonProblem, Paths, Scratch, scan};

fn verdict(text: &str) -> Option<(String, u64)> {
    match scan(text.as_bytes(), &Paths::default(), &mut Scratch::default()) {
        Ok(_) => None,
        Err(error) => match error.problem {
            JsonProblem::DuplicateKey { key } => Some((key.to_string(), error.at.offset)),
            other => panic!("{other}: {text}"),
        },
    }
}

#[test]
fn a_key_may_not_stand_twice_in_one_object() {
    let cases = [
        (r#"{"a":1,"a":2}"#, Some(("a", 7))),
        (r#"{"a":1,"b":{"c":1,"d":2,"c":3}}"#, Some(("c", 24))),
        (r#"[1,[{"":1,"":2}]]"#, Some(("", 10))),
        (r#"{"a":1,"\u0061":2}"#, Some(("a", 7))),
        (r#"{"\u0061\"":1,"b":0,"a\"":2}"#, Some(("a\"", 20))),
        (r#"{"\u0061":1,"\u0062":{"\u0061":1},"\u0062":2}"#, Some(("b", 34))),
        (r#"{"interest_rate":1,"interest_rate":2}"#, Some(("interest_rate", 19))),
        (r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#, None),
        (r#"{"interest_rate":1,"interest_rats":2,"Interest_rate":3}"#, None),
        (r#"{"é":1,"e\u0301":2}"#, None),
        (r#"{"a":1,"A":2,"a ":3,"":4," ":5}"#, None),
    ];
    for (text, expected) in cases {
        assert_eq!(verdict(text), expected.map(|(key, at)| (key.to_owned(), at)), "{text}");
    }
}

#[test]
fn an_object_with_many_keys_is_checked_as_well() {
    let members: Vec<String> = (0..20_000).map(|key| format!("\"key{key}\":{{\"key{key}\":1}}")).collect();
    assert_eq!(verdict(&format!("{{{}}}", members.join(","))), None);
    let text = format!("{{{},\"k\\u0065y777\":1,\"key3\":1}}", members.join(","));
    assert_eq!(verdict(&text), Some(("key777".to_owned(), text.find("\"k\\u").unwrap() as u64)));
}

#[test]
fn keys_with_equal_fingerprints_cost_no_more_than_others() {
    // All have the same fingerprint, and a pairwise comparison would take minutes.
    let members: Vec<String> = (0..60_000).map(|key| format!("\"aaaaaaaa{key:06}zzzzzzzz\":0")).collect();
    let prints: HashSet<u64> = (0..9).map(|key| fingerprint(format!("aaaaaaaa{key:06}zzzzzzzz").as_bytes())).collect();
    assert_eq!(prints.len(), 1);
    let text = format!("{{{}}}", members.join(","));
    let mut scratch = Scratch::new(jurat_model::Bytes::mebi(4));
    assert!(scan(text.as_bytes(), &Paths::default(), &mut scratch).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_set_finds_the_same_repetitions(
        keys in prop::collection::vec(("[ab]{0,3}|[a-c]{7,9}|k[0-9]{2}", any::<bool>()), 0..60),
    ) {
        let members = keys.iter().map(|(key, is_escaped)| match is_escaped {
            true => key.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
            false => key.clone(),
        });
        let members: Vec<String> = members.map(|key| format!("\"{key}\":0")).collect();
        let mut seen = HashSet::new();
        let mut offset = 1;
        let mut expected = None;
        for ((key, _), member) in keys.iter().zip(&members) {
            if !seen.insert(key) {
                expected = Some((key.clone(), offset));
                break;
            }
            offset += member.len() as u64 + 1;
        }
        prop_assert_eq!(verdict(&format!("{{{}}}", members.join(","))), expected);
    }
}
