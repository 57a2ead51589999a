//! A request: the ruleset and the options, the caller, what cancels it, and the observer.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use jiff::Timestamp;
use jurat_model::{Bytes, CallContext, Cancellation, Isolation, Run, Suspension};

use super::fetch::reads_related;
use super::observe::WindowObserver;
use super::options::Options;
use crate::associated::Associated;
use crate::extract::ChunkLimits;
use crate::release::VouchedRelease;
use crate::supplier::Supplier;

/// A request: the ruleset and the options, the caller, what cancels it, and the observer.
///
/// # Defaults
/// Every record says its own entity type, of any kind, and has the field `id`. Records have at most 1 MiB, chunks at most 1,024 of
/// them, and each chunk an instance of its own. A rule is suspended after 1,000 guilty records or 5,000,000,000 units of fuel that they have used, and 100 findings of a rule on a record
/// are kept. No related entities and no supplier for them. Results say how long rules took. A call goes on however many records cannot be judged. An empty context, no observer, and nothing cancels it.
#[derive(Clone)]
pub struct Request {
    options: Arc<Options>,
    context: CallContext,
    cancellation: Cancellation,
    observer: Option<Arc<dyn WindowObserver>>,
}

impl Request {
    /// A request to a ruleset, with the defaults. `now` is the time of the run. Rules see its whole microseconds.
    #[must_use]
    pub fn new(ruleset: impl Into<String>, now: Timestamp) -> Self {
        Self {
            options: Arc::new(Options::new(ruleset.into(), now.as_microsecond())),
            context: CallContext::new(),
            cancellation: Cancellation::new(),
            observer: None,
        }
    }

    /// Sets the entity type of all records. The rule `json_schema` does not check a record against the schema of another type, unless the
    /// ruleset has `unknown_schema: entity_type`.
    #[must_use]
    pub fn with_entity_type(mut self, entity_type: impl Into<String>) -> Self {
        self.set().entity_type = Some(entity_type.into());
        self
    }

    /// Sets the entity types that records may have; none = any. A record of another type becomes an entry with the code
    /// `unexpected_entity_type`. If there is exactly one, it is the type of the records that do not say their own.
    #[must_use]
    pub fn with_expected(mut self, entity_types: impl IntoIterator<Item: Into<String>>) -> Self {
        self.set().expected = entity_types.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the fields whose values make up a record's id: paths such as `client.id`, as field maps have them.
    #[must_use]
    pub fn with_id_fields(mut self, id_fields: impl IntoIterator<Item: Into<String>>) -> Self {
        let options = self.set();
        options.id_fields = id_fields.into_iter().map(Into::into).collect();
        options.id_fields_by.clear();
        self
    }

    /// Sets such fields by the URL of a record's schema, or by its entity type. A record of neither has no id.
    #[must_use]
    pub fn with_id_fields_by(mut self, id_fields: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let (options, mut all) = (self.set(), Vec::new());
        options.id_fields_by.clear();
        for (key, fields) in id_fields {
            let mut index = |field: String| {
                let known = all.iter().position(|known| *known == field);
                known.unwrap_or_else(|| {
                    all.push(field);
                    all.len() - 1
                })
            };
            let indices = fields.into_iter().map(&mut index).collect();
            options.id_fields_by.insert(key, indices);
        }
        options.id_fields = all.into();
        self
    }

    /// Sets the time of the run. Rules see its whole microseconds.
    #[must_use]
    pub fn with_now(mut self, now: Timestamp) -> Self {
        self.set().run.now = now.as_microsecond();
        self
    }

    /// Sets how much records share while a rule runs.
    #[must_use]
    pub fn with_isolation(mut self, isolation: Isolation) -> Self {
        self.set().run.isolation = isolation;
        self
    }

    /// Sets when a rule is suspended.
    #[must_use]
    pub fn with_suspension(mut self, suspension: Suspension) -> Self {
        self.set().run.suspension = suspension;
        self
    }

    /// Sets the number of guilty records after which a rule is suspended. The limit of their fuel stays.
    #[must_use]
    pub fn with_suspend_after(mut self, records: NonZeroU32) -> Self {
        self.set().run.suspension.records = records;
        self
    }

    /// Sets how many records are judged together.
    #[must_use]
    pub fn with_chunk(mut self, chunk: ChunkLimits) -> Self {
        self.set().chunk = chunk;
        self
    }

    /// Sets how many records are judged together at most.
    #[must_use]
    pub fn with_rows(mut self, rows: u32) -> Self {
        self.set().chunk.rows = rows;
        self
    }

    /// Sets the length of the longest record.
    #[must_use]
    pub fn with_max_record(mut self, max_record: Bytes) -> Self {
        self.set().max_record = max_record;
        self
    }

    /// Sets how many findings of one rule on one record are kept. Further ones are counted.
    #[must_use]
    pub fn with_max_findings(mut self, max_findings: NonZeroU32) -> Self {
        self.set().max_findings = max_findings;
        self
    }

    /// Gives related entities.
    #[must_use]
    pub fn with_associated(mut self, associated: impl Into<Arc<Associated>>) -> Self {
        self.set().associated = Some(associated.into());
        self
    }

    /// Sets the supplier of the related entities that are not given.
    #[must_use]
    pub fn with_supplier(mut self, supplier: Arc<dyn Supplier>) -> Self {
        self.set().supplier = Some(supplier);
        self
    }

    /// Sets whether results say how long rules took. Without, the same records and rules give the same results byte for byte.
    #[must_use]
    pub fn with_timings(mut self, timings: bool) -> Self {
        self.set().timings = timings;
        self
    }

    /// Sets after how many records the call ends with [`JudgeError::AllUnreadable`](crate::JudgeError::AllUnreadable), if none of
    /// them can be judged; none = never. The results of exactly these records are handed over.
    #[must_use]
    pub fn with_unreadable_limit(mut self, records: Option<NonZeroU64>) -> Self {
        self.set().unreadable = records;
        self
    }

    /// Sets the caller, and the ids by which logs and traces find the call again.
    #[must_use]
    pub fn with_context(mut self, context: CallContext) -> Self {
        self.context = context;
        self
    }

    /// Sets what cancels the call. A cancelled call ends with [`JudgeError::Cancelled`](crate::JudgeError::Cancelled) as soon as the calls
    /// of rules that have begun are over. It does not interrupt what waits for a source of records, a supplier or an observer.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: Cancellation) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Sets the observer of the call.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn WindowObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The ruleset that judges.
    #[must_use]
    pub fn ruleset(&self) -> &str {
        &self.options.ruleset
    }

    /// The entity type of all records; none = each record says its own.
    #[must_use]
    pub fn entity_type(&self) -> Option<&str> {
        self.options.entity_type.as_deref()
    }

    /// The entity types that records may have; empty = any.
    #[must_use]
    pub fn expected(&self) -> &[String] {
        &self.options.expected
    }

    /// The fields whose values make up a record's id.
    #[must_use]
    pub fn id_fields(&self) -> &[String] {
        &self.options.id_fields
    }

    /// The time of the run, how much records share, and when a rule is suspended.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.options.run
    }

    /// How many records are judged together.
    #[must_use]
    pub fn chunk(&self) -> ChunkLimits {
        self.options.chunk
    }

    /// The length of the longest record.
    #[must_use]
    pub fn max_record(&self) -> Bytes {
        self.options.max_record
    }

    /// How many findings of one rule on one record are kept.
    #[must_use]
    pub fn max_findings(&self) -> NonZeroU32 {
        self.options.max_findings
    }

    /// The related entities that are given.
    #[must_use]
    pub fn associated(&self) -> Option<&Arc<Associated>> {
        self.options.associated.as_ref()
    }

    /// The supplier of the related entities that are not given.
    #[must_use]
    pub fn supplier(&self) -> Option<&Arc<dyn Supplier>> {
        self.options.supplier.as_ref()
    }

    /// Whether results say how long rules took.
    #[must_use]
    pub fn timings(&self) -> bool {
        self.options.timings
    }

    /// The caller, and the ids by which logs and traces find the call again.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// What cancels the call.
    #[must_use]
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The observer of the call.
    #[must_use]
    pub fn observer(&self) -> Option<&Arc<dyn WindowObserver>> {
        self.observer.as_ref()
    }

    /// Whether its calls wait for its supplier: it has one, and a rule of its ruleset reads related entities.
    #[must_use]
    pub fn waits_for_supplier(&self, VouchedRelease { release, .. }: &VouchedRelease) -> bool {
        let Options { ruleset, entity_type, supplier, .. } = &*self.options;
        let routes = || release.router.routes(ruleset, entity_type.as_deref());
        supplier.is_some() && routes().is_ok_and(|routes| reads_related(release, &routes))
    }

    pub(super) fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// The options, to be changed. Clones of the request share them until then.
    fn set(&mut self) -> &mut Options {
        Arc::make_mut(&mut self.options)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let observed = self.observer.is_some();
        out.debug_struct("Request")
            .field("options", &self.options)
            .field("context", &self.context)
            .field("is_observed", &observed)
            .finish()
    }
}
