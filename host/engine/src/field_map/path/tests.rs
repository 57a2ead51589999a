use proptest::prelude::*;

use super::*;

/// A path, or why it is none.
fn read(path: &str) -> Result<Path, String> {
    path.parse().map_err(|error: PathError| error.to_string())
}

#[test]
fn a_path_leads_through_keys_and_elements_and_becomes_a_pointer() {
    for (path, pointer) in [
        ("status", "/status"),
        ("a/b.~c.d", "/a~1b/~0c/d"),
        ("$schema", "/$schema"),
        ("a.$", "/a/$"),
        ("a b.c", "/a b/c"),
        ("tranches[0].amount", "/tranches/0/amount"),
        ("a[0][1].b", "/a/0/1/b"),
        ("a[10]", "/a/10"),
        ("a[999999]", "/a/999999"),
        (r"a\.b.c", "/a.b/c"),
        (r"a\\b", r"/a\b"),
        (r"a\[0\]", "/a[0]"),
        (r"a.\0.b", "/a/0/b"),
        (r"\2024.total", "/2024/total"),
        (r"a.\-1", "/a/-1"),
        (r"\$.x", "/$/x"),
        (r"\$\.x", "/$.x"),
        (r"$\.x", "/$.x"),
        (r"\/a/b", "/~1a~1b"),
        (r"\#/a", "/#~1a"),
        (r"rate\*", "/rate*"),
        (r"\ a\ .b", "/ a /b"),
        (r#"\"a\""#, "/\"a\""),
        ("o'clock", "/o'clock"),
        ("1st", "/1st"),
        ("ä.🎉", "/ä/🎉"),
    ] {
        assert_eq!(read(path).map(|path| path.pointer()).as_deref(), Ok(pointer), "{path}");
    }
}

#[test]
fn what_cannot_match_or_is_ambiguous_is_refused_with_what_to_write_instead() {
    let number = |key: &str| {
        format!("`{key}` may be a key or an index: write `\\{key}` for a key, or an index in brackets, as in `list[0]`")
    };
    let not_index = |inside: &str| {
        format!(
            "`[{inside}]` is not an index: write digits without a leading zero, as in `list[0]`, or `\\[` for the \
             character"
        )
    };
    let cases = [
        ("", PathError::EmptyKey.to_string()),
        (".", PathError::EmptyKey.to_string()),
        ("a.", PathError::EmptyKey.to_string()),
        (".a", PathError::EmptyKey.to_string()),
        ("a..b", PathError::EmptyKey.to_string()),
        ("a[0].", PathError::EmptyKey.to_string()),
        ("a.0.b", number("0")),
        ("0", number("0")),
        ("a.007", number("007")),
        ("a.-1", number("-1")),
        (" a", PathError::Space.to_string()),
        ("a ", PathError::Space.to_string()),
        ("a .b", PathError::Space.to_string()),
        ("a.\tb", PathError::Space.to_string()),
        ("a [0]", PathError::Space.to_string()),
        ("a[0] ", PathError::BehindElement.to_string()),
        ("\"a.b\"", PathError::Quote { quote: '"' }.to_string()),
        ("a.'b'", PathError::Quote { quote: '\'' }.to_string()),
        ("a.*", PathError::Wildcard.to_string()),
        ("a.**.b", PathError::Wildcard.to_string()),
        ("rate*", PathError::Wildcard.to_string()),
        ("a[*]", PathError::Wildcard.to_string()),
        ("$", PathError::JsonPath { sign: '$' }.to_string()),
        ("$.a", PathError::JsonPath { sign: '$' }.to_string()),
        ("$..a", PathError::JsonPath { sign: '$' }.to_string()),
        ("$['a']", PathError::JsonPath { sign: '$' }.to_string()),
        ("@.a", PathError::JsonPath { sign: '@' }.to_string()),
        ("/a/b", PathError::JsonPointer { sign: '/' }.to_string()),
        ("/", PathError::JsonPointer { sign: '/' }.to_string()),
        ("#/a", PathError::JsonPointer { sign: '#' }.to_string()),
        ("a[]", PathError::Lists.to_string()),
        ("a[].b", PathError::Lists.to_string()),
        ("[]", PathError::Lists.to_string()),
        ("a.[].b", PathError::Lists.to_string()),
        ("[0]", PathError::ElementFirst.to_string()),
        ("[0].a", PathError::ElementFirst.to_string()),
        ("a.[0]", PathError::DotBeforeElement.to_string()),
        ("a[0]b", PathError::BehindElement.to_string()),
        ("a[0", PathError::Unclosed.to_string()),
        ("a[", PathError::Unclosed.to_string()),
        ("a]", PathError::Unopened.to_string()),
        (r"a\[0]", PathError::Unopened.to_string()),
        ("a[0]]", PathError::BehindElement.to_string()),
        ("a['b']", PathError::KeyInBrackets.to_string()),
        ("a[\"b]", PathError::KeyInBrackets.to_string()),
        ("a[-1]", "`[-1]` counts from the end, and elements are counted from the first, `[0]`".to_owned()),
        ("a[1000000]", "`[1000000]` is above the greatest index, 999999".to_owned()),
        ("a[99999999999999999999]", "`[99999999999999999999]` is above the greatest index, 999999".to_owned()),
        ("a[01]", not_index("01")),
        ("a[+1]", not_index("+1")),
        ("a[ 0 ]", not_index(" 0 ")),
        ("a[0:2]", not_index("0:2")),
        ("a[0,1]", not_index("0,1")),
        ("a[?(@.b)]", not_index("?(@.b)")),
        ("a[b]", not_index("b")),
        ("a[٣]", not_index("٣")),
        (r"a\n", PathError::UnknownEscape { letter: 'n' }.to_string()),
        (r"a\u0041", PathError::UnknownEscape { letter: 'u' }.to_string()),
        ("a\\", PathError::OpenEscape.to_string()),
    ];
    for (path, expected) in cases {
        assert_eq!(read(path), Err(expected), "{path}");
    }
    assert_eq!(read(&vec!["a"; 65].join(".")), Err(PathError::TooDeep.to_string()));
    assert_eq!(read(&format!("a{}", "[0]".repeat(64))), Err(PathError::TooDeep.to_string()));
    assert!(read(&vec!["a"; 64].join(".")).is_ok());
    let long = read(&format!("a[{}]", "9".repeat(1 << 20))).unwrap_err();
    assert!(long.len() < 500, "{long}");
}

proptest! {
    #[test]
    fn every_key_but_the_empty_one_can_be_written(
        first in "\\PC{1,6}|[$@/#.\\[\\]*\\\\ 0-9'\"a-]{1,5}",
        rest in prop::collection::vec(
            prop_oneof![
                "\\PC{1,6}|[$@/#.\\[\\]*\\\\ 0-9'\"a\t\n-]{1,5}".prop_map(|key| Segment::Key(key.into())),
                (0..=MAX_INDEX).prop_map(Segment::Element),
            ],
            0..5,
        ),
    ) {
        let segments = [Segment::Key(first.into())].into_iter().chain(rest).collect();
        let path = Path { segments };
        prop_assert_eq!(read(&path.to_string()), Ok(path));
    }

    #[test]
    fn what_is_read_is_written_so_that_it_is_read_again(text in "[$/.\\[\\]*\\\\ 0-9'a-]{1,9}") {
        if let Ok(path) = read(&text) {
            prop_assert_eq!(read(&path.to_string()), Ok(path));
        }
    }
}
