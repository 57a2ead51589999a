//! Measures alternatives side by side.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The result of a measurement: the median of several rounds, and their spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Measured {
    /// The figures of several rounds; NaN without a round.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share| quantile(&figures, share);
        Self { median: at(0.5), low: at(0.1), high: at(0.9) }
    }

    /// Figures of different things: the median, the least and the most of them.
    pub(crate) fn whole_range(figures: Vec<f64>) -> Self {
        let (low, high) =
            figures.iter().fold((f64::NAN, f64::NAN), |(low, high), figure| (figure.min(low), figure.max(high)));
        Self { low, high, ..Self::of(figures) }
    }

    /// A figure that was counted or read once.
    pub(crate) fn once(figure: f64) -> Self {
        Self { median: figure, low: figure, high: figure }
    }

    /// Converts to another unit.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { median: self.median * factor, low: self.low * factor, high: self.high * factor }
    }

    /// Things per second, if this is the number of seconds for all of them.
    pub(crate) fn rate(self, things: usize) -> Self {
        let things = things as f64;
        Self { median: things / self.median, low: things / self.high, high: things / self.low }
    }
}

/// The time of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Time {
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
    /// Processor seconds of all threads of this process; NaN for another process.
    pub(crate) processor: f64,
}

/// Candidates that are measured alternately, so that all of them see the same state of the machine.
#[derive(Default)]
pub(crate) struct Comparison<'a> {
    runs: Vec<Box<dyn FnMut() -> anyhow::Result<Time> + 'a>>,
}

/// One candidate of a comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate(usize);

/// The times of all candidates, round by round.
#[derive(Debug)]
pub(crate) struct Timings {
    rounds: Vec<Vec<Time>>,
}

impl<'a> Comparison<'a> {
    /// Adds a candidate that is timed here.
    pub(crate) fn add(&mut self, mut run: impl FnMut() -> anyhow::Result<()> + 'a) -> Candidate {
        self.enter(move || {
            let (processor, begun) = (processor(), Instant::now());
            run()?;
            let seconds = begun.elapsed().as_secs_f64();
            Ok(Time { seconds, processor: self::processor() - processor })
        })
    }

    /// Adds a candidate that reports its own seconds.
    pub(crate) fn add_timed(&mut self, mut run: impl FnMut() -> anyhow::Result<f64> + 'a) -> Candidate {
        self.enter(move || Ok(Time { seconds: run()?, processor: f64::NAN }))
    }

    fn enter(&mut self, run: impl FnMut() -> anyhow::Result<Time> + 'a) -> Candidate {
        self.runs.push(Box::new(run));
        Candidate(self.runs.len() - 1)
    }

    /// Runs all candidates once to warm up, and then for a number of rounds, each of which begins with another candidate.
    pub(crate) fn run(mut self, rounds: usize) -> anyhow::Result<Timings> {
        for run in &mut self.runs {
            run()?;
        }
        let mut timings = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let first = round % self.runs.len().max(1);
            let mut time = vec![Time::default(); self.runs.len()];
            let (before, after) = self.runs.split_at_mut(first);
            let (time_before, time_after) = time.split_at_mut(first);
            for (run, time) in after.iter_mut().zip(time_after).chain(before.iter_mut().zip(time_before)) {
                *time = run()?;
            }
            timings.push(time);
        }
        Ok(Timings { rounds: timings })
    }
}

impl Timings {
    /// The seconds of a candidate.
    pub(crate) fn seconds(&self, candidate: Candidate) -> Measured {
        self.figure(|time| time(candidate).seconds)
    }

    /// The processor seconds of a candidate.
    pub(crate) fn processor(&self, candidate: Candidate) -> Measured {
        self.figure(|time| time(candidate).processor)
    }

    /// The time of the first candidate divided by that of the second.
    pub(crate) fn ratio(&self, first: Candidate, second: Candidate) -> Measured {
        self.figure(|time| time(first).seconds / time(second).seconds)
    }

    /// A figure that is computed from the times of one round.
    pub(crate) fn figure(&self, figure: impl Fn(&dyn Fn(Candidate) -> Time) -> f64) -> Measured {
        let of_round = |round: &Vec<Time>| figure(&|candidate| round.get(candidate.0).copied().unwrap_or_default());
        Measured::of(self.rounds.iter().map(of_round).collect())
    }
}

/// Processor seconds that this process has used.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Times a call `rounds` times. Preparing its argument and dropping its result are not timed.
pub(crate) fn each<P, T>(
    rounds: usize,
    mut prepare: impl FnMut() -> anyhow::Result<P>,
    mut call: impl FnMut(P) -> anyhow::Result<T>,
) -> anyhow::Result<Measured> {
    let mut figures = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let prepared = prepare()?;
        let begun = Instant::now();
        let done = std::hint::black_box(call(prepared));
        figures.push(begun.elapsed().as_secs_f64());
        done?;
    }
    Ok(Measured::of(figures))
}

/// Repeats a call for about that long, and returns the seconds of each call in ascending order.
pub(crate) fn repeat(lasting: Duration, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < lasting {
        let begun = Instant::now();
        call()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The quantile of figures in ascending order.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
    let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_same_round() {
        let mut comparison = Comparison::default();
        // The first run warms up.
        let (mut slow, mut fast) = ([0.0, 2.0, 30.0, 400.0].into_iter(), [0.0, 1.0, 10.0, 100.0].into_iter());
        let slow = comparison.add_timed(move || Ok(slow.next().unwrap()));
        let fast = comparison.add_timed(move || Ok(fast.next().unwrap()));
        let timings = comparison.run(3).unwrap();
        let Measured { median, low, high } = timings.ratio(slow, fast);
        assert_eq!((median, low, high), (3.0, 2.0, 4.0));
        assert_eq!(timings.seconds(fast).median, 10.0);
        assert_eq!(timings.seconds(fast).rate(100).low, 1.0);
    }
}
