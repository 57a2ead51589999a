//! Files that come in pieces, and files that break off.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use jurat_engine::results::Summary;
use jurat_engine::{
    Footprint, JudgeError, JudgedRecord, JudgedWindow, RecordSource, Request, TenantQueue, judge_windows,
};

use crate::fixture::Fixture;

/// Pseudo-random numbers, the same in every run.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

/// Bytes that are read in pieces of 1 to `most` bytes. Now and then the reader has waited in vain.
pub(crate) struct Pieces {
    bytes: Arc<[u8]>,
    at: usize,
    most: usize,
    random: Random,
}

impl Pieces {
    pub(crate) fn new(bytes: impl Into<Arc<[u8]>>, most: usize) -> Self {
        Self { bytes: bytes.into(), at: 0, most, random: Random(most as u64) }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.random.below(8) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let rest = &self.bytes[self.at..];
        let length = (1 + self.random.below(self.most)).min(rest.len()).min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// What a reader does, call by call; at the end of the list it is at the end of the file.
pub(crate) struct Steps(pub(crate) VecDeque<io::Result<Vec<u8>>>);

impl Steps {
    pub(crate) fn new(steps: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl Read for Steps {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(step) = self.0.pop_front() else { return Ok(0) };
        let mut bytes = step?;
        let length = bytes.len().min(into.len());
        into[..length].copy_from_slice(&bytes[..length]);
        if length < bytes.len() {
            self.0.push_front(Ok(bytes.split_off(length)));
        }
        Ok(length)
    }
}

pub(crate) type Text = io::Result<Box<dyn Read>>;

/// A text of the input that is read from a stream.
pub(crate) fn text(reader: impl Read + 'static) -> Text {
    Ok(Box::new(reader))
}

/// What came out of a request: what `render` made of each record, one after the other, and how it ended.
pub(crate) struct Outcome<T> {
    pub(crate) records: Vec<T>,
    pub(crate) end: Result<Summary, JudgeError>,
}

impl Fixture {
    /// Judges texts that are read from streams.
    pub(crate) fn stream<T: Footprint + Send + 'static>(
        &self,
        queue: &TenantQueue,
        request: &Request,
        texts: Vec<Text>,
        change: impl FnOnce(RecordSource<'_>) -> RecordSource<'_>,
        render: impl Fn(&JudgedRecord<'_>) -> T + Send + Sync + 'static,
    ) -> Outcome<T> {
        let mut texts = texts.into_iter().map(|text| text.map(|text| -> Box<dyn Read> { text }));
        self.windows(queue, request, change(RecordSource::texts(&mut texts)), render)
    }

    pub(crate) fn windows<T: Footprint + Send + 'static>(
        &self,
        queue: &TenantQueue,
        request: &Request,
        input: RecordSource<'_>,
        render: impl Fn(&JudgedRecord<'_>) -> T + Send + Sync + 'static,
    ) -> Outcome<T> {
        let mut records = Vec::new();
        let render_all =
            move |window: &JudgedWindow<'_>| -> Vec<T> { window.records().map(|record| render(&record)).collect() };
        let end = judge_windows(self.serving(), queue, request, input, render_all, &mut |window| {
            records.extend(window);
            Ok(())
        });
        Outcome { records, end }
    }
}

impl<T> Outcome<T> {
    #[track_caller]
    pub(crate) fn whole(self) -> (Vec<T>, Summary) {
        (self.records, self.end.unwrap())
    }

    /// What was judged before the input could not be read, and where that was.
    #[track_caller]
    pub(crate) fn broken(self) -> (Vec<T>, (usize, u64, io::ErrorKind)) {
        match self.end {
            Err(JudgeError::Read { source_index, offset, error }) => {
                (self.records, (source_index, offset, error.kind()))
            }
            other => panic!("{other:?}"),
        }
    }
}
