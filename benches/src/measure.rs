//! Timing things side by side.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What one measure gave: the middle of several rounds, and how far they lay apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Measured {
    /// The figures of several rounds. Without a round, nothing has been measured.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share| quantile(&figures, share);
        Self { median: at(0.5), low: at(0.1), high: at(0.9) }
    }

    /// What was counted or read off once.
    pub(crate) fn once(figure: f64) -> Self {
        Self { median: figure, low: figure, high: figure }
    }

    /// The same in another unit.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { median: self.median * factor, low: self.low * factor, high: self.high * factor }
    }

    /// How many of so many things a second has, if that is how many seconds all of them take.
    pub(crate) fn rate(self, things: usize) -> Self {
        let things = things as f64;
        Self { median: things / self.median, low: things / self.high, high: things / self.low }
    }
}

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Seconds on the clock.
    pub(crate) seconds: f64,
    /// Seconds of the processor, all threads of this process together; none of another process.
    pub(crate) processor: f64,
}

/// Things that are measured in turn, so that all of them see the same machine.
#[derive(Default)]
pub(crate) struct Contest<'a> {
    runs: Vec<Box<dyn FnMut() -> anyhow::Result<Taken> + 'a>>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrant(usize);

/// What they took, round by round.
#[derive(Debug)]
pub(crate) struct Standings {
    rounds: Vec<Vec<Taken>>,
}

impl<'a> Contest<'a> {
    /// Something that is timed from here.
    pub(crate) fn add(&mut self, mut run: impl FnMut() -> anyhow::Result<()> + 'a) -> Entrant {
        self.enter(move || {
            let (processor, begun) = (processor(), Instant::now());
            run()?;
            let seconds = begun.elapsed().as_secs_f64();
            Ok(Taken { seconds, processor: self::processor() - processor })
        })
    }

    /// Something that says itself how many seconds it took.
    pub(crate) fn add_timed(&mut self, mut run: impl FnMut() -> anyhow::Result<f64> + 'a) -> Entrant {
        self.enter(move || Ok(Taken { seconds: run()?, processor: f64::NAN }))
    }

    fn enter(&mut self, run: impl FnMut() -> anyhow::Result<Taken> + 'a) -> Entrant {
        self.runs.push(Box::new(run));
        Entrant(self.runs.len() - 1)
    }

    /// Runs all of them once for nothing, and then so many rounds, each of which begins with another one.
    pub(crate) fn run(mut self, rounds: usize) -> anyhow::Result<Standings> {
        for run in &mut self.runs {
            run()?;
        }
        let mut standings = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let first = round % self.runs.len().max(1);
            let mut taken = vec![Taken::default(); self.runs.len()];
            let (before, after) = self.runs.split_at_mut(first);
            let (taken_before, taken_after) = taken.split_at_mut(first);
            for (run, taken) in after.iter_mut().zip(taken_after).chain(before.iter_mut().zip(taken_before)) {
                *taken = run()?;
            }
            standings.push(taken);
        }
        Ok(Standings { rounds: standings })
    }
}

impl Standings {
    /// The seconds of one of them.
    pub(crate) fn seconds(&self, entrant: Entrant) -> Measured {
        self.figure(|taken| taken(entrant).seconds)
    }

    /// Its seconds of the processor.
    pub(crate) fn processor(&self, entrant: Entrant) -> Measured {
        self.figure(|taken| taken(entrant).processor)
    }

    /// How many times as long as the second one the first one takes.
    pub(crate) fn ratio(&self, first: Entrant, second: Entrant) -> Measured {
        self.figure(|taken| taken(first).seconds / taken(second).seconds)
    }

    /// Whatever follows from the times of one round.
    pub(crate) fn figure(&self, figure: impl Fn(&dyn Fn(Entrant) -> Taken) -> f64) -> Measured {
        let of_round = |round: &Vec<Taken>| figure(&|entrant| round.get(entrant.0).copied().unwrap_or_default());
        Measured::of(self.rounds.iter().map(of_round).collect())
    }
}

/// Seconds that this process has had of the processor.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Times a call so often. What it is given each time, and what becomes of what it gives, are not timed.
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

/// Calls again and again for about so long and gives the seconds of each call, from the shortest to the longest.
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

/// Of figures in order, the one that such a share of all are within.
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
        let mut contest = Contest::default();
        // The first time is for nothing.
        let (mut slow, mut fast) = ([0.0, 2.0, 30.0, 400.0].into_iter(), [0.0, 1.0, 10.0, 100.0].into_iter());
        let slow = contest.add_timed(move || Ok(slow.next().unwrap()));
        let fast = contest.add_timed(move || Ok(fast.next().unwrap()));
        let standings = contest.run(3).unwrap();
        let Measured { median, low, high } = standings.ratio(slow, fast);
        assert_eq!((median, low, high), (3.0, 2.0, 4.0));
        assert_eq!(standings.seconds(fast).median, 10.0);
        assert_eq!(standings.seconds(fast).rate(100).low, 1.0);
    }
}
