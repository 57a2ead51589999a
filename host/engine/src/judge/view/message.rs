//! Messages with the record's own words in them.

use std::borrow::Cow;

/// The longest message of a result, in bytes.
const MAX_MESSAGE: usize = 8 << 10;
/// The part of it that is reserved for the closing words.
const LAST_WORDS: usize = 64;

/// Replaces the placeholders of a message: `{name}` by its value, `{{` and `}}` by braces. A name without a value stays as it is
/// written. The time is linear in the length of the template, however hostile.
pub(super) fn fill<'a>(out: &mut String, template: &str, value: impl Fn(&str) -> Option<Cow<'a, str>>) {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        push(out, before);
        let (text, length) = match from.as_bytes() {
            [b'{', b'{', ..] => (Cow::Borrowed("{"), 2),
            [b'}', b'}', ..] => (Cow::Borrowed("}"), 2),
            _ => match name(from) {
                Some(name) if let Some(value) = value(name) => (value, name.len() + 2),
                _ => (Cow::Borrowed(from.get(..1).unwrap_or_default()), 1),
            },
        };
        push(out, &text);
        rest = from.get(length..).unwrap_or_default();
    }
    push(out, rest);
}

/// Appends as much of a text as fits, cut between two characters.
pub(super) fn push(out: &mut String, text: &str) {
    push_up_to(MAX_MESSAGE - LAST_WORDS, out, text);
}

/// Appends the closing words, for which space is reserved.
pub(super) fn close(out: &mut String, text: &str) {
    push_up_to(MAX_MESSAGE, out, text);
}

fn push_up_to(most: usize, out: &mut String, text: &str) {
    let left = most.saturating_sub(out.len());
    out.push_str(text.get(..text.floor_char_boundary(left)).unwrap_or_default());
}

/// The name in a placeholder that a text begins with. No name has a brace in it.
fn name(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('{')?;
    let end = inside.find(['{', '}'])?;
    inside.get(end..)?.starts_with('}').then(|| inside.get(..end))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let mut out = String::new();
        fill(&mut out, template, |name| match name {
            "principal" => Some("100.00".into()),
            "parent.limit" => Some("\"{status}\"".into()),
            _ => None,
        });
        out
    }

    #[test]
    fn placeholders_become_values_and_double_braces_become_braces() {
        for (template, expected) in [
            ("", ""),
            ("principal {principal} must be positive", "principal 100.00 must be positive"),
            ("{principal}{principal}", "100.00100.00"),
            ("{{principal}} is {principal}", "{principal} is 100.00"),
            ("{parent.limit}", "\"{status}\""),
            ("{unknown} {", "{unknown} {"),
            ("}{ {} {{}}", "}{ {} {}"),
            ("{ä}{principal}", "{ä}100.00"),
            ("{{{principal}}}", "{100.00}"),
            ("{a{principal}", "{a100.00"),
        ] {
            assert_eq!(filled(template), expected, "{template}");
        }
    }

    #[test]
    fn a_message_cannot_grow_without_bound() {
        assert!(filled(&"{principal}".repeat(4_000)).len() <= MAX_MESSAGE);
        assert!(filled(&"ä".repeat(40_000)).len() <= MAX_MESSAGE);
        let mut out = "x".to_owned();
        push(&mut out, &"ä".repeat(40_000));
        close(&mut out, "; and 7 more");
        assert!(out.ends_with("ä; and 7 more") && out.len() <= MAX_MESSAGE);
    }

    #[test]
    fn a_hostile_template_costs_no_more_than_its_length() {
        for template in ["{a".repeat(2 << 20), "{".repeat((2 << 20) + 1), "{}".repeat(1 << 20)] {
            assert!(filled(&template).len() <= MAX_MESSAGE);
        }
    }
}
