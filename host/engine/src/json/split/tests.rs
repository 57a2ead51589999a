use proptest::prelude::*;

use jurat_model::Bytes;

use super::*;
use crate::json::{DEFAULT_MAX_RECORD, Position};

/// The entries of a file: `line:column text`, or `line:column !code message`.
fn entries(file: &[u8]) -> Vec<String> {
    list(Records::new(file, DEFAULT_MAX_RECORD))
}

fn list<'a>(records: impl Iterator<Item = Entry<'a>>) -> Vec<String> {
    let show = |(index, entry): (usize, Entry<'_>)| {
        assert_eq!(entry.index, index as u64);
        let at = |at: Position| format!("{}:{}", at.line, at.column);
        match entry.text {
            Ok(text) => format!("{} {}", at(entry.at), String::from_utf8_lossy(text)),
            Err(error) => format!("{} !{} {} {}", at(entry.at), error.code(), at(error.at), error.problem),
        }
    };
    records.enumerate().map(show).collect()
}

/// The same, with the file coming in pieces.
fn entries_of_pieces(file: &[u8], pieces: &[usize], max_record: Bytes) -> Vec<String> {
    let mut splitter = Splitter::new(max_record);
    let mut pieces = pieces.iter().copied().cycle();
    let (mut start, mut end) = (0, 0);
    let mut index = 0;
    let mut all = Vec::new();
    loop {
        let window = &file[start..end];
        assert!(window.len() <= usize::try_from(max_record.get()).unwrap() + 64);
        match splitter.step(window, end == file.len()) {
            Step::Entry { mut entry, consumed } => {
                assert_eq!(entry.index, index);
                index += 1;
                entry.index = 0;
                all.extend(list(std::iter::once(entry)));
                start += consumed;
            }
            Step::More { consumed } => {
                start += consumed;
                assert!(end < file.len() || consumed > 0, "more than all was asked for");
                end = file.len().min(end + pieces.next().unwrap_or(1).max(1));
            }
            Step::Done => return all,
        }
    }
}

#[test]
fn the_form_of_a_file_is_found_out() {
    let cases: &[(&str, &[&str])] = &[
        // Nothing.
        ("", &[]),
        ("\u{feff}", &[]),
        (" \r\n\n", &[]),
        ("[]", &[]),
        (" [ \n ] \n", &[]),
        // One object.
        ("{}", &["1:1 {}"]),
        ("\u{feff} {\"a\":1}\n", &["1:5 {\"a\":1}"]),
        ("{\n  \"a\": [\n1]\n}\n", &["1:1 {\n  \"a\": [\n1]\n}"]),
        ("{\"a\":\n{\"b\":1}}", &["1:1 {\"a\":\n{\"b\":1}}"]),
        ("{\"a\":[\n{\"b\":1},\n{\"b\":2}]}", &["1:1 {\"a\":[\n{\"b\":1},\n{\"b\":2}]}"]),
        ("{\n\"a\": 1", &["1:1 {\n\"a\": 1"]),
        ("{\n\"a\": 1\n}{\n\"b\": 1\n}\n{}", &["1:1 {\n\"a\": 1\n}", "3:2 {\n\"b\": 1\n}", "6:1 {}"]),
        ("{\n}\n x {}", &["1:1 {\n}", "3:2 x {}"]),
        // Lines.
        ("{\"a\":1}\n{\"a\":2}", &["1:1 {\"a\":1}", "2:1 {\"a\":2}"]),
        ("\r\n{\"a\":1}\r\n\r\n \t{\"a\":2} \r\n", &["2:1 {\"a\":1}", "4:3 {\"a\":2}"]),
        ("{\"a\":1\n{\"a\":2}\n", &["1:1 {\"a\":1", "2:1 {\"a\":2}"]),
        ("{\"a\":1,\n\n{\"a\":2}\n", &["1:1 {\"a\":1,", "3:1 {\"a\":2}"]),
        ("{\"a\":\"x:\n{\"a\":2}\n", &["1:1 {\"a\":\"x:", "2:1 {\"a\":2}"]),
        ("{\"a\":1}}\n{\"a\":2}\n", &["1:1 {\"a\":1}}", "2:1 {\"a\":2}"]),
        ("oops\n{\"a\":2}\n[1]\n2", &["1:1 oops", "2:1 {\"a\":2}", "3:1 [1]", "4:1 2"]),
        ("{\"a\":[\n{\"a\":2}\n{\"a\":3}\n", &["1:1 {\"a\":[", "2:1 {\"a\":2}", "3:1 {\"a\":3}"]),
        ("{\"a\":\n{\"a\":2}", &["1:1 {\"a\":", "2:1 {\"a\":2}"]),
        ("{\"a\":1,\n", &["1:1 {\"a\":1,"]),
        // One after the other.
        ("{\"a\":1} {\"a\":2}\n", &["1:1 {\"a\":1}", "1:9 {\"a\":2}"]),
        ("{}{}\t{} \n{}{\n}{}", &["1:1 {}", "1:3 {}", "1:6 {}", "2:1 {}", "2:3 {\n}", "3:2 {}"]),
        ("{}x{}\n{}", &["1:1 {}x{}", "2:1 {}"]),
        ("{}x}{}\n{}", &["1:1 {}x}", "1:5 {}", "2:1 {}"]),
        ("1}{\"a\":2}{\n}", &["1:1 1}", "1:3 {\"a\":2}", "1:10 {\n}"]),
        ("{\"a\":{}{\"a\":2}{}\n{}", &["1:1 {\"a\":{}", "1:8 {\"a\":2}", "1:15 {}", "2:1 {}"]),
        ("{}\n  {\"a\":[\n    {}\n    {}]}\n{}", &["1:1 {}", "2:3 {\"a\":[\n    {}\n    {}]}", "5:1 {}"]),
        // Byte order marks between files that were joined.
        ("{}\n\u{feff}{\n}\n{}", &["1:1 {}", "2:1 \u{feff}{\n}", "4:1 {}"]),
        ("{\"a\":1,\n\u{feff}{}", &["1:1 {\"a\":1,", "2:1 \u{feff}{}"]),
        ("{}\u{feff}{} \u{feff}", &["1:1 {}", "1:3 \u{feff}{}", "1:9 \u{feff}"]),
        // Arrays.
        ("[{\"a\":1},{\"a\":2}]", &["1:2 {\"a\":1}", "1:10 {\"a\":2}"]),
        ("[\n  {\"a\": [1, 2]} ,\n  {}\n]\n", &["2:3 {\"a\": [1, 2]}", "3:3 {}"]),
        ("[1, \"a,]\", [2, [3]], null]", &["1:2 1", "1:5 \"a,]\"", "1:12 [2, [3]]", "1:22 null"]),
        ("[{\"a\":\"]}\\\",\"},{}]", &["1:2 {\"a\":\"]}\\\",\"}", "1:16 {}"]),
        ("[{}] [] [\n{}]\n[2]", &["1:2 {}", "2:1 {}", "3:2 2"]),
        ("[{}]\n{}\n{}", &["1:2 {}", "2:1 {}", "3:1 {}"]),
    ];
    for (file, expected) in cases {
        assert_eq!(entries(file.as_bytes()), *expected, "{file}");
    }
}

#[test]
fn a_broken_element_spoils_only_itself_while_its_end_can_be_told() {
    let lost = "no further records can be told apart";
    let cases: &[(&str, &[&str])] = &[
        ("[{\"a\":1}}, {}]", &["1:2 {\"a\":1}}", "1:12 {}"]),
        ("[{\"a\":[1}, {}]", &["1:2 {\"a\":[1}", "1:12 {}"]),
        ("[{\"a\":1]}, {}]", &["1:2 {\"a\":1]}", "1:12 {}"]),
        ("[{\"a\":{\"b\":[}]}}, {}]", &["1:2 {\"a\":{\"b\":[}]}}", "1:19 {}"]),
        ("[{\"a\":{1]}, {}]", &[&format!("1:2 !records_lost 1:8 {lost}: expected a key in quotes, found `1`")]),
        ("[{} {}, {}]", &["1:2 {} {}", "1:9 {}"]),
        ("[{a:1,}, oops, {}]", &["1:2 {a:1,}", "1:10 oops", "1:16 {}"]),
        ("[,{}]", &["1:2 ", "1:3 {}"]),
        ("[{},]", &["1:2 {}", "1:5 "]),
        ("[{}", &["1:2 {}", &format!("1:4 !records_lost 1:4 {lost}: expected `]`, found the end of the text")]),
        ("[", &[&format!("1:2 !records_lost 1:2 {lost}: expected `]`, found the end of the text")]),
        (
            "[{},\n{\"a\":1, {}]\n",
            &["1:2 {}", &format!("2:1 !records_lost 2:9 {lost}: expected a key in quotes, found `{{`")],
        ),
        (
            "[{},\n{\"a\":1,",
            &["1:2 {}", &format!("2:1 !records_lost 2:8 {lost}: expected a key in quotes, found the end of the text")],
        ),
        ("[{},\n{\"a\":\"x},{}]", &["1:2 {}", &format!("2:1 !records_lost 2:6 {lost}: a string without an end")]),
        (
            "[{}] {}\n{}",
            &[
                "1:2 {}",
                &format!("1:6 !records_lost 1:6 {lost}: expected nothing behind the array, found `{{`"),
                "2:1 {}",
            ],
        ),
        (
            "[{}]\n\u{feff}[{}]",
            &[
                "1:2 {}",
                "2:1 !json_syntax 2:1 expected nothing behind the array, found a byte order mark (U+FEFF), as between files that \
                 were joined: remove it",
                "2:5 {}",
            ],
        ),
        ("[{\"a\":1, {}] x", &[&format!("1:2 !records_lost 1:10 {lost}: expected a key in quotes, found `{{`")]),
    ];
    for (file, expected) in cases {
        assert_eq!(entries(file.as_bytes()), *expected, "{file}");
    }
}

#[test]
fn a_record_that_is_too_long_spoils_only_itself() {
    let too_long = |at: &str| format!("{at} !record_too_large {at} a record of more than 8 bytes");
    let cases = [
        (
            "{\"a\":1}\n{\"a\":123}\n{\"a\":2}\n",
            ["1:1 {\"a\":1}".to_owned(), too_long("2:1"), "3:1 {\"a\":2}".to_owned()],
        ),
        ("[{\"a\":1},\n{\"a\":[[]]},{}]", ["1:2 {\"a\":1}".to_owned(), too_long("2:1"), "2:12 {}".to_owned()]),
        ("{\"a\":\n1}\n{\"a\":12345}{}", ["1:1 {\"a\":\n1}".to_owned(), too_long("3:1"), "3:12 {}".to_owned()]),
    ];
    for (file, expected) in cases {
        assert_eq!(list(Records::new(file.as_bytes(), Bytes::new(8))), expected, "{file}");
    }
}

#[test]
fn where_a_long_element_without_an_end_is_given_up_does_not_depend_on_the_pieces() {
    let file = b"[{\"a\":[1,2,3\n\n \n";
    let whole = list(Records::new(file, Bytes::new(8)));
    assert_eq!(
        whole,
        ["1:2 !records_lost 4:1 no further records can be told apart: expected `]`, found the end of the text"]
    );
    for piece in 1..file.len() {
        assert_eq!(entries_of_pieces(file, &[piece], Bytes::new(8)), whole, "{piece}");
    }
}

#[test]
fn endless_nesting_ends() {
    let file = format!("[{}", "[".repeat(2_000_000));
    let entries = list(Records::new(file.as_bytes(), Bytes::mebi(8)));
    assert_eq!(entries.len(), 1);
    assert!(entries[0].contains("!records_lost"), "{entries:?}");

    let file = format!("[{},{{}}]", "[{\"a\":".repeat(5_000) + &"}]".repeat(5_000));
    assert_eq!(list(Records::new(file.as_bytes(), Bytes::mebi(1))).len(), 2);
}

#[test]
fn mismatched_brackets_close_what_is_inside_or_mean_nothing() {
    // The ends of a value by what such a bracket means.
    let cases = [
        ("{}", [Some(2); 3]),
        (r#"[{"a":"]}\""}] x"#, [Some(14); 3]),
        (r#"{"a":[1} ]}"#, [Some(8), Some(8), Some(11)]),
        (r#"{"a":1]} }"#, [Some(8); 3]),
        (r#"[{"a":1]}, {}]"#, [Some(14), Some(8), Some(14)]),
        (r#"[{"a":1]}, {"b":[2}]"#, [Some(20), Some(8), None]),
        (r#"[{"a":{"b":1}, {}] }"#, [None, Some(18), None]),
        (r#"[{"a":[{"b":1]}],"c":2}]"#, [Some(16), Some(16), Some(24)]),
        (r#"{"a":[{"b":1]}],"c":2}"#, [Some(14), Some(14), Some(22)]),
        (r#"{"a":"}"#, [None; 3]),
        ("[[]", [None; 3]),
        ("x{}", [Some(3); 3]),
    ];
    for (text, expected) in cases {
        let ends = [Mismatched::Closes, Mismatched::EndsArray, Mismatched::IsIgnored];
        assert_eq!(ends.map(|mismatched| value_end(text.as_bytes(), mismatched)), expected, "{text}");
    }
}

/// A record whose brackets and strings are in order, valid or not.
fn element() -> impl Strategy<Value = String> {
    let broken = prop::sample::select(vec![
        "{a:1}",
        "{\"a\"}",
        "oops",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{\"a\":tru}",
        "{\"\\x\":01}",
        "{\"a\":[1}",
        "{\"a\":1}}",
        "{} x {}",
        "",
    ]);
    let valid = prop_oneof![
        "[a-z\\]\\[{},: ]{0,8}".prop_map(|text| format!("{{\"a\":\"{text}\",\"b\":[{{}},[\"\\\"\"]]}}")),
        any::<u32>().prop_map(|number| format!("{{\"n\": {number}}}")),
    ];
    prop_oneof![4 => valid, 1 => broken.prop_map(str::to_owned)]
}

fn file() -> impl Strategy<Value = (String, Vec<String>)> {
    let space = || prop::sample::select(vec!["", " ", "\n", "\r\n", "\n\n  "]);
    let line_end = || prop::sample::select(vec!["\n", "\r\n", "\n\n", " \n \t"]);
    let array = prop::collection::vec((element(), space(), space()), 0..8).prop_map(|elements| {
        let texts: Vec<String> =
            elements.iter().map(|(text, before, after)| format!("{before}{text}{after}")).collect();
        // An array whose only element is nothing is an array without elements.
        let is_empty = elements.iter().all(|(text, ..)| text.is_empty()) && elements.len() < 2;
        let expected = if is_empty { Vec::new() } else { elements.into_iter().map(|(text, ..)| text).collect() };
        (format!("[{}]", texts.join(",")), expected)
    });
    let lines = prop::collection::vec((element(), line_end()), 0..8).prop_map(|lines| {
        let text = lines.iter().map(|(text, end)| format!("{text}{end}")).collect();
        (text, lines.into_iter().map(|(text, _)| text).filter(|text| !text.is_empty()).collect())
    });
    prop_oneof![array, lines]
}

/// Valid records, on one line or several.
fn record() -> impl Strategy<Value = String> {
    let text = "[a-z\\]\\[{},: ]{0,8}";
    prop_oneof![
        text.prop_map(|text| format!("{{\"a\":\"{text}\",\"b\":[{{}},[\"\\\"\"]]}}")),
        any::<u32>().prop_map(|number| format!("{{\"n\": {number}, \"o\":{{\"p\":[1,{{\"q\":{{}} }}]}}}}")),
    ]
}

/// Valid records one after the other, with anything between them that may be there.
fn stream() -> impl Strategy<Value = (String, Vec<String>)> {
    let several = prop_oneof![
        Just("{\n  \"a\": [\n    {\n      \"b\": \"}{\"\n    },\n    {}\n  ]\n}".to_owned()),
        Just("{\"a\":[\n{\"b\":1},\n{\"b\":2}\n]}".to_owned()),
        Just("{\"a\":\r\n\r\n{\r\n}\r\n}".to_owned()),
        record(),
        record(),
    ];
    let between = prop::sample::select(vec!["", " ", "\n", "\r\n", "\n\n", " \n  "]);
    prop::collection::vec((several, between), 0..8).prop_map(|records| {
        let text = records.iter().map(|(text, between)| format!("{text}{between}")).collect();
        (text, records.into_iter().map(|(text, _)| text).collect())
    })
}

#[test]
fn a_stray_character_in_two_pieces_is_told_as_a_whole() {
    for file in ["[]\u{feff}", "{}\n\n {}\u{e9}", "[]\u{1f600}"] {
        let whole = list(Records::new(file.as_bytes(), Bytes::new(1)));
        assert_eq!(entries_of_pieces(file.as_bytes(), &[1], Bytes::new(1)), whole, "{file:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn records_beside_broken_ones_are_found((file, expected) in file()) {
        let found: Vec<&[u8]> = Records::new(file.as_bytes(), DEFAULT_MAX_RECORD).map(|entry| entry.text.unwrap()).collect();
        let expected: Vec<&[u8]> = expected.iter().map(String::as_bytes).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn records_follow_each_other_on_one_line_and_on_several((file, expected) in stream()) {
        let found: Vec<&[u8]> = Records::new(file.as_bytes(), DEFAULT_MAX_RECORD).map(|entry| entry.text.unwrap()).collect();
        let expected: Vec<&[u8]> = expected.iter().map(String::as_bytes).collect();
        prop_assert_eq!(found, expected, "{}", file);
    }

    #[test]
    fn a_first_line_that_is_cut_off_costs_one_record(
        first in record(),
        cut in any::<prop::sample::Index>(),
        rest in prop::collection::vec(record(), 1..5),
    ) {
        // In a text without a beginning, such brackets in a string cannot be told from two records.
        prop_assume!(!first.replace(' ', "").contains("}{"));
        let cut = 1 + cut.index(first.len() - 1);
        let (head, tail) = first.split_at(cut);
        // A text that begins with a bracket is an array, which a string with brackets may keep open.
        let halves = [Some(head), Some(tail).filter(|tail| !tail.trim_start().starts_with('['))];
        for half in halves.into_iter().flatten().filter(|half| !half.trim().is_empty()) {
            let file = format!("{half}\n{}\n", rest.join("\n"));
            let found: Vec<&[u8]> = Records::new(file.as_bytes(), DEFAULT_MAX_RECORD).map(|entry| entry.text.unwrap()).collect();
            prop_assert_eq!(found.len(), 1 + rest.len(), "{}", file);
            let expected: Vec<&[u8]> = rest.iter().map(String::as_bytes).collect();
            prop_assert_eq!(&found[1..], expected, "{}", file);
        }
    }

    #[test]
    fn nothing_is_lost_between_records(
        (mut file, _) in file(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{},\"a\n]?"), 0..4),
    ) {
        for (position, piece) in cuts {
            let position = file.floor_char_boundary(position.index(file.len() + 1));
            file.insert_str(position, &piece);
        }
        let mut covered = 0;
        let mut is_lost = false;
        for entry in Records::new(file.as_bytes(), DEFAULT_MAX_RECORD) {
            let start = usize::try_from(entry.at.offset).unwrap();
            prop_assert_eq!(entry.at, Position::of(file.as_bytes(), start));
            let between = file.get(covered..start).unwrap();
            // Besides the records there are white space, the brackets of the array and its commas.
            prop_assert!(is_lost || between.chars().all(|other| " \t\r\n,[]".contains(other)), "{between:?} of {file:?}");
            covered = start + entry.text.as_ref().map_or(0, |text| text.len());
            is_lost = entry.text.is_err();
        }
        let behind = file.get(covered..).unwrap();
        prop_assert!(is_lost || behind.chars().all(|other| " \t\r\n,[]".contains(other)), "the end of {file:?}");
    }

    #[test]
    fn pieces_make_no_difference(
        (mut file, _) in prop_oneof![file(), stream()],
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}, \"a\n\u{feff}]{0,3}"), 0..4),
        pieces in prop::collection::vec(1..40usize, 1..5),
        max_record in prop::sample::select(vec![1, 5, 12, 30, 1000]),
    ) {
        for (position, piece) in cuts {
            let position = file.floor_char_boundary(position.index(file.len() + 1));
            file.insert_str(position, &piece);
        }
        let max_record = Bytes::new(max_record);
        let whole = list(Records::new(file.as_bytes(), max_record));
        prop_assert_eq!(entries_of_pieces(file.as_bytes(), &pieces, max_record), whole);
    }
}
