//! One bad record spoils only itself.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, SCHEMAS, obedient, request};

/// How a record is broken.
#[derive(Clone, Debug)]
enum Harm {
    /// It ends early.
    Cut(prop::sample::Index),
    /// One of its bits is another.
    Flip(prop::sample::Index, u8),
    /// It is longer than records may be.
    Oversized,
    DuplicateKey,
    /// A number that no float can hold.
    Number,
    TooDeep,
    NotUtf8,
}

impl Harm {
    /// The codes that the entry may have.
    fn codes(&self) -> &'static [&'static str] {
        match self {
            // Many of these are still JSON, so that it may have none.
            Self::Flip(..) => &[],
            Self::Cut(_) => &["json_syntax", "json_utf8"],
            Self::Oversized => &["record_too_large"],
            Self::DuplicateKey => &["json_duplicate_key"],
            Self::Number => &["json_number"],
            Self::TooDeep => &["json_depth"],
            Self::NotUtf8 => &["json_utf8"],
        }
    }

    fn apply(&self, record: &str) -> Vec<u8> {
        let inside = record.strip_suffix('}').unwrap();
        let with = |member: &str| format!("{inside},{member}}}").into_bytes();
        match self {
            Self::Cut(position) => record.as_bytes()[..1 + position.index(record.len() - 1)].to_vec(),
            Self::Flip(position, bit) => {
                let mut bytes = record.as_bytes().to_vec();
                bytes[position.index(record.len())] ^= 1 << bit;
                bytes
            }
            Self::Oversized => with(&format!(r#""note":"{}""#, "x".repeat(MAX_RECORD))),
            Self::DuplicateKey => with(r#""\u0061":"pass""#),
            Self::Number => with(r#""note":{"x":[-1e999]}"#),
            Self::TooDeep => with(&format!(r#""note":{}{}"#, "[".repeat(64), "]".repeat(64))),
            Self::NotUtf8 => [inside.as_bytes(), b",\"note\":\"\xff\"}"].concat(),
        }
    }
}

const MAX_RECORD: usize = 300;

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Harm::Cut),
        (any::<prop::sample::Index>(), 0..8u8).prop_map(|(position, bit)| Harm::Flip(position, bit)),
        Just(Harm::Oversized),
        Just(Harm::DuplicateKey),
        Just(Harm::Number),
        Just(Harm::TooDeep),
        Just(Harm::NotUtf8),
    ]
}

fn record(id: usize) -> String {
    let word = ["pass", "warn", "fail", "trap"][id % 4];
    json!({ "id": format!("L-{id}"), "$schema": SCHEMAS[id % 2], "a": word, "text": "é \"quoted\" \\" }).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_bad_record_changes_nothing_for_its_neighbours(
        (count, bad, harm) in (2..30usize, any::<prop::sample::Index>(), harm()),
        (rows, threads, in_array) in (1..40u32, 1..3usize, any::<bool>()),
    ) {
        // A string or bracket that never ends takes the rest of an array with it, and is then said to.
        let in_array = in_array && !matches!(harm, Harm::Cut(_) | Harm::Flip(..));
        let bad = bad.index(count);
        let records: Vec<Vec<u8>> = (0..count).map(|id| record(id).into_bytes()).collect();
        let mut broken = records.clone();
        broken[bad] = harm.apply(&record(bad));
        // A line feed would make two lines of one.
        prop_assume!(!broken[bad].contains(&b'\n'));
        // A text that begins with a bracket is an array.
        prop_assume!(!broken[0].starts_with(b"["));

        let file = |records: &[Vec<u8>]| {
            if in_array { [b"[".to_vec(), records.join(&b",\n"[..]), b"]".to_vec()].concat() } else { records.join(&b'\n') }
        };
        let fixture = Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]]));
        let mut request = request();
        request = request.with_rows(rows);
        request = request.with_max_record(jurat_model::Bytes::new(MAX_RECORD as u64));
        let judged = |records: &[Vec<u8>]| -> Vec<Value> {
            let answer = fixture.judge_bytes(&request, threads, file(records)).unwrap().timeless();
            answer["results"].as_array().unwrap().clone()
        };
        let (sound, spoilt) = (judged(&records), judged(&broken));

        prop_assert_eq!(spoilt.len(), count);
        for index in (0..count).filter(|&index| index != bad) {
            prop_assert_eq!(&spoilt[index], &sound[index]);
        }
        let entry = &spoilt[bad];
        if !harm.codes().is_empty() {
            prop_assert_eq!(&entry["status"], "ERROR");
            prop_assert!(harm.codes().iter().any(|code| entry["error"]["code"] == *code), "{entry:?}");
            prop_assert_eq!(&entry["results"], &json!([]));
        }
        if entry["status"] == "ERROR" {
            let start = file(&broken[..bad]).len() - usize::from(in_array);
            let offset = usize::try_from(entry["error"]["offset"].as_u64().unwrap()).unwrap();
            // The separators before it, and the end of the text if that is what was not expected.
            prop_assert!((start..=start + 2 + broken[bad].len()).contains(&offset), "{entry:?}");
            prop_assert_eq!(&entry["error"]["line"], bad + 1);
        }
    }
}
