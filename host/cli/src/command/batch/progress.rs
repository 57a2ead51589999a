//! Progress on standard error: a bar on a terminal, a line every few seconds elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stderr_line::StderrLine;
use crate::output;

/// The most redraws of the bar in a second.
const DRAWS: u8 = 10;
/// The interval between lines without a bar.
const LINES: Duration = Duration::from_secs(10);
/// On narrower terminals, numbers replace the bar.
const NARROW: u16 = 78;

/// Where progress is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Display {
    /// On standard error.
    Stderr,
    /// Nowhere.
    Off,
}

/// Shows progress.
pub(super) struct Progress {
    indicator: Indicator,
    started: Instant,
    /// Bytes of all inputs, if known.
    total: Option<u64>,
}

enum Indicator {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

impl Progress {
    /// Starts the clock.
    pub(super) fn start(display: Display, total: Option<u64>) -> Self {
        let started = Instant::now();
        let indicator = match display {
            Display::Off => Indicator::Nothing,
            Display::Stderr => bar(total).map_or(Indicator::Lines { last: started }, Indicator::Bar),
        };
        Self { indicator, started, total }
    }

    /// Shows how many records have been judged, and how many bytes read.
    pub(super) fn update(&mut self, records: u64, bytes: u64) {
        match &mut self.indicator {
            Indicator::Nothing => {}
            Indicator::Bar(bar) => {
                bar.set_position(bytes);
                bar.set_message(format!(
                    "{} records  {}/s",
                    HumanCount(records),
                    HumanCount(rate(records, self.started.elapsed()))
                ));
            }
            Indicator::Lines { last } if last.elapsed() >= LINES => {
                *last = Instant::now();
                output::progress(&line(records, bytes, self.total, self.started.elapsed()));
            }
            Indicator::Lines { .. } => {}
        }
    }

    /// The time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Indicator::Bar(bar) = &self.indicator {
            bar.finish_and_clear();
        }
    }
}

/// A count per second.
pub(super) fn rate(count: u64, elapsed: Duration) -> u64 {
    let nanoseconds = elapsed.as_nanos().max(1);
    u64::try_from(u128::from(count) * 1_000_000_000 / nanoseconds).unwrap_or(u64::MAX)
}

/// A bar, if standard error is a terminal that supports it.
fn bar(total: Option<u64>) -> Option<ProgressBar> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    if !io::stderr().is_terminal() || is_dumb {
        return None;
    }
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(StderrLine::default()), DRAWS);
    let template = match total {
        Some(_) if StderrLine::columns() < NARROW => "{percent:>3} %  {msg}  {eta} left",
        Some(_) => "{wide_bar} {percent:>3} %  {msg}  {bytes}/{total_bytes}  {eta} left",
        None => "{spinner} {msg}  {bytes}",
    };
    let style = ProgressStyle::with_template(template).ok()?.progress_chars("##-");
    let bar = ProgressBar::with_draw_target(total, target).with_style(style).with_message("no records yet");
    // The time also advances while nothing is read.
    bar.enable_steady_tick(Duration::from_millis(250));
    Some(bar)
}

fn line(records: u64, bytes: u64, total: Option<u64>, elapsed: Duration) -> String {
    let begun = format!("{records} records, {}/s", rate(records, elapsed));
    let Some(total) = total.filter(|total| *total >= bytes && bytes > 0) else {
        return format!("{begun}, {} read", HumanBytes(bytes));
    };
    let percent = u128::from(bytes) * 100 / u128::from(total);
    let left = elapsed.as_secs_f64() * (total - bytes) as f64 / bytes as f64;
    let left = HumanDuration(Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX)).to_string();
    format!("{begun}, {percent} % of {}, {left} left", HumanBytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_numbers_of_the_bar() {
        let ten = Duration::from_secs(10);
        assert_eq!(line(1_000, 1 << 20, Some(4 << 20), ten), "1000 records, 100/s, 25 % of 4.00 MiB, 30 seconds left");
        assert_eq!(line(1_000, 1 << 20, None, ten), "1000 records, 100/s, 1.00 MiB read");
        // A file that grows while it is read.
        assert_eq!(line(1_000, 5 << 20, Some(4 << 20), ten), "1000 records, 100/s, 5.00 MiB read");
        assert_eq!(line(0, 0, Some(0), Duration::ZERO), "0 records, 0/s, 0 B read");
    }
}
