//! What a request asks.

use std::num::NonZeroU32;
use std::sync::Arc;

use jurat_model::{Bytes, Isolation, Run};

use crate::associated::Associated;
use crate::extract::ChunkLimits;
use crate::results::Evidence;
use crate::supplier::Supplier;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The ruleset that judges.
    pub ruleset: String,
    /// The entity type of all records; none = each record says its own.
    pub entity_type: Option<String>,
    /// The fields whose values make up a record's id, with dots between keys.
    pub id_fields: Vec<String>,
    /// The time of the run, how much records share, and when a rule is suspended.
    pub run: Run,
    /// How many records are judged together.
    pub chunk: ChunkLimits,
    /// The longest record.
    pub max_record: Bytes,
    /// Related entities that come with the request.
    pub associated: Option<Arc<Associated>>,
    /// Gets those that do not.
    pub supplier: Option<Arc<dyn Supplier>>,
    /// How many findings of one rule on one record are kept; further ones are counted.
    pub max_findings: NonZeroU32,
    /// The entity types that records may have; empty = any. A record of another one becomes an entry with the code
    /// `unexpected_entity_type`. If there is exactly one, it is the type of the records that do not say their own.
    pub expected: Vec<String>,
    /// The signed release that judges, and what vouches for it, for the results to carry; none if nobody has signed it. The engine
    /// takes it at its word: whoever gives it must give the release that belongs to it.
    pub evidence: Option<Arc<Evidence>>,
    /// Whether results say how long rules took. Without, the same records and rules give the same results byte for byte.
    pub timings: bool,
}

impl Request {
    /// A request with the defaults: every record says its own entity type and has the field `id`, one instance for each chunk,
    /// rules suspended after 1,000 guilty records, chunks of 1,024 records, records of 1 MiB, no related entities and nobody to get
    /// them, 100 findings, any entity type, no evidence, with timings.
    ///
    /// `now` is the time of the run, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(ruleset: impl Into<String>, now: i64) -> Self {
        const SUSPEND_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            ruleset: ruleset.into(),
            entity_type: None,
            id_fields: vec!["id".to_owned()],
            run: Run { now, isolation: Isolation::Chunk, suspend_after: SUSPEND_AFTER },
            chunk: ChunkLimits::default(),
            max_record: crate::json::DEFAULT_MAX_RECORD,
            associated: None,
            supplier: None,
            max_findings: MAX_FINDINGS,
            expected: Vec::new(),
            evidence: None,
            timings: true,
        }
    }
}
