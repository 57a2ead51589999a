//! Work on several things at once, with the outcome that it has one after the other.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does the work on each item, on up to this many threads, the calling one among them: where the system gives no more, on fewer.
///
/// # Errors
/// That of the first item which has one. Work on others ends, but none is begun after it.
pub(crate) fn side_by_side<I: Sync, T: Send, E: Send>(
    threads: NonZeroUsize,
    items: &[I],
    work: impl Fn(&I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        while !has_failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let outcome = work(item);
            if outcome.is_err() {
                has_failed.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get().min(items.len()) {
            let started = thread::Builder::new().name("jurat-load".to_owned()).spawn_scoped(scope, run);
            if started.is_err() {
                break;
            }
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Items are begun in their order: those before the first one that failed are all there.
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn check(threads: usize, items: &[i32], expected: &Result<Vec<i32>, i32>) {
        let work = |item: &i32| if *item < 0 { Err(*item) } else { Ok(item * 10) };
        assert_eq!(&side_by_side(NonZeroUsize::new(threads).unwrap(), items, work), expected);
    }

    #[test]
    fn outcomes_are_in_the_order_of_the_items_and_the_first_error_counts() {
        for threads in [1, 2, 3, 64] {
            check(threads, &[], &Ok(vec![]));
            check(threads, &[7], &Ok(vec![70]));
            check(threads, &[5, 4, 3, 2, 1], &Ok(vec![50, 40, 30, 20, 10]));
            for _ in 0..100 {
                check(threads, &[1, 2, -3, 4, -5, -6], &Err(-3));
            }
        }
    }

    #[test]
    fn nothing_is_begun_after_an_error() {
        let begun = AtomicUsize::new(0);
        let work = |_: &i32| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(())
        };
        assert!(side_by_side(NonZeroUsize::MIN, &[1, 2, 3], work).is_err());
        assert_eq!(begun.into_inner(), 1);
    }

    #[test]
    fn items_are_worked_on_at_once() {
        // Each waits for the other.
        let both = Barrier::new(2);
        let work = |_: &i32| {
            both.wait();
            Ok::<_, ()>(())
        };
        assert!(side_by_side(NonZeroUsize::new(2).unwrap(), &[1, 2], work).is_ok());
    }
}
