//! Clients that validate one record after the other, and notice if something is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jurat_tests::http::{Http, is_end, post};
use jurat_tests::server::Server;
use serde_json::{Value, json};

use super::outages::{ID, Outages, Phase};
use crate::loans::Loans;
use crate::run::Run;
use crate::scene::LOANS;

/// One in so many clients asks for a rule that needs the coordination service.
const RELATED: usize = 4;

/// What all clients know, and what they have got.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Whether the server is told to stop.
    stops: AtomicBool,
    /// Right results.
    pub(super) answered: AtomicUsize,
    /// Those of rules that could not run without the coordination service.
    pub(super) not_run: AtomicUsize,
    endings: [AtomicUsize; 4],
}

/// How a connection ends when the server stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    /// Behind a result that says so.
    Result,
    /// Behind the problem `stopping`.
    Stopping,
    /// Before there is a response to a request that was sent while the server was told to stop. HTTP/1.1 allows that (RFC 9112, 9.5).
    Closed,
    /// The same for a request that was sent before.
    Lost,
}

/// A client, with a connection that it keeps.
pub(super) struct Client<'a> {
    http: Http,
    loans: Loans<'a>,
    outages: &'a Outages,
    traffic: &'a Traffic,
    asks_related: bool,
    /// The number of the next record for which the coordination service is asked: equal records would share a request.
    next: usize,
}

impl Traffic {
    /// Connects clients.
    pub(super) fn clients<'a>(
        &'a self,
        count: usize,
        server: &Server,
        loans: &Loans<'a>,
        outages: &'a Outages,
    ) -> impl Iterator<Item = Client<'a>> {
        let client = |number: usize| Client {
            http: server.http(),
            loans: loans.clone(),
            outages,
            traffic: self,
            asks_related: number.is_multiple_of(RELATED),
            next: number << 32,
        };
        (0..count).map(client)
    }

    /// A server begins.
    pub(super) fn begins(&self) {
        self.stops.store(false, Ordering::SeqCst);
    }

    /// The server is about to be told to stop.
    pub(super) fn stops(&self) {
        self.stops.store(true, Ordering::SeqCst);
    }

    fn is_stopping(&self) -> bool {
        self.stops.load(Ordering::SeqCst)
    }

    /// Requests without a response that were sent before the server was told to stop.
    pub(super) fn lost(&self) -> usize {
        self.endings[Ending::Lost as usize].load(Ordering::Relaxed)
    }

    /// How connections ended.
    pub(super) fn endings(&self) -> String {
        let [result, stopping, closed, lost] = self.endings.each_ref().map(|count| count.load(Ordering::Relaxed));
        format!(
            "{result} ended behind a result, {stopping} behind `stopping`, {closed} were closed before a response to a request of \
             that moment, {lost} before one to an earlier request"
        )
    }
}

impl Client<'_> {
    /// Calls until the run is over, or the server has closed the connection because it stops.
    pub(super) fn call_until_over(mut self, run: &Run) {
        let _part = run.part();
        let mut goes_on = true;
        while goes_on && !run.is_over() {
            goes_on = if self.asks_related { self.ask_related() } else { self.ask_quick() };
        }
    }

    fn ask_quick(&mut self) -> bool {
        let (number, params) = self.loans.next();
        let Some((rules, goes_on)) = self.ask(&params) else { return false };
        self.loans.check(number, &rules);
        goes_on
    }

    fn ask_related(&mut self) -> bool {
        self.next += 1;
        let loan = json!({"id": ID, "n": self.next, "financial": {"principal_amount": 250_000}});
        let params = json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "related", "tenant": LOANS});
        let before = self.outages.phase();
        let Some((rules, goes_on)) = self.ask(&params.to_string()) else { return false };
        let phase = if self.outages.phase() == before { before.1 } else { Phase::Changes };
        self.loans.release(&rules);
        if !phase.check(&rules[0]) {
            self.traffic.not_run.fetch_add(1, Ordering::Relaxed);
        }
        goes_on
    }

    /// Validates a record. Gives the result, and whether the connection goes on; none if it has ended without a result.
    fn ask(&mut self, params: &str) -> Option<(Value, bool)> {
        let sent = self.http.try_send(post("/api/v1/validate", params));
        // What was sent before this moment was sent before the signal.
        let is_early = sent.is_ok() && !self.traffic.is_stopping();
        if let Err(error) = &sent {
            assert!(is_end(error), "{error}");
        }
        // Half a response is a failure.
        let Some(response) = self.http.try_response() else {
            self.ends(if is_early { Ending::Lost } else { Ending::Closed });
            return None;
        };
        let is_last = response.header("connection") == Some("close");
        if response.status() == 503 {
            response.is_problem(503, "stopping");
            assert!(is_last && response.header("retry-after").is_some(), "{response:?}");
            self.ends(Ending::Stopping);
            return None;
        }
        let rules = response.result();
        self.traffic.answered.fetch_add(1, Ordering::Relaxed);
        if is_last {
            self.ends(Ending::Result);
        }
        Some((rules, !is_last))
    }

    /// The connection has ended. Only a server that stops may do that.
    fn ends(&mut self, ending: Ending) {
        assert!(self.traffic.is_stopping(), "the connection has ended: {ending:?}");
        self.http.is_closed();
        self.traffic.endings[ending as usize].fetch_add(1, Ordering::Relaxed);
    }
}
