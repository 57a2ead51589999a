//! A supplier that answers as it is told, instead of a service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use jurat_engine::{Supplied, Supplier, UnavailableCause, Wanted};
use serde::Deserialize;
use serde_json::Value;

/// For each value of the records' field `ask` the entity of each term. The answer ends before the first term without one.
pub(crate) type Answers = BTreeMap<String, BTreeMap<String, Answer>>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum Answer {
    /// A text as it is.
    Text(String),
    /// A text that is too old.
    Stale(String),
    /// No text: a code, and the reason.
    Unavailable(String, String),
    /// The same, just now.
    Gone(String, String),
}

#[derive(Debug)]
pub(crate) struct Scripted {
    answers: Answers,
    /// No other request may ask.
    thread: ThreadId,
    asked: Mutex<Vec<Vec<Asked>>>,
}

/// What one record needed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    pub(crate) entity_type: String,
    pub(crate) record: String,
    pub(crate) terms: Vec<String>,
}

impl Scripted {
    pub(crate) fn new(answers: Answers) -> Self {
        Self { answers, thread: thread::current().id(), asked: Mutex::default() }
    }

    /// What was asked so far, call by call.
    pub(crate) fn asked(&self) -> Vec<Vec<Asked>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Supplier for Scripted {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        assert_eq!(thread::current().id(), self.thread, "the caller's own thread asks");
        assert!(!wanted.is_empty() && wanted.iter().all(|wanted| !wanted.terms.is_empty()), "{wanted:?}");
        let asked = |wanted: &Wanted<'_>| Asked {
            entity_type: wanted.entity_type.to_owned(),
            record: wanted.record.to_owned(),
            terms: wanted.terms.iter().map(|term| (*term).to_owned()).collect(),
        };
        self.asked.lock().unwrap().push(wanted.iter().map(asked).collect());
        wanted.iter().map(|wanted| self.answer(wanted)).collect()
    }
}

impl Scripted {
    fn answer(&self, wanted: &Wanted<'_>) -> Vec<Supplied> {
        let record: Value = serde_json::from_str(wanted.record).unwrap();
        let known = record["ask"].as_str().and_then(|ask| self.answers.get(ask));
        let known = wanted.terms.iter().map_while(|term| known?.get(*term));
        known.map(Answer::supplied).collect()
    }
}

impl Answer {
    fn supplied(&self) -> Supplied {
        match self {
            Self::Text(text) => entity(text),
            Self::Stale(text) => Supplied::Entity { text: Arc::from(text.as_str()), is_cached: true, is_stale: true },
            Self::Unavailable(code, reason) | Self::Gone(code, reason) => {
                let codes = ["disabled", "timeout", "breaker_open"];
                let code = codes.into_iter().find(|known| known == code).unwrap();
                let cause =
                    if matches!(self, Self::Gone(..)) { UnavailableCause::Outage } else { UnavailableCause::Failure };
                Supplied::Unavailable { code, reason: Arc::from(reason.as_str()), cause }
            }
        }
    }
}

/// A text that is as fresh as can be.
pub(crate) fn entity(text: &str) -> Supplied {
    Supplied::Entity { text: Arc::from(text), is_cached: false, is_stale: false }
}
