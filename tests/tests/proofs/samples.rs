//! What a server takes of the machine, second by second.

use std::fmt;
use std::time::{Duration, Instant};

use jurat_tests::process::Usage;
use jurat_tests::server::Server;

use crate::run::Run;

const INTERVAL: Duration = Duration::from_secs(1);

/// Each second of a run.
#[derive(Debug)]
pub(crate) struct Samples(Vec<(Duration, Usage)>);

/// What the samples say of a server, with its usage before and after.
#[derive(Debug)]
pub(crate) struct Report<'s> {
    samples: &'s Samples,
    start: Usage,
    end: Usage,
}

impl Samples {
    /// Takes samples for that long, or until the run is over.
    pub(crate) fn until(length: Duration, server: &Server, run: &Run) -> Self {
        let begun = Instant::now();
        let mut samples = Vec::new();
        while begun.elapsed() < length && run.pause(INTERVAL) {
            samples.push((begun.elapsed(), server.usage()));
        }
        Self(samples)
    }

    pub(crate) fn against(&self, start: Usage, end: Usage) -> Report<'_> {
        Report { samples: self, start, end }
    }

    /// The memory at the end of the first fifth, and at the end, in KiB.
    pub(crate) fn growth(&self) -> (u64, u64) {
        let resident = |at: usize| self.0[at].1.resident;
        (resident(self.0.len() / 5), resident(self.0.len() - 1))
    }

    /// The growth of the memory over the second half, in KiB a minute: the slope of the line of least squares.
    fn slope(&self) -> f64 {
        let half: Vec<_> = self.0[self.0.len() / 2..]
            .iter()
            .map(|(time, usage)| (time.as_secs_f64() / 60.0, usage.resident as f64))
            .collect();
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| half.iter().map(of).sum::<f64>() / half.len() as f64;
        let (minutes, resident) = (mean(&|sample| sample.0), mean(&|sample| sample.1));
        mean(&|sample| (sample.0 - minutes) * (sample.1 - resident)) / mean(&|sample| (sample.0 - minutes).powi(2))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, start, end } = self;
        writeln!(out, "|                  |    start |     peak |      end |")?;
        writeln!(out, "|------------------|---------:|---------:|---------:|")?;
        let mut row = |name: &str, of: fn(&Usage) -> u64| {
            let peak = samples.0.iter().map(|(_, usage)| of(usage)).max().unwrap_or_default();
            writeln!(out, "| {name:<16} | {:>8} | {:>8} | {:>8} |", of(start), peak, of(end))
        };
        row("memory [KiB]", |usage| usage.resident)?;
        row("threads", |usage| usage.threads as u64)?;
        row("file descriptors", |usage| usage.descriptors as u64)?;
        write!(out, "growth of the memory in the second half: {:.0} KiB a minute", samples.slope())
    }
}
