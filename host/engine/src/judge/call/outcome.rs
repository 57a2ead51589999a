//! The outcome of calling the rules of a window.

use std::sync::Arc;

use jurat_model::{Fault, Finding, Status, Usage};

use crate::extract::{Blocked, Chunk};
use crate::judge::context::Context;
use crate::judge::error::Bug;
use crate::judge::fetch::Answers;
use crate::judge::read::{ReadRecord, RelatedRows};
use crate::judge::stopwatch::Timing;
use crate::judge::window::Window;
use crate::release::Prepared;
use crate::routing::Route;
use crate::schema::Mistakes;

/// A window whose rules have been called.
#[derive(Debug)]
pub(in crate::judge) struct WindowOutcome {
    // INVARIANT: made by `new` only. Every record that was read has its row, every chunk has an outcome for each node of its
    // list, and every outcome has a status for each row: their readers find all of them.
    pub(in crate::judge) window: Window,
    /// One for each slot of the window, in the order of the input.
    pub(in crate::judge) records: Vec<ReadRecord>,
    pub(in crate::judge) chunks: Vec<ChunkOutcome>,
    /// The related entities that were fetched for the records.
    pub(in crate::judge) answers: Answers,
}

/// A chunk whose rules have been called.
#[derive(Debug)]
pub(in crate::judge) struct ChunkOutcome {
    pub(in crate::judge) route: Route,
    pub(in crate::judge) prepared: Arc<Prepared>,
    pub(in crate::judge) chunk: Chunk,
    /// The record of each row, as an index into the window.
    pub(in crate::judge) rows: Vec<u32>,
    pub(in crate::judge) related: RelatedRows,
    /// One for each node of the list, in its order.
    pub(in crate::judge) nodes: Vec<NodeOutcome>,
    /// How long all calls took, if the request is sampled.
    pub(in crate::judge) timing: Option<Timing>,
}

/// The outcome of one node's rule for all rows of a chunk.
#[derive(Clone, Debug, Default)]
pub(in crate::judge) struct NodeOutcome {
    /// One for each row.
    pub(in crate::judge) statuses: Vec<Status>,
    /// The reasons for them, sorted by row. One row may have several.
    pub(in crate::judge) reasons: Vec<(u32, Reason)>,
    /// About how many bytes the reasons take.
    pub(in crate::judge) bytes: usize,
    /// Milliseconds for each row that was judged.
    pub(in crate::judge) time: f64,
    pub(in crate::judge) usage: Usage,
    /// The rows that the rule was called with.
    pub(in crate::judge) called: u32,
    /// How long the call took, if the request is sampled.
    pub(in crate::judge) timing: Option<Timing>,
}

/// One reason for a status.
#[derive(Clone, Debug)]
pub(in crate::judge) enum Reason {
    /// The rule's own.
    Finding(Finding),
    /// Further findings of the rule, which are only counted.
    More(u32),
    /// The rule faulted, and has used that much fuel for it.
    Fault(Fault, u64),
    /// The rule has faulted too often in this request.
    Suspended,
    /// The host could not run it.
    Host,
    /// Its parent did not let it run.
    Parent,
    /// An input keeps the row from the rule.
    Blocked(Blocked),
    /// Nothing provides the rule.
    Unknown,
    /// The rule is for records of another type.
    OtherEntity,
    /// The record does not follow its schema.
    Mistakes(Mistakes),
    /// The record names no schema.
    NoSchema { pointer: &'static str, reason: &'static str },
    /// The record could not be checked against its schema.
    Unchecked { reason: String, code: &'static str },
    /// The rule must run on every record, and did not run on this one. Why is the next reason.
    MustRun,
}

impl WindowOutcome {
    /// Puts a window together, and checks that nothing is missing.
    pub(in crate::judge) fn new(
        context: &Context,
        window: Window,
        records: Vec<ReadRecord>,
        chunks: Vec<ChunkOutcome>,
        answers: Answers,
    ) -> Result<Self, Bug> {
        let outcome = Self { window, records, chunks, answers };
        if outcome.records.len() != outcome.window.slots.len() {
            return Err(Bug::new("a record of a window is missing"));
        }
        let has_row = |record: &ReadRecord| match &record.row {
            Ok(index) => outcome.chunks.get(index.chunk).is_some_and(|chunk| index.row < chunk.chunk.rows()),
            Err(_) => true,
        };
        if !outcome.records.iter().all(has_row) {
            return Err(Bug::new("the row of a record is missing"));
        }
        if !outcome.chunks.iter().all(|chunk| chunk.is_complete(context)) {
            return Err(Bug::new("the result of a rule is missing"));
        }
        Ok(outcome)
    }

    /// About how many bytes take what the rules have said.
    pub(in crate::judge) fn bytes(&self) -> usize {
        self.chunks.iter().flat_map(|chunk| &chunk.nodes).map(|node| node.bytes).sum()
    }

    /// Whether a rule faulted on one of the records.
    pub(in crate::judge) fn has_faults(&self) -> bool {
        let nodes = self.chunks.iter().flat_map(|chunk| &chunk.nodes);
        nodes.flat_map(|node| &node.reasons).any(|(_, reason)| matches!(reason, Reason::Fault(..)))
    }
}

impl ChunkOutcome {
    fn is_complete(&self, context: &Context) -> bool {
        let rows = self.chunk.rows() as usize;
        let nodes = context.nodes(self.route).len();
        self.rows.len() == rows
            && self.nodes.len() == nodes
            && self.prepared.steps.len() == nodes
            && self.nodes.iter().all(|node| node.statuses.len() == rows)
    }
}

impl NodeOutcome {
    /// The status of a row.
    pub(in crate::judge) fn status(&self, row: u32) -> Status {
        let status = self.statuses.get(row as usize).copied();
        debug_assert!(status.is_some(), "every row has a status");
        // A missing status must not count as a pass.
        status.unwrap_or(Status::Error)
    }

    /// The reasons for the status of a row.
    pub(in crate::judge) fn reasons(&self, row: u32) -> impl Iterator<Item = &Reason> {
        let first = self.reasons.partition_point(|(other, _)| *other < row);
        let behind = self.reasons.get(first..).unwrap_or_default();
        behind.iter().take_while(move |(other, _)| *other == row).map(|(_, reason)| reason)
    }
}

impl Reason {
    /// Whether it depends on the machine and the moment.
    pub(in crate::judge) fn is_indeterminate(&self) -> bool {
        match self {
            Self::Fault(fault, _) => fault.is_indeterminate(),
            Self::Suspended | Self::Host => true,
            _ => false,
        }
    }

    /// Whether the rule was not called with the record.
    pub(in crate::judge) fn is_without_a_call(&self) -> bool {
        matches!(self, Self::Suspended) || self.comes_before_the_rule()
    }

    /// Whether it kept the record from ever reaching the rule.
    pub(in crate::judge) fn comes_before_the_rule(&self) -> bool {
        match self {
            Self::Parent | Self::Blocked(_) | Self::Unknown | Self::OtherEntity => true,
            Self::Finding(_)
            | Self::More(_)
            | Self::Fault(..)
            | Self::Suspended
            | Self::Host
            | Self::Mistakes(_)
            | Self::NoSchema { .. }
            | Self::Unchecked { .. }
            | Self::MustRun => false,
        }
    }
}
