//! Judges many records, and joins their results to one answer, or hands them over line by line.

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use jurat::settings::Compatibility;
use jurat::{CallError, Footprint, JudgeError, JudgedRecord, JudgedWindow, RecordSource, Request, Service, Summary};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::arrival::ArrivalError;
use crate::budget::{Allowance, Exhausted, Hold};
use crate::buffer::Buffer;
use crate::call::Judging;
use crate::envelopes::{self, Numbering};
use crate::error::{ErrorKind, RequestError};
use crate::output::Output;
use crate::quotas::RecordQuota;
use crate::selection::{Selected, Selection};

/// The end to which lines are handed over. It has room for a few windows.
pub(crate) type LineSender = mpsc::Sender<Bytes>;

/// What the results of many records look like.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A list of them.
    List,
    /// An object with a list of envelopes, one for each item.
    Envelope(Numbering),
}

/// What a request wants of its results.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    shape: Shape,
    selection: Selection,
    /// The most records; none = any number.
    max_records: Option<NonZeroU32>,
    /// How fast they may be judged.
    quota: RecordQuota,
}

impl Wanted {
    /// What a request asks for.
    pub(crate) fn of(judging: &Judging, numbering: impl FnOnce() -> Numbering) -> Self {
        let shape = match judging.compatibility {
            Compatibility::Lists => Shape::List,
            Compatibility::Envelopes => Shape::Envelope(numbering()),
        };
        Self {
            shape,
            selection: judging.selection.clone(),
            max_records: judging.max_records,
            quota: judging.quota.clone(),
        }
    }

    /// Writes the result of a record, unless the request wants nothing of it.
    fn write(
        &self,
        window: &JudgedWindow<'_>,
        record: &JudgedRecord<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, RequestError> {
        let selection = &self.selection;
        let written = match self.shape {
            Shape::List if selection.is_everything() => serde_json::to_writer(out, record),
            Shape::Envelope(numbering) if selection.is_everything() => {
                serde_json::to_writer(out, &envelopes::of_record(window, record, numbering))
            }
            shape => {
                let mut result = record.result();
                selection.prune(&mut result.results);
                if !selection.is_left(&result) {
                    return Ok(false);
                }
                match shape {
                    Shape::List => serde_json::to_writer(out, &Selected(&result, selection)),
                    Shape::Envelope(numbering) => serde_json::to_writer(
                        out,
                        &envelopes::of_selected(window, record, numbering, (&result, selection)),
                    ),
                }
            }
        };
        written.map_err(RequestError::bug)?;
        Ok(true)
    }
}

/// Judges many records. The workers render the results, so that this thread only joins their texts.
pub(crate) fn judge(
    service: &Service,
    request: &Request,
    records: RecordSource<'_>,
    wanted: Wanted,
    output: &mut Output,
) -> Result<(), RequestError> {
    let (records, end) = match wanted.shape {
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
    let mut counted = Counted::of(wanted.max_records);
    let (quota, cancellation) = (wanted.quota.clone(), output.cancellation().clone());
    let render = move |window: &JudgedWindow<'_>| Results::of(window, &wanted, Joint::Comma, memory.hold());
    let judged = service.judge_windows(request, records, render, &mut |results| {
        let written = results.and_then(|results| {
            counted.add(results.records)?;
            quota.draw(results.records, || !cancellation.is_cancelled());
            if results.json.len() == 0 {
                return Ok(());
            }
            let separator = if is_first { "" } else { "," };
            is_first = false;
            output.text(separator).and_then(|()| output.json(results.json.as_slice()))
        });
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

/// Judges records, and hands over their results in lines. The last line is the summary; without it, the lines are not complete.
pub(crate) fn judge_lines(
    service: &Service,
    request: &Request,
    records: RecordSource<'_>,
    wanted: Wanted,
    (memory, lines): (&Arc<Allowance>, &LineSender),
) -> Result<u64, RequestError> {
    let records = match wanted.shape {
        Shape::List => records,
        Shape::Envelope(_) => records.of_items(),
    };
    let (mut failure, mut counted) = (None, Counted::of(wanted.max_records));
    let (held, quota) = (Arc::clone(memory), wanted.quota.clone());
    let render = move |window: &JudgedWindow<'_>| Results::of(window, &wanted, Joint::Line, held.hold());
    let judged = service.judge_windows(request, records, render, &mut |results| {
        let sent = results.and_then(|results| {
            counted.add(results.records)?;
            quota.draw(results.records, || !lines.is_closed());
            // An empty piece tells that the work goes on.
            send(lines, Bytes::from_owner(results))
        });
        sent.map_err(|reason| {
            failure = Some(reason);
            io::Error::other("the lines cannot be handed over")
        })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let summary = judged.map_err(of_arrival)?;
    let mut line = serde_json::to_vec(&LastLine { summary: &summary }).map_err(RequestError::bug)?;
    line.push(b'\n');
    send(lines, line.into())?;
    Ok(summary.records)
}

/// The line behind all results.
#[derive(Serialize)]
struct LastLine<'a> {
    summary: &'a Summary,
}

fn send(lines: &LineSender, text: Bytes) -> Result<(), RequestError> {
    lines.blocking_send(text).map_err(|_| RequestError::new(ErrorKind::ClientGone, "the client is gone"))
}

/// The error of a call whose records arrive, which may be that of their arrival.
fn of_arrival(error: CallError) -> RequestError {
    if let CallError::Judge(JudgeError::Read { error: read, .. }) = &error
        && let Some(ArrivalError(failure)) = read.get_ref().and_then(|inner| inner.downcast_ref())
    {
        return failure.clone();
    }
    error.into()
}

/// What stands between results.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Joint {
    /// A comma between two of them.
    Comma,
    /// A line feed behind each.
    Line,
}

/// Records that were judged, of those that may be.
struct Counted {
    records: u64,
    limit: Option<NonZeroU32>,
}

impl Counted {
    fn of(limit: Option<NonZeroU32>) -> Self {
        Self { records: 0, limit }
    }

    fn add(&mut self, records: u64) -> Result<(), RequestError> {
        self.records += records;
        match self.limit {
            Some(limit) if self.records > limit.get().into() => Err(RequestError::new(
                ErrorKind::TooManyRecords,
                format!(
                    "the request has more than {limit} records; send fewer at a time, stream them, or raise `api.max_records`"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The results of a window, until they are part of the answer.
struct Results {
    json: Buffer,
    records: u64,
    /// Its memory: it may wait long for the windows before it.
    _memory: Hold,
}

impl Results {
    fn of(window: &JudgedWindow<'_>, wanted: &Wanted, joint: Joint, mut memory: Hold) -> Result<Self, RequestError> {
        // It grows in memory that the worker uses again at once, and what waits takes no more than it needs.
        let mut results = Vec::new();
        for record in window.records() {
            let length = results.len();
            if joint == Joint::Comma && !results.is_empty() {
                results.push(b',');
            }
            if !wanted.write(window, &record, &mut results)? {
                results.truncate(length);
                continue;
            }
            if joint == Joint::Line {
                results.push(b'\n');
            }
        }
        memory.grow(results.len() as u64).map_err(|Exhausted| RequestError::overloaded())?;
        let mut json = Buffer::with_capacity(results.len());
        json.append(&results);
        Ok(Self { json, records: window.records().len() as u64, _memory: memory })
    }
}

impl AsRef<[u8]> for Results {
    fn as_ref(&self) -> &[u8] {
        self.json.as_slice()
    }
}

impl Footprint for Results {
    fn footprint(&self) -> usize {
        self.json.capacity()
    }
}
