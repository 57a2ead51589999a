//! Batches of a rule that uses up its fuel, as many as the server admits.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use jurat_tests::connection::{Connection, Refused};
use serde_json::{Value, json};

use crate::run::Run;

/// The guest: it never returns if one of its records has an `n` that is not 0.
pub(crate) const GUEST: &str = "endless_loop";
/// The requests of one connection that a server works on at a time, by default.
pub(crate) const IN_FLIGHT: usize = 16;
/// One in so many records is harmless.
const HARMLESS: usize = 8;

/// A batch.
#[derive(Debug)]
pub(crate) struct HostileBatch {
    params: String,
    /// The status of each record, and the code.
    expected: Vec<(&'static str, Option<&'static str>)>,
}

/// What became of batches.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Answered right.
    pub(crate) answered: AtomicUsize,
    pub(crate) overloaded: AtomicUsize,
}

impl HostileBatch {
    /// A batch of a tenant with so few guilty records that the rule is not suspended.
    pub(crate) fn new(tenant: &str, records: usize) -> Self {
        let is_harmless = |id: usize| id.is_multiple_of(HARMLESS);
        let entities: Vec<_> =
            (0..records).map(|id| json!({"id": id, "entity_type": "loan", "n": i32::from(!is_harmless(id))})).collect();
        let params =
            json!({"entities": entities, "id_fields": ["id"], "ruleset_name": "main", "tenant": tenant}).to_string();
        let of = |id| if is_harmless(id) { ("PASS", None) } else { ("ERROR", Some("fuel")) };
        Self { params, expected: (0..records).map(of).collect() }
    }

    /// Has as many of these under way as the server admits, until the run is over. Then waits for the last answer.
    pub(crate) fn keep_under_way(&self, mut connection: Connection, run: &Run, tally: &Tally) {
        let _part = run.part();
        let ask = |connection: &mut Connection| connection.ask("batch_validate", &self.params);
        let mut asked: HashSet<_> = (0..IN_FLIGHT).map(|_| ask(&mut connection)).collect();
        while !asked.is_empty() {
            let answer = connection.answer();
            assert!(asked.remove(answer.id.get()), "nobody asked {}", answer.id);
            self.check(answer.outcome(), tally);
            if !run.is_over() {
                asked.insert(ask(&mut connection));
            }
        }
    }

    /// The parameters of the call.
    pub(crate) fn params(&self) -> &str {
        &self.params
    }

    fn check(&self, outcome: Result<String, Refused>, tally: &Tally) {
        let count = match outcome {
            Ok(result) => {
                let entries: Vec<Value> = serde_json::from_str(&result).unwrap();
                let verdicts = entries.iter().map(|entry| &entry["results"][0]);
                let verdicts: Vec<_> =
                    verdicts.map(|rule| (rule["status"].as_str().unwrap(), rule["code"].as_str())).collect();
                assert_eq!(verdicts, self.expected, "{result}");
                &tally.answered
            }
            Err(refused) if refused.kind() == "overloaded" => &tally.overloaded,
            Err(refused) => panic!("{refused:?}"),
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
