//! Messages with the record's own words in them.

/// The longest message of a result, in bytes.
const MAX_MESSAGE: usize = 8 << 10;

/// Replaces the placeholders of a message: `{name}` by what `value` gives for it, `{{` and `}}` by braces. What is not known
/// stays as it stands.
pub(super) fn fill<'a>(out: &mut String, template: &str, value: impl Fn(&str) -> Option<&'a str>) {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        push(out, before);
        let braces = if from.starts_with("{{") {
            Some("{")
        } else if from.starts_with("}}") {
            Some("}")
        } else {
            None
        };
        let (text, length) = match braces {
            Some(brace) => (brace, 2),
            None => match from.strip_prefix('{').and_then(|name| name.split_once('}')) {
                Some((name, _)) if let Some(value) = value(name) => (value, name.len() + 2),
                _ => (from.get(..1).unwrap_or_default(), 1),
            },
        };
        push(out, text);
        rest = from.get(length..).unwrap_or_default();
    }
    push(out, rest);
}

/// Appends as much as still fits, cut between two characters.
pub(super) fn push(out: &mut String, text: &str) {
    let room = MAX_MESSAGE.saturating_sub(out.len());
    out.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let mut out = String::new();
        fill(&mut out, template, |name| match name {
            "principal" => Some("100.00"),
            "parent.limit" => Some("\"{status}\""),
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
        ] {
            assert_eq!(filled(template), expected, "{template}");
        }
    }

    #[test]
    fn a_message_cannot_grow_without_bound() {
        assert!(filled(&"{principal}".repeat(4_000)).len() <= MAX_MESSAGE);
        assert!(filled(&"ä".repeat(40_000)).len() <= MAX_MESSAGE);
    }
}
