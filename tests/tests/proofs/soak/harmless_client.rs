//! A client that calls all the time, and knows what each release says.

use jurat_tests::connection::Connection;

use crate::latencies::Latencies;
use crate::loans::Loans;
use crate::publications::Newest;
use crate::run::Run;

pub(super) struct HarmlessClient<'n> {
    connection: Connection,
    loans: Loans<'n>,
    latencies: Latencies,
}

impl<'n> HarmlessClient<'n> {
    /// A client of a server where release 1 serves and nothing else goes on.
    pub(super) fn new(mut connection: Connection, newest: &'n Newest) -> Self {
        let loans = Loans::new(newest, |params| connection.result("validate", params));
        Self { connection, loans, latencies: Latencies::default() }
    }

    pub(super) fn call_until_over(&mut self, run: &Run) {
        let _part = run.part();
        while !run.is_over() {
            self.call();
        }
    }

    pub(super) fn call(&mut self) {
        let (number, params) = self.loans.next();
        let Some(result) = self.latencies.validate(&mut self.connection, &params) else { return };
        self.loans.check(number, &serde_json::from_str(&result).unwrap());
    }

    pub(super) fn latencies(&self) -> &Latencies {
        &self.latencies
    }
}
