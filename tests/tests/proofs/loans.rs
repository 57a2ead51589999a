//! A loan that each release judges in its own way, so that a client knows which release a verdict must come from.

use jurat_tests::publisher::record;
use serde_json::{Value, json};

use crate::publications::Newest;
use crate::scene::LOANS;

/// The rule that tells releases apart: it passes the records that have the number of the release.
const TELLING: &str = "rule_001_v1";

/// What one client asks for, and what it must get.
#[derive(Clone, Debug)]
pub(crate) struct Loans<'n> {
    newest: &'n Newest,
    /// What all releases say alike.
    expected: Value,
    /// The release that answered last.
    last: u64,
}

impl<'n> Loans<'n> {
    /// For a client of a server where release 1 serves. It asks what that says of its own loan.
    pub(crate) fn new(newest: &'n Newest, ask: impl FnOnce(&str) -> Value) -> Self {
        let rules = ask(&params(1));
        let expected = alike(&rules);
        assert!(expected.as_array().is_some_and(|rules| rules.len() == 2), "{rules}");
        Self { newest, expected, last: 1 }
    }

    /// A loan of the newest release: its number, and the parameters of a call.
    pub(crate) fn next(&self) -> (u64, String) {
        // It may not serve yet; then an older one fails the loan.
        let number = self.newest.good();
        (number, params(number))
    }

    /// The verdict on a loan with this number is that of the release which says that it gave it.
    pub(crate) fn check(&mut self, number: u64, rules: &Value) {
        let release = self.release(rules);
        let telling = rules.as_array().unwrap().iter().find(|rule| rule["rule_id"] == TELLING).unwrap();
        let expected = if release == number { "PASS" } else { "FAIL" };
        assert_eq!(telling["status"], expected, "a loan of release {number}: {rules}");
        assert_eq!(alike(rules), self.expected, "{rules}");
    }

    /// The release that gave all of these: one that may serve, and none from before the last one.
    pub(crate) fn release(&mut self, rules: &Value) -> u64 {
        let mut versions: Vec<_> = rules.as_array().unwrap().iter().map(|rule| &rule["release"]["version"]).collect();
        versions.dedup();
        let [Value::String(version)] = versions[..] else { panic!("not of one release: {rules}") };
        let release = version.split('.').next().unwrap().parse().unwrap();
        assert!(self.newest.may_serve(release), "this release must not serve: {rules}");
        assert!(release >= self.last, "release {} has answered before: {rules}", self.last);
        self.last = release;
        release
    }
}

fn params(number: u64) -> String {
    let loan: Value = serde_json::from_str(&record(number)).unwrap();
    json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick", "tenant": LOANS}).to_string()
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
