//! Asks the service: calls in turn, attempts, pauses between them, and a deadline around all that is done for one request.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jurat_http::Jitter;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::breaker::Breaker;
use crate::cache::{Cache, Key};
use crate::config::Config;
use crate::failure::{Again, Failure, FailureKind};
use crate::flights::{Arrived, Flight, Flights, Outcome, given_up};
use crate::message::{self, Answer, Term};
use crate::report::{OnRetry, Retry};
use crate::status::Counters;
use crate::transport::{Endpoint, Transport};

/// What is known of one service, whatever else is configured anew.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) breaker: Breaker,
    pub(super) cache: Cache,
    pub(super) flights: Arc<Flights>,
}

/// Everything that it takes to ask.
pub(super) struct Fetcher {
    config: Config,
    transport: Box<dyn Transport>,
    memory: Arc<Memory>,
    counters: Arc<Counters>,
    places: Semaphore,
    jitter: Jitter,
    on_retry: Option<OnRetry>,
}

/// What is to be asked about one record, and for whom.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) flight: Flight,
    pub(super) question: Vec<u8>,
}

impl Fetcher {
    pub(super) fn new(
        config: Config,
        transport: Box<dyn Transport>,
        memory: Arc<Memory>,
        counters: Arc<Counters>,
        jitter: Jitter,
        on_retry: Option<OnRetry>,
    ) -> Self {
        let places = usize::try_from(config.concurrency.get()).unwrap_or(Semaphore::MAX_PERMITS);
        let places = Semaphore::new(places.min(Semaphore::MAX_PERMITS));
        Self { config, transport, memory, counters, places, jitter, on_retry }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Makes the requests of one call, each for some records, without waiting for any of them.
    ///
    /// No more than half of the places are taken or waited for by them at a time, so that other calls get theirs meanwhile.
    pub(super) fn fetch_all(self: &Arc<Self>, requests: Vec<Vec<Errand>>, runtime: &Handle) {
        let share = usize::try_from(self.config.concurrency.get().div_ceil(2)).unwrap_or(usize::MAX);
        let lanes = share.min(requests.len());
        // INVARIANT: only the lanes hold what is left, so it is given up with the last of them.
        let left = Arc::new(Mutex::new(VecDeque::from(requests)));
        for _ in 0..lanes {
            let (fetcher, left) = (Arc::clone(self), Arc::clone(&left));
            runtime.spawn(async move {
                while let Some(errands) = next(&left) {
                    // A task of its own: should it panic, it costs nobody else an answer.
                    _ = tokio::spawn(Arc::clone(&fetcher).fetch(errands)).await;
                }
            });
        }
    }

    /// Asks about some records in one request, and tells everybody who waits for them.
    async fn fetch(self: Arc<Self>, errands: Vec<Errand>) {
        let answers = match self.ask(&errands).await {
            Ok(answers) => answers,
            Err(failure) => errands.iter().map(|_| Err(failure.clone())).collect(),
        };
        let now = Instant::now();
        for (Errand { flight, .. }, answer) in errands.into_iter().zip(answers) {
            let outcome = self.outcome(flight.key(), answer, now);
            flight.land(&outcome);
        }
    }

    async fn ask(&self, errands: &[Errand]) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        match (self.config.bulk, errands) {
            (None, [Errand { flight, question }]) => {
                let question = Bytes::copy_from_slice(question);
                let reply = self.attempts(Endpoint::One, question, 1).await?;
                Ok(vec![message::answer(&reply, flight.key().terms())])
            }
            (_, errands) => {
                let question = message::bulk_question(errands.iter().map(|errand| &errand.question[..]));
                let reply = self.attempts(Endpoint::Bulk, question.into(), errands.len()).await?;
                message::bulk_answer(&reply, errands.iter().map(|errand| errand.flight.key().terms()))
            }
        }
    }

    /// Sends a request, as soon as there is a place, until something comes of it, the attempts are used up, or there is no time for
    /// another one. It keeps its place for the pauses, too: they and attempts take no longer than the deadline, and are not drawn
    /// out by others.
    async fn attempts(&self, to: Endpoint, body: Bytes, records: usize) -> Result<Bytes, Failure> {
        // Places are there for as long as the fetcher is.
        let Ok(_place) = self.places.acquire().await else { return Err(given_up()) };
        let deadline = Instant::now() + self.config.deadline;
        let mut earlier = None;
        for attempt in 1.. {
            let failure = match self.attempt(to, body.clone(), deadline, attempt).await {
                Ok(reply) => return Ok(reply),
                // What went wrong before says more than that nobody asks any more.
                Err(failure) if failure.kind == FailureKind::BreakerOpen => return Err(earlier.unwrap_or(failure)),
                Err(failure) => failure,
            };
            let delay = self.delay(&failure, attempt, deadline);
            let failure = failure.of_attempts(attempt);
            let Some(delay) = delay else { return Err(failure) };
            self.tell(&failure, attempt, delay, records);
            earlier = Some(failure);
            sleep(delay).await;
        }
        Err(Failure::new(FailureKind::Unavailable, "the coordination service was asked too often"))
    }

    /// How long to wait for another attempt; none if there is none.
    fn delay(&self, failure: &Failure, attempt: u32, deadline: Instant) -> Option<Duration> {
        let pause = self.jitter.below(self.config.backoff.bound(attempt));
        let delay = match failure.again {
            Again::Never => return None,
            Again::Soon => pause,
            Again::After(least) => pause.max(least),
        };
        // Whatever has less time than this would rather burden the service than get an answer.
        let useful = self.config.timeout / 10;
        let is_in_time = delay.saturating_add(useful) <= deadline.saturating_duration_since(Instant::now());
        (is_in_time && attempt < self.config.attempts.get()).then_some(delay)
    }

    /// Sends a request once, unless the breaker is open.
    async fn attempt(&self, to: Endpoint, body: Bytes, deadline: Instant, number: u32) -> Result<Bytes, Failure> {
        // Only now: while this one has waited for its place or its turn, others may have found that the service is down.
        let sent = Instant::now();
        let Some(pass) = self.memory.breaker.admit(self.config.breaker, sent) else {
            let reason = "the coordination service has failed too often, so it is not asked for a while";
            return Err(Failure::new(FailureKind::BreakerOpen, reason));
        };
        let _under_way = self.counters.request();
        self.counters.retries.add(u64::from(number > 1));
        let until = deadline.min(sent + self.config.timeout);
        let reply = timeout_at(until, self.transport.post(to, body)).await;
        let Ok(reply) = reply else {
            // Less time than an attempt should have says nothing about the service.
            if until == sent + self.config.timeout {
                pass.failed(Instant::now());
            }
            let millis = (until - sent).as_millis();
            let reason = format!("the coordination service did not answer within {millis} ms");
            return Err(Failure::passing(FailureKind::Timeout, reason, Again::Soon));
        };
        match &reply {
            Err(failure) if !failure.kind.is_sign_of_life() => pass.failed(Instant::now()),
            _ => pass.succeeded(),
        }
        reply
    }

    fn tell(&self, failure: &Failure, attempt: u32, delay: Duration, records: usize) {
        let (attempts, code, reason) = (self.config.attempts.get(), failure.kind.code(), Arc::clone(&failure.reason));
        let delay_ms = delay.as_millis();
        tracing::warn!(attempt, attempts, delay_ms, code, records, "asking the coordination service again: {reason}");
        let Some(on_retry) = &self.on_retry else { return };
        let retry = Retry { attempt, attempts, delay, code, reason, records };
        // Whoever only wants to be told must not cost others their answer.
        if catch_unwind(AssertUnwindSafe(|| on_retry(&retry))).is_err() {
            tracing::error!("the callback for retries panicked");
        }
    }

    /// What comes of an answer: it is kept, or an older one stands in for it.
    fn outcome(&self, key: &Arc<Key>, answer: Result<Answer, Failure>, now: Instant) -> Outcome {
        let cache = &self.memory.cache;
        match answer {
            Ok(answer) => {
                if !answer.iter().any(|term| matches!(term, Term::Malformed(_))) {
                    cache.insert(key, &answer, &self.config.cache, now);
                }
                Ok(Arrived { answer, is_cached: false, is_stale: false })
            }
            Err(failure) if failure.kind.is_outage() => {
                let older = cache.get(key, self.config.cache.kept(), now);
                older.map(|answer| Arrived { answer, is_cached: true, is_stale: true }).ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The next of the requests that are left.
fn next(left: &Mutex<VecDeque<Vec<Errand>>>) -> Option<Vec<Errand>> {
    left.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Fetcher").field("config", &self.config).field("transport", &self.transport).finish()
    }
}
