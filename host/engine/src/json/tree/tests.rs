//! Trees against another reader of JSON, texts that are not JSON, and what look-ups cost.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::branch::*;
use super::entry::{FEW, compare};
use super::*;

fn read(text: &str) -> Result<TreeScratch, TreeError> {
    let mut scratch = TreeScratch::default();
    scratch.read(text).map(|()| scratch)
}

/// The tree as the other reader would have it.
fn value(branch: Branch<'_>) -> Value {
    match branch.shape() {
        Shape::Null => Value::Null,
        Shape::Boolean(boolean) => json!(boolean),
        Shape::Number(_) => serde_json::from_str(branch.number_token().unwrap()).unwrap_or_default(),
        Shape::Text(text) => json!(text),
        Shape::Array => branch.children().map(|(_, item)| value(item)).collect(),
        Shape::Object => branch.children().map(|(name, member)| (name, value(member))).collect(),
    }
}

fn names(branch: Branch<'_>) -> Vec<&str> {
    branch.children().map(|(name, _)| name).collect()
}

/// Reads a text in both ways and compares; `Value` tells whole numbers, floats and the sign of zero apart.
fn assert_same(text: &str) {
    let scratch = read(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let expected: Value = serde_json::from_str(text).unwrap();
    let debug = |value: &Value| format!("{value:?}");
    assert_eq!(debug(&value(scratch.tree(text).root().unwrap())), debug(&expected), "{text}");
    let tree = scratch.tree(text);
    let root = tree.root().unwrap();
    for (name, member) in expected.as_object().into_iter().flatten() {
        assert_eq!(root.member(name).map(value).as_ref(), Some(member), "{name} {text}");
    }
    assert!(root.member("no such name").is_none());
}

#[test]
fn numbers_are_what_they_are_for_the_other_reader() {
    for number in [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e5",
        "-0e-5",
        "7",
        "-7",
        "1.0",
        "1e0",
        "1E+2",
        "12e-1",
        "0.1",
        "0.30000000000000004",
        "9007199254740991.5",
        "9007199254740993",
        "9007199254740993.0",
        "900719925474.0993",
        "99999999.99",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "9999999999999999999",
        "-9999999999999999999",
        "10000000000000000000",
        "18446744073709551615",
        "18446744073709551616",
        "-18446744073709551615",
        "123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "0.000000000000000000000001",
        "1.000000000000000000000000",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "5e-324",
        "1e-400",
        "2.2250738585072011e-308",
    ] {
        assert_same(number);
        assert_same(&format!("[{number},{{\"a\":{number} }}]"));
    }
    assert_same(&format!("1{}", "0".repeat(308)));
    assert_same(&format!("0.{}1e400", "0".repeat(400)));
}

#[test]
fn a_number_whose_exponent_is_too_long_is_told() {
    for sign in ["", "+", "-"] {
        let number = |digits: usize| format!("[{{\"a\":1e{sign}000{}}}]", "9".repeat(digits));
        assert!(read(&number(30)).is_ok());
        assert_eq!(read(&number(31)).unwrap_err(), TreeError::Number);
    }
}

#[test]
fn texts_are_read_as_what_they_say() {
    for text in [
        r#""""#,
        r#"{"":"","a":"b"}"#,
        r#"{"\u0061\n":"\"\\\/\b\f\n\r\t\u00e9\ud83e\udd80"}"#,
        r#"["aaaaaaa\\","aaaaaaaa\"","ä\\ä","1234567","12345678","123456789"]"#,
        "{\"a\":\"héllo 🦀 \u{7f}\u{2028}\"}",
        " \r\n\t{ \"a\" :\t[ ] , \"b\" : { } }\n ",
        "[[],[[]],{},{\"a\":{}},[{}]]",
        "[true,false,null]",
        "true",
    ] {
        assert_same(text);
    }
    let long = "x\\n\\u00e9".repeat(10_000);
    assert_same(&format!("{{\"{long}\":\"{long}\"}}"));
}

#[test]
fn members_are_found_in_objects_of_every_size() {
    for count in [0, 1, FEW - 1, FEW, FEW + 1, 100] {
        let inner: Vec<String> = (0..count).map(|number| format!("\"n{}\":{number}", number * 7919 % 101)).collect();
        let inner = format!("{{{}}}", inner.join(","));
        let outer: Vec<String> = (0..count).map(|number| format!("\"m\\u00{:02x}\":{inner}", 33 + number)).collect();
        assert_same(&inner);
        assert_same(&format!("{{{}}}", outer.join(",")));
    }
}

#[test]
fn names_keep_the_order_of_the_text() {
    let text = r#"{"b":{"d":1,"\u0063":2},"aa":3,"a":[{"f":4,"e":5}]}"#;
    let scratch = read(text).unwrap();
    let tree = scratch.tree(text);
    assert_eq!(names(tree.root().unwrap()), ["b", "aa", "a"]);
}

#[test]
fn a_value_may_lie_64_levels_deep() {
    let arrays = |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
    assert_same(&arrays(64, "1"));
    assert_same(&arrays(64, "1,[]").replace("1,[]", "1,2"));
    assert_eq!(read(&arrays(65, "1")).unwrap_err(), TreeError::Depth);
    assert_eq!(read(&arrays(100_000, "")).unwrap_err(), TreeError::Depth);
}

#[test]
fn texts_that_are_not_json_are_refused_or_read_without_a_panic() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"\\",
        "\"\\\"",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "[1,",
        "[1,]",
        "[1",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "]",
        ",",
        ":",
        "tru",
        "nul",
        "[1]]",
        "{1:2}",
        "\0",
        "1\0",
        "{a:1}",
        "[\u{e9}]",
        "\u{feff}1",
    ] {
        assert_eq!(read(text).err(), Some(TreeError::Syntax), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}:,\"\\\\ua0-9.eE+tfn é\\-]{0,40}", end in "\\PC{0,8}") {
        let text = text + &end;
        let mut scratch = TreeScratch::default();
        if scratch.read(&text).is_ok() {
            let _ = value(scratch.tree(&text).root().unwrap());
        }
        // Nor does the tree of another text.
        let _ = scratch.tree("é").root().map(value);
    }

    #[test]
    fn floats_are_what_they_are_for_the_other_reader(whole in 0_u64..1 << 60, broken in 0_usize..25, sign in "-?") {
        let digits = format!("{whole:026}");
        let (whole, broken) = digits.split_at(26 - broken);
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        assert_same(&format!("{sign}{whole}{}{broken}", if broken.is_empty() { "" } else { "." }));
    }
}

#[test]
fn no_look_up_costs_more_than_the_logarithm_of_the_object() {
    for (count, most) in [(FEW, FEW), (FEW + 1, 6), (50_000, 17)] {
        // Names of one length with a long beginning in common.
        let members: Vec<String> = (0..count).map(|number| format!("\"{}{number:06}\":1", "x".repeat(14))).collect();
        let text = format!("{{{}}}", members.join(","));
        let scratch = read(&text).unwrap();
        let tree = scratch.tree(&text);
        let root = tree.root().unwrap();
        let compared = Cell::new(0);
        for number in (0..count + 10).step_by(count / 16) {
            let name = format!("{}{number:06}", "x".repeat(14));
            compared.set(0);
            let found = root.member_by(|other| {
                compared.set(compared.get() + 1);
                compare(other, &name)
            });
            assert_eq!(found.is_some(), number < count);
            assert!(compared.get() <= most, "{} of {count}", compared.get());
        }
    }
}
