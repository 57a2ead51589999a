//! Judges records, and renders them to lines on the threads that judge.

use std::io;
use std::sync::Arc;

use jurat::{CallError, Footprint, JudgedRecord, JudgedWindow, RecordSource, Request, Service, Summary};

use crate::accept::Accept;
use crate::line::{self, LineRecord, Place};
use crate::lines::{Lines, OutputKind};

/// Renders records for the requested outputs.
#[derive(Clone, Debug)]
pub struct Renderer {
    /// The outputs.
    pub kinds: Vec<OutputKind>,
    /// What a line of the results contains.
    pub per: Per,
    /// Whether the lines of results have the positions of their records. Those of failures always have them.
    pub places: bool,
    /// Which records count as good.
    pub accept: Accept,
    /// The names of the inputs in the order in which they are read; empty for a single input.
    pub files: Arc<[String]>,
}

/// What a line of the results contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Per {
    /// A record with the results of all rules.
    Record,
    /// The result of one rule for a record.
    Rule,
}

/// The lines of one window.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// One block for each output, in the order of the outputs.
    pub blocks: Vec<Lines>,
    /// The number of records in the window.
    pub records: u64,
    /// The number of records whose text was not kept.
    pub without_text: u64,
}

impl Footprint for Rendered {
    fn footprint(&self) -> usize {
        self.blocks.footprint()
    }
}

impl Renderer {
    /// Judges all records. The lines of each window go to `sink` on the calling thread, in the order of the input.
    ///
    /// # Errors
    /// As for [`Service::judge_windows`]; also when something cannot be written as JSON.
    pub fn judge_and_render(
        self,
        service: &Service,
        request: &Request,
        input: RecordSource<'_>,
        sink: &mut dyn FnMut(Rendered) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let render = move |window: &JudgedWindow<'_>| self.render(window);
        service.judge_windows(request, input, render, &mut |rendered| sink(rendered?))
    }

    /// Renders all records of a window.
    fn render(&self, window: &JudgedWindow<'_>) -> io::Result<Rendered> {
        let blocks = self.kinds.iter().map(|_| Lines::default()).collect();
        let mut rendered = Rendered { blocks, records: 0, without_text: 0 };
        for record in window.records() {
            rendered.records += 1;
            let is_bad = !self.accept.is_good(&record);
            let text = record.text().filter(|text| !text.is_empty());
            rendered.without_text += u64::from(text.is_none());
            for (kind, lines) in self.kinds.iter().zip(&mut rendered.blocks) {
                let before = lines.lines;
                match kind {
                    OutputKind::Results => self.result(lines, &record)?,
                    OutputKind::Failures if is_bad => self.failure(lines, &record)?,
                    OutputKind::Good if !is_bad => lines.add_text(text),
                    OutputKind::Bad if is_bad => lines.add_text(text),
                    OutputKind::Failures | OutputKind::Good | OutputKind::Bad => {}
                }
                lines.records += u64::from(lines.lines > before);
            }
        }
        Ok(rendered)
    }

    fn result(&self, lines: &mut Lines, record: &JudgedRecord<'_>) -> io::Result<()> {
        let place = self.places.then(|| self.place(record));
        match self.per {
            Per::Record => line::whole_record(lines, record, place),
            Per::Rule => line::every_rule(lines, LineRecord { result: &record.result(), ids: None, place }),
        }
    }

    fn failure(&self, lines: &mut Lines, record: &JudgedRecord<'_>) -> io::Result<()> {
        let (result, ids) = (record.result(), record.ids());
        let place = Some(self.place(record));
        line::failing_rules(lines, LineRecord { result: &result, ids: Some(&ids), place }, &self.accept)
    }

    fn place(&self, record: &JudgedRecord<'_>) -> Place<'_> {
        let file = self.files.get(record.source()).map(String::as_str);
        Place { file, line: record.at().line, offset: record.at().offset }
    }
}
