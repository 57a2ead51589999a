//! What patterns match, what is refused, and what they cost.

use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::compile(pattern).unwrap_or_else(|refusal| panic!("{pattern} {refusal}")).matches(text)
}

#[test]
fn patterns_mean_what_ecma_262_says() {
    for (pattern, yes, no) in [
        ("", &["", "a"][..], &[][..]),
        ("b", &["b", "abc"], &["", "a"]),
        (
            "^a.c$",
            &["abc", "a\u{e9}c", "a\tc", "a\u{85}c"],
            &["a\nc", "a\rc", "a\u{2028}c", "a\u{2029}c", "ac", "abc\n"],
        ),
        (r"^\w+$", &["aZ_9"], &["\u{e9}", "a-b", "\u{17f}", "\u{212a}"]),
        (r"^\W$", &["\u{e9}", "-"], &["a", "_"]),
        (r"^\d+$", &["0123"], &["\u{661}", "1a"]),
        (r"^\D$", &["\u{661}"], &["1"]),
        (r"^\s+$", &[" \t\n\u{b}\u{c}\r\u{a0}\u{feff}\u{2029}\u{3000}"], &["\u{85}", "\u{180e}", "a"]),
        (r"^\S+$", &["\u{85}"], &["\u{feff}"]),
        (r"\bcat\b", &["a cat", "cat", "\u{e9}cat\u{e9}"], &["cats", "concat"]),
        (r"a\Bb", &["ab"], &["a b"]),
        (r"^[^a-c\d]$", &["d", "-"], &["a", "5"]),
        (r"^[\w.+-]+$", &["a.b+c-d"], &["a b"]),
        (r"^[]$", &[], &["", "a"]),
        (r"^[^]$", &["a", "\n"], &[""]),
        (r"^[\b]$", &["\u{8}"], &["b"]),
        (r"^[a\-z]+$", &["a-z"], &["b"]),
        (r"^[\]\\]+$", &["]\\"], &["a"]),
        (r"^(EUR|USD)$", &["EUR", "USD"], &["EURUSD", "eur"]),
        (r"^(?:ab){2,3}?$", &["abab", "ababab"], &["ab", "abababab"]),
        (r"^(?<year>\d{4})-\d{2}$", &["2024-05"], &["24-05"]),
        (r"^a{0}b$", &["b"], &["ab"]),
        (r"^a{2,}$", &["aa", "aaaa"], &["a"]),
        (r"^{.*}$", &["{x}"], &["x"]),
        (r"^a{b}]$", &["a{b}]"], &["ab"]),
        (r"^x{,3}$", &["x{,3}"], &["xx"]),
        (r"^\x41\u0042\u{43}\u{1F600}\ud83d\ude00$", &["ABC\u{1f600}\u{1f600}"], &["ABC"]),
        (r"^[\u0041-\u0043]\0?\t\n\v\f\r$", &["B\t\n\u{b}\u{c}\r"], &["D\t\n\u{b}\u{c}\r"]),
        (r"^\p{L}+$", &["a\u{e9}\u{df}"], &["1"]),
        (r"^\p{Lu}\P{Lu}$", &["Aa"], &["AA"]),
        (r"^\p{Script=Greek}+$", &["\u{3b1}"], &["a"]),
        (r"^\p{gc=Nd}[\p{Ll}_]$", &["\u{661}_"], &["a_"]),
        (r"^\/\-\.\*\+\?\(\)\[\]\{\}\|\^\$\_\@\#\ $", &["/-.*+?()[]{}|^$_@# "], &["/"]),
        ("^\u{1f600}$", &["\u{1f600}"], &["a"]),
        ("^.$", &["\u{1f600}"], &["ab"]),
        ("a|^$|b", &["", "xa", "bx"], &["x"]),
        ("(|a)b*?", &["", "b"], &[]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern} {text:?}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern} {text:?}");
        }
    }
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    for (pattern, at, what) in [
        ("ab(?=c)", 3, "look-around is not supported"),
        ("(?<!a)b", 1, "look-around is not supported"),
        ("(?!a)", 1, "look-around is not supported"),
        ("(?<=a)", 1, "look-around is not supported"),
        (r"(a)\1", 5, "references to groups are not supported"),
        (r"(?<x>a)\k<x>", 9, "references to groups are not supported"),
        (r"\u00e9\cA", 8, r"`\c` is not supported"),
        (r"[\cA]", 3, r"`\c` is not supported"),
        ("(?i)a", 1, "`(?` must be followed by `:` or `<name>`"),
        ("(?<x", 3, "the name of a group does not end"),
        ("(a", 2, "a `(` without its `)`"),
        ("a)", 1, "a `)` without its `(`"),
        ("[a", 2, "a `[` without its `]`"),
        ("[z-a]", 4, "a range whose ends are out of order"),
        (r"[\d-z]", 3, "a range that begins with a class"),
        (r"[a-\d]", 5, "a range that ends in a class"),
        ("*a", 1, "nothing to repeat"),
        ("a**", 2, "nothing to repeat"),
        ("{3}", 3, "nothing to repeat"),
        ("^*", 2, "an assertion cannot be repeated"),
        ("a{3,2}", 6, "a repetition whose bounds are out of order"),
        (r"\", 1, "nothing follows the backslash"),
        (r"\z", 2, "an unknown escape"),
        (r"\Aa", 2, "an unknown escape"),
        (r"\x4", 2, r"`\x` needs two digits"),
        (r"\ud83d", 6, r"`\u` needs four digits, or a character's number in braces"),
        (r"\u{110000}", 10, r"`\u` needs four digits, or a character's number in braces"),
        (r"\pL", 2, r"a property of Unicode that is not known: `\p{L}`, `\p{Lu}`, `\p{Script=Greek}`"),
        (r"\p{Nope}", 8, r"a property of Unicode that is not known: `\p{L}`, `\p{Lu}`, `\p{Script=Greek}`"),
        (r"\p{L}\p{a}b}", 10, r"a property of Unicode that is not known: `\p{L}`, `\p{Lu}`, `\p{Script=Greek}`"),
    ] {
        let refusal = Pattern::compile(pattern).expect_err(pattern);
        assert_eq!(refusal, PatternRefusal::Syntax { at, what }, "{pattern}");
    }
    for large in ["((a{100}){100}){100}", r"\p{L}{5000}", "[a-z]{99999}", "a{4294967296}"] {
        assert_eq!(Pattern::compile(large).expect_err(large), PatternRefusal::TooLarge, "{large}");
    }
    let groups = |count: usize| format!("{}a{}", "(".repeat(count), ")".repeat(count));
    assert!(Pattern::compile(&groups(50)).is_ok());
    assert!(Pattern::compile(&groups(51)).is_err());
    assert!(Pattern::compile(&"a".repeat(MAX_PATTERN_BYTES)).is_ok());
    assert_eq!(Pattern::compile(&"a".repeat(MAX_PATTERN_BYTES + 1)).unwrap_err(), PatternRefusal::TooLong);
}

#[test]
fn patterns_in_use_have_tables() {
    for pattern in [
        "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
        "^.{1,255}$",
        r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
        "^(EUR|USD|GBP|CHF)$",
        "^https?://[^/ ]+(/.*)?$",
        "(a+)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(.*)*=(.*)*$",
    ] {
        let pattern = Pattern::compile(pattern).unwrap();
        assert!(matches!(pattern.engine, Engine::Table(_)), "{} {}", pattern.text, pattern.size);
        assert_eq!(pattern.steps, TABLE_STEPS);
    }
    let letters = Pattern::compile(r"^\p{L}{1,40}$").unwrap();
    assert!(matches!(letters.engine, Engine::Positions(_)));
    assert_eq!(letters.steps, 2 * POSITION_STEPS);
    let exponential = Pattern::compile("(a|b)*a(a|b){20}").unwrap();
    assert!(matches!(exponential.engine, Engine::Positions(_)));
    assert_eq!(exponential.steps, 23 * POSITION_STEPS);
}
