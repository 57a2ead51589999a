//! The splitter ends, and finds the same records whether it sees a file whole or byte by byte.

use jurat_engine::json::{Entry, Position, Records, Splitter, Step};
use jurat_model::Bytes;

use crate::Answer;

const MAX_RECORD: Bytes = Bytes::kibi(1);

/// What must not depend on the pieces. The words of an error may: a character can be cut in two.
fn essence<'a>(entry: Entry<'a>) -> (Position, Result<&'a [u8], (&'static str, Position)>) {
    (entry.at, entry.text.map_err(|error| (error.code(), error.at)))
}

/// Checks these bytes.
///
/// # Panics
/// When the pieces decide what is found.
pub fn check(bytes: &[u8]) -> Answer {
    let whole: Vec<_> = Records::new(bytes, MAX_RECORD).map(essence).collect();
    let mut pieces = Vec::new();
    let mut splitter = Splitter::new(MAX_RECORD);
    let (mut start, mut end) = (0, 0);
    loop {
        match splitter.step(&bytes[start..end], end == bytes.len()) {
            Step::Entry { entry, consumed } => {
                pieces.push(essence(entry));
                start += consumed;
            }
            Step::More { consumed } => {
                start += consumed;
                end += 1;
            }
            Step::Done => break,
        }
    }
    assert_eq!(whole, pieces);
    if whole.iter().all(|(_, text)| text.is_ok()) { Answer::Read } else { Answer::Refused }
}
