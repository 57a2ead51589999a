//! Tries something, again and again.

use std::thread;
use std::time::Duration;

use crate::failed::Failed;
use crate::policy::{Again, RetryPolicy};
use crate::random::Random;

/// Tries something until it succeeds, fails for good, or was tried often enough. The thread waits during pauses.
///
/// `is_transient` says of a failure whether another attempt may succeed: as a boolean, or as [`Again`]. `on_retry` is told of each
/// failure that another attempt follows, with the number of the attempt, from 1, and the pause. `attempt` gets its number.
///
/// # Errors
/// With the last failure, and the number of attempts.
pub fn retry<T, E, A: Into<Again>>(
    policy: &RetryPolicy,
    is_transient: impl Fn(&E) -> A,
    on_retry: impl FnMut(&E, u32, Duration),
    attempt: impl FnMut(u32) -> Result<T, E>,
) -> Result<T, Failed<E>> {
    retry_with(policy, is_transient, on_retry, attempt, thread::sleep)
}

fn retry_with<T, E, A: Into<Again>>(
    policy: &RetryPolicy,
    is_transient: impl Fn(&E) -> A,
    mut on_retry: impl FnMut(&E, u32, Duration),
    mut attempt: impl FnMut(u32) -> Result<T, E>,
    mut sleep: impl FnMut(Duration),
) -> Result<T, Failed<E>> {
    let random = Random::new();
    let mut number = 1;
    loop {
        let error = match attempt(number) {
            Ok(success) => return Ok(success),
            Err(error) => error,
        };
        let Some(pause) = policy.pause(is_transient(&error).into(), number, &random) else {
            return Err(Failed { error, attempts: number });
        };
        on_retry(&error, number, pause);
        sleep(pause);
        number += 1;
    }
}

/// Like [`retry`], for what is awaited. It waits on a timer of tokio.
///
/// ```
/// use jurat_retry::{Failed, RetryPolicy, retry_async};
///
/// # async fn f() -> Result<u32, Failed<std::io::Error>> {
/// let policy = RetryPolicy::CONSERVATIVE;
/// let number = retry_async(&policy, |_: &std::io::Error| true, |_, _, _| {}, async |_attempt| Ok(7)).await?;
/// # Ok(number)
/// # }
/// ```
///
/// # Errors
/// With the last failure, and the number of attempts.
#[cfg(feature = "async")]
pub async fn retry_async<T, E, A: Into<Again>>(
    policy: &RetryPolicy,
    is_transient: impl Fn(&E) -> A,
    mut on_retry: impl FnMut(&E, u32, Duration),
    mut attempt: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Result<T, Failed<E>> {
    let random = Random::new();
    let mut number = 1;
    loop {
        let error = match attempt(number).await {
            Ok(success) => return Ok(success),
            Err(error) => error,
        };
        let Some(pause) = policy.pause(is_transient(&error).into(), number, &random) else {
            return Err(Failed { error, attempts: number });
        };
        on_retry(&error, number, pause);
        tokio::time::sleep(pause).await;
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Jitter;

    const EXACT: RetryPolicy = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::AGGRESSIVE };

    /// What happened: failures that another attempt followed, and pauses in milliseconds.
    #[derive(Debug, Default, PartialEq)]
    struct Told(Vec<(u32, u128)>);

    /// The failure of the last attempt is its number.
    fn given_up(attempts: u32) -> Failed<u32> {
        Failed { error: attempts, attempts }
    }

    /// Tries what fails so often. Gives the result, what was told, and how long it slept.
    fn tried(
        policy: &RetryPolicy,
        failures: u32,
        again: impl Fn(&u32) -> Again,
    ) -> (Result<u32, Failed<u32>>, Told, Duration) {
        let (mut told, mut slept) = (Told::default(), Duration::ZERO);
        let result = retry_with(
            policy,
            again,
            |failure, attempt, pause| {
                assert_eq!(*failure, attempt);
                told.0.push((attempt, pause.as_millis()));
            },
            |attempt| if attempt > failures { Ok(attempt) } else { Err(attempt) },
            |pause| slept += pause,
        );
        (result, told, slept)
    }

    #[test]
    fn it_is_tried_until_it_succeeds_with_pauses_that_grow() {
        let (result, told, slept) = tried(&EXACT, 3, |_| Again::Yes);
        assert_eq!((result, told), (Ok(4), Told(vec![(1, 200), (2, 400), (3, 800)])));
        assert_eq!(slept, Duration::from_millis(1_400));
        assert_eq!(tried(&EXACT, 0, |_| Again::Yes), (Ok(1), Told::default(), Duration::ZERO));
    }

    #[test]
    fn it_is_given_up_after_the_last_attempt_and_where_no_other_would_succeed() {
        let (result, told, _) = tried(&EXACT, u32::MAX, |_| Again::Yes);
        assert_eq!((result, told.0.len()), (Err(given_up(5)), 4));
        let (result, told, _) = tried(&EXACT, u32::MAX, |failure| Again::from(*failure < 2));
        assert_eq!((result, told), (Err(given_up(2)), Told(vec![(1, 200)])));
    }

    #[test]
    fn a_pause_is_as_long_as_somebody_asks_for() {
        let (result, told, _) = tried(&EXACT, 1, |_| Again::After(Duration::from_secs(30)));
        assert_eq!((result, told), (Ok(2), Told(vec![(1, 30_000)])));
    }

    #[test]
    fn pauses_are_below_their_bounds() {
        let policy = RetryPolicy { max_attempts: 100.try_into().unwrap(), ..RetryPolicy::QUICK };
        let (_, told, _) = tried(&policy, u32::MAX, |_| Again::Yes);
        assert!(told.0.iter().all(|(_, pause)| *pause < 1_000));
        assert!(told.0.iter().any(|(_, pause)| *pause > 500));
    }

    proptest! {
        #[test]
        fn each_attempt_but_the_last_is_told_and_there_are_no_more_than_allowed(
            most in 1_u32..50, failures in 0_u32..60, lasting in 1_u32..60, base: Duration, max: Duration,
        ) {
            let max_attempts = most.try_into().unwrap();
            let policy = RetryPolicy { max_attempts, base_delay: base, max_delay: max, ..RetryPolicy::DEFAULT };
            let (mut attempts, mut told, mut slept) = (0, Vec::new(), Vec::new());
            let result = retry_with(
                &policy,
                |failure: &u32| *failure < lasting,
                |_, attempt, pause| told.push((attempt, pause)),
                |attempt| {
                    attempts += 1;
                    if attempt > failures { Ok(attempt) } else { Err(attempt) }
                },
                |pause| slept.push(pause),
            );
            prop_assert_eq!(attempts, most.min(failures + 1).min(lasting));
            prop_assert_eq!(result, if failures < attempts { Ok(attempts) } else { Err(given_up(attempts)) });
            prop_assert!(told.iter().map(|(attempt, _)| *attempt).eq(1..attempts));
            prop_assert!(told.iter().map(|(_, pause)| *pause).eq(slept.iter().copied()));
            prop_assert!(slept.iter().all(|pause| *pause <= max));
        }
    }

    #[cfg(feature = "async")]
    #[tokio::test(start_paused = true)]
    async fn the_same_holds_for_what_is_awaited() {
        let (began, mut told) = (tokio::time::Instant::now(), Vec::new());
        let result = retry_async(
            &EXACT,
            |failure: &u32| *failure < 3,
            |failure, attempt, pause| told.push((*failure, attempt, pause.as_millis())),
            async |attempt| if attempt > 9 { Ok(()) } else { Err(attempt) },
        );
        assert_eq!(result.await, Err(given_up(3)));
        assert_eq!(told, [(1, 1, 200), (2, 2, 400)]);
        assert_eq!(began.elapsed(), Duration::from_millis(600));
        let result: Result<u32, Failed<()>> =
            retry_async(&EXACT, |()| true, |(), _, _| {}, async |attempt| Ok(attempt)).await;
        assert_eq!(result, Ok(1));
    }
}
