//! Foreign text in messages, bounded.

use std::fmt;

/// The characters of foreign text that a message repeats.
const SHOWN: usize = 120;

/// The beginning of a text that somebody else wrote, short enough for a message and for an error that is kept.
///
/// Control characters are left as they are: who writes the message out escapes it for where it goes.
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

/// The name among `known` that is most like `name`, if one is near enough to be a slip of the pen.
///
/// Long names are compared by their first 64 characters only, so that a hostile one costs little.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let tolerated = name.chars().count().min(64) / 3 + 1;
    let (distance, best) = known.into_iter().map(|other| (distance(name, other), other)).min()?;
    (distance <= tolerated).then_some(best)
}

/// How many characters must be inserted, removed or replaced to turn one name into the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().take(64).enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&right) {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = *cell;
            *cell = replaced.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
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
    fn distance_counts_edits() {
        for (left, right, edits) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("quick", "quikc", 2), ("loan", "loan", 0)]
        {
            assert_eq!(distance(left, right), edits, "{left} {right}");
            assert_eq!(distance(right, left), edits, "{right} {left}");
        }
    }

    #[test]
    fn a_name_that_is_nothing_like_any_known_one_gets_no_advice() {
        assert_eq!(nearest("through", ["quick", "thorough"]), Some("thorough"));
        assert_eq!(nearest("xyz", ["quick", "thorough"]), None);
        assert_eq!(nearest("quick", []), None);
        assert_eq!(nearest(&"q".repeat(1 << 20), ["quick"]), None);
    }
}
