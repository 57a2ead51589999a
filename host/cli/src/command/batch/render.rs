//! From judged records to lines: on the threads that judge.

use std::io;
use std::sync::Arc;

use jurat::{JudgedRecord, JudgedWindow, RecordOutcome};

use super::Per;
use super::line::{self, About};
use super::outlet::Piece;
use super::outputs::Kind;
use crate::command::judging::Norun;
use crate::output;

/// What becomes of records.
#[derive(Debug)]
pub(super) struct Renderer {
    /// The outputs there are.
    pub(super) kinds: Vec<Kind>,
    /// What a line of the results is about.
    pub(super) per: Per,
    /// Whether a record fails on which no rule ran.
    pub(super) norun: Norun,
    /// The files in the order in which they are read, if there are several.
    pub(super) files: Arc<[String]>,
}

/// The lines of one window.
#[derive(Debug)]
pub(super) struct Rendered {
    /// For each output, in their order.
    pub(super) pieces: Vec<Piece>,
    /// Records in the window.
    pub(super) records: u64,
    /// Records that are too long to be kept.
    pub(super) without_text: u64,
}

impl Renderer {
    /// The lines of all records of a window.
    ///
    /// # Errors
    /// When something cannot be written as JSON.
    pub(super) fn render(&self, window: &JudgedWindow<'_>) -> io::Result<Rendered> {
        let pieces = self.kinds.iter().map(|_| Piece::default()).collect();
        let mut rendered = Rendered { pieces, records: 0, without_text: 0 };
        for record in window.records() {
            rendered.records += 1;
            let is_bad = self.is_bad(record.outcome());
            let text = record.text().filter(|text| !text.is_empty());
            rendered.without_text += u64::from(text.is_none());
            for (kind, piece) in self.kinds.iter().zip(&mut rendered.pieces) {
                let before = piece.lines;
                match kind {
                    Kind::Results => self.result(piece, &record)?,
                    Kind::Failures if is_bad => self.failure(piece, &record)?,
                    Kind::Good if !is_bad => one_line(piece, text),
                    Kind::Bad if is_bad => one_line(piece, text),
                    Kind::Failures | Kind::Good | Kind::Bad => {}
                }
                piece.records += u64::from(piece.lines > before);
            }
        }
        Ok(rendered)
    }

    /// Whether the record is why the exit code says that something is not in order.
    fn is_bad(&self, outcome: RecordOutcome) -> bool {
        match outcome {
            RecordOutcome::Unreadable | RecordOutcome::Failed => true,
            RecordOutcome::NotRun => self.norun == Norun::Fails,
            RecordOutcome::Warned | RecordOutcome::Passed => false,
        }
    }

    fn result(&self, piece: &mut Piece, record: &JudgedRecord<'_>) -> io::Result<()> {
        match self.per {
            Per::Record => {
                output::write_json(&mut piece.bytes, record)?;
                piece.bytes.push(b'\n');
                piece.lines += 1;
                Ok(())
            }
            Per::Rule => {
                let result = record.result();
                let (line, offset) = (record.at().line, record.at().offset);
                line::every_rule(piece, About { record: &result, ids: None, file: self.file(record), line, offset })
            }
        }
    }

    fn failure(&self, piece: &mut Piece, record: &JudgedRecord<'_>) -> io::Result<()> {
        let (result, ids) = (record.result(), record.ids());
        let (line, offset) = (record.at().line, record.at().offset);
        line::failing_rules(piece, About { record: &result, ids: Some(&ids), file: self.file(record), line, offset })
    }

    fn file(&self, record: &JudgedRecord<'_>) -> Option<&str> {
        self.files.get(record.source()).map(String::as_str)
    }
}

/// The record itself. In JSON, line breaks stand only between tokens, where a space is as good.
fn one_line(piece: &mut Piece, text: Option<&[u8]>) {
    let Some(text) = text else { return };
    let start = piece.bytes.len();
    piece.bytes.extend_from_slice(text);
    for byte in piece.bytes.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
    piece.bytes.push(b'\n');
    piece.lines += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_on_many_lines_becomes_one() {
        let mut piece = Piece::default();
        one_line(&mut piece, Some(b"{\r\n  \"a\": \"\\n\",\n\t\"b\": 1}"));
        one_line(&mut piece, None);
        one_line(&mut piece, Some(b"\xff{"));
        assert_eq!(piece.bytes, b"{    \"a\": \"\\n\", \t\"b\": 1}\n\xff{\n");
        assert_eq!(piece.lines, 2);
    }
}
