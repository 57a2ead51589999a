//! How the records of a request are judged.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use jurat_model::{Bytes, Isolation, Run, Suspension};

use crate::associated::Associated;
use crate::extract::ChunkLimits;
use crate::json::DEFAULT_MAX_RECORD;
use crate::release::USUAL_ID_FIELDS;
use crate::supplier::Supplier;

/// How the records of a request are judged: all of the request but the caller and the observer.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) ruleset: String,
    /// The entity type of all records; none = each record says its own.
    pub(super) entity_type: Option<String>,
    /// The fields whose values make up a record's id: paths such as `client.id`, as field maps have them.
    pub(super) id_fields: Arc<[String]>,
    /// Which of them a record has, as indices, by the URL of its schema or its entity type; empty = all of them.
    pub(super) id_fields_by: BTreeMap<String, Vec<usize>>,
    pub(super) run: Run,
    pub(super) chunk: ChunkLimits,
    pub(super) max_record: Bytes,
    pub(super) associated: Option<Arc<Associated>>,
    pub(super) supplier: Option<Arc<dyn Supplier>>,
    pub(super) max_findings: NonZeroU32,
    /// The entity types that records may have; empty = any.
    pub(super) expected: Vec<String>,
    pub(super) timings: bool,
    /// After how many records the request ends if none of them can be judged; none = never.
    pub(super) unreadable: Option<NonZeroU64>,
}

impl Options {
    /// The defaults of a request.
    pub(super) fn new(ruleset: String, now: i64) -> Self {
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            ruleset,
            entity_type: None,
            id_fields: Arc::clone(&USUAL_ID_FIELDS),
            id_fields_by: BTreeMap::new(),
            run: Run { now, isolation: Isolation::Chunk, suspension: Suspension::DEFAULT },
            chunk: ChunkLimits::default(),
            max_record: DEFAULT_MAX_RECORD,
            associated: None,
            supplier: None,
            max_findings: MAX_FINDINGS,
            expected: Vec::new(),
            timings: true,
            unreadable: None,
        }
    }
}
