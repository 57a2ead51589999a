//! The placeholders of a message.

/// The names between single braces, in order, or what is wrong with the braces.
pub(crate) fn placeholders(message: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut chars = message.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '{' | '}' if chars.next_if_eq(&char).is_some() => {}
            '}' => return Err("a `}` without a `{`; a brace itself is written `}}`".to_owned()),
            '{' => {
                let mut name = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some('{') | None => {
                            return Err("a `{` without a `}`; a brace itself is written `{{`".to_owned());
                        }
                        Some(char) => name.push(char),
                    }
                }
                if name.is_empty() {
                    return Err("a placeholder without a name".to_owned());
                }
                names.push(name);
            }
            _ => {}
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn names_stand_between_single_braces() {
        for (message, expected) in [
            ("", vec![]),
            ("no names", vec![]),
            ("{a}{parent.b} {c}", vec!["a", "parent.b", "c"]),
            ("{{a}} {b}", vec!["b"]),
            ("{{{a}}}", vec!["a"]),
        ] {
            assert_eq!(placeholders(message).unwrap(), expected, "{message}");
        }
    }

    #[test]
    fn braces_that_do_not_match_are_refused() {
        for message in ["{", "{a", "}", "a}", "{a{b}}", "{}", "{{}", "{a}}"] {
            assert!(placeholders(message).is_err(), "{message}");
        }
    }
}
