//! Results for programs: one JSON object for each record.

use std::io::{self, Write};

use jurat::RecordResult;

use crate::visible::write_json;

/// Results that are being written as JSON.
#[expect(missing_debug_implementations, reason = "an output has nothing to show")]
pub struct JsonResults<'a> {
    out: &'a mut dyn Write,
    layout: Layout,
    /// One record: the output gets it in one piece.
    text: Vec<u8>,
    is_open: bool,
}

/// What is around the objects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Layout {
    Lines,
    Array,
}

impl<'a> JsonResults<'a> {
    /// One line for each record.
    pub fn lines(out: &'a mut dyn Write) -> Self {
        Self { out, layout: Layout::Lines, text: Vec::new(), is_open: false }
    }

    /// One array, with a line for each record. Only [`Self::finish`] closes it, so an array that is not closed is not complete.
    pub fn array(out: &'a mut dyn Write) -> Self {
        Self { layout: Layout::Array, ..Self::lines(out) }
    }

    /// Writes the result of one record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, record: &RecordResult) -> io::Result<()> {
        self.text.clear();
        if self.layout == Layout::Array {
            self.text.extend_from_slice(if self.is_open { b",\n" } else { b"[\n" });
            self.is_open = true;
        }
        write_json(&mut self.text, record)?;
        if self.layout == Layout::Lines {
            self.text.push(b'\n');
        }
        self.out.write_all(&self.text)
    }

    /// Ends the output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.layout {
            Layout::Lines => {}
            Layout::Array if self.is_open => self.out.write_all(b"\n]\n")?,
            Layout::Array => self.out.write_all(b"[]\n")?,
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_array_is_an_array() {
        let mut out = Vec::new();
        JsonResults::array(&mut out).finish().unwrap();
        assert_eq!(out, b"[]\n");
        JsonResults::lines(&mut out).finish().unwrap();
        assert_eq!(out, b"[]\n");
    }
}
