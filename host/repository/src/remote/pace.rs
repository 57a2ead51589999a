//! The rate of a download.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes as Chunk;
use jurat_model::Bytes;
use tokio::time::{Instant, timeout};

/// The lowest rate of a server. A slower one is useless or malicious.
///
/// # Limits
/// It is checked once in each window, from the first bytes on: the client limits the time before. A server that is just fast
/// enough can continue until the total time for a file is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Slowest {
    /// The fewest bytes per second.
    pub(crate) rate: Bytes,
    /// The window over which that is averaged.
    pub(crate) window: Duration,
}

/// Measures the rate. Time in which the caller does not read does not count.
#[derive(Debug)]
pub(super) struct Pace {
    slowest: Slowest,
    has_begun: bool,
    waited: Duration,
    received: u64,
}

/// Too few bytes arrived within a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooSlow(pub(super) Bytes);

impl Pace {
    pub(super) fn new(slowest: Slowest) -> Self {
        Self { slowest, has_begun: false, waited: Duration::ZERO, received: 0 }
    }

    /// Waits for the next part of a file.
    pub(super) async fn next<E>(
        &mut self,
        next: impl Future<Output = Result<Option<Chunk>, E>>,
    ) -> Result<Result<Option<Chunk>, E>, TooSlow> {
        if !self.has_begun {
            self.has_begun = true;
            return Ok(next.await);
        }
        let mut next = pin!(next);
        loop {
            let begin = Instant::now();
            let left = self.slowest.window.saturating_sub(self.waited);
            let Ok(found) = timeout(left, &mut next).await else {
                self.check()?;
                continue;
            };
            self.waited += begin.elapsed();
            if let Ok(Some(chunk)) = &found {
                self.received += chunk.len() as u64;
            }
            if self.waited >= self.slowest.window {
                self.check()?;
            }
            return Ok(found);
        }
    }

    /// Checks the rate at the end of a window.
    fn check(&mut self) -> Result<(), TooSlow> {
        let Slowest { rate, window } = self.slowest;
        let expected = u128::from(rate.get()) * window.as_millis() / 1_000;
        if u128::from(self.received) < expected {
            return Err(TooSlow(Bytes::new(self.received)));
        }
        (self.waited, self.received) = (Duration::ZERO, 0);
        Ok(())
    }
}

impl Default for Slowest {
    fn default() -> Self {
        Self { rate: Bytes::kibi(1), window: Duration::from_secs(15) }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::time::sleep;

    use super::*;

    const KIBI: usize = 1_024;

    /// The next part of a body: its length, and the seconds before it.
    async fn part(pace: &mut Pace, seconds: u64, length: usize) -> Result<usize, TooSlow> {
        let next = async {
            sleep(Duration::from_secs(seconds)).await;
            Ok::<_, Infallible>(Some(Chunk::from(vec![0; length])))
        };
        Ok(pace.next(next).await?.unwrap().unwrap().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_just_fast_enough_is_waited_for_and_one_a_byte_slower_is_not() {
        let mut pace = Pace::new(Slowest::default());
        assert_eq!(part(&mut pace, 0, 1).await, Ok(1));
        for _ in 0..99 {
            assert_eq!(part(&mut pace, 5, 5 * KIBI).await, Ok(5 * KIBI));
        }
        assert_eq!(part(&mut pace, 5, 5 * KIBI - 1).await, Ok(5 * KIBI - 1));
        assert_eq!(part(&mut pace, 5, 5 * KIBI).await, Ok(5 * KIBI));
        assert_eq!(part(&mut pace, 5, 5 * KIBI).await, Err(TooSlow(Bytes::new(15 * 1_024 - 1))));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_after_the_first_bytes_lasts_a_window_and_no_longer() {
        let begin = Instant::now();
        let mut pace = Pace::new(Slowest::default());
        assert_eq!(part(&mut pace, 50, 1).await, Ok(1));
        assert_eq!(part(&mut pace, 3_600, KIBI).await, Err(TooSlow(Bytes::new(0))));
        assert_eq!(begin.elapsed().as_secs(), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_after_many_bytes_does_not_end_the_download_until_the_next_window_is_over() {
        let mut pace = Pace::new(Slowest::default());
        assert_eq!(part(&mut pace, 0, 1).await, Ok(1));
        assert_eq!(part(&mut pace, 1, 15 * KIBI).await, Ok(15 * KIBI));
        assert_eq!(part(&mut pace, 28, 15 * KIBI).await, Ok(15 * KIBI));
        assert_eq!(part(&mut pace, 1, 15 * KIBI).await, Ok(15 * KIBI));
        assert_eq!(part(&mut pace, 30, KIBI).await, Err(TooSlow(Bytes::new(0))));
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_caller_does_not_read_does_not_count() {
        let mut pace = Pace::new(Slowest::default());
        assert_eq!(part(&mut pace, 0, 1).await, Ok(1));
        for _ in 0..10 {
            sleep(Duration::from_secs(3_600)).await;
            assert_eq!(part(&mut pace, 1, KIBI).await, Ok(KIBI));
        }
    }
}
