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
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        write!(
            out,
            "{:>7} | {:>8.2} | {:>8.2} | {:>8.2} | {:>10}",
            times.len(),
            at(50),
            at(99),
            at(100),
            self.overloaded
        )
    }
}
