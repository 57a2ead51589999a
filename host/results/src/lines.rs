//! Lines for one output.

use std::io;

use jurat::Footprint;
use serde::Serialize;

use crate::visible::write_json;

/// What an output of a batch contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// The results of all records.
    Results,
    /// The failures.
    Failures,
    /// The records without failures.
    Good,
    /// The records with failures.
    Bad,
}

/// The lines of one window for one output.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The lines, each with a line feed.
    pub bytes: Vec<u8>,
    /// The number of lines.
    pub lines: u64,
    /// The number of records that have a line.
    pub records: u64,
}

impl OutputKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Failures => "failures",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

impl Footprint for Lines {
    fn footprint(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Lines {
    /// Adds a value as JSON on one line.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn add(&mut self, value: &impl Serialize) -> io::Result<()> {
        write_json(&mut self.bytes, value)?;
        self.end();
        Ok(())
    }

    /// Adds a record itself on one line. In JSON, line breaks occur only between tokens, where a space is equivalent.
    pub(crate) fn add_text(&mut self, text: Option<&[u8]>) {
        let Some(text) = text else { return };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        for byte in self.bytes.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        self.end();
    }

    fn end(&mut self) {
        self.bytes.push(b'\n');
        self.lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_on_several_lines_becomes_one_line() {
        let mut lines = Lines::default();
        lines.add_text(Some(b"{\r\n  \"a\": \"\\n\",\n\t\"b\": 1}"));
        lines.add_text(None);
        lines.add_text(Some(b"\xff{"));
        assert_eq!(lines.bytes, b"{    \"a\": \"\\n\", \t\"b\": 1}\n\xff{\n");
        assert_eq!(lines.lines, 2);
    }
}
