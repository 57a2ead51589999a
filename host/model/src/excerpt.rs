//! Foreign text in messages, bounded.

use std::fmt;

/// The characters of foreign text that a message repeats.
const SHOWN: usize = 120;

/// The beginning of a foreign text, short enough for a message and for an error that is kept.
///
/// Control characters are left as they are: the code that writes the message escapes it for where it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Excerpt(String);

impl Excerpt {
    /// The first 120 characters, and a mark if there are more.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text.char_indices().nth(SHOWN) {
            None => Self(text.to_owned()),
            Some((end, _)) => Self(format!("{}...", text.get(..end).unwrap_or_default())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The name among `known` that may be meant, if one is similar enough for a typing error.
///
/// Names are compared by their first 64 characters, so that a hostile one costs little.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(64).collect();
    let length = name.chars().count();
    let distance = |known: &str| match known.starts_with(&name) && length > 2 {
        // People leave out letters mostly at the end.
        true => 1,
        false => {
            let end = known.char_indices().nth(64).map_or(known.len(), |(end, _)| end);
            strsim::damerau_levenshtein(&name, known.get(..end).unwrap_or(known))
        }
    };
    let (distance, best) = known.into_iter().map(|other| (distance(other), other)).min()?;
    (distance <= length / 3 + 1).then_some(best)
}

/// `, did you mean ...?`, or nothing.
#[must_use]
pub fn advice<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |known| format!(", did you mean `{}`?", Excerpt::of(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(Excerpt::of("loan").as_str(), "loan");
        assert_eq!(Excerpt::of(&"é".repeat(120)).as_str(), "é".repeat(120));
        assert_eq!(Excerpt::of(&"é".repeat(121)).as_str(), format!("{}...", "é".repeat(120)));
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let known = ["limits", "memory", "suspend_after"];
        assert_eq!(nearest("limit", known), Some("limits"));
        assert_eq!(nearest("suspend-after", known), Some("suspend_after"));
        assert_eq!(nearest("suspend", known), Some("suspend_after"));
        assert_eq!(nearest("memroy", known), Some("memory"));
    }

    #[test]
    fn a_name_that_is_nothing_like_any_known_one_gets_no_advice() {
        assert_eq!(nearest("through", ["quick", "thorough"]), Some("thorough"));
        assert_eq!(nearest("xyz", ["quick", "thorough"]), None);
        assert_eq!(nearest("quick", []), None);
        assert_eq!(nearest(&"q".repeat(1 << 20), ["quick"]), None);
    }
}
