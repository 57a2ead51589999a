//! The client as a whole: with a fake service and a fake clock, and with a real server that fails on command.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use jurat_engine::UnavailableCause;
use jurat_retry::{Again, RetryPolicy};
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::config::CacheSettings;
use crate::listener::Listener;
use crate::report::{BreakerChange, CoordinationEvent, OnEvent, Retry};
use crate::session::Session;
use crate::transport::{Endpoint, Renewal, Reply};

mod clock;
mod http;
mod outage;
mod page;
mod reuse;
mod server;
mod session;
mod turns;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn wanted<'a>(record: &'a str, terms: &[&'a str]) -> Wanted<'a> {
    Wanted { entity_type: "loan", record, terms: terms.to_vec() }
}

/// A session that never gets another client.
fn lasting() -> Session {
    Session::new(http_client(), || panic!("the session is made anew"))
}

fn http_client() -> jurat_http::Client {
    jurat_http::client(&jurat_http::Http::default(), jurat_http::Reach::Anywhere).unwrap()
}

/// So many attempts.
fn tries(max_attempts: NonZeroU32) -> RetryPolicy {
    RetryPolicy { max_attempts, ..RetryPolicy::DEFAULT }
}

fn config() -> Config {
    Config { base_url: Some("http://refs.example.com".parse().unwrap()), ..Config::default() }
}

fn fresh_for(seconds: u64, stale_for: u64) -> CacheSettings {
    let (fresh, stale) = (Duration::from_secs(seconds), Duration::from_secs(stale_for));
    CacheSettings { fresh, stale, ..Config::default().cache }
}

fn entity(text: &str) -> Supplied {
    Supplied::Entity { text: text.into(), is_cached: false, is_stale: false }
}

fn cached(text: &str) -> Supplied {
    Supplied::Entity { text: text.into(), is_cached: true, is_stale: false }
}

fn stale(text: &str) -> Supplied {
    Supplied::Entity { text: text.into(), is_cached: true, is_stale: true }
}

/// The code of a term that is not available.
fn code(supplied: &Supplied) -> &'static str {
    match supplied {
        Supplied::Unavailable { code, .. } => code,
        Supplied::Entity { text, .. } => panic!("{text}"),
    }
}

fn reason(supplied: &Supplied) -> &str {
    match supplied {
        Supplied::Unavailable { reason, .. } => reason,
        Supplied::Entity { text, .. } => panic!("{text}"),
    }
}

fn cause(supplied: &Supplied) -> UnavailableCause {
    match supplied {
        Supplied::Unavailable { cause, .. } => *cause,
        Supplied::Entity { text, .. } => panic!("{text}"),
    }
}

/// The answer of the service to a request, and how long it takes.
type Says = dyn Fn(usize, &[u8]) -> (Duration, Result<String, FetchFailure>) + Send + Sync;

/// A fake service: its answers depend on the number of the request.
struct MadeUp {
    says: Box<Says>,
    heard: Arc<Mutex<Heard>>,
}

/// The requests that a fake service got.
#[derive(Debug, Default)]
struct Heard {
    requests: Vec<(Instant, Endpoint, Bytes)>,
    at_once: usize,
    most_at_once: usize,
    /// The number of requests before each renewal of the connections.
    renewals: Vec<usize>,
    renewal_takes: Duration,
}

impl std::fmt::Debug for MadeUp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MadeUp")
    }
}

impl Transport for MadeUp {
    fn post(&self, endpoint: Endpoint, body: Bytes) -> Reply<'_> {
        struct Gone<'h>(&'h Mutex<Heard>);
        impl Drop for Gone<'_> {
            fn drop(&mut self) {
                self.0.lock().unwrap().at_once -= 1;
            }
        }
        Box::pin(async move {
            let number = {
                let mut heard = self.heard.lock().unwrap();
                heard.requests.push((Instant::now(), endpoint, body.clone()));
                heard.at_once += 1;
                heard.most_at_once = heard.most_at_once.max(heard.at_once);
                heard.requests.len() - 1
            };
            let _gone = Gone(&self.heard);
            let (takes, says) = (self.says)(number, &body);
            tokio::time::sleep(takes).await;
            says.map(Bytes::from)
        })
    }

    fn renew(&self) -> Renewal<'_> {
        let mut heard = self.heard.lock().unwrap();
        let requests = heard.requests.len();
        heard.renewals.push(requests);
        Box::pin(tokio::time::sleep(heard.renewal_takes))
    }
}

/// A client of a fake service, with a clock that advances only while no task runs.
struct World {
    runtime: Runtime,
    client: Coordination,
    heard: Arc<Mutex<Heard>>,
    retries: Arc<Mutex<Vec<Retry>>>,
    changes: Arc<Mutex<Vec<BreakerChange>>>,
}

impl World {
    fn new(
        config: Config,
        says: impl Fn(usize, &[u8]) -> (Duration, Result<String, FetchFailure>) + Send + Sync + 'static,
    ) -> Self {
        let retries: Arc<Mutex<Vec<Retry>>> = Arc::default();
        let changes: Arc<Mutex<Vec<BreakerChange>>> = Arc::default();
        let told = (Arc::clone(&retries), Arc::clone(&changes));
        let listener = move |event: CoordinationEvent<'_>| match event {
            CoordinationEvent::Retry(retry) => told.0.lock().unwrap().push(retry.clone()),
            CoordinationEvent::Breaker(change) => told.1.lock().unwrap().push(change),
        };
        let world = Self::telling(config, says, Arc::new(listener));
        Self { retries, changes, ..world }
    }

    fn telling(
        config: Config,
        says: impl Fn(usize, &[u8]) -> (Duration, Result<String, FetchFailure>) + Send + Sync + 'static,
        on_event: OnEvent,
    ) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (heard, counters): (Arc<Mutex<Heard>>, Arc<Counters>) = Default::default();
        let transport = Box::new(MadeUp { says: Box::new(says), heard: Arc::clone(&heard) });
        let fetcher = Fetcher::new(
            config,
            transport,
            Arc::default(),
            Arc::clone(&counters),
            Random::seeded(1),
            Listener(Some(Arc::clone(&on_event))),
        );
        let client = Coordination {
            fetcher: Some(Arc::new(fetcher)),
            session: lasting(),
            counters,
            listener: Listener(Some(on_event)),
            runtime: runtime.handle().clone(),
        };
        Self { runtime, client, heard, retries: Arc::default(), changes: Arc::default() }
    }

    fn begin(&self, wanted: &[Wanted<'_>]) -> Call {
        self.client.begin(self.client.fetcher.as_ref().unwrap(), wanted)
    }

    /// Advances time until all outcomes have arrived.
    fn finish(&self, mut call: Call, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.runtime.block_on(async {
            while call.missing > 0 {
                match call.incoming.try_recv() {
                    Ok((index, outcome)) => call.put(index, outcome),
                    Err(_) => tokio::time::sleep(MILLI).await,
                }
            }
        });
        let outcomes = call.outcomes.into_iter().map(Option::unwrap);
        wanted.iter().zip(outcomes).map(|(wanted, outcome)| self.client.supplied(wanted, &outcome)).collect()
    }

    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.finish(self.begin(wanted), wanted)
    }

    /// The only term of the only record.
    fn one(&self, record: &str) -> Supplied {
        let [supplied] = self.supply(&[wanted(record, &["parent"])]).concat().try_into().unwrap();
        supplied
    }

    fn now(&self) -> Instant {
        let _clock = self.runtime.enter();
        Instant::now()
    }

    fn pass(&self, time: Duration) {
        self.runtime.block_on(tokio::time::advance(time));
    }

    /// When each request went out.
    fn sent(&self) -> Vec<Instant> {
        self.heard.lock().unwrap().requests.iter().map(|(sent, ..)| *sent).collect()
    }

    fn requests(&self) -> usize {
        self.heard.lock().unwrap().requests.len()
    }

    fn renewals(&self) -> Vec<usize> {
        self.heard.lock().unwrap().renewals.clone()
    }
}

/// The answer for every record: each term is an object with the record's own data.
fn echo(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Question<'a> {
        #[serde(borrow)]
        entity_data: &'a RawValue,
        vocabulary_terms: Vec<String>,
    }
    let question: Question<'_> = serde_json::from_slice(body).unwrap();
    let terms = question.vocabulary_terms.iter().map(|term| format!(r#""{term}":{{"of":{}}}"#, question.entity_data));
    format!("{{{}}}", terms.collect::<Vec<_>>().join(","))
}

/// The answer for many records.
fn echo_all(body: &[u8]) -> String {
    let body: HashMap<&str, Vec<&RawValue>> = serde_json::from_slice(body).unwrap();
    let responses: Vec<String> = body["requests"].iter().map(|request| echo(request.get().as_bytes())).collect();
    format!(r#"{{"responses":[{}]}}"#, responses.join(","))
}

fn unwell() -> FetchFailure {
    FetchFailure::passing(FetchFailureKind::Unavailable, "unwell", Again::Yes)
}
