//! How long the calls of a client take.

use std::fmt;
use std::time::{Duration, Instant};

use jurat_tests::connection::Connection;

/// The times of calls that one client has made, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    times: Vec<Duration>,
    overloaded: usize,
}

impl Latencies {
    /// Validates a record. Gives the result; none if the server is overloaded. Any other answer is a failure.
    pub(crate) fn validate(&mut self, client: &mut Connection, params: &str) -> Option<String> {
        let begun = Instant::now();
        let answer = client.call("validate", params);
        self.times.push(begun.elapsed());
        match answer {
            Ok(result) => Some(result),
            Err(refused) if refused.kind() == "overloaded" => {
                self.overloaded += 1;
                None
            }
            Err(refused) => panic!("{params:.200}: {refused:?}"),
        }
    }

    /// Another call took that long.
    pub(crate) fn add(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// The calls of another client, too.
    pub(crate) fn extend(&mut self, other: Self) {
        self.times.extend(other.times);
        self.overloaded += other.overloaded;
    }

    /// How long half of the calls took at most, 99 % of them, and the longest, in milliseconds.
    pub(crate) fn percentiles(&self) -> [f64; 3] {
        let mut times = self.times.clone();
        times.sort_unstable();
        [50, 99, 100].map(|percent| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3)
    }

    /// The number of calls.
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// How many of them have a verdict.
    pub(crate) fn judged(&self) -> usize {
        self.times.len() - self.overloaded
    }
}

/// The cells of a table: calls, p50, p99, max, and how many were overloaded.
impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, longest] = self.percentiles();
        write!(out, "{:>7} | {half:>8.2} | {most:>8.2} | {longest:>8.2} | {:>10}", self.count(), self.overloaded)
    }
}
