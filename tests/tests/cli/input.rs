//! Records that are none: each is an entry that says what is wrong and where, and the others are judged.

use serde_json::{Value, json};

use crate::site::{CONFIG, Site, results};

/// The configuration with small caps, so that small files exceed them.
const SMALL: &str = "max_record: 2 KiB\nmax_file: 64 KiB\n";

/// A loan in NDJSON.
fn loan(id: &str) -> String {
    let schema = "https://schemas.example.com/loan/v1.0.0";
    format!(r#"{{"$schema":"{schema}","id":"{id}","financial":{{"principal_amount":100,"outstanding_balance":10}}}}"#)
}

/// Judges in both formats, which must say the same: an array that can be read, and as many lines.
#[track_caller]
fn judge(site: &Site, input: &[u8]) -> Vec<Value> {
    let run = |format| {
        let outcome = site.validate("quick", &["--format", format, "--allow-empty"], input);
        assert_eq!(outcome.stderr, "");
        assert!(outcome.code <= 1, "{}", outcome.code);
        crate::golden::without_times(&outcome.stdout)
    };
    let array: Vec<Value> = serde_json::from_str(&run("json")).unwrap();
    let lines = run("ndjson");
    assert!(lines.is_empty() || lines.ends_with('\n'));
    assert_eq!(array, results(&lines));
    array
}

/// One bad record between two good ones: the good ones are judged, the bad one has this code at this position.
#[track_caller]
fn check(bad: &[u8], code: &str, offset: usize) {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}{SMALL}"));
    let before = loan("before") + "\n";
    let input = [before.as_bytes(), bad, b"\n", loan("after").as_bytes()].concat();
    let found = judge(&site, &input);
    let shown = String::from_utf8_lossy(bad);
    assert_eq!(found.len(), 3, "{shown}: {found:?}");
    for (result, id) in [(&found[0], "before"), (&found[2], "after")] {
        assert_eq!((&result["entity_id"], result["results"].as_array().unwrap().len()), (&json!(id), 3), "{shown}");
        assert_eq!(result.get("error"), None);
    }
    is_entry(&found[1], code, 2, before.len() + offset);
}

#[track_caller]
fn is_entry(result: &Value, code: &str, line: usize, offset: usize) {
    let error = &result["error"];
    let found = (error["code"].as_str(), error["line"].as_u64(), error["offset"].as_u64());
    assert_eq!(found, (Some(code), Some(line as u64), Some(offset as u64)), "{result}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty() && message.len() < 400), "{result}");
    let rest = (&result["entity_type"], &result["status"], &result["results"]);
    assert_eq!(rest, (&Value::Null, &json!("ERROR"), &json!([])), "{result}");
}

#[test]
fn what_is_not_json_is_an_entry_with_its_position() {
    check(b"nonsense", "json_syntax", 0);
    check(br#"{"id": "x",}"#, "json_syntax", 11);
    check(br#"{"id": 'x'}"#, "json_syntax", 7);
    check(br#"{"id": 01}"#, "json_syntax", 7);
    check(br#"{"id": "x"} "y" {"id": "z"}"#, "json_syntax", 12);
    check(br#"{"id": NaN}"#, "json_syntax", 7);
    check(br#"{"id": "\ud800"}"#, "json_syntax", 8);
    check(br#"// {"id": "x"}"#, "json_syntax", 0);
}

#[test]
fn half_a_line_costs_only_that_line() {
    check(br#"{"id": "x", "financial": {"principal"#, "json_syntax", 26);
    check(b"}", "json_syntax", 0);
    check(b"{", "json_syntax", 1);
    check(b"\"", "json_syntax", 0);
}

#[test]
fn a_record_that_is_not_an_object_is_an_entry() {
    for bad in [&b"[1, 2]"[..], b"null", b"17", b"\"text\"", b"true"] {
        check(bad, "json_not_object", 0);
    }
}

#[test]
fn bytes_that_are_not_text_cost_only_their_record() {
    check(b"{\"id\": \"\xff\"}", "json_utf8", 8);
    check(b"\xed\xa0\x80", "json_utf8", 0);
    check(b"{\"id\": \"\xc3", "json_utf8", 8);
    check(b"\0", "json_syntax", 0);
    check(b"{\"id\": \"\0\"}", "json_syntax", 8);
    check(b"{\"id\": \"x\"\0}", "json_syntax", 10);
}

#[test]
fn a_key_that_stands_twice_is_an_entry_however_it_is_written() {
    check(br#"{"id": "x", "id": "x"}"#, "json_duplicate_key", 12);
    check(br#"{"id": "x", "\u0069d": "y"}"#, "json_duplicate_key", 12);
    check(br#"{"id": "x", "a": [{"b": {"c": 1, "d": 2, "c": 1}}]}"#, "json_duplicate_key", 41);
}

#[test]
fn numbers_that_nothing_can_hold_are_entries() {
    check(br#"{"id": "x", "n": 1e400}"#, "json_number", 17);
    check(br#"{"id": "x", "n": -1e999999999999999999}"#, "json_number", 17);
}

#[test]
fn what_is_nested_too_deeply_is_an_entry_and_one_level_less_is_judged() {
    let nested = |levels: usize| format!(r#"{{"id": "x", "a": {}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    check(nested(64).as_bytes(), "json_depth", 17 + 63);
    check(nested(900).as_bytes(), "json_depth", 17 + 63);
    let deepest = nested(63).replacen('{', r#"{"entity_type": "loan", "#, 1);
    let found = judge(&Site::signed(), deepest.as_bytes());
    assert_eq!(found[0].get("error"), None, "{found:?}");
}

#[test]
fn what_is_too_large_is_an_entry_and_one_byte_less_is_judged() {
    let padded = |length: usize| {
        let empty = r#"{"id": "x", "entity_type": "loan", "a": ""}"#;
        empty.replace("\"a\": \"\"", &format!("\"a\": \"{}\"", "y".repeat(length - empty.len())))
    };
    check(padded(2049).as_bytes(), "record_too_large", 0);
    check(padded(20_000).as_bytes(), "record_too_large", 0);
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}{SMALL}"));
    let found = judge(&site, padded(2048).as_bytes());
    assert_eq!(found[0].get("error"), None, "{found:?}");
}

#[test]
fn a_file_that_is_too_large_is_refused_whole() {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}{SMALL}"));
    let exact = " ".repeat(64 << 10);
    assert_eq!(judge(&site, exact.as_bytes()), Vec::<Value>::new());
    let over = exact + " ";
    site.validate("quick", &[], over.as_bytes()).refuses(2, &["standard input", "64 KiB", "max_file"]);
    site.write("loans.json", over);
    site.validate("quick", &["loans.json"], b"").refuses(2, &["loans.json", "64 KiB", "max_file"]);
}

#[test]
fn a_record_whose_rules_are_not_known_is_an_entry() {
    check(br#"{"id": "x"}"#, "no_entity_type", 0);
    check(br#"{"id": "x", "entity_type": "order"}"#, "unknown_entity_type", 0);
    check(br#"{"id": "x", "$schema": "https://schemas.example.com/loan/v9.0.0"}"#, "unknown_schema", 0);
    check(br#"{"id": "x", "$schema": 7}"#, "schema_not_text", 0);
    check(br#"{"id": "x", "entity_type": ["loan"]}"#, "entity_type_not_text", 0);
}

#[test]
fn nothing_in_is_nothing_out() {
    let site = Site::signed();
    for nothing in [&b""[..], b"\n", b" \r\n\t\n", b"[]", b" [ ] ", b"\xef\xbb\xbf", b"\xef\xbb\xbf[]\n"] {
        assert_eq!(judge(&site, nothing), Vec::<Value>::new(), "{nothing:?}");
    }
}

#[test]
fn line_ends_and_byte_order_marks_of_other_systems_are_accepted() {
    let site = Site::signed();
    let expected = judge(&site, format!("{}\n{}\n", loan("a"), loan("b")).as_bytes());
    assert_eq!(expected.len(), 2);
    for text in [
        format!("{}\r\n{}\r\n", loan("a"), loan("b")),
        format!("{}\n\n\r\n{}", loan("a"), loan("b")),
        format!("\u{feff}{}\n{}\n", loan("a"), loan("b")),
        format!("\u{feff}[{},\r\n{}]\r\n", loan("a"), loan("b")),
        format!("[\n{}\n,\n{}\n]", loan("a"), loan("b")),
    ] {
        assert_eq!(judge(&site, text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn a_broken_element_of_an_array_costs_only_itself() {
    let site = Site::signed();
    for (broken, code, offset) in [
        ("nonsense", "json_syntax", 0),
        (r#"{"id": "x" "y"}"#, "json_syntax", 11),
        (r#"{"id": [1, 2}"#, "json_syntax", 12),
        (r#"{"id": "x", "id": "y"}"#, "json_duplicate_key", 12),
        ("[{}]", "json_not_object", 0),
    ] {
        let before = format!("[{},", loan("before"));
        let found = judge(&site, format!("{before}{broken},{}]", loan("after")).as_bytes());
        assert_eq!(found.len(), 3, "{broken}: {found:?}");
        assert_eq!([&found[0]["entity_id"], &found[2]["entity_id"]], ["before", "after"]);
        is_entry(&found[1], code, 1, before.len() + offset);
    }
}

#[test]
fn an_array_that_ends_too_early_or_too_late_is_not_taken_for_whole() {
    let site = Site::signed();
    for (tail, offset) in [("", 0), (",", 1), ("] ]", 2), (&format!("]{}", loan("c")), 1)] {
        let text = format!("[{},{}{tail}", loan("a"), loan("b"));
        let found = judge(&site, text.as_bytes());
        assert_eq!(found.len(), 3, "{tail}: {found:?}");
        is_entry(&found[2], "records_lost", 1, text.len() - tail.len() + offset);
    }
}

#[test]
fn ten_thousand_records_of_which_every_seventh_is_broken() {
    const BROKEN: [(&[u8], &str); 8] = [
        (b"nonsense", "json_syntax"),
        (b"[1]", "json_not_object"),
        (b"{\"id\": \"x\", \"id\": \"x\"}", "json_duplicate_key"),
        (b"{\"id\": \"\xfe\"}", "json_utf8"),
        (b"\0", "json_syntax"),
        (b"{\"id\": \"x\", ", "json_syntax"),
        (b"{\"id\": 1e999}", "json_number"),
        (b"{\"id\": \"x\"}", "no_entity_type"),
    ];
    let is_broken = |index: usize| index % 7 == 6;
    let mut input = Vec::new();
    for index in 0..10_000 {
        match is_broken(index) {
            true => input.extend_from_slice(BROKEN[index / 7 % BROKEN.len()].0),
            false => input.extend_from_slice(loan(&format!("L-{index}")).as_bytes()),
        }
        input.push(b'\n');
    }
    let site = Site::signed();
    let found = judge(&site, &input);
    assert_eq!(found.len(), 10_000);
    let expected = &judge(&site, loan("L").as_bytes())[0]["results"];
    for (index, result) in found.iter().enumerate() {
        if is_broken(index) {
            let code = BROKEN[index / 7 % BROKEN.len()].1;
            assert_eq!((&result["error"]["code"], &result["error"]["line"]), (&json!(code), &json!(index + 1)));
            assert_eq!((&result["status"], &result["results"]), (&json!("ERROR"), &json!([])));
        } else {
            assert_eq!((&result["entity_id"], &result["results"]), (&json!(format!("L-{index}")), expected));
        }
    }
    let table = site.validate("quick", &[], &input).ends_with(1);
    assert!(
        table.ends_with("10000 records: 0 passed, 8572 failed, 1428 could not be read\n"),
        "{}",
        table.lines().last().unwrap_or_default()
    );
}

#[test]
fn ids_are_made_of_the_fields_that_are_asked_for() {
    let site = Site::signed();
    let record = r#"{"entity_type": "loan", "id": "A", "number": 7, "client": {"id": "C/1"}, "none": null,
        "parts": [{"no": 8}], "a.b": 9}"#
        .replace('\n', "");
    for (fields, id) in [
        ("id", "A"),
        ("client.id,number", "C/1-7"),
        ("none", "unknown"),
        ("nothing", "unknown"),
        ("id,nothing", "A"),
        (r"parts[0].no,a\.b", "8-9"),
        ("parts[1].no,parts.no", "unknown"),
    ] {
        let more = ["--format", "ndjson", "--id-fields", fields];
        let outcome = site.validate("quick", &more, record.as_bytes());
        assert_eq!(results(&outcome.stdout)[0]["entity_id"], id, "{fields}: {}", outcome.stderr);
    }
    for (field, advice) in [
        ("a..b", "write the keys that lead to the value, with dots between them"),
        ("parts.0.no", r"write `\0` for a key, or an index in brackets, as in `list[0]`"),
        ("parts[].no", "`[]` comes with lists in a later version"),
        ("/parts/0", "this is a JSON pointer: write `a.b` for `/a/b`"),
    ] {
        site.validate("quick", &["--id-fields", field], record.as_bytes()).refuses(2, &[field, advice]);
    }
}
