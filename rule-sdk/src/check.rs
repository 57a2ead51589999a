//! The checks of `fail!`, `warn!` and `norun!` while the rule is compiled: whether a finding may use each name in it.
//!
//! Each function is evaluated as a constant. It panics where the name is wrong, which is the compiler's error at the author's literal.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these functions run in the compiler only, where a panic is an error message"
)]

use crate::Input;

/// A placeholder of a message must be an input, or a param of the same finding.
#[track_caller]
pub const fn placeholder(inputs: &[Input], params: &[&str], of: &str, name: &str) {
    if names_input(inputs, name) {
        return;
    }
    let text = Text::new().quote("{", name, "}").push(" is not an input of ").quote("", of, "");
    let text = text.push(" and not a param of this finding").suggest(inputs, params, of, name, ["{", "}"]);
    panic!("{}", text.as_str());
}

/// Each name in a finding's `on` must be an input.
#[track_caller]
pub const fn input(inputs: &[Input], of: &str, path: &str) {
    if names_input(inputs, path) {
        return;
    }
    let text = Text::new().quote("", path, "").push(" is not an input of ").quote("", of, "");
    panic!("{}", text.suggest(inputs, &[], of, path, ["", ""]).as_str());
}

/// A param must not have the name of an input: in a message it would hide it.
#[track_caller]
pub const fn param(inputs: &[Input], of: &str, key: &str) {
    if names_input(inputs, key) {
        let text = Text::new().push("the param ").quote("", key, "").push(" has the name of an input of ");
        panic!("{}", text.quote("", of, "").push(": in a message it would hide the input").as_str());
    }
}

/// Whether one of the inputs is named by `path`.
#[must_use]
pub(crate) const fn names_input(mut inputs: &[Input], path: &str) -> bool {
    while let Some((input, rest)) = inputs.split_first() {
        if input.is_named(path) {
            return true;
        }
        inputs = rest;
    }
    false
}

/// An error message. What does not fit is cut off.
struct Text {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Text {
    const CAPACITY: usize = 512;

    const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], length: 0 }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.length < Self::CAPACITY {
            self.bytes[self.length] = text[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// A name in backticks.
    const fn quote(self, before: &str, name: &str, after: &str) -> Self {
        self.push("`").push(before).push(name).push(after).push("`")
    }

    const fn path(self, input: &Input) -> Self {
        match input.of {
            Some(term) => self.push(term).push(".").push(input.name),
            None => self.push(input.name),
        }
    }

    /// Adds the nearest name, or all inputs where none is near.
    const fn suggest(self, inputs: &[Input], params: &[&str], of: &str, name: &str, braces: [&str; 2]) -> Self {
        let [before, after] = braces;
        let nearest = nearest(inputs, params, name);
        if nearest.length > 0 {
            return self.push(": did you mean ").quote(before, nearest.as_str(), after).push("?");
        }
        let Some((first, mut rest)) = inputs.split_first() else {
            return self.push(": ").quote("", of, "").push(" has no inputs");
        };
        let mut text = self.push(": the inputs are `").path(first);
        while let Some((input, others)) = rest.split_first() {
            text = text.push("`, `").path(input);
            rest = others;
        }
        text.push("`")
    }

    const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            // A name was cut off inside a character.
            Err(_) => "the name is not an input",
        }
    }
}

/// The input or param whose name is most like `name`. Nothing where none is like it.
const fn nearest(mut inputs: &[Input], mut params: &[&str], name: &str) -> Text {
    let (mut best, mut best_distance) = (Text::new(), usize::MAX);
    while let Some((input, rest)) = inputs.split_first() {
        let path = Text::new().path(input);
        // `{limit}` where `{parent.limit}` is meant is as near as a name can be.
        let distance = if is_same(input.name, name) { 0 } else { distance(path.as_str(), name) };
        if distance < best_distance && is_near(distance, path.as_str(), name) {
            (best, best_distance) = (path, distance);
        }
        inputs = rest;
    }
    while let Some((param, rest)) = params.split_first() {
        let distance = distance(param, name);
        if distance < best_distance && is_near(distance, param, name) {
            (best, best_distance) = (Text::new().push(param), distance);
        }
        params = rest;
    }
    best
}

/// At most every third letter is another.
const fn is_near(distance: usize, one: &str, other: &str) -> bool {
    let longer = if one.len() > other.len() { one.len() } else { other.len() };
    distance * 3 <= longer
}

const fn is_same(one: &str, other: &str) -> bool {
    distance(one, other) == 0
}

/// How many bytes to insert, remove or replace to make one text the other.
const fn distance(one: &str, other: &str) -> usize {
    const LONGEST: usize = 129;
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() > LONGEST || other.len() > LONGEST {
        return usize::MAX / 3;
    }
    let mut row = [0; LONGEST + 1];
    let mut column = 0;
    while column <= other.len() {
        row[column] = column;
        column += 1;
    }
    let mut index = 0;
    while index < one.len() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        let mut column = 0;
        while column < other.len() {
            let replaced = if one[index] == other[column] { diagonal } else { diagonal + 1 };
            diagonal = row[column + 1];
            row[column + 1] = least(replaced, least(diagonal, row[column]) + 1);
            column += 1;
        }
        index += 1;
    }
    row[other.len()]
}

const fn least(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const INPUTS: [Input; 3] = [own("principal"), own("balance"), Input { of: Some("parent"), ..own("limit") }];

    const fn own(name: &'static str) -> Input {
        Input { name, of: None, kind: Kind::Decimal, required: true }
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        for (name, expected) in [
            ("principle", "principal"),
            ("Balance", "balance"),
            ("limit", "parent.limit"),
            ("parnet.limit", "parent.limit"),
            ("percnt", "percent"),
            ("facility_limit", ""),
            ("", ""),
            ("x", ""),
        ] {
            assert_eq!(nearest(&INPUTS, &["percent"], name).as_str(), expected, "{name}");
        }
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (one, other, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("abc", "abc", 0), ("ab", "ba", 2)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn an_error_names_the_inputs_where_none_is_near() {
        let said = |inputs: &[Input]| Text::new().suggest(inputs, &[], "Loan", "x", ["{", "}"]).as_str().to_owned();
        assert_eq!(said(&INPUTS), ": the inputs are `principal`, `balance`, `parent.limit`");
        assert_eq!(said(&[]), ": `Loan` has no inputs");
        assert!(said(&[own("a_name_of_moderate_length"); 40]).len() <= Text::CAPACITY);
    }
}
