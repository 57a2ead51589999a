//! Judges many records, and joins their results to one answer.

use std::io;

use jurat::settings::Compatibility;
use jurat::{Footprint, JudgedWindow, RecordSource, Request, Service};

use crate::budget::{Exhausted, Hold};
use crate::buffer::Buffer;
use crate::call::Judging;
use crate::envelopes::{self, Numbering};
use crate::error::RequestError;
use crate::output::Output;

/// What the results of many records look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A list of them.
    List,
    /// An object with a list of envelopes, one for each item.
    Envelope(Numbering),
}

impl Shape {
    /// The shape that a request asks for.
    pub(crate) fn of(judging: &Judging, numbering: impl FnOnce() -> Numbering) -> Self {
        match judging.compatibility {
            Compatibility::Lists => Self::List,
            Compatibility::Envelopes => Self::Envelope(numbering()),
        }
    }
}

/// Judges many records. The workers render the results, so that this thread only joins their texts.
pub(crate) fn judge(
    service: &Service,
    request: &Request,
    records: RecordSource<'_>,
    shape: Shape,
    output: &mut Output,
) -> Result<(), RequestError> {
    let (records, end) = match shape {
        Shape::List => (records, "]"),
        Shape::Envelope(_) => {
            output.text(r#"{"status":"COMPLETED","ruleset":"#)?;
            output.value(&request.ruleset())?;
            output.text(r#","items":"#)?;
            (records.of_items(), "]}")
        }
    };
    output.text("[")?;
    let (mut is_first, mut failure) = (true, None);
    let memory = output.memory();
    let render = move |window: &JudgedWindow<'_>| Results::of(window, shape, memory.hold());
    let judged = service.judge_windows(request, records, render, &mut |results| {
        let separator = if is_first { "" } else { "," };
        is_first = false;
        let written =
            results.and_then(|results| output.text(separator).and_then(|()| output.json(results.json.as_slice())));
        written.map_err(|reason| {
            failure = Some(reason);
            io::Error::other("the answer may not grow further")
        })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    output.records = Some(judged?.records);
    output.text(end)
}

/// The results of a window, with commas between them, until they are part of the answer.
struct Results {
    json: Buffer,
    /// Its memory: it may wait long for the windows before it.
    _memory: Hold,
}

impl Results {
    fn of(window: &JudgedWindow<'_>, shape: Shape, mut memory: Hold) -> Result<Self, RequestError> {
        // It grows in memory that the worker uses again at once, and what waits takes no more than it needs.
        let mut results = Vec::new();
        for record in window.records() {
            if !results.is_empty() {
                results.push(b',');
            }
            let written = match shape {
                Shape::List => serde_json::to_writer(&mut results, &record),
                Shape::Envelope(numbering) => {
                    serde_json::to_writer(&mut results, &envelopes::of_record(window, &record, numbering))
                }
            };
            written.map_err(RequestError::bug)?;
        }
        memory.grow(results.len() as u64).map_err(|Exhausted| RequestError::overloaded())?;
        let mut json = Buffer::with_capacity(results.len());
        json.append(&results);
        Ok(Self { json, _memory: memory })
    }
}

impl Footprint for Results {
    fn footprint(&self) -> usize {
        self.json.capacity()
    }
}
