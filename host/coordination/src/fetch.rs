//! Sends requests to the service: turns between calls, attempts, pauses, and a deadline for each request.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jurat_retry::{Again, Random};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::breaker::{Breaker, Pass};
use crate::cache::{Cache, Key};
use crate::config::Config;
use crate::fetch_failure::{FetchFailure, FetchFailureKind};
use crate::flights::{FetchedAnswer, Flight, Flights, Outcome, given_up};
use crate::listener::Listener;
use crate::message::{self, Answer, Term};
use crate::report::{BreakerChange, CoordinationEvent, Retry};
use crate::status::Counters;
use crate::transport::{Endpoint, Transport};

/// Failures in a row after which connections are made anew, if there is no breaker that could open.
const FAILURES: u32 = 10;

/// The state of one service, which survives a new configuration.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) breaker: Breaker,
    pub(super) cache: Cache,
    pub(super) flights: Arc<Flights>,
    /// Failures in a row.
    failures: AtomicU32,
}

/// Sends requests to one service.
pub(super) struct Fetcher {
    config: Config,
    transport: Box<dyn Transport>,
    memory: Arc<Memory>,
    counters: Arc<Counters>,
    permits: Semaphore,
    random: Random,
    listener: Listener,
}

/// The question about one record, and its flight.
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
        random: Random,
        listener: Listener,
    ) -> Self {
        let permits = usize::try_from(config.concurrency.get()).unwrap_or(Semaphore::MAX_PERMITS);
        let permits = Semaphore::new(permits.min(Semaphore::MAX_PERMITS));
        Self { config, transport, memory, counters, permits, random, listener }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Makes the requests of one call, each for some records, without waiting for any of them.
    ///
    /// They hold or wait for at most half of the permits at a time, so that other calls get permits meanwhile.
    pub(super) fn fetch_all(self: &Arc<Self>, requests: Vec<Vec<Errand>>, runtime: &Handle) {
        let share = usize::try_from(self.config.concurrency.get().div_ceil(2)).unwrap_or(usize::MAX);
        let tasks = share.min(requests.len());
        // INVARIANT: only these tasks hold what is left, so it is dropped with the last of them.
        let left = Arc::new(Mutex::new(VecDeque::from(requests)));
        for _ in 0..tasks {
            let (fetcher, left) = (Arc::clone(self), Arc::clone(&left));
            runtime.spawn(async move {
                while let Some(errands) = next(&left) {
                    // A task of its own: a panic costs no other request its answer.
                    _ = tokio::spawn(Arc::clone(&fetcher).fetch(errands)).await;
                }
            });
        }
    }

    /// Asks about some records in one request, and lands their flights.
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

    async fn ask(&self, errands: &[Errand]) -> Result<Vec<Result<Answer, FetchFailure>>, FetchFailure> {
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

    /// Waits for a permit, then sends a request until it succeeds, the attempts are used up, or there is no time for another one.
    /// It keeps its permit during the pauses, so that other requests cannot delay it beyond its deadline.
    async fn attempts(&self, to: Endpoint, body: Bytes, records: usize) -> Result<Bytes, FetchFailure> {
        // The semaphore is never closed.
        let Ok(_permit) = self.permits.acquire().await else { return Err(given_up()) };
        let deadline = Instant::now() + self.config.deadline;
        let mut earlier = None;
        for attempt in 1.. {
            let failure = match self.attempt(to, body.clone(), deadline, attempt).await {
                Ok(reply) => return Ok(reply),
                // An earlier failure says more than an open breaker.
                Err(failure) if failure.kind == FetchFailureKind::BreakerOpen => return Err(earlier.unwrap_or(failure)),
                Err(failure) => failure,
            };
            let delay = self.delay(&failure, attempt, deadline);
            let failure = failure.of_attempts(attempt);
            let Some(delay) = delay else { return Err(failure) };
            self.report_retry(&failure, attempt, delay, records);
            earlier = Some(failure);
            sleep(delay).await;
        }
        Err(FetchFailure::new(FetchFailureKind::Unavailable, "the coordination service was asked too often"))
    }

    /// The pause before another attempt; none if there is none.
    fn delay(&self, failure: &FetchFailure, attempt: u32, deadline: Instant) -> Option<Duration> {
        let delay = self.config.retry.pause(failure.again, attempt, &self.random)?;
        // An attempt with less time than this would rather burden the service than get an answer.
        let useful = self.config.timeout / 10;
        let is_in_time = delay.saturating_add(useful) <= deadline.saturating_duration_since(Instant::now());
        is_in_time.then_some(delay)
    }

    /// Sends a request once, unless the breaker is open.
    async fn attempt(&self, to: Endpoint, body: Bytes, deadline: Instant, number: u32) -> Result<Bytes, FetchFailure> {
        // Only now: other requests may have found that the service is down while this one waited.
        let sent = Instant::now();
        let Some((pass, probes)) = self.memory.breaker.admit(self.config.breaker, sent) else {
            let reason = "the coordination service has failed too often, so it is not asked for a while";
            return Err(FetchFailure::new(FetchFailureKind::BreakerOpen, reason));
        };
        self.report_change(probes);
        let _under_way = self.counters.request();
        self.counters.retries.add(u64::from(number > 1));
        let until = deadline.min(sent + self.config.timeout);
        let reply = timeout_at(until, self.transport.post(to, body)).await;
        let Ok(reply) = reply else {
            // A shortened attempt says nothing about the service.
            let is_shortened = until < sent + self.config.timeout;
            match is_shortened {
                true => self.report_change(pass.abandoned()),
                false => self.failed(pass, deadline).await,
            }
            let millis = (until - sent).as_millis();
            let reason = format!("the coordination service did not answer within {millis} ms");
            return Err(FetchFailure::passing(FetchFailureKind::Timeout, reason, Again::Yes));
        };
        match &reply {
            Err(failure) if !failure.kind.is_sign_of_life() => self.failed(pass, deadline).await,
            _ => {
                self.memory.failures.store(0, Ordering::Relaxed);
                self.report_change(pass.succeeded());
            }
        }
        reply
    }

    /// The service has failed. If that opens the breaker, the next attempt has new connections; without a breaker, if there were
    /// enough failures in a row.
    async fn failed(&self, pass: Pass<'_>, deadline: Instant) {
        let change = pass.failed(Instant::now());
        self.report_change(change);
        let failures = self.memory.failures.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let is_enough = match self.config.breaker {
            Some(_) => change.is_some(),
            None => failures.is_multiple_of(FAILURES),
        };
        if is_enough {
            // After the deadline nobody waits, but they are made.
            _ = timeout_at(deadline, self.transport.renew()).await;
        }
    }

    fn report_retry(&self, failure: &FetchFailure, attempt: u32, delay: Duration, records: usize) {
        let (attempts, code, reason) =
            (self.config.retry.max_attempts.get(), failure.kind.code(), Arc::clone(&failure.reason));
        let delay_ms = delay.as_millis();
        tracing::warn!(attempt, attempts, delay_ms, code, records, "asking the coordination service again: {reason}");
        let retry = Retry { attempt, attempts, delay, code, reason, records };
        self.listener.tell(CoordinationEvent::Retry(&retry));
    }

    fn report_change(&self, change: Option<BreakerChange>) {
        if let Some(change) = change {
            self.listener.tell(CoordinationEvent::Breaker(change));
        }
    }

    /// The outcome of an answer: it is cached, or replaced by a stale one.
    fn outcome(&self, key: &Arc<Key>, answer: Result<Answer, FetchFailure>, now: Instant) -> Outcome {
        let cache = &self.memory.cache;
        match answer {
            Ok(answer) => {
                if !answer.iter().any(|term| matches!(term, Term::Malformed(_))) {
                    cache.insert(key, &answer, &self.config.cache, now);
                }
                Ok(FetchedAnswer { answer, is_cached: false, is_stale: false })
            }
            Err(failure) if failure.kind.is_outage() => {
                let older = cache.get(key, self.config.cache.kept(), now);
                older.map(|answer| FetchedAnswer { answer, is_cached: true, is_stale: true }).ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Takes the next request.
fn next(left: &Mutex<VecDeque<Vec<Errand>>>) -> Option<Vec<Errand>> {
    left.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Fetcher").field("config", &self.config).field("transport", &self.transport).finish()
    }
}
