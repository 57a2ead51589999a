//! Timing things side by side.

use std::time::{Duration, Instant};

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
        let at = |share: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
            let index = (share * figures.len().saturating_sub(1) as f64).round() as usize;
            figures.get(index).copied().unwrap_or(f64::NAN)
        };
        Self { median: at(0.5), low: at(0.1), high: at(0.9) }
    }

    /// The same in another unit.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { median: self.median * factor, low: self.low * factor, high: self.high * factor }
    }
}

/// Seconds that one call takes, once.
pub(crate) fn time<T>(call: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    std::hint::black_box(call());
    begun.elapsed().as_secs_f64()
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

/// Runs two things in turn, so that both see the same machine, and gives the ratio of their times round by round.
pub(crate) fn ratio(
    rounds: usize,
    mut first: impl FnMut(),
    mut second: impl FnMut(),
) -> (Measured, Measured, Measured) {
    first();
    second();
    let mut firsts = Vec::new();
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        firsts.push(time(&mut first));
        seconds.push(time(&mut second));
    }
    let ratios = firsts.iter().zip(&seconds).map(|(first, second)| first / second).collect();
    (Measured::of(firsts), Measured::of(seconds), Measured::of(ratios))
}

/// Repeats a call for about so long and gives the seconds of each.
pub(crate) fn repeat(lasting: Duration, mut call: impl FnMut()) -> Vec<f64> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < lasting {
        times.push(time(&mut call));
    }
    times
}
