//! A client that calls all the time, and knows what each release says.

use jurat_tests::connection::Connection;
use jurat_tests::publisher::record;
use serde_json::{Value, json};

use super::LOANS;
use super::publications::Newest;
use crate::latencies::Latencies;
use crate::run::Run;

/// The rule that tells releases apart: it passes the records that have the number of the release.
const TELLING: &str = "rule_001_v1";

pub(super) struct HarmlessClient<'n> {
    connection: Connection,
    newest: &'n Newest,
    latencies: Latencies,
    /// What all releases say alike.
    expected: Value,
    /// The release that answered last.
    last: u64,
}

impl<'n> HarmlessClient<'n> {
    /// A client of a server where release 1 serves and nothing else goes on.
    pub(super) fn new(mut connection: Connection, newest: &'n Newest) -> Self {
        let rules = connection.result("validate", &params(1));
        let expected = alike(&rules);
        assert!(expected.as_array().is_some_and(|rules| rules.len() == 2), "{rules}");
        Self { connection, newest, latencies: Latencies::default(), expected, last: 1 }
    }

    pub(super) fn call_until_over(&mut self, run: &Run) {
        let _part = run.part();
        while !run.is_over() {
            self.call();
        }
    }

    /// Makes a call. The verdict is that of the release which says that it gave it.
    pub(super) fn call(&mut self) {
        // It may not serve yet; then an older one fails the loan.
        let number = self.newest.good();
        let Some(result) = self.latencies.validate(&mut self.connection, &params(number)) else { return };
        let rules: Value = serde_json::from_str(&result).unwrap();
        let release = release(&rules);
        assert!(self.newest.may_serve(release), "this release must not serve: {result}");
        assert!(release >= self.last, "release {} has answered before: {result}", self.last);
        self.last = release;
        let telling = rules.as_array().unwrap().iter().find(|rule| rule["rule_id"] == TELLING).unwrap();
        let expected = if release == number { "PASS" } else { "FAIL" };
        assert_eq!(telling["status"], expected, "a loan of release {number}: {result}");
        assert_eq!(alike(&rules), self.expected, "{result}");
    }

    pub(super) fn latencies(&self) -> &Latencies {
        &self.latencies
    }
}

fn params(number: u64) -> String {
    let loan: Value = serde_json::from_str(&record(number)).unwrap();
    json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick", "tenant": LOANS}).to_string()
}

/// The number of the release that gave all of these.
fn release(rules: &Value) -> u64 {
    let mut versions: Vec<_> = rules.as_array().unwrap().iter().map(|rule| &rule["release"]["version"]).collect();
    versions.dedup();
    let [Value::String(version)] = versions[..] else { panic!("not of one release: {rules}") };
    version.split('.').next().unwrap().parse().unwrap()
}

/// What all releases say alike: the rules but one, without times and evidence.
fn alike(rules: &Value) -> Value {
    let mut rules = rules.as_array().unwrap().clone();
    rules.retain(|rule| rule["rule_id"] != TELLING);
    for rule in &mut rules {
        let rule = rule.as_object_mut().unwrap();
        for member in ["execution_time_ms", "component", "release"] {
            assert!(rule.remove(member).is_some(), "{member} is missing: {rule:?}");
        }
    }
    rules.into()
}
