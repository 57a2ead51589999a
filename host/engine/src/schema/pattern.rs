//! The cost of a pattern: the memory of its compiled form, and the time for each byte of text.

use std::iter::Peekable;
use std::str::Chars;

use jsonschema::PatternOptions;
use serde_json::json;

use super::limits::{MAX_PATTERN_BYTES, MAX_PATTERN_SIZE};
use super::problem::PatternRefusal;

/// The sizes that compiled patterns are told apart by.
const SIZES: [usize; 5] = [4 << 10, 32 << 10, 256 << 10, 1 << 20, MAX_PATTERN_SIZE];

/// Steps for each byte of text and each position of a pattern that a match under way may have reached. Measured: 7 to 17.
const POSITION_STEPS: u64 = 24;

/// The cost of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Weight {
    /// Bytes of its compiled form, rounded up.
    pub(super) size: usize,
    /// Steps for each byte of text, at worst. Nearly all patterns on nearly all texts take one.
    pub(super) steps: u64,
}

/// The engine that patterns run on: linear in the text, bounded in size, and in what it caches for each thread.
pub(super) fn engine(size: usize) -> PatternOptions<jsonschema::Regex> {
    PatternOptions::regex().size_limit(size).dfa_size_limit(128 << 10)
}

/// Weighs a pattern.
///
/// The engine is linear in the text, but for each byte it may have to visit every position that a match under way has reached.
/// Two counts bound these positions: the states of the compiled form, and the letters and classes of the pattern with its counted
/// repetitions written out.
pub(super) fn weigh(pattern: &str) -> Result<Weight, PatternRefusal> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(PatternRefusal::TooLong);
    }
    // Each control letter makes the library read the pattern once more.
    if has_control_letter(pattern) {
        return Err(PatternRefusal::DoesNotCompile);
    }
    let schema = json!({ "pattern": pattern });
    let compiles = |size: &usize| jsonschema::options().with_pattern_options(engine(*size)).build(&schema).is_ok();
    let size = SIZES.into_iter().find(compiles).ok_or(PatternRefusal::DoesNotCompile)?;
    let states = u64::try_from(size / 8).unwrap_or(u64::MAX);
    let positions =
        positions(pattern).map_or(u64::MAX, |positions| positions.saturating_add(1).saturating_mul(POSITION_STEPS));
    Ok(Weight { size, steps: states.min(positions) })
}

/// Whether the pattern has a `\c` that is not the end of `\\c`.
fn has_control_letter(pattern: &str) -> bool {
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && letters.next() == Some('c') {
            return true;
        }
    }
    false
}

/// How many letters and classes a pattern has when its counted repetitions are written out; nothing for a pattern that is not
/// plain enough to be sure.
fn positions(pattern: &str) -> Option<u64> {
    let mut letters = pattern.chars().peekable();
    let mut outer: Vec<u64> = Vec::new();
    // The positions of the group at hand, and those among them that a quantifier would repeat.
    let (mut all, mut last) = (0_u64, 0_u64);
    while let Some(letter) = letters.next() {
        match letter {
            '(' => {
                open(&mut letters)?;
                outer.push(all);
                (all, last) = (0, 0);
                continue;
            }
            ')' => {
                last = all.max(1);
                all = outer.pop()?.saturating_add(last);
                continue;
            }
            '{' => {
                let times = times(&mut letters)?;
                all = all.saturating_add(last.saturating_mul(times.saturating_sub(1)));
                last = last.saturating_mul(times.max(1));
                continue;
            }
            '*' | '+' | '?' => continue,
            '\\' => escaped(&mut letters)?,
            '[' => class(&mut letters)?,
            _ => {}
        }
        (all, last) = (all.saturating_add(1), 1);
    }
    outer.is_empty().then_some(all)
}

/// Passes what may follow the `(` of a group. Flags could change how the rest is read.
fn open(letters: &mut Peekable<Chars<'_>>) -> Option<()> {
    if letters.next_if_eq(&'?').is_none() {
        return Some(());
    }
    match letters.next()? {
        ':' => Some(()),
        '<' => letters.find(|letter| *letter == '>').map(drop),
        _ => None,
    }
}

/// Passes what follows a backslash.
fn escaped(letters: &mut Peekable<Chars<'_>>) -> Option<()> {
    let braces = matches!(letters.next()?, 'p' | 'P' | 'u' | 'x') && letters.next_if_eq(&'{').is_some();
    if braces {
        letters.find(|letter| *letter == '}')?;
    }
    Some(())
}

/// Passes a class. One that is empty or has a bracket inside is read differently by different engines.
fn class(letters: &mut Peekable<Chars<'_>>) -> Option<()> {
    letters.next_if_eq(&'^');
    if letters.peek() == Some(&']') {
        return None;
    }
    loop {
        match letters.next()? {
            ']' => return Some(()),
            '[' => return None,
            '\\' => escaped(letters)?,
            _ => {}
        }
    }
}

/// Reads `3}`, `3,}` or `3,5}`: how often the repetition writes its subject out.
fn times(letters: &mut Peekable<Chars<'_>>) -> Option<u64> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            '}' => break,
            letter => text.push(letter),
        }
    }
    match text.split_once(',') {
        None => text.parse().ok(),
        Some((least, "")) => least.parse::<u64>().ok()?.checked_add(1),
        Some((_, most)) => most.parse().ok(),
    }
}

/// The number of patterns, and their size when compiled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patterns {
    pub(super) count: usize,
    pub(super) size: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_written_out() {
        for (pattern, expected) in [
            ("", Some(0)),
            ("abc", Some(3)),
            ("^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", Some(36)),
            ("(a|b)*c{3,}", Some(7)),
            ("(a{10}){10}", Some(100)),
            ("(?:(x{2}y){3}z){4}", Some(40)),
            ("(?<year>[0-9]{4})-", Some(5)),
            ("a{2}{3}", Some(6)),
            ("a{0}b", Some(2)),
            ("(){1000}", Some(1_000)),
            (r"\p{L}{3}[\p{L}\]]{2}", Some(5)),
            (r"\\{3}", Some(3)),
            ("(a", None),
            ("a)", None),
            ("[]a]", None),
            ("[[a]]", None),
            ("(?i)a", None),
            ("(?x) a # ( comment", None),
            ("a{b}", None),
            ("a{", None),
            (r"a\", None),
            ("((((a{99999999999}){99999999999}){99999999999}){99999999999}){99999999999}", Some(u64::MAX)),
        ] {
            assert_eq!(positions(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn ordinary_patterns_are_light() {
        for (pattern, steps) in [("^[A-Z]{3}$", 144), ("^.{1,255}$", 6_192), (r"^\p{L}{1,40}$", 1_032), ("^loan-", 168)]
        {
            assert_eq!(weigh(pattern).unwrap().steps, steps, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_is_not_plain_weighs_what_its_size_does() {
        assert_eq!(weigh("(?i)a").unwrap(), Weight { size: 4 << 10, steps: 512 });
    }
}
