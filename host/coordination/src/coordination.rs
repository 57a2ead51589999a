//! The client: fetches the related entities of the records of one call.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use jurat_engine::{Supplied, Supplier, Wanted};
use jurat_retry::Random;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::cache::Key;
use crate::config::Config;
use crate::fetch::{Errand, Fetcher, Memory};
use crate::fetch_failure::{FetchFailure, FetchFailureKind};
use crate::flights::{self, FetchedAnswer, Outcome, Waiter};
use crate::listener::Listener;
use crate::message::{self, Term};
use crate::report::{BreakerState, CoordinationStatus, OnEvent};
use crate::session::Session;
use crate::status::Counters;
use crate::transport::{Http, Transport};

/// The most bytes of the records of one bulk request, unless it has a single one.
const BULK_BYTES: usize = 4 << 20;

/// The client of a coordination service.
#[derive(Debug)]
pub struct Coordination {
    /// None if there is no service.
    fetcher: Option<Arc<Fetcher>>,
    session: Session,
    counters: Arc<Counters>,
    listener: Listener,
    runtime: Handle,
}

/// The pending records of a call.
#[derive(Debug)]
struct Call {
    outcomes: Vec<Option<Outcome>>,
    missing: usize,
    incoming: Receiver<(usize, Outcome)>,
}

impl Coordination {
    /// A client with a configuration.
    ///
    /// Requests run on the runtime. It needs threads of its own: a caller blocks its thread until the runtime has an answer, or has
    /// ended.
    pub fn new(config: Config, session: Session, runtime: Handle, on_event: Option<OnEvent>) -> Self {
        let (memory, counters) = Default::default();
        Self::over_http(config, session, runtime, Listener(on_event), memory, counters)
    }

    /// A client with a new configuration. Requests under way end under the old one.
    ///
    /// The new client shares the session and, if the URL is the same, the breaker and the cache.
    pub fn reconfigured(&self, config: Config) -> Self {
        let fetcher = self.fetcher.as_ref().filter(|fetcher| fetcher.config().base_url == config.base_url);
        let memory = fetcher.map(|fetcher| Arc::clone(fetcher.memory())).unwrap_or_default();
        let (counters, listener) = (Arc::clone(&self.counters), self.listener.clone());
        Self::over_http(config, self.session.clone(), self.runtime.clone(), listener, memory, counters)
    }

    /// The number of requests under way.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.counters.in_flight.get()
    }

    /// The status of the service.
    pub fn status(&self) -> CoordinationStatus {
        let _clock = self.runtime.enter();
        let fetcher = self.fetcher.as_deref();
        let base_url = fetcher.and_then(|fetcher| fetcher.config().base_url.as_ref());
        let breaker = fetcher.map_or(BreakerState::Off, |fetcher| {
            fetcher.memory().breaker.state(fetcher.config().breaker, Instant::now())
        });
        let (entries, bytes) = fetcher.map_or((0, 0), |fetcher| fetcher.memory().cache.size());
        CoordinationStatus {
            enabled: fetcher.is_some(),
            base_url: base_url.map(ToString::to_string),
            breaker,
            requests: self.counters.requests.get(),
            retries: self.counters.retries.get(),
            in_flight: self.counters.in_flight.get(),
            shared: self.counters.shared.get(),
            failures: self.counters.failures(),
            cache_hits: self.counters.hits.get(),
            cache_misses: self.counters.misses.get(),
            cache_stale: self.counters.stale.get(),
            cache_entries: entries as u64,
            cache_bytes: bytes,
        }
    }

    fn over_http(
        config: Config,
        session: Session,
        runtime: Handle,
        listener: Listener,
        memory: Arc<Memory>,
        counters: Arc<Counters>,
    ) -> Self {
        let fetcher = config.base_url.clone().map(|base_url| {
            let transport: Box<dyn Transport> = Box::new(Http::new(session.clone(), &base_url, &config));
            let (counters, listener) = (Arc::clone(&counters), listener.clone());
            Arc::new(Fetcher::new(config, transport, memory, counters, Random::new(), listener))
        });
        Self { fetcher, session, counters, listener, runtime }
    }

    /// Starts to fetch everything that is not cached, without waiting.
    fn begin(&self, fetcher: &Arc<Fetcher>, wanted: &[Wanted<'_>]) -> Call {
        let _clock = self.runtime.enter();
        let (config, memory) = (fetcher.config(), fetcher.memory());
        let now = Instant::now();
        let (sender, incoming) = channel();
        let mut call = Call { outcomes: wanted.iter().map(|_| None).collect(), missing: wanted.len(), incoming };
        let mut errands = Vec::new();
        for (index, wanted) in wanted.iter().enumerate() {
            let key = Arc::new(Key::new(wanted.entity_type, &wanted.terms, wanted.record));
            if let Some(answer) = memory.cache.get(&key, config.cache.fresh, now) {
                self.counters.hits.add(1);
                call.put(index, Ok(FetchedAnswer { answer, is_cached: true, is_stale: false }));
                continue;
            }
            if !config.cache.kept().is_zero() {
                self.counters.misses.add(1);
            }
            let waiter = Waiter { index, outcomes: sender.clone() };
            let Some(flight) = memory.flights.join(key, waiter) else {
                self.counters.shared.add(1);
                continue;
            };
            match message::question(wanted) {
                Ok(question) => errands.push(Errand { flight, question }),
                Err(failure) => flight.land(&Err(failure)),
            }
        }
        fetcher.fetch_all(grouped(errands, config.bulk), &self.runtime);
        call
    }

    /// The outcome of one record, for each of its terms.
    fn supplied(&self, wanted: &Wanted<'_>, outcome: &Outcome) -> Vec<Supplied> {
        let unavailable = |FetchFailure { kind, reason, .. }: FetchFailure| {
            self.counters.failure(kind);
            Supplied::Unavailable { code: kind.code(), reason, cause: kind.cause() }
        };
        match outcome {
            Ok(FetchedAnswer { answer, is_cached, is_stale }) => {
                self.counters.stale.add(u64::from(*is_stale));
                let terms = wanted.terms.iter().zip(answer.iter());
                let supplied = terms.map(|(term, said)| match said {
                    Term::Entity(text) => {
                        Supplied::Entity { text: Arc::clone(text), is_cached: *is_cached, is_stale: *is_stale }
                    }
                    Term::Missing => unavailable(message::missing(term)),
                    Term::Malformed(found) => unavailable(message::misshapen(term, found)),
                });
                supplied.collect()
            }
            Err(failure) => {
                // It counts once, for the record.
                let every = unavailable(failure.clone());
                wanted.terms.iter().map(|_| every.clone()).collect()
            }
        }
    }
}

impl Supplier for Coordination {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        let outcomes = match &self.fetcher {
            Some(fetcher) => self.begin(fetcher, wanted).wait(),
            None => {
                let disabled = FetchFailure::new(FetchFailureKind::Disabled, "no coordination service is configured");
                wanted.iter().map(|_| Err(disabled.clone())).collect()
            }
        };
        wanted.iter().zip(&outcomes).map(|(wanted, outcome)| self.supplied(wanted, outcome)).collect()
    }
}

impl Call {
    fn put(&mut self, index: usize, outcome: Outcome) {
        if let Some(empty @ None) = self.outcomes.get_mut(index) {
            *empty = Some(outcome);
            self.missing -= 1;
        }
    }

    /// Waits on this thread while there are flights. Each of them ends: it lands, or it is given up when its runtime ends.
    fn wait(mut self) -> Vec<Outcome> {
        while self.missing > 0 {
            let Ok((index, outcome)) = self.incoming.recv() else { break };
            self.put(index, outcome);
        }
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(flights::given_up()))).collect()
    }
}

/// Splits records into requests.
fn grouped(errands: Vec<Errand>, bulk: Option<NonZeroUsize>) -> Vec<Vec<Errand>> {
    let most = bulk.map_or(1, NonZeroUsize::get);
    let mut groups: Vec<Vec<Errand>> = Vec::new();
    let mut bytes = 0;
    for errand in errands {
        bytes += errand.question.len();
        match groups.last_mut() {
            Some(group) if group.len() < most && bytes <= BULK_BYTES => group.push(errand),
            _ => {
                bytes = errand.question.len();
                groups.push(vec![errand]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests;
