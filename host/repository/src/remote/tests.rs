use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jurat_http::{Http, Reach, client};
use jurat_retry::RetryPolicy;
use jurat_test_server::{Reply, Server};
use tokio::runtime::{Builder, Runtime};

use super::*;

mod answers;
mod attempts;
mod versions;

/// No success depends on the speed of the machine.
const PATIENT: Duration = Duration::from_secs(120);
const ROOT: &str = "metadata/1.root.json";

/// A server, and a runtime for requests to it.
struct Site {
    server: Server,
    runtime: Runtime,
}

impl Site {
    fn new(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::of(Server::start(reply))
    }

    fn of(server: Server) -> Self {
        Self { server, runtime: Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap() }
    }

    /// Gives one answer after another, the last one for ever.
    fn saying(replies: Vec<fn() -> Reply>) -> Self {
        let asked = AtomicUsize::new(0);
        Self::new(move |_| {
            let turn = asked.fetch_add(1, Ordering::SeqCst);
            replies[turn.min(replies.len() - 1)]()
        })
    }

    fn remote(&self, limits: RemoteLimits) -> Remote {
        self.remote_with(limits, &Http::default(), &[])
    }

    fn remote_with(&self, limits: RemoteLimits, http: &Http, headers: &[(&str, &str)]) -> Remote {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        let client = client(http, Reach::Anywhere).unwrap();
        let base = self.server.url("/rules").parse().unwrap();
        Remote::new(base, client, &headers, limits, self.runtime.handle().clone()).unwrap()
    }

    /// The requests, in order.
    fn asked(&self) -> usize {
        self.server.heads().len()
    }
}

fn limits() -> RemoteLimits {
    let milli = Duration::from_millis(1);
    RemoteLimits {
        total: PATIENT,
        retry: RetryPolicy { base_delay: milli, max_delay: milli, ..RetryPolicy::DEFAULT },
        ..RemoteLimits::default()
    }
}

fn get(remote: &Remote, file: &str, cap: u64) -> Result<Vec<u8>, FetchError> {
    remote.get(&file.parse().unwrap(), Bytes::new(cap))
}

/// Why a file cannot be had.
#[track_caller]
fn failure(remote: &Remote, file: &str, cap: u64) -> Box<RemoteError> {
    match get(remote, file, cap) {
        Err(FetchError::Failed(error)) => error.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}
