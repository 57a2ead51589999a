use std::num::NonZeroU64;
use std::sync::atomic::AtomicUsize;
use std::thread;

use proptest::prelude::*;

use super::*;

fn rate(capacity: u64, seconds: u64) -> Rate {
    Rate::new(NonZeroU64::new(capacity).unwrap(), Duration::from_secs(seconds)).unwrap()
}

fn limiter(max_buckets: usize) -> RateLimiter {
    RateLimiter::new(NonZeroUsize::new(max_buckets).unwrap())
}

#[test]
fn each_key_has_a_bucket_of_its_own() {
    let (limiter, now) = (RateLimiter::default(), Instant::now());
    let rate = rate(2, 60);
    assert_eq!(limiter.remaining("a", rate, now), 2);
    assert!(limiter.check("a", rate, 2, now).allowed);
    assert!(limiter.check("b", rate, 1, now).allowed);
    let error = limiter.check_or_err("a", rate, 1, now).unwrap_err();
    assert_eq!(error.to_string(), "`a` allows 2 in 60s, and these are used up; try again in 30s");
    assert_eq!((limiter.remaining("a", rate, now), limiter.remaining("b", rate, now)), (0, 1));
    let stats = limiter.stats();
    assert_eq!((stats.buckets, stats.allowed, stats.refused, stats.dropped), (2, 2, 1, 0));
    let [status] = &*limiter.buckets(now + Duration::from_secs(30)) else { panic!("{limiter:?}") };
    assert_eq!((&*status.key, status.remaining, status.full_after), ("a", 1, Duration::from_secs(30)));
}

#[test]
fn a_reset_fills_a_bucket_or_all() {
    let (limiter, now) = (RateLimiter::default(), Instant::now());
    let rate = rate(1, 60);
    let takes = |key| limiter.check(key, rate, 1, now).allowed;
    assert!(takes("a") && takes("b") && !takes("a") && !takes("b"));
    assert!(limiter.reset("a") && !limiter.reset("c"));
    assert!(takes("a") && !takes("b"));
    assert_eq!((limiter.reset_all(), limiter.reset_all()), (2, 0));
    assert!(takes("a") && takes("b"));
}

#[test]
fn several_buckets_are_charged_together_or_not_at_all() {
    let (limiter, now) = (RateLimiter::default(), Instant::now());
    let [wide, narrow] = [rate(10, 60), rate(1, 60)];
    let asks = |cost| [("tenant", wide), ("key", wide), ("address", narrow)].map(|(key, rate)| Ask { key, rate, cost });
    let decisions = limiter.check_all(&asks(1), now).unwrap();
    assert_eq!(decisions.iter().map(|decision| decision.remaining).collect::<Vec<_>>(), [9, 9, 0]);
    let error = limiter.check_all(&asks(1), now).unwrap_err();
    assert_eq!((&*error.key, error.decision.retry_after), ("address", Duration::from_secs(60)));
    assert_eq!(["tenant", "key"].map(|key| limiter.remaining(key, wide, now)), [9, 9]);
    // One bucket twice pays twice, or not at all.
    let twice = |cost| [Ask { key: "tenant", rate: wide, cost }; 2];
    assert!(limiter.check_all(&twice(5), now).is_err());
    assert_eq!(limiter.remaining("tenant", wide, now), 9);
    assert_eq!(limiter.check_all(&twice(4), now).unwrap()[1].remaining, 1);
    assert_eq!(limiter.check_all(&[], now), Ok(Vec::new()));
}

#[test]
fn keys_that_differ_behind_a_long_beginning_are_two() {
    let (limiter, now) = (RateLimiter::default(), Instant::now());
    let rate = rate(1, 60);
    let long = "ä".repeat(100_000);
    for key in [format!("{long}a"), format!("{long}b"), "x".repeat(LONGEST_KEY), "x".repeat(LONGEST_KEY + 1)] {
        assert!(limiter.check(&key, rate, 1, now).allowed);
        assert!(!limiter.check(&key, rate, 1, now).allowed);
        assert_eq!(limiter.remaining(&key, rate, now), 0);
        assert!(limiter.reset(&key) && limiter.check(&key, rate, 1, now).allowed);
    }
    assert!(limiter.buckets(now).iter().all(|status| status.key.len() <= LONGEST_KEY), "{:?}", limiter.stats());
}

#[test]
fn buckets_that_are_full_again_are_dropped() {
    let (limiter, now) = (limiter(1 << 20), Instant::now());
    let rate = rate(1, 1);
    for second in 0..100_u32 {
        let now = now + Duration::from_secs(second.into());
        for client in 0..1_000 {
            assert!(limiter.check(&format!("{second}/{client}"), rate, 1, now).allowed);
        }
    }
    let stats = limiter.stats();
    assert!(stats.buckets < SHARDS * 3 * FIRST_SWEEP && stats.dropped == 0, "{stats:?}");
    limiter.sweep(now + Duration::from_secs(1_000));
    assert_eq!(limiter.stats().buckets, 0);
}

#[test]
fn there_are_no_more_buckets_than_there_may_be_and_the_fullest_make_way() {
    let (limiter, now) = (limiter(1_000), Instant::now());
    let rate = rate(10, 3_600);
    let is_empty = |key: &str| limiter.remaining(key, rate, now) == 0;
    assert!(limiter.check("greedy", rate, 10, now).allowed);
    for client in 0..100_000 {
        assert!(limiter.check(&format!("{client}"), rate, 1, now).allowed);
    }
    let stats = limiter.stats();
    assert!(stats.buckets <= 1_000 + SHARDS && stats.dropped > 90_000, "{stats:?}");
    assert!(is_empty("greedy"), "its bucket made way for others with more tokens");
}

#[test]
fn no_bucket_makes_way_for_another_one_of_the_same_call() {
    let (limiter, now) = (limiter(1), Instant::now());
    let rate = rate(1, 3_600);
    for call in 0..1_000 {
        let keys: Vec<_> = (0..40).map(|key| format!("{call}/{key}")).collect();
        let mut asks: Vec<_> = keys.iter().map(|key| Ask { key, rate, cost: 1 }).collect();
        // The last one is refused, and then none is charged; without it all are.
        asks.push(asks[0]);
        limiter.check_all(&asks, now).unwrap_err();
        assert!(keys.iter().all(|key| limiter.remaining(key, rate, now) == 1));
        asks.pop();
        assert!(limiter.check_all(&asks, now).is_ok());
        assert!(keys.iter().all(|key| limiter.remaining(key, rate, now) == 0), "{call}");
    }
}

/// What a limiter allocates is in its tables: an entry, and the text of its key.
#[test]
fn a_bucket_takes_less_than_a_kibibyte() {
    // A table has room for twice what it holds, and a byte more for each.
    let entry = 2 * (size_of::<Kept>() + 1);
    assert!(entry + LONGEST_KEY < 1024, "{entry}");
}

#[test]
fn threads_together_get_no_more_than_there_is() {
    const THREADS: usize = 8;
    let (limiter, now) = (RateLimiter::default(), Instant::now());
    let (rate, allowed) = (rate(10_000, 3_600), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (limiter, allowed) = (&limiter, &allowed);
            scope.spawn(move || {
                for attempt in 0..5_000 {
                    // In both orders: a thread that held one bucket while it waits for the other would block both threads.
                    let mut asks = [Ask { key: "a", rate, cost: 1 }, Ask { key: "b", rate, cost: 1 }];
                    if (thread + attempt) % 2 == 0 {
                        asks.reverse();
                    }
                    if limiter.check_all(&asks, now).is_ok() {
                        allowed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), 10_000);
    assert_eq!((limiter.remaining("a", rate, now), limiter.remaining("b", rate, now)), (0, 0));
}

/// A step of a model: the time goes on, or back, and something is asked.
#[derive(Clone, Debug)]
struct Step {
    millis: i64,
    cost: u64,
}

proptest! {
    #[test]
    fn a_bucket_does_what_its_model_does(
        capacity in 1..50_u64,
        seconds in 1..100_u64,
        steps in prop::collection::vec((-5_000..20_000_i64, 0..60_u64), 1..100),
    ) {
        let (limiter, rate) = (RateLimiter::default(), rate(capacity, seconds));
        let start = Instant::now() + Duration::from_secs(1 << 20);
        let at = |millis: i64| match u64::try_from(millis) {
            Ok(millis) => start + Duration::from_millis(millis),
            Err(_) => start - Duration::from_millis(millis.unsigned_abs()),
        };
        // In the model a token is as many parts as its window has milliseconds, and each millisecond brings as many as there are tokens.
        let window = i128::from(seconds) * 1_000;
        let (mut time, mut latest, mut parts) = (0_i64, i64::MIN, i128::from(capacity) * window);
        let mut taken: Vec<(i64, u64)> = Vec::new();
        for Step { millis, cost } in steps.into_iter().map(|(millis, cost)| Step { millis, cost }) {
            time += millis;
            if time > latest {
                let came_back = (i128::from(time) - i128::from(latest)) * i128::from(capacity);
                parts = (parts + came_back).min(i128::from(capacity) * window);
                latest = time;
            }
            let cost = cost.min(capacity);
            let expected = i128::from(cost) * window <= parts;
            let decision = limiter.check("key", rate, cost, at(time));
            prop_assert_eq!(decision.allowed, expected);
            if expected {
                parts -= i128::from(cost) * window;
                taken.push((latest, cost));
            }
            prop_assert_eq!(i128::from(decision.remaining), parts / window);
            prop_assert_eq!(decision.remaining, limiter.remaining("key", rate, at(time)));
            if !decision.allowed {
                // As soon as it says, and no sooner.
                let soon = at(latest) + decision.retry_after;
                prop_assert!(limiter.remaining("key", rate, soon) >= cost);
                let sooner = soon - Duration::from_nanos(1);
                prop_assert!(limiter.remaining("key", rate, sooner) < cost);
            }
        }
        // In no time between two steps was more taken than a full bucket and what came back.
        for (from, (begin, _)) in taken.iter().enumerate() {
            let mut sum = 0;
            for (end, cost) in taken.iter().skip(from) {
                sum += i128::from(*cost);
                let came_back = i128::from(end - begin) * i128::from(capacity);
                prop_assert!(sum * window <= i128::from(capacity) * window + came_back);
            }
        }
    }
}
