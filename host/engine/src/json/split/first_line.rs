//! How to read a file, by its first line.

use super::brackets::{Brackets, Until};
use super::bytes::{find, space, trim_end};

/// How to read what follows in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Unknown {
        is_first: bool,
    },
    Lines,
    /// Before an element, or before the end of an array without elements.
    Array {
        is_first: bool,
    },
    AfterArray,
    Values,
    Done,
}

/// What is known of the first line of a file, so that no byte of it is searched twice.
#[derive(Clone, Copy, Debug)]
pub(super) enum FirstLine {
    /// How much has been searched for its end.
    Open(usize),
    /// Its length, and whether a line behind it may begin with a `{` as a part of the same value.
    Ended { length: usize, may_go_on: bool },
    /// A value ends on it.
    Whole,
}

impl FirstLine {
    /// How to read a file that begins with `{`; none if the buffer does not tell yet. Searches no more bytes than a record may have.
    pub(super) fn form(&mut self, rest: &[u8], is_end: bool, max_record: usize) -> Option<Form> {
        let seen = rest.get(..max_record).unwrap_or(rest);
        let undecided = (is_end || seen.len() == max_record).then_some(Form::Lines);
        if let Self::Open(searched) = *self {
            *self = match find(seen, searched, b'\n') {
                Some(length) => Self::of(seen.get(..length).unwrap_or(seen)),
                None => Self::Open(seen.len()),
            };
        }
        match *self {
            Self::Open(_) => undecided,
            Self::Whole => Some(Form::Lines),
            Self::Ended { length, may_go_on } => {
                let behind = seen.get(length..).unwrap_or_default();
                match behind.get(space(behind)) {
                    None => undecided,
                    Some(b'{') if !may_go_on => Some(Form::Lines),
                    Some(_) => Some(Form::Values),
                }
            }
        }
    }

    fn of(line: &[u8]) -> Self {
        let mut brackets = Brackets::default();
        match brackets.find(line, Until::ValueEnd) {
            Some(_) => Self::Whole,
            None => {
                Self::Ended { length: line.len(), may_go_on: brackets.may_open_behind(trim_end(line).last().copied()) }
            }
        }
    }
}
