//! Renders judged records to lines, on the threads that judge.

use std::io;
use std::sync::Arc;

use jurat::{JudgedRecord, JudgedWindow, RecordOutcome};

use super::arguments::Per;
use super::line::{self, LineRecord};
use super::output_file::Lines;
use super::outputs::OutputKind;
use crate::command::judging::Norun;
use crate::output;

/// Renders records for the requested outputs.
#[derive(Debug)]
pub(super) struct Renderer {
    /// The outputs.
    pub(super) kinds: Vec<OutputKind>,
    /// What a line of the results contains.
    pub(super) per: Per,
    /// How a record on which no rule ran counts.
    pub(super) norun: Norun,
    /// The names of the inputs in the order in which they are read; empty for a single input.
    pub(super) files: Arc<[String]>,
}

/// The lines of one window.
#[derive(Debug)]
pub(super) struct Rendered {
    /// One block for each output, in the order of the outputs.
    pub(super) blocks: Vec<Lines>,
    /// The number of records in the window.
    pub(super) records: u64,
    /// The number of records whose text was not kept.
    pub(super) without_text: u64,
}

impl Renderer {
    /// Renders all records of a window.
    ///
    /// # Errors
    /// When something cannot be written as JSON.
    pub(super) fn render(&self, window: &JudgedWindow<'_>) -> io::Result<Rendered> {
        let blocks = self.kinds.iter().map(|_| Lines::default()).collect();
        let mut rendered = Rendered { blocks, records: 0, without_text: 0 };
        for record in window.records() {
            rendered.records += 1;
            let is_bad = self.is_bad(record.outcome());
            let text = record.text().filter(|text| !text.is_empty());
            rendered.without_text += u64::from(text.is_none());
            for (kind, lines) in self.kinds.iter().zip(&mut rendered.blocks) {
                let before = lines.lines;
                match kind {
                    OutputKind::Results => self.result(lines, &record)?,
                    OutputKind::Failures if is_bad => self.failure(lines, &record)?,
                    OutputKind::Good if !is_bad => one_line(lines, text),
                    OutputKind::Bad if is_bad => one_line(lines, text),
                    OutputKind::Failures | OutputKind::Good | OutputKind::Bad => {}
                }
                lines.records += u64::from(lines.lines > before);
            }
        }
        Ok(rendered)
    }

    /// Whether the record makes the exit code 1.
    fn is_bad(&self, outcome: RecordOutcome) -> bool {
        match outcome {
            RecordOutcome::Unreadable | RecordOutcome::Failed => true,
            RecordOutcome::NotRun => self.norun == Norun::Fails,
            RecordOutcome::Warned | RecordOutcome::Passed => false,
        }
    }

    fn result(&self, lines: &mut Lines, record: &JudgedRecord<'_>) -> io::Result<()> {
        match self.per {
            Per::Record => {
                output::write_json(&mut lines.bytes, record)?;
                lines.bytes.push(b'\n');
                lines.lines += 1;
                Ok(())
            }
            Per::Rule => {
                let result = record.result();
                let (line, offset) = (record.at().line, record.at().offset);
                line::every_rule(
                    lines,
                    LineRecord { result: &result, ids: None, file: self.file(record), line, offset },
                )
            }
        }
    }

    fn failure(&self, lines: &mut Lines, record: &JudgedRecord<'_>) -> io::Result<()> {
        let (result, ids) = (record.result(), record.ids());
        let (line, offset) = (record.at().line, record.at().offset);
        line::failing_rules(
            lines,
            LineRecord { result: &result, ids: Some(&ids), file: self.file(record), line, offset },
        )
    }

    fn file(&self, record: &JudgedRecord<'_>) -> Option<&str> {
        self.files.get(record.source()).map(String::as_str)
    }
}

/// Adds the record itself on one line. In JSON, line breaks occur only between tokens, where a space is equivalent.
fn one_line(lines: &mut Lines, text: Option<&[u8]>) {
    let Some(text) = text else { return };
    let start = lines.bytes.len();
    lines.bytes.extend_from_slice(text);
    for byte in lines.bytes.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
    lines.bytes.push(b'\n');
    lines.lines += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_on_several_lines_becomes_one_line() {
        let mut lines = Lines::default();
        one_line(&mut lines, Some(b"{\r\n  \"a\": \"\\n\",\n\t\"b\": 1}"));
        one_line(&mut lines, None);
        one_line(&mut lines, Some(b"\xff{"));
        assert_eq!(lines.bytes, b"{    \"a\": \"\\n\", \t\"b\": 1}\n\xff{\n");
        assert_eq!(lines.lines, 2);
    }
}
