//! The pipeline that is measured, with rules in the sandbox or with the same rules compiled natively.

use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use jurat_engine::extract::ChunkLimits;
use jurat_engine::results::Summary;
use jurat_engine::ruleset::RuleNode;
use jurat_engine::{
    Footprint, JudgedWindow, RecordSource, Release, Request, TenantQueue, WindowObserver, Workers, judge_windows,
};
use jurat_model::{CallContext, Component};
use jurat_sandbox::{Sandbox, Settings};

use crate::native::NativeComponent;
use crate::source;
use crate::workload::Loans;

/// Where the rules run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Backend {
    Sandbox,
    Native,
}

/// A release with its workers, ready to judge.
pub(crate) struct Pipeline {
    release: Arc<Release>,
    queue: TenantQueue,
    _workers: Workers,
    request: Request,
}

/// The rules of the sample release, for a number of workers.
pub(crate) fn rules(backend: Backend, threads: usize) -> anyhow::Result<Arc<dyn Component>> {
    match backend {
        Backend::Native => Ok(Arc::new(NativeComponent::new())),
        Backend::Sandbox => source::sandboxed(&sandbox(threads)?, source::component()?),
    }
}

/// A sandbox for a number of workers.
pub(crate) fn sandbox(threads: usize) -> anyhow::Result<Sandbox> {
    Ok(Sandbox::open(Settings::new(NonZeroUsize::new(threads).context("no threads")?))?)
}

impl Pipeline {
    /// The rules of `thorough`, on a number of workers.
    pub(crate) fn open(backend: Backend, threads: usize) -> anyhow::Result<Self> {
        Self::of(vec![rules(backend, threads)?], source::thorough(), threads)
    }

    /// Any rules of any components.
    pub(crate) fn of(
        components: Vec<Arc<dyn Component>>,
        rules: Vec<RuleNode>,
        threads: usize,
    ) -> anyhow::Result<Self> {
        let threads = NonZeroUsize::new(threads).context("no threads")?;
        let verified = source::release(source::component()?)?;
        let release = Release::new(&verified, source::config(rules), components);
        let release = release.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let workers = Workers::start(threads)?;
        let (queue, request) =
            (workers.queue(threads), Request::new("thorough", Timestamp::UNIX_EPOCH).with_timings(false));
        Ok(Self { release: Arc::new(release), queue, _workers: workers, request })
    }

    /// The same pipeline with another chunk size.
    pub(crate) fn with_chunk(mut self, chunk: ChunkLimits) -> Self {
        self.request = self.request.clone().with_chunk(chunk);
        self
    }

    /// The same pipeline with an observer, which gets every window and every time.
    pub(crate) fn observed(mut self) -> anyhow::Result<Self> {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
        let context = CallContext::new().with_trace(trace);
        self.request = self.request.clone().with_observer(Arc::new(Idle)).with_context(context);
        Ok(self)
    }

    /// Judges from text to lines, as `jurat batch --results` does, and drops the lines.
    pub(crate) fn judge(&self, loans: &Loans) -> anyhow::Result<()> {
        let mut records = 0;
        self.judge_input(RecordSource::text(loans.bytes()), lines, |lines| {
            std::hint::black_box(&lines.bytes);
            records += lines.records;
        })?;
        ensure!(records == loans.count(), "{records} records were judged instead of {}", loans.count());
        Ok(())
    }

    /// Judges a stream in constant memory, and returns the number of records.
    pub(crate) fn stream(&self, text: impl Read + 'static) -> anyhow::Result<usize> {
        let mut texts = std::iter::once(Ok(Box::new(text) as Box<dyn Read + '_>));
        let mut records = 0;
        self.judge_input(RecordSource::texts(&mut texts), lines, |lines| {
            std::hint::black_box(&lines.bytes);
            records += lines.records;
        })?;
        Ok(records)
    }

    /// Judges without rendering lines.
    pub(crate) fn judge_silently(&self, loans: &Loans) -> anyhow::Result<()> {
        let mut records = 0;
        self.judge_input(
            RecordSource::text(loans.bytes()),
            |window| window.records().count(),
            |count| records += count,
        )?;
        ensure!(records == loans.count(), "{records} records were judged instead of {}", loans.count());
        Ok(())
    }

    /// Judges, and returns the lines.
    pub(crate) fn lines(&self, loans: &Loans) -> anyhow::Result<String> {
        let mut all = Vec::new();
        self.judge_input(RecordSource::text(loans.bytes()), lines, |lines| all.extend(lines.bytes))?;
        Ok(String::from_utf8(all)?)
    }

    fn judge_input<T: Footprint + Send + 'static>(
        &self,
        input: RecordSource<'_>,
        render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
        mut sink: impl FnMut(T),
    ) -> anyhow::Result<Summary> {
        Ok(judge_windows(&self.release, &self.queue, &self.request, input, render, &mut |rendered| {
            sink(rendered);
            Ok(())
        })?)
    }
}

/// An observer that does nothing.
struct Idle;

impl WindowObserver for Idle {}

/// The lines of one window.
struct Lines {
    bytes: Vec<u8>,
    records: usize,
}

impl Footprint for Lines {
    fn footprint(&self) -> usize {
        self.bytes.footprint()
    }
}

fn lines(window: &JudgedWindow<'_>) -> Lines {
    let mut lines = Lines { bytes: Vec::new(), records: 0 };
    for record in window.records() {
        // A record that cannot be written makes the count differ, which the callers check.
        lines.records += usize::from(serde_json::to_writer(&mut lines.bytes, &record).is_ok());
        lines.bytes.push(b'\n');
    }
    lines
}
