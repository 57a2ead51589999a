//! The calls with a [`Request`]: with all options, and with results one by one.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use jurat_disk::ReserveMemory;
use jurat_engine::results::{RecordResult, Summary};
use jurat_engine::{
    Footprint, JudgedOne, JudgedWindow, RecordSource, Request, VouchedRelease, judge, judge_one, judge_windows,
    submit_one,
};
use jurat_http::wait_for;

use super::handle::Service;
use super::running::Running;
use super::tenant::Tenant;
use crate::error::CallError;
use crate::observe::Operation;

/// The records of a longer text are not looked for on a thread that serves others.
const LONG: usize = 128 << 10;

/// What judges a request: its tenant, the release that serves, and the request with what belongs to these.
pub(super) struct Ready<'a> {
    tenant: &'a Arc<Tenant>,
    release: VouchedRelease,
    request: Request,
}

impl Service {
    /// Judges all records of a text and hands over one result for each, in their order.
    ///
    /// Fetches related entities that the request does not contain, if the settings name a coordination service.
    ///
    /// # Errors
    /// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
    pub fn judge(
        &self,
        request: &Request,
        text: Arc<[u8]>,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        self.call(Operation::Judge, Some(request.ruleset()), |running| self.judge_text(running, request, text, sink))
    }

    /// Judges any number of records in constant memory, and renders their results on the threads that judge them.
    ///
    /// `render` is called there with up to 128 consecutive records, for some of them twice, and must depend on nothing else; its
    /// output goes to `sink` on the calling thread, in the order of the input. Its footprint counts for [`ChunkLimits::results`](crate::ChunkLimits::results).
    ///
    /// # Errors
    /// When the request cannot be served at all or is cancelled, its input not be read to the end, or its results not be handed
    /// over; results handed over before are complete. One bad record never fails a request.
    pub fn judge_windows<T: Footprint + Send + 'static>(
        &self,
        request: &Request,
        input: RecordSource<'_>,
        render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
        sink: &mut dyn FnMut(T) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        self.call(Operation::Judge, Some(request.ruleset()), |running| {
            let Ready { tenant, release, request } = self.ready(request)?;
            let request = running.observed(request);
            running.queued();
            let summary = judge_windows(release, &tenant.queue, &request, input, render, sink)?;
            running.judged(&summary);
            Ok(summary)
        })
    }

    /// Judges a text that must be one record. Nothing is judged of any other text.
    ///
    /// # Errors
    /// As [`Service::judge`], and when it is not one record, or when that record cannot be judged.
    pub fn judge_one(&self, request: &Request, record: impl AsRef<[u8]>) -> Result<RecordResult, CallError> {
        let record = record.as_ref();
        self.call(Operation::Validate, Some(request.ruleset()), |running| self.judge_record(running, request, record))
    }

    /// Like `judge_text`, for a text that must be a list of records.
    ///
    /// # Errors
    /// Also when it is not a list.
    pub fn judge_list(
        &self,
        request: &Request,
        records: &str,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        self.call(Operation::BatchValidate, Some(request.ruleset()), |running| {
            self.judge_records(running, request, records, sink)
        })
    }

    /// Reads a file of records that a caller has named, within what the settings allow.
    ///
    /// Reserves memory before it reads: twice the length of the file, because its text is copied once.
    ///
    /// # Errors
    /// When they do not allow it, or the file cannot be read.
    pub fn read_data(&self, uri: &str, reserve: &ReserveMemory) -> Result<Arc<[u8]>, CallError> {
        self.call(Operation::ReadData, None, |_| self.read_file(uri, reserve))
    }

    /// Judges all records of a text, as a part of a call.
    pub(super) fn judge_text(
        &self,
        running: &Running,
        request: &Request,
        text: Arc<[u8]>,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let Ready { tenant, release, request } = self.ready(request)?;
        let request = running.observed(request);
        running.queued();
        let summary = judge(release, &tenant.queue, &request, text, sink)?;
        running.judged(&summary);
        Ok(summary)
    }

    /// Judges one record, as a part of a call.
    pub(super) fn judge_record(
        &self,
        running: &Running,
        request: &Request,
        record: &[u8],
    ) -> Result<RecordResult, CallError> {
        if !begins_with(record, b'{') {
            return Err(CallError::NotOneRecord);
        }
        let Ready { tenant, release, request } = self.ready(request)?;
        let request = running.observed(request);
        running.queued();
        only_record(running, judge_one(release, &tenant.queue, &request, Bytes::copy_from_slice(record)))
    }

    /// What judges one record, if no thread need wait for that; none if one must: for related entities, for a guard, or because the
    /// record is long. None also if the call fails, for that thread to say why.
    pub(super) fn ready_for_one(&self, request: &Request, record: &[u8]) -> Option<Ready<'_>> {
        if record.len() > LONG || !self.shared.guards.is_empty() {
            return None;
        }
        self.ready(request).ok().filter(|ready| !ready.request.waits_for_supplier(&ready.release))
    }

    /// Judges one record with what is [ready for it](Service::ready_for_one). The worker that has judged it calls `done`; if nothing is
    /// judged, this thread does, at once.
    pub(super) fn submit_one(
        &self,
        ready: Ready<'_>,
        record: Bytes,
        done: impl FnOnce(Result<RecordResult, CallError>) + Send + 'static,
    ) {
        let Ready { tenant, release, request } = ready;
        let span = self.span();
        let _entered = span.clone().entered();
        let running = match self.begin_unguarded(Operation::Validate, Some(request.ruleset())) {
            Ok(running) => running,
            Err(error) => return done(Err(error)),
        };
        if !begins_with(&record, b'{') {
            return done(running.end(Err(CallError::NotOneRecord)));
        }
        let request = running.observed(request);
        running.queued();
        submit_one(release, &tenant.queue, &request, record, move |judged| {
            let _entered = span.entered();
            let answer = only_record(&running, judged);
            done(running.end(answer));
        });
    }

    /// Judges a list of records, as a part of a call.
    pub(super) fn judge_records(
        &self,
        running: &Running,
        request: &Request,
        records: &str,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        if !begins_with(records.as_bytes(), b'[') {
            return Err(CallError::NotAList);
        }
        self.judge_text(running, request, records.as_bytes().into(), sink)
    }

    /// Reads a file of records, as a part of a call.
    pub(super) fn read_file(&self, uri: &str, reserve: &ReserveMemory) -> Result<Arc<[u8]>, CallError> {
        let (tenant, uri, reserve) = (Arc::clone(self.bound()?), uri.to_owned(), Arc::clone(reserve));
        let twice: ReserveMemory = Arc::new(move |bytes| reserve(bytes.saturating_mul(2)));
        let io = self.shared.runtimes.io().ok_or(CallError::Closed)?;
        let read = wait_for(io, async move { tenant.data.read(&uri, &twice).await });
        Ok(read.ok_or(CallError::BrokenOff)??.into())
    }

    /// What judges a request that begins now.
    fn ready(&self, request: &Request) -> Result<Ready<'_>, CallError> {
        let tenant = self.bound()?;
        let now = self.shared.clock.now();
        let serving = Arc::clone(tenant.releases.serving().at(now)?);
        let mut request = request.clone();
        if let (Some(related), None) = (tenant.related(), request.supplier()) {
            request = request.with_supplier(related.supplier());
        }
        let release = VouchedRelease::new(Arc::clone(&serving.release), serving.evidence(now));
        Ok(Ready { tenant, release, request })
    }
}

/// The result of a call for one record.
fn only_record(running: &Running, judged: JudgedOne) -> Result<RecordResult, CallError> {
    let Some((result, summary)) = judged? else { return Err(CallError::NotOneRecord) };
    running.judged(&summary);
    match result.error {
        Some(error) => Err(CallError::Record(error)),
        None => Ok(result),
    }
}

fn begins_with(text: &[u8], bracket: u8) -> bool {
    text.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) == Some(&bracket)
}
