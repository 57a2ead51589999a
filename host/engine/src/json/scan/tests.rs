use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::json::paths::PathStep;

/// The code, the message and the position of the error.
fn refusal(text: &[u8]) -> (&'static str, String, (u64, u64, u64)) {
    let error = scan(text, &Paths::default(), &mut Scratch::default()).unwrap_err();
    let at = error.at;
    (error.code(), error.problem.to_string(), (at.offset, at.line, at.column))
}

fn is_accepted(text: &[u8]) -> bool {
    scan(text, &Paths::default(), &mut Scratch::default()).is_ok()
}

#[test]
fn a_text_that_is_not_json_is_refused_with_its_position() {
    let cases: &[(&str, &str, u64)] = &[
        ("", "expected a value, found the end of the text", 0),
        ("  ", "expected a value, found the end of the text", 2),
        ("{", "expected a key in quotes, found the end of the text", 1),
        ("{a:1}", "expected a key in quotes, found `a`", 1),
        ("{'a':1}", "expected a key in quotes, found `'`", 1),
        (r#"{"a"}"#, "expected `:`, found `}`", 4),
        (r#"{"a":}"#, "expected a value, found `}`", 5),
        (r#"{"a":1"#, "expected `,` or `}`, found the end of the text", 6),
        (r#"{"a":1,}"#, "expected a key in quotes, found `}`", 7),
        (r#"{"a":1 "b":2}"#, "expected `,` or `}`, found `\"`", 7),
        ("[1,]", "expected a value, found `]`", 3),
        ("[1 2]", "expected `,` or `]`, found `2`", 3),
        ("[,1]", "expected a value, found `,`", 1),
        ("1 2", "expected nothing behind the value, found `2`", 2),
        ("{} // x", "expected nothing behind the value, found `/`", 3),
        (
            "\u{feff}{}",
            "expected a value, found a byte order mark (U+FEFF), as between files that were joined: remove it",
            0,
        ),
        ("\u{a0}{}", "expected a value, found `\\u{a0}`", 0),
        ("\u{c}{}", "expected a value, found `\\u{c}`", 0),
        ("01", "a number with a leading zero", 0),
        ("-012", "a number with a leading zero", 1),
        ("+1", "expected a value, found `+`", 0),
        (".5", "expected a value, found `.`", 0),
        ("-", "expected a digit, found the end of the text", 1),
        ("1.", "expected a digit, found the end of the text", 2),
        ("1.e3", "expected a digit, found `e`", 2),
        ("1e", "expected a digit, found the end of the text", 2),
        ("1e+x", "expected a digit, found `x`", 3),
        ("0x10", "expected nothing behind the value, found `x`", 1),
        ("NaN", "expected a value, found `N`", 0),
        ("nul", "expected a value, found `n`", 0),
        ("nullx", "expected nothing behind the value, found `x`", 4),
        ("True", "expected a value, found `T`", 0),
        (r#""abc"#, "a string without an end", 0),
        (r#""abc\"#, "a string without an end", 4),
        ("\"a\tb\"", "a control character that is not escaped", 2),
        ("\"a\0b\"", "a control character that is not escaped", 2),
        (r#""a\xb""#, "a backslash before something that it cannot escape", 2),
        (r#""\u12g4""#, "`\\u` without four hexadecimal digits", 1),
        (r#""\u12"#, "`\\u` without four hexadecimal digits", 1),
        (r#""\ud83d""#, "a `\\u` escape for one half of a character", 1),
        (r#""\ud83dx\ude00""#, "a `\\u` escape for one half of a character", 1),
        (r#""\ude00""#, "a `\\u` escape for one half of a character", 1),
        (r#""\ud83d\u0041""#, "a `\\u` escape for one half of a character", 1),
        ("{\"a\":1\0}", "expected `,` or `}`, found `\\0`", 6),
    ];
    for &(text, message, offset) in cases {
        assert_eq!(refusal(text.as_bytes()), ("json_syntax", message.to_owned(), (offset, 1, offset + 1)), "{text}");
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    let (code, _, at) = refusal(b"{\n\"a\": \"x\xff\"}");
    assert_eq!((code, at), ("json_utf8", (9, 2, 8)));
    assert!(!is_accepted(b"\"\xed\xa0\x80\""));
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |depth: usize| format!("{}{}", "[{\"a\":".repeat(depth / 2), "1") + &"}]".repeat(depth / 2);
    assert!(is_accepted(nested(MAX_DEPTH).as_bytes()));
    let (code, message, at) = refusal(nested(MAX_DEPTH + 2).as_bytes());
    assert_eq!((code, at.0), ("json_depth", 6 * 32));
    assert_eq!(message, "more than 64 arrays and objects inside of each other");
    assert_eq!(refusal("[".repeat(1_000_000).as_bytes()).0, "json_depth");
}

#[test]
fn numbers_end_where_floats_do() {
    let long = |digits: usize| format!("9{}", "0".repeat(digits));
    for number in ["1e308", "-1.7976931348623157e308", "1E-99999999999999999999", "0e99999999999999999999", &long(307)]
    {
        assert!(is_accepted(number.as_bytes()), "{number}");
    }
    assert!(is_accepted(format!("{}e-400", long(400)).as_bytes()));
    for number in ["1e309", "-1e+309", "1e99999999999999999999", "1.8e308", &long(308), &format!("0.5{}e400", long(9))]
    {
        let (code, message, at) = refusal(format!(r#"{{"a":{number}}}"#).as_bytes());
        assert_eq!((code, message.as_str(), at.0), ("json_number", "a number that is too large", 5), "{number}");
    }
}

#[test]
fn a_path_deeper_than_any_text_is_never_found() {
    let mut paths = Paths::default();
    let deep: Vec<&str> = vec!["a"; 1_000_000];
    assert_eq!((paths.add(deep.clone()), paths.add(["b"]), paths.add(deep.clone()), paths.slots()), (0, 1, 2, 3));
    let mut scratch = Scratch::default();
    let scanned = scan(br#"{"a":{"a":1},"b":2}"#, &paths, &mut scratch).unwrap();
    let found: Vec<Option<&str>> = scanned.spans.iter().map(|span| span.of(scanned.text)).collect();
    assert_eq!(found, [None, Some("2"), None]);
}

#[test]
fn length_ends_at_the_limit() {
    let mut scratch = Scratch::new(Bytes::new(10));
    assert!(scan(b"[12345678]", &Paths::default(), &mut scratch).is_ok());
    let error = scan(b"[123456789]", &Paths::default(), &mut scratch).unwrap_err();
    assert_eq!(
        (error.code(), error.problem.to_string().as_str()),
        ("record_too_large", "a record of more than 10 bytes")
    );
}

#[test]
fn a_refused_text_leaves_nothing_behind() {
    let mut paths = Paths::default();
    paths.add(["a"]);
    let mut scratch = Scratch::default();
    assert!(scan(br#"{"a":1,"b":{"c":1"#, &paths, &mut scratch).is_err());
    let scanned = scan(br#"{"b":1,"c":2}"#, &paths, &mut scratch).unwrap();
    assert_eq!(scanned.spans, [Span::NONE]);
}

#[test]
fn paths_find_their_values() {
    let mut paths = Paths::default();
    let wanted = [&["a"][..], &["a", "b"], &["a", "b", "c"], &["x"], &["n"], &["l", "0"], &["a", "b"], &["é"]];
    let slots: Vec<u32> = wanted.iter().map(|path| paths.add(path.iter().copied())).collect();
    assert_eq!(slots, [0, 1, 2, 3, 4, 5, 1, 6]);
    let text = r#" {"\u0061": {"b" :{"c":[1, 2] } }, "n":null,"l":["0"] , "A":9, "é" : -1.5e3} "#;
    let mut scratch = Scratch::default();
    let scanned = scan(text.as_bytes(), &paths, &mut scratch).unwrap();
    let found: Vec<Option<&str>> = scanned.spans.iter().map(|span| span.of(scanned.text)).collect();
    let expected = [
        Some(r#"{"b" :{"c":[1, 2] } }"#),
        Some(r#"{"c":[1, 2] }"#),
        Some("[1, 2]"),
        None,
        Some("null"),
        None,
        Some("-1.5e3"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_in_the_way_of_a_path_takes_the_place_of_the_value() {
    use PathStep::{Element, Key};
    let mut paths = Paths::default();
    let wanted: [&[PathStep<'_>]; 7] = [
        &[Key("a")],
        &[Key("a"), Key("b")],
        &[Key("a"), Key("b"), Key("c")],
        &[Key("a"), Element(1)],
        &[Key("a"), Element(1), Element(0), Key("d")],
        &[Key("a"), Element(300_000)],
        &[Key("x"), Key("y")],
    ];
    for path in wanted {
        paths.add(path.iter().copied());
    }
    let mut scratch = Scratch::default();
    let mut found = |text: &str| -> Vec<String> {
        let scanned = scan(text.as_bytes(), &paths, &mut scratch).unwrap();
        let show = |span: &Span| match (span.of(text), span.obstacle_of(text)) {
            (Some(value), None) => value.to_owned(),
            (None, Some(obstacle)) => format!("!{obstacle}"),
            (None, None) => "-".to_owned(),
            (Some(_), Some(_)) => panic!("found and not found"),
        };
        scanned.spans.iter().map(show).collect()
    };
    for (text, expected) in [
        ("{}", ["-", "-", "-", "-", "-", "-", "-"]),
        (r#"{"a":null,"x":null}"#, ["null", "-", "-", "-", "-", "-", "-"]),
        (
            r#"{"a":{"b":{"c":1}}}"#,
            [
                r#"{"b":{"c":1}}"#,
                r#"{"c":1}"#,
                "1",
                "!{\"b\":{\"c\":1}}",
                "!{\"b\":{\"c\":1}}",
                "!{\"b\":{\"c\":1}}",
                "-",
            ],
        ),
        (r#"{"a":{"b":2}}"#, [r#"{"b":2}"#, "2", "!2", "!{\"b\":2}", "!{\"b\":2}", "!{\"b\":2}", "-"]),
        ("{\"a\":[]}", ["[]", "![]", "![]", "-", "-", "-", "-"]),
        (
            "{\"a\":[0,[{\"d\":1}]]}",
            ["[0,[{\"d\":1}]]", "![0,[{\"d\":1}]]", "![0,[{\"d\":1}]]", "[{\"d\":1}]", "1", "-", "-"],
        ),
        ("{\"a\":[0, [[]] ]}", ["[0, [[]] ]", "![0, [[]] ]", "![0, [[]] ]", "[[]]", "![]", "-", "-"]),
        ("{\"a\":[0,true]}", ["[0,true]", "![0,true]", "![0,true]", "true", "!true", "-", "-"]),
        (r#"{"a":"t"}"#, ["\"t\"", "!\"t\"", "!\"t\"", "!\"t\"", "!\"t\"", "!\"t\"", "-"]),
        (r#"{"x":-1}"#, ["-", "-", "-", "-", "-", "-", "!-1"]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    let long = format!(r#"{{"a":[{}7]}}"#, "0,".repeat(300_000));
    assert_eq!(found(&long)[5], "7");
}

#[test]
fn a_key_that_comes_again_and_again_costs_no_more_than_its_text() {
    let mut paths = Paths::default();
    let keys: Vec<String> = (0..5_000).map(|key| key.to_string()).collect();
    for key in &keys {
        paths.add([PathStep::Key("a"), PathStep::Key(key)]);
        paths.add([PathStep::Key("a"), PathStep::Element(key.parse().unwrap())]);
    }
    let text = format!("{{{}\"b\":1}}", r#""a":1,"#.repeat(150_000));
    let error = scan(text.as_bytes(), &paths, &mut Scratch::default()).unwrap_err();
    assert_eq!(error.code(), "json_duplicate_key");
}

/// JSON, in all the ways in which it can be written.
fn json() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", "", "", " ", "\n", "\t", "\r\n "]);
    let number = r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?";
    let string = prop::collection::vec(
        prop_oneof![
            3 => "[a-z0-9 äß€😀]{0,9}",
            1 => r#"\\["\\/bfnrt]"#,
            1 => r"\\u[0-9a-cA-C][0-9a-fA-F]{3}",
            1 => r"\\ud[89abAB][0-9a-fA-F]{2}\\uD[c-fC-F][0-9a-f]{2}",
        ],
        0..4,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
        number,
        string.clone(),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        let member = (space(), string.clone(), space(), space(), inner, space())
            .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
        prop_oneof![
            prop::collection::vec(element, 1..6).prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec(member, 1..6).prop_map(|members| format!("{{{}}}", members.join(","))),
            space().prop_map(|space| format!("[{space}]")),
            space().prop_map(|space| format!("{{{space}}}")),
        ]
    })
}

/// A change that may or may not make a text invalid.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "1", " ", "\n", "\u{1}", "null", "\\u",
        "\\ud800", "a", "é", "\0", "/", "\"a\":1,", ",,", "{}",
    ]);
    let cut = (any::<prop::sample::Index>(), 0..4usize, piece, any::<Option<u8>>());
    (json(), prop::collection::vec(cut, 1..3)).prop_map(|(text, cuts)| {
        let mut bytes = text.into_bytes();
        for (position, length, piece, byte) in cuts {
            let start = position.index(bytes.len() + 1);
            let end = bytes.len().min(start + length);
            let mut piece = piece.as_bytes().to_vec();
            // Rarely, a byte that need not even be UTF-8.
            piece.extend(byte.filter(|byte| byte % 7 == 0));
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

/// What `serde_json` says, which neither repeated keys nor this depth disturb; but it refuses numbers that its own floats cannot hold.
fn is_json(text: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(text) {
        Ok(_) => true,
        Err(error) if error.to_string().starts_with("number out of range") => {
            serde_json::from_slice::<&RawValue>(text).is_ok()
        }
        Err(_) => false,
    }
}

fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
    match scan(text, &Paths::default(), &mut Scratch::default()) {
        Ok(scanned) => {
            prop_assert_eq!(scanned.text.as_bytes(), text);
            prop_assert!(is_json(text), "only we accept {}", String::from_utf8_lossy(text));
        }
        Err(error) => match error.problem {
            JsonProblem::Syntax(_) | JsonProblem::Utf8 => {
                prop_assert!(!is_json(text), "only we refuse {}: {error}", String::from_utf8_lossy(text));
                prop_assert!(error.at.offset <= text.len() as u64);
            }
            JsonProblem::Number => {
                prop_assert!(serde_json::from_slice::<Value>(text).is_err(), "{}", String::from_utf8_lossy(text));
            }
            // Objects and arrays never get deeper than a few levels here, so only repeated keys are left.
            other => prop_assert_eq!(other.code(), "json_duplicate_key"),
        },
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn serde_json_accepts_what_we_accept(text in json()) {
        prop_assert!(is_json(text.as_bytes()));
        agrees(text.as_bytes())?;
    }

    #[test]
    fn serde_json_refuses_what_we_refuse(text in changed()) {
        agrees(&text)?;
    }

    #[test]
    fn any_bytes_get_an_answer(text in prop::collection::vec(any::<u8>(), 0..60)) {
        agrees(&text)?;
    }
}
