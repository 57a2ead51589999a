//! The related entities that were fetched for a window.

use std::collections::HashSet;
use std::sync::Arc;

use crate::judge::stopwatch::Timing;
use crate::supplier::{Supplied, UnavailableCause};

/// An answer, by the record's index in the window and the term's index in the plan of its route.
type Answer = ((u32, usize), Supplied);

/// The related entities that were fetched for the records of one window.
#[derive(Debug, Default)]
pub(in crate::judge) struct Answers {
    /// The length of all texts. A text that answers several terms counts once.
    bytes: usize,
    /// Sorted by record, then by term.
    supplied: Vec<Answer>,
    has_stale: bool,
    has_gaps: bool,
    /// The calls of the supplier, if the request is sampled.
    calls: Vec<SupplierCall>,
}

/// One call of the supplier.
#[derive(Clone, Copy, Debug)]
pub(in crate::judge) struct SupplierCall {
    pub(in crate::judge) records: usize,
    pub(in crate::judge) terms: usize,
    pub(in crate::judge) timing: Timing,
}

impl Answers {
    /// Notes a call of the supplier.
    pub(super) fn note(&mut self, call: SupplierCall) {
        self.calls.push(call);
    }

    /// The calls of the supplier; none unless the request is sampled.
    pub(in crate::judge) fn calls(&self) -> &[SupplierCall] {
        &self.calls
    }

    /// Adds the answer to a record's term. Records and terms must come in rising order. `seen` are the texts that were counted.
    pub(super) fn add(&mut self, key: (u32, usize), supplied: Supplied, seen: &mut HashSet<*const str>) {
        debug_assert!(self.supplied.last().is_none_or(|(last, _)| *last < key), "answers are sorted");
        match &supplied {
            Supplied::Entity { text, is_stale, .. } => {
                if seen.insert(Arc::as_ptr(text)) {
                    self.bytes += text.len();
                }
                self.has_stale |= is_stale;
            }
            Supplied::Unavailable { cause, .. } => self.has_gaps |= *cause == UnavailableCause::Outage,
        }
        self.supplied.push((key, supplied));
    }

    /// Cuts off the answers for all records behind the first `records`. The memory of all texts still counts for the first part.
    pub(super) fn split_off(&mut self, records: usize) -> Self {
        let first = self.supplied.partition_point(|((record, _), _)| (*record as usize) < records);
        let supplied = shifted(self.supplied.split_off(first), |record| record.checked_sub(records));
        Self { bytes: 0, supplied, has_stale: self.has_stale, has_gaps: self.has_gaps, calls: Vec::new() }
    }

    /// Adds the answers that were cut off behind `records` records.
    pub(super) fn append(&mut self, rest: Self, records: usize) {
        self.supplied.extend(shifted(rest.supplied, |record| record.checked_add(records)));
    }

    /// How much memory the texts take.
    pub(in crate::judge) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The answer to a term, by the record's index in the window and the term's index in the plan; none if it was not fetched.
    pub(in crate::judge) fn get(&self, record: u32, term: usize) -> Option<&Supplied> {
        let found = self.supplied.binary_search_by_key(&(record, term), |(key, _)| *key).ok()?;
        self.supplied.get(found).map(|(_, supplied)| supplied)
    }

    /// Whether anything in the window is older than it should be.
    pub(in crate::judge) fn has_stale(&self) -> bool {
        self.has_stale
    }

    /// Whether the answer to this term is older than it should be.
    pub(in crate::judge) fn is_stale(&self, record: u32, term: usize) -> bool {
        matches!(self.get(record, term), Some(Supplied::Entity { is_stale: true, .. }))
    }

    /// Whether anything in the window was unavailable at the moment.
    pub(in crate::judge) fn has_gaps(&self) -> bool {
        self.has_gaps
    }
}

/// The same answers, for records with other indices. None is lost: a window has no more records than 32 bits count.
fn shifted(answers: Vec<Answer>, index: impl Fn(usize) -> Option<usize>) -> Vec<Answer> {
    let shifted =
        |((record, term), supplied): Answer| Some(((u32::try_from(index(record as usize)?).ok()?, term), supplied));
    answers.into_iter().filter_map(shifted).collect()
}
